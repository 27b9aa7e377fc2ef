"""The mutations: input in, payload out. Each refusal becomes an entry in the payload's user errors."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from hub.sandbox.store import changes, returns
from hub.sandbox.store.changes import Refused
from hub.sandbox.store.gql import Context, Resolver, error
from hub.sandbox.store.shop import Node, Shop, now
from hub.sandbox.store.versions import describe

Arguments = dict[str, Any]


def _guarded(name: str, act: Callable[[Shop, Arguments], Node], errors: str = "userErrors") -> Resolver:
    """A mutation whose refusals stand in `errors`; `name` is the payload's own field."""

    def run(node: Node, context: Context, arguments: Arguments) -> Node:
        try:
            with context.state.lock:
                return {**act(context.state, arguments), errors: []}
        except Refused as refused:
            entry = {"message": refused.message, "field": refused.field, "code": refused.code}
            return {name: None, errors: [entry]}

    return run


def _found(shop: Shop, kind: str, gid: str, field: list[str]) -> Node:
    node = shop.find(kind, gid)
    if node is None:
        raise Refused(f"{kind} does not exist.", field, "NOT_FOUND")
    return node


def record(shop: Shop, effect: str, order: Node, **details: Any) -> None:
    shop.effects.append({"effect": effect, "at": time.time(), "order": order["id"], "name": order["name"], **details})


def tracking(given: Node | None) -> list[Node]:
    """FulfillmentTrackingInput as trackingInfo: `number` and `numbers` may both be there."""
    if not given:
        return []
    numbers = list(given.get("numbers") or []) or ([given["number"]] if given.get("number") else [])
    urls = list(given.get("urls") or []) or ([given["url"]] if given.get("url") else [])
    return [
        {"company": given.get("company"), "number": number, "url": urls[index] if index < len(urls) else None}
        for index, number in enumerate(numbers)
    ]


def _fulfillment_create(shop: Shop, arguments: Arguments) -> Node:
    given = arguments["fulfillment"]
    made = changes.fulfil(shop, given["lineItemsByFulfillmentOrder"], tracking(given.get("trackingInfo")))
    record(
        shop, "fulfillment_created", made["order"], id=made["id"], location=made["location"]["id"],
        lines=[{"line": line["lineItem"]["id"], "sku": line["lineItem"]["sku"], "quantity": line["quantity"]}
               for line in made["_lines"]],
        tracking=[entry["number"] for entry in made["trackingInfo"]],
        company=(given.get("trackingInfo") or {}).get("company"), notified=bool(given.get("notifyCustomer")),
        message=arguments.get("message"),
    )  # fmt: skip
    return {"fulfillment": made}


def _fulfillment_cancel(shop: Shop, arguments: Arguments) -> Node:
    made = changes.unfulfil(shop, _found(shop, "Fulfillment", arguments["id"], ["id"]))
    record(shop, "fulfillment_cancelled", made["order"], id=made["id"])
    return {"fulfillment": made}


def _tracking_update(shop: Shop, arguments: Arguments) -> Node:
    made = _found(shop, "Fulfillment", arguments["fulfillmentId"], ["fulfillmentId"])
    made["trackingInfo"], made["updatedAt"] = tracking(arguments["trackingInfoInput"]), now()
    changes.settle(shop, made["order"])
    shop.emit("FULFILLMENTS_UPDATE", made)
    numbers = [entry["number"] for entry in made["trackingInfo"]]
    record(shop, "tracking_updated", made["order"], id=made["id"], tracking=numbers)
    return {"fulfillment": made}


def _order_cancel(shop: Shop, arguments: Arguments) -> Node:
    order = _found(shop, "Order", arguments["orderId"], ["orderId"])
    changes.cancel(shop, order, arguments["reason"])
    record(shop, "order_cancelled", order, reason=arguments["reason"])
    return {"job": shop.node("Job", done=True)}


def _return_close(shop: Shop, arguments: Arguments) -> Node:
    made = _found(shop, "Return", arguments["id"], ["id"])
    again = made["status"] == "CLOSED"
    returns.close(shop, made)
    record(shop, "return_closed", made["order"], id=made["id"], again=again)
    return {"return": made}


def _return_process(shop: Shop, arguments: Arguments) -> Node:
    given = arguments["input"]
    made = _found(shop, "Return", given["returnId"], ["input", "returnId"])
    returns.process(shop, made, given.get("returnLineItems") or [])
    record(
        shop,
        "return_processed",
        made["order"],
        id=made["id"],
        lines=[{"id": line["id"], "quantity": line["quantity"]} for line in given.get("returnLineItems") or []],
    )
    return {"return": made}


def _dispose(shop: Shop, arguments: Arguments) -> Node:
    lines = returns.dispose(shop, arguments["dispositionInputs"], ["dispositionInputs"])
    for line, entry in zip(lines, arguments["dispositionInputs"], strict=True):
        made = line["_reverse"]["_return"]
        record(shop, "return_disposed", made["order"], id=made["id"], line=line["id"], quantity=entry["quantity"],
               disposition=entry["dispositionType"])  # fmt: skip
    return {"reverseFulfillmentOrderLineItems": lines}


def _set_quantities(node: Node, context: Context, arguments: Arguments) -> Node | None:
    """Requires @idempotent and an explicit changeFromQuantity, which the type system does not."""
    shop: Shop = context.state
    given = arguments["input"]
    key = arguments.get("@idempotent")
    if not key:
        context.errors.append(error("The @idempotent directive is required for this mutation.", "BAD_REQUEST"))
        return None
    for entry in given["quantities"]:
        if "changeFromQuantity" not in entry:
            message = "InventoryQuantityInput must include the following argument: changeFromQuantity."
            context.errors.append(error(message, "INVALID_FIELD_ARGUMENTS"))
            return None
    fingerprint = json.dumps(given, sort_keys=True)
    with shop.lock:
        seen = shop.inventory_keys.get(key)
        if seen and seen[0] == fingerprint:
            return seen[1]
        if seen:
            return _refused_quantities("IDEMPOTENCY_KEY_PARAMETER_MISMATCH", "Key was used with other input.", None)
        answer = _apply_quantities(shop, given)
        shop.inventory_keys[key] = (fingerprint, answer)
        return answer


def _refused_quantities(code: str, message: str, index: int | None) -> Node:
    field = ["input", "quantities", str(index)] if index is not None else ["input"]
    return {"inventoryAdjustmentGroup": None, "userErrors": [{"code": code, "message": message, "field": field}]}


def _apply_quantities(shop: Shop, given: Node) -> Node:
    name = given["name"]
    if name not in ("available", "on_hand"):
        return _refused_quantities("INVALID_NAME", "The quantity name must be available or on_hand.", None)
    levels: list[tuple[Node, Node]] = []
    for index, entry in enumerate(given["quantities"]):
        item = shop.find("InventoryItem", entry["inventoryItemId"])
        if item is None:
            return _refused_quantities("INVALID_INVENTORY_ITEM", "The inventory item does not exist.", index)
        level = next((lv for lv in item["_levels"] if lv["location"]["id"] == entry["locationId"]), None)
        if level is None:
            return _refused_quantities("INVALID_LOCATION", "The location does not exist.", index)
        if entry["quantity"] < 0:
            return _refused_quantities("INVALID_QUANTITY_NEGATIVE", "The quantity is negative.", index)
        expected = entry["changeFromQuantity"]
        if expected is not None and expected != level["_quantities"][name]:
            return _refused_quantities("CHANGE_FROM_QUANTITY_STALE", "The quantity has changed meanwhile.", index)
        levels.append((level, entry))
    made = []
    for level, entry in levels:
        before = level["_quantities"][name]
        level["_quantities"][name] = entry["quantity"]
        level["updatedAt"] = now()
        made.append({"name": name, "delta": entry["quantity"] - before, "item": level["item"],
                     "location": level["location"], "quantityAfterChange": entry["quantity"]})  # fmt: skip
        shop.emit("INVENTORY_LEVELS_UPDATE", level)
    group = shop.node("InventoryAdjustmentGroup", createdAt=now(), reason=given["reason"], changes=made,
                      referenceDocumentUri=given.get("referenceDocumentUri"))  # fmt: skip
    shop.effects.append({"effect": "inventory_set", "at": time.time(), "changes": len(made)})
    return {"inventoryAdjustmentGroup": group, "userErrors": []}


def _subscribe(shop: Shop, arguments: Arguments) -> Node:
    given, topic = arguments["webhookSubscription"], arguments["topic"]
    uri = given.get("uri") or ""
    if not uri.startswith(("https://", "http://")):
        raise Refused("Address is invalid", ["webhookSubscription", "uri"])
    for entry in shop.subscriptions.values():
        if (entry["topic"], entry["uri"]) == (topic, uri):
            raise Refused("Address for this topic has already been taken", ["webhookSubscription", "uri"])
    made = shop.node(
        "WebhookSubscription", topic=topic, uri=uri, format=given.get("format") or "JSON", createdAt=now(),
        updatedAt=now(), filter=given.get("filter"), includeFields=given.get("includeFields") or [],
        apiVersion=describe("2026-07"),
    )  # fmt: skip
    shop.subscriptions[made["id"]] = made
    return {"webhookSubscription": made}


def _unsubscribe(shop: Shop, arguments: Arguments) -> Node:
    node = _found(shop, "WebhookSubscription", arguments["id"], ["id"])
    shop.unsubscribe(node["id"])
    return {"deletedWebhookSubscriptionId": node["id"]}


def mutation_resolvers() -> dict[tuple[str, str], Resolver]:
    return {
        ("Mutation", "fulfillmentCreate"): _guarded("fulfillment", _fulfillment_create),
        ("Mutation", "fulfillmentCancel"): _guarded("fulfillment", _fulfillment_cancel),
        ("Mutation", "fulfillmentTrackingInfoUpdate"): _guarded("fulfillment", _tracking_update),
        ("Mutation", "orderCancel"): _guarded("job", _order_cancel, "orderCancelUserErrors"),
        ("Mutation", "returnClose"): _guarded("return", _return_close),
        ("Mutation", "returnProcess"): _guarded("return", _return_process),
        ("Mutation", "reverseFulfillmentOrderDispose"): _guarded("reverseFulfillmentOrderLineItems", _dispose),
        ("Mutation", "inventorySetQuantities"): _set_quantities,
        ("Mutation", "webhookSubscriptionCreate"): _guarded("webhookSubscription", _subscribe),
        ("Mutation", "webhookSubscriptionDelete"): _guarded("deletedWebhookSubscriptionId", _unsubscribe),
    }
