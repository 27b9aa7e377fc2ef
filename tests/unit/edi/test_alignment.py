"""What differs between two sequences: all of it, nothing more than that, and in work that grows with their length."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.edi import alignment
from hub.edi.alignment import gaps


def mended(old: Sequence[object], new: Sequence[object]) -> list[object]:
    """The old sequence with each gap filled by what the new one holds there."""
    made: list[object] = []
    at = 0
    for i1, i2, j1, j2 in gaps(old, new):
        made += [*old[at:i1], *new[j1:j2]]
        at = i2
    return [*made, *old[at:]]


class Counted:
    """An item that counts how often it is compared."""

    compared = 0

    def __init__(self, value: object) -> None:
        self.value = value

    def __hash__(self) -> int:
        return hash(self.value)

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return isinstance(other, Counted) and self.value == other.value


@settings(max_examples=60)
@given(st.integers(0, 4), st.lists(st.integers(0, 9), max_size=40), st.lists(st.integers(0, 9), max_size=40))
def test_the_gaps_are_all_that_differs(short: int, old: list[int], new: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alignment, "SHORT", short)
        assert mended(old, new) == new and list(gaps(old, old)) == []


def test_one_item_more_and_one_changed_are_two_gaps_however_long_the_rest_is() -> None:
    old = [*range(2000)]
    assert [*gaps(old, [-1, *old[:1500], -2, *old[1501:]])] == [(0, 0, 0, 1), (1500, 1501, 1501, 1502)]


@pytest.mark.parametrize("kinds", [1, 2, 100, 10**6])
def test_comparing_takes_work_in_proportion(kinds: int) -> None:
    size = 4000
    Counted.compared = 0
    old = [Counted(n * n % 7919 % kinds) for n in range(size)]
    new = [Counted((n * n + n) % 7907 % kinds) for n in range(size)]
    assert [one.value for one in mended(old, new)] == [one.value for one in new]
    assert Counted.compared < 20 * size
