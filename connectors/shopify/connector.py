"""The connector: which part does what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.shopify import settings as configured
from connectors.shopify import webhooks
from connectors.shopify.cancelling import Cancelling
from connectors.shopify.client import Client
from connectors.shopify.fulfilling import Fulfilling
from connectors.shopify.pulling import Reader
from connectors.shopify.returning import Returning
from connectors.shopify.stocking import Stocking
from connectors.shopify.tracking import Tracking
from hub.sdk.connector import (
    Absent,
    Connector,
    Document,
    Found,
    Guarantee,
    Json,
    Misconfiguration,
    Page,
    Receipt,
    Subscription,
    Unknown,
    Webhook,
    WebhookRequest,
)
from hub.sdk.errors import Misconfigured, Rejected, Unauthorised
from hub.sdk.http import Http, loads

READ_SCOPES = frozenset({"read_orders"})
FULFIL_SCOPES = frozenset(
    f"write_{whose}_fulfillment_orders" for whose in ("merchant_managed", "assigned", "third_party")
)
"""One of these is enough, by whose locations the shop ships from."""


class Shopify(Connector):
    """A Shopify shop. Orders and returns come in; fulfilments, processed returns, cancellations and stock go back."""

    type = "shopify"
    label = "Shopify"
    Settings = configured.Settings
    pulls = frozenset({"order", "return"})
    pushes = frozenset({"shipment", "tracking", "return", "order_cancellation", "inventory"})
    topics = frozenset(webhooks.TOPICS)
    guarantee = Guarantee.CAN_BE_ASKED
    rate = (100.0, 2000)
    """Points, on the smallest plan; each answer says what is left (https://shopify.dev/docs/api/usage/limits)."""

    def __init__(self, settings: Mapping[str, Any], http: Http) -> None:
        super().__init__(settings, http)
        self.settle_seconds = settings["settle_seconds"]
        self._client = Client(settings, http)
        self._reader = Reader(self._client, settings["page_size"], timedelta(seconds=settings["overlap_seconds"]))
        self._fulfilling = Fulfilling(self._client, self._reader, settings["locations"], settings["notify_customer"])
        self._tracking = Tracking(self._client, self._fulfilling, settings["notify_customer"])
        self._returning = Returning(self._client, self._reader, settings["locations"], settings["close_returns"])
        self._cancelling = Cancelling(self._client)
        self._stocking = Stocking(self._client, settings["locations"])
        signing = settings.get("webhook_secret") or settings.get("client_secret")
        self._webhooks = webhooks.Webhooks(self._client, settings["shop"], signing)

    def check(self) -> None:
        """The address answers, the credential works and has the scopes, the API version lives."""
        version = self.settings["api_version"]
        if datetime.now(UTC).date() >= configured.VERSIONS[version]:
            raise Misconfigured(str(self.warnings()[0]), code="shopify.version-ended")
        installation = self._client.call("connection_check").data["currentAppInstallation"]
        scopes = {scope["handle"] for scope in installation["accessScopes"]}
        missing = sorted(READ_SCOPES - scopes)
        if not FULFIL_SCOPES & scopes:
            missing.append(f"one of {', '.join(sorted(FULFIL_SCOPES))}")
        if missing:
            raise Unauthorised(f"the app lacks scopes: {'; '.join(missing)}", code="shopify.scope-missing")

    def warnings(self) -> list[str]:
        """What an admin should know before it hurts: an API version near its end, webhooks without a secret."""
        found = [configured.version_warning(self.settings["api_version"], datetime.now(UTC).date())]
        if not (self.settings.get("webhook_secret") or self.settings.get("client_secret")):
            found.append("no webhook signing secret is set: changes arrive by polling only")
        return [sentence for sentence in found if sentence]

    def pull(self, kind: str, cursor: Json, start_at: datetime) -> Iterator[Page]:
        """Orders created since `start_at`; returns of orders changed since then."""
        if kind not in self.pulls:
            raise Misconfiguration(self.type, f"pull {kind}")
        return self._reader.pages(kind, cursor, start_at)

    def fetch(self, kind: str, external_id: str) -> Document | None:
        """An order by its id or by that of one of its fulfilment orders; a return by its id."""
        if kind == "return":
            body = self._reader.read("return", external_id)
            return self._reader.return_document(loads(body), body) if body else None
        if kind != "order":
            raise Misconfiguration(self.type, f"fetch {kind}")
        if "/FulfillmentOrder/" in external_id:
            node = self._client.call("fulfillment_order", id=external_id).data.get("node")
            if node is None:
                return None
            external_id = node["orderId"]
        body = self._reader.read("order", external_id)
        return self._reader.order_documents(loads(body), body)[0] if body else None

    def push(self, kind: str, payload: bytes, key: str) -> Receipt:
        """Payload shapes: see the module of each kind. Every push looks first at what is there already."""
        match kind:
            case "shipment":
                return self._fulfilling.push(payload)
            case "tracking":
                return self._tracking.push(payload)
            case "return":
                return self._returning.push(payload)
            case "order_cancellation":
                return self._cancelling.push(payload)
            case "inventory":
                return self._stocking.push(payload, key)
        raise Misconfiguration(self.type, f"push {kind}")

    def find(self, kind: str, payload: bytes, key: str) -> Found | Absent | Unknown:
        """The effect is looked up by what it is, since the shop keeps no key of ours."""
        try:
            match kind:
                case "shipment":
                    return self._fulfilling.find(payload)
                case "tracking":
                    return self._tracking.find(payload)
                case "return":
                    return self._returning.find(payload)
                case "order_cancellation":
                    return self._cancelling.find(payload)
                case "inventory":
                    return self._stocking.find(payload)
        except Rejected as error:
            return Unknown(error.detail)
        raise Misconfiguration(self.type, f"find {kind}")

    def receive(self, request: WebhookRequest) -> Webhook:
        """Verified over the raw bytes; each webhook is a hint of what to fetch."""
        return self._webhooks.receive(request)

    def subscribe(self, address: str) -> list[Subscription]:
        """Create the subscriptions that are missing at `address`."""
        return self._webhooks.subscribe(address)

    def subscriptions(self) -> list[Subscription]:
        """The app's subscriptions at the shop."""
        return self._webhooks.subscriptions()
