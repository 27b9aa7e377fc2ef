"""`hub table`: lookup tables that mappings read, kept in the hub."""

from __future__ import annotations

import csv
from pathlib import Path

import click

from hub.cli.common import actor, console, emit, installation, json_option, show_table


@click.group()
def table() -> None:
    """Lookup tables, such as a partner's item numbers."""


@table.command("list")
@json_option
def list_tables(as_json: bool) -> None:
    """List the tables kept in the hub. Those that ship with mappings are files in `mappings/tables`."""
    from hub.store import lookups as store

    hub = installation()
    with hub.db.read() as tx:
        rows = [{"table": row.table, "rows": row.rows, "changed": row.changed} for row in store.tables(tx)]
    if as_json:
        emit(rows)
        return
    show_table(
        ["table", "rows"],
        [(row["table"], row["rows"]) for row in rows],
        "No table is kept here yet: `hub table set TABLE KEY VALUE`.",
    )


@table.command()
@click.argument("name", metavar="TABLE")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show the rows of TABLE."""
    from hub.store import lookups as store

    hub = installation()
    with hub.db.read() as tx:
        rows = [{"key": row.key, "value": row.value} for row in store.rows(tx, name)]
    if as_json:
        emit(rows)
        return
    show_table(["key", "value"], [(row["key"], row["value"]) for row in rows], f"Table {name} has no rows here.")


@table.command("set")
@click.argument("name", metavar="TABLE")
@click.argument("key")
@click.argument("value")
def set_row(name: str, key: str, value: str) -> None:
    """Set one row. Documents that were parked for it are read again at once."""
    from hub.flows.actions import add_lookup_row

    console.print(add_lookup_row(installation(), name, key, value, actor()), markup=False)


@table.command("import")
@click.argument("name", metavar="TABLE")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_rows(name: str, file: Path) -> None:
    """Set the rows of a CSV file whose first line is `key,value`. Other rows stay."""
    from hub.flows.actions import add_lookup_row

    hub = installation()
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        if reader.fieldnames is None or not {"key", "value"} <= set(reader.fieldnames):
            raise click.UsageError(f"{file}: the first line must be key,value.")
        rows = [(row["key"], row["value"]) for row in reader]
    for key, value in rows:
        add_lookup_row(hub, name, key, value, actor())
    console.print(f"{len(rows)} rows of {name} are set.", markup=False)
