"""One statement for many rows, prepared once per shape of row.

SQLAlchemy's own way builds a mapping of parameters for each row anew; for the short rows of a batch that takes several
times as long as storing them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import Connection, Dialect, Table, bindparam, update
from sqlalchemy.types import TypeEngine

from hub.store.types import Instant

ID = "b_id"
"""Names the row of a change; no column is called so."""

Bind = Callable[[Any], Any]
T = TypeVar("T")


STEP = 500
"""How many values stand in one statement at most, far below what databases take."""


def steps(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Many values, so many at a time that one statement can hold them."""
    for start in range(0, len(values), STEP):
        yield values[start : start + STEP]


def insert_many(tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all have the same columns."""
    if rows:
        _execute(tx, _prepare(tx.dialect, table, tuple(rows[0]), False), rows)


def insert_new(tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert rows that all have the same columns, leaving out those that a unique index refuses; gives how many are
    new."""
    return _execute(tx, _prepare(tx.dialect, table, tuple(rows[0]), False, True), rows) if rows else 0


def change_many(tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Set the same columns of many rows; each holds the row's id as `b_id`, and the columns."""
    if rows:
        _execute(tx, _prepare(tx.dialect, table, tuple(name for name in rows[0] if name != ID), True), rows)


class _Prepared:
    """The text of a statement, and for each of its parameters in their order how the driver wants it."""

    def __init__(
        self, dialect: Dialect, table: Table, names: Sequence[str], change: bool, only_new: bool = False
    ) -> None:
        values: dict[str, Any] = {name: bindparam(name, type_=table.c[name].type) for name in names}
        where = table.c.id == bindparam(ID, type_=table.c.id.type)
        statement = update(table).where(where).values(values) if change else table.insert().inline().values(values)
        compiled: Any = statement.compile(dialect=dialect)
        self.text = str(compiled) + (" ON CONFLICT DO NOTHING" if only_new else "")
        self.positional = bool(compiled.positional)
        columns = {name: table.c[name] for name in names} | ({ID: table.c.id} if change else {})
        order: Sequence[str] = compiled.positiontup if self.positional else list(columns)
        self.steps = [(name, _bind(columns[name].type, dialect)) for name in order]


def _bind(type_: TypeEngine[Any], dialect: Dialect) -> Bind | None:
    bind: Bind | None = type_.dialect_impl(dialect).bind_processor(dialect)
    # The rows of a batch carry the same few instants.
    return lru_cache(maxsize=64)(bind) if bind is not None and isinstance(type_, Instant) else bind


_prepare = lru_cache(maxsize=512)(_Prepared)


def _execute(tx: Connection, prepared: _Prepared, rows: Sequence[Mapping[str, Any]]) -> int:
    steps = prepared.steps
    values: list[Any]
    if prepared.positional:
        values = [tuple(row[name] if bind is None else bind(row[name]) for name, bind in steps) for row in rows]
    else:
        values = [{name: row[name] if bind is None else bind(row[name]) for name, bind in steps} for row in rows]
    return tx.exec_driver_sql(prepared.text, values).rowcount
