"""A set that speaks of several things is divided: nothing is lost, nothing of one stands with another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.edi.division import divided
from hub.edi.tree import Loop, Segment

NOBODY = 4


def tree(under: list[int]) -> tuple[Loop, list[Loop]]:
    """A tree whose loop n, from 1, stands in loop `under[n - 1] % n`; 0 is the set. Gives its loops too."""
    made = [Loop("HL", [("HL", str(number))]) for number in range(len(under) + 1)]
    for number, place in enumerate(under, 1):
        made[place % number].children.append(made[number])
    return made[0], made


def above(root: Loop) -> dict[str, str]:
    """Which loop each one stands in, by their numbers."""
    return {
        str(child.trigger[1]): str(loop.trigger[1])
        for loop in loops(root)
        for child in loop.children
        if isinstance(child, Loop)
    }


def loops(root: Loop) -> Iterator[Loop]:
    yield root
    for child in root.children:
        if isinstance(child, Loop):
            yield from loops(child)


def names(root: Loop) -> list[str]:
    return [str(loop.trigger[1]) for loop in loops(root)]


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, NOBODY)), max_size=20))
def test_every_line_stands_once_and_in_its_place(drawn: list[tuple[int, int]]) -> None:
    root, made = tree([place for place, _ in drawn])
    where = above(root)
    lines = {str(number): thing for number, (_, thing) in enumerate(drawn, 1) if str(number) not in where.values()}
    used = sorted({thing for thing in lines.values() if thing != NOBODY})
    trees = divided(root, [[made[int(n)] for n in lines if lines[n] == thing] for thing in used], lambda steps: None)
    assert len(trees) == len(used)
    held = Counter(name for one in trees for name in names(one))
    for name, thing in lines.items():
        if thing == NOBODY:
            assert held[name] == held[where[name]], "what is no thing's goes with what it stands in"
        else:
            assert held[name] == 1 and name in names(trees[used.index(thing)])
    for one in trees:
        whole = [name for name in names(root) if name in names(one)]
        assert above(one).items() <= where.items() and names(one) == whole, "in its place, and in the order it had"


def pack(label: str, *orders: tuple[str, str]) -> Loop:
    held: list[Segment | Loop] = [("HL", label), ("MAN", "GM", label)]
    return Loop(
        "HL",
        held + [Loop("HL", [("HL", number), ("PRF", number), Loop("HL", [("HL", item)])]) for number, item in orders],
    )


def test_a_pack_with_items_of_two_orders_stands_in_both_and_any_other_in_one() -> None:
    shared, alone, empty = pack("P1", ("A", "a1"), ("B", "b1")), pack("P2", ("B", "b2")), pack("P3")
    root = Loop("856", [("BSN", "00"), Loop("HL", [("HL", "S"), ("TD5", "UPSN"), shared, alone, empty]), ("CTT", "9")])
    orders = [loop for loop in loops(root) if loop.trigger[1] in ("A", "B")]
    first, second = divided(root, [[orders[0]], orders[1:]], lambda steps: None)
    assert names(first) == ["00", "S", "P1", "A", "a1", "P3"]
    assert names(second) == ["00", "S", "P1", "B", "b1", "P2", "B", "b2", "P3"]
    assert [s for tree in (first, second) for s in tree.walk() if s[0] in ("BSN", "TD5", "CTT")] == [
        ("BSN", "00"), ("TD5", "UPSN"), ("CTT", "9"),
    ] * 2  # fmt: skip


def test_what_it_costs_is_told_before_it_is_spent() -> None:
    items: list[Segment | Loop] = [Loop("HL", [("HL", str(number))]) for number in range(50)]
    common: list[Segment | Loop] = [("REF", str(number)) for number in range(100)]
    told: list[int] = []
    assert len(divided(Loop("856", [*common, *items]), [[one] for one in items], told.append)) == 50
    assert sum(told) == 50 * (100 + 1 + 1)

    def refuse(steps: int) -> None:
        if steps > 1000:
            raise OverflowError

    with pytest.raises(OverflowError):
        divided(Loop("856", [*common, *items]), [[one] for one in items], refuse)
