"""Which of the items of two sequences are the same ones: in time that grows with their length, however alike they are.

Short sequences are compared in full. In long ones, items that stand once in each are the fixed points, and what lies
between two of them is compared in turn; what is still long then and holds no such item is taken to differ as a whole.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

SHORT = 300
"""So many items of a sequence are compared with as many of the other in full."""
_DEEPEST = 20
"""How often what lies between fixed points is looked through for further ones."""


class Gap(NamedTuple):
    """What differs: the items from `old_start` to `old_stop`, in whose place those from `new_start` to `new_stop`
    stand. One of both may be empty."""

    old_start: int
    old_stop: int
    new_start: int
    new_stop: int


def gaps(old: Sequence[Hashable], new: Sequence[Hashable]) -> Iterator[Gap]:
    """Where two sequences differ, in their order."""
    open_ = [(Gap(0, len(old), 0, len(new)), 0)]
    while open_:
        whole, depth = open_.pop()
        gap = _trimmed(old, new, whole)
        mine, theirs = gap.old_stop - gap.old_start, gap.new_stop - gap.new_start
        if not mine or not theirs:
            if mine or theirs:
                yield gap
        elif mine <= SHORT and theirs <= SHORT:
            yield from _in_full(old, new, gap)
        else:
            points = _fixed_points(old, new, gap) if depth < _DEEPEST else []
            if points:
                open_ += [(one, depth + 1) for one in reversed(_between(points, gap))]
            else:
                yield gap


def _trimmed(old: Sequence[Hashable], new: Sequence[Hashable], gap: Gap) -> Gap:
    """A gap without what is the same at its beginning and at its end."""
    i1, i2, j1, j2 = gap
    while i1 < i2 and j1 < j2 and old[i1] == new[j1]:
        i1, j1 = i1 + 1, j1 + 1
    while i1 < i2 and j1 < j2 and old[i2 - 1] == new[j2 - 1]:
        i2, j2 = i2 - 1, j2 - 1
    return Gap(i1, i2, j1, j2)


def _in_full(old: Sequence[Hashable], new: Sequence[Hashable], gap: Gap) -> Iterator[Gap]:
    i, j = gap.old_start, gap.new_start
    matcher = SequenceMatcher(None, old[i : gap.old_stop], new[j : gap.new_stop], autojunk=False)
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        if kind != "equal":
            yield Gap(i + i1, i + i2, j + j1, j + j2)


def _fixed_points(old: Sequence[Hashable], new: Sequence[Hashable], gap: Gap) -> list[tuple[int, int]]:
    """The longest run of items, by their places in both, that stand once in each and in the same order."""
    mine, theirs = range(gap.old_start, gap.old_stop), range(gap.new_start, gap.new_stop)
    times_old, times_new = Counter(old[i] for i in mine), Counter(new[j] for j in theirs)
    place = {new[j]: j for j in theirs if times_new[new[j]] == 1}
    pairs = [(i, place[old[i]]) for i in mine if times_old[old[i]] == 1 and old[i] in place]
    ends: list[int] = []  # of the run of each length that ends lowest: the place in `new`
    last: list[int] = []  # the number of the pair it ends with
    before: list[int] = []
    for number, (_, j) in enumerate(pairs):
        length = bisect_left(ends, j)
        before.append(last[length - 1] if length else -1)
        ends[length : length + 1], last[length : length + 1] = [j], [number]
    points = []
    number = last[-1] if last else -1
    while number >= 0:
        points.append(pairs[number])
        number = before[number]
    return points[::-1]


def _between(points: Sequence[tuple[int, int]], gap: Gap) -> list[Gap]:
    found, i, j = [], gap.old_start, gap.new_start
    for at, there in points:
        found.append(Gap(i, at, j, there))
        i, j = at + 1, there + 1
    return [*found, Gap(i, gap.old_stop, j, gap.new_stop)]
