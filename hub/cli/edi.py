"""`hub edi`: read, judge and acknowledge EDI files, without a database or a running hub.

Rich is imported only where people are shown something: a program that asks for JSON does not wait for it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.edi.findings import EdiError, Finding
from hub.edi.json_form import to_json
from hub.edi.tree import Loop, Segment
from hub.edi.x12.acknowledge import GroupDecision, acknowledge_group, write_answer
from hub.edi.x12.interchange import Group, Interchange, RawSet
from hub.edi.x12.validation import Examination, examine

if TYPE_CHECKING:
    from rich.console import Console

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
file_argument = click.argument("file", type=click.Path(path_type=Path, allow_dash=True))


@click.group()
def edi() -> None:
    """Read, judge and acknowledge X12 files.

    FILE may be - for standard input. Exit codes: 0 clean (warnings are shown but count as clean), 1 with errors,
    2 when the file could not be read at all: it is missing, empty, or holds no interchange.
    """


@edi.command("parse")
@file_argument
@json_option
def parse_command(file: Path, as_json: bool) -> None:
    """Show what a file says, set by set. Exits 0 whatever is wrong in it, 2 when it cannot be read."""
    examination = _open(file, as_json, trees=True)
    interchanges = list(examination)
    _leave_unreadable(examination, as_json)
    if as_json:
        found = [f.as_dict() for f in examination.findings]
        _emit({"interchanges": [_interchange(one) for one in interchanges], "findings": found})
        return
    for interchange in interchanges:
        _outline(_console(), interchange)


@edi.command("validate")
@file_argument
@json_option
@click.pass_context
def validate_command(context: click.Context, file: Path, as_json: bool) -> None:
    """Show everything that is wrong with a file. Exits 0 when there is no error, otherwise 1."""
    examination = _open(file, as_json)
    report = Report()
    for interchange in examination:
        report.add(interchange)
    _leave_unreadable(examination, as_json)
    report.found += [(f, {}) for f in examination.findings]
    if as_json:
        _emit(report.as_dict())
    else:
        _show_report(_console(), report)
    context.exit(1 if report.errors else 0)


@edi.command("ack")
@file_argument
@json_option
@click.pass_context
def ack_command(context: click.Context, file: Path, as_json: bool) -> None:
    """Show the functional acknowledgements (997) a file would get, one interchange per group.

    Their control numbers are 1; a running hub allocates its own. Exits 1 when anything is rejected.
    """
    examination = _open(file, as_json)
    answers = [answer for interchange in examination for answer in _answers(interchange)]
    _leave_unreadable(examination, as_json)
    if as_json:
        _emit({"acknowledgements": [answer.as_dict() for answer in answers]})
    else:
        for answer in answers:
            _show_answer(answer)
    decisions = [answer.decision for answer in answers]
    accepted = all(d.accepted and all(one.accepted for one in d.sets) for d in decisions)
    context.exit(0 if accepted else 1)


def _open(file: Path, as_json: bool, *, trees: bool = False) -> Examination:
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        _fail("edi.file-unreadable", f"{file} cannot be read: {error.strerror}.", as_json)
    if not data.strip():
        _fail("edi.file-empty", f"{file} is empty.", as_json)
    return examine(data, trees=trees)


def _leave_unreadable(examination: Examination, as_json: bool) -> None:
    if not examination.readable:
        first = examination.findings[-1]
        _fail(first.code, first.message, as_json)


def _fail(code: str, message: str, as_json: bool) -> Any:
    if as_json:
        _emit({"error": {"code": code, "message": message}})
    else:
        click.echo(f"{code}: {message}", err=True)
    sys.exit(2)


def _emit(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _console() -> Console:
    from hub.cli.common import console

    return console


def _interchange(interchange: Interchange) -> dict[str, Any]:
    """The JSON form of a whole interchange; each set in the form that `json_form.from_json` takes."""
    marks = interchange.delimiters
    return {
        "offset": interchange.offset,
        "length": interchange.length,
        "isa": interchange.isa,
        "delimiters": {
            "element": marks.element,
            "component": marks.component,
            "repetition": marks.repetition,
            "terminator": marks.terminator,
        },
        "ta1": interchange.ta1,
        "groups": [
            {"offset": g.offset, "length": g.length, "gs": g.header, "sets": [_set(one) for one in g.sets]}
            for g in interchange.groups
        ],
        "findings": [f.as_dict() for f in interchange.all_findings()],
    }


def _set(one: RawSet) -> dict[str, Any]:
    tree = to_json(one.tree) if one.tree else {}
    return {"offset": one.offset, "length": one.length, "segments": one.counted, **tree}


def _outline(console: Console, interchange: Interchange) -> None:
    from rich.markup import escape

    console.print(
        f"[bold]Interchange {escape(interchange.part(13))}[/]  "
        + escape(f"{interchange.part(6)} to {interchange.part(8)}, usage {interchange.part(15)}")
    )
    for group in interchange.groups:
        label = f"{group.functional_id} {group.control_number}, version {group.version}"
        console.print(f"  [bold]Group[/] {escape(label)}")
        for one in group.sets:
            console.print(f"    [bold]Set {escape(one.set_id)}[/] {escape(one.control_number)}")
            for depth, segment in _lines(one.tree.root if one.tree else Loop("")):
                text = " ".join(_shown(e) for e in segment[1:])
                console.print(f"      {'  ' * depth}[cyan]{escape(str(segment[0]))}[/] {escape(text)}", soft_wrap=True)
            _show_findings(console, [(f, {}) for f in one.findings], "      ")


def _lines(root: Loop) -> Iterator[tuple[int, Segment]]:
    """Every segment with the depth of the loop it stands in."""
    stack = [iter(root.children)]
    while stack:
        for child in stack[-1]:
            if isinstance(child, Loop):
                stack.append(iter(child.children))
                break
            yield len(stack) - 1, child
        else:
            stack.pop()


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return "(" + " ".join(_shown(part) for part in value) + ")"
    return str(value) or "-"


class Report:
    """All findings of a file, each with the interchange, group and set it belongs to."""

    def __init__(self) -> None:
        self.found: list[tuple[Finding, dict[str, str]]] = []
        self.interchanges = self.groups = self.sets = 0

    def add(self, interchange: Interchange) -> None:
        self.interchanges += 1
        outer = {"interchange": interchange.part(13)}
        self.found += [(f, outer) for f in interchange.findings]
        for group in interchange.groups:
            self.groups += 1
            self.sets += len(group.sets)
            middle = {**outer, "group": group.control_number}
            self.found += [(f, middle) for f in group.findings]
            for one in group.sets:
                if one.findings:
                    place = {**middle, "set_id": one.set_id, "set_control_number": one.control_number}
                    self.found += [(f, place) for f in one.findings]

    @property
    def errors(self) -> int:
        return sum(f.is_error for f, _ in self.found)

    def as_dict(self) -> dict[str, Any]:
        errors = self.errors
        return {
            "clean": not errors,
            "interchanges": self.interchanges,
            "groups": self.groups,
            "sets": self.sets,
            "errors": errors,
            "warnings": len(self.found) - errors,
            "findings": [{**place, **f.as_dict()} for f, place in self.found],
        }


def _show_report(console: Console, report: Report) -> None:
    _show_findings(console, report.found, "")
    counted = f"{_count(report.interchanges, 'interchange')}, {_count(report.groups, 'group')}, "
    counted += f"{_count(report.sets, 'transaction set')}"
    warnings = len(report.found) - report.errors
    verdict = f"[bold red]{_count(report.errors, 'error')}[/]" if report.errors else "[bold green]clean[/]"
    console.print(f"{counted}: {verdict}" + (f", [yellow]{_count(warnings, 'warning')}[/]" if warnings else ""))


def _show_findings(console: Console, found: list[tuple[Finding, dict[str, str]]], indent: str) -> None:
    from rich.markup import escape

    for f, place in found:
        colour = "red" if f.is_error else "yellow"
        where = [f"set {place['set_id']} {place['set_control_number']}" if "set_id" in place else ""]
        where += [f"segment {f.position}" if f.position else "", f.designator, f"byte {f.offset}"]
        value = f" Value: {f.value[:60]!r}." if f.value else ""
        console.print(
            f"{indent}[{colour}]{f.severity}[/] [bold]{f.code}[/] "
            + escape(f"{', '.join(w for w in where if w)}: {f.message}{value}"),
            soft_wrap=True,
        )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


@dataclass(slots=True)
class Answer:
    """The decision on a group and the 997 that says it, or why there is none."""

    decision: GroupDecision
    document: str
    reason: str

    def as_dict(self) -> dict[str, Any]:
        decision = self.decision
        return {
            "functional_id": decision.functional_id,
            "control_number": decision.control_number,
            "version": decision.version,
            "code": decision.code,
            "codes": decision.codes,
            "accepted": decision.accepted,
            "sets": [
                {
                    "set_id": one.set_id,
                    "control_number": one.control_number,
                    "code": one.code,
                    "codes": one.codes,
                    "accepted": one.accepted,
                    "errors": [f.as_dict() for f in one.errors],
                }
                for one in decision.sets
            ],
            "document": self.document or None,
            "reason": self.reason or None,
        }


def _answers(interchange: Interchange) -> Iterator[Answer]:
    for group in interchange.groups:
        decision = acknowledge_group(group)
        yield _answer(interchange, group, decision)


def _answer(interchange: Interchange, group: Group, decision: GroupDecision) -> Answer:
    if decision.root is None:
        reason = "Acknowledgements are not acknowledged." if group.header else "Without GS there is nothing to answer."
        return Answer(decision, "", reason)
    now = datetime.now().astimezone()
    try:
        data = write_answer(
            decision, interchange, group, interchange_control_number=1, group_control_number=1, when=now
        )
    except EdiError as error:
        return Answer(decision, "", f"No 997 can be written: {error}.")
    return Answer(decision, data.decode(interchange.encoding), "")


def _show_answer(answer: Answer) -> None:
    if answer.reason:
        label = f"Group {answer.decision.functional_id} {answer.decision.control_number}"
        click.echo(f"{label}: {answer.reason}", err=True)
        return
    click.echo(answer.document, nl=not answer.document.endswith("\n"))
