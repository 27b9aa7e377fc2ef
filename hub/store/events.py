"""The timeline, the audit log and alerts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from hub.store.bulk import insert_many
from hub.store.tables import alerts, events
from hub.store.upsert import insert

PARKED = "parked/"
"""How the causes of alerts about parked documents begin: parked/<connection>/<code>."""
OVERDUE = "overdue/"
"""How those about documents begin that no partner has acknowledged in time: overdue/<message>."""
UNANSWERED = "unanswered/"
"""How those about cancellations begin that no backend has answered in time: unanswered/<cancellation>."""
PAID = "paid/"
"""How those about invoices begin of which another amount was paid: paid/<invoice>."""


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


@dataclass(frozen=True, slots=True)
class Standing:
    """What an alert says now. `opens`: it is reason enough to open one; an open one stays in any case."""

    code: str
    detail: str
    connection_id: int | None
    count: int = 1
    opens: bool = True


def keep_alerts(tx: Connection, family: str, standing: Mapping[str, Standing], now: dt.datetime) -> None:
    """Make the open alerts whose cause begins with `family` say what stands, by cause: new ones are opened, the others
    brought up to date, and those whose cause is gone closed."""
    columns = (alerts.c.id, alerts.c.cause, alerts.c.detail, alerts.c.count.label("times"))
    mine = (alerts.c.closed_at.is_(None), alerts.c.cause.startswith(family, autoescape=True))
    before = {row.cause: row for row in tx.execute(select(*columns).where(*mine))}
    for cause, found in standing.items():
        row = before.pop(cause, None)
        facts = {"detail": found.detail, "count": found.count}
        if row is None and found.opens:
            opened = {"cause": cause, "code": found.code, "connection_id": found.connection_id, "opened_at": now}
            tx.execute(insert(tx, alerts).values(**opened, **facts))
        elif row is not None and (row.detail, row.times) != (found.detail, found.count):
            tx.execute(update(alerts).where(alerts.c.id == row.id).values(**facts))
    if before:
        gone = [row.id for row in before.values()]
        tx.execute(update(alerts).where(alerts.c.id.in_(gone)).values(closed_at=now))
