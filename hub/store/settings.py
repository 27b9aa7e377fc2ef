"""The hub's own facts, one JSON value per name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, select

from hub.store.tables import settings
from hub.store.upsert import insert


def get(tx: Connection, name: str, default: Any = None) -> Any:
    """The value, or the default where nothing was put."""
    row = tx.execute(select(settings.c.value).where(settings.c.name == name)).first()
    return default if row is None else row.value


def everything(tx: Connection) -> dict[str, Any]:
    """All values by name: a handful."""
    return {row.name: row.value for row in tx.execute(select(settings.c.name, settings.c.value))}


def put(tx: Connection, name: str, value: Any) -> None:
    """Set the value, whatever it was."""
    statement = insert(tx, settings).values(name=name, value=value)
    tx.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": value}))


def add(tx: Connection, name: str, value: Any) -> Any:
    """Set the value unless there is one, and give the one that counts."""
    tx.execute(insert(tx, settings).values(name=name, value=value).on_conflict_do_nothing())
    return get(tx, name)


def remove(tx: Connection, name: str) -> None:
    """Forget the value."""
    tx.execute(delete(settings).where(settings.c.name == name))
