"""How `hub edi` shows documents and findings to people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.padding import Padding

from hub.cli.common import console, times
from hub.edi.compare import Difference
from hub.edi.findings import Finding
from hub.edi.json_form import to_json
from hub.edi.meaning import segment_meanings
from hub.edi.tree import Segment, in_document_order
from hub.edi.x12.convert import interchange_to_json
from hub.edi.x12.interchange import Interchange

if TYPE_CHECKING:
    from hub.cli.edi_answers import Shown
    from hub.cli.edi_files import Opened
    from hub.edi.grammars.rules import SetGrammar


def interchange_as_dict(interchange: Any) -> dict[str, Any]:
    """An interchange with offsets and findings; each set in the form that `json_form.from_json` takes."""
    found = [f.as_dict() for f in interchange.all_findings()]
    place = {"offset": interchange.offset, "length": interchange.length}
    if not isinstance(interchange, Interchange):
        sets = [{**_place(one), **(to_json(one.tree) if one.tree else {})} for one in interchange.sets]
        return {**place, "sets": sets, "findings": found}
    value = interchange_to_json(interchange)
    for group, shown in zip(interchange.groups, value["groups"], strict=True):
        shown |= {"offset": group.offset, "length": group.length}
        for one, inner in zip(group.sets, shown["sets"], strict=True):
            inner |= _place(one)
    return {**place, **value, "findings": found}


def _place(one: Any) -> dict[str, int]:
    return {"offset": one.offset, "length": one.length, "segments": one.counted}


def outline(interchange: Any) -> None:
    """What an interchange says: one line per segment, indented by its loops."""
    _heading(interchange)
    for group in interchange.groups:
        if group.control_number or group.functional_id:
            console.print(f"  [bold]Group[/] {escape(f'{group.functional_id} {group.control_number}')}")
        for one in group.sets:
            console.print(f"    [bold]Set {escape(one.set_id)}[/] {escape(one.control_number)}")
            for depth, segment in in_document_order(one.tree.root) if one.tree else ():
                text = " ".join(_shown(e) for e in segment[1:])
                line = f"      {'  ' * depth}[cyan]{escape(str(segment[0]))}[/] {escape(text)}"
                console.print(line, soft_wrap=True)
            findings([(f, {}) for f in one.findings], "      ")


def _heading(interchange: Any) -> None:
    if isinstance(interchange, Interchange):
        number, usage = interchange.part(13), interchange.part(15)
        text = f"{interchange.part(6)} to {interchange.part(8)}, usage {usage}"
        text = "without an envelope" if interchange.bare else text
    else:
        number, text = interchange.control_number, interchange.syntax_id
    console.print(f"[bold]Interchange {escape(number)}[/]  {escape(text)}")


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return "(" + " ".join(_shown(part) for part in value) + ")"
    return str(value) or "-"


def explain(interchange: Any, opened: Opened) -> None:
    """An interchange in words: each segment's name, each element's name and value, its findings where they are."""
    _heading(interchange)
    findings([(f, {}) for f in interchange.findings], "  ")
    for group in interchange.groups:
        if group.control_number or group.functional_id:
            console.print(f"  [bold]Group[/] {escape(f'{group.functional_id} {group.control_number}')}")
        findings([(f, {}) for f in group.findings], "    ")
        for one in group.sets:
            with console:  # what is printed goes out with the set, not line by line
                _explain_set(one, opened)


def _explain_set(one: Any, opened: Opened) -> None:
    grammar = opened.libraries[one.tree.standard].grammar(one.set_id, one.tree.version) if one.tree else None
    name = escape(grammar.name if grammar else "no grammar")
    console.print(f"\n  [bold]Set {escape(one.set_id)}[/] {escape(one.control_number)}  {name}: {_verdict(one)}")
    by_position: dict[int, list[Finding]] = {}
    for found in one.findings:
        by_position.setdefault(found.position, []).append(found)
    findings([(f, {}) for position in (0, 1) for f in by_position.pop(position, [])], "    ")
    lines = list(in_document_order(one.tree.root)) if one.tree else []
    for position, (depth, segment) in enumerate(lines, 2):
        _explain_segment(segment, grammar, by_position.pop(position, []), "    " + "  " * depth)
    findings([(f, {}) for rest in by_position.values() for f in rest], "    ")


def _verdict(one: Any) -> str:
    errors = sum(found.is_error for found in one.findings)
    warnings = len(one.findings) - errors
    verdict = f"[bold red]{times(errors, 'error')}[/]" if errors else "[green]clean[/]"
    return verdict + (f", [yellow]{times(warnings, 'warning')}[/]" if warnings else "")


def _explain_segment(segment: Segment, grammar: SetGrammar | None, found: list[Finding], indent: str) -> None:
    """A segment, its elements, and what is wrong with each below it; what no element shows stands at the end."""
    rule = grammar.segments.get(str(segment[0])) if grammar else None
    console.print(f"{indent}[bold cyan]{escape(str(segment[0]))}[/] {escape(rule.name if rule else '')}")
    for meaning in segment_meanings(segment, grammar):
        here = [f for f in found if f.designator == meaning.designator]
        found = [f for f in found if f not in here]
        value = f"[red]{escape(meaning.value)}[/]" if any(f.is_error for f in here) else escape(meaning.value)
        note = f"  [green]{escape(meaning.meaning)}[/]" if meaning.meaning else ""
        _line(f"[dim]{meaning.designator} {escape(meaning.name)}:[/] {value}{note}", f"{indent}  ")
        findings([(f, {}) for f in here], f"{indent}    ")
    findings([(f, {}) for f in found], f"{indent}  ")


def _line(text: str, indent: str) -> None:
    """A line of an outline. On a terminal what does not fit goes on below its beginning; a file gets it whole."""
    if console.is_terminal:
        console.print(Padding(text, (0, 0, 0, len(indent)), expand=False))
    else:
        console.print(f"{indent}{text}", soft_wrap=True)


def explain_answers(answers: Iterable[Shown]) -> None:
    """The acknowledgements an interchange would get, a segment a line."""
    for answer in answers:
        if answer.reason:
            console.print(f"\n  [bold]{escape(answer.subject)}[/] would not be answered. {escape(answer.reason)}")
            continue
        console.print(f"\n  [bold]{escape(answer.subject)}[/] would be answered:")
        for segment in answer.document.split(answer.terminator):
            if segment.strip():
                console.print(f"    {escape(segment.strip())}", soft_wrap=True)


def findings(found: Iterable[tuple[Finding, dict[str, str]]], indent: str) -> None:
    """Findings in colour, each on a line with its place."""
    for f, place in found:
        colour = "red" if f.is_error else "yellow"
        where = [f"set {place['set_id']} {place['set_control_number']}" if "set_id" in place else ""]
        where += [f"segment {f.position}" if f.position else "", f.designator, f"byte {f.offset}"]
        value = f" Value: {f.value[:60]!r}." if f.value else ""
        text = escape(f"{', '.join(w for w in where if w)}: {f.message}{value}")
        _line(f"[{colour}]{f.severity}[/] [bold]{f.code}[/] {text}", indent)


def differences(found: Iterable[Difference]) -> None:
    """What differs, an element or segment a line."""
    for one in found:
        place = " ".join(text for text in (one.place, one.name) if text)
        old, new = (
            (f"[red]{escape(one.old)}[/]" if one.old else "-"),
            f"[green]{escape(one.new)}[/]" if one.new else "-",
        )
        console.print(f"{escape(one.path)}: [bold]{escape(place)}[/]: {old} → {new}", soft_wrap=True)
