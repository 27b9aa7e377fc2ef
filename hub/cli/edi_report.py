"""The report of `hub edi validate`, written while the file is read: nothing of it is kept but counts."""

from __future__ import annotations

import json
import sys
from abc import ABC, abstractmethod
from typing import Any

import click

from hub.edi.findings import Finding


class Report(ABC):
    """Counts what a file holds and hands its findings on; see `JsonReport` and `PlainReport`."""

    def __init__(self) -> None:
        self.interchanges = self.groups = self.sets = self.errors = self.warnings = 0

    def add(self, interchange: Any, group: Any, one: Any) -> None:
        """A set that has ended, or a group (no set), or an interchange (no group)."""
        if one is not None:
            self.sets += 1
        elif group is not None:
            self.groups += 1
        else:
            self.interchanges += 1
        if findings := (one or group or interchange).findings:
            self._count(findings, _place(interchange, group, one))

    def _count(self, findings: list[Finding], place: dict[str, str]) -> None:
        for found in findings:
            self.errors += found.is_error
            self.warnings += not found.is_error
            self.show(found, place)

    @abstractmethod
    def show(self, found: Finding, place: dict[str, str]) -> None:
        """Write one finding with the numbers of what holds it."""

    def close(self, findings: list[Finding]) -> None:
        """The findings that belong to no interchange, then the end."""
        self._count(findings, {})


def _place(interchange: Any, group: Any, one: Any) -> dict[str, str]:
    number = interchange.part(13) if hasattr(interchange, "isa") else interchange.control_number
    place = {"interchange": str(number)}
    if group is not None:
        place["group"] = group.control_number
    if one is not None:
        place |= {"set_id": one.set_id, "set_control_number": one.control_number}
    return place


class JsonReport(Report):
    """One JSON object, its findings first, each on a line."""

    def __init__(self) -> None:
        super().__init__()
        self._between = '{\n  "findings": ['

    def show(self, found: Finding, place: dict[str, str]) -> None:
        # Not by click.echo, which writes each piece through at once: a faulty file has many.
        sys.stdout.write(f"{self._between}\n    {json.dumps({**place, **found.as_dict()}, ensure_ascii=False)}")
        self._between = ","

    def close(self, findings: list[Finding]) -> None:
        super().close(findings)
        click.echo("\n  ]," if self._between == "," else f"{self._between}],")
        names = ("interchanges", "groups", "sets", "errors", "warnings")
        counts = {"clean": not self.errors, **{name: getattr(self, name) for name in names}}
        click.echo(json.dumps(counts, indent=2)[2:])


class PlainReport(Report):
    """For people: each finding on a line, and a summary."""

    def show(self, found: Finding, place: dict[str, str]) -> None:
        from hub.cli.edi_show import findings

        findings([(found, place)], "")

    def close(self, findings: list[Finding]) -> None:
        from hub.cli.common import console, times

        super().close(findings)
        counted = f"{times(self.interchanges, 'interchange')}, {times(self.groups, 'group')}, "
        counted += times(self.sets, "transaction set")
        verdict = f"[bold red]{times(self.errors, 'error')}[/]" if self.errors else "[bold green]clean[/]"
        warned = f", [yellow]{times(self.warnings, 'warning')}[/]" if self.warnings else ""
        console.print(f"{counted}: {verdict}{warned}")
