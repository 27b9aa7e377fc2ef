"""The warehouse's control API. `hub/sandbox/README.md` gives every body."""

from __future__ import annotations

import random
from typing import Any

from hub.sandbox.control import Call
from hub.sandbox.courier import Courier
from hub.sandbox.faults import FaultPlan
from hub.sandbox.warehouse.report import fulfillment_report, report
from hub.sandbox.warehouse.simulate import Simulation
from hub.sandbox.warehouse.stock import Fulfillment, Json, Line, Stock


class WarehouseControls:
    """What a test or the demo may do to the warehouse."""

    def __init__(
        self, stock: Stock, simulation: Simulation, faults: FaultPlan, courier: Courier, credentials: Json, hooks: Json
    ) -> None:
        self._stock, self._simulation, self._faults, self._courier = stock, simulation, faults, courier
        self._credentials, self._hooks = credentials, hooks

    def calls(self) -> dict[str, Call]:
        return {
            "POST simulation": self._simulation.configure, "GET simulation": lambda _: self._simulation.configure({}),
            "POST ship": self.ship, "POST returns": self.returns, "POST stock": self.stock,
            "GET faults": lambda _: self._faults.describe(), "POST faults": self._faults.configure,
            "POST fail_next": self._faults.force, "POST faults/clear": lambda _: self._faults.clear(),
            "GET webhooks": lambda _: self._courier.describe(), "POST webhooks": self._courier.configure,
            "POST token": self.token, "POST reset": self.reset, "GET effects": self.effects,
            "GET fulfillment": lambda body: fulfillment_report(self._find(body["reference"])),
            "GET report": lambda _: report(self._stock),
        }  # fmt: skip

    def _find(self, reference: str) -> Fulfillment:
        made = self._stock.fulfillments.get(reference)
        if made is None:
            raise LookupError(f"no fulfilment {reference!r}")
        return made

    def ship(self, body: Json) -> Any:
        """Pick and ship now: `lines` {line_id: quantity} of `reference`, or everything open. Meant for a paused
        simulation, where a test says exactly what happens when. `allocate_only` stops after picking."""
        with self._stock.lock:
            made = self._find(body["reference"])
            wanted = body.get("lines") or {line.line_id: line.open for line in made.lines.values()}
            picked = self._stock.allocate(made, wanted)
            if body.get("allocate_only"):
                return made.describe()
            ready = {line.line_id: line.allocated for line in made.lines.values() if line.allocated}
            if body.get("lines"):
                ready = {line_id: min(wanted.get(line_id, 0), units) for line_id, units in ready.items()}
            ready = {line_id: units for line_id, units in ready.items() if units}
            if not ready:
                raise ValueError(f"nothing to ship of {made.reference}: picked {picked}")
            source = random.Random(f"ship:{made.reference}:{len(made.shipments)}")
            return self._stock.ship(made, self._simulation.pack(made, ready, source))

    def returns(self, body: Json) -> Any:
        """Goods come back: `returns` names them by order number and SKU, or a random unit of a `fraction` of all."""
        made: list[Json] = []
        with self._stock.lock:
            for entry in body.get("returns") or self._random_returns(body):
                made += self._receive(entry)
        return {"received": made}

    def _random_returns(self, body: Json) -> list[Json]:
        source = random.Random(f"returns:{body.get('seed', 1)}")
        found = []
        for made in self._stock.fulfillments.values():
            lines = [line for line in made.lines.values() if line.shipped > line.returned]
            if lines and source.random() < float(body.get("fraction", 0)):
                line = source.choice(lines)
                found.append({"reference": made.reference, "lines": [{"line_id": line.line_id, "quantity": 1}]})
        return found[: int(body.get("count", len(found)))]

    def _receive(self, entry: Json) -> list[Json]:
        """By `reference` and line_id, or by `order_number` and sku: then the oldest shipped units come back first."""
        if "reference" in entry:
            return [self._stock.receive(self._find(entry["reference"]), entry["lines"], entry.get("rma"))]
        picks: dict[str, list[Json]] = {}
        for wanted in entry["lines"]:
            left = int(wanted.get("quantity", 1))
            condition = wanted.get("condition", "sellable")
            for made, line in self._lines_of(entry["order_number"], wanted["sku"]):
                taken = min(left, line.shipped - line.returned)
                if taken > 0:
                    left -= taken
                    pick = {"line_id": line.line_id, "quantity": taken, "condition": condition}
                    picks.setdefault(made.reference, []).append(pick)
            if left:
                raise ValueError(f"{entry['order_number']}: {left} more of {wanted['sku']} than were shipped")
        return [self._stock.receive(self._find(reference), lines, entry.get("rma"))
                for reference, lines in picks.items()]  # fmt: skip

    def _lines_of(self, order_number: str, sku: str) -> list[tuple[Fulfillment, Line]]:
        return [(made, line) for made in self._stock.fulfillments.values()
                if made.body.get("order_number") == order_number
                for line in made.lines.values() if line.sku == sku]  # fmt: skip

    def stock(self, body: Json) -> Any:
        """Set the units on hand of a SKU."""
        with self._stock.lock:
            level = self._stock.levels[body["sku"]]
            level.on_hand = int(body["on_hand"])
            self._stock.changed(level)
            return level.describe()

    def token(self, body: Json) -> Any:
        self._credentials["tokens"] = {str(body["token"])}
        return {"token": body["token"]}

    def reset(self, body: Json) -> Any:
        self._hooks.clear()
        self._stock.reset()
        self._faults.clear()
        return {"ok": True}

    def effects(self, body: Json) -> Any:
        found = list(self._stock.effects)
        if "effect" in body:
            found = [entry for entry in found if entry["effect"] == body["effect"]]
        return {"effects": found}
