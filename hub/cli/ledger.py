"""`hub ledger`: the completeness table."""

from __future__ import annotations

from typing import Any

import click

from hub.cli.common import console, emit, installation, json_option
from hub.installation import Installation
from hub.ledger.completeness import Row, Verdict, closes

STYLE = {
    Verdict.CLOSED: "green",
    Verdict.WAITING: "yellow",
    Verdict.MOVING: "blue",
    Verdict.OPEN: "red",
    Verdict.UNKNOWN: "dim",
}


@click.command()
@json_option
def ledger(as_json: bool) -> int:
    """Show the completeness table. Exit code 1 when a row is open: both sides are known, and they differ."""
    rows = read(installation())
    if as_json:
        emit([as_dict(row) for row in rows])
    else:
        show(rows)
    return 1 if any(row.verdict is Verdict.OPEN for row in rows) else 0


def read(hub: Installation) -> list[Row]:
    """The rows as they are now."""
    from hub.views.overview import completeness

    with hub.db.read() as tx:
        return completeness(tx, None, hub.now())


def as_dict(row: Row) -> dict[str, Any]:
    """One row for a program."""
    return {
        "noun": row.noun,
        "where": row.where,
        "expected": row.expected,
        "parts": dict(row.parts),
        "verdict": row.verdict.value,
        "closes": closes(row.verdict),
    }


def show(rows: list[Row]) -> None:
    """The table for people: both sides of each equation, and whether it closes."""
    from rich.table import Table

    table = Table(title="Completeness", title_justify="left", header_style="bold", box=None, pad_edge=False)
    for name, justify in (("what", "left"), ("where", "left"), ("expected", "right"), ("=", "left"), ("", "left")):
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type] # rich wants a Literal
    for row in rows:
        parts = " + ".join(f"{value} {name}" for name, value in row.parts.items() if value) or "0"
        expected = "unknown" if row.expected is None else str(row.expected)
        style = STYLE[row.verdict]
        table.add_row(row.noun, row.where, expected, parts, f"[{style}]{row.verdict.value}[/{style}]")
    console.print(table)
