"""Purchase orders (850, 004010) as a trading partner sends them, made from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hub.sandbox.catalog import GOODS, Product
from hub.sandbox.partner.x12 import Segment, write_set

Json = dict[str, Any]

MALFORMED = ("no-po-number", "bad-count", "bad-date", "no-lines", "unknown-segment")
"""Ways a set can be wrong; each is a syntax fault that a 997 must not accept with A."""

RATES: dict[str, float] = {"drop_ship": 0.5, "same_item": 0.1, "cases": 0.0, "buyer_item_only": 0.0}
"""Shares: `cases` orders in CA with a PO4 pack of 12; `buyer_item_only` names an item by the partner's own number."""

_STORES = (
    ("0117", "Columbus", "OH", "43004", "6200 Polaris Pkwy"), ("0243", "Atlanta", "GA", "30303", "12 Peachtree St"),
    ("0388", "Denver", "CO", "80202", "1600 Larimer St"),
)  # fmt: skip
_CONSUMERS = (
    ("MAYA LINDQVIST", "41 Cedar Ave", "Portland", "OR", "97205"),
    ("THEO OBRIEN", "9 Shore Rd Unit 3", "Boston", "MA", "02110"),
    ("INES CASTILLO", "780 Canyon Dr", "Tucson", "AZ", "85701"),
)  # fmt: skip


@dataclass
class Line:
    number: str
    product: Product
    ordered: int
    unit: str
    pack: int
    named_by: str
    acknowledged: dict[str, int] = field(default_factory=dict)
    shipped: int = 0
    billed: int = 0

    @property
    def price(self) -> Decimal:
        """Of one unit as it is ordered: three fifths of what shops ask."""
        return (Decimal(self.product.price) * self.pack * 6 / 10).quantize(Decimal("0.01"))

    def describe(self) -> Json:
        return {"line": self.number, "sku": self.product.sku, "ordered": self.ordered, "unit": self.unit,
                "pack": self.pack, "price": f"{self.price}", "acknowledged": self.acknowledged,
                "shipped": self.shipped, "billed": self.billed}  # fmt: skip


@dataclass
class PurchaseOrder:
    """What was sent, where it stood, and what came back."""

    number: str
    lines: list[Line]
    purpose: str
    kind: str
    ship_to: list[Segment]
    date: datetime
    malformed: str | None = None
    interchange: str = ""
    group: str = ""
    control: str = ""
    file: str = ""
    set_acks: list[str] = field(default_factory=list)
    answers: list[Json] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    invoices: list[Json] = field(default_factory=list)
    tracking: list[str] = field(default_factory=list)

    def describe(self) -> Json:
        return {
            "po": self.number, "type": self.kind, "malformed": self.malformed, "file": self.file,
            "interchange": self.interchange, "group": self.group, "set": self.control, "ack997": self.set_acks,
            "answers855": self.answers, "notices856": self.notices, "invoices810": self.invoices,
            "tracking": self.tracking, "lines": [line.describe() for line in self.lines],
        }  # fmt: skip


def make_orders(body: Json, first: int) -> list[PurchaseOrder]:
    """`count` purchase orders numbered from `first`. Raises ValueError on an unknown setting."""
    source = random.Random(f"purchase:{body.get('seed', 1)}:{first}")
    rates = {**RATES, **(body.get("rates") or {})}
    if unknown := set(rates) - set(RATES):
        raise ValueError(f"unknown rates: {sorted(unknown)}; known: {', '.join(RATES)}")
    kinds = body.get("malformed_kinds") or ["no-po-number", "bad-count", "bad-date"]
    if wrong := set(kinds) - set(MALFORMED):
        raise ValueError(f"unknown malformed kinds: {sorted(wrong)}; known: {', '.join(MALFORMED)}")
    every = int(body.get("malformed_every") or 0)
    made = []
    for index in range(int(body.get("count", 1))):
        order = _make(source, rates, first + index)
        position = first + index
        if every and position % every == every // 2:
            order.malformed = kinds[position // every % len(kinds)]
        made.append(order)
    return made


def _make(source: random.Random, rates: dict[str, float], number: int) -> PurchaseOrder:
    chosen = source.sample(GOODS, source.choices((1, 2, 3, 5), (30, 35, 25, 10))[0])
    if source.random() < rates["same_item"]:
        chosen.append(chosen[0])
    lines = []
    for index, product in enumerate(chosen):
        cases = source.random() < rates["cases"]
        lines.append(Line(
            str(index + 1), product, source.randint(1, 3) if cases else source.choice((1, 2, 4, 6, 12)),
            "CA" if cases else "EA", 12 if cases else 1,
            "buyer" if source.random() < rates["buyer_item_only"] else "all",
        ))  # fmt: skip
    drop_ship = source.random() < rates["drop_ship"]
    ship_to = _consumer(source) if drop_ship else _store(source)
    return PurchaseOrder(f"45{number:08d}", lines, "00", "DS" if drop_ship else "SA", ship_to, datetime.now(UTC))


def _store(source: random.Random) -> list[Segment]:
    number, city, state, code, street = source.choice(_STORES)
    return [["N1", "ST", f"STORE {number}", "92", number], ["N3", street], ["N4", city, state, code, "US"]]


def _consumer(source: random.Random) -> list[Segment]:
    name, street, city, state, code = source.choice(_CONSUMERS)
    return [["N1", "ST", name], ["N3", street], ["N4", city, state, code, "US"]]


def write_order(order: PurchaseOrder, control: str) -> list[Segment]:
    """The 850 with its ST and SE, spoilt where `malformed` says so."""
    number = "" if order.malformed == "no-po-number" else order.number
    day = "20261399" if order.malformed == "bad-date" else order.date.strftime("%Y%m%d")
    soon = (order.date + timedelta(days=5)).strftime("%Y%m%d")
    body: list[Segment] = [["BEG", order.purpose, order.kind, number, "", day], ["CUR", "BY", "USD"],
                           ["REF", "DP", "042"], ["DTM", "002", soon]]  # fmt: skip
    if order.malformed == "unknown-segment":
        body.append(["XYZ", "1"])
    body += order.ship_to
    for line in order.lines if order.malformed != "no-lines" else ():
        body += _write_line(line)
    body.append(["CTT", str(len(order.lines))])
    return write_set("850", control, body, len(body) + 7 if order.malformed == "bad-count" else None)


def _write_line(line: Line) -> list[Segment]:
    product = line.product
    ids = ["IN", product.buyer_item]
    if line.named_by == "all":
        ids = ["UP", product.upc, "VN", product.sku, *ids]
    found: list[Segment] = [["PO1", line.number, str(line.ordered), line.unit, f"{line.price}", "", *ids],
                            ["PID", "F", "", "", "", product.title.upper()]]  # fmt: skip
    if line.pack > 1:
        found.append(["PO4", str(line.pack)])
    return found
