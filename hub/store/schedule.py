"""Due flows, and who wins them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from hub.store import settings as setting_store
from hub.store.tables import connections, flows
from hub.store.tables import settings as settings_table


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


def win_minute(tx: Connection, name: str, now: dt.datetime) -> bool:
    """Take what is done once in each minute, unless another node has taken it in this one."""
    key, minute = f"minute/{name}", int(now.timestamp() // 60)
    setting_store.add(tx, key, 0)
    # The row is locked: a node that asks at the same time waits, and then sees that the minute is taken.
    statement = select(settings_table.c.value).where(settings_table.c.name == key).with_for_update()
    if tx.execute(statement).scalar_one() >= minute:
        return False
    setting_store.put(tx, key, minute)
    return True


def overdue(tx: Connection, before: dt.datetime) -> list[Row[Any]]:
    """Flows that nobody has won although their slot came long ago: no scheduler runs."""
    return [row for row in due(tx, before) if row.next_due is not None]
