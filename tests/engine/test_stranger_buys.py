"""A buyer that others wrote compares what we promise, ship and bill with what it ordered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.scripted.edi import THEM, US, partner, segments, sent
from tests.engine.scripted.house import House, Side, package
from tests.engine.scripted.stranger import Stranger, stranger

NUMBER = "4500001001"
LINES = [
    {"sku": "WIDGET-001", "quantity": "4", "uom": "EA", "price": "12.50"},
    {"sku": "GEAR-100", "quantity": "2", "uom": "EA", "price": "8.90"},
]


@pytest.fixture
def mailbox(house: House) -> Side:
    side = house.add("mailbox", "Mailbox")
    house.depot()
    partner(house, side)
    return side


@pytest.fixture
def buyer(house: House, mailbox: Side) -> Iterator[Stranger]:
    with stranger(house, mailbox, THEM, role="supplier") as opened:
        yield opened


def place(buyer: Stranger) -> None:
    """It orders, and hears whatever is answered at once."""
    buyer.mock.expect("POST", "/_mock/purchase", {"partner": US, "po_number": NUMBER, "lines": LINES}, status=201)
    buyer.converse()


def ship(house: House, name: str, **quantities: int) -> None:
    """The depot ships so many of each line that it was asked for last."""
    depot = house.sides["Depot"]
    asked = depot.peer.of("fulfillment")[-1].json
    numbers = {row["sku"].partition("-")[0].lower(): row["line"] for row in asked["lines"]}
    packed = [{"line": numbers[word], "quantity": quantity} for word, quantity in quantities.items()]
    house.ship(depot, name, package(name, *packed), reference=asked["reference"])
    house.run()


def quantities(buyer: Stranger) -> list[list[str]]:
    """Of each line what it ordered, and what we confirmed, shipped and billed, by its books."""
    columns = ("ordered", "confirmed", "shipped", "billed")
    return [[row[name] for name in columns] for row in buyer.order(NUMBER)["reconciliation"]]


def test_what_it_orders_is_promised_shipped_and_billed_as_it_expects(house: House, buyer: Stranger) -> None:
    place(buyer)
    ship(house, "S1", widget=3)
    buyer.converse()
    ship(house, "S2", widget=1, gear=2)
    buyer.converse()
    assert house.parked() == []
    assert quantities(buyer) == [["4", "4", "4", "4"], ["2", "2", "2", "2"]]
    assert buyer.order(NUMBER)["disagreements"] == []
    heard = [row for row in buyer.mock.documents() if row["direction"] == "in"]
    assert sorted(row["code"] for row in heard) == ["810", "810", "855", "856", "856", "997"]
    assert all(row["accepted"] for row in heard)


def test_an_order_that_it_sends_twice_is_one_order(house: House, buyer: Stranger) -> None:
    buyer.mock.behaviour(US, "duplicate-order")
    place(buyer)
    assert len(house.sides["Depot"].peer.of("fulfillment")) == 1 and house.parked() == []
    ship(house, "S1", widget=4, gear=2)
    buyer.converse()
    assert quantities(buyer) == [["4", "4", "4", "4"], ["2", "2", "2", "2"]]


def test_a_change_after_our_promise_is_taken_back_from_the_warehouse_and_answered(
    house: House, buyer: Stranger
) -> None:
    buyer.mock.behaviour(US, "change-after-confirm")
    place(buyer)
    ship(house, "S1", widget=2, gear=2)
    buyer.converse()
    assert house.parked() == []
    assert quantities(buyer) == [["2", "2", "2", "2"], ["2", "2", "2", "2"]]
    assert buyer.order(NUMBER)["disagreements"] == []


def test_a_cancel_that_comes_after_the_goods_have_left_is_refused(house: House, buyer: Stranger) -> None:
    buyer.mock.behaviour(US, "cancel-late")
    place(buyer)
    ship(house, "S1", widget=4, gear=2)
    buyer.converse()
    assert house.parked() == []
    ((_, answer),) = sent(buyer.mailbox, "865")
    assert segments(answer, "BCA")[0][2] == "RD"
    assert quantities(buyer) == [["4", "4", "4", "4"], ["2", "2", "2", "2"]]
