"""Returns: requested by the customer, disposed of and processed by whoever received the goods, then closed."""

from __future__ import annotations

from hub.sandbox.store.changes import Refused, settle
from hub.sandbox.store.shop import Node, Shop, now


def request_return(shop: Shop, order: Node, picks: list[tuple[Node, int]], status: str = "OPEN") -> Node:
    """A return of fulfilled units: (fulfilment line, quantity) pairs. OPEN means the merchant has approved it."""
    with shop.lock:
        made = shop.node(
            "Return", name=f"{order['name']}-R{len(order['_returns']) + 1}", order=order, status=status,
            createdAt=now(), closedAt=None, requestApprovedAt=now() if status == "OPEN" else None,
            totalQuantity=sum(quantity for _, quantity in picks), _lines=[], _reverse=[],
        )  # fmt: skip
        for fulfilled, quantity in picks:
            if quantity > fulfilled["quantity"] - fulfilled["_returned"]:
                raise ValueError(f"only {fulfilled['quantity'] - fulfilled['_returned']} units can come back")
            fulfilled["_returned"] += quantity
            made["_lines"].append(_return_line(shop, made, fulfilled, quantity))
        if status == "OPEN":
            made["_reverse"].append(_reverse_order(shop, made))
        order["_returns"].append(made)
        settle(shop, order)
        shop.emit("RETURNS_APPROVE" if status == "OPEN" else "RETURNS_REQUEST", made)
        return made


def approve(shop: Shop, made: Node) -> None:
    with shop.lock:
        if made["status"] != "REQUESTED":
            raise ValueError(f"return {made['name']} is {made['status']}")
        made.update(status="OPEN", requestApprovedAt=now())
        made["_reverse"].append(_reverse_order(shop, made))
        settle(shop, made["order"])
        shop.emit("RETURNS_APPROVE", made)


def _return_line(shop: Shop, made: Node, fulfilled: Node, quantity: int) -> Node:
    line = shop.node(
        "ReturnLineItem", fulfillmentLineItem=fulfilled, quantity=quantity, customerNote=None, refundedQuantity=0,
        returnReasonNote="", processedQuantity=0, _return=made,
        returnReasonDefinition={"id": "gid://shopify/ReturnReasonDefinition/1", "handle": "unwanted",
                                "name": "Unwanted", "deleted": False},
    )  # fmt: skip
    _derive(line)
    return line


def _derive(line: Node) -> None:
    line["unprocessedQuantity"] = line["quantity"] - line["processedQuantity"]
    line["processableQuantity"] = line["unprocessedQuantity"]
    line["refundableQuantity"] = line["quantity"] - line["refundedQuantity"]


def _reverse_order(shop: Shop, made: Node) -> Node:
    reverse = shop.node("ReverseFulfillmentOrder", order=made["order"], status="OPEN", _return=made, _lines=[])
    for line in made["_lines"]:
        reverse["_lines"].append(shop.node(
            "ReverseFulfillmentOrderLineItem", fulfillmentLineItem=line["fulfillmentLineItem"],
            totalQuantity=line["quantity"], dispositions=[], _reverse=reverse,
        ))  # fmt: skip
    return reverse


def dispose(shop: Shop, inputs: list[Node], field: list[str]) -> list[Node]:
    """Say what became of received units: restocked, not restocked, missing, or still to be inspected."""
    with shop.lock:
        chosen = []
        planned: dict[str, int] = {}
        for index, entry in enumerate(inputs):
            where = [*field, str(index)]
            line = shop.find("ReverseFulfillmentOrderLineItem", entry["reverseFulfillmentOrderLineItemId"])
            if line is None:
                raise Refused("Reverse fulfillment order line item does not exist.", where, "NOT_FOUND")
            planned[line["id"]] = planned.get(line["id"], 0) + entry["quantity"]
            disposed = sum(done["quantity"] for done in line["dispositions"])
            if entry["quantity"] < 1 or disposed + planned[line["id"]] > line["totalQuantity"]:
                raise Refused("Quantity exceeds what can be disposed.", [*where, "quantity"], "GREATER_THAN")
            location = shop.find("Location", entry["locationId"]) if entry.get("locationId") else None
            if entry["dispositionType"] == "RESTOCKED" and location is None:
                raise Refused("A location is required to restock.", [*where, "locationId"], "INVALID")
            chosen.append((line, entry, location))
        for line, entry, location in chosen:
            line["dispositions"].append(shop.node(
                "ReverseFulfillmentOrderDisposition", createdAt=now(), location=location,
                quantity=entry["quantity"], type=entry["dispositionType"],
            ))  # fmt: skip
            _close_if_done(line["_reverse"])
        for made in {id(r): r for r in (line["_reverse"]["_return"] for line, _, _ in chosen)}.values():
            settle(shop, made["order"])
            shop.emit("REVERSE_FULFILLMENT_ORDERS_DISPOSE", made)
        return [line for line, _, _ in chosen]


def _close_if_done(reverse: Node) -> None:
    if all(sum(done["quantity"] for done in line["dispositions"]) >= line["totalQuantity"]
           for line in reverse["_lines"]):  # fmt: skip
        reverse["status"] = "CLOSED"


def process(shop: Shop, made: Node, lines: list[Node]) -> Node:
    """Confirm which units came back, with what became of them."""
    with shop.lock:
        if made["status"] != "OPEN":
            raise Refused(f"Return is {made['status']}.", ["input", "returnId"], "INVALID_STATE")
        by_id = {line["id"]: line for line in made["_lines"]}
        for index, entry in enumerate(lines):
            where = ["input", "returnLineItems", str(index)]
            if entry["id"] not in by_id:
                raise Refused("Return line item does not exist.", [*where, "id"], "NOT_FOUND")
            if not 0 < entry["quantity"] <= by_id[entry["id"]]["processableQuantity"]:
                raise Refused("Quantity exceeds what can be processed.", [*where, "quantity"], "GREATER_THAN")
        if dispositions := [done for entry in lines for done in entry.get("dispositions") or ()]:
            dispose(shop, dispositions, ["input", "returnLineItems", "dispositions"])
        for entry in lines:
            by_id[entry["id"]]["processedQuantity"] += entry["quantity"]
            _derive(by_id[entry["id"]])
        settle(shop, made["order"])
        shop.emit("RETURNS_PROCESS", made)
        return made


def close(shop: Shop, made: Node) -> Node:
    """Closing a closed return succeeds and changes nothing."""
    with shop.lock:
        if made["status"] == "CLOSED":
            return made
        if made["status"] != "OPEN":
            raise Refused(f"Return is {made['status']}.", ["id"], "INVALID_STATE")
        made.update(status="CLOSED", closedAt=now())
        settle(shop, made["order"])
        shop.emit("RETURNS_CLOSE", made)
        return made
