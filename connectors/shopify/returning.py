"""Writing back what a warehouse received of a return.

`returnProcess` is the operation that says so: it confirms the units that came back, with what became of them, and
moves no money (a refund stays the merchant's decision). `reverseFulfillmentOrderDispose` alone would move stock but
leave the return's units unprocessed; `returnRefund` is deprecated. When every unit is processed the return is closed
with `returnClose`, if the connection's settings want it.

The payload (mappings/shopify/return.out.yaml):

    {"order_id": gid or null, "return_id": gid,
     "lines": [{"return_line_id": gid or null, "order_line_id": gid or null, "received": n, "restock": true|false|null,
                "location_id": gid or null}]}

`received` is the total received so far, not what this message adds: sending it twice has one effect, and asking is
comparing it with what the shop has processed.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from connectors.shopify.client import Client
from connectors.shopify.pulling import Reader
from connectors.shopify.settings import gid
from hub.sdk.connector import Absent, Found, Receipt
from hub.sdk.errors import Rejected
from hub.sdk.http import loads


def read_payload(payload: bytes) -> dict[str, Any]:
    """The payload. Raises Rejected naming what is missing."""
    try:
        document: dict[str, Any] = loads(payload)
        for line in document["lines"]:
            if int(line["received"]) != line["received"] or line["received"] < 0:
                raise ValueError(f"received {line['received']} is not a whole number of units")
            if not line.get("return_line_id") and not line.get("order_line_id"):
                raise ValueError("a line names neither return_line_id nor order_line_id")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Rejected(f"not a return payload: {error!r}", code="shopify.payload-invalid") from None
    if not document.get("return_id"):
        raise Rejected(
            "the shop knows no return for these goods; open one there and name it, or close this by hand",
            field="return_id",
            code="shopify.return-unknown",
        )
    document["return_id"] = gid("Return", str(document["return_id"]))
    return document


class Returning:
    """Processes returns, and sees what is processed."""

    def __init__(self, client: Client, reader: Reader, locations: list[str], close: bool) -> None:
        self._client = client
        self._reader = reader
        self._locations = locations
        self._close = close

    def push(self, payload: bytes) -> Receipt:
        """Process what has been received beyond what is processed; close the return when nothing is left."""
        document = read_payload(payload)
        state = self._state(document["return_id"])
        missing = outstanding(document, state)
        raw = b""
        if missing:
            if state["status"] != "OPEN":
                status = str(state["status"]).lower()
                raise Rejected(
                    f"return {document['return_id']} is {status} at the shop; only an open one can be processed",
                    code=f"shopify.return-{status}",
                )
            raw = self._client.change("return_process", input=self._input(document, state, missing)).body
        if self._close and state["status"] == "OPEN" and _all_done(state, missing):
            raw = self._client.change("return_close", id=document["return_id"]).body or raw
        return Receipt(document["return_id"], raw or json.dumps({"already_there": document["return_id"]}).encode())

    def find(self, payload: bytes) -> Found | Absent:
        """Processed at least as much as we say was received, and closed where that was to be."""
        document = read_payload(payload)
        state = self._state(document["return_id"])
        missing = outstanding(document, state)
        unclosed = self._close and state["status"] == "OPEN" and _all_done(state, missing)
        return Absent() if missing or unclosed else Found(Receipt(document["return_id"]))

    def _state(self, return_id: str) -> dict[str, Any]:
        body = self._reader.read("return_state", return_id)
        if body is None:
            raise Rejected(f"the shop has no return {return_id}", field="return_id", code="shopify.return-unknown")
        state: dict[str, Any] = loads(body)
        return state

    def _input(self, document: dict[str, Any], state: dict[str, Any], missing: Counter[str]) -> dict[str, Any]:
        reverse = _reverse_lines(state)
        wishes = {_return_line(line, state)["id"]: line for line in document["lines"]}
        lines = []
        for line_id, quantity in missing.items():
            order_line = _order_line(_by_id(state)[line_id])
            dispositions = self._dispositions(reverse.get(order_line, []), quantity, wishes[line_id])
            entry: dict[str, Any] = {"id": line_id, "quantity": quantity}
            lines.append({**entry, "dispositions": dispositions} if dispositions else entry)
        return {"returnId": document["return_id"], "returnLineItems": lines, "notifyCustomer": False}

    def _dispositions(self, reverse: list[dict[str, Any]], quantity: int, wish: dict[str, Any]) -> list[dict[str, Any]]:
        """What became of the units. Restocking needs a location; without a word about it they wait for inspection."""
        location = wish.get("location_id") or next(iter(self._locations), None)
        if wish.get("restock") and location:
            fate: dict[str, Any] = {"dispositionType": "RESTOCKED", "locationId": gid("Location", str(location))}
        elif wish.get("restock") is False:
            fate = {"dispositionType": "NOT_RESTOCKED"}
        else:
            fate = {"dispositionType": "PROCESSING_REQUIRED"}
        made = []
        for line in reverse:
            taken = min(quantity, line["left"])
            if taken:
                line["left"] -= taken
                quantity -= taken
                made.append({"reverseFulfillmentOrderLineItemId": line["id"], "quantity": taken, **fate})
        return made


def _by_id(state: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {node["id"]: node for node in state["returnLineItems"]["nodes"]}


def _order_line(node: dict[str, Any]) -> str | None:
    return ((node.get("fulfillmentLineItem") or {}).get("lineItem") or {}).get("id")


def _return_line(line: dict[str, Any], state: dict[str, Any]) -> dict[str, Any]:
    """The shop's return line that a payload line means: by its own id, else by its order line when that is one."""
    if line.get("return_line_id"):
        known = _by_id(state).get(gid("ReturnLineItem", str(line["return_line_id"])))
        if known:
            return known
    named = gid("LineItem", str(line["order_line_id"])) if line.get("order_line_id") else None
    same = [node for node in _by_id(state).values() if named and _order_line(node) == named]
    if len(same) == 1:
        return same[0]
    found = "none" if not same else "more than one"
    raise Rejected(
        f"return {state['id']} has {found} of its lines for order line {named}",
        field="lines",
        code="shopify.return-line-unknown",
    )


def outstanding(document: dict[str, Any], state: dict[str, Any]) -> Counter[str]:
    """Units received but not processed at the shop, by return line. Raises Rejected for more than was to come back."""
    missing: Counter[str] = Counter()
    for line in document["lines"]:
        node = _return_line(line, state)
        if line["received"] > node["quantity"]:
            raise Rejected(
                f"{line['received']} received of return line {node['id']}, which is of {node['quantity']}",
                field="lines",
                code="shopify.quantity-exceeded",
            )
        missing[node["id"]] = max(missing[node["id"]], int(line["received"]) - node["processedQuantity"])
    return +missing


def _all_done(state: dict[str, Any], missing: Counter[str]) -> bool:
    return all(node["unprocessedQuantity"] <= missing[node["id"]] for node in state["returnLineItems"]["nodes"])


def _reverse_lines(state: dict[str, Any]) -> dict[str | None, list[dict[str, Any]]]:
    """What of the reverse fulfilment orders' lines is not disposed of yet, by order line."""
    found: dict[str | None, list[dict[str, Any]]] = {}
    for reverse in state["reverseFulfillmentOrders"]["nodes"]:
        for line in reverse["lineItems"]["nodes"] if reverse["status"] == "OPEN" else ():
            left = line["totalQuantity"] - sum(done["quantity"] for done in line["dispositions"])
            found.setdefault(_order_line(line), []).append({"id": line["id"], "left": left})
    return found
