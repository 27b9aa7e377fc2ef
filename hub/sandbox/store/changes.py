"""What happens to an order after it was placed: fulfilled, cancelled, edited, paid.

Each function takes the shop's lock, changes nodes, moves `updatedAt` and emits the webhook topics the platform emits.
A refusal is a `Refused` with the user error's message and field.
"""

from __future__ import annotations

import time
from typing import Any

from hub.sandbox.catalog import BY_SKU
from hub.sandbox.store.orders import (
    LineSpec,
    add_fulfillment_order,
    add_to_fulfillment_order,
    build_line,
    price_line,
    refresh,
    refresh_quantities,
)
from hub.sandbox.store.shop import Node, Shop, now

OPEN = ("OPEN", "IN_PROGRESS")


class Refused(Exception):
    """A userErrors entry. `field` is the path into the input, `code` where the payload's errors have one."""

    def __init__(self, message: str, field: list[str] | None = None, code: str = "INVALID") -> None:
        super().__init__(message)
        self.message, self.field, self.code = message, field, code


def settle(shop: Shop, order: Node, *topics: str) -> None:
    """After a change: derive quantities, move the update time, tell the listeners. Amounts are the caller's."""
    refresh_quantities(order)
    shop.touch(order)
    for topic in topics:
        shop.emit(topic, order)
    shop.emit("ORDERS_UPDATED", order)


def fulfil(shop: Shop, groups: list[Node], tracking: list[Node], by: str = "api") -> Node:
    """Create a fulfilment. `groups` is lineItemsByFulfillmentOrder; no lines means all that remain.

    All groups must be of one order and one location.
    """
    with shop.lock:
        chosen = _choose(shop, groups)
        first = chosen[0][0]
        order = first["order"]
        lines: dict[str, Node] = {}
        for fulfillment_order, picks in chosen:
            for pick, quantity in picks:
                pick["remainingQuantity"] -= quantity
                pick["lineItem"]["_fulfilled"] += quantity
                _add_fulfilled(shop, lines, pick["lineItem"], quantity)
            left = any(pick["remainingQuantity"] for pick in fulfillment_order["_lines"])
            fulfillment_order["status"] = "IN_PROGRESS" if left else "CLOSED"
            fulfillment_order["updatedAt"] = now()
        made = shop.node(
            "Fulfillment", createdAt=now(), updatedAt=now(), status="SUCCESS", displayStatus="FULFILLED",
            deliveredAt=None, inTransitAt=None, name=f"{order['name']}-F{len(order['_fulfillments']) + 1}",
            location=shop.locations[first["_location"]], order=order, trackingInfo=tracking,
            requiresShipping=any(line["lineItem"]["requiresShipping"] for line in lines.values()),
            totalQuantity=sum(line["quantity"] for line in lines.values()), _lines=list(lines.values()),
            _fulfillment_orders=[entry for entry, _ in chosen], _by=by,
        )  # fmt: skip
        order["_fulfillments"].append(made)
        refresh_quantities(order)
        done = "FULFILLED" if order["displayFulfillmentStatus"] == "FULFILLED" else "PARTIALLY_FULFILLED"
        settle(shop, order, f"ORDERS_{done}")
        shop.emit("FULFILLMENTS_CREATE", made)
        return made


def _choose(shop: Shop, groups: list[Node]) -> list[tuple[Node, list[tuple[Node, int]]]]:
    """Check everything before anything changes."""
    chosen: list[tuple[Node, list[tuple[Node, int]]]] = []
    for index, group in enumerate(groups):
        path = ["fulfillment", "lineItemsByFulfillmentOrder", str(index)]
        fulfillment_order = shop.find("FulfillmentOrder", group["fulfillmentOrderId"])
        if fulfillment_order is None:
            raise Refused("Fulfillment order does not exist.", [*path, "fulfillmentOrderId"], "NOT_FOUND")
        if fulfillment_order["status"] not in OPEN:
            state = fulfillment_order["status"].lower()
            raise Refused(f"Fulfillment order {fulfillment_order['id']} has an unfulfillable status= {state}.", path)
        wanted = group.get("fulfillmentOrderLineItems")
        if wanted is not None and len(wanted) > 512:
            raise Refused("At most 512 line items per fulfillment order.", path)
        chosen.append((fulfillment_order, _pick(fulfillment_order, wanted, path)))
    if not chosen:
        raise Refused("lineItemsByFulfillmentOrder is empty.", ["fulfillment", "lineItemsByFulfillmentOrder"])
    if len({(entry["orderId"], entry["_location"]) for entry, _ in chosen}) > 1:
        raise Refused("All fulfillment orders must belong to the same order and be assigned to the same location.",
                      ["fulfillment", "lineItemsByFulfillmentOrder"])  # fmt: skip
    return chosen


def _pick(fulfillment_order: Node, wanted: list[Node] | None, path: list[str]) -> list[tuple[Node, int]]:
    if wanted is None:
        return [(entry, entry["remainingQuantity"]) for entry in fulfillment_order["_lines"]
                if entry["remainingQuantity"]]  # fmt: skip
    by_id = {entry["id"]: entry for entry in fulfillment_order["_lines"]}
    picks: dict[str, int] = {}
    for index, want in enumerate(wanted):
        where = [*path, "fulfillmentOrderLineItems", str(index)]
        if want["id"] not in by_id:
            raise Refused("Fulfillment order line item does not exist.", [*where, "id"], "NOT_FOUND")
        picks[want["id"]] = picks.get(want["id"], 0) + want["quantity"]
        if want["quantity"] < 1 or picks[want["id"]] > by_id[want["id"]]["remainingQuantity"]:
            raise Refused("Invalid fulfillment order line item quantity requested.", [*where, "quantity"])
    return [(by_id[identity], quantity) for identity, quantity in picks.items()]


def _add_fulfilled(shop: Shop, lines: dict[str, Node], line: Node, quantity: int) -> None:
    known = lines.get(line["id"])
    if known is None:
        known = lines[line["id"]] = shop.node("FulfillmentLineItem", lineItem=line, quantity=0, _returned=0)
    known["quantity"] += quantity
    known["originalTotalSet"] = line["originalTotalSet"]
    known["discountedTotalSet"] = line["discountedTotalSet"]


def unfulfil(shop: Shop, fulfillment: Node) -> Node:
    """Cancel a fulfilment: its units go to a new fulfilment order at the same location."""
    with shop.lock:
        if fulfillment["status"] == "CANCELLED":
            raise Refused("Fulfillment is already cancelled.", ["id"])
        order = fulfillment["order"]
        fulfillment.update(status="CANCELLED", displayStatus="CANCELED", updatedAt=now())
        again = []
        for entry in fulfillment["_lines"]:
            entry["lineItem"]["_fulfilled"] -= entry["quantity"]
            again.append((entry["lineItem"], entry["quantity"]))
        location = fulfillment["_fulfillment_orders"][0]["_location"]
        add_fulfillment_order(shop, order, location, again)
        settle(shop, order)
        shop.emit("FULFILLMENTS_UPDATE", fulfillment)
        return fulfillment


def cancel(shop: Shop, order: Node, reason: str = "CUSTOMER") -> None:
    """Cancel what is not fulfilled yet; a fulfilled order cannot be cancelled."""
    with shop.lock:
        if order["cancelledAt"]:
            raise Refused("Order has already been cancelled.", ["orderId"])
        if all(line["unfulfilledQuantity"] == 0 for line in order["_lines"]):
            raise Refused("Cannot cancel an order that is fulfilled.", ["orderId"])
        order.update(cancelledAt=now(), cancelReason=reason, closed=True, closedAt=now(), _cancelled_at=time.time())
        refund = shop.node("Refund", createdAt=now(), processedAt=now(), updatedAt=now(), note=None, order=order,
                           **{"return": None, "_lines": []})  # fmt: skip
        for line in order["_lines"]:
            if line["unfulfilledQuantity"]:
                refund["_lines"].append(_refunded(shop, line, line["unfulfilledQuantity"]))
                line["_removed"] += line["unfulfilledQuantity"]
        for entry in order["_fulfillment_orders"]:
            if entry["status"] not in ("CLOSED", "CANCELLED"):
                entry.update(status="CANCELLED", updatedAt=now())
                for pick in entry["_lines"]:
                    pick["remainingQuantity"] = 0
        if order["displayFinancialStatus"] == "PENDING":
            order["displayFinancialStatus"] = "VOIDED"
        refresh(order)
        refund["totalRefundedSet"] = order["totalRefundedSet"]
        order["_refunds"].append(refund)
        settle(shop, order, "ORDERS_CANCELLED")


def _refunded(shop: Shop, line: Node, quantity: int) -> Node:
    return {"id": shop.gid("RefundLineItem"), "lineItem": line, "quantity": quantity, "restockType": "CANCEL",
            "restocked": True, "location": None, "priceSet": line["discountedUnitPriceSet"],
            "subtotalSet": line["discountedTotalSet"], "totalTaxSet": _tax_bag(line)}  # fmt: skip


def _tax_bag(line: Node) -> Node:
    bag: Node = line["_order"]["_spec"].currencies.bag(line["_tax"])
    return bag


def edit(shop: Shop, order: Node, changes: list[Node]) -> None:
    """`changes`: {"line": gid or index, "quantity": n} sets the current quantity; {"add": sku, "quantity": n}."""
    with shop.lock:
        if order["cancelledAt"]:
            raise Refused("A cancelled order cannot be edited.")
        for change in changes:
            if "add" in change:
                _add_line(shop, order, change["add"], int(change["quantity"]))
            else:
                _set_quantity(shop, order, change["line"], int(change["quantity"]))
        order["edited"] = True
        refresh(order)
        settle(shop, order, "ORDERS_EDITED")


def _add_line(shop: Shop, order: Node, sku: str, quantity: int) -> None:
    line = build_line(shop, order, LineSpec(BY_SKU[sku], quantity))
    order["_lines"].append(line)
    add_fulfillment_order(shop, order, 0, [(line, quantity)], line["requiresShipping"])


def _set_quantity(shop: Shop, order: Node, which: Any, quantity: int) -> None:
    lines = order["_lines"]
    line = lines[which] if isinstance(which, int) else next(entry for entry in lines if entry["id"] == which)
    change = quantity - line["currentQuantity"]
    if quantity < line["_fulfilled"]:
        raise Refused(f"{line['_fulfilled']} units of {line['sku']} are already fulfilled.")
    if change > 0:
        line["quantity"] += change
        price_line(order, line)
        _add_units(shop, order, line, change)
    elif change < 0:
        line["_removed"] -= change
        _take_units(order, line, -change)


def _add_units(shop: Shop, order: Node, line: Node, units: int) -> None:
    for entry in order["_fulfillment_orders"]:
        for pick in entry["_lines"]:
            if pick["lineItem"] is line and entry["status"] in OPEN:
                pick["totalQuantity"] += units
                pick["remainingQuantity"] += units
                return
    created = add_fulfillment_order(shop, order, line["_spec"].location, [], line["requiresShipping"])
    add_to_fulfillment_order(shop, created, line, units)


def _take_units(order: Node, line: Node, units: int) -> None:
    for entry in order["_fulfillment_orders"]:
        for pick in entry["_lines"]:
            if pick["lineItem"] is line and units:
                taken = min(units, pick["remainingQuantity"])
                pick["remainingQuantity"] -= taken
                pick["totalQuantity"] -= taken
                units -= taken
        if entry["status"] in OPEN and not any(pick["remainingQuantity"] for pick in entry["_lines"]):
            entry["status"] = "CLOSED"


def pay(shop: Shop, order: Node) -> None:
    with shop.lock:
        order["displayFinancialStatus"] = "PAID"
        refresh(order)
        settle(shop, order, "ORDERS_PAID")


def release(shop: Shop, order: Node) -> None:
    """Release the fraud hold."""
    with shop.lock:
        for entry in order["_fulfillment_orders"]:
            if entry["status"] == "ON_HOLD":
                entry.update(status="OPEN", fulfillmentHolds=[], updatedAt=now())
        order["_spec"].on_hold = False
        order["risk"] = {"recommendation": "ACCEPT"}
        settle(shop, order, "FULFILLMENT_ORDERS_HOLD_RELEASED")
