"""`hub table`: lookup tables that mappings read, kept in the hub."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from hub.cli.common import actor, age, console, emit, installation, json_option, show_table

name_argument = click.argument("name", metavar="TABLE")
reason_option = click.option("--reason", help="Why; it stands with the version.")


@click.group()
def table() -> None:
    """Lookup tables, such as a partner's item numbers.

    Rows kept here count before those of the file `mappings/tables/TABLE.csv`. Each change is a version.
    """


@table.command("list")
@json_option
def list_tables(as_json: bool) -> None:
    """List the tables: how many rows are kept here, and how many come as a file with the mappings."""
    from hub.flows.mappings.tables import of_file
    from hub.store import lookups as store

    hub = installation()
    with hub.db.read() as tx:
        kept = {row.name: row for row in store.tables(tx)}
    rows = [
        {
            "table": name,
            "rows": kept[name].rows if name in kept else 0,
            "in_file": len(of_file(hub, name)),
            "version": kept[name].version if name in kept else 0,
            "changed": kept[name].at if name in kept else None,
            "author": kept[name].author if name in kept else None,
        }
        for name in sorted({*kept, *hub.mappings.table_names()})
    ]
    if as_json:
        emit(rows)
        return
    now = hub.now()
    show_table(
        ["table", "rows here", "rows in its file", "version", "changed", "by"],
        [
            (
                row["table"],
                row["rows"],
                row["in_file"],
                row["version"] or "",
                age(row["changed"], now) if row["changed"] else "",
                row["author"] or "",
            )
            for row in rows
        ],
        "There is no table yet: `hub table set TABLE KEY VALUE`.",
    )


@table.command()
@name_argument
@json_option
def show(name: str, as_json: bool) -> None:
    """Show the rows of TABLE as mappings see them: those kept here, then those of its file."""
    from hub.flows.mappings.tables import of_file
    from hub.store import lookups as store

    hub = installation()
    with hub.db.read() as tx:
        kept = store.rows(tx, name)
    shipped = of_file(hub, name)
    rows = {key: {"from": "here" if key in kept else "file", **row} for key, row in {**shipped, **kept}.items()}
    if as_json:
        emit([{"key": key, **row} for key, row in sorted(rows.items())])
        return
    columns = list(dict.fromkeys(column for row in rows.values() for column in row if column != "from"))
    show_table(
        ["key", *columns, "from"],
        [(key, *(row.get(column, "") for column in columns), row["from"]) for key, row in sorted(rows.items())],
        f"Table {name} has no rows.",
    )


@table.command("set")
@name_argument
@click.argument("key")
@click.argument("value", required=False)
@click.option("--column", "columns", multiple=True, metavar="NAME=TEXT", help="Another column of the row.")
@reason_option
def set_row(name: str, key: str, value: str | None, columns: tuple[str, ...], reason: str | None) -> None:
    """Set one row. Documents that were parked for it are read again at once."""
    from hub.flows.mappings import tables

    given = _cells(value, columns)
    console.print(tables.set_row(installation(), name, key, given, actor(), reason=reason), markup=False)


def _cells(value: str | None, columns: tuple[str, ...]) -> Mapping[str, str]:
    from hub.flows.mappings.tables import VALUE

    given = {} if value is None else {VALUE: value}
    for column in columns:
        name, sign, text = column.partition("=")
        if not sign or not name:
            raise click.UsageError(f"--column {column}: write NAME=TEXT.")
        given[name] = text
    if not given:
        raise click.UsageError("say a VALUE or a --column.")
    return given


@table.command("remove")
@name_argument
@click.argument("key")
@reason_option
def remove_row(name: str, key: str, reason: str | None) -> None:
    """Take the row KEY out. A row of the same key in the table's file counts again."""
    from hub.flows.mappings import tables

    console.print(tables.remove_row(installation(), name, key, actor(), reason=reason), markup=False)


@table.command("import")
@name_argument
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Take out the rows that are not in FILE.")
@reason_option
def import_rows(name: str, file: Path, replace: bool, reason: str | None) -> None:
    """Set the rows of a CSV file whose first line is `key,value`, or `key` and more columns. Other rows stay."""
    from hub.errors import Refused
    from hub.flows.mappings import tables

    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise Refused("table.invalid", f"{file.name} is not UTF-8.") from None
    said = tables.import_rows(installation(), name, text, actor(), file=file.name, replace=replace, reason=reason)
    console.print(said, markup=False)


@table.command("export")
@name_argument
@click.option("--version", type=click.IntRange(min=1), help="As it was then; otherwise as it is.")
@click.option("--to", "target", type=click.Path(dir_okay=False, path_type=Path), help="A file; otherwise the screen.")
def export_rows(name: str, version: int | None, target: Path | None) -> None:
    """Write the rows kept here as CSV, as `import` and `mappings/tables` read them."""
    from hub.flows.mappings.tables import as_csv
    from hub.store import lookups as store

    hub = installation()
    with hub.db.read() as tx:
        text = as_csv(store.rows(tx, name) if version is None else store.rows_at(tx, name, version))
    if target is None:
        click.echo(text, nl=False)
        return
    target.write_text(text, encoding="utf-8")
    console.print(f"{target} holds {len(text.splitlines()) - 1} rows.", markup=False)


@table.command()
@name_argument
@json_option
def versions(name: str, as_json: bool) -> None:
    """List who changed TABLE, when and why, the latest first."""
    from hub.store import lookups as store

    hub = installation()
    with hub.db.read() as tx:
        rows = store.versions(tx, name)
    facts = ("version", "at", "author", "reason", "set", "removed")
    if as_json:
        emit([{fact: getattr(row, fact) for fact in facts} for row in rows])
        return
    now = hub.now()
    show_table(
        ["version", "when", "by", "rows set", "removed", "why"],
        [(row.version, age(row.at, now), row.author, row.set, row.removed, row.reason or "") for row in rows],
        f"Table {name} was never changed here.",
    )


@table.command()
@name_argument
@click.argument("version", type=click.IntRange(min=1))
@reason_option
def rollback(name: str, version: int, reason: str | None) -> None:
    """Make TABLE as it was at VERSION. That is a version of its own, so it can be undone too."""
    from hub.flows.mappings import tables

    console.print(tables.roll_back(installation(), name, version, actor(), reason=reason), markup=False)
