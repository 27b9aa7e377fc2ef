"""Turns what happened in the store into signed webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable
from typing import Any

from hub.sandbox.courier import Courier, Delivery
from hub.sandbox.store.shop import Node, Shop, now


def sign(secret: str, body: bytes) -> str:
    """base64 of HMAC-SHA256 over the raw body."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def topic_name(topic: str) -> str:
    """ORDERS_CREATE is announced as orders/create."""
    for family in ("REVERSE_FULFILLMENT_ORDERS", "FULFILLMENT_ORDERS", "INVENTORY_LEVELS"):
        if topic.startswith(f"{family}_"):
            return f"{family}/{topic[len(family) + 1 :]}".lower()
    family, _, event = topic.partition("_")
    return f"{family}/{event}".lower()


class Announcer:
    """Listens to the shop and hands a delivery per subscription to the courier."""

    def __init__(self, shop: Shop, courier: Courier, secret: Callable[[], str], version: str) -> None:
        self._shop = shop
        self._courier = courier
        self._secret = secret
        self._version = version

    def heard(self, topic: str, node: Node) -> None:
        subscriptions = [entry for entry in list(self._shop.subscriptions.values()) if entry["topic"] == topic]
        if not subscriptions:
            return
        body = json.dumps(payload(topic, node)).encode()
        for subscription in subscriptions:
            self._courier.send(self._delivery(topic, subscription, body))

    def _delivery(self, topic: str, subscription: Node, body: bytes) -> Delivery:
        headers = {
            "Content-Type": "application/json", "X-Shopify-Topic": topic_name(topic),
            "X-Shopify-Hmac-SHA256": sign(self._secret(), body), "X-Shopify-Shop-Domain": self._shop.domain,
            "X-Shopify-API-Version": self._version, "X-Shopify-Webhook-Id": str(uuid.uuid4()),
            "X-Shopify-Event-Id": str(uuid.uuid4()), "X-Shopify-Triggered-At": now(),
        }  # fmt: skip
        return Delivery(subscription["id"], topic, subscription["uri"], body, lambda: headers)


def payload(topic: str, node: Node) -> dict[str, Any]:
    """The webhook's body: an order in the REST form, of anything else little more than ids."""
    kind = node["__typename"]
    if kind == "Order":
        return order_payload(node)
    body = {"id": node["_number"], "admin_graphql_api_id": node["id"]}
    if kind == "Fulfillment":
        return {**body, "order_id": node["order"]["_number"], "status": node["status"].lower(), "name": node["name"],
                "created_at": node["createdAt"], "updated_at": node["updatedAt"],
                "tracking_numbers": [entry["number"] for entry in node["trackingInfo"]]}  # fmt: skip
    if kind == "Return":
        order = node["order"]
        return {**body, "status": node["status"].lower(), "name": node["name"],
                "order": {"id": order["_number"], "admin_graphql_api_id": order["id"]}}  # fmt: skip
    if kind == "InventoryLevel":
        return {"inventory_item_id": node["item"]["_number"], "location_id": node["location"]["_number"],
                "available": node["_quantities"]["available"], "updated_at": node["updatedAt"],
                "admin_graphql_api_id": node["id"]}  # fmt: skip
    return body


def order_payload(order: Node) -> dict[str, Any]:
    fulfilled = {"FULFILLED": "fulfilled", "PARTIALLY_FULFILLED": "partial"}
    return {
        "id": order["_number"], "admin_graphql_api_id": order["id"], "name": order["name"],
        "order_number": order["number"], "created_at": order["createdAt"], "updated_at": order["updatedAt"],
        "processed_at": order["processedAt"], "cancelled_at": order["cancelledAt"], "closed_at": order["closedAt"],
        "currency": order["currencyCode"], "presentment_currency": order["presentmentCurrencyCode"],
        "email": order["email"], "financial_status": (order["displayFinancialStatus"] or "").lower(),
        "fulfillment_status": fulfilled.get(order["displayFulfillmentStatus"]), "test": order["test"],
        "taxes_included": order["taxesIncluded"], "total_price": order["totalPriceSet"]["shopMoney"]["amount"],
        "line_items": [
            {"id": line["_number"], "admin_graphql_api_id": line["id"], "sku": line["sku"],
             "quantity": line["quantity"], "current_quantity": line["currentQuantity"], "title": line["title"],
             "requires_shipping": line["requiresShipping"], "gift_card": line["isGiftCard"]}
            for line in order["_lines"]
        ],
    }  # fmt: skip
