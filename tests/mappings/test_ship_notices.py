"""A ship notice about several orders: whatever the order of its levels, each line is in one shipment, its order's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.edi.tree import Loop, Segment, TransactionSet
from hub.mapping import Library, MappingError

LIBRARY = Library([Path(__file__).parents[2] / "mappings"])
X12, EDIFACT = LIBRARY.get("x12/856.in"), LIBRARY.get("edifact/desadv.in")
LABELS = ["006141411234567890", "006141411234567906", "006141411234567913"]
STRUCTURES = ["OPI", "POI", "TOPI", "TPOI", "OTPI", "OTI", "TOI", "OI", "PI", "I"]
"""The levels below the shipment, outermost first; without an O each item names its order."""


class Item(NamedTuple):
    """An item: its order, and the place of its pack."""

    order: str
    pack: int
    units: int


ITEMS = st.lists(
    st.builds(Item, st.sampled_from(["A", "B", "C"]), st.integers(0, 2), st.integers(1, 9)), min_size=1, max_size=8
)


def ship_notice(structure: str, items: Sequence[Item]) -> TransactionSet:
    """An 856 with a loop for each different way down the levels; an item's LIN01 is its place."""
    shipment = Loop("HL", [("HL", "1", "", "S"), ("TD5", "B", "2", "UPSN")])
    made: dict[tuple[Any, ...], Loop] = {}
    for place, item in enumerate(items):
        loop, way = shipment, ()
        for level in structure:
            which = {"O": item.order, "P": item.pack, "T": item.pack, "I": place}[level]
            way = (*way, (level, which))
            if way not in made:
                made[way] = Loop(
                    "HL",
                    [("HL", str(len(made) + 2), str(loop.trigger[1]), level), *said(level, item, place, structure)],
                )
                loop.children.append(made[way])
            loop = made[way]
    return TransactionSet(
        "x12", "856", "004010", "1", Loop("856", [("BSN", "00", "ASN-1", "20260304", "1130"), shipment, ("CTT", "9")])
    )


def said(level: str, item: Item, place: int, structure: str) -> list[Segment]:
    """What stands at a level beside its HL."""
    if level == "O":
        return [("PRF", item.order)]
    if level in "PT":
        return [("MAN", "GM", "00" + LABELS[item.pack])]
    own: list[Segment] = [] if "O" in structure else [("PRF", item.order)]
    return [("LIN", str(place), "VN", "MUG"), ("SN1", "", str(item.units), "EA"), *own]


def despatch_advice(items: Sequence[Item]) -> TransactionSet:
    """A DESADV with a packing level for each pack; an item's LIN 1082 is its place."""
    packs = {pack: Loop("SG10", [("CPS", str(pack + 2), "1")]) for pack in sorted({item.pack for item in items})}
    for pack, level in packs.items():
        label = Loop("SG14", [("GIN", "BJ", LABELS[pack])])
        level.children.append(Loop("SG11", [("PAC", "1"), Loop("SG13", [("PCI", "33E"), label])]))
    for place, item in enumerate(items):
        said = [
            ("LIN", str(place)),
            ("QTY", ("12", str(item.units), "PCE")),
            Loop("SG16", [("RFF", ("ON", item.order))]),
        ]
        packs[item.pack].children.append(Loop("SG15", said))
    shipment = Loop("SG10", [("CPS", "1"), *packs.values()])
    return TransactionSet("edifact", "DESADV", "D96A", "1", Loop("DESADV", [("BGM", "351", "ASN-1", "9"), shipment]))


def shipped(made: Sequence[dict[str, Any]]) -> list[tuple[str, int, str | None, int]]:
    """Every line of every package: the order, the line's number, the label, the units."""
    return sorted(
        (shipment["reference"], int(line["line"]), package.get("sscc"), int(line["quantity"]))
        for shipment in made
        for package in shipment["packages"]
        for line in package["lines"]
    )


@settings(max_examples=30)
@example("OPI", [Item("A", 0, 1)] * 40 + [Item("B", 0, 2)] * 40)
@given(st.sampled_from(STRUCTURES), ITEMS)
def test_each_item_of_an_856_ships_once_with_its_order_in_its_pack(structure: str, items: list[Item]) -> None:
    made = [X12.run(part) for part in X12.split(ship_notice(structure, items))]
    packed = "P" in structure or "T" in structure
    assert shipped(made) == sorted(
        (item.order, place, LABELS[item.pack] if packed else None, item.units) for place, item in enumerate(items)
    )
    assert len({shipment["external_id"] for shipment in made}) == len(made) == len({item.order for item in items})
    assert all(shipment["carrier"] == "UPSN" for shipment in made)


@settings(max_examples=15)
@given(ITEMS)
def test_each_line_of_a_desadv_ships_once_with_its_order_in_its_pack(items: list[Item]) -> None:
    made = [EDIFACT.run(part) for part in EDIFACT.split(despatch_advice(items))]
    assert shipped(made) == sorted(
        (item.order, place, LABELS[item.pack], item.units) for place, item in enumerate(items)
    )


def test_a_set_about_one_order_is_the_set_itself_and_a_part_is_its_own() -> None:
    alone = ship_notice("POI", [Item("A", 0, 1), Item("A", 1, 2)])
    assert X12.split(alone) == [alone] and X12.split(alone)[0] is alone
    for part in X12.split(ship_notice("POI", [Item("A", 0, 1), Item("B", 0, 2)])):
        assert X12.split(part) == [part] and part.envelope == alone.envelope


def test_an_item_without_an_order_is_the_only_orders_or_told_by_itself() -> None:
    one, two = ship_notice("OI", [Item("A", 0, 1)]), ship_notice("OI", [Item("A", 0, 1), Item("B", 0, 1)])
    stray = Loop("HL", [("HL", "9", "1", "I"), ("LIN", "7", "VN", "TEA"), ("SN1", "", "4", "EA")])
    for notice in (one, two):
        notice.root.children[1].children.append(stray)
    assert shipped([X12.run(part) for part in X12.split(one)]) == [("A", 0, None, 1), ("A", 7, None, 4)]
    *told, nameless = X12.named_parts(two)
    assert [name for name, _ in told] == ["A", "B"] and nameless[0] == ""
    with pytest.raises(MappingError) as failed:
        X12.run(nameless[1])
    assert [finding.target for finding in failed.value.findings] == ["reference"]


def test_an_order_without_items_is_a_part_of_its_own() -> None:
    notice = ship_notice("OI", [Item("A", 0, 1), Item("B", 0, 1)])
    empty = Loop("HL", [("HL", "9", "1", "O"), ("PRF", "C")])
    notice.root.children[1].children.append(empty)
    parts = dict(X12.named_parts(notice))
    assert list(parts) == ["A", "B", "C"] and "packages" not in X12.run(parts["C"])


def test_several_orders_before_the_lines_of_a_desadv_do_not_say_whose_a_line_is() -> None:
    advice = despatch_advice([Item("A", 0, 1)])
    (line,) = [
        loop for pack in advice.root.children[-1].children[1:] for loop in pack.children if isinstance(loop, Loop)
    ][1:]
    line.children.pop()
    advice.root.children[1:1] = [Loop("SG1", [("RFF", ("ON", "A"))])]
    assert shipped([EDIFACT.run(part) for part in EDIFACT.split(advice)]) == [("A", 0, LABELS[0], 1)]
    advice.root.children[1:1] = [Loop("SG1", [("RFF", ("ON", "B"))])]
    with pytest.raises(MappingError):
        EDIFACT.run(*EDIFACT.split(advice))
