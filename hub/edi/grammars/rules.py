"""The rules a grammar is made of: elements, segments, loops and whole sets, ready to be judged by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from hub.edi.findings import Finding, allowed_later, finding
from hub.edi.tree import Standard

ANY = 0
_MOST_STEPS = 500


class Note(NamedTuple):
    """A syntax note: P, R, E, C or L, and the element numbers it is about (1 = first)."""

    kind: str
    numbers: tuple[int, ...]

    def broken_at(self, present: list[bool]) -> int:
        """0 when kept, otherwise the number of the element that is missing (for E: that is one too many).

        `present[n]` tells whether element n is there; index 0 is unused.
        """
        there = [n for n in self.numbers if n < len(present) and present[n]]
        if self.kind == "R":
            return 0 if there else self.numbers[0]
        if self.kind == "E":
            return there[1] if len(there) > 1 else 0
        if self.kind == "P":
            absent = [n for n in self.numbers if n not in there]
            return absent[0] if there and absent else 0
        first, rest = self.numbers[0], self.numbers[1:]
        if first not in there:
            return 0
        absent = [n for n in rest if n not in there]
        if self.kind == "C":
            return absent[0] if absent else 0
        return 0 if len(absent) < len(rest) else rest[0]

    @property
    def text(self) -> str:
        """What the note demands, for a message; elements by number."""
        names = [f"{n:02d}" for n in self.numbers]
        first, rest = names[0], names[1:]
        return {
            "P": f"elements {' and '.join(names)} go together",
            "R": f"at least one of elements {', '.join(names)} is needed",
            "E": f"only one of elements {', '.join(names)} may be used",
            "C": f"element {first} needs {' and '.join(rest)} too",
            "L": f"element {first} needs at least one of {', '.join(rest)}",
        }[self.kind]


class ElementRule(NamedTuple):
    """One element at its place: its reference number, type and lengths, or its components.

    `period`: the components that hold a date, time or period and the code of its format. `partner`: a file of the
    user's own says so, not the standard.
    """

    reference: str
    name: str
    type: str
    least: int
    most: int
    mandatory: bool
    codes: frozenset[str] = frozenset()
    closed: bool = False
    repeats: int = 1
    components: tuple[ElementRule, ...] = ()
    notes: tuple[Note, ...] = ()
    period: tuple[int, int] | None = None
    partner: bool = False


class SegmentRule(NamedTuple):
    """A segment: `elements[0]` is element 01. `open`: it may have more elements than are described."""

    id: str
    name: str
    elements: tuple[ElementRule, ...]
    notes: tuple[Note, ...]
    open: bool = False
    partner: bool = False


class Step(NamedTuple):
    """What a segment brings about: so many loops end, `item` is met, mandatory ones before it were passed over.

    `missing` names what the loops that end still lacked, each with the loop.
    """

    ended: int
    item: Item
    passed: tuple[Item, ...]
    missing: tuple[tuple[Item, str], ...]


@dataclass(slots=True, eq=False)
class Item:
    """A segment or, with `of`, a loop at its place in a set.

    `id` is the id of the segment, for a loop that of its first one, which opens it; `name` is what a loop is
    called (`"SG25"`, in X12 as its first segment). `most` is ANY where the standard sets no limit. `levels`: the
    elements that number a loop of its kind and name the one it hangs under, for loops that form a tree (HL).
    """

    id: str
    name: str
    mandatory: bool
    most: int
    parent: Item | None
    index: int
    of: list[Item] = field(default_factory=list)
    levels: tuple[int, int] | None = None
    _next: dict[str, tuple[Item, tuple[Item, ...]] | None] = field(default_factory=dict, repr=False)
    _tail: tuple[Item, ...] | None = field(default=None, repr=False)
    _steps: dict[str, Step | None] = field(default_factory=dict, repr=False)

    def step(self, segment_id: str) -> Step | None:
        """Where a segment of this id stands when this item was the last one met: in its loop or in one around it.

        None when it fits nowhere. Worked out once, as long as there are not too many ids.
        """
        try:
            return self._steps[segment_id]
        except KeyError:
            step = self._search_outwards(segment_id)
            if len(self._steps) < _MOST_STEPS:
                self._steps[segment_id] = step
            return step

    def _search_outwards(self, segment_id: str) -> Step | None:
        item, ended, missing = self, 0, []
        while (found := item.after(segment_id)) is None:
            loop = item.parent
            if loop is None or loop.parent is None:
                return None
            missing += [(one, loop.name) for one in item.tail]
            item, ended = loop, ended + 1
        return Step(ended, found[0], found[1], tuple(missing))

    @property
    def is_loop(self) -> bool:
        return bool(self.of)

    @property
    def siblings(self) -> list[Item]:
        return self.parent.of if self.parent else []

    def after(self, segment_id: str) -> tuple[Item, tuple[Item, ...]] | None:
        """The item that a segment of this id is when this item was the last one met in its loop.

        Returns it with the mandatory items passed over, or None when it cannot follow within the loop.
        """
        try:
            return self._next[segment_id]
        except KeyError:
            found = self._search(segment_id, max(self.index, self._first))
            if len(self._next) < _MOST_STEPS:
                self._next[segment_id] = found
            return found

    def beyond(self, segment_id: str) -> tuple[Item, tuple[Item, ...]] | None:
        """Like `after`, without this item itself: for when it already stands as often as it may."""
        return self._search(segment_id, self.index + 1)

    @property
    def _first(self) -> int:
        """A loop's own trigger opens the next repetition, so within a loop the search starts behind it."""
        return 1 if self.parent is not None and self.parent.parent is not None else 0

    def _search(self, segment_id: str, start: int) -> tuple[Item, tuple[Item, ...]] | None:
        for item in self.siblings[start:]:
            if item.id == segment_id:
                return item, tuple(i for i in self.siblings[self.index + 1 : item.index] if i.mandatory)
        return None

    @property
    def tail(self) -> tuple[Item, ...]:
        """The mandatory items behind this one in its loop: missing if the loop ends here."""
        if self._tail is None:
            self._tail = tuple(i for i in self.siblings[self.index + 1 :] if i.mandatory)
        return self._tail


@dataclass(eq=False)
class SetGrammar:
    """Everything known about one transaction set (message type) in one version.

    `exact` is False when this is the nearest known version rather than the one asked for. `strict` tells
    whether the definition may be taken as the standard's whole say (only then is, say, one element too many
    an error rather than a gap of ours). `newer` tells that the version asked for is later than this one and not
    described, so that it may allow more, `partner` that its body is a user's own. `totals` names the elements that
    count segments: `{"CTT01": "PO1"}`; `controls` what more a total is compared with, see `hub.edi.judging.controls`.
    """

    standard: Standard
    set_id: str
    name: str
    functional_id: str
    version: str
    exact: bool
    strict: bool
    newer: bool
    root: Item
    segments: dict[str, SegmentRule]
    undescribed: frozenset[str]
    known_ids: frozenset[str]
    totals: dict[str, str]
    controls: dict[str, str] = field(default_factory=dict)
    partner: bool = False
    shared: dict[Any, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def used(self) -> frozenset[str]:
        """The ids of all segments that may stand in the set."""
        return frozenset(item.id for item in walk(self.root) if not item.is_loop)

    @cached_property
    def start(self) -> Item:
        """Stands before the first item of the set: what may come at its beginning comes after this one."""
        return Item("", "", False, 1, self.root, -1)

    @cached_property
    def numbered(self) -> frozenset[str]:
        """The ids of the segments that number the loops of a tree (HL), whose elements order looks at."""
        return frozenset(item.id for item in walk(self.root) if item.levels)

    def finding(self, code: str, message: str, **place: Any) -> Finding:
        """A finding as this standard's acknowledgement reports it."""
        return finding(code, message, standard=self.standard, **place)

    def classed(self, found: Finding, partner: bool) -> Finding:
        """A finding by who says what was broken: one of the partner's where a file of the user's own does (`partner`);
        where the standard does, a gap if the version asked for may allow it."""
        if found.kind != "standard":
            return found
        if partner:
            return found._replace(kind="partner")
        return allowed_later(found, self.version) if self.newer else found


def walk(item: Item) -> Iterator[Item]:
    """An item and all below it."""
    yield item
    for child in item.of:
        yield from walk(child)
