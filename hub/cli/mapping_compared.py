"""What a change of a mapping would do, as the command line tells it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hub.cli.common import console, emit, times
from hub.mapping.comparison import Change, Comparison


class Told:
    """Says for each document what changes as soon as it is known, and the sum at the end; as JSON all at the end."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._rows: list[dict[str, Any]] = []

    def changes(self, changes: Iterable[Change]) -> None:
        """What changes of the documents of one message."""
        for change in changes:
            if self._as_json:
                self._rows.append(_row(change))
            else:
                _show(change)

    def sum(self, compared: Comparison) -> None:
        """What all of it comes to."""
        if self._as_json:
            emit({**summary(compared), "changes": self._rows})
            return
        for path, count in compared.fields.most_common():
            console.print(f"{path or 'the whole'} changes in {count}", markup=False)
        told = f"{times(compared.documents, 'document')}, {compared.changed} change"
        console.print(f"{told}, {len(compared.fail_now)} would fail, {len(compared.pass_now)} would pass")


def summary(compared: Comparison) -> dict[str, Any]:
    """A comparison without the documents' values."""
    return {
        "documents": compared.documents,
        "changed": compared.changed,
        "fail_now": compared.fail_now,
        "pass_now": compared.pass_now,
        "fields": dict(compared.fields.most_common()),
    }


def _row(change: Change) -> dict[str, Any]:
    return {
        "document": change.document,
        "differences": list(map(str, change.differences)),
        "errors_before": list(change.before),
        "errors_after": list(change.after),
    }


def _show(change: Change) -> None:
    mark = " [bold red]would fail[/]" if change.fails_now else " [green]would pass[/]" if change.passes_now else ""
    console.print(f"{change.document}{mark}", soft_wrap=True)
    for line in (*change.differences, *(f"error: {line}" for line in change.after if line not in change.before)):
        console.print(f"      {line}", markup=False, soft_wrap=True)
