"""What the store holds to be true, stated without asking anyone else."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hub.sandbox.store.shop import Node, Shop


def order_report(order: Node) -> dict[str, Any]:
    made = [entry for entry in order["_fulfillments"] if entry["status"] != "CANCELLED"]
    return {
        "id": order["id"], "name": order["name"], "traits": order["_traits"], "updated_at": order["updatedAt"],
        "cancelled_at": order["cancelledAt"], "cancelled_epoch": order["_cancelled_at"],
        "financial_status": order["displayFinancialStatus"],
        "fulfillment_status": order["displayFulfillmentStatus"],
        "ordered": sum(line["quantity"] for line in order["_lines"]),
        "cancelled": sum(line["_removed"] for line in order["_lines"]),
        "fulfilled": sum(line["_fulfilled"] for line in order["_lines"]),
        "lines": [
            {"id": line["id"], "sku": line["sku"], "ordered": line["quantity"], "cancelled": line["_removed"],
             "fulfilled": line["_fulfilled"], "requires_shipping": line["requiresShipping"],
             "gift_card": line["isGiftCard"]}
            for line in order["_lines"]
        ],
        "tracking": dict(Counter(t["number"] for entry in made for t in entry["trackingInfo"])),
        "double_tracking": double_tracking(made),
        "returns": [_return_report(entry) for entry in order["_returns"]],
    }  # fmt: skip


def double_tracking(fulfillments: list[Node]) -> list[str]:
    """Tracking numbers that two live fulfilments at one location carry: a shipment that was written twice.

    One shipment may be written once per location, as a fulfilment cannot span two.
    """
    seen: Counter[tuple[str, str]] = Counter()
    for entry in fulfillments:
        for number in {t["number"] for t in entry["trackingInfo"] if t["number"]}:
            seen[number, entry["location"]["id"]] += 1
    return sorted({number for (number, _), count in seen.items() if count > 1})


def _return_report(made: Node) -> dict[str, Any]:
    return {
        "id": made["id"], "name": made["name"], "status": made["status"],
        "quantity": made["totalQuantity"],
        "processed": sum(line["processedQuantity"] for line in made["_lines"]),
        "disposed": sum(done["quantity"] for reverse in made["_reverse"] for line in reverse["_lines"]
                        for done in line["dispositions"]),
        "lines": [{"line": line["fulfillmentLineItem"]["lineItem"]["id"],
                   "sku": line["fulfillmentLineItem"]["lineItem"]["sku"], "quantity": line["quantity"],
                   "processed": line["processedQuantity"]} for line in made["_lines"]],
    }  # fmt: skip


def report(shop: Shop) -> dict[str, Any]:
    with shop.lock:
        orders = [order_report(order) for order in shop.orders.values()]
    effects = Counter(entry["effect"] for entry in shop.effects)
    return {
        "orders": orders,
        "totals": {
            "orders": len(orders),
            "cancelled_orders": sum(1 for order in orders if order["cancelled_at"]),
            "malformed": sum(1 for order in orders if any(t.startswith("malformed") for t in order["traits"])),
            **{name: sum(order[name] for order in orders) for name in ("ordered", "cancelled", "fulfilled")},
            "returns": sum(len(order["returns"]) for order in orders),
            "returns_closed": sum(1 for o in orders for r in o["returns"] if r["status"] == "CLOSED"),
            "effects": dict(effects),
        },
        "double_tracking": [{"order": o["name"], "numbers": o["double_tracking"]} for o in orders
                            if o["double_tracking"]],
        "closed_twice": [e["id"] for e in shop.effects if e["effect"] == "return_closed" and e["again"]],
    }  # fmt: skip
