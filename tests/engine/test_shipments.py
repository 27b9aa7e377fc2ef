"""Shipments from the backend to the shop: parts, packages, matching, kits, tracking."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from hub.flows import actions, setup
from hub.ledger import Quantities, Status, status_of
from hub.sdk import Rejected, Retry
from hub.store.tables import flows, package_lines, sku_components
from hub.views.completeness import completeness
from tests.engine.scripted import both
from tests.engine.scripted.house import ACTOR, House, Side, line, package


def sent_line(depot: Side, position: int = 0, effect: int = 0) -> str:
    """Our number of a line, as the backend has it."""
    return str(depot.peer.of("fulfillment")[effect].json["lines"][position]["line"])


def told(shop: Side) -> list[dict[str, Any]]:
    return [effect.json for effect in shop.peer.of("shipment")]


@both
def test_story_19_a_part_is_written_back_at_once(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop, lines=[line("a", "MUG", 3), line("b", "TEA", 1)])
    house.ship(depot, "S1", package("1", {"line": sent_line(depot), "quantity": 2}))
    house.run()
    assert told(shop) == [
        {
            "shipment": "S1",
            "order": "o1",
            "carrier": "UPS",
            "packages": [{"tracking": "1Z1", "lines": [{"line": "a", "quantity": 2}]}],
        }
    ]
    assert house.by_line(order) == {
        "a": Quantities(ordered=3, allocated=1, shipped=2),
        "b": Quantities(ordered=1, allocated=1),
    }


def test_story_19_each_line_of_a_part_counts_for_itself(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop, lines=[line("a", "MUG", 3), line("b", "TEA", 4)])
    first, second = sent_line(depot), sent_line(depot, 1)
    house.ship(depot, "S1", package("1", {"line": first, "quantity": 1}, {"line": second, "quantity": 3}))
    house.run()
    assert told(shop)[0]["packages"][0]["lines"] == [{"line": "a", "quantity": 1}, {"line": "b", "quantity": 3}]
    assert house.by_line(order) == {
        "a": Quantities(ordered=3, allocated=2, shipped=1),
        "b": Quantities(ordered=4, allocated=1, shipped=3),
    }


def test_story_21_every_state_on_the_way_is_derived_from_quantities(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop, lines=[line("a", "MUG", 3)], payment="pending")
    seen = [status_of(house.sums(order), held=True)]
    house.order(shop, lines=[line("a", "MUG", 3)])
    seen.append(status_of(house.sums(order)))
    for number, units in enumerate((2, 1)):
        house.ship(depot, f"S{number}", package(str(number), {"line": sent_line(depot), "quantity": units}))
        house.run()
        seen.append(status_of(house.sums(order)))
    assert seen == [Status.HELD, Status.IN_FULFILMENT, Status.PARTLY_SHIPPED, Status.SHIPPED]


@both
def test_one_shipment_in_several_packages(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop, lines=[line("a", "MUG", 3), line("b", "TEA", 2)])
    house.ship(
        depot,
        "S1",
        package("1", {"line": sent_line(depot), "quantity": 2}),
        package("2", {"line": sent_line(depot), "quantity": 1}, {"line": sent_line(depot, 1), "quantity": 2}),
    )
    house.run()
    (said,) = told(shop)
    assert [p["lines"] for p in said["packages"]] == [
        [{"line": "a", "quantity": 2}],
        [{"line": "a", "quantity": 1}, {"line": "b", "quantity": 2}],
    ]
    assert house.sums(order) == Quantities(ordered=5, shipped=5)


@both
def test_story_20_the_same_sku_on_two_lines_is_matched_by_line(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop, lines=[line("a", "MUG", 1), line("b", "MUG", 1)])
    house.ship(depot, "S1", package("1", {"line": sent_line(depot, 1), "sku": "MUG", "quantity": 1}))
    house.run()
    assert told(shop)[0]["packages"][0]["lines"] == [{"line": "b", "quantity": 1}]
    assert house.by_line(order)["a"].shipped == 0


def test_story_17_goods_are_told_apart_by_sku_and_never_by_their_name(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    named = {"title": "Mug, white"}
    order = house.order(shop, lines=[line("a", "MUG-S", 1, **named), line("b", "MUG-L", 1, **named)])
    house.ship(depot, "S1", package("1", {"sku": "MUG-L", "quantity": 1}))
    house.run()
    assert told(shop)[0]["packages"][0]["lines"] == [{"line": "b", "quantity": 1}]
    house.ship(depot, "S2", package("2", {"sku": "Mug, white", "quantity": 1}))
    house.run()
    assert house.parked() == ["line.unknown"] and house.by_line(order)["a"].shipped == 0


def test_story_17_nothing_is_written_to_a_store_that_no_flow_asks_for(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    with house.inst.db.write() as tx:
        tx.execute(flows.delete().where(flows.c.connection_id == shop.id, flows.c.direction == "out"))
    order = house.order(shop, lines=[line("a", "MUG", 3)])
    house.ship(depot, "S1", package("1", {"sku": "MUG", "quantity": 1}))
    house.tell(shop, "return", "R1", order="o1", lines=[{"id": "R1-a", "line": "a", "quantity": 1}])
    house.tell(depot, "inventory", "L1", sku="MUG", available=7, counted_at=house.clock.now.isoformat())
    house.run()
    reference = depot.peer.of("fulfillment")[0].json["reference"]
    house.tell(depot, "return", "W1", reference=reference, lines=[{"sku": "MUG", "quantity": 1}])
    house.run()
    whole = house.order(shop, "o2")
    for each in (order, whole):
        actions.cancel_order(house.inst, each, "customer", ACTOR)
    house.drain()
    assert house.sums(order) == Quantities(ordered=3, cancelled=2, shipped=1, returned=1)
    assert house.sums(whole) == Quantities(ordered=2, cancelled=2)
    assert shop.peer.pushed == [] and house.parked() == []


def matched(house: House) -> list[str]:
    return [row.matched for row in house.rows(select(package_lines).order_by(package_lines.c.id))]


def test_only_a_sku_is_matched_where_one_line_has_it(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    house.order(shop, lines=[line("a", "MUG", 2), line("b", "TEA", 1)])
    house.ship(depot, "S1", package("1", {"sku": "TEA", "quantity": 1}))
    house.run()
    assert told(shop)[0]["packages"][0]["lines"] == [{"line": "b", "quantity": 1}] and matched(house) == ["sku"]


def test_only_a_sku_is_matched_where_the_other_line_has_shipped(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    house.order(shop, lines=[line("a", "MUG", 2), line("b", "MUG", 2)])
    house.ship(depot, "S1", package("1", {"line": sent_line(depot), "quantity": 2}))
    house.ship(depot, "S2", package("2", {"sku": "MUG", "quantity": 1}))
    house.run()
    assert house.parked() == []
    assert told(shop)[1]["packages"][0]["lines"] == [{"line": "b", "quantity": 1}]


def test_only_a_sku_is_matched_where_everything_left_ships(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop, lines=[line("a", "MUG", 2), line("b", "MUG", 1)])
    house.ship(depot, "S1", package("1", {"sku": "MUG", "quantity": 3}))
    house.run()
    assert house.parked() == [] and house.sums(order) == Quantities(ordered=3, shipped=3)


def test_an_ambiguous_sku_is_parked(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop, lines=[line("a", "MUG", 2), line("b", "MUG", 2)])
    house.ship(depot, "S1", package("1", {"sku": "MUG", "quantity": 3}))
    house.run()
    assert house.parked() == ["line.ambiguous"] and told(shop) == [] and house.sums(order).shipped == 0


def test_the_oldest_line_is_filled_where_the_connection_says_so_and_it_shows(house: House) -> None:
    shop, depot = house.shop(), house.depot(policy={"match_oldest_line": True})
    order = house.order(shop, lines=[line("a", "MUG", 2), line("b", "MUG", 2)])
    house.ship(depot, "S1", package("1", {"sku": "MUG", "quantity": 3}))
    house.run()
    assert told(shop)[0]["packages"][0]["lines"] == [{"line": "a", "quantity": 2}, {"line": "b", "quantity": 1}]
    assert matched(house) == ["oldest", "oldest"] and house.sums(order).allocated == 1
    house.ship(depot, "S1", package("1", {"sku": "MUG", "quantity": 3}, tracking="NEW"))
    house.run()
    assert house.parked() == [], "the same shipment stated once more"


@pytest.mark.parametrize(
    ("packed", "reason"),
    [
        ({"line": "999", "quantity": 1}, "line.unknown"),
        ({"sku": "HAT", "quantity": 1}, "line.unknown"),
        ({"sku": "MUG", "quantity": 3}, "shipment.exceeds-allocation"),
        ({"sku": "MUG", "quantity": "0.5"}, "line.not-whole-units"),
        ({"quantity": 1}, "document.invalid"),
    ],
)
def test_a_shipment_that_does_not_fit_is_parked_and_counts_nothing(
    house: House, packed: dict[str, Any], reason: str
) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop)
    house.ship(depot, "S1", package("1", packed))
    house.run()
    assert house.parked() == [reason] and house.sums(order) == Quantities(ordered=2, allocated=2)
    assert told(shop) == []


def test_a_shipment_of_an_unknown_fulfilment_is_parked(house: House) -> None:
    shop, depot, north = house.shop(), house.depot(), house.depot("North")
    setup.set_default_backend(house.inst, depot.id, ACTOR)
    house.order(shop)
    reference = depot.peer.of("fulfillment")[0].json["reference"]
    house.ship(depot, "S1", package("1", {"sku": "MUG", "quantity": 1}), reference="X-1")
    house.ship(north, "S2", package("1", {"sku": "MUG", "quantity": 1}), reference=reference)
    house.run()
    assert house.parked() == ["shipment.unknown-reference"] * 2, "another backend cannot ship it either"


def test_a_shipment_stated_twice_counts_once(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop)
    for _ in range(2):
        house.ship(depot, "S1", package("1", {"line": sent_line(depot), "quantity": 1}))
        house.run()
    assert house.sums(order).shipped == 1 and len(told(shop)) == 1


def test_other_quantities_for_a_counted_shipment_are_parked(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop)
    for units in (1, 2):
        house.ship(depot, "S1", package("1", {"line": sent_line(depot), "quantity": units}))
        house.run()
    assert house.parked() == ["shipment.changed"] and house.sums(order).shipped == 1


def test_tracking_that_comes_late_is_told_package_by_package(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    house.order(shop)
    row = {"line": sent_line(depot), "quantity": 1}
    for one, two in ((None, None), ("T1", None), ("T1", "T2")):
        house.ship(depot, "S1", package("1", row, tracking=one), package("2", row, tracking=two))
        house.run()
    assert len(told(shop)) == 1
    late = [[p.get("tracking") for p in effect.json["packages"]] for effect in shop.peer.of("tracking")]
    assert late == [["T1", None], ["T1", "T2"]]


# -- kits -----------------------------------------------------------------------------------------------------------


def kit(house: House, backend: int) -> None:
    with house.inst.db.write() as tx:
        tx.execute(
            sku_components.insert(),
            [
                {"connection_id": backend, "sku": "SET", "component_sku": sku, "quantity": quantity}
                for sku, quantity in (("MUG", 1), ("TEA", 2))
            ],
        )


@both
def test_a_kit_is_shipped_when_its_last_component_is(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    kit(house, depot.id)
    order = house.order(shop, lines=[line("a", "SET", 2)])
    house.ship(depot, "S1", package("1", {"line": sent_line(depot), "sku": "MUG", "quantity": 2}))
    house.run()
    assert house.sums(order).shipped == 0 and told(shop) == []
    house.ship(depot, "S2", package("2", {"line": sent_line(depot, 1), "sku": "TEA", "quantity": 2}))
    house.run()
    assert house.sums(order) == Quantities(ordered=2, allocated=1, shipped=1)
    house.ship(depot, "S3", package("3", {"sku": "TEA", "quantity": 2}))
    house.run()
    assert house.sums(order) == Quantities(ordered=2, shipped=2)
    assert [s["packages"][0]["lines"] for s in told(shop)] == [[{"line": "a", "quantity": 1}]] * 2


def test_a_kit_is_taken_back_by_component(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    kit(house, depot.id)
    order = house.order(shop, lines=[line("a", "SET", 2)])
    house.order(shop, lines=[line("a", "SET", 1)])
    (asked,) = depot.peer.of("cancellation")
    assert {x["line"]: x["quantity"] for x in asked.json["lines"]} == {
        sent_line(depot): 1,
        sent_line(depot, 1): 2,
    }
    assert house.sums(order) == Quantities(ordered=2, cancelled=1, allocated=1)


# -- nothing is forgotten -------------------------------------------------------------------------------------------


@both
def test_story_26_each_shipment_is_written_back_or_its_row_is_not_green(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    house.order(shop, lines=[line("a", "MUG", 4)])
    shop.peer.fail(Rejected("the shop has closed this order"), Retry("busy"))
    for number in range(3):
        house.ship(depot, f"S{number}", package(str(number), {"line": sent_line(depot), "quantity": 1}))
        house.run()

    def row() -> tuple[int | None, dict[str, int], str]:
        with house.inst.db.read() as tx:
            found = next(r for r in completeness(tx, None, house.clock.now) if r.noun == "shipments")
        return found.expected, {name: count for name, count in found.parts.items() if count}, str(found.verdict)

    expected, parts, verdict = row()
    assert expected == 3 and parts["parked"] == 1 and sum(parts.values()) == 3 and verdict != "closed"
    house.clock.forward(60)
    house.run()
    assert row() == (3, {"written back": 2, "parked": 1}, "waiting")
    (parked,) = house.messages(state="parked", direction="out")
    actions.replay_message(house.inst, parked.id, ACTOR)
    house.drain()
    assert row() == (3, {"written back": 3}, "closed")
    assert sorted(s["shipment"] for s in told(shop)) == ["S0", "S1", "S2"]
