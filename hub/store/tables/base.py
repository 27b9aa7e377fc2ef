"""What all tables are built of: one naming of constraints, and the columns that most of them have."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    MetaData,
    String,
    Table,
    text,
)

from hub.store.types import Id, Instant

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def id_column() -> Column[int]:
    """The row number that other tables refer to."""
    return Column("id", Id, primary_key=True, autoincrement=True)


def reference(name: str, target: str, nullable: bool = False, **kwargs: Any) -> Column[Any]:
    """The id of a row of table `target`."""
    return Column(name, Id, ForeignKey(f"{target}.id"), nullable=nullable, **kwargs)


def instant(name: str, nullable: bool = True) -> Column[Any]:
    """A point in time, in UTC."""
    return Column(name, Instant, nullable=nullable)


def text_column(name: str, size: int = 255, nullable: bool = True, **kwargs: Any) -> Column[Any]:
    """A text of at most `size` characters."""
    return Column(name, String(size), nullable=nullable, **kwargs)


def partial(name: str, where: str, *columns: str, unique: bool = False) -> Index:
    """An index over the rows that `where` (SQL) is true of."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


def table(name: str, *args: Any) -> Table:
    """A table whose ids are never given twice, so an old link or a lane's order cannot change its meaning."""
    return Table(name, metadata, *args, sqlite_autoincrement=True)
