"""Comparing documents by meaning: envelopes, delimiters and line breaks aside, what do two of them say differently?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from hub.edi.alignment import gaps
from hub.edi.decimals import with_mark
from hub.edi.grammars.library import Library
from hub.edi.tree import Element, Repeats, Segment, Standard, TransactionSet, in_document_order


@dataclass(slots=True, frozen=True)
class Difference:
    """One thing that differs: `place` is a designator (`PO102`) or a segment's id, `path` the set and segment.

    `old` is `""` where something was added, `new` where something was taken out; a whole segment stands as text.
    """

    path: str
    place: str
    name: str
    old: str
    new: str


def compare(
    old: Iterable[TransactionSet], new: Iterable[TransactionSet], libraries: Mapping[Standard, Library]
) -> Iterator[Difference]:
    """What the sets of a second file say otherwise than those of the first, set by set in their order."""
    first, second = list(old), list(new)
    for number in range(max(len(first), len(second))):
        one = first[number] if number < len(first) else None
        other = second[number] if number < len(second) else None
        known = one or other
        if known is None:
            continue
        path = f"set {number + 1} ({known.set_id})"
        if one is None or other is None or one.set_id != other.set_id:
            yield Difference(path, "", "transaction set", one.set_id if one else "", other.set_id if other else "")
        else:
            yield from _compare_sets(path, one, other, libraries[one.standard])


def _compare_sets(path: str, one: TransactionSet, other: TransactionSet, library: Library) -> Iterator[Difference]:
    old, new = _segments(one, library), _segments(other, library)
    grammar = library.grammar(one.set_id, one.version)
    rules = grammar.segments if grammar else {}
    for i1, i2, j1, j2 in gaps(old, new):
        to_come = Counter(one[0] for one in new[j1:j2])
        while i1 < i2 or j1 < j2:
            mine, theirs = (old[i1] if i1 < i2 else None), (new[j1] if j1 < j2 else None)
            segment = mine or theirs or ("",)
            rule = rules.get(str(segment[0]))
            where = f"{path}, segment {(i1 if mine else j1) + 2}"
            if mine is not None and theirs is not None and mine[0] == theirs[0]:
                for number in range(1, max(len(mine), len(theirs))):
                    before, after = _element(mine, number), _element(theirs, number)
                    name = rule.elements[number - 1].name if rule and number <= len(rule.elements) else ""
                    if before != after:
                        yield Difference(where, f"{mine[0]}{number:02d}", name, before, after)
                to_come[theirs[0]] -= 1
                i1, j1 = i1 + 1, j1 + 1
            elif mine is not None and (theirs is None or not to_come[mine[0]]):
                yield Difference(where, str(mine[0]), rule.name if rule else "", _text(mine), "")
                i1 += 1
            elif theirs is not None:
                yield Difference(where, str(theirs[0]), rule.name if rule else "", "", _text(theirs))
                to_come[theirs[0]] -= 1
                j1 += 1


def _segments(document: TransactionSet, library: Library) -> list[Segment]:
    """The segments of a set in their order, its numbers with a point."""
    segments = [segment for _, segment in in_document_order(document.root)]
    grammar = library.grammar(document.set_id, document.version)
    if grammar is None or document.standard != "edifact":
        return segments
    return [with_mark(segment, grammar, ",", ".") for segment in segments]


def _element(segment: Segment, number: int) -> str:
    return shown(segment[number]) if number < len(segment) else ""


def _text(segment: Segment) -> str:
    return " ".join(shown(one) or "-" for one in segment)


def shown(value: Element) -> str:
    """An element for people: components joined by `:`, repetitions by `, `."""
    if isinstance(value, Repeats):
        return ", ".join(shown(one) for one in value)
    return value if isinstance(value, str) else ":".join(value)
