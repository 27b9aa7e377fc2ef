"""Warehouses and suppliers that are reached by EDIFACT."""

from __future__ import annotations

import pytest

from hub.edi.validation import examine
from hub.flows.partners import partners
from hub.ledger import Quantities
from hub.sdk import Document
from tests.engine.scripted.edifact import THEM, US, edifact, message
from tests.engine.scripted.house import ACTOR, House, Side, line

CANCELLED = {"cancelled_at": "2026-03-02T10:00:00+00:00"}


def backend(house: House, role: str) -> Side:
    """A dock with a partner of that role behind it, agreed on the usual messages."""
    side = house.add("dock", "EDI")
    partners.add_partner(
        house.inst,
        side.id,
        "European",
        ids=[{"qualifier": "14", "value": THEM, "own_qualifier": "14", "own_value": US}],
        agreements=partners.standard_agreements(24, "edifact", role),
        actor=ACTOR,
    )
    return side


def hears(house: House, dock: Side, set_id: str, *body: str, number: int = 1) -> None:
    """The partner sends one message."""
    file = edifact(message(set_id, *body), number=str(number))
    dock.peer.put(Document("edi", f"{number}.edi", file, format="edifact"))
    house.run()


def sent(dock: Side, set_id: str) -> list[list[list[str]]]:
    """The messages of a kind that the partner was sent, each without a fault: its segments as texts."""
    found = []
    for effect in dock.peer.effects:
        for interchange in examine(effect.payload):
            assert [f for f in interchange.all_findings() if f.is_error] == []
            for one in interchange.sets:
                if one.set_id == set_id and one.tree is not None:
                    found.append([[str(value) for value in segment] for segment in one.tree.root.walk()])
    return found


def numbers(segments: list[list[str]], qualifier: str) -> list[str]:
    """What a reference of this kind names, in order."""
    return [s[1].split("'")[3] for s in segments if s[0] == "RFF" and s[1].startswith(f"('{qualifier}'")]


def test_a_warehouse_gets_an_iftmin_and_answers_with_a_desadv(house: House) -> None:
    dock, shop = backend(house, "warehouse"), house.shop()
    order = house.order(shop, lines=[line("a", "MUG", 3), line("b", "TEA", 1)])
    (asked,) = sent(dock, "IFTMIN")
    reference, (mug, tea) = asked[0][2], numbers(asked, "LI")
    assert asked[0][3] == "9" and len(house.messages(direction="out", kind="fulfillment", set_id="IFTMIN")) == 1
    hears(
        house, dock, "DESADV", "BGM+351+ASN-1+9", "DTM+137:20260303:102", f"RFF+ON:{reference}", "TDT+20++++:::DHL",
        "CPS+1", "PAC+1++CT", "PCI+33E", "RFF+CN:JD01", f"LIN+{mug}", "PIA+1+MUG:SA", "QTY+12:1:PCE", "QVR+-2:21+CP",
        f"LIN+{tea}", "PIA+1+TEA:SA", "QTY+12:1:PCE",
    )  # fmt: skip
    assert house.parked() == [] and house.sums(order) == Quantities(ordered=4, shipped=2)
    assert house.holds(order) == ["hold.short-shipped"]
    assert [p["tracking"] for p in shop.peer.of("shipment")[0].json["packages"]] == ["JD01"]


def test_a_warehouse_is_told_of_a_cancellation_by_another_iftmin(house: House) -> None:
    dock, shop = backend(house, "warehouse"), house.shop()
    order = house.order(shop)
    house.order(shop, **CANCELLED)
    assert [asked[0][3] for asked in sent(dock, "IFTMIN")] == ["9", "1"]
    assert house.sums(order) == Quantities(ordered=2, allocated=2), "until a document gives them back"


@pytest.mark.parametrize(
    ("code", "sums"),
    [("29", Quantities(ordered=2, cancelled=2)), ("27", Quantities(ordered=2, allocated=2))],
)
def test_a_suppliers_ordrsp_decides_on_a_cancellation(house: House, code: str, sums: Quantities) -> None:
    dock, shop = backend(house, "supplier"), house.shop()
    order = house.order(shop)
    house.order(shop, **CANCELLED)
    (asked,), (changed,) = sent(dock, "ORDERS"), sent(dock, "ORDCHG")
    assert changed[0][3] == "1"
    hears(
        house, dock, "ORDRSP", f"BGM+231+R-1+{code}", "DTM+137:20260303:102", f"RFF+ON:{asked[0][2]}", "RFF+PP:C-1",
        "UNS+S", "CNT+2:0",
    )  # fmt: skip
    assert house.parked() == [] and house.sums(order) == sums
