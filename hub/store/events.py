"""The timeline, the audit log and alerts."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection, update

from hub.store.bulk import insert_many
from hub.store.tables import alerts, events
from hub.store.upsert import insert


def event(
    kind: str,
    now: dt.datetime,
    *,
    order_id: int | None = None,
    message_id: int | None = None,
    connection_id: int | None = None,
    actor: str | None = None,
    **data: Any,
) -> dict[str, Any]:
    """Something that happened. With an actor it is an audit row. `data` holds numbers and names, no personal data."""
    return {
        "at": now,
        "kind": kind,
        "order_id": order_id,
        "message_id": message_id,
        "connection_id": connection_id,
        "actor": actor,
        "data": data,
    }


def add(tx: Connection, *rows: dict[str, Any]) -> None:
    """Append events."""
    insert_many(tx, events, rows)


def alert(
    tx: Connection, cause: str, code: str, detail: str, now: dt.datetime, connection_id: int | None = None
) -> None:
    """Open an alert, or count one more on the open one with this cause."""
    statement = insert(tx, alerts)
    tx.execute(
        statement.values(
            cause=cause, code=code, detail=detail, connection_id=connection_id, opened_at=now, count=1
        ).on_conflict_do_update(
            index_elements=["cause"],
            index_where=alerts.c.closed_at.is_(None),
            set_={"count": alerts.c.count + 1, "detail": statement.excluded.detail},
        )
    )


def close_alert(tx: Connection, cause: str, now: dt.datetime) -> bool:
    """The cause is gone. True when an alert was open."""
    statement = update(alerts).where(alerts.c.cause == cause, alerts.c.closed_at.is_(None)).values(closed_at=now)
    return bool(tx.execute(statement).rowcount)
