"""Documents that wait for someone, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy import Row

from hub.flows.batch import Batch
from hub.flows.naming import scope_of
from hub.flows.problems import Park
from hub.log import frames

log = structlog.get_logger()


def unexpected(error: Exception) -> Park:
    """A fault of ours: it takes only this document aside, with what a report of it needs."""
    log.error("document.unexpected", error=type(error).__name__, frames=frames(error))
    return Park("document.unexpected", f"The hub could not handle it: {type(error).__name__}. Please report this.")


def park(
    batch: Batch,
    message: Row[Any],
    problem: Park,
    mapping_hash: str | None = None,
    tables: Mapping[str, int] | None = None,
) -> None:
    """The document waits for someone, with its reason; a retry of its job is a person's or a new fact's to ask for."""
    order_id = problem.facts.get("order_id") or message.order_id or _order_of(batch, message)
    batch.end(
        message.id,
        "parked",
        reason=problem.code,
        problem=problem.problem(),
        awaits=problem.awaits,
        order_id=order_id,
        mapping_hash=mapping_hash,
        tables=tables,
    )
    batch.event(
        "message.parked",
        message_id=message.id,
        order_id=order_id,
        connection_id=message.connection_id,
        code=problem.code,
        document=message.kind,
    )


def _order_of(batch: Batch, message: Row[Any]) -> int | None:
    """The order that a document which could not be read is a revision of, where its own id tells."""
    if message.direction != "in" or message.kind != "order":
        return None
    order = batch.order_named.get((message.connection_id, scope_of(message), message.external_id))
    return None if order is None else int(order.id)
