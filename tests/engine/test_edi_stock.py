"""What warehouses tell by EDI of their stock, of returns and of goods on their way."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from hub.flows.partners import partners
from hub.ledger import Quantities
from hub.sdk import Document
from hub.store.tables import inventory_levels, packages
from tests.engine.scripted.dock import CARRIER, advice, carrier, says, transaction, warehouse
from tests.engine.scripted.edi import interchange, partner, purchase_order, segments, sent
from tests.engine.scripted.house import House, Side, line, package


@pytest.fixture
def dock(house: House) -> Side:
    side = house.add("dock", "EDI")
    warehouse(house, side, test=True)
    return side


def counts(house: House, dock: Side, *lines: str, at: str = "20260303*0615", number: int = 1, **facts: Any) -> None:
    """The warehouse sends an 846. Each of `lines`: LIN and its QTYs."""
    body = [segment for one in lines for segment in one.split("~")]
    stock = transaction("846", f"BIA*00*DD*STOCK-{number}*{at}", "N1*WH*RENO*91*RENO", *body, f"CTT*{len(lines)}")
    says(house, dock, stock, number=number, functional_id="IB", **facts)


def levels(house: House) -> list[tuple[Any, ...]]:
    columns = inventory_levels.c
    return [tuple(row) for row in house.rows(select(columns.sku, columns.location, columns.available, columns.cause))]


def test_story_30_levels_are_absolute_counts_and_nothing_else_changes_them(house: House, dock: Side) -> None:
    counts(house, dock, "LIN*1*VN*MUG~QTY*33*40*EA~QTY*17*44*EA")
    assert levels(house) == [("MUG", "RENO", 40, "STOCK-1")]
    moved = {
        "943": ("AR", "W06*F*TO-5*20260303*S-5", "N1*ST*RENO", "W27*M*ABCD", "W04*480*EA**VN*MUG", "W03*480"),
        "944": ("RE", "W17*F*20260303*WR-6*PO-88", "N1*WH*RENO", "W07*480*EA**VN*MUG", "W14*480"),
        "947": ("AW", "W15*20260303*ADJ-9*D-77", "N1*WH*RENO", "W19*AA*-2*EA**VN*MUG"),
    }
    for number, (set_id, (functional_id, *body)) in enumerate(moved.items(), 2):
        says(house, dock, transaction(set_id, *body), number=number, functional_id=functional_id)
    assert house.parked() == [] and levels(house) == [("MUG", "RENO", 40, "STOCK-1")]
    kinds = ("stock.announced", "stock.received", "stock.adjusted")
    causes = [(e.data["cause"], e.data["units"]) for kind in kinds for e in house.events(kind)]
    assert causes == [("S-5", "480"), ("WR-6", "480"), ("20260303-ADJ-9", "-2")]
    assert [e.data["carrier"] for kind in kinds for e in house.events(kind)] == ["ABCD", "", ""]
    counts(house, dock, "LIN*1*VN*MUG~QTY*33*518*EA", number=8, at="20260304*0600")
    counts(house, dock, "LIN*1*VN*MUG~QTY*33*7*EA", number=9)
    assert levels(house) == [("MUG", "RENO", 518, "STOCK-8")], "an older count that comes late is left out"


def test_stock_that_is_said_in_test_is_not_taken_for_real(house: House, dock: Side) -> None:
    counts(house, dock, "LIN*1*VN*MUG~QTY*33*40*EA", usage="T")
    adjusted = transaction("947", "W15*20260303*ADJ-9*D-77", "N1*WH*RENO", "W19*AA*-2*EA**VN*MUG")
    says(house, dock, adjusted, number=2, functional_id="AW", usage="T")
    assert levels(house) == [] and house.events("stock.adjusted") == []
    assert [m.reason for m in house.messages(via="split")] == ["stock.test", "stock.test"]


def shipped(house: House, dock: Side) -> tuple[Side, int, str, str]:
    """An order of two mugs that has shipped without a tracking number: shop, order, our reference, our line number."""
    shop = house.shop()
    order = house.order(shop, lines=[line("a", "MUG", 2)])
    tree = sent(dock, "940")[0][1]
    reference = str(segments(tree, "W05")[0][2])
    number = next(str(n9[2]) for n9 in segments(tree, "N9") if n9[1] == "LI")
    says(house, dock, advice(reference, f"W12*CC*2*2**EA**VN*MUG~N9*LI*{number}"), number=50)
    assert house.sums(order) == Quantities(ordered=2, shipped=2)
    return shop, order, reference, number


def test_a_receipt_that_names_a_return_is_that_return(house: House, dock: Side) -> None:
    shop, order, reference, number = shipped(house, dock)
    opened = {"order": "o1", "rma": "RMA-17", "lines": [{"id": "R1-a", "line": "a", "quantity": 1}]}
    house.tell(shop, "return", "R1", status="open", **opened)
    house.run()
    back = transaction("944", "W17*F*20260310*WR-5", "N1*WH*RENO", "N9*RZ*RMA-17", "W07*1*EA**VN*MUG", "W14*1")
    says(house, dock, back, number=51, functional_id="RE")
    assert house.parked() == [] and house.sums(order) == Quantities(ordered=2, shipped=2, returned=1)
    assert [effect.json["return"] for effect in shop.peer.of("return")] == ["R1"]
    named = transaction(
        "944", f"W17*F*20260311*WR-6*{reference}", "N1*WH*RENO", "W07*1*EA**VN*MUG", f"N9*LI*{number}", "W14*1"
    )
    says(house, dock, named, number=52, functional_id="RE")
    assert house.sums(order) == Quantities(ordered=2, shipped=2, returned=2)
    says(house, dock, back.replace("RMA-17", "RMA-99").replace("WR-5", "WR-7"), number=53, functional_id="RE")
    assert house.parked() == ["return.unknown-order"]


def status(reference: str, *codes: str, tracking: str = "1Z77") -> str:
    """A 214."""
    at = [
        s
        for n, code in enumerate(codes, 1)
        for s in (f"LX*{n}", f"AT7*{code}*NS***2026030{3 + n}*1200", "MS1*RENO*NV*US")
    ]
    return transaction("214", f"B10*PRO-1*{reference}*UPSN", f"L11*{tracking}*2I", *at)


def test_a_carrier_tells_where_a_shipment_is_and_by_what_number_it_goes(house: House, dock: Side) -> None:
    carrier(house, dock)
    shop, _, reference, _ = shipped(house, dock)
    says(house, dock, status(reference, "AF", "D1"), functional_id="QM", sender=CARRIER)
    assert house.parked() == []
    said = [(e.data["status"], e.data["place"], e.data["at"]) for e in house.events("shipment.status")]
    assert said == [
        ("departed", "RENO, NV, US", "2026-03-04T12:00:00Z"),
        ("delivered", "RENO, NV, US", "2026-03-05T12:00:00Z"),
    ]
    assert [row.tracking_number for row in house.rows(select(packages))] == ["1Z77"]
    assert [p["tracking"] for effect in shop.peer.of("tracking") for p in effect.json["packages"]] == ["1Z77"]
    says(house, dock, status("NOBODY", "SD"), number=2, functional_id="QM", sender=CARRIER)
    assert len(shop.peer.of("tracking")) == 1 and len(house.events("shipment.status")) == 3, "found by its number"
    says(house, dock, status("NOBODY", "SD", tracking="1Z0"), number=3, functional_id="QM", sender=CARRIER)
    assert house.parked() == ["transport.unknown-shipment"]


def test_a_partner_announces_a_return_and_hears_what_came_back(house: House) -> None:
    mailbox, depot = house.add("mailbox", "Mailbox"), house.depot()
    partner(house, mailbox, agreements=[
        *partners.standard_agreements(),
        {"direction": "in", "set_id": "180", "kind": "return", "mapping": "x12/180.in"},
        {"direction": "out", "set_id": "180", "kind": "return", "mapping": "x12/180.out"},
    ])  # fmt: skip
    mailbox.peer.put(Document("edi", "po.edi", interchange(purchase_order("A1")), format="x12"))
    house.run()
    row = depot.peer.of("fulfillment")[0].json
    house.ship(depot, "S1", package("1", {"line": row["lines"][0]["line"], "quantity": 2}))
    house.run()
    announced = transaction(
        "180", "BGN*00*RMA-9*20260308", "RDR*RA*OV", "PRF*A1", "N9*RZ*RMA-9", "BLI*VN*MUG*1*EA", "RDR*RA*DM"
    )
    back = interchange(announced, number=2, functional_id="AN")
    mailbox.peer.put(Document("edi", "rma.edi", back, format="x12"))
    house.run()
    assert house.parked() == [] and [e.data["status"] for e in house.events("return.opened")] == ["open"]
    house.tell(depot, "return", "W1", reference=row["reference"], lines=[{"sku": "MUG", "quantity": 1}])
    house.run()
    ((_, tree),) = sent(mailbox, "180")
    assert segments(tree, "PRF")[0][1] == "A1" and segments(tree, "BGN")[0][2] == "RMA-9"
    assert [bli[1:5] for bli in segments(tree, "BLI")] == [("VN", "MUG", "1", "EA")]
