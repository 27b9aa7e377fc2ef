"""Warehouses and suppliers that are reached by EDIFACT."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from hub.edi.validation import examine
from hub.flows.partners import partners
from hub.ledger import Quantities
from hub.sdk import Document
from hub.store.tables import inventory_levels, packages
from tests.engine.scripted.edifact import THEM, US, edifact, edifact_order, edifact_partner, message
from tests.engine.scripted.house import ACTOR, House, Side, line, package

CANCELLED = {"cancelled_at": "2026-03-02T10:00:00+00:00"}


def backend(house: House, *roles: str) -> Side:
    """A dock with a partner behind it that is all that, agreed on the usual messages."""
    side = house.add("dock", "EDI")
    partners.add_partner(
        house.inst,
        side.id,
        "European",
        ids=[{"qualifier": "14", "value": THEM, "own_qualifier": "14", "own_value": US}],
        agreements=[row for role in roles for row in partners.standard_agreements(24, "edifact", role)],
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


def test_a_desadv_about_several_orders_ships_each_and_a_strange_one_waits(house: House) -> None:
    dock, shop = backend(house, "supplier"), house.shop()
    orders = [house.order(shop, key, lines=[line("a", "MUG", 3)]) for key in ("o1", "o2")]
    asked = [(said[0][2], [s[1] for s in said if s[0] == "LIN"][0]) for said in sent(dock, "ORDERS")]
    packs = [
        (
            f"CPS+{place}+1",
            "PAC+1++CT",
            "PCI+33E",
            f"RFF+CN:JD0{place}",
            f"LIN+{ours}",
            "QTY+12:3:PCE",
            f"RFF+ON:{number}",
        )
        for place, (number, ours) in enumerate([*asked, ("STRANGER", "1")], 2)
    ]
    said = ["BGM+351+ASN-1+9", "DTM+137:20260303:102", "CPS+1", *(segment for pack in packs for segment in pack)]
    for control in (1, 2):
        hears(house, dock, "DESADV", *said, number=control)
        assert house.parked() == ["shipment.unknown-reference"] and len(house.messages(format="edi-part")) == 3
    assert [house.sums(order) for order in orders] == [Quantities(ordered=3, shipped=3)] * 2
    assert [p["tracking"] for one in shop.peer.of("shipment") for p in one.json["packages"]] == ["JD02", "JD03"]


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


# -- stock, returns and goods on their way --------------------------------------------------------------------------


def shipped(house: House, dock: Side) -> tuple[Side, int, str, str]:
    """An order of two mugs that has shipped without a tracking number: shop, order, our reference, our line number."""
    shop = house.shop()
    order = house.order(shop, lines=[line("a", "MUG", 2)])
    (asked,) = sent(dock, "IFTMIN")
    reference, (mug,) = asked[0][2], numbers(asked, "LI")
    hears(
        house, dock, "DESADV", "BGM+351+ASN-1+9", "DTM+137:20260303:102", f"RFF+ON:{reference}", "CPS+1", "PAC+1++CT",
        f"LIN+{mug}", "PIA+1+MUG:SA", "QTY+12:2:PCE",
    )  # fmt: skip
    assert house.parked() == [] and house.sums(order) == Quantities(ordered=2, shipped=2)
    return shop, order, reference, mug


def test_an_invrpt_states_the_levels_and_an_older_one_is_left_out(house: House) -> None:
    dock = backend(house, "warehouse")
    stock = ("NAD+WH+RENO::91", "LIN+1", "PIA+5+MUG:SA", "QTY+33:40:PCE", "QTY+17:44:PCE")
    hears(house, dock, "INVRPT", "BGM+35+STOCK-2+9", "DTM+137:202603031400:203", *stock)
    hears(house, dock, "INVRPT", "BGM+35+STOCK-1+9", "DTM+137:202603030600:203", *stock[:3], "QTY+33:7:PCE", number=2)
    columns = inventory_levels.c
    rows = house.rows(select(columns.sku, columns.location, columns.available, columns.on_hand, columns.cause))
    assert house.parked() == [] and [tuple(row) for row in rows] == [("MUG", "RENO", 40, 44, "STOCK-2")]


def test_a_recadv_that_names_our_reference_is_what_came_back_of_it(house: House) -> None:
    dock = backend(house, "warehouse")
    _, order, reference, mug = shipped(house, dock)
    goods = ("CPS+1", "LIN+1", "PIA+5+MUG:SA", "QTY+194:1:PCE", f"RFF+LI:{mug}")
    received = ("DTM+137:20260310:102", f"RFF+ON:{reference}", "NAD+DP+RENO::91", *goods)
    hears(house, dock, "RECADV", "BGM+632+R-1+9", *received, number=2)
    assert house.parked() == [] and house.sums(order) == Quantities(ordered=2, shipped=2, returned=1)
    bought = [segment for segment in received if not segment.startswith("RFF")]
    hears(house, dock, "RECADV", "BGM+632+R-2+9", *bought, number=3)
    assert house.sums(order) == Quantities(ordered=2, shipped=2, returned=1)
    assert [(e.data["cause"], e.data["units"]) for e in house.events("stock.received")] == [("R-2", "1")]


def test_an_iftsta_tells_where_a_shipment_is_and_by_what_number_it_goes(house: House) -> None:
    dock = backend(house, "warehouse", "carrier")
    shop, _, reference, _ = shipped(house, dock)
    hears(
        house, dock, "IFTSTA", "BGM+77+ST-1+9", "RFF+CN:JD01", f"RFF+CU:{reference}", "CNI+1", "STS++13",
        "DTM+334:202603041200:203", "LOC+7+:::BONN", "STS++21", "DTM+334:202603050930:203", number=2,
    )  # fmt: skip
    assert house.parked() == []
    said = [(e.data["status"], e.data["place"], e.data["at"]) for e in house.events("shipment.status")]
    assert said == [("picked up", "BONN", "2026-03-04T12:00:00Z"), ("delivered", "", "2026-03-05T09:30:00Z")]
    assert [row.tracking_number for row in house.rows(select(packages))] == ["JD01"]
    assert [p["tracking"] for effect in shop.peer.of("tracking") for p in effect.json["packages"]] == ["JD01"]


def test_a_retann_opens_a_return_and_its_goods_are_received(house: House) -> None:
    mailbox, depot = house.add("mailbox", "Mailbox"), house.depot()
    edifact_partner(house, mailbox)
    partners.agree(house.inst, "European buyer", "RETANN", "in", given={}, actor=ACTOR)
    mailbox.peer.put(Document("edi", "po.edi", edifact(edifact_order("4711")), format="edifact"))
    house.run()
    row = depot.peer.of("fulfillment")[0].json
    house.ship(depot, "S1", package("1", {"line": row["lines"][0]["line"], "quantity": 2}))
    house.run()
    hears(
        house, mailbox, "RETANN", "BGM+24E+RMA-9+9", "DTM+137:20260308:102", "RFF+ON:4711", "LIN+1", "PIA+5+MUG:SA",
        "QTY+61:1:PCE", "RFF+LI:1", "UNS+S", number=2,
    )  # fmt: skip
    assert house.parked() == [] and [e.data["status"] for e in house.events("return.opened")] == ["requested"]
    house.tell(depot, "return", "W1", reference=row["reference"], lines=[{"sku": "MUG", "quantity": 1}])
    house.run()
    (order,) = {m.order_id for m in house.messages(kind="return", direction="in")}
    assert house.sums(order) == Quantities(ordered=2, shipped=2, returned=1)
