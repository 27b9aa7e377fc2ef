"""Writing a shipment back: fulfilments on the order's own fulfilment orders, one per location and carrier.

The payload (mappings/shopify/shipment.out.yaml):

    {"order_id": gid, "notify_customer": true or absent,
     "packages": [{"tracking_number": text or null, "tracking_url": text or null, "carrier": text or null,
                   "location_id": gid or null,
                   "lines": [{"order_line_id": gid, "quantity": n}]}]}

What is already there is recognised by tracking number, line and quantity, so a push that broke off after the first
of several fulfilments is completed by the next one. A package without a tracking number cannot be recognised.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from connectors.shopify.client import Client
from connectors.shopify.pulling import Reader
from connectors.shopify.settings import gid
from hub.sdk.connector import Absent, Found, Receipt, Unknown
from hub.sdk.errors import Rejected, Retry
from hub.sdk.http import loads

FULFILLABLE = ("OPEN", "IN_PROGRESS")
MOST_LINES = 512
"""Lines of one fulfilment order that one fulfilment may name (FulfillmentOrderLineItemsInput)."""


@dataclass
class Package:
    """What of one package is still to be written back: units by order line."""

    number: str | None
    url: str | None
    carrier: str | None
    location: str | None
    units: Counter[str]


@dataclass
class Assigned:
    """What one fulfilment order line can still take. `line` is the order line's id."""

    id: str
    line: str
    left: int


@dataclass
class Assignment:
    """A fulfilment order with its lines. `holds`: the reasons of its holds; `notes`: what people wrote to them."""

    id: str
    status: str
    location: str | None
    holds: list[str]
    notes: list[str]
    lines: list[Assigned]


@dataclass
class Group:
    """One fulfilment to be: packages of one carrier from one location.

    `picks`: units by (fulfilment order, its line); `tracking`: url by number.
    """

    carrier: str | None
    picks: Counter[tuple[str, str]] = field(default_factory=Counter)
    tracking: dict[str, str | None] = field(default_factory=dict)


def read_payload(payload: bytes) -> tuple[dict[str, Any], list[Package]]:
    """The payload and its packages. Raises Rejected naming what is missing."""
    try:
        document = loads(payload)
        packages = [
            Package(
                entry.get("tracking_number") or None,
                entry.get("tracking_url") or None,
                entry.get("carrier") or None,
                gid("Location", str(entry["location_id"])) if entry.get("location_id") else None,
                _units(entry["lines"]),
            )
            for entry in document["packages"]
        ]
        document["order_id"] = gid("Order", str(document["order_id"]))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Rejected(f"not a shipment payload: {error!r}", code="shopify.payload-invalid") from None
    return document, packages


def _units(lines: list[dict[str, Any]]) -> Counter[str]:
    units: Counter[str] = Counter()
    for line in lines:
        quantity = int(line["quantity"])
        if quantity != line["quantity"] or quantity < 0:
            raise ValueError(f"quantity {line['quantity']} is not a whole number of units")
        units[gid("LineItem", str(line["order_line_id"]))] += quantity
    return +units


class Fulfilling:
    """Creates fulfilments, and finds those that exist."""

    def __init__(self, client: Client, reader: Reader, ours: list[str], notify: bool) -> None:
        self._client = client
        self._reader = reader
        self._ours = ours
        self._notify = notify

    def push(self, payload: bytes) -> Receipt:
        """Create what of the shipment is not there yet."""
        document, packages = read_payload(payload)
        state = self.state(document["order_id"])
        present = subtract_present(packages, state)
        groups = plan(packages, assignments(state), self._ours)
        made, raw = list(present), b""
        blind = any(not group.tracking for group in groups)
        for group in groups:
            try:
                answer = self._client.change("fulfillment_create", fulfillment=self._input(group, document))
            except Retry as error:
                if blind and len(made) > len(present) and not error.maybe_done:
                    # A part is done that a second push could not recognise: the hub must ask first.
                    raise Retry(error.detail, after=error.after, maybe_done=True, code=error.code) from error
                raise
            made.append(answer.data["result"]["fulfillment"]["id"])
            raw = answer.body
        return Receipt(",".join(made), raw or json.dumps({"already_there": made}).encode())

    def find(self, payload: bytes) -> Found | Absent | Unknown:
        """Is all of the shipment there? A part counts as absent: the next push adds the rest."""
        document, packages = read_payload(payload)
        untracked = [package for package in packages if not package.number]
        state = self.state(document["order_id"])
        present = subtract_present(packages, state)
        if not untracked:
            done = not any(package.units for package in packages)
            return Found(Receipt(",".join(present))) if done else Absent()
        wanted = sum((package.units for package in untracked), Counter())
        if any(shipped(fulfilment) & wanted for fulfilment in living(state)):
            return Unknown(
                f"order {state.get('name')} has fulfilments of these lines, and without a tracking number "
                "this shipment cannot be told from another"
            )
        return Absent()

    def state(self, order_id: str) -> dict[str, Any]:
        """The order's fulfilments and fulfilment orders, complete. Raises Rejected when there is no such order."""
        body = self._reader.read("shipping_state", order_id)
        if body is None:
            raise Rejected(f"the shop has no order {order_id}", field="order_id", code="shopify.order-unknown")
        state: dict[str, Any] = loads(body)
        return state

    def _input(self, group: Group, document: dict[str, Any]) -> dict[str, Any]:
        by_order: dict[str, list[dict[str, Any]]] = {}
        for (order, line), quantity in group.picks.items():
            by_order.setdefault(order, []).append({"id": line, "quantity": quantity})
        entry: dict[str, Any] = {
            "lineItemsByFulfillmentOrder": [
                {"fulfillmentOrderId": order, "fulfillmentOrderLineItems": lines[at : at + MOST_LINES]}
                for order, lines in by_order.items()
                for at in range(0, len(lines), MOST_LINES)
            ],
            "notifyCustomer": bool(document.get("notify_customer", self._notify)),
        }
        tracking = tracking_input(group.carrier, group.tracking)
        return {**entry, "trackingInfo": tracking} if tracking else entry


def tracking_input(carrier: str | None, tracking: dict[str, str | None]) -> dict[str, Any]:
    """A FulfillmentTrackingInput from urls by number. Urls belong to numbers by position: all of them or none."""
    urls = list(tracking.values())
    entry = {"company": carrier, "numbers": list(tracking), "urls": urls if all(urls) else None}
    return {name: value for name, value in entry.items() if value}


def living(state: dict[str, Any]) -> list[dict[str, Any]]:
    """The fulfilments that stand."""
    return [f for f in state["fulfillments"] if f["status"] not in ("CANCELLED", "ERROR", "FAILURE")]


def shipped(fulfilment: dict[str, Any]) -> Counter[str]:
    """Units of a fulfilment by order line."""
    units: Counter[str] = Counter()
    for line in fulfilment["fulfillmentLineItems"]["nodes"]:
        units[line["lineItem"]["id"]] += line["quantity"] or 0
    return units


def subtract_present(packages: list[Package], state: dict[str, Any]) -> list[str]:
    """Take out of the packages what fulfilments with their tracking numbers hold already; give those fulfilments' ids.

    A fulfilment counts when all of its tracking numbers are this shipment's.
    """
    numbers = {package.number for package in packages if package.number}
    present = []
    for fulfilment in living(state):
        tracked = {info["number"] for info in fulfilment["trackingInfo"] if info["number"]}
        if not tracked or not tracked <= numbers:
            continue
        held = shipped(fulfilment)
        for package in packages:
            if package.number in tracked:
                same = package.units & held
                package.units -= same
                held -= same
        present.append(fulfilment["id"])
    return present


def assignments(state: dict[str, Any]) -> list[Assignment]:
    """The order's fulfilment orders."""
    return [
        Assignment(
            node["id"],
            node["status"],
            ((node["assignedLocation"] or {}).get("location") or {}).get("id"),
            [hold["reason"] for hold in node["fulfillmentHolds"]],
            [hold["reasonNotes"] for hold in node["fulfillmentHolds"] if hold["reasonNotes"]],
            [
                Assigned(line["id"], line["lineItem"]["id"], line["remainingQuantity"])
                for line in node["lineItems"]["nodes"]
            ],
        )
        for node in state["fulfillmentOrders"]["nodes"]
    ]


def plan(packages: list[Package], orders: list[Assignment], ours: list[str]) -> list[Group]:
    """Lay the packages' units onto fulfilment order lines, all of them or none (Rejected says which not and why).

    Units go first to the location the package names, then to our locations, then wherever the line is assigned.
    """
    groups: dict[tuple[str | None, str | None, bool], Group] = {}
    for package in packages:
        ranked = sorted(orders, key=lambda order: _rank(order, package, ours))
        for line, wanted in package.units.items():
            for order, entry in ((o, e) for o in ranked if o.status in FULFILLABLE for e in o.lines if e.line == line):
                taken = min(wanted, entry.left)
                if taken:
                    entry.left -= taken
                    wanted -= taken
                    key = (order.location, package.carrier, package.number is not None)
                    group = groups.setdefault(key, Group(package.carrier))
                    group.picks[order.id, entry.id] += taken
                    if package.number:
                        group.tracking[package.number] = package.url
            if wanted:
                raise _cannot(line, wanted, orders)
    return list(groups.values())


def _rank(order: Assignment, package: Package, ours: list[str]) -> tuple[bool, bool]:
    return order.location != package.location, order.location not in ours


def _cannot(line: str, missing: int, orders: list[Assignment]) -> Rejected:
    """Why `missing` units of an order line cannot be fulfilled, by the state of the fulfilment orders that hold it."""
    holding = [order for order in orders if any(entry.line == line for entry in order.lines)]
    states = {order.status for order in holding if order.status not in FULFILLABLE}
    what = f"{missing} of line {line}"
    if not holding:
        return Rejected(f"{what}: no fulfilment order holds this line", code="shopify.line-unknown")
    if "ON_HOLD" in states:
        why = "; ".join(reason for order in holding for reason in order.holds) or "no reason given"
        notes = "\n".join(note for order in holding for note in order.notes)
        told = f"{what}: the fulfilment order is on hold ({why})"
        return Rejected(told, code="shopify.fulfillment-on-hold", answer=notes)
    if "SCHEDULED" in states:
        return Rejected(f"{what}: the fulfilment order is scheduled for later", code="shopify.fulfillment-scheduled")
    if "INCOMPLETE" in states:
        return Rejected(f"{what}: the fulfilment order was given up", code="shopify.fulfillment-incomplete")
    if "CANCELLED" in states and not any(order.status in (*FULFILLABLE, "CLOSED") for order in holding):
        return Rejected(f"{what}: the fulfilment order was cancelled", code="shopify.fulfillment-cancelled")
    return Rejected(f"{what}: already fulfilled or removed at the shop", code="shopify.quantity-exceeded")
