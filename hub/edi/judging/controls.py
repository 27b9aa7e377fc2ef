"""Compares the totals that a document states about itself (CTT in X12, CNT in EDIFACT) with what stands in it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from hub.edi.findings import Finding
from hub.edi.grammars.rules import SetGrammar
from hub.edi.judging.segments import SegmentJudge
from hub.edi.tree import Segment, element

_DESIGNATOR = re.compile(r"([A-Z][A-Z0-9]{1,2})([0-9]{2})(?:-([1-9]))?")
_KEPT_RIGHT = 100
_LARGEST_HASH = 10**10
"""A hash total keeps its last ten digits (data element 347)."""


class Place(NamedTuple):
    """An element of a segment, or a component of it; component 0 is the element as a whole."""

    segment: str
    element: int
    component: int

    @classmethod
    def of(cls, designator: str) -> Place | None:
        """`CTT01`, `CNT01-2`; None for what names no element."""
        match = _DESIGNATOR.fullmatch(designator)
        return cls(match[1], int(match[2]), int(match[3] or 0)) if match else None

    def value(self, segment: Segment) -> str:
        return str(element(segment, self.element, self.component or 1))


class Control(NamedTuple):
    """A stated total: where it stands, the code that must stand in the first component beside it (`""`: none), and
    what it may be about. Any of these will do, as partners count by different ones: segments, or the sum of an
    element."""

    place: Place
    code: str
    counted: tuple[str, ...]
    summed: tuple[Place, ...]

    @property
    def about(self) -> frozenset[str]:
        """The ids of the segments it is about."""
        return frozenset(self.counted) | {place.segment for place in self.summed}

    def stated_in(self, segment: Segment) -> str:
        """The total as a segment states it, `""` where it states none or one of another code."""
        if self.code and element(segment, self.place.element, 1) != self.code:
            return ""
        return self.place.value(segment)

    @classmethod
    def of(cls, key: str, about: str) -> Control | None:
        """From a grammar's entry, such as `CTT01: HL LIN`, `CTT02: SN102` or `CNT01-2 2: LIN`; None when malformed."""
        designator, _, code = key.partition(" ")
        place, words = Place.of(designator), about.split()
        if place is None or not words:
            return None
        sums = [found for word in words if (found := Place.of(word)) is not None]
        return cls(place, code, tuple(word for word in words if not Place.of(word)), tuple(sums))


@lru_cache(maxsize=256)
def _controls(grammar: SetGrammar) -> tuple[Control, ...]:
    entries = {**grammar.totals, **grammar.controls}
    return tuple(one for key, about in entries.items() if (one := Control.of(key, about)) is not None)


class Stated(NamedTuple):
    """A segment that states totals, in sets of the same segment ids: the one `at` this index. `counts` says how a total
    of each control may be written that is right. `right` are texts of the segment found to be so, added to as they are
    met: most sets of a partner are alike."""

    at: int
    counts: tuple[tuple[Control, frozenset[str]], ...]
    right: set[str]


Totals: TypeAlias = tuple[Stated, ...]


def totals_in(grammar: SetGrammar, ids: tuple[str, ...]) -> Totals:
    """The segments that state totals, in sets of these segment ids."""
    found = []
    for index, one in enumerate(ids):
        controls = [control for control in _controls(grammar) if control.place.segment == one]
        counts = [(control, frozenset(str(ids.count(each)) for each in control.counted)) for control in controls]
        if counts:
            found.append(Stated(index, tuple(counts), set()))
    return tuple(found)


def differing(
    totals: Totals, judge: SegmentJudge, segments: Sequence[str], missing: Collection[str]
) -> Iterator[tuple[int, Finding]]:
    """The totals that are not what stands in the document, each by the index of its segment; one of a segment at most.

    One that is no number is no total: that fault is the element's. Neither is one about segments that were found
    `missing`.
    """
    for one in totals:
        text = segments[one.at]
        if text in one.right:
            continue
        stated = judge.split(text)
        open_ = [control for control, counts in one.counts if control.stated_in(stated) not in ("", *counts)]
        if not open_ and len(one.right) < _KEPT_RIGHT:
            one.right.add(text)
        for control in open_:
            if not control.about.intersection(missing) and (shown := _compare(control, stated, judge, segments)):
                yield one.at, _finding(judge.grammar, control, control.place.value(stated), shown)
                break


def _compare(control: Control, stated: Segment, judge: SegmentJudge, segments: Sequence[str]) -> str:
    """`""` when the total agrees with one of the things it may be about, or is none; else what there is instead."""
    said = _number(control.stated_in(stated))
    if said is None:
        return ""
    there, ids = [], judge.ids(segments)
    for segment_id in control.counted:
        count = ids.count(segment_id)
        if said == count:
            return ""
        if count or segment_id == control.counted[0]:
            there.append(f"{count} {segment_id}")
    for place in control.summed:
        found = [judge.split(text) for text, one in zip(segments, ids, strict=True) if one == place.segment]
        pairs = [(str(element(one, place.element, 1)), place.value(one)) for one in found]
        sums = _sums(pairs, bool(place.component))
        if sums is None or said in sums:
            return ""
        there.append(f"a sum of {sums[0]} in {_named(place)}")
    return " and ".join(there)


def _sums(pairs: list[tuple[str, str]], by_code: bool) -> list[Decimal] | None:
    """What a sum may be: that of all values, as a hash (points and signs left out), and that of each code's alone.

    None where a value is no number, so that nothing can be said.
    """
    numbers = [(code, _number(value)) for code, value in pairs if value]
    values = [number for _, number in numbers if number is not None]
    if len(values) < len(numbers):
        return None
    digits = sum(int(re.sub(r"[^0-9]", "", value) or "0") for _, value in pairs)
    sums = [sum(values, Decimal(0)), Decimal(digits % _LARGEST_HASH)]
    if by_code:
        codes = dict.fromkeys(code for code, _ in numbers)
        sums += [sum((n for code, n in numbers if code == one and n is not None), Decimal(0)) for one in codes]
    return sums


def _finding(grammar: SetGrammar, control: Control, value: str, there: str) -> Finding:
    place = control.place
    rule = grammar.segments[place.segment].elements[place.element - 1] if place.segment in grammar.segments else None
    if rule is not None and place.component:
        rule = rule.components[place.component - 1]
    name = f"{_named(place)} ({rule.name})" if rule else _named(place)
    message = f"{name} says {value}, but the document holds {there}."
    return grammar.finding(
        "edi.control-total-differs",
        message,
        segment=place.segment,
        element=place.element,
        component=place.component,
        reference=rule.reference if rule else "",
        value=value,
    )


def _named(place: Place) -> str:
    return f"{place.segment}{place.element:02d}" + (f"-{place.component}" if place.component else "")


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < 10**18 else None
