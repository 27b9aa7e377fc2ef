"""Due flows, and who wins them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from hub.store.tables import connections, flows


def due(tx: Connection, now: dt.datetime) -> list[Row[Any]]:
    """Flows whose slot has come, in a fixed order so that nodes never wait for each other in a circle."""
    return list(
        tx.execute(
            select(flows)
            .join(connections, connections.c.id == flows.c.connection_id)
            .where(
                flows.c.schedule.is_not(None),
                flows.c.paused.is_(False),
                or_(flows.c.next_due.is_(None), flows.c.next_due <= now),
                connections.c.mode != "off",
            )
            .order_by(flows.c.id)
        )
    )


def win(tx: Connection, flow_id: int, seen: dt.datetime | None, next_due: dt.datetime | None) -> bool:
    """Move a flow to its next slot, unless another node has moved it since `seen` was read."""
    statement = (
        update(flows)
        .where(flows.c.id == flow_id, flows.c.next_due.is_not_distinct_from(seen))
        .values(next_due=next_due)
    )
    return tx.execute(statement).rowcount == 1


def overdue(tx: Connection, before: dt.datetime) -> list[Row[Any]]:
    """Flows that nobody has won although their slot came long ago: no scheduler runs."""
    return [row for row in due(tx, before) if row.next_due is not None]
