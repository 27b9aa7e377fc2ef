"""Rows of many documents, written together: one statement per table, with ids that are known beforehand."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, func, select, text

from hub.store.bulk import ID, change_many, insert_many
from hub.store.tables import metadata

_PLACE = {table: place for place, table in enumerate(metadata.sorted_tables)}
_LAST = text("SELECT name, seq FROM sqlite_sequence")
BLOCK = 64
"""Ids taken from a sequence of PostgreSQL at once; what is left over leaves a gap."""


class Gather:
    """Rows to be inserted and changed by one writing transaction."""

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._rows: list[tuple[Table, Mapping[str, Any]]] = []
        self._ids: dict[Table, Iterator[int]] = {}
        self._last: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, table: Table, row: Mapping[str, Any]) -> int:
        """Gather one row; gives the id that it will have."""
        id_ = self._next(table)
        self._rows.append((table, {"id": id_, **row}))
        return id_

    def append(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Gather rows whose ids nobody needs."""
        self._rows.extend((table, row) for row in rows)

    def change(self, table: Table, id_: int, values: Mapping[str, Any]) -> None:
        """Gather new values of a stored row, or of one that is gathered."""
        self._rows.append((table, {ID: id_, **values}))

    def drop(self, mark: int) -> None:
        """Forget all rows but the first `mark`."""
        del self._rows[mark:]

    def flush(self, mark: int | None = None) -> None:
        """Write what was gathered (the first `mark` rows of it), in an order that foreign keys allow."""
        rows, self._rows = (self._rows, []) if mark is None else (self._rows[:mark], self._rows[mark:])
        alike: dict[tuple[Table, tuple[str, ...]], list[Mapping[str, Any]]] = {}
        for table, row in rows:
            alike.setdefault((table, tuple(row)), []).append(row)
        inserts = [(table, many) for (table, names), many in alike.items() if names[0] != ID]
        for table, many in sorted(inserts, key=lambda item: _PLACE[item[0]]):
            insert_many(self._tx, table, many)
        for (table, names), many in alike.items():
            if names[0] == ID:
                change_many(self._tx, table, many)
        self._last.clear()

    def renew_ids(self) -> None:
        """Somebody else may insert now: ask the database for the next ids again."""
        self._ids.clear()
        self._last.clear()

    def _next(self, table: Table) -> int:
        ids = self._ids.get(table)
        found = next(ids, None) if ids is not None else None
        if found is None:
            self._ids[table] = ids = self._reserve(table)
            found = next(ids)
        return found

    def _reserve(self, table: Table) -> Iterator[int]:
        if self._tx.dialect.name == "sqlite":  # whoever may write is alone: the numbers are his until he is done
            if not self._last:
                self._last = {row.name: row.seq for row in self._tx.execute(_LAST)}
            return itertools.count(self._last.get(table.name, 0) + 1)
        sequence = func.nextval(func.pg_get_serial_sequence(table.name, "id"))
        return iter(self._tx.execute(select(sequence).select_from(func.generate_series(1, BLOCK))).scalars().all())
