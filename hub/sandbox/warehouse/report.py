"""What the warehouse holds to be true, stated without asking anyone else."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from hub.sandbox.warehouse.stock import Fulfillment, Stock


def fulfillment_report(made: Fulfillment) -> dict[str, Any]:
    return {
        **made.describe(), "created_epoch": made.created, "picked_epoch": made.picked,
        "requests": made.requests, "refused": made.refused,
        "returned": {line.line_id: line.returned for line in made.lines.values() if line.returned},
        "tracking": [package["tracking_number"] for shipment in made.shipments for package in shipment["packages"]],
    }  # fmt: skip


def report(stock: Stock) -> dict[str, Any]:
    """`double_lines`: order lines that stand in more than one reference: an order that was created twice."""
    with stock.lock:
        fulfillments = list(stock.fulfillments.values())
        references: dict[str, list[str]] = defaultdict(list)
        numbers: dict[str, list[str]] = defaultdict(list)
        totals: Counter[str] = Counter()
        for made in fulfillments:
            numbers[made.body.get("order_number") or ""].append(made.reference)
            for line in made.lines.values():
                references[line.line_id].append(made.reference)
                totals.update(ordered=line.ordered, open=line.open, allocated=line.allocated, shipped=line.shipped,
                              cancelled=line.cancelled, returned=line.returned)  # fmt: skip
        return {
            "fulfillments": [fulfillment_report(made) for made in fulfillments],
            "order_numbers": dict(numbers),
            "double_lines": {line: found for line, found in references.items() if len(found) > 1},
            "repeated_creates": {made.reference: made.requests for made in fulfillments if made.requests > 1},
            "conflicts": {made.reference: made.refused for made in fulfillments if made.refused},
            "malformed": list(stock.malformed),
            "totals": {"fulfillments": len(fulfillments), "shipments": len(stock.shipments.documents),
                       "returns": len(stock.returns.documents), "malformed": len(stock.malformed),
                       "effects": dict(Counter(entry["effect"] for entry in stock.effects)), **totals},
        }  # fmt: skip
