"""The hub's own facts, one JSON value per name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from hub.store.tables import settings


def get(tx: Connection, name: str, default: Any = None) -> Any:
    """The value, or the default where nothing was put."""
    row = tx.execute(select(settings.c.value).where(settings.c.name == name)).first()
    return default if row is None else row.value


def put(tx: Connection, name: str, value: Any) -> None:
    """Set the value, whatever it was."""
    if tx.execute(update(settings).where(settings.c.name == name).values(value=value)).rowcount == 0:
        tx.execute(insert(settings).values(name=name, value=value))


def add(tx: Connection, name: str, value: Any) -> Any:
    """Set the value unless there is one, and give the one that counts."""
    if tx.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as upsert
    else:
        from sqlalchemy.dialects.postgresql import insert as upsert  # type: ignore[assignment]
    tx.execute(upsert(settings).values(name=name, value=value).on_conflict_do_nothing())
    return get(tx, name)


def remove(tx: Connection, name: str) -> None:
    """Forget the value."""
    tx.execute(delete(settings).where(settings.c.name == name))
