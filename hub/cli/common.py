"""What the commands share: the opened installation, tables for people and JSON for programs."""

from __future__ import annotations

import datetime as dt
import getpass
import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from hub.config import Config
    from hub.installation import Installation

console = Console(highlight=False, emoji=False)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
"""Adds `--json` as the parameter `as_json`."""


def configuration() -> Config:
    """The settings, from the file that `--config` names, `HUB_CONFIG`, or ./hub.toml."""
    from hub.config import load

    context = click.get_current_context()
    named = (context.find_root().obj or {}).get("config")
    return load(file=Path(named) if named else None)


def installation() -> Installation:
    """The installation, opened and migrated; it is closed when the command ends."""
    from hub.installation import Installation

    context = click.get_current_context()
    opened = Installation(configuration())
    context.call_on_close(opened.close)
    return opened


def actor() -> str:
    """Who acts, for the audit log: the account on this machine."""
    try:
        return f"{getpass.getuser()} (command line)"
    except (KeyError, OSError):
        return "command line"


def emit(value: Any) -> None:
    """Print a value as JSON: times as ISO 8601, exact numbers as text."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=_plain))


def show_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], empty: str, title: str | None = None) -> None:
    """Print rows for people; `empty` says what would be here and how to get it."""
    made = [[_cell(value) for value in row] for row in rows]
    if not made:
        console.print(empty)
        return
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold")
    for cells in made:
        table.add_row(*cells)
    console.print(table)


def age(instant: dt.datetime | None, now: dt.datetime) -> str:
    """How long ago, or how long until, in one unit: "4 min ago", "in 2 h"; "never" without an instant."""
    if instant is None:
        return "never"
    seconds = (now - instant).total_seconds()
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        if abs(seconds) >= size or unit == "s":
            amount = f"{int(abs(seconds) // size)} {unit}"
            return f"{amount} ago" if seconds >= 0 else f"in {amount}"
    return "now"


def times(number: int, what: str) -> str:
    """So many of a thing: "1 document", "2 documents"."""
    return f"{number} {what}" + ("" if number == 1 else "s")


def _cell(value: Any) -> Text:
    if isinstance(value, Text):
        return value
    if isinstance(value, dt.datetime):
        return Text(value.astimezone().strftime("%Y-%m-%d %H:%M:%S"))
    return Text("" if value is None else str(value))


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, (dt.date, Decimal, Path)):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
