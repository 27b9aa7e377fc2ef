"""Lays the three peers' reports side by side: what one did must be what another was told."""

from __future__ import annotations

from collections import Counter
from typing import Any

Json = dict[str, Any]
Units = Counter[str]


def judge(store: Json | None, warehouse: Json | None, partner: Json | None) -> list[Json]:
    """Every discrepancy as {"kind", "order", ...}. Orders are matched by `order_number` at the warehouse.

    Kinds: `created-twice` (an order line in two warehouse references), `written-back` (units or tracking that differ),
    `tracking-twice`, `shipped-though-cancelled` (with the times of both, for a race may be lost honestly),
    `not-to-be-shipped` (malformed, unpaid, held or test, yet at the warehouse), `return-open` (received, not closed),
    `billed` (a purchase order's invoices bill other units than have shipped), `partner` (an error or a duplicate in an
    EDI answer).
    """
    warehouse = warehouse or {"fulfillments": [], "double_lines": {}}
    at_warehouse = _by_order(warehouse)
    found = [{"kind": "created-twice", "order": None, "line": line, "references": references}
             for line, references in warehouse["double_lines"].items()]  # fmt: skip
    for order in (store or {"orders": []})["orders"]:
        found += _judge_store_order(order, at_warehouse.get(order["name"], []))
    if partner is not None:
        found += [{"kind": "partner", "order": None, **entry} for entry in partner["errors"] + partner["duplicates"]]
        for order in partner["orders"]:
            found += _judge_purchase_order(order, at_warehouse.get(order["po"], []))
    return found


def _by_order(warehouse: Json) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = {}
    for entry in warehouse["fulfillments"]:
        found.setdefault(entry["order_number"] or "", []).append(entry)
    return found


def _shipped(fulfillments: list[Json]) -> Units:
    return Counter({
        sku: units for sku, units in _sum((line["sku"], line["shipped"]) for entry in fulfillments
                                          for line in entry["lines"]).items() if units
    })  # fmt: skip


def _sum(pairs: Any) -> Units:
    units: Units = Counter()
    for sku, quantity in pairs:
        units[sku] += quantity
    return units


HELD = ("unpaid", "on_hold", "test")


def _judge_store_order(order: Json, fulfillments: list[Json]) -> list[Json]:
    name, found = order["name"], []
    shipped = _shipped(fulfillments)
    fulfilled = Counter(
        {
            sku: units
            for sku, units in _sum(
                (line["sku"], line["fulfilled"]) for line in order["lines"] if line["requires_shipping"]
            ).items()
            if units
        }
    )
    tracking = {number for entry in fulfillments for number in entry["tracking"]}
    if fulfillments and _must_not_ship(order):
        found.append({"kind": "not-to-be-shipped", "order": name, "traits": order["traits"]})
    if order["cancelled_at"] and shipped and shipped != fulfilled:
        found.append({
            "kind": "shipped-though-cancelled", "order": name, "shipped": dict(shipped), "fulfilled": dict(fulfilled),
            "cancelled_epoch": order["cancelled_epoch"],
            "created_epoch": min(entry["created_epoch"] for entry in fulfillments),
            "picked_epoch": min(entry["picked_epoch"] or 0 for entry in fulfillments),
        })  # fmt: skip
    elif shipped != fulfilled or (shipped and tracking != set(order["tracking"])):
        found.append({"kind": "written-back", "order": name, "shipped": dict(shipped), "fulfilled": dict(fulfilled),
                      "tracking": sorted(tracking ^ set(order["tracking"]))})  # fmt: skip
    if order["double_tracking"]:
        found.append({"kind": "tracking-twice", "order": name, "numbers": order["double_tracking"]})
    received = sum(sum(entry["returned"].values()) for entry in fulfillments)
    waiting = [entry["name"] for entry in order["returns"] if entry["status"] == "OPEN"]
    if received and waiting:
        found.append({"kind": "return-open", "order": name, "returns": waiting})
    return found


def _must_not_ship(order: Json) -> bool:
    """Still held: a paid or released order may ship, and a total that is wrong is for the hub to hold."""
    traits = set(order["traits"])
    if "unpaid" in traits and order["financial_status"] != "PENDING":
        traits.discard("unpaid")
    if "on_hold" in traits and order["fulfillment_status"] != "ON_HOLD":
        traits.discard("on_hold")
    return any(trait in HELD or trait.startswith("malformed:") for trait in traits)


def _judge_purchase_order(order: Json, fulfillments: list[Json]) -> list[Json]:
    shipped = _shipped(fulfillments)
    told = _sum((line["sku"], line["shipped"] * line["pack"]) for line in order["lines"] if line["shipped"])
    if order["malformed"] and fulfillments:
        return [{"kind": "not-to-be-shipped", "order": order["po"], "traits": [f"malformed:{order['malformed']}"]}]
    billed = _sum((line["sku"], line["billed"] * line["pack"]) for line in order["lines"] if line["billed"])
    if shipped != told:
        return [{"kind": "written-back", "order": order["po"], "shipped": dict(shipped), "noticed": dict(told)}]
    if shipped != billed:
        return [{"kind": "billed", "order": order["po"], "shipped": dict(shipped), "billed": dict(billed)}]
    return []
