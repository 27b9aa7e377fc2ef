"""Why a segment may be wrong all over: a separator too many or too few shifts every element behind it.

The evidence is a segment that is right in every respect once the one separator is put right.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

_MOST_ELEMENTS = 40
_ABSENT = frozenset({"edi.element-missing", "edi.condition-not-met"})
"""Alone, these say what is wrong by themselves."""

Right = Callable[[list[list[str]]], bool]
"""Tells whether segments, each given by its id and elements, are surely without any fault."""


def likely_cause(
    parts: Sequence[str], codes: Sequence[str], separator: str, segment_ids: Collection[str], right: Right
) -> str:
    """The cause as the end of a sentence, `""` where nothing tells.

    `parts` are the id and elements of a segment, `codes` those of its faults. One fault alone is weak evidence: then
    no element is taken for left out, and a separator stands in the data only where elements behind it are shifted or
    one is too many.
    """
    if len(parts) > _MOST_ELEMENTS:
        return ""
    several = len(codes) > 1
    shifts = several or "edi.too-many-elements" in codes
    told = several or codes[0] not in _ABSENT
    return (
        _torn(parts, segment_ids, right)
        or (_joined(parts, len(parts) - (1 if shifts else 2), separator, right) if told else "")
        or (_left_out(parts, right) if several else "")
    )


def _joined(parts: Sequence[str], stop: int, separator: str, right: Right) -> str:
    for number in range(1, stop):
        first, second = parts[number : number + 2]
        if first and second and right([[*parts[:number], f"{first} {second}", *parts[number + 2 :]]]):
            place = f"{parts[0]}{number:02d}"
            return (
                f"a separator seems to stand in the data: with {first + separator + second!r} as {place} all would fit"
            )
    return ""


def _torn(parts: Sequence[str], segment_ids: Collection[str], right: Right) -> str:
    for number in range(1, len(parts)):
        for length in (3, 2):
            value, torn = parts[number][:-length], parts[number][-length:]
            if value and torn in segment_ids and right([[*parts[:number], value], [torn, *parts[number + 1 :]]]):
                return f"a terminator seems to be missing before {torn!r} in {parts[0]}{number:02d}"
    return ""


def _left_out(parts: Sequence[str], right: Right) -> str:
    for number in range(len(parts) - 1, 0, -1):
        if right([[*parts[:number], "", *parts[number:]]]):
            return f"an element seems to be left out: with {parts[0]}{number:02d} empty all would fit"
    return ""
