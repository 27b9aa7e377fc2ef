"""A supplier that others wrote reads our purchase orders, promises, ships and bills by its own lights."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from sqlalchemy import select

from hub.flows.partners import partners
from hub.ledger import Quantities
from hub.store.tables import invoices
from tests.engine.scripted.dock import SUPPLIER
from tests.engine.scripted.edi import US
from tests.engine.scripted.house import ACTOR, House, Side, line
from tests.engine.scripted.stranger import Stranger, stranger

LINES = [line("a", "WIDGET-001", 3), line("b", "GEAR-100", 2)]


@pytest.fixture
def dock(house: House) -> Side:
    side = house.add("dock", "EDI")
    agreed = [
        {**row, "mapping": "stranger/850.out"} if row["set_id"] == "850" else row
        for row in partners.standard_agreements(24, role="supplier")
    ]
    partners.add_partner(
        house.inst,
        side.id,
        "Stranger",
        ids=[{"qualifier": "ZZ", "value": SUPPLIER, "own_qualifier": "ZZ", "own_value": US}],
        agreements=agreed,
        settings={"rules": {"edi.segment-out-of-sequence": "warning"}},  # it writes a line's PID after its ACK
        actor=ACTOR,
    )
    return side


@pytest.fixture
def supplier(house: House, dock: Side) -> Iterator[Stranger]:
    with stranger(house, dock, SUPPLIER) as opened:
        yield opened


def test_an_order_is_promised_shipped_and_billed(house: House, supplier: Stranger) -> None:
    shop = house.shop()
    order = house.order(shop, lines=LINES)
    supplier.converse()
    assert house.parked() == [] and house.sums(order) == Quantities(ordered=5, shipped=5)
    assert len(shop.peer.of("shipment")) == 1
    ((number, total),) = house.rows(select(invoices.c.number, invoices.c.total))
    assert number.startswith("INV") and total == Decimal("55.30")
    (asked,) = house.messages(kind="fulfillment", direction="out")
    assert asked.acknowledged == "accepted"
    answers = [row for row in supplier.mock.documents() if row["code"] == "997" and row["direction"] == "in"]
    assert len(answers) == 3 and all(row["accepted"] for row in answers)


@pytest.mark.parametrize(
    ("behaviour", "shipped", "free", "billed", "parked"),
    [
        ("short-ship", 4, 1, ["42.8"], []),  # what it will not ship is held for a person
        ("reject-line", 3, 2, ["37.5"], []),
        ("reject-all", 0, 5, [], []),
        ("duplicate-invoice", 5, 0, ["55.3"], []),
        ("out-of-order", 5, 0, ["55.3"], []),  # billed, shipped, promised
        ("over-ship", 0, 0, [], ["shipment.exceeds-allocation", "invoice.exceeds-order"]),
        ("corrupt", 0, 0, [], ["edi.rejected", "edi.rejected", "edi.rejected"]),  # wrong SE01
        ("reject-ack", 0, 0, [], ["acknowledgement.rejected"]),
    ],
)
def test_whatever_it_does_is_taken_for_what_it_is(
    house: House, supplier: Stranger, behaviour: str, shipped: int, free: int, billed: list[str], parked: list[str]
) -> None:
    supplier.mock.behaviour(US, behaviour)
    order = house.order(house.shop(), lines=LINES)
    supplier.converse()
    sums = house.sums(order)
    assert (sums.shipped, sums.open, sums.allocated) == (shipped, free, 5 - shipped - free)
    assert bool(house.holds(order)) is bool(free)
    assert house.rows(select(invoices.c.total)) == [(Decimal(one),) for one in billed]
    assert house.parked() == parked


def test_its_silence_raises_an_alert(house: House, supplier: Stranger) -> None:
    supplier.mock.behaviour(US, "no-ack")
    house.order(house.shop(), lines=LINES)
    supplier.converse()
    house.look(later=25 * 3600)
    assert house.alerts() == ["acknowledgement.overdue"]
