"""One transaction's working set: what is known while many documents are stored at once.

Events, jobs and the ends of messages are gathered and written together when the batch ends; a document that fails
takes only its own part back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Row

from hub.routing.rules import Rule
from hub.store import connections as connection_store
from hub.store import events as event_store
from hub.store import jobs as job_store
from hub.store import messages as message_store
from hub.store.db import savepoint

DEFAULT_BACKEND = "default_backend"


class Batch:
    """`tx` is open for writing; `now` is one instant for all that happens in it."""

    def __init__(self, tx: Connection, now: dt.datetime) -> None:
        self.tx = tx
        self.now = now
        self.jobs: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.ends: list[dict[str, Any]] = []

    @cached_property
    def connections(self) -> dict[int, Row[Any]]:
        """All connections by id."""
        return connection_store.everything(self.tx)

    @cached_property
    def flows(self) -> dict[tuple[int, str, str], Row[Any]]:
        """All flows by (connection, direction, kind)."""
        return connection_store.all_flows(self.tx)

    @cached_property
    def rules(self) -> list[Rule]:
        """The routing rules in their order."""
        return [
            Rule(row.name, row.backend_id, row.conditions, row.location, row.merchant_id)
            for row in connection_store.routing_rules(self.tx)
        ]

    @cached_property
    def default_backend(self) -> int | None:
        """The backend of what no rule claims: the one that is set, else the only one there is."""
        chosen = connection_store.setting(self.tx, DEFAULT_BACKEND)
        if chosen is not None:
            return int(chosen)
        able = [c for c, direction, kind in self.flows if direction == "out" and kind == "fulfillment"]
        return able[0] if len(able) == 1 else None

    @cached_property
    def outbound_stopped(self) -> bool:
        """Has a person stopped all outbound?"""
        return job_store.outbound_stopped(self.tx)

    @cached_property
    def code(self) -> str:
        """A few letters that tell this installation's references from another's in the same warehouse."""
        return str(connection_store.setting(self.tx, "installation_code") or "H")

    def event(self, kind: str, **facts: Any) -> None:
        """Something happened; see `hub.store.events.event`."""
        self.events.append(event_store.event(kind, self.now, **facts))

    def end(
        self,
        message_id: int,
        state: str,
        *,
        reason: str | None = None,
        problem: Mapping[str, Any] | None = None,
        awaits: str | None = None,
        order_id: int | None = None,
        mapping_hash: str | None = None,
    ) -> None:
        """A message has come to its end."""
        self.ends.append(
            {
                "b_id": message_id,
                "state": state,
                "reason": reason,
                "problem": dict(problem) if problem else None,
                "awaits": awaits,
                "order_id": order_id,
                "mapping_hash": mapping_hash,
                "settled_at": self.now,
            }
        )

    @contextmanager
    def document(self) -> Iterator[None]:
        """The part of one document: when it raises, its rows and what it gathered are taken back."""
        marks = len(self.jobs), len(self.events), len(self.ends)
        try:
            with savepoint(self.tx):
                yield
        except BaseException:
            del self.jobs[marks[0] :]
            del self.events[marks[1] :]
            del self.ends[marks[2] :]
            raise

    def flush(self) -> None:
        """Write what was gathered."""
        message_store.change(self.tx, self.ends)
        event_store.add(self.tx, *self.events)
        job_store.add(self.tx, self.jobs)
        self.jobs, self.events, self.ends = [], [], []
