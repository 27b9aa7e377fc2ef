"""Lookup tables that are kept in the hub, and their versions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, select

from hub.store.bulk import insert_many, steps
from hub.store.tables import lookup_changes, lookup_rows, lookup_tables, lookup_versions
from hub.store.upsert import insert

Cells = Mapping[str, str]
"""A row's texts by column; most tables have one column, `value`."""

_CELLS = select(lookup_rows.c.cells).where(
    lookup_rows.c.table == bindparam("table"), lookup_rows.c.key == bindparam("key")
)


def cells(tx: Connection, table: str, key: str) -> dict[str, str] | None:
    """One row of a table."""
    found: dict[str, str] | None = tx.execute(_CELLS, {"table": table, "key": key}).scalar()
    return found


def rows(tx: Connection, table: str) -> dict[str, dict[str, str]]:
    """All rows of a table by key, in the order of the keys."""
    statement = select(lookup_rows.c.key, lookup_rows.c.cells).where(lookup_rows.c.table == table)
    return {row.key: row.cells for row in tx.execute(statement.order_by(lookup_rows.c.key))}


def some_rows(tx: Connection, table: str, keys: list[str]) -> dict[str, dict[str, str]]:
    """Those of these rows that a table has."""
    found = {}
    for some in steps(keys):
        statement = select(lookup_rows.c.key, lookup_rows.c.cells)
        statement = statement.where(lookup_rows.c.table == table, lookup_rows.c.key.in_(some))
        found.update({row.key: row.cells for row in tx.execute(statement)})
    return found


def current_versions(tx: Connection) -> dict[str, int]:
    """The number of each table's present version."""
    return {row.name: row.version for row in tx.execute(select(lookup_tables).where(lookup_tables.c.version > 0))}


def versions_held(tx: Connection, tables: list[str]) -> dict[str, int]:
    """The present versions of some tables, which nobody changes before this transaction has ended."""
    statement = select(lookup_tables).where(lookup_tables.c.name.in_(tables)).with_for_update(read=True)
    return {row.name: row.version for row in tx.execute(statement)}


def hold(tx: Connection, table: str) -> int:
    """Keep others from changing a table until this transaction ends; gives its present version, 0 for a new one."""
    statement = insert(tx, lookup_tables).values(name=table, version=0)
    statement = statement.on_conflict_do_update(index_elements=["name"], set_={"version": lookup_tables.c.version})
    return int(tx.execute(statement.returning(lookup_tables.c.version)).scalar_one())


def write(
    tx: Connection,
    table: str,
    version: int,
    changes: Mapping[str, Cells | None],
    *,
    author: str,
    reason: str | None,
    now: dt.datetime,
) -> None:
    """Make a new version of a table: each of `changes` sets a row, or removes it (None)."""
    for keys in steps(list(changes)):
        tx.execute(delete(lookup_rows).where(lookup_rows.c.table == table, lookup_rows.c.key.in_(keys)))
    kept = [{"table": table, "key": key, "cells": dict(row)} for key, row in changes.items() if row is not None]
    insert_many(tx, lookup_rows, kept)
    history = [
        {"table": table, "version": version, "key": key, "cells": None if row is None else dict(row)}
        for key, row in changes.items()
    ]
    insert_many(tx, lookup_changes, history)
    tx.execute(lookup_tables.update().where(lookup_tables.c.name == table).values(version=version))
    row = {"table": table, "version": version, "author": author, "reason": reason, "at": now}
    tx.execute(lookup_versions.insert().values(**row, set=len(kept), removed=len(changes) - len(kept)))


def versions(tx: Connection, table: str) -> list[Row[Any]]:
    """What changed a table and when, the latest first: version, author, reason, set, removed, at."""
    statement = select(lookup_versions).where(lookup_versions.c.table == table)
    return list(tx.execute(statement.order_by(lookup_versions.c.version.desc())))


def rows_at(tx: Connection, table: str, version: int) -> dict[str, dict[str, str]]:
    """All rows of a table as they were at one of its versions."""
    statement = (
        select(lookup_changes.c.key, lookup_changes.c.cells)
        .where(lookup_changes.c.table == table, lookup_changes.c.version <= version)
        .order_by(lookup_changes.c.version)
    )
    found = {row.key: row.cells for row in tx.execute(statement)}
    return {key: found[key] for key in sorted(found) if found[key] is not None}


def changed_since(tx: Connection, table: str, version: int) -> set[str]:
    """The keys of the rows that came, changed or went after a version."""
    statement = select(lookup_changes.c.key).where(lookup_changes.c.table == table, lookup_changes.c.version > version)
    return set(tx.execute(statement).scalars())


def tables(tx: Connection) -> list[Row[Any]]:
    """The tables kept in the hub: name, version, rows, author and time of the last change."""
    counted = select(lookup_rows.c.table, func.count().label("rows")).group_by(lookup_rows.c.table).subquery()
    last = lookup_versions
    statement = (
        select(
            lookup_tables.c.name,
            lookup_tables.c.version,
            func.coalesce(counted.c.rows, 0).label("rows"),
            last.c.author,
            last.c.at,
        )
        .join(last, (last.c.table == lookup_tables.c.name) & (last.c.version == lookup_tables.c.version))
        .outerjoin(counted, counted.c.table == lookup_tables.c.name)
        .order_by(lookup_tables.c.name)
    )
    return list(tx.execute(statement))
