"""Lookup tables that are kept in the hub."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select

from hub.store.tables import lookup_rows
from hub.store.upsert import insert

_VALUE = select(lookup_rows.c.value).where(
    lookup_rows.c.table == bindparam("table"), lookup_rows.c.key == bindparam("key")
)


def value(tx: Connection, table: str, key: str) -> str | None:
    """One row of a lookup table kept in the hub."""
    found: str | None = tx.execute(_VALUE, {"table": table, "key": key}).scalar()
    return found


def put(tx: Connection, table: str, key: str, value: str, now: dt.datetime) -> None:
    """Keep one row of a lookup table."""
    tx.execute(
        insert(tx, lookup_rows)
        .values(table=table, key=key, value=value, updated_at=now)
        .on_conflict_do_update(index_elements=["table", "key"], set_={"value": value, "updated_at": now})
    )


def tables(tx: Connection) -> list[Row[Any]]:
    """Lookup tables kept in the hub: name, number of rows, when last changed."""
    statement = (
        select(lookup_rows.c.table, func.count().label("rows"), func.max(lookup_rows.c.updated_at).label("changed"))
        .group_by(lookup_rows.c.table)
        .order_by(lookup_rows.c.table)
    )
    return list(tx.execute(statement))


def rows(tx: Connection, table: str) -> list[Row[Any]]:
    """The rows of one lookup table."""
    return list(tx.execute(select(lookup_rows).where(lookup_rows.c.table == table).order_by(lookup_rows.c.key)))
