"""How the schema's fields are read from nodes. What is not here is the node's own key of that name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.sandbox.store.gql import Context, Resolver, error
from hub.sandbox.store.search import connection, count_orders, encode_cursor, orders_page, page, terms
from hub.sandbox.store.shop import Node, Shop
from hub.sandbox.store.versions import SUPPORTED, describe

SCOPES = (
    "read_orders", "write_orders", "read_all_orders", "read_products", "read_inventory", "write_inventory",
    "read_locations", "read_returns", "write_returns", "read_merchant_managed_fulfillment_orders",
    "write_merchant_managed_fulfillment_orders", "read_assigned_fulfillment_orders",
    "write_assigned_fulfillment_orders", "read_fulfillments", "write_fulfillments",
)  # fmt: skip


def _listed(key: str) -> Resolver:
    """A connection over the list that the node holds under `key`."""
    return lambda node, context, arguments: page(node[key], arguments)


def _first(key: str) -> Resolver:
    """A plain list with an optional `first`."""

    def read(node: Node, context: Context, arguments: dict[str, Any]) -> Any:
        limit = arguments.get("first")
        return node[key] if limit is None else node[key][:limit]

    return read


def _by_id(*kinds: str) -> Resolver:
    def read(node: Node, context: Context, arguments: dict[str, Any]) -> Node | None:
        found: Node | None = context.state.nodes.get(arguments["id"])
        return found if found is not None and (not kinds or found["__typename"] in kinds) else None

    return read


def _nodes(node: Node, context: Context, arguments: dict[str, Any]) -> list[Node | None]:
    return [context.state.nodes.get(identity) for identity in arguments["ids"]]


def _shop(node: Node, context: Context, arguments: dict[str, Any]) -> Node:
    domain = context.state.domain
    return {
        "id": "gid://shopify/Shop/1", "name": "Sandbox Store", "email": "owner@store.example",
        "currencyCode": "USD", "enabledPresentmentCurrencies": ["USD", "EUR", "GBP", "JPY", "CAD"],
        "ianaTimezone": "America/New_York", "timezoneOffsetMinutes": -300, "taxesIncluded": False,
        "myshopifyDomain": domain, "url": f"https://{domain}",
        "plan": {"publicDisplayName": "Sandbox", "partnerDevelopment": True, "shopifyPlus": False},
        "primaryDomain": {"id": "gid://shopify/Domain/1", "host": domain, "url": f"https://{domain}"},
    }  # fmt: skip


def _orders(node: Node, context: Context, arguments: dict[str, Any]) -> Node:
    if arguments.get("first") is None:
        context.errors.append(error("you must provide one of first or last", "BAD_REQUEST"))
        return connection([], lambda entry: "", False)
    return orders_page(context.state, arguments, context.warnings)


def _orders_count(node: Node, context: Context, arguments: dict[str, Any]) -> Node:
    return count_orders(context.state, arguments.get("query"), arguments.get("limit"), context.warnings)


def _locations(node: Node, context: Context, arguments: dict[str, Any]) -> Node:
    return page(context.state.locations, arguments)


def _location(node: Node, context: Context, arguments: dict[str, Any]) -> Node | None:
    shop: Shop = context.state
    wanted = arguments.get("id")
    return shop.find("Location", wanted) if wanted else shop.locations[0]


def _inventory_items(node: Node, context: Context, arguments: dict[str, Any]) -> Node:
    items = [variant["inventoryItem"] for variant in context.state.variants.values()]
    for _, _, value, _ in terms(arguments.get("query"), {"sku"}, context.warnings):
        items = [item for item in items if item["sku"] == value]
    return page(items, arguments)


def _level(node: Node, context: Context, arguments: dict[str, Any]) -> Node | None:
    wanted = arguments["locationId"]
    return next((level for level in node["_levels"] if level["location"]["id"] == wanted), None)


def _quantities(node: Node, context: Context, arguments: dict[str, Any]) -> list[Node]:
    return [
        {"id": f"{node['id'].replace('Level', 'Quantity')}?name={name}", "name": name, "updatedAt": node["updatedAt"],
         "quantity": node["_quantities"][name]}
        for name in arguments["names"] if name in node["_quantities"]
    ]  # fmt: skip


def _webhooks(node: Node, context: Context, arguments: dict[str, Any]) -> Node:
    found = list(context.state.subscriptions.values())
    if arguments.get("topics"):
        found = [entry for entry in found if entry["topic"] in arguments["topics"]]
    if arguments.get("uri"):
        found = [entry for entry in found if entry["uri"] == arguments["uri"]]
    return page(found, arguments)


def _installation(node: Node, context: Context, arguments: dict[str, Any]) -> Node:
    scopes = [{"handle": scope, "description": scope.replace("_", " ")} for scope in SCOPES]
    return {"id": "gid://shopify/AppInstallation/1", "accessScopes": scopes}


def _fulfillment_orders(node: Node, context: Context, arguments: dict[str, Any]) -> Node:
    found = node["_fulfillment_orders"]
    for name, _, value, negated in terms(arguments.get("query"), {"status"}, context.warnings):
        if name == "status":
            wanted = value.lower().split(",")
            found = [entry for entry in found if (entry["status"].lower() in wanted) is not negated]
    return page(found, arguments)


def _supported_actions(node: Node, context: Context, arguments: dict[str, Any]) -> list[Node]:
    actions = {
        "OPEN": ["CREATE_FULFILLMENT", "REPORT_PROGRESS", "MOVE", "HOLD", "SPLIT"],
        "IN_PROGRESS": ["CREATE_FULFILLMENT", "MOVE", "HOLD"], "ON_HOLD": ["RELEASE_HOLD", "MOVE"],
    }  # fmt: skip
    return [{"action": action, "externalUrl": None} for action in actions.get(node["status"], [])]


def _fulfillment_order_fulfillments(node: Node, context: Context, arguments: dict[str, Any]) -> Node:
    return page([made for made in node["order"]["_fulfillments"] if node in made["_fulfillment_orders"]], arguments)


def _edges(node: Node, context: Context, arguments: dict[str, Any]) -> list[Node]:
    cursor_of: Callable[[Node], str] = node["_cursor_of"]
    return [{"node": entry, "cursor": cursor_of(entry)} for entry in node["nodes"]]


def _discounted_total(node: Node, context: Context, arguments: dict[str, Any]) -> Any:
    return node["_with_code"] if arguments.get("withCodeDiscounts") else node["discountedTotalSet"]


def _shipping_lines(node: Node, context: Context, arguments: dict[str, Any]) -> Node:
    line = node["shippingLine"]
    return connection([line] if line else [], lambda entry: encode_cursor(entry["id"]), False)


def query_resolvers() -> dict[tuple[str, str], Resolver]:
    return {
        ("QueryRoot", "shop"): _shop,
        ("QueryRoot", "orders"): _orders,
        ("QueryRoot", "ordersCount"): _orders_count,
        ("QueryRoot", "order"): _by_id("Order"),
        ("QueryRoot", "fulfillment"): _by_id("Fulfillment"),
        ("QueryRoot", "fulfillmentOrder"): _by_id("FulfillmentOrder"),
        ("QueryRoot", "inventoryItem"): _by_id("InventoryItem"),
        ("QueryRoot", "job"): _by_id("Job"),
        ("QueryRoot", "return"): _by_id("Return"),
        ("QueryRoot", "reverseFulfillmentOrder"): _by_id("ReverseFulfillmentOrder"),
        ("QueryRoot", "webhookSubscription"): _by_id("WebhookSubscription"),
        ("QueryRoot", "node"): _by_id(),
        ("QueryRoot", "nodes"): _nodes,
        ("QueryRoot", "locations"): _locations,
        ("QueryRoot", "location"): _location,
        ("QueryRoot", "inventoryItems"): _inventory_items,
        ("QueryRoot", "webhookSubscriptions"): _webhooks,
        ("QueryRoot", "currentAppInstallation"): _installation,
        ("QueryRoot", "publicApiVersions"): lambda node, context, arguments: [describe(v) for v in SUPPORTED],
        ("Order", "lineItems"): _listed("_lines"),
        ("Order", "fulfillmentOrders"): _fulfillment_orders,
        ("Order", "fulfillments"): _first("_fulfillments"),
        ("Order", "fulfillmentsCount"): lambda node, context, arguments: {
            "count": len(node["_fulfillments"]), "precision": "EXACT"},
        ("Order", "refunds"): _first("_refunds"),
        ("Order", "returns"): _listed("_returns"),
        ("Order", "shippingLines"): _shipping_lines,
        ("LineItem", "taxLines"): _first("taxLines"),
        ("LineItem", "discountedTotalSet"): _discounted_total,
        ("FulfillmentOrder", "lineItems"): _listed("_lines"),
        ("FulfillmentOrder", "supportedActions"): _supported_actions,
        ("FulfillmentOrder", "fulfillments"): _fulfillment_order_fulfillments,
        ("FulfillmentOrderLineItem", "sku"): lambda node, context, arguments: node["lineItem"]["sku"],
        ("Fulfillment", "fulfillmentLineItems"): _listed("_lines"),
        ("Fulfillment", "fulfillmentOrders"): _listed("_fulfillment_orders"),
        ("Fulfillment", "trackingInfo"): _first("trackingInfo"),
        ("Refund", "refundLineItems"): _listed("_lines"),
        ("Return", "returnLineItems"): _listed("_lines"),
        ("Return", "reverseFulfillmentOrders"): _listed("_reverse"),
        ("ReverseFulfillmentOrder", "lineItems"): _listed("_lines"),
        ("InventoryItem", "inventoryLevels"): _listed("_levels"),
        ("InventoryItem", "inventoryLevel"): _level,
        ("InventoryLevel", "quantities"): _quantities,
    }  # fmt: skip


def edge_resolvers(type_names: list[str]) -> dict[tuple[str, str], Resolver]:
    """Every connection makes its edges from its nodes."""
    return {(name, "edges"): _edges for name in type_names if name.endswith("Connection")}
