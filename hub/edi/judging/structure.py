"""Order and repetition: walks the segments of a set through its grammar and builds the tree on the way.

The state is a stack of open loops, each with the item last met in it and how often. A segment is looked for
in the innermost loop first, from the place reached onwards, then in the loops around it. What fits nowhere is
reported once, and the walk goes on from the most likely reading, so that one fault gives one finding.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from hub.edi.findings import Finding
from hub.edi.grammars.rules import ANY, Item, SetGrammar, Step
from hub.edi.tree import Loop, Segment, element, keep_order

_Report = Callable[[Finding], None]

_SEGMENT_ID = re.compile(r"[A-Z][A-Z0-9]{1,2}").fullmatch

DEEPEST_LEVEL = 100
"""So many levels of a tree (HL) may stand in one another; no document in use has more than ten."""


class Reading(NamedTuple):
    """How to take what can be taken in more than one way.

    awaited    mandatory items that the set has not come to yet where they seemed to be passed over: a segment that
               has a place before them is not looked for behind them
    inward     a segment that opens a loop within others (LIN within CPS) may stand without these being opened
    """

    awaited: frozenset[Item] = frozenset()
    inward: bool = True


PLAIN = Reading()


def _way_inwards(loop: Item, segment_id: str) -> tuple[Item, ...]:
    """The shortest way from a loop to one in it that such a segment opens, both included; empty where there is none."""
    ways: list[tuple[Item, ...]] = [(loop,)]
    for way in ways:
        for inner in way[-1].of[1:]:
            if inner.is_loop:
                if inner.id == segment_id:
                    return (*way, inner)
                ways.append((*way, inner))
    return ()


def meant_by(segment_id: str) -> str:
    """The id that one in small letters or with blanks stands for."""
    return segment_id.strip().upper()


def may_be_id(segment_id: str) -> bool:
    """Whether a text has the form of a segment's id; what has not is the rest of a segment that was cut in two."""
    return _SEGMENT_ID(segment_id) is not None


def name_of(loop: Item) -> str:
    """What a loop is called in a finding, `""` for the set itself."""
    return loop.name if loop.parent is not None else ""


@dataclass(slots=True, eq=False)
class Frame:
    """One open loop: the item last met in it, how often in a row, its part of the tree, what was called missing in it
    so far, and what was told to stand too late in it, each with what it should have stood before: that is one fault."""

    loop: Item
    last: Item
    count: int
    tree: Loop
    lacking: dict[Item, Finding] | None = None
    late: tuple[tuple[Item, Item], ...] = ()


class Walk:
    """One pass over one set. Call `step` per segment and `finish` at the end. Without `trees`, `tree` stays empty."""

    def __init__(self, grammar: SetGrammar, report: _Report, trees: bool = True, reading: Reading = PLAIN) -> None:
        self.grammar = grammar
        self.reading = reading
        self.report = report
        self.trees = trees
        self.tree = Loop(grammar.set_id)
        self.frames = [Frame(grammar.root, grammar.start, 0, self.tree)]
        self.levels: dict[str, tuple[Loop, int]] = {}
        self.levels_met: list[Loop] = []
        self.depth = 0
        self.misplaced: str | None = None
        self.bent = 0
        self.misspelt = False
        self.unfounded: dict[int, Finding] = {}
        """What was called missing and then stood too late, by its identity: that is one fault."""
        self.doubted: set[Item] = set()
        """What was called missing before something came that stands before it."""
        self.went_inward = False

    def other_readings(self) -> Iterator[Reading]:
        """How else the set could be read, after one pass that met faults."""
        if self.doubted:
            yield Reading(awaited=frozenset(self.doubted))
        if self.went_inward:
            yield Reading(inward=False)

    def step(self, segment_id: str, segment: Segment) -> None:
        """Place one segment; `loop` then tells where it stands."""
        frames = self.frames
        if self.bent:
            self._step_closely(segment_id, segment)
            return
        step = frames[-1].last.step(segment_id)
        if step is None or (self.reading.awaited and self._leaps(segment_id, step)):
            self._out_of_place(segment_id, segment)
            return
        ended, item, passed, missing = step
        if ended:
            for one, loop in missing:
                self._missing(one, loop)
            del frames[-ended:]
        self.misplaced = None
        self._enter(frames[-1], item, passed, segment)

    def _leaps(self, segment_id: str, step: Step) -> bool:
        """Whether a step would pass over what stands later, though the segment has an earlier place."""
        return not self.reading.awaited.isdisjoint(step.passed) and self._own_place(segment_id) is not None

    def _step_closely(self, segment_id: str, segment: Segment) -> None:
        """The same while a loop is open that stands too late: the loops around it have gone on past it."""
        frames = self.frames
        for depth in range(len(frames) - 1, -1, -1):
            found = frames[depth].last.after(segment_id)
            if found is not None:
                self._leave(depth)
                self.bent = self.bent if len(frames) > self.bent else 0
                self._enter(frames[depth], found[0], found[1], segment)
                self.misplaced = None
                return
        self._out_of_place(segment_id, segment)

    @property
    def loop(self) -> str:
        """The name of the loop the last segment stands in, `""` at the top of the set."""
        return name_of(self.frames[-1].loop)

    def finish(self) -> None:
        """Report what is still missing at the end of the set."""
        self._leave(0)
        for item in self.frames[0].last.tail:
            self._missing(item, "")
        keep_order(self.tree, self.levels_met)

    def _leave(self, depth: int) -> None:
        while len(self.frames) > depth + 1:
            frame = self.frames.pop()
            for item in frame.last.tail:
                self._missing(item, frame.loop.name)

    def _passed_over(self, frame: Frame, item: Item) -> None:
        frame.lacking = {**(frame.lacking or {}), item: self._missing(item, name_of(frame.loop))}

    def _missing(self, item: Item, loop: str) -> Finding:
        rule = self.grammar.segments.get(item.id)
        name = f"{item.id} ({rule.name})" if rule else item.id
        where = f"in loop {loop}" if loop else f"in set {self.grammar.set_id}"
        kind = "loop" if item.is_loop else "segment"
        message = f"Segment {name} is missing {where}; at least one such {kind} is mandatory before this place."
        found = self.grammar.finding("edi.segment-missing", message, segment=item.id, loop=loop)
        self.report(found)
        return found

    def _enter(self, frame: Frame, item: Item, passed: tuple[Item, ...], segment: Segment) -> None:
        if item is frame.last:
            frame.count += 1
            if item.most != ANY and frame.count > item.most:
                item, passed = self._one_too_many(frame, item)
        if item is not frame.last:
            for missing in passed:
                self._passed_over(frame, missing)
            frame.last, frame.count = item, 1
        if item.of:
            self._open(frame, item, segment)
        elif self.trees:
            frame.tree.children.append(segment)

    def _one_too_many(self, frame: Frame, item: Item) -> tuple[Item, tuple[Item, ...]]:
        """An item repeated too often may still be a later one with the same id; otherwise report it once."""
        other = frame.last.beyond(item.id)
        if other is not None:
            return other
        if frame.count == item.most + 1:
            kind = "Loop" if item.is_loop else "Segment"
            message = f"{kind} {item.name} stands more often than the {item.most} times allowed here."
            code = "edi.loop-over-maximum" if item.is_loop else "edi.segment-over-maximum"
            loop = item.name if item.is_loop else self.loop
            self.report(self.grammar.finding(code, message, segment=item.id, loop=loop))
        return item, ()

    def _open(self, frame: Frame, item: Item, segment: Segment, orphan: Item | None = None) -> None:
        loop = self.tree
        if item.levels is not None or self.trees:
            home = self._home(frame, item, segment) if orphan is None else frame.tree
            if self.trees:
                loop = Loop(item.name, [] if orphan is not None and orphan.is_loop else [segment])
                home.children.append(loop)
                if item.levels is not None:
                    self.levels_met.append(loop)
        self.frames.append(Frame(item, orphan or item.of[0], 1, loop))
        if item.levels and orphan is None and (own := element(segment, item.levels[0], 1)):
            self.levels.setdefault(str(own), (loop, self.depth))

    def _home(self, frame: Frame, item: Item, segment: Segment) -> Loop:
        """Where a new loop hangs: one of a tree (HL) under the level it names, others in the loop around them."""
        self.depth = 1
        if item.levels is None:
            return frame.tree
        own, parent = (str(element(segment, number, 1)) for number in item.levels)
        if own in self.levels:
            text = f"is used by an earlier {item.id} too; every {item.id} needs a number of its own"
            self._hierarchy(item, "edi.hl-number-repeated", item.levels[0], text, own)
        if not parent:
            return frame.tree
        if parent not in self.levels:
            text = f"names no earlier {item.id}; the parent level must stand before"
            self._hierarchy(item, "edi.hl-parent-unknown", item.levels[1], text, parent)
            return frame.tree
        above, depth = self.levels[parent]
        if depth >= DEEPEST_LEVEL:
            message = f"{item.id} {own!r} stands in more than {DEEPEST_LEVEL} levels; it was put at the top."
            self.report(self.grammar.finding("edi.levels-too-deep", message, segment=item.id, loop=item.name))
            return frame.tree
        self.depth = depth + 1
        return above

    def _hierarchy(self, item: Item, code: str, number: int, text: str, value: str) -> None:
        rule = self.grammar.segments[item.id].elements[number - 1]
        message = f"{item.id}{number:02d} ({rule.name}) {text}."
        place: dict[str, Any] = {"element": number, "reference": rule.reference, "value": value}
        self.report(self.grammar.finding(code, message, segment=item.id, loop=item.name, **place))

    def _out_of_place(self, segment_id: str, segment: Segment) -> None:
        grammar = self.grammar
        repeated, self.misplaced = self.misplaced == segment_id, segment_id
        if segment_id in grammar.used:
            self._displaced(segment_id, segment, repeated)
            return
        if (meant := meant_by(segment_id)) != segment_id and meant in grammar.used:
            self._misspelt(segment_id, meant, segment, repeated)
            return
        if self.trees:
            self.frames[-1].tree.children.append(segment)
        if repeated:
            return
        if segment_id in grammar.undescribed or (segment_id in grammar.known_ids and not grammar.strict):
            message = f"Segment {segment_id} is not described here for set {grammar.set_id} and was not checked."
            self._report_segment("edi.segment-undescribed", segment_id, message)
        elif segment_id in grammar.known_ids:
            message = f"Segment {segment_id} does not belong to set {grammar.set_id}."
            self._report_segment("edi.segment-not-in-set", segment_id, message)
        else:
            shown = segment_id if len(segment_id) < 12 else segment_id[:12] + "..."
            message = f"{shown!r} is not the id of any segment."
            if not may_be_id(segment_id):
                message = f"{message[:-1]}; a terminator seems to stand in the data of the segment before it."
            self._report_segment("edi.segment-unrecognised", segment_id, message)

    def _misspelt(self, segment_id: str, meant: str, segment: Segment, repeated: bool) -> None:
        """An id in small letters or with blanks: told once, and placed like the one that is meant."""
        if not repeated and not self.misspelt:
            self.misspelt = True
            message = f"{segment_id!r} is not the id of any segment; {meant} was expected."
            self._report_segment("edi.segment-unrecognised", segment_id, message)
        self.step(meant, segment)
        self.misplaced = segment_id

    def _displaced(self, segment_id: str, segment: Segment, repeated: bool) -> None:
        """A segment of this set at a place where it cannot be: too late, or without its loop's first segment. The
        loops that it stands in by mistake stay open: what follows may belong to them."""
        place = self._own_place(segment_id)
        if place is None:
            self._orphan(segment_id, segment, repeated)
            return
        depth, own = place
        frame = self.frames[depth]
        if frame.lacking and (missed := frame.lacking.pop(own, None)) is not None:
            self.unfounded[id(missed)] = missed
        self.doubted.update(item for item in frame.lacking or () if item.index > own.index)
        if not repeated and (own, frame.last) not in frame.late:
            frame.late = (*frame.late, (own, frame.last))
            message = f"Segment {segment_id} stands too late; it belongs before {frame.last.id}."
            self._report_segment("edi.segment-out-of-sequence", segment_id, message)
        if own.is_loop:
            self.bent = self.bent or len(self.frames)
            self._open(frame, own, segment)
            return
        if self.trees:
            frame.tree.children.append(segment)
        between = frame.loop.of[own.index + 1 : frame.last.index + 1]
        if frame is self.frames[-1] and frame.loop.parent is not None and not any(i.mandatory for i in between):
            # Most likely the loop starts anew and the segment that opens it is missing: what follows is in order.
            frame.last, frame.count = own, 1

    def _own_place(self, segment_id: str) -> tuple[int, Item] | None:
        """Where a segment would have stood earlier in an open loop: how deep, and which item."""
        for depth in range(len(self.frames) - 1, -1, -1):
            frame = self.frames[depth]
            own = next((i for i in frame.loop.of[: frame.last.index] if i.id == segment_id), None)
            if own is not None and not (own.index == 0 and frame.loop.parent is not None):
                return depth, own
        return None

    def _orphan(self, segment_id: str, segment: Segment, repeated: bool) -> None:
        """A segment whose loop, or the loops around it, have not been opened: taken as if they had been."""
        found = self._unopened(segment_id)
        if found is None:
            if not repeated:
                message = f"Segment {segment_id} cannot stand at this place of set {self.grammar.set_id}."
                self._report_segment("edi.segment-unexpected", segment_id, message)
            if self.trees:
                self.frames[-1].tree.children.append(segment)
            return
        depth, (*loops, own) = found
        opens = "opens its loop" if not own.is_loop else "opens the loop around it"
        message = f"Segment {segment_id} stands without the {loops[0].id} that {opens}."
        self._report_segment("edi.segment-unexpected", segment_id, message)
        self._leave(depth)
        self._pass_over(self.frames[depth], loops[0])
        for loop, inner in pairwise((*loops, own)):
            self._open(self.frames[-1], loop, segment, orphan=inner)
        if own.is_loop:
            self.went_inward = True
            self._open(self.frames[-1], own, segment)

    def _unopened(self, segment_id: str) -> tuple[int, tuple[Item, ...]] | None:
        """Where a segment could stand in loops that are still to come: in which open loop these are (how deep), and
        the way inwards, whose last item is the segment itself. The shortest way counts, for a segment that opens no
        loop only one of a single step."""
        ways: list[tuple[int, tuple[Item, ...]]] = []
        for depth in range(len(self.frames) - 1, -1, -1):
            frame = self.frames[depth]
            for item in frame.loop.of[max(frame.last.index, 0) :]:
                direct = next((i for i in item.of[1:] if i.id == segment_id and not i.is_loop), None)
                if direct is not None:
                    return depth, (item, direct)
                if self.reading.inward and (way := _way_inwards(item, segment_id)):
                    ways.append((depth, way))
        return min(ways, key=lambda one: len(one[1]), default=None)

    def _pass_over(self, frame: Frame, item: Item) -> None:
        """Move on to a loop whose opening segment is missing; that fault has been reported."""
        if item is frame.last:
            return
        for missing in frame.loop.of[frame.last.index + 1 : item.index]:
            if missing.mandatory:
                self._passed_over(frame, missing)
        frame.last, frame.count = item, 1

    def _report_segment(self, code: str, segment_id: str, message: str) -> None:
        self.report(self.grammar.finding(code, message, segment=segment_id, loop=self.loop, value=segment_id))
