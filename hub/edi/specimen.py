"""Specimens: a clean, filled document of a set, to start from and to show what goes where."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path

from hub.edi.data import load
from hub.edi.decimals import with_mark
from hub.edi.delimiters import USUAL, Delimiters
from hub.edi.edifact import writer as edifact
from hub.edi.edifact.validation import CONTRL, contrl_version
from hub.edi.findings import EdiError
from hub.edi.grammars.library import Library
from hub.edi.grammars.rules import ElementRule, Item, SegmentRule
from hub.edi.judging.segments import judge_for
from hub.edi.partner.profile import Profile
from hub.edi.tree import Loop, Standard
from hub.edi.x12 import writer as x12

_VALUES = {"DT": "20260105", "TM": "1200", "N0": "1", "R": "1", "n": "1"}


@cache
def specimens(standard: Standard) -> dict[str, list[str]]:
    """The bodies that come with the hub, by set: segments as text, with `*` and `>` (EDIFACT: `+` and `:`).

    A set that differs in a later version has another one there, by set and version (`INVRPT D01B`).
    """
    path = Path(__file__).parent / "specimens" / f"{standard}.yaml"
    if not path.is_file():
        return {}
    return {str(set_id): list(segments) for set_id, segments in load(path).items()}


def specimen(library: Library, set_id: str, version: str) -> list[str] | None:
    """The segments of a set's specimen as text; for a set without one, what its grammar demands, filled by type.

    None for a set that has no grammar.
    """
    grammar = library.grammar(set_id, version)
    if grammar is None:
        return None
    known = specimens(library.syntax.standard)
    if not grammar.partner and set_id in known:
        return known.get(f"{set_id} {grammar.version}", known[set_id])
    return [
        _segment(grammar.segments[item.id], USUAL[library.syntax.standard])
        for item in _demanded(grammar.root)
        if item.id in grammar.segments
    ]


def specimen_root(library: Library, set_id: str, version: str, decimal: str = ".") -> Loop:
    """The same as a body to be written, its segments one after another, its numbers with this decimal mark.

    Raises EdiError `edi.build-set-unknown` where the version, or every one, lacks the set.
    """
    there, texts = library.versions(set_id), specimen(library, set_id, version)
    grammar = library.grammar(set_id, version)
    if grammar is None or texts is None:
        raise EdiError("edi.build-set-unknown", f"there is no grammar for set {set_id!r}")
    if grammar.version not in there:
        raise EdiError("edi.build-set-unknown", f"version {version} has no {set_id}; it came with {there[0]}")
    split = judge_for(grammar, USUAL[library.syntax.standard]).split
    return Loop(set_id, [with_mark(split(text), grammar, ".", decimal) for text in texts])


def specimen_file(set_id: str, version: str, when: datetime, library: Library) -> bytes:
    """A whole test interchange around a set's specimen, one segment a line.

    Without a `version` the oldest one described that has the set. Delimiters and ids are the usual ones. Raises
    EdiError as `specimen_root` does.
    """
    standard = library.syntax.standard
    version = version or next(iter(library.versions(set_id)), "")
    root = specimen_root(library, set_id, version)
    if standard == "x12":
        marks = Profile(line_breaks="lf").delimiters(standard, version)
        isa = x12.Envelope("ZZ", "SENDER", "ZZ", "RECEIVER", 1, 1, when, version, usage="T", delimiters=marks)
        return x12.write([x12.transaction_set(set_id, root, "0001", version)], isa, library=library)
    syntax = "3"
    if set_id == CONTRL:
        syntax = "3" if library.syntax.nearest(version) == library.syntax.versions[0] else "4"
        version = contrl_version(syntax)
    unb = edifact.Envelope(
        "SENDER", "RECEIVER", "1", when, "ZZ", "ZZ", syntax_version=syntax, usage="T",
        delimiters=Profile(line_breaks="lf", syntax=f"UNOC:{syntax}").delimiters(standard, version),
    )  # fmt: skip
    return edifact.write([edifact.message(set_id, root, "1", version)], unb, library=library)


def _demanded(loop: Item) -> list[Item]:
    """The segments that must stand in a loop and in the loops that must."""
    found = []
    for item in loop.of:
        if item.mandatory:
            found += _demanded(item) if item.is_loop else [item]
    return found


def _segment(rule: SegmentRule, marks: Delimiters) -> str:
    texts = [_value(one, marks.component) if one.mandatory else "" for one in rule.elements]
    while texts and not texts[-1]:
        texts.pop()
    return marks.element.join([rule.id, *texts])


def _value(rule: ElementRule, component: str) -> str:
    if rule.components:
        texts = [_value(one, component) if one.mandatory else "" for one in rule.components]
        return component.join(texts).rstrip(component)
    if rule.codes:
        return sorted(rule.codes)[0]
    text = _VALUES.get(rule.type, "1" if rule.type.startswith("N") else "X")
    return text if len(text) >= rule.least else text * rule.least
