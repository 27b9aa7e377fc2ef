"""Lookup tables as people change them. Each change is a version; what waited for its rows is read again at once."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Row

from hub.errors import NotFound, Refused
from hub.flows.actions import again, read_again
from hub.flows.batch import Batch
from hub.flows.guide import Guide
from hub.flows.problems import Park
from hub.flows.reading import lookup_awaited
from hub.installation import Installation
from hub.mapping import MappingError, read_table
from hub.store import lookups as store
from hub.store import messages as message_store
from hub.store import search
from hub.store.bulk import steps
from hub.store.lookups import Cells

VALUE = "value"
"""The column of a table that has only one."""

FAILED = ("mapping.failed", "document.invalid")
"""Why a document waits that may have failed for want of a row, where its mapping does not say to park for it."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")
_LONGEST_KEY = 255

Rows = Mapping[str, Cells]
Changes = dict[str, Cells | None]


def set_row(
    inst: Installation, table: str, key: str, given: Cells | str, actor: str, *, reason: str | None = None
) -> str:
    """Set one row; columns that are not given stay."""
    columns = {VALUE: given} if isinstance(given, str) else given
    return _change(
        inst,
        table,
        lambda tx: {key: {**store.some_rows(tx, table, [key]).get(key, {}), **columns}},
        actor,
        reason,
    )


def remove_row(inst: Installation, table: str, key: str, actor: str, *, reason: str | None = None) -> str:
    """Take one row out; what the table's file says of the key counts again."""

    def wanted(tx: Connection) -> Changes:
        if not store.some_rows(tx, table, [key]):
            raise NotFound("table.row-missing", f"Table {table} has no row {key!r} here.")
        return {key: None}

    return _change(inst, table, wanted, actor, reason)


def import_rows(
    inst: Installation,
    table: str,
    text: str,
    actor: str,
    *,
    file: str = "table",
    replace: bool = False,
    reason: str | None = None,
) -> str:
    """Set the rows of a CSV text whose first line is `key,value` or `key` and more columns. `replace` takes out the
    rows that it lacks. Raises `Refused` for a text that is no table; then nothing has changed."""
    given = _read(text, file)

    def wanted(tx: Connection) -> Changes:
        gone: Changes = dict.fromkeys(store.rows(tx, table).keys() - given.keys()) if replace else {}
        return gone | given

    return _change(inst, table, wanted, actor, reason or f"imported {file}")


def roll_back(inst: Installation, table: str, version: int, actor: str, *, reason: str | None = None) -> str:
    """Make the table as it was at an earlier version. That is a new version: nothing of what was is lost."""

    def wanted(tx: Connection) -> Changes:
        if version not in {row.version for row in store.versions(tx, table)}:
            raise NotFound("table.version-missing", f"Table {table} has no version {version}.")
        then = store.rows_at(tx, table, version)
        return {key: then.get(key) for key in store.changed_since(tx, table, version)}

    return _change(inst, table, wanted, actor, reason or f"rolled back to version {version}")


def as_csv(rows: Rows) -> str:
    """A table as the CSV text that `import_rows` and `mappings/tables` read, rows and columns in a fixed order."""
    columns = dict.fromkeys(name for row in rows.values() for name in row)
    header = [VALUE, *sorted(columns.keys() - {VALUE})] if VALUE in columns or not columns else sorted(columns)
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(["key", *header])
    writer.writerows([key, *(row.get(name, "") for name in header)] for key, row in rows.items())
    return written.getvalue()


def of_file(inst: Installation, table: str) -> dict[str, Cells]:
    """The rows that come with the mappings, which count where the hub has none of the same key; none without a file.
    Raises MappingError."""
    found = inst.mappings.table(table, [])
    return {key: _cells(row) for key, row in (found or {}).items()}


def _read(text: str, file: str) -> dict[str, Cells]:
    try:
        rows = read_table(text, file)
    except MappingError as error:
        raise Refused("table.invalid", str(error)) from error
    return {key: _cells(row) for key, row in rows.items()}


def _cells(row: Any) -> Cells:
    return {VALUE: row} if isinstance(row, str) else dict(row)


def _change(
    inst: Installation, table: str, wanted: Callable[[Connection], Changes], actor: str, reason: str | None
) -> str:
    """Bring a table to what is wanted, as one version, and release what waited for it."""
    if not _NAME.fullmatch(table):
        raise Refused("table.name-invalid", "A table's name is letters, digits, `-` and `_`, at most 80 of them.")
    with inst.db.write() as tx:
        batch = Batch(tx, inst.now())
        version = store.hold(tx, table) + 1
        asked = wanted(tx)
        _check(asked)
        before = store.some_rows(tx, table, list(asked))
        changes: Changes = {key: row for key, row in asked.items() if row != before.get(key)}
        if not changes:
            return f"{table} is so already; nothing has changed."
        store.write(tx, table, version, changes, author=actor, reason=reason, now=batch.now)
        released = _release(batch, table, {key for key, row in changes.items() if row is not None}, actor)
        failed = _read_failed(inst, batch, table, actor)
        removed = sum(row is None for row in changes.values())
        facts = {"table": table, "version": version, "rows": len(changes) - removed, "removed": removed}
        batch.event("table.changed", actor=actor, **facts, released=released, reason=reason)
        batch.flush()
    counts = f"{_many(len(changes) - removed, 'row')} set" + (f", {removed} removed" if removed else "")
    tried = f", and {failed} that had failed are tried again" if failed else ""
    return f"{table} is at version {version}: {counts}; {_many(released, 'parked document')} released{tried}."


def _check(changes: Changes) -> None:
    for key, row in changes.items():
        if not key or len(key) > _LONGEST_KEY:
            raise Refused("table.invalid", f"A key has from 1 to {_LONGEST_KEY} characters.")
        if row is not None and not any(row.values()):
            raise Refused("table.invalid", f"The row {key!r} says nothing; `hub table remove` takes a row out.")


def _release(batch: Batch, table: str, keys: set[str], actor: str) -> int:
    """Everything that is parked for one of these rows goes on."""
    awaited = {lookup_awaited(table, key) for key in keys}
    waiting = [id_ for fact, id_ in message_store.awaiting_any(batch.tx, lookup_awaited(table, "")) if fact in awaited]
    for ids in steps(waiting):
        again(batch, list(message_store.get(batch.tx, ids).values()), actor)
    return len(waiting)


def _read_failed(inst: Installation, batch: Batch, table: str, actor: str) -> int:
    """Documents that wait for nothing and failed with a mapping that reads this table: with other rows they may not."""
    queries = [search.MessageQuery(direction="in", state="parked", reason=reason) for reason in FAILED]
    failed = [id_ for query in queries for id_ in search.message_ids(batch.tx, query)]
    guide = Guide(inst, batch.tx)
    number = 0
    for ids in steps(failed):
        rows = message_store.get(batch.tx, ids).values()
        found = [row for row in rows if not row.awaits and _reads(guide, row, table)]
        read_again(batch, found, actor)
        number += len(found)
    return number


def _reads(guide: Guide, message: Row[Any], table: str) -> bool:
    try:
        _, mapping, _ = guide.inbound(message)
    except Park:
        return False
    return table in mapping.tables


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
