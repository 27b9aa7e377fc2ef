"""What elements and their codes mean, in words for people."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from hub.edi.compare import shown
from hub.edi.data import load
from hub.edi.grammars.rules import ElementRule, SetGrammar
from hub.edi.tree import Element, Repeats, Segment, Standard


class Meaning(NamedTuple):
    """One element or component: its place (`BEG01`, `REF04-2`), its name, its value, and what a code stands for."""

    designator: str
    name: str
    value: str
    meaning: str


@cache
def code_meanings(standard: Standard) -> dict[str, dict[str, str]]:
    """Code meanings by data element: those worth telling, not all there are."""
    path = Path(__file__).parent / "meanings" / f"{standard}.yaml"
    if not path.is_file():
        return {}
    return {str(reference): dict(codes) for reference, codes in load(path).items()}


def segment_meanings(segment: Segment, grammar: SetGrammar | None) -> Iterator[Meaning]:
    """The elements of a segment that are there, in words; those the grammar does not describe have no name."""
    rule = grammar.segments.get(str(segment[0])) if grammar else None
    for number, value in enumerate(segment[1:], 1):
        element = rule.elements[number - 1] if rule and number <= len(rule.elements) else None
        place = f"{segment[0]}{number:02d}"
        if not value:
            continue
        if isinstance(value, (Repeats, str)) or element is None or not element.components:
            yield _one(place, element, value, grammar)
            continue
        for component, part in enumerate(value, 1):
            inner = element.components[component - 1] if component <= len(element.components) else None
            if part:
                yield _one(f"{place}-{component}", inner, part, grammar)


def _one(place: str, element: ElementRule | None, value: Element, grammar: SetGrammar | None) -> Meaning:
    if element is not None and element.components:
        element = element.components[0]
    known = code_meanings(grammar.standard) if grammar else {}
    text = shown(value)
    meaning = known.get(element.reference, {}).get(text, "") if element else ""
    return Meaning(place, element.name if element else "", text, meaning)
