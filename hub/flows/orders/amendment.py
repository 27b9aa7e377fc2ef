"""An order as a change of it wants it: pure, documents in and a document out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hub.documents.order import HEAD
from hub.documents.order_change import OrderChange

Document = Mapping[str, Any]

STATED = [name for name in HEAD if name in OrderChange().fields and name not in ("number", "references")]
"""What a change states of an order's head, each as a whole: its number is one of its own; references, like totals and
parties, are joined one by one."""

_ITEM = ("title", "unit_price", "position")

UNKNOWN = "The order has no such line."
SEVERAL = "Several lines of the order have this SKU, and no line is named."
EXISTS = "The order has this line already."
NO_QUANTITY = "It does not say how much is wanted."
CONTRADICTS = "Its quantity contradicts what it asks for."
UNIT = "It is in another unit than the order, and does not say how many base units one is."
ITEM = "A backend has this line already: its item can no longer become another one."


@dataclass(frozen=True, slots=True)
class LineChange:
    """What was to happen to one line. Quantities in the unit as ordered: `before`, what the source had ordered until
    then; `asked`, what it wants, None where that stays. `refused`: why nothing happens."""

    external_id: str
    action: str
    before: Decimal
    asked: Decimal | None = None
    refused: str | None = None


@dataclass(slots=True)
class Amended:
    """The order as it is wanted (a canonical order), and what that means for its lines. `stays`: lines of whose
    quantity the change says nothing."""

    order: dict[str, Any]
    lines: list[LineChange]
    stays: set[str]


def amended(order: Document, standing: Mapping[str, Decimal], fixed: Collection[str], change: Document) -> Amended:
    """Put a canonical `order_change` upon a canonical `order`.

    `standing`: line -> how much of it its source has ordered and not taken back, in the line's unit. `fixed`: lines of
    which a backend has units, or had.
    """
    if change["purpose"] == "cancel":
        gone = [LineChange(name, "delete", before, Decimal(0)) for name, before in standing.items() if before]
        return Amended({**order, "purpose": "cancel", "cancel_reason": change.get("reason")}, gone, set())
    named = {line["external_id"] for line in change["lines"] if line.get("external_id")}
    lines = _Lines({line["external_id"]: dict(line) for line in order["lines"]}, standing, fixed, named)
    for wanted in change["lines"]:
        lines.change(wanted, restates=change["purpose"] == "replace")
    if change["purpose"] == "replace":
        lines.drop_unnamed()
    stays = lines.now.keys() - lines.moved
    head = {**_head(order, change), "totals": _totals(order, change, lines)}
    return Amended({**order, **head, "lines": [*lines.now.values()]}, lines.done, stays)


def _totals(order: Document, change: Document, lines: _Lines) -> dict[str, Any]:
    """The order's sums after the change. Those of lines that have changed are no longer known, unless it states them;
    a discount or tax in sum changes by as much as the lines' own parts of it."""
    totals = dict(order["totals"])
    if lines.moved or lines.priced:
        totals |= dict.fromkeys(("subtotal", "total", "presentment_total"))
    for name, difference in lines.adjusted.items():
        if totals.get(name) is not None:
            totals[name] = max(Decimal(0), totals[name] + difference)
    return totals | {name: value for name, value in change["totals"].items() if value is not None}


def _head(order: Document, change: Document) -> dict[str, Any]:
    """What the change makes of the rest of the order's head."""
    stated = {name: change[name] for name in STATED if change.get(name)}
    there = _ship_to(change["parties"])
    if there is not None and there.get("id") and there["id"] != (_ship_to(order["parties"]) or {}).get("id"):
        stated.setdefault("ship_to", there.get("address"))  # another place, named by its id alone
    stated["references"] = {**order["references"], **change["references"]}
    roles = {party["role"] for party in change["parties"]}
    stated["parties"] = [party for party in order["parties"] if party["role"] not in roles] + change["parties"]
    return stated


def _ship_to(parties: Sequence[Document]) -> Document | None:
    return next((party for party in parties if party["role"] == "ship_to"), None)


@dataclass(slots=True)
class _Lines:
    """The lines of an order while they are being changed. `named`: ids that the change itself uses. `moved`: lines of
    which it states the quantity; `silent`: those that it says stay. `adjusted`: by how much the lines' discount or tax
    has changed in sum."""

    now: dict[str, dict[str, Any]]
    standing: Mapping[str, Decimal]
    fixed: Collection[str]
    named: Collection[str]
    done: list[LineChange] = field(default_factory=list)
    moved: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    priced: bool = False
    adjusted: dict[str, Decimal] = field(default_factory=dict)

    def change(self, wanted: Document, *, restates: bool) -> None:
        """Do what is wanted of one line, or say why not. `restates`: it stands among the lines of the whole order."""
        action = wanted["action"]
        if restates and action not in ("delete", "none"):
            action = "replace"
        found = [wanted["external_id"]] if wanted.get("external_id") else self._with(wanted.get("sku"))
        name = found[0] if found else ""
        known = self.now.get(name)
        if len(found) > 1:
            self._refuse(wanted, "", SEVERAL)
        elif known is None and (action == "add" or (restates and action == "replace")):
            self._add(wanted, name or self._free())
        elif known is None:
            self._refuse(wanted, name, UNKNOWN)
        elif action == "add" and self._before(name):
            self._refuse(wanted, name, EXISTS)
        elif action == "delete":
            self._take_out(name)
        elif action == "none":
            self.silent.add(name)
        else:
            self._put(wanted, name, known, action)

    def drop_unnamed(self) -> None:
        """The lines that nothing was said of are gone."""
        named = {line.external_id for line in self.done} | self.silent
        for name, before in self.standing.items():
            if name not in named and before:
                self._take_out(name)

    def _before(self, name: str) -> Decimal:
        return self.standing.get(name, Decimal(0))

    def _free(self) -> str:
        """The id of a new line that has none: the next number that no other has."""
        number = len(self.now) + 1
        while str(number) in self.now or str(number) in self.named:
            number += 1
        return str(number)

    def _with(self, sku: str | None) -> list[str]:
        """The lines that a SKU alone names."""
        return [name for name, line in self.now.items() if sku and line.get("sku") == sku]

    def _refuse(self, wanted: Document, name: str, why: str) -> None:
        known_as = name or wanted.get("sku") or ""
        self.done.append(LineChange(known_as, wanted["action"], self._before(name), refused=why))

    def _take_out(self, name: str) -> None:
        self.now[name]["cancelled"] = self.now[name]["quantity"]
        self.moved.add(name)
        self.done.append(LineChange(name, "delete", self._before(name), Decimal(0)))

    def _add(self, wanted: Document, name: str) -> None:
        if not wanted.get("quantity"):
            self._refuse(wanted, name, NO_QUANTITY)
            return
        self.now[name] = {
            **_NEW,
            "position": len(self.now) + 1,
            "sku": wanted.get("sku"),
            **{key: wanted[key] for key in ("quantity", "unit", "pack_factor", *_ITEM) if wanted.get(key) is not None},
            "external_id": name,
            "identifiers": wanted["identifiers"],
        }
        self.moved.add(name)
        self.done.append(LineChange(name, "add", Decimal(0), wanted["quantity"]))

    def _put(self, wanted: Document, name: str, line: dict[str, Any], action: str) -> None:
        before = self._before(name)
        quantity, why = (None, None) if action == "price" else _quantity(wanted, action, before)
        why = why or self._unfit(wanted, name, line)
        if why:
            self._refuse(wanted, name, why)
            return
        stated = ("unit_price",) if action == "price" else ("sku", "unit", "pack_factor", *_ITEM)
        new = {key: wanted[key] for key in stated if wanted.get(key) is not None}
        price = line.get("unit_price")
        self.priced |= new.get("unit_price", price) != price
        old = line["quantity"] * line["pack_factor"]
        line.update(new)
        if quantity == 0:
            line["cancelled"] = line["quantity"]
        elif quantity is not None:
            line["quantity"], line["cancelled"] = quantity, Decimal(0)
            self._apportion(line, old, quantity * line["pack_factor"])
        if quantity is not None:
            self.moved.add(name)
        self.done.append(LineChange(name, action, before, quantity))

    def _apportion(self, line: dict[str, Any], old: Decimal, new: Decimal) -> None:
        """What was agreed for `old` base units of a line is agreed for `new` ones in proportion."""
        for name in ("discount", "tax"):
            amount = line.get(name)
            if amount and old and old != new:
                line[name] = round(amount * new / old, 6)
                self.adjusted[name] = self.adjusted.get(name, Decimal(0)) + line[name] - amount

    def _unfit(self, wanted: Document, name: str, line: Document) -> str | None:
        """Why a line cannot become what is wanted."""
        if wanted.get("sku") and wanted["sku"] != line.get("sku") and name in self.fixed:
            return ITEM
        if wanted.get("unit") and wanted["unit"] != line["unit"] and not wanted.get("pack_factor"):
            return UNIT
        return None


_NEW: Document = {
    "title": None,
    "unit": "EA",
    "pack_factor": Decimal(1),
    "cancelled": Decimal(0),
    "fulfilled_elsewhere": Decimal(0),
    "unit_price": None,
    "discount": None,
    "tax": None,
    "ships": True,
    "location": None,
}


def _quantity(wanted: Document, action: str, before: Decimal) -> tuple[Decimal | None, str | None]:
    """What is ordered of a line after the change, None where that stays; or why that cannot be said."""
    quantity: Decimal | None = wanted.get("quantity")
    if quantity is None and wanted.get("difference") is not None and action in ("more", "fewer"):
        quantity = before + wanted["difference"] * (1 if action == "more" else -1)
    if quantity is None:
        return None, None if action == "change" else NO_QUANTITY
    if quantity < 0 or (action == "more" and quantity < before) or (action == "fewer" and quantity > before):
        return None, CONTRADICTS
    return quantity, None
