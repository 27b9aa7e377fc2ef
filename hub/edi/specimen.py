"""Specimens: a clean, filled document of a set, to start from and to show what goes where."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path

import yaml

from hub.edi.grammar import Library
from hub.edi.rules import ElementRule, Item, SegmentRule
from hub.edi.tree import Standard

_VALUES = {"DT": "20260105", "TM": "1200", "N0": "1", "R": "1", "n": "1"}


@cache
def specimens(standard: Standard) -> dict[str, list[str]]:
    """The bodies that come with the hub, by set: segments as text, with `*` and `>` (EDIFACT: `+` and `:`).

    A set that differs in a later version has another one there, by set and version (`INVRPT D01B`).
    """
    path = Path(__file__).parent / "specimens" / f"{standard}.yaml"
    if not path.is_file():
        return {}
    loaded = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))  # noqa: S506
    return {str(set_id): list(segments) for set_id, segments in loaded.items()}


def specimen(library: Library, set_id: str, version: str, element: str = "*", component: str = ">") -> list[str] | None:
    """The segments of a set's specimen; for a set without one, what its grammar demands, filled by type.

    None for a set that has no grammar.
    """
    grammar = library.grammar(set_id, version)
    if grammar is None:
        return None
    known = specimens(library.syntax.standard)
    if not grammar.partner and set_id in known:
        return known.get(f"{set_id} {grammar.version}", known[set_id])
    return [
        _segment(grammar.segments[item.id], element, component)
        for item in _demanded(grammar.root)
        if item.id in grammar.segments
    ]


def specimen_file(set_id: str, version: str, when: datetime, library: Library) -> str | None:
    """A whole test interchange around a set's specimen, one segment a line; None for a set without a grammar.

    Without a `version` the oldest one described. Delimiters and ids are the usual ones.
    """
    standard = library.syntax.standard
    version = version or library.syntax.versions[0]
    mark, inner = ("+", ":") if standard == "edifact" else ("*", ">")
    body = specimen(library, set_id, version, mark, inner)
    if body is None:
        return None
    if standard == "edifact":
        head = [f"UNB+UNOC:3+SENDER:ZZ+RECEIVER:ZZ+{when:%y%m%d}:{when:%H%M}+1++++++1",
                f"UNH+1+{set_id}:{version[0]}:{version[1:]}:UN"]  # fmt: skip
        return "".join(f"{one}'\n" for one in [*head, *body, f"UNT+{len(body) + 2}+1", "UNZ+1+1"]).rstrip("\n")
    isa11 = "U" if version < "004020" else "^"
    head = [
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'SENDER':15}*ZZ*{'RECEIVER':15}*{when:%y%m%d}*{when:%H%M}*{isa11}*{version[:5]}"
        "*000000001*0*T*>",
        f"GS*{library.functional_id(set_id)}*SENDER*RECEIVER*{when:%Y%m%d}*{when:%H%M}*1*X*{version}",
        f"ST*{set_id}*0001",
    ]
    tail = [f"SE*{len(body) + 2}*0001", "GE*1*1", "IEA*1*000000001"]
    return "".join(f"{one}~\n" for one in [*head, *body, *tail]).rstrip("\n")


def _demanded(loop: Item) -> list[Item]:
    """The segments that must stand in a loop and in the loops that must."""
    found = []
    for item in loop.of:
        if item.mandatory:
            found += _demanded(item) if item.is_loop else [item]
    return found


def _segment(rule: SegmentRule, element: str, component: str) -> str:
    texts = [_value(one, component) if one.mandatory else "" for one in rule.elements]
    while texts and not texts[-1]:
        texts.pop()
    return element.join([rule.id, *texts])


def _value(rule: ElementRule, component: str) -> str:
    if rule.components:
        texts = [_value(one, component) if one.mandatory else "" for one in rule.components]
        return component.join(texts).rstrip(component)
    if rule.codes:
        return sorted(rule.codes)[0]
    text = _VALUES.get(rule.type, "1" if rule.type.startswith("N") else "X")
    return text if len(text) >= rule.least else text * rule.least
