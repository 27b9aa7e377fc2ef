"""Writing back: shipments by location and in parts, tracking, returns, cancellations, stock."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.shopify.connector import Shopify
from hub.sandbox.store import changes
from hub.sdk.connector import Absent, Found, Unknown
from hub.sdk.errors import Rejected, Retry
from tests.connectors.shopify.conftest import connected
from tests.connectors.shopify.shop_peer import Node, ShopPeer


def shipment(order: Node, *packages: tuple[str | None, dict[int, int]], **more: Any) -> bytes:
    """A payload: per package its tracking number, and units by index of the order's line."""
    entries = [
        {
            "tracking_number": number,
            "carrier": "UPS" if number else None,
            "lines": [{"order_line_id": order["_lines"][i]["id"], "quantity": n} for i, n in units.items()],
        }
        for number, units in packages
    ]
    return json.dumps({"order_id": order["id"], "packages": entries, **more}).encode()


def fulfilled(order: Node) -> list[tuple[int, list[str], dict[int, int]]]:
    """What stands at the shop: (location, tracking numbers, units by line) of each fulfilment."""
    ids = [line["id"] for line in order["_lines"]]
    return [
        (
            made["_fulfillment_orders"][0]["_location"],
            [info["number"] for info in made["trackingInfo"]],
            {ids.index(line["lineItem"]["id"]): line["quantity"] for line in made["_lines"]},
        )
        for made in order["_fulfillments"]
        if made["status"] == "SUCCESS"
    ]


def many(peer: ShopPeer, quantity: int = 4, **traits: float) -> Node:
    order = peer.order(**traits)
    changes.edit(peer.shop, order, [{"line": 0, "quantity": quantity}])
    return order


def become(order: Node, status: str) -> None:
    order["_fulfillment_orders"][0]["status"] = status


def two_places(peer: ShopPeer) -> Node:
    """An order whose first line is assigned to the second location, the others to the first."""
    while True:
        order = peer.order(two_locations=1.0)
        if "two_locations" in order["_traits"]:
            return order


def test_a_shipment_in_parts(peer: ShopPeer, shop: Shopify) -> None:
    order = many(peer)
    shop.push("shipment", shipment(order, ("A", {0: 1})), "k1")
    shop.push("shipment", shipment(order, ("B", {0: 1}), ("C", {0: 2})), "k2")
    assert fulfilled(order) == [(0, ["A"], {0: 1}), (0, ["B", "C"], {0: 3})]


def test_carrier_numbers_urls_and_the_customer_mail_are_said(peer: ShopPeer) -> None:
    order = many(peer)
    payload = json.loads(shipment(order, ("A", {0: 1}), ("B", {0: 1})))
    for package in payload["packages"]:
        package["tracking_url"] = f"https://track.example/{package['tracking_number']}"
    connected(peer, notify_customer=False).push("shipment", json.dumps(payload).encode(), "k")
    sent = peer.requests[-1]["variables"]["fulfillment"]
    urls = ["https://track.example/A", "https://track.example/B"]
    assert sent["trackingInfo"] == {"company": "UPS", "numbers": ["A", "B"], "urls": urls}
    assert sent["notifyCustomer"] is False


def test_story_23_one_fulfilment_for_each_location(peer: ShopPeer, shop: Shopify) -> None:
    order = two_places(peer)
    shop.push("shipment", shipment(order, ("A", {0: 1, 1: 1})), "k")
    assert sorted(fulfilled(order), key=lambda made: made[0]) == [(0, ["A"], {1: 1}), (1, ["A"], {0: 1})]


def test_a_push_that_broke_off_between_locations_is_completed_not_repeated(peer: ShopPeer, shop: Shopify) -> None:
    order = two_places(peer)
    payload = shipment(order, ("A", {0: 1, 1: 1}))
    real, calls = peer.store, []

    def second_is_limited(request: Any) -> Any:
        calls.append(b"fulfillmentCreate" in request.body)
        if sum(calls) == 2 and calls[-1]:
            peer.control("fail_next", kind="rate_429", count=1)
        return real(request)

    peer.store = second_is_limited  # type: ignore[assignment]
    with pytest.raises(Retry) as caught:
        shop.push("shipment", payload, "k")
    peer.store = real
    assert caught.value.limited and len(fulfilled(order)) == 1
    assert isinstance(shop.find("shipment", payload, "k"), Absent)
    shop.push("shipment", payload, "k")
    shop.push("shipment", payload, "k")
    assert len(fulfilled(order)) == 2
    assert isinstance(shop.find("shipment", payload, "k"), Found)


def test_story_20_the_line_is_found_by_its_id_not_its_sku(peer: ShopPeer, shop: Shopify) -> None:
    order = peer.order(same_sku=1.0)
    last = len(order["_lines"]) - 1
    shop.push("shipment", shipment(order, ("A", {last: 1})), "k")
    assert fulfilled(order) == [(0, ["A"], {last: 1})]


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda peer, order: None, None),
        (lambda peer, order: peer.control("fulfil", order=order["id"]), "shopify.quantity-exceeded"),
        (lambda peer, order: changes.cancel(peer.shop, order), "shopify.fulfillment-cancelled"),
        (lambda peer, order: become(order, "SCHEDULED"), "shopify.fulfillment-scheduled"),
        (lambda peer, order: become(order, "INCOMPLETE"), "shopify.fulfillment-incomplete"),
        (lambda peer, order: order["_fulfillment_orders"].clear(), "shopify.line-unknown"),
        (lambda peer, order: peer.shop.nodes.pop(order["id"]), "shopify.order-unknown"),
    ],
)  # fmt: skip
def test_what_cannot_be_fulfilled_is_refused_with_its_reason(
    spoil: Any, code: str | None, peer: ShopPeer, shop: Shopify
) -> None:
    order = peer.order()
    spoil(peer, order)
    before = len(fulfilled(order))
    if code is None:
        shop.push("shipment", shipment(order, ("A", {0: 1})), "k")
        assert len(fulfilled(order)) == 1
        return
    with pytest.raises(Rejected) as caught:
        shop.push("shipment", shipment(order, ("A", {0: 1})), "k")
    assert caught.value.code == code
    assert len(fulfilled(order)) == before


def test_a_held_fulfilment_order_says_why(peer: ShopPeer, shop: Shopify) -> None:
    order = peer.order(on_hold=1.0)
    with pytest.raises(Rejected, match="HIGH_RISK_OF_FRAUD") as caught:
        shop.push("shipment", shipment(order, ("A", {0: 1})), "k")
    assert caught.value.code == "shopify.fulfillment-on-hold"


def test_what_people_wrote_to_a_hold_stays_in_the_answer(peer: ShopPeer, shop: Shopify) -> None:
    order = peer.order(on_hold=1.0)
    for node in order["_fulfillment_orders"]:
        for hold in node["fulfillmentHolds"]:
            hold["reasonNotes"] = "Ada King called"
    with pytest.raises(Rejected) as caught:
        shop.push("shipment", shipment(order, ("A", {0: 1})), "k")
    assert caught.value.answer == b"Ada King called" and "Ada" not in caught.value.detail


def test_all_of_a_shipment_or_nothing(peer: ShopPeer, shop: Shopify) -> None:
    order = two_places(peer)
    order["_fulfillment_orders"][0]["status"] = "ON_HOLD"
    with pytest.raises(Rejected):
        shop.push("shipment", shipment(order, ("A", {0: 1, 1: 1})), "k")
    assert fulfilled(order) == []


def test_a_user_error_names_its_field(peer: ShopPeer, shop: Shopify) -> None:
    order = peer.order()
    peer.shop.nodes.pop(order["_fulfillment_orders"][0]["id"])
    with pytest.raises(Rejected) as caught:
        shop.push("shipment", shipment(order, ("A", {0: 1})), "k")
    assert caught.value.field == "fulfillment.lineItemsByFulfillmentOrder.0.fulfillmentOrderId"
    (told,) = json.loads(caught.value.answer)["data"]["result"]["userErrors"]
    assert told["message"] and told["message"] not in caught.value.detail, "their words stay in the answer"


def test_without_a_tracking_number_only_the_clear_case_is_answered(peer: ShopPeer, shop: Shopify) -> None:
    order = many(peer)
    payload = shipment(order, (None, {0: 1}))
    assert isinstance(shop.find("shipment", payload, "k"), Absent)
    shop.push("shipment", payload, "k")
    assert isinstance(shop.find("shipment", payload, "k"), Unknown)


def test_a_fulfilment_that_was_cancelled_at_the_shop_is_not_taken_for_ours(peer: ShopPeer, shop: Shopify) -> None:
    order = many(peer)
    payload = shipment(order, ("A", {0: 1}))
    shop.push("shipment", payload, "k")
    changes.unfulfil(peer.shop, order["_fulfillments"][0])
    assert isinstance(shop.find("shipment", payload, "k"), Absent)
    shop.push("shipment", payload, "k")
    assert fulfilled(order) == [(0, ["A"], {0: 1})]


def test_an_order_with_more_lines_than_a_page(peer: ShopPeer, shop: Shopify) -> None:
    order = peer.order()
    sku = order["_lines"][0]["sku"]
    changes.edit(peer.shop, order, [{"add": sku, "quantity": 1} for _ in range(20)])
    last = len(order["_lines"]) - 1
    shop.push("shipment", shipment(order, ("A", {last: 1})), "k")
    assert fulfilled(order)[0][1:] == (["A"], {last: 1})


def test_late_tracking_goes_on_the_fulfilment_that_lacks_it(peer: ShopPeer, shop: Shopify) -> None:
    order = many(peer)
    shop.push("shipment", shipment(order, ("X", {0: 1})), "k1")
    shop.push("shipment", shipment(order, (None, {0: 1}), (None, {0: 1})), "k2")
    late = shipment(order, ("A", {0: 1}), ("B", {0: 1}))
    assert isinstance(shop.find("tracking", late, "k3"), Absent)
    shop.push("tracking", late, "k3")
    shop.push("tracking", late, "k3")
    assert fulfilled(order) == [(0, ["X"], {0: 1}), (0, ["A", "B"], {0: 2})]
    assert isinstance(shop.find("tracking", late, "k3"), Found)
    with pytest.raises(Rejected) as caught:
        shop.push("tracking", shipment(order, ("C", {0: 4})), "k4")
    assert caught.value.code == "shopify.fulfillment-unknown"


def received(node: Node, units: int, **more: Any) -> bytes:
    line = {"return_line_id": node["_lines"][0]["id"], "received": units, **more}
    return json.dumps({"return_id": node["id"], "lines": [line]}).encode()


def test_a_return_is_processed_as_it_comes_and_closed_at_its_end(peer: ShopPeer, shop: Shopify) -> None:
    node = peer.customer_return(quantity=3)
    line = node["_lines"][0]
    shop.push("return", received(node, 1, restock=True), "k1")
    assert (line["processedQuantity"], node["status"]) == (1, "OPEN")
    shop.push("return", received(node, 3, restock=False), "k2")
    assert (line["processedQuantity"], node["status"]) == (3, "CLOSED")
    fates = [(d["type"], d["quantity"]) for d in node["_reverse"][0]["_lines"][0]["dispositions"]]
    assert fates == [("RESTOCKED", 1), ("NOT_RESTOCKED", 2)]
    shop.push("return", received(node, 3), "k2")
    assert line["processedQuantity"] == 3


def test_an_unclear_fate_waits_for_inspection_and_a_return_may_stay_open(peer: ShopPeer) -> None:
    node = peer.customer_return()
    connected(peer, close_returns=False).push("return", received(node, 1), "k")
    assert node["_reverse"][0]["_lines"][0]["dispositions"][0]["type"] == "PROCESSING_REQUIRED"
    assert node["status"] == "OPEN"


@pytest.mark.parametrize(
    ("status", "units", "code"),
    [("REQUESTED", 1, "shopify.return-requested"), ("OPEN", 2, "shopify.quantity-exceeded")],
)
def test_a_return_that_cannot_be_processed_is_refused(
    status: str, units: int, code: str, peer: ShopPeer, shop: Shopify
) -> None:
    node = peer.customer_return(status=status)
    with pytest.raises(Rejected) as caught:
        shop.push("return", received(node, units), "k")
    assert caught.value.code == code


def test_goods_without_a_return_at_the_shop_wait_for_a_person(shop: Shopify) -> None:
    payload = json.dumps({"return_id": None, "lines": [{"order_line_id": "1", "received": 1}]}).encode()
    with pytest.raises(Rejected) as caught:
        shop.push("return", payload, "k")
    assert caught.value.code == "shopify.return-unknown"


def test_a_cancelled_order_is_not_cancelled_again(peer: ShopPeer, shop: Shopify) -> None:
    order = peer.order()
    payload = json.dumps({"order_id": order["id"], "reason": "INVENTORY", "note": "n" * 300}).encode()
    for _ in range(2):
        shop.push("order_cancellation", payload, "k")
    assert len(peer.effects("order_cancellation")) == 1


def test_story_30_stock_is_absolute_and_compared_with_what_it_replaces(peer: ShopPeer, shop: Shopify) -> None:
    sku, other = list(peer.shop.variants)[:2]
    levels = [{"sku": sku, "quantity": 7}, {"sku": other, "quantity": 500}]
    shop.push("inventory", json.dumps({"levels": levels}).encode(), "k")
    sent = peer.requests[-1]["variables"]
    assert [(q["quantity"], q["changeFromQuantity"]) for q in sent["input"]["quantities"]] == [(7, 500)]
    assert sent["key"]


@pytest.mark.parametrize(
    ("level", "code"),
    [
        ({"sku": "NOBODY", "quantity": 1}, "shopify.sku-unknown"),
        ({"sku": "NOBODY", "quantity": "1.5"}, "shopify.payload-invalid"),
    ],
)
def test_stock_that_cannot_be_placed_is_refused(level: Any, code: str, shop: Shopify) -> None:
    with pytest.raises(Rejected) as caught:
        shop.push("inventory", json.dumps({"levels": [level]}).encode(), "k")
    assert caught.value.code == code


@pytest.mark.parametrize("kind", ["shipment", "tracking", "return", "order_cancellation", "inventory"])
@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b"{}", b'{"order_id": 1, "packages": [{"lines": [{}]}]}'])
def test_a_payload_that_is_none_is_refused(kind: str, payload: bytes, shop: Shopify) -> None:
    if kind == "order_cancellation" and b"order_id" in payload:
        payload = b'{"order_id": []'
    with pytest.raises(Rejected) as caught:
        shop.push(kind, payload, "k")
    assert caught.value.code == "shopify.payload-invalid"
