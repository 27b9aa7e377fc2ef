"""Webhooks: verified over raw bytes, read as hints of what to fetch, subscribed to and watched.

Signature and headers: https://shopify.dev/docs/apps/build/webhooks/subscribe/https
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from connectors.shopify.client import Client
from connectors.shopify.pulling import instant
from connectors.shopify.settings import gid
from hub.sdk.connector import Document, Subscription, Webhook, WebhookRefused, WebhookRequest
from hub.sdk.errors import Rejected

Subject = Callable[[dict[str, Any]], tuple[str, str] | None]
"""Reads from a body what it is about: (kind, external id), None when it does not say."""


def _order(body: dict[str, Any]) -> tuple[str, str] | None:
    """An order. `id` as a number may have lost digits on its way; the global id has not."""
    return _named("order", "Order", body.get("admin_graphql_api_id") or body.get("id"))


def _edited_order(body: dict[str, Any]) -> tuple[str, str] | None:
    return _named("order", "Order", (body.get("order_edit") or {}).get("order_id"))


def _assigned_order(body: dict[str, Any]) -> tuple[str, str] | None:
    """The body holds a fulfilment order's id and no order's: `fetch` looks its order up."""
    entry = body.get("fulfillment_order") or body.get("moved_fulfillment_order") or {}
    return _named("order", "FulfillmentOrder", entry.get("id"))


def _return(body: dict[str, Any]) -> tuple[str, str] | None:
    return _named("return", "Return", body.get("admin_graphql_api_id") or body.get("id"))


def _named(kind: str, type_: str, value: Any) -> tuple[str, str] | None:
    return (kind, gid(type_, str(value))) if value else None


TOPICS: Mapping[str, Subject] = {
    "orders/create": _order,
    "orders/updated": _order,
    "orders/paid": _order,
    "orders/cancelled": _order,
    "orders/edited": _edited_order,
    "fulfillment_orders/order_routing_complete": _assigned_order,
    "fulfillment_orders/placed_on_hold": _assigned_order,
    "fulfillment_orders/hold_released": _assigned_order,
    "fulfillment_orders/moved": _assigned_order,
    "returns/request": _return,
    "returns/approve": _return,
    "returns/decline": _return,
    "returns/cancel": _return,
    "returns/update": _return,
    "returns/process": _return,
    "returns/close": _return,
    "returns/reopen": _return,
}
"""Every topic we subscribe to, with what reads it. Holds, releases and moves of fulfilment orders are heard because
they need not move the order's own `updated_at`."""


class Webhooks:
    """The webhooks of one shop."""

    def __init__(self, client: Client, shop: str, secret: str | None) -> None:
        self._client = client
        self._host = urlsplit(shop).hostname or ""
        self._secret = secret

    def receive(self, request: WebhookRequest) -> Webhook:
        """Verify, then read. Raises WebhookRefused."""
        self._verify(request)
        topic = request.headers.get("x-shopify-topic", "")
        subject = TOPICS.get(topic)
        if subject is None:
            raise WebhookRefused(f"no handler for topic {topic!r}")
        try:
            body = json.loads(request.body)
            about = subject(body)
        except (ValueError, AttributeError, TypeError):
            raise WebhookRefused(f"the body of {topic} is not what its topic says") from None
        documents = []
        if about:
            kind, external_id = about
            revised = instant(body.get("updated_at"))
            documents = [Document(kind, external_id, request.body, revised_at=revised, complete=False)]
        return Webhook(request.headers.get("x-shopify-webhook-id"), topic, documents)

    def _verify(self, request: WebhookRequest) -> None:
        """The body's HMAC-SHA256 under the app's secret, compared in constant time; and the right shop's."""
        if not self._secret:
            raise WebhookRefused("no webhook signing secret is set")
        expected = base64.b64encode(hmac.new(self._secret.encode(), request.body, hashlib.sha256).digest())
        given = request.headers.get("x-shopify-hmac-sha256", "").encode("utf-8", "replace")
        if not hmac.compare_digest(expected, given):
            raise WebhookRefused("wrong or missing signature")
        shop = request.headers.get("x-shopify-shop-domain")
        # One app's secret signs for all of its shops; a custom domain in the settings cannot be compared.
        if shop and self._host.endswith(".myshopify.com") and shop != self._host:
            raise WebhookRefused(f"signed, but for the shop {shop}")

    def subscriptions(self) -> list[Subscription]:
        """The app's subscriptions at the shop. The shop deletes those that keep failing, so one that stands is well."""
        found: list[Subscription] = []
        after: str | None = None
        while True:
            page = self._client.call("webhook_subscriptions", after=after).data["page"]
            found += [_subscription(node) for node in page["nodes"]]
            if not page["pageInfo"]["hasNextPage"]:
                return found
            after = page["pageInfo"]["endCursor"]

    def subscribe(self, address: str) -> list[Subscription]:
        """Create what is missing at `address`. Others' addresses are left alone: another hub may share the app.

        A topic that the shop refuses (its scope is missing, say) is told after the others were made.
        """
        present = self.subscriptions()
        here = {entry.topic for entry in present if entry.address == address and entry.healthy}
        refused: list[Rejected] = []
        for topic in TOPICS:
            if topic not in here:
                try:
                    present.append(self._create(topic, address))
                except Rejected as error:
                    if b"already been taken" not in error.answer:  # else another process was faster
                        told = f"{topic}: {error.detail}; look whether the app has the scope"
                        refused.append(Rejected(told, field=error.field, code=error.code, answer=error.answer))
        if refused:
            raise refused[0]
        return present

    def _create(self, topic: str, address: str) -> Subscription:
        wish = {"uri": address, "format": "JSON"}
        answer = self._client.change("webhook_subscription_create", topic=_enum(topic), webhookSubscription=wish)
        return _subscription(answer.data["result"]["webhookSubscription"])


def _enum(topic: str) -> str:
    return topic.upper().replace("/", "_")


_BY_ENUM = {_enum(topic): topic for topic in TOPICS}


def _subscription(node: dict[str, Any]) -> Subscription:
    """Topics of others keep the API's spelling."""
    topic = _BY_ENUM.get(node["topic"], node["topic"])
    return Subscription(topic, node["uri"], node["id"], healthy=node["format"] == "JSON")
