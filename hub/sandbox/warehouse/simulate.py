"""What the warehouse's people do: pick, pack in parts, ship, receive returns. Paced by settings, driven by a timer."""

from __future__ import annotations

import random
from typing import Any

from hub.sandbox.timer import Timer
from hub.sandbox.warehouse.stock import Fulfillment, Json, Stock, instant

CARRIERS = (("UPS", "1Z", 16), ("DHL", "JD01", 16), ("USPS", "9400", 18), ("FedEx", "7489", 8))
"""Carriers with what their numbers begin with, and how many digits follow."""
SETTINGS: dict[str, Any] = {
    "allocate_after": [0.2, 1.0],
    "ship_after": [0.2, 1.0],
    "partial_rate": 0.35,
    "packages_max": 3,
    "return_rate": 0.0,
    "return_after": [0.5, 2.0],
    "malformed_every": 0,
    "paused": False,
    "seed": 1,
}
"""Seconds are uniform ranges. `partial_rate`: share of fulfilments shipped in two or three shipments. `return_rate`:
share of shipments of which a unit comes back unannounced. `malformed_every`: after every so many shipments one broken
document that belongs to no fulfilment stands in the feed."""


def sscc(number: int) -> str:
    """An 18-digit serial shipping container code with its check digit."""
    body = f"00614141{number:09d}"
    odd = sum(int(digit) for digit in body[::-1][0::2])
    even = sum(int(digit) for digit in body[::-1][1::2])
    return f"{body}{-(odd * 3 + even) % 10}"


class Simulation:
    def __init__(self, stock: Stock, weights: dict[str, int]) -> None:
        self._stock = stock
        self._weights = weights
        self._timer = Timer()
        self._waiting: list[Fulfillment] = []
        self.settings = dict(SETTINGS)

    def configure(self, body: Json) -> Json:
        if unknown := set(body) - set(SETTINGS):
            raise ValueError(f"unknown simulation settings: {sorted(unknown)}; known: {', '.join(SETTINGS)}")
        with self._stock.lock:
            self.settings.update(body)
            if not self.settings["paused"]:
                waiting, self._waiting = self._waiting, []
                for made in waiting:
                    self._later("allocate_after", self._source(made), lambda made=made: self._allocate(made))
        return {**self.settings, "scheduled": len(self._timer), "waiting": len(self._waiting)}

    def accepted(self, made: Fulfillment) -> None:
        self._later("allocate_after", self._source(made), lambda: self._allocate(made))

    def _source(self, made: Fulfillment) -> random.Random:
        """One generator per fulfilment and stage, so that the outcome does not hang on the threads' timing."""
        return random.Random(f"{self.settings['seed']}:{made.reference}:{len(made.shipments)}")

    def _later(self, name: str, source: random.Random, action: Any) -> None:
        low, high = self.settings[name]
        self._timer.after(source.uniform(low, high), action)

    def _allocate(self, made: Fulfillment) -> None:
        with self._stock.lock:
            if self._stock.fulfillments.get(made.reference) is not made:
                return  # the world was reset
            if self.settings["paused"]:
                self._waiting.append(made)
                return
            source = self._source(made)
            picked = self._stock.allocate(made, self._choose(made, source))
            if picked:
                self._later("ship_after", source, lambda: self._ship(made, picked))

    def _choose(self, made: Fulfillment, source: random.Random) -> dict[str, int]:
        """All open units, or a part of them while parts are left to come."""
        units = {line.line_id: line.open for line in made.lines.values() if line.open}
        total = sum(units.values())
        if total < 2 or len(made.shipments) >= 2 or source.random() >= self.settings["partial_rate"]:
            return units
        target, chosen = source.randint(1, total - 1), {}
        for line_id, quantity in units.items():
            taken = min(quantity, target)
            if taken:
                chosen[line_id] = taken
                target -= taken
        return chosen

    def _ship(self, made: Fulfillment, picked: dict[str, int]) -> None:
        with self._stock.lock:
            if self._stock.fulfillments.get(made.reference) is not made:
                return
            source = random.Random(f"{self.settings['seed']}:{made.reference}:ship:{len(made.shipments)}")
            self._stock.ship(made, self.pack(made, picked, source))
            self._spoil_feed()
            if source.random() < self.settings["return_rate"]:
                line_id = source.choice(sorted(picked))
                self._later("return_after", source, lambda: self._come_back(made, line_id))
            if any(line.open for line in made.lines.values()):
                self._later("allocate_after", source, lambda: self._allocate(made))

    def pack(self, made: Fulfillment, picked: dict[str, int], source: random.Random) -> list[Json]:
        """Spread the units over up to `packages_max` packages; one line may stand in two of them."""
        carrier, prefix, digits = source.choice(CARRIERS)
        total = sum(picked.values())
        count = min(total, source.randint(1, int(self.settings["packages_max"])))
        boxes: list[dict[str, int]] = [{} for _ in range(count)]
        units = [line_id for line_id, quantity in picked.items() for _ in range(quantity)]
        for index, line_id in enumerate(units):
            box = boxes[index % count]
            box[line_id] = box.get(line_id, 0) + 1
        return [self._package(made, box, carrier, prefix, digits) for box in boxes]

    def _package(self, made: Fulfillment, box: dict[str, int], carrier: str, prefix: str, digits: int) -> Json:
        number = next(self._stock.numbers)
        grams = 120 + sum(self._weights.get(made.lines[line_id].sku, 0) * units for line_id, units in box.items())
        tracking = f"{prefix}{number:0{digits}d}"
        return {
            "id": f"PKG-{number:07d}", "tracking_number": tracking, "carrier": carrier,
            "tracking_url": f"https://track.example/{tracking}", "sscc": sscc(number),
            "weight": {"value": f"{grams / 1000:.3f}", "unit": "kg"},
            "lines": [{"line_id": line_id, "sku": made.lines[line_id].sku, "quantity": units}
                      for line_id, units in box.items()],
        }  # fmt: skip

    def _come_back(self, made: Fulfillment, line_id: str) -> None:
        with self._stock.lock:
            line = made.lines[line_id]
            if line.shipped > line.returned:
                self._stock.receive(made, [{"line_id": line_id, "quantity": 1}])

    def announced(self, rma: str, body: Json) -> None:
        """An announced return arrives after `return_after`."""
        made = self._stock.fulfillments[body["reference"]]

        def arrive() -> None:
            with self._stock.lock:
                lines = [{**entry, "condition": entry.get("condition", "sellable")} for entry in body["lines"]]
                self._stock.receive(made, lines, rma)

        self._later("return_after", random.Random(f"{self.settings['seed']}:{rma}"), arrive)

    def _spoil_feed(self) -> None:
        """A document that is wrong and belongs to nothing: what it says must be parked, and loses nothing."""
        every = int(self.settings["malformed_every"])
        if not every or (len(self._stock.shipments.documents) + 1) % every:
            return
        number = next(self._stock.numbers)
        kind = ("unknown-reference", "null-quantity", "no-packages")[len(self._stock.malformed) % 3]
        document: Json = {
            "id": f"SHP-{number:07d}", "reference": f"nobody-{number}", "order_number": None, "shipped_at": instant(),
            "carrier": "UPS", "service": "ground",
            "packages": [{"id": f"PKG-{number:07d}", "tracking_number": f"1Z{number:016d}", "carrier": "UPS",
                          "tracking_url": None, "sscc": sscc(number), "weight": {"value": "1.000", "unit": "kg"},
                          "lines": [{"line_id": "nobody", "sku": "TEE-BLK-S", "quantity": 1}]}],
        }  # fmt: skip
        if kind == "null-quantity":
            document["packages"][0]["lines"][0]["quantity"] = None
        elif kind == "no-packages":
            document["packages"] = None
        self._stock.malformed.append({"id": document["id"], "kind": kind})
        self._stock.shipments.add(document)
        self._stock.tell("shipment.created", document)
