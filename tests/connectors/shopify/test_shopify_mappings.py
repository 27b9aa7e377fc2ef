"""What the hub understands of a shop's orders and returns, and what it says back."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from connectors.shopify.connector import Shopify
from hub.mapping import check, schema_fields
from hub.routing.gate import total_mismatch
from hub.sandbox.store import changes
from hub.sdk.connector import Document
from tests.connectors.shopify.conftest import MAPPINGS, canonical
from tests.connectors.shopify.shop_peer import ShopPeer

Pulled = Callable[[str], list[Document]]


@pytest.mark.parametrize("name", [name for name in MAPPINGS.names() if name.startswith("shopify/")])
def test_each_mapping_has_no_findings(name: str) -> None:
    mapping, findings = check(MAPPINGS, name, schema_fields)
    assert mapping is not None and findings == []


def test_story_29_the_totals_of_every_kind_of_order_add_up(peer: ShopPeer, pulled: Pulled) -> None:
    """Discounts before tax, tax in and beside the price, gift cards, five currencies: none of it is a mismatch."""
    for _ in range(40):
        peer.order(discount=0.5, line_discount=0.5, gift_card=0.3, digital=0.3, same_sku=0.3, two_locations=0.3)
    orders = [canonical(document) for document in pulled("order")]
    assert len(orders) == 40
    assert {total_mismatch(order) for order in orders} == {Decimal(0)}
    assert {order["taxes_included"] for order in orders} == {True, False}
    assert all(isinstance(line["unit_price"], Decimal) for order in orders for line in order["lines"])


def test_a_wrong_total_shows(peer: ShopPeer, pulled: Pulled) -> None:
    order = peer.order()
    order["totalPriceSet"] = {**order["totalPriceSet"], "shopMoney": {"amount": "1.00", "currencyCode": "USD"}}
    (document,) = pulled("order")
    assert total_mismatch(canonical(document)) != 0


def test_story_15_an_order_without_customer_or_names_is_an_order(peer: ShopPeer, pulled: Pulled) -> None:
    order = peer.order(no_customer=1.0)
    order["shippingAddress"] = None
    (document,) = pulled("order")
    read = canonical(document)
    assert read["external_id"] == order["id"] and not read.get("email") and not read.get("ship_to")


def test_story_20_the_same_sku_twice_stays_two_lines(peer: ShopPeer, pulled: Pulled) -> None:
    peer.order(same_sku=1.0)
    (document,) = pulled("order")
    lines = canonical(document)["lines"]
    assert len({line["external_id"] for line in lines}) == len(lines) > len({line["sku"] for line in lines})


def test_what_does_not_ship_is_told(peer: ShopPeer, pulled: Pulled) -> None:
    peer.order(gift_card=1.0, digital=1.0)
    (document,) = pulled("order")
    assert [line["ships"] for line in canonical(document)["lines"]].count(False) == 2


def test_story_27_an_edited_order_states_what_was_taken_back(peer: ShopPeer, pulled: Pulled) -> None:
    order = peer.order()
    changes.edit(peer.shop, order, [{"line": 0, "quantity": 5}])
    peer.control("fulfil", order=order["id"], line=0, quantity=2)
    changes.edit(peer.shop, order, [{"line": 0, "quantity": 4}])
    (document,) = pulled("order")
    line = canonical(document)["lines"][0]
    assert (line["quantity"] - line["cancelled"], line["fulfilled_elsewhere"]) == (4, 2)


def test_a_unit_refunded_after_it_shipped_stays_shipped(peer: ShopPeer, pulled: Pulled) -> None:
    """3 ordered, 2 shipped, 1 of them refunded: one is still to ship, none was cancelled."""
    order = peer.order()
    changes.edit(peer.shop, order, [{"line": 0, "quantity": 3}])
    peer.control("fulfil", order=order["id"], line=0, quantity=2)
    order["_lines"][0].update(quantity=3, currentQuantity=2, unfulfilledQuantity=1)
    (document,) = pulled("order")
    line = canonical(document)["lines"][0]
    assert (line["cancelled"], line["fulfilled_elsewhere"]) == (0, 2)


def test_a_cancelled_fulfilment_is_not_fulfilled(peer: ShopPeer, pulled: Pulled) -> None:
    order = peer.order()
    peer.control("fulfil", order=order["id"])
    changes.unfulfil(peer.shop, order["_fulfillments"][0])
    (document,) = pulled("order")
    assert {line["fulfilled_elsewhere"] for line in canonical(document)["lines"]} == {0}


def test_each_line_says_where_it_is_assigned(peer: ShopPeer, pulled: Pulled) -> None:
    order = peer.order()
    while len(order["_lines"]) < 2 or not any("two_locations" in t for t in order["_traits"]):
        order = peer.order(two_locations=1.0)
    document = next(d for d in pulled("order") if d.external_id == order["id"])
    places = [place["id"] for place in peer.shop.locations]
    assert [line["location"] for line in canonical(document)["lines"]][:2] == [places[1], places[0]]


def test_holds_payment_test_and_cancellation_are_told(peer: ShopPeer, pulled: Pulled) -> None:
    peer.order(on_hold=1.0)
    peer.order(unpaid=1.0)
    peer.order(test=1.0)
    changes.cancel(peer.shop, peer.order(), "FRAUD")
    held, unpaid, test, cancelled = (canonical(document) for document in pulled("order"))
    assert held["source_holds"] == ["high_risk_of_fraud"] and held["payment"] == "paid"
    assert unpaid["payment"] == "pending" and unpaid["source_holds"] == []
    assert test["test"] is True
    assert cancelled["cancelled_at"] is not None and cancelled["cancel_reason"] == "fraud"
    assert all(line["cancelled"] == line["quantity"] for line in cancelled["lines"])


def test_a_return_names_its_order_and_its_lines(peer: ShopPeer, pulled: Pulled) -> None:
    node = peer.customer_return(quantity=2)
    (document,) = pulled("return")
    read = canonical(document)
    fulfilled = node["_lines"][0]["fulfillmentLineItem"]["lineItem"]
    assert (read["external_id"], read["order_external_id"]) == (node["id"], node["order"]["id"])
    assert read["status"] == "open" and read["rma"] == node["name"]
    (line,) = read["lines"]
    assert (line["external_id"], line["external_line"]) == (node["_lines"][0]["id"], fulfilled["id"])
    assert (line["sku"], line["quantity"]) == (fulfilled["sku"], 2)


def _out(kind: str, document: dict[str, Any]) -> Any:
    return MAPPINGS.get(f"shopify/{kind}.out").run(document)


def test_story_25_a_carrier_is_named_as_the_shop_names_it() -> None:
    lines = [{"line": "7", "external_line": "gid://shopify/LineItem/1", "quantity": "2"}]
    packages = [
        {"tracking_number": "1Z1", "carrier": "ups", "lines": lines},
        {"tracking_number": "X2", "carrier": "Bike Post", "tracking_url": "https://bike.example/X2", "lines": lines},
        {"lines": lines},
    ]
    made = _out("shipment", {"order_external_id": "gid://shopify/Order/1", "carrier": "fdeg", "packages": packages})
    assert [package["carrier"] for package in made["packages"]] == ["UPS", "Bike Post", "FedEx"]
    assert made["packages"][0]["lines"] == [{"order_line_id": "gid://shopify/LineItem/1", "quantity": 2}]


def test_what_the_mappings_make_is_what_the_connector_takes(peer: ShopPeer, shop: Shopify) -> None:
    order = peer.order()
    lines = [{"line": "7", "external_line": order["_lines"][0]["id"], "quantity": "1"}]
    shipment = {"order_external_id": order["id"], "packages": [{"tracking_number": "T1", "lines": lines}]}
    shop.push("shipment", _bytes(_out("shipment", shipment)), "k1")
    node = peer.customer_return()
    back = [{"external_id": node["_lines"][0]["id"], "received": "1", "restock": True}]
    answer = {"order_external_id": node["order"]["id"], "return_external_id": node["id"], "lines": back}
    shop.push("return", _bytes(_out("return", answer)), "k2")
    sku = next(iter(peer.shop.variants))
    shop.push("inventory", _bytes(_out("inventory", {"levels": [{"sku": sku, "available": "12"}]})), "k3")
    cancelled = peer.order()
    wish = {"order_external_id": cancelled["id"], "reason": "inventory"}
    shop.push("order_cancellation", _bytes(_out("order_cancellation", wish)), "k4")
    assert [len(peer.effects(kind)) for kind in ("shipment", "return", "inventory", "order_cancellation")] == [1] * 4
    assert node["status"] == "CLOSED" and cancelled["cancelReason"] == "INVENTORY"


def _bytes(value: Any) -> bytes:
    return json.dumps(value, default=int).encode()
