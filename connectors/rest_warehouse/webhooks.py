"""Webhooks: signed after Standard Webhooks, complete documents inside, one subscription for all topics.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from typing import Any

from connectors.rest_warehouse.feeds import document_of
from hub.sdk import Document, Http, Subscription, Webhook, WebhookRefused, WebhookRequest
from hub.sdk.http import loads
from hub.sdk.slices import cut

TOPICS = {"shipment.created": "shipment", "return.received": "return"}
"""Topic to kind. Stock moves with every pick and has no topic here: its feed gives each level once, by poll."""

TOLERANCE = 300.0
"""Seconds that a delivery's timestamp may be off, so that an old one cannot be replayed."""


def receive(request: WebhookRequest, secret: str, now: float) -> Webhook:
    """Verify a delivery over its raw bytes, then read it. Raises `WebhookRefused`."""
    delivery_id = _verified(request, secret, now)
    try:
        event = loads(request.body)
        topic = event["event"]
        document = document_of(TOPICS[topic], cut(request.body, ["data"]))
    except (ValueError, LookupError, TypeError) as error:
        raise WebhookRefused("the delivery is signed but is no event that we subscribe to") from error
    return Webhook(delivery_id, topic, _known(document))


def _known(document: Document) -> list[Document]:
    """Nothing of a document without an id: its feed brings it too, under the same name each time."""
    return [] if document.external_id.startswith("unnamed-") else [document]


def _verified(request: WebhookRequest, secret: str, now: float) -> str:
    headers = request.headers
    try:
        delivery_id, stamp = headers["webhook-id"], headers["webhook-timestamp"]
        given = headers["webhook-signature"].split()
        age = abs(now - int(stamp))
    except (KeyError, ValueError) as error:
        raise WebhookRefused("webhook-id, webhook-timestamp or webhook-signature is missing") from error
    if not secret:
        raise WebhookRefused("no webhook_secret is set, so no delivery can be verified")
    if age > TOLERANCE:
        raise WebhookRefused(f"the timestamp is {age:.0f} s off; check both clocks")
    signed = f"{delivery_id}.{stamp}.".encode() + request.body
    expected = f"v1,{base64.b64encode(hmac.digest(secret.encode(), signed, 'sha256')).decode()}".encode()
    if not any(hmac.compare_digest(expected, signature.encode()) for signature in given):
        raise WebhookRefused("the signature does not fit the body")
    return delivery_id


def subscriptions(http: Http) -> list[Subscription]:
    """One for each of our topics in each of the warehouse's subscriptions."""
    return [
        Subscription(topic, hook["url"], hook["id"], hook["healthy"])
        for hook in _hooks(http)
        for topic in hook["events"]
        if topic in TOPICS
    ]


def subscribe(http: Http, address: str, secret: str) -> list[Subscription]:
    """Have each topic delivered to `address` once: unhealthy subscriptions go, missing topics are asked for."""
    if secret:
        ours = [hook for hook in _hooks(http) if hook["url"] == address]
        for hook in ours:
            if not hook["healthy"]:
                http.request("DELETE", f"webhooks/{hook['id']}")
        missing = set(TOPICS).difference(*(hook["events"] for hook in ours if hook["healthy"]))
        if missing:
            wanted = {"url": address, "events": sorted(missing), "secret": secret}
            http.post("webhooks", data=json.dumps(wanted), headers=JSON, idempotent=True)
    return [subscription for subscription in subscriptions(http) if subscription.address == address]


JSON: Mapping[str, str] = {"Content-Type": "application/json"}


def _hooks(http: Http) -> list[dict[str, Any]]:
    hooks: list[dict[str, Any]] = loads(http.get("webhooks").content)["data"]
    return hooks
