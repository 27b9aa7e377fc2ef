"""Returns: announced by the shop, received by the backend, in either order; and stock."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select

from hub.flows import actions
from hub.ledger import Quantities, Status, status_of
from hub.store.tables import inventory_levels, sku_components
from tests.engine.scripted import both
from tests.engine.scripted.house import ACTOR, House, Side, line, package


def shipped(house: House, *lines: dict[str, Any]) -> tuple[Side, Side, int]:
    """An order of which everything has shipped."""
    shop, depot = house.shop(), house.depot()
    order = house.order(shop, lines=list(lines) or [line("a", "MUG", 2), line("b", "TEA", 1)])
    sent = depot.peer.of("fulfillment")[0].json["lines"]
    house.ship(depot, "S1", package("1", *({"line": x["line"], "quantity": x["quantity"]} for x in sent)))
    house.run()
    return shop, depot, order


def opens(house: House, shop: Side, id_: str = "R1", status: str = "open", **lines: int) -> None:
    rows = [{"id": f"{id_}-{name}", "line": name, "quantity": units} for name, units in lines.items()]
    house.tell(shop, "return", id_, order="o1", status=status, lines=rows)
    house.run()


def receives(house: House, depot: Side, id_: str, *lines: dict[str, Any]) -> None:
    reference = depot.peer.of("fulfillment")[0].json["reference"]
    house.tell(depot, "return", id_, reference=reference, lines=list(lines))
    house.run()


@both
def test_a_return_is_opened_then_received_and_told_per_line(house: House) -> None:
    shop, depot, order = shipped(house)
    opens(house, shop, a=1)
    assert house.sums(order).returned == 0 and shop.peer.of("return") == []
    receives(house, depot, "W1", {"sku": "MUG", "quantity": 1, "restock": True})
    assert [effect.json for effect in shop.peer.of("return")] == [
        {
            "order": "o1",
            "return": "R1",
            "status": "received",
            "lines": [{"id": "R1-a", "line": "a", "received": 1, "restock": True}],
        }
    ]
    assert house.by_line(order)["a"] == Quantities(ordered=2, shipped=2, returned=1)


@both
def test_goods_that_come_before_their_return_is_opened_wait_for_it(house: House) -> None:
    shop, depot, order = shipped(house)
    receives(house, depot, "W1", {"sku": "TEA", "quantity": 1})
    assert shop.peer.of("return") == [] and house.sums(order).returned == 1
    opens(house, shop, "R1", a=1)
    assert shop.peer.of("return") == [], "the return of another line is not answered by it"
    opens(house, shop, "R2", b=1)
    assert [effect.json["return"] for effect in shop.peer.of("return")] == ["R2"]


def test_goods_nobody_announced_are_counted_and_shown(house: House) -> None:
    shop, depot, order = shipped(house)
    receives(house, depot, "W1", {"sku": "MUG", "quantity": 2}, {"sku": "TEA", "quantity": 1})
    assert len(house.events("return.unannounced")) == 1 and shop.peer.of("return") == []
    assert status_of(house.sums(order)) is Status.RETURNED


def test_more_of_a_return_comes_later_and_is_told_again(house: House) -> None:
    shop, depot, order = shipped(house)
    opens(house, shop, a=2)
    for units in (1, 2, 2):
        receives(house, depot, "W1", {"sku": "MUG", "quantity": units})
    assert [effect.json["lines"][0]["received"] for effect in shop.peer.of("return")] == [1, 2]
    assert house.sums(order).returned == 2


def test_more_than_was_shipped_cannot_come_back(house: House) -> None:
    _, depot, order = shipped(house)
    receives(house, depot, "W1", {"sku": "MUG", "quantity": 3})
    assert house.parked() == ["return.exceeds-shipped"] and house.sums(order).returned == 0


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"sku": "HAT", "quantity": 1}, "line.unknown"),
        ({"line": "77", "quantity": 1}, "line.unknown"),
        ({"sku": "MUG", "quantity": "0.5"}, "line.not-whole-units"),
    ],
)
def test_a_receipt_that_does_not_fit_is_parked(house: House, row: dict[str, Any], reason: str) -> None:
    _, depot, order = shipped(house)
    receives(house, depot, "W1", row)
    assert house.parked() == [reason] and house.sums(order).returned == 0


def test_a_sku_on_two_lines_cannot_tell_which_came_back(house: House) -> None:
    _, depot, _ = shipped(house, line("a", "MUG", 1), line("b", "MUG", 1))
    receives(house, depot, "W1", {"sku": "MUG", "quantity": 1})
    assert house.parked() == ["line.ambiguous"]


def test_a_return_before_its_order_waits_and_is_released_by_it(house: House) -> None:
    shop, _ = house.shop(), house.depot()
    opens(house, shop, a=1)
    assert house.parked() == ["return.unknown-order"]
    house.order(shop, lines=[line("a", "MUG", 1)])
    assert house.parked() == [] and len(house.events("return.opened")) == 1


def test_a_return_of_a_line_the_order_lacks_is_parked(house: House) -> None:
    shop, _, _ = shipped(house)
    opens(house, shop, zz=1)
    assert house.parked() == ["line.unknown"]


def test_packs_and_kits_come_back_as_what_was_ordered(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    with house.inst.db.write() as tx:
        rows = (("PACK", "SINGLE", 6), ("SET", "MUG", 1), ("SET", "TEA", 2))
        tx.execute(
            sku_components.insert(),
            [{"connection_id": depot.id, "sku": s, "component_sku": c, "quantity": q} for s, c, q in rows],
        )
    order = house.order(shop, lines=[line("a", "PACK", 2), line("b", "SET", 2)])
    sent = depot.peer.of("fulfillment")[0].json["lines"]
    house.ship(depot, "S1", package("1", *({"line": x["line"], "quantity": x["quantity"]} for x in sent)))
    house.run()
    receives(house, depot, "W1", {"sku": "SINGLE", "quantity": 6}, {"sku": "MUG", "quantity": 2},
             {"sku": "TEA", "quantity": 2})  # fmt: skip
    assert {name: q.returned for name, q in house.by_line(order).items()} == {"a": 1, "b": 1}
    receives(house, depot, "W2", {"sku": "SINGLE", "quantity": 5})
    assert house.parked() == ["line.not-whole-units"]


def test_a_return_parked_for_more_than_shipped_goes_on_after_the_shipment(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop)
    receives(house, depot, "W1", {"sku": "MUG", "quantity": 1})
    house.ship(depot, "S1", package("1", {"sku": "MUG", "quantity": 2}))
    house.run()
    assert house.parked() == ["return.exceeds-shipped"]
    actions.retry_order(house.inst, order, ACTOR)
    house.drain()
    assert house.parked() == [] and house.sums(order) == Quantities(ordered=2, shipped=2, returned=1)


# -- stock ----------------------------------------------------------------------------------------------------------


@both
def test_story_30_stock_is_an_absolute_level_and_the_newest_count_stands(house: House) -> None:
    depot = house.depot()
    noon = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
    for number, (minutes, available) in enumerate([(0, 5), (10, 3), (5, 9), (20, 3)]):
        at = (noon + dt.timedelta(minutes=minutes)).isoformat()
        house.tell(depot, "inventory", f"L{number}", sku="MUG", available=available, counted_at=at)
        house.run()
    (level,) = house.rows(select(inventory_levels))
    assert level.available == 3 and level.counted_at == noon + dt.timedelta(minutes=20)
