"""The outline of a set: how its segments stand, read in the way that leaves the fewest faults."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from hub.edi.findings import MOST_FINDINGS, Finding
from hub.edi.grammars.rules import Item, SetGrammar
from hub.edi.judging.structure import PLAIN, Reading, Walk, name_of
from hub.edi.tree import Loop, Segment


class Outline(NamedTuple):
    """How the segments of a set stand: the faults in their order, each by the index of its segment (behind the last
    one for what is missing at the end), the loop each segment stands in, and the tree."""

    faults: tuple[tuple[int, Finding], ...]
    places: tuple[Item, ...]
    tree: Loop

    def loop(self, index: int) -> str:
        """The name of the loop a segment stands in, `""` at the top of the set."""
        return name_of(self.places[index])


def outline(grammar: SetGrammar, segments: Iterable[Segment], trees: bool = True) -> Outline:
    """Walk the segments of a set, given at least with their ids and, for a loop of a tree, its numbers.

    Where a fault can be read in more than one way, that reading counts which leaves the fewest. Without `trees` the
    tree stays empty.
    """
    segments = tuple(segments)
    whole, walked = _read(grammar, segments, trees, PLAIN)
    for other in walked.other_readings():
        read_so, _ = _read(grammar, segments, trees, other)
        if len(read_so.faults) < len(whole.faults) + bool(other.awaited):
            whole = read_so
    return whole


def _read(grammar: SetGrammar, segments: Iterable[Segment], trees: bool, reading: Reading) -> tuple[Outline, Walk]:
    faults: list[tuple[int, Finding]] = []
    places: list[Item] = []

    def report(found: Finding) -> None:
        if len(faults) < MOST_FINDINGS:
            faults.append((len(places), found))

    walk = Walk(grammar, report, trees, reading)
    step, frames = walk.step, walk.frames
    for segment in segments:
        step(str(segment[0]), segment)
        places.append(frames[-1].loop)
    walk.finish()
    if walk.unfounded:
        faults = [one for one in faults if id(one[1]) not in walk.unfounded]
    return Outline(tuple(faults), tuple(places), walk.tree), walk
