"""The warehouse's state: fulfilments by our reference, feeds by sequence, stock by SKU. Never ships a cancelled unit.

Every unit of a line is in exactly one of: open (`ordered` minus the rest), allocated (picked, can no longer be
cancelled), shipped, cancelled.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hub.sandbox.catalog import GOODS

Json = dict[str, Any]


def instant(seconds: float | None = None) -> str:
    """UTC with milliseconds, RFC 3339."""
    moment = datetime.fromtimestamp(time.time() if seconds is None else seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class Line:
    line_id: str
    sku: str
    ordered: int
    allocated: int = 0
    shipped: int = 0
    cancelled: int = 0
    returned: int = 0

    @property
    def open(self) -> int:
        return self.ordered - self.allocated - self.shipped - self.cancelled

    def describe(self) -> Json:
        return {"line_id": self.line_id, "sku": self.sku, "quantity": self.ordered, "open": self.open,
                "allocated": self.allocated, "shipped": self.shipped, "cancelled": self.cancelled}  # fmt: skip


@dataclass
class Fulfillment:
    """`requests` counts how often the same create came; `refused` how often another body came for the reference."""

    reference: str
    body: Json
    lines: dict[str, Line]
    created: float
    updated: float
    requests: int = 1
    refused: int = 0
    picked: float | None = None
    cancellations: dict[str, tuple[Json, Json]] = field(default_factory=dict)
    shipments: list[Json] = field(default_factory=list)

    @property
    def status(self) -> str:
        shipped = sum(line.shipped for line in self.lines.values())
        if any(line.open or line.allocated for line in self.lines.values()):
            return "partially_shipped" if shipped else "accepted"
        return "shipped" if shipped else "cancelled"

    def describe(self) -> Json:
        return {
            "reference": self.reference, "order_number": self.body.get("order_number"), "status": self.status,
            "created_at": instant(self.created), "updated_at": instant(self.updated),
            "lines": [line.describe() for line in self.lines.values()],
            "shipments": [shipment["id"] for shipment in self.shipments],
            "cancellations": list(self.cancellations),
        }  # fmt: skip


@dataclass
class Level:
    sku: str
    on_hand: int
    allocated: int = 0
    sequence: int = 0
    updated: float = 0.0

    def describe(self) -> Json:
        return {"sku": self.sku, "location": "MAIN", "on_hand": self.on_hand, "allocated": self.allocated,
                "available": self.on_hand - self.allocated, "updated_at": instant(self.updated)}  # fmt: skip


class Feed:
    """Documents in the order they were made. A cursor is the number of the last one seen, so none is skipped."""

    def __init__(self) -> None:
        self.documents: list[Json] = []

    def add(self, document: Json) -> None:
        self.documents.append(document)

    def page(self, after: int, limit: int) -> tuple[list[Json], int, bool]:
        """(documents, cursor after them, whether there are more)."""
        found = self.documents[after : after + limit]
        end = min(after, len(self.documents)) + len(found)
        return found, end, end < len(self.documents)


class Stock:
    """Hold `lock` while reading or changing. `listeners` hear (event, document)."""

    def __init__(self, opening: int = 10_000) -> None:
        self.lock = threading.RLock()
        self.opening = opening
        self.listeners: list[Callable[[str, Json], None]] = []
        self.numbers = itertools.count(1)
        self.reset()

    def reset(self) -> None:
        with self.lock:
            self.fulfillments: dict[str, Fulfillment] = {}
            self.announced: dict[str, Json] = {}
            self.shipments, self.returns = Feed(), Feed()
            self.effects: list[Json] = []
            self.malformed: list[Json] = []
            self._changes = itertools.count(1)
            self.levels = {product.sku: Level(product.sku, self.opening) for product in GOODS}
            for level in self.levels.values():
                self.changed(level)

    def record(self, effect: str, **details: Any) -> None:
        self.effects.append({"effect": effect, "at": time.time(), **details})

    def tell(self, event: str, document: Json) -> None:
        for listener in self.listeners:
            listener(event, document)

    # -- inventory

    def changed(self, level: Level) -> None:
        level.sequence, level.updated = next(self._changes), time.time()
        self.tell("inventory.changed", level.describe())

    def inventory_page(self, after: int, limit: int) -> tuple[list[Json], int, bool]:
        """Levels that changed after the cursor, each once with its latest value."""
        moved = sorted((lv for lv in self.levels.values() if lv.sequence > after), key=lambda lv: lv.sequence)
        found = moved[:limit]
        return [lv.describe() for lv in found], found[-1].sequence if found else after, len(moved) > limit

    def move(self, sku: str, on_hand: int = 0, allocated: int = 0) -> None:
        level = self.levels[sku]
        level.on_hand += on_hand
        level.allocated += allocated
        if level.on_hand < self.opening // 10:
            level.on_hand += self.opening  # the replenishment lorry came
        self.changed(level)

    # -- fulfilments

    def create(self, reference: str, body: Json) -> Fulfillment:
        lines = {line["line_id"]: Line(line["line_id"], line["sku"], line["quantity"]) for line in body["lines"]}
        moment = time.time()
        made = self.fulfillments[reference] = Fulfillment(reference, body, lines, moment, moment)
        self.record("fulfillment_created", reference=reference, order_number=body.get("order_number"),
                    lines={line.line_id: line.ordered for line in lines.values()})  # fmt: skip
        return made

    def cancel(self, made: Fulfillment, cancellation: str, body: Json) -> Json:
        """Cancel what is still open; says per line what was asked, cancelled and refused, and why."""
        asked = body.get("lines") or [{"line_id": line.line_id, "quantity": line.ordered - line.cancelled}
                                      for line in made.lines.values()]  # fmt: skip
        answers = []
        for entry in asked:
            line = made.lines[entry["line_id"]]
            wanted = entry.get("quantity", line.ordered - line.cancelled)
            taken = min(wanted, line.open)
            line.cancelled += taken
            refused = wanted - taken
            answers.append({
                "line_id": line.line_id, "requested": wanted, "cancelled": taken, "refused": refused,
                "reason": (("allocated" if line.allocated else "shipped") if line.shipped or line.allocated
                           else "already_cancelled") if refused else None,
            })  # fmt: skip
        made.updated = time.time()
        answer = {"cancellation": cancellation, "reference": made.reference, "created_at": instant(),
                  "lines": answers}  # fmt: skip
        made.cancellations[cancellation] = (body, answer)
        self.record("cancelled", reference=made.reference, cancellation=cancellation,
                    lines={entry["line_id"]: entry["cancelled"] for entry in answers})  # fmt: skip
        self.tell("fulfillment.changed", made.describe())
        return answer

    def allocate(self, made: Fulfillment, wanted: dict[str, int]) -> dict[str, int]:
        """Pick open units, at most `wanted` per line; what a cancel took meanwhile is not there to pick."""
        picked: dict[str, int] = {}
        for line_id, quantity in wanted.items():
            line = made.lines[line_id]
            taken = min(quantity, line.open)
            if taken:
                line.allocated += taken
                picked[line_id] = taken
                made.picked = made.picked or time.time()
                self.move(line.sku, allocated=taken)
        return picked

    def ship(self, made: Fulfillment, packages: list[Json]) -> Json:
        """Ship allocated units. A package has tracking_number, carrier, sscc, weight and lines."""
        for package in packages:
            for entry in package["lines"]:
                line = made.lines[entry["line_id"]]
                assert entry["quantity"] <= line.allocated, "only picked units leave the building"
                line.allocated -= entry["quantity"]
                line.shipped += entry["quantity"]
                self.move(line.sku, on_hand=-entry["quantity"], allocated=-entry["quantity"])
        made.updated = time.time()
        document = {
            "id": f"SHP-{next(self.numbers):07d}", "reference": made.reference,
            "order_number": made.body.get("order_number"), "shipped_at": instant(),
            "carrier": packages[0]["carrier"], "service": made.body.get("service") or "ground",
            "packages": packages,
        }  # fmt: skip
        made.shipments.append(document)
        self.shipments.add(document)
        self.record("shipped", reference=made.reference, shipment=document["id"],
                    tracking=[package["tracking_number"] for package in packages])  # fmt: skip
        self.tell("shipment.created", document)
        return document

    def receive(self, made: Fulfillment, lines: list[Json], rma: str | None = None) -> Json:
        """Shipped units came back: [{line_id, quantity, condition}]."""
        entries = []
        for entry in lines:
            line = made.lines[entry["line_id"]]
            if entry["quantity"] > line.shipped - line.returned:
                raise ValueError(f"{line.line_id}: only {line.shipped - line.returned} shipped units can come back")
            line.returned += entry["quantity"]
            condition = entry.get("condition", "sellable")
            if condition == "sellable":
                self.move(line.sku, on_hand=entry["quantity"])
            entries.append({"line_id": line.line_id, "sku": line.sku, "quantity": entry["quantity"],
                            "condition": condition})  # fmt: skip
        document = {
            "id": f"RET-{next(self.numbers):07d}", "reference": made.reference, "rma": rma,
            "order_number": made.body.get("order_number"), "received_at": instant(), "lines": entries,
        }  # fmt: skip
        self.returns.add(document)
        self.record("return_received", reference=made.reference, document=document["id"], rma=rma)
        self.tell("return.received", document)
        return document
