"""The store's state: nodes by id, orders by time, one lock around all of it."""

from __future__ import annotations

import bisect
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from hub.sandbox.catalog import PRODUCTS, Product

Node = dict[str, Any]

PLACES = (
    ("Main warehouse", "18 Harbor Road", "Newark", "NJ", "07114"),
    ("West warehouse", "2200 Mission Street", "Oakland", "CA", "94607"),
)


def stamp(seconds: float) -> str:
    """An instant as the platform writes it: UTC, whole seconds."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def now() -> str:
    return stamp(time.time())


class Shop:
    """All of the store's nodes. Hold `lock` while reading or changing several of them."""

    def __init__(self, domain: str) -> None:
        self.domain = domain
        self.lock = threading.RLock()
        self.listeners: list[Callable[[str, Node], None]] = []
        self.reset()

    def reset(self) -> None:
        """Forget every order; ids go on counting so that none is used twice."""
        with self.lock:
            if not hasattr(self, "_ids"):
                self._ids = itertools.count(5_000_001)
                self._numbers = itertools.count(1001)
            self.nodes: dict[str, Node] = {}
            self.orders: dict[str, Node] = {}
            self.by_name: dict[str, Node] = {}
            self.by_update: list[tuple[str, int, str]] = []
            self.effects: list[Node] = []
            self.subscriptions: dict[str, Node] = {}
            self.inventory_keys: dict[str, tuple[str, Node]] = {}
            self.locations = [self._location(*place) for place in PLACES]
            self.variants = {product.sku: self._variant(product) for product in PRODUCTS}

    # -- nodes

    def gid(self, kind: str) -> str:
        return f"gid://shopify/{kind}/{next(self._ids)}"

    def node(self, kind: str, **fields: Any) -> Node:
        """A new node of this type, found by `node(id:)`."""
        number = next(self._ids)
        gid = f"gid://shopify/{kind}/{number}"
        node = {"__typename": kind, "id": gid, "legacyResourceId": str(number), "_number": number, **fields}
        self.nodes[gid] = node
        return node

    def next_order_number(self) -> int:
        return next(self._numbers)

    def find(self, kind: str, gid: str) -> Node | None:
        node = self.nodes.get(gid)
        return node if node is not None and node["__typename"] == kind else None

    # -- orders

    def list_order(self, order: Node) -> None:
        """Make a built order visible."""
        self.orders[order["id"]] = order
        self.by_name[order["name"]] = order
        bisect.insort(self.by_update, (order["updatedAt"], order["_number"], order["id"]))

    def touch(self, order: Node) -> None:
        """The order changed now: move it in the order of updates."""
        old = (order["updatedAt"], order["_number"], order["id"])
        when = now()
        if when > order["updatedAt"] and order["id"] in self.orders:
            place = bisect.bisect_left(self.by_update, old)
            del self.by_update[place]
            order["updatedAt"] = when
            bisect.insort(self.by_update, (when, *old[1:]))

    def resolve_order(self, reference: str) -> Node:
        """An order by gid, name (with or without #) or legacy id. Raises LookupError."""
        order = self.orders.get(reference) or self.orders.get(f"gid://shopify/Order/{reference}")
        order = order or self.by_name.get(reference) or self.by_name.get(f"#{reference}")
        if order is None:
            raise LookupError(f"no order {reference!r}: give its gid, its number or its name")
        return order

    def all_orders(self) -> Iterator[Node]:
        return iter(list(self.orders.values()))

    def emit(self, topic: str, node: Node) -> None:
        for listener in self.listeners:
            listener(topic, node)

    def unsubscribe(self, gid: str) -> None:
        with self.lock:
            self.subscriptions.pop(gid, None)
            self.nodes.pop(gid, None)

    # -- places and goods

    def _location(self, name: str, street: str, city: str, province: str, code: str) -> Node:
        location = self.node(
            "Location", name=name, isActive=True, isFulfillmentService=False, fulfillsOnlineOrders=True,
            shipsInventory=True,
            address={"address1": street, "address2": None, "city": city, "provinceCode": province, "zip": code,
                     "countryCode": "US", "phone": None},
        )  # fmt: skip
        location["_assigned"] = {
            "address1": street, "address2": None, "city": city, "countryCode": "US", "name": name, "phone": None,
            "province": province, "zip": code, "location": location,
        }  # fmt: skip
        return location

    def _variant(self, product: Product) -> Node:
        item = self.node("InventoryItem", sku=product.sku, tracked=product.ships, requiresShipping=product.ships,
                         updatedAt=now(), _levels=[])  # fmt: skip
        for location in self.locations:
            level = self.node("InventoryLevel", isActive=True, item=item, location=location, updatedAt=now())
            level["_quantities"] = {"available": 500, "on_hand": 500}
            item["_levels"].append(level)
        return self.node("ProductVariant", sku=product.sku, title="Default Title", displayName=product.title,
                         barcode=product.upc, inventoryItem=item)  # fmt: skip
