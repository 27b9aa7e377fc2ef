"""The structured form of one transaction set, shared by the reader, the builder and the mapping language.

A segment is a plain tuple: `seg[0]` is its id (`"BEG"`), `seg[n]` is element n. An element is a `str`
(`""` when absent), a composite (a tuple of component strings) or `Repeats` (the repetitions of one element,
each a string or a composite). Trailing empty elements and components are trimmed.

A `Loop` starts with its trigger segment and holds segments and further loops in document order. X12 HL loops
are nested by their parent (HL02), so an 856 reads as HL(S) > HL(O) > HL(P) > HL(I).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Composite: TypeAlias = tuple[str, ...]


class Repeats(tuple[str | Composite, ...]):
    """The repetitions of one element, in order; each is a string or a composite."""

    __slots__ = ()


Element: TypeAlias = str | Composite | Repeats
Segment: TypeAlias = tuple[Element, ...]
Standard: TypeAlias = Literal["x12", "edifact"]
STANDARDS: tuple[Standard, ...] = ("x12", "edifact")


@dataclass(slots=True)
class Loop:
    """One repetition of a loop (EDIFACT: segment group).

    `id` is the id of its trigger segment, in EDIFACT the group's name (`"SG25"`); the root loop has the set's id.
    `order` is kept for levels (HL) that did not stand in their document as they hang in the tree, each level before
    those under it: they are numbered from 1 as they stood.
    """

    id: str
    children: list[Segment | Loop] = field(default_factory=list)
    order: int = 0

    @property
    def trigger(self) -> Segment:
        """The segment that opened the loop; `("",)` for a loop without one."""
        first = self.children[0] if self.children else None
        return first if isinstance(first, tuple) else ("",)

    def segments(self, segment_id: str) -> Iterator[Segment]:
        """The segments of this id that stand directly in this loop."""
        for child in self.children:
            if isinstance(child, tuple) and child[0] == segment_id:
                yield child

    def loops(self, loop_id: str) -> Iterator[Loop]:
        """The loops of this id that stand directly in this loop."""
        for child in self.children:
            if isinstance(child, Loop) and child.id == loop_id:
                yield child

    def walk(self) -> Iterator[Segment]:
        """Every segment of this loop and the loops in it, in document order."""
        stack = [iter(self.children)]
        while stack:
            for child in stack[-1]:
                if isinstance(child, tuple):
                    yield child
                else:
                    stack.append(iter(child.children))
                    break
            else:
                stack.pop()


def in_document_order(root: Loop) -> Iterator[tuple[int, Segment]]:
    """Every segment of a set as it stands in the document, with how deep it stands: the first one of a loop as deep as
    what is around the loop, the others one deeper.

    Levels (HL) hang under one another in the tree; in the document they follow one another, each behind the one it is
    under unless `order` says otherwise.
    """
    levels = {loop.id for loop in _loops(root) if any(inner.id == loop.id for inner in _loops(loop))}
    for child in root.children:
        if isinstance(child, tuple):
            yield 0, child
        elif child.id not in levels:
            yield from _inside(child, 1, "")
        elif child is next(loop for loop in _loops(root) if loop.id == child.id):
            yield from _levels(root, child.id)


def _loops(loop: Loop) -> Iterator[Loop]:
    return (child for child in loop.children if isinstance(child, Loop))


def _inside(loop: Loop, depth: int, without: str) -> Iterator[tuple[int, Segment]]:
    """The segments of a loop and of those in it, except those called `without`."""
    for place, child in enumerate(loop.children):
        if isinstance(child, tuple):
            yield depth if place else depth - 1, child
        elif child.id != without:
            yield from _inside(child, depth + 1, "")


def _levels(root: Loop, name: str) -> Iterator[tuple[int, Segment]]:
    found = sorted(_hanging(root, name), key=lambda one: one[1].order)
    for depth, loop in found:
        yield from _inside(loop, depth, name)


def _hanging(root: Loop, name: str) -> list[tuple[int, Loop]]:
    """The levels of a tree, each with how deep it hangs, and before those under it."""
    found: list[tuple[int, Loop]] = []
    stack = [(1, loop) for loop in reversed([loop for loop in _loops(root) if loop.id == name])]
    while stack:
        depth, loop = stack.pop()
        found.append((depth, loop))
        stack += [(depth + 1, inner) for inner in reversed([one for one in _loops(loop) if one.id == name])]
    return found


def keep_order(root: Loop, levels: Sequence[Loop]) -> None:
    """Number these levels of one name, which are all of the tree, as they are given, unless they hang in that order."""
    if levels and any(one is not loop for one, (_, loop) in zip(levels, _hanging(root, levels[0].id), strict=True)):
        for number, loop in enumerate(levels, 1):
            loop.order = number


@dataclass(slots=True)
class TransactionSet:
    """One structured document.

    `root` holds the body: everything between ST and SE (UNH and UNT), not these themselves.
    `version` is as the document says it (GS08, `"004010"`; EDIFACT version and release, `"D96A"`).
    `envelope` keys, all present for X12 (`""` when the document does not say): sender_qualifier, sender_id,
    receiver_qualifier, receiver_id (ISA05-08, trimmed), usage (ISA15: P, T or I),
    interchange_control_number (ISA13), group_control_number (GS06), functional_id (GS01), group_sender
    (GS02), group_receiver (GS03), date (GS04), time (GS05). EDIFACT has these too (usage T or P, date and time of UNB)
    and syntax_id, syntax_version, sender_internal_id, receiver_internal_id, application_reference, agency and
    association (of UNH).
    """

    standard: Standard
    set_id: str
    version: str
    control_number: str
    root: Loop
    envelope: dict[str, str] = field(default_factory=dict)


def element(segment: Segment, number: int, component: int | None = None) -> Element:
    """Element `number` of a segment (1 = first after the id), or one component of it (1 = first).

    Absent elements and components are `""`. Component 1 of a plain element is the element itself. A repeated
    element is returned whole; with `component`, the component of its first repetition.
    """
    value: Element = segment[number] if number < len(segment) else ""
    if component is None:
        return value
    if isinstance(value, Repeats):
        value = value[0] if value else ""
    if isinstance(value, str):
        return value if component == 1 else ""
    return value[component - 1] if component <= len(value) else ""


def repetitions(value: Element) -> tuple[str | Composite, ...]:
    """The repetitions of an element: none when it is absent, one for a plain string or composite."""
    if isinstance(value, Repeats):
        return tuple(value)
    return (value,) if value else ()
