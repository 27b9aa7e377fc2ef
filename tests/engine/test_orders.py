"""Orders from the shop to the backend: the gate, its holds, routing, cross-references."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from hub.errors import Refused
from hub.flows import actions, setup
from hub.ledger import Quantities
from hub.sdk import Document
from hub.store.tables import orders, sku_components
from tests.engine.scripted import both
from tests.engine.scripted.house import ACTOR, START, House, line, package


@both
def test_an_order_goes_to_the_only_backend(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop)
    (sent,) = depot.peer.of("fulfillment")
    (row,) = house.lines(order).values()
    assert sent.json == {
        "reference": sent.json["reference"],
        "order": "#o1",
        "name": "Ada King",
        "lines": [{"line": str(row.id), "sku": "MUG", "quantity": 2}],
    }
    assert house.sums(order) == Quantities(ordered=2, allocated=2)
    assert house.parked() == [] and house.holds(order) == []


HOLDS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("hold.unpaid", {"payment": "pending"}, {"payment": "paid"}),
    ("hold.unpaid", {"payment": "authorized"}, {"payment": "paid"}),
    ("hold.unpaid", {"payment": "voided"}, {"payment": "terms"}),
    ("hold.test-order", {"test": True}, {"test": False}),
    ("hold.source", {"holds": ["fraud review"]}, {"holds": []}),
    ("hold.total-mismatch", {"subtotal": "10", "total": "12"}, {"subtotal": "12", "total": "12"}),
    ("hold.no-sku", {"lines": [line("l", None, 2)]}, {"lines": [line("l", "MUG", 2)]}),
]


@pytest.mark.parametrize(("code", "held", "lifted"), HOLDS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_hold_keeps_an_order_until_its_source_lifts_it(
    house: House, code: str, held: dict[str, Any], lifted: dict[str, Any]
) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop, **held)
    assert house.holds(order) == [code] and depot.peer.effects == []
    house.order(shop, **lifted)
    assert house.holds(order) == [] and len(depot.peer.of("fulfillment")) == 1
    assert house.sums(order) == Quantities(ordered=2, allocated=2)


@pytest.mark.parametrize("code", ["hold.unpaid", "hold.source", "hold.test-order", "hold.total-mismatch"])
def test_a_person_lifts_a_hold_for_good(house: House, code: str) -> None:
    shop, depot = house.shop(), house.depot()
    held = next(facts for name, facts, _ in HOLDS if name == code)
    order = house.order(shop, **held)
    actions.release_hold(house.inst, house.hold(order, code), ACTOR)
    house.drain()
    assert len(depot.peer.of("fulfillment")) == 1
    house.order(shop, **held, note="the source says something else")
    assert house.holds(order) == [] and len(depot.peer.of("fulfillment")) == 1


def test_a_persons_hold_is_lifted_by_a_person_only(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop, payment="pending")
    actions.place_hold(house.inst, order, "waiting for a call", ACTOR)
    house.order(shop)
    assert house.holds(order) == ["hold.by-hand"] and depot.peer.effects == []
    actions.release_hold(house.inst, house.hold(order, "hold.by-hand"), ACTOR)
    house.drain()
    assert len(depot.peer.of("fulfillment")) == 1


def test_a_hold_that_is_not_open_cannot_be_lifted(house: House) -> None:
    with pytest.raises(Refused, match="no longer open"):
        actions.release_hold(house.inst, 99, ACTOR)


def test_a_foreign_location_holds_its_line_alone(house: House) -> None:
    shop = house.shop(policy={"gate": {"locations": ["ours"]}})
    depot = house.depot()
    order = house.order(shop, lines=[line("a", "MUG", 1, location="ours"), line("b", "TEA", 1, location="theirs")])
    assert house.holds(order) == ["hold.location"]
    assert [found["sku"] for found in depot.peer.of("fulfillment")[0].json["lines"]] == ["MUG"]


def test_what_does_not_ship_is_not_counted(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop, lines=[line("a", "MUG", 1), line("b", "GIFT", 3, ships=False)])
    assert house.sums(order) == Quantities(ordered=1, allocated=1)
    assert len(depot.peer.of("fulfillment")[0].json["lines"]) == 1


def test_what_was_fulfilled_elsewhere_before_it_came_is_not_sent(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop, lines=[line("a", "MUG", 3, elsewhere=2)])
    assert depot.peer.of("fulfillment")[0].json["lines"][0]["quantity"] == 1
    assert house.sums(order) == Quantities(ordered=3, shipped=2, allocated=1)


@pytest.mark.parametrize(
    "facts",
    [
        {"email": None, "note": None},
        {"ship_to": {"name": None, "address1": "1 Main St", "city": "Austin", "country": "US"}},
        {"ship_to": {"country": "US"}},
        {"ship_to": {}},
        {"ship_to": None},
    ],
    ids=["no-email", "no-name", "country-alone", "empty-address", "no-address"],
)
def test_story_15_personal_fields_may_be_absent(house: House, facts: dict[str, Any]) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop, **facts)
    assert len(depot.peer.of("fulfillment")) == 1 and house.holds(order) == []
    house.ship(depot, "S1", package("1", {"sku": "MUG", "quantity": 2}))
    house.run()
    assert len(shop.peer.of("shipment")) == 1 and house.parked() == []


def test_story_29_money_is_kept_to_the_cent_and_a_mismatch_holds(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop, subtotal="96.00", discount="8.10", tax="0.10", total="88.00")
    (row,) = house.rows(select(orders).where(orders.c.id == order))
    assert (row.subtotal, row.discount, row.tax, row.total) == (
        Decimal("96"),
        Decimal("8.1"),
        Decimal("0.1"),
        Decimal("88"),
    )
    assert house.holds(order) == []
    order = house.order(shop, "o2", subtotal="96.00", discount="8.10", tax="0.10", total="90.00")
    assert house.holds(order) == ["hold.total-mismatch"] and len(depot.peer.of("fulfillment")) == 1


def test_story_29_an_amount_is_no_float_on_its_way_from_json(house: House) -> None:
    """Eighteen digits, more than a float holds; and the sum is exact to the last of them."""
    shop, depot = house.shop(), house.depot()
    said = house.say(shop, subtotal=1, shipping=2, total=3)
    exact = {b"subtotal": b"123456789012.123456", b"shipping": b"0.000004", b"total": b"123456789012.123460"}
    body = said.body
    for number, (name, amount) in enumerate(exact.items(), 1):
        body = body.replace(b'"%s": %d,' % (name, number), b'"%s": %s,' % (name, amount))
    shop.peer.changes[-1] = Document("order", "o1", body, revised_at=said.revised_at)
    house.run()
    (row,) = house.rows(select(orders))
    assert [row.subtotal, row.shipping, row.total] == [Decimal(amount.decode()) for amount in exact.values()]
    assert house.holds(row.id) == [] and len(depot.peer.of("fulfillment")) == 1


# -- routing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("conditions", "country", "expected"),
    [
        ({"country": ["CA"]}, "CA", "North"),
        ({"country": ["CA"]}, "US", "Depot"),
        ({"sku": ["MUG*"]}, "US", "North"),
        ({"channel": ["Shop"]}, "US", "North"),
        ({"channel": ["Other*"]}, "US", "Depot"),
        ({"channel": ["Shop"], "country": ["CA"]}, "US", "Depot"),
        ({}, None, "North"),
    ],
)
def test_rules_choose_the_backend(
    house: House, conditions: dict[str, list[str]], country: str | None, expected: str
) -> None:
    shop, depot, north = house.shop(), house.depot(), house.depot("North")
    setup.set_default_backend(house.inst, depot.id, ACTOR)
    setup.add_rule(house.inst, "north", north.id, conditions, actor=ACTOR, location="N1")
    house.order(shop, ship_to={"country": country} if country else None)
    took = {side.name for side in (depot, north) if side.peer.effects}
    assert took == {expected}
    if expected == "North":
        assert north.peer.effects[0].json["location"] == "N1"


def test_an_order_is_split_between_backends(house: House) -> None:
    shop, depot, north = house.shop(), house.depot(), house.depot("North")
    setup.set_default_backend(house.inst, depot.id, ACTOR)
    setup.add_rule(house.inst, "tea", north.id, {"sku": ["TEA"]}, actor=ACTOR)
    order = house.order(shop, lines=[line("a", "MUG", 2), line("b", "TEA", 1), line("c", "MUG", 1)])
    assert [x["quantity"] for x in depot.peer.effects[0].json["lines"]] == [2, 1]
    assert [x["quantity"] for x in north.peer.effects[0].json["lines"]] == [1]
    assert depot.peer.effects[0].json["reference"] != north.peer.effects[0].json["reference"]
    assert house.sums(order) == Quantities(ordered=4, allocated=4)


def test_without_a_backend_an_order_is_held_and_goes_when_there_is_one(house: House) -> None:
    shop, depot, _ = house.shop(), house.depot(), house.depot("North")
    order = house.order(shop)
    assert house.holds(order) == ["hold.no-backend"] and house.sums(order).open == 2
    setup.set_default_backend(house.inst, depot.id, ACTOR)
    house.drain()
    assert house.holds(order) == [] and len(depot.peer.of("fulfillment")) == 1


def test_an_order_from_before_the_first_backend_goes_to_it(house: House) -> None:
    order = house.order(house.shop())
    assert house.holds(order) == ["hold.no-backend"]
    depot = house.depot()
    house.drain()
    assert house.holds(order) == [] and len(depot.peer.of("fulfillment")) == 1


def test_story_4_a_new_rule_releases_what_no_rule_claimed(house: House) -> None:
    shop, depot, _ = house.shop(), house.depot(), house.depot("North")
    order = house.order(shop)
    fetches = dict(shop.peer.calls)
    setup.add_rule(house.inst, "all", depot.id, {}, actor=ACTOR)
    house.drain()
    assert house.holds(order) == [] and len(depot.peer.of("fulfillment")) == 1
    assert dict(shop.peer.calls) == fetches


def test_a_backends_own_sku_goes_out(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    cross_reference(house, depot.id, ("MUG", "D-100", 1))
    house.order(shop)
    assert depot.peer.effects[0].json["lines"][0]["sku"] == "D-100"


def test_a_pack_of_a_backend_multiplies(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    cross_reference(house, depot.id, ("MUG", "SINGLE", 6))
    house.order(shop)
    assert depot.peer.effects[0].json["lines"][0]["quantity"] == 12


def test_a_kit_goes_out_as_its_components_each_with_a_line_of_its_own(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    cross_reference(house, depot.id, ("SET", "MUG", 1), ("SET", "TEA", 2))
    house.order(shop, lines=[line("a", "SET", 3)])
    found = depot.peer.effects[0].json["lines"]
    assert [(x["sku"], x["quantity"]) for x in found] == [("MUG", 3), ("TEA", 6)]
    assert len({x["line"] for x in found}) == 2, "a backend tells lines apart by their number"


def cross_reference(house: House, backend: int, *rows: tuple[str, str, int]) -> None:
    with house.inst.db.write() as tx:
        tx.execute(
            sku_components.insert(),
            [
                {"connection_id": backend, "sku": sku, "component_sku": component, "quantity": quantity}
                for sku, component, quantity in rows
            ],
        )


# -- sources --------------------------------------------------------------------------------------------------------


@both
def test_story_18_two_stores_with_equal_ids_are_two_orders(house: House) -> None:
    one, two, depot = house.shop("One"), house.shop("Two"), house.depot()
    first = house.order(one, "1001", [line("1", "MUG", 1)])
    second = house.order(two, "1001", [line("1", "MUG", 5)])
    assert first != second and house.find(one, "1001").id == first
    assert [effect.json["lines"][0]["quantity"] for effect in depot.peer.of("fulfillment")] == [1, 5]
    house.tell(depot, "shipment", "S1", reference=depot.peer.of("fulfillment")[1].json["reference"],
               packages=[{"id": "P", "tracking": "T",
                          "lines": [{"line": depot.peer.of("fulfillment")[1].json["lines"][0]["line"],
                                     "quantity": 5}]}])  # fmt: skip
    house.run()
    assert one.peer.of("shipment") == [] and len(two.peer.of("shipment")) == 1
    assert house.sums(first).shipped == 0


@both
def test_story_18_two_stores_and_two_backends_with_equal_ids_for_everything(house: House) -> None:
    stores, backends = (house.shop("One"), house.shop("Two")), (house.depot("North"), house.depot("South"))
    for store, backend in zip(stores, backends, strict=True):
        setup.add_rule(house.inst, backend.name, backend.id, {"channel": [store.name]}, actor=ACTOR)
        house.say(store, "1001", [line("1", "MUG", 2)], silent=True)
        assert house.webhook(store, "1001", "delivery-1")
    house.drain()
    for backend in backends:
        row = backend.peer.of("fulfillment")[0].json["lines"][0]["line"]
        house.ship(backend, "S1", package("P1", {"line": row, "quantity": 2}))
        house.run()
        reference = backend.peer.of("fulfillment")[0].json["reference"]
        house.tell(backend, "return", "W1", reference=reference, lines=[{"sku": "MUG", "quantity": 1}])
    for store in stores:
        house.tell(store, "return", "R1", order="1001", lines=[{"id": "R1-1", "line": "1", "quantity": 1}])
    house.run()
    assert house.parked() == []
    for store, backend in zip(stores, backends, strict=True):
        order = house.find(store, "1001")
        assert order is not None and house.sums(order.id) == Quantities(ordered=2, shipped=2, returned=1)
        assert len(backend.peer.of("fulfillment")) == 1
        assert [effect.kind for effect in store.peer.effects] == ["shipment", "return"]


def test_an_instant_is_kept_as_utc(house: House) -> None:
    shop = house.shop()
    house.depot()
    order = house.order(shop, placed_at="2026-03-02T23:30:00-05:00")
    (row,) = house.rows(select(orders).where(orders.c.id == order))
    assert row.placed_at == dt.datetime(2026, 3, 3, 4, 30, tzinfo=dt.UTC) and row.created_at > START


def test_story_03_a_parked_revision_shows_with_its_order_and_is_retried_with_it(house: House) -> None:
    shop = house.shop()
    house.depot()
    order = house.order(shop)
    house.say(shop, currency="no currency")
    house.poll()
    house.drain()
    (parked,) = (m for m in house.messages(kind="order") if m.state == "parked")
    assert parked.order_id == order
    assert "1 documents" in actions.retry_order(house.inst, order, ACTOR)
