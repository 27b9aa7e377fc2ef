"""The client of the warehouse API, docs/warehouse-api.yaml."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

from marshmallow import Schema, fields, validate

from connectors.rest_warehouse import feeds, webhooks
from hub.sdk import (
    Absent,
    Connector,
    Found,
    Guarantee,
    Http,
    Misconfigured,
    Page,
    Receipt,
    Rejected,
    Retry,
    Subscription,
    Unknown,
    Webhook,
    WebhookRequest,
    secret,
)
from hub.sdk.http import Refusal, loads


class RestWarehouseSettings(Schema):
    """Where the warehouse is, and what proves who we are and who they are."""

    address = fields.URL(required=True, schemes={"http", "https"}, require_tld=False)
    token = secret(required=True, validate=validate.Length(min=1))
    webhook_secret = secret(load_default="")
    page_size = fields.Integer(load_default=100, validate=validate.Range(min=1, max=500))
    timeout_seconds = fields.Float(load_default=30.0, validate=validate.Range(min=1, max=300))


class RestWarehouseConnector(Connector):
    """Fulfilments and cancellations out, by our own references; shipments, returns and stock levels in, by feed."""

    type = "rest_warehouse"
    label = "Warehouse (REST)"
    Settings = RestWarehouseSettings
    pulls = frozenset(feeds.FEEDS)
    pushes = frozenset({"fulfillment", "cancellation"})
    topics = frozenset(webhooks.TOPICS)
    guarantee = Guarantee.KEY_HONOURED
    settle_seconds = 5.0
    rate = (200.0, 400)
    clock = staticmethod(time.time)

    def __init__(self, settings: Any, http: Http) -> None:
        super().__init__(settings, http)
        self.api = http.bound(
            settings["address"],
            headers={"Authorization": f"Bearer {settings['token']}"},
            read_timeout=settings["timeout_seconds"],
        )

    def check(self) -> None:
        """Read one document of each feed."""
        feeds.prove(self.api)

    def pull(self, kind: str, cursor: Any, start_at: datetime) -> Iterator[Page]:
        """What stands in the kind's feed after the cursor."""
        return feeds.pull(self.api, kind, cursor, start_at, self.settings["page_size"])

    def push(self, kind: str, payload: bytes, key: str) -> Receipt:
        """PUT the sealed bytes under the reference they name; the same again is no second effect.

        `remote_id` is that reference, `raw` the warehouse's answer: for a cancellation, what became of each line.
        """
        path, reference = _resource(kind, payload)
        try:
            response = self.api.request("PUT", path, data=payload, headers=webhooks.JSON)
        except Refusal as error:
            raise _rejected(error) from error
        if not _is_about(response.content, reference):
            raise Retry(
                f"PUT {path} was answered, but not by a warehouse (no JSON that names {reference})",
                maybe_done=True,
                code="rest_warehouse.unreadable-answer",
            )
        return Receipt(remote_id=reference, raw=response.content)

    def find(self, kind: str, payload: bytes, key: str) -> Found | Absent | Unknown:
        """Ask for the fulfilment. The answer to a cancellation that it lists is had by repeating the request."""
        _, reference = _resource(kind, payload)
        fulfillment = loads(payload)["reference"] if kind == "cancellation" else reference
        try:
            response = self.api.get(f"fulfillments/{quote(fulfillment, safe='')}")
        except Refusal as error:
            if error.status == 404:
                return Absent()
            raise _rejected(error) from error
        if kind == "fulfillment":
            return Found(Receipt(remote_id=reference, raw=response.content))
        if reference in loads(response.content)["cancellations"]:
            return Found(self.push(kind, payload, key))
        return Absent()

    def receive(self, request: WebhookRequest) -> Webhook:
        """A delivery, verified with `webhook_secret`."""
        return webhooks.receive(request, self.settings["webhook_secret"], self.clock())

    def subscribe(self, address: str) -> list[Subscription]:
        """Without a `webhook_secret` nothing is subscribed to: polling suffices."""
        return webhooks.subscribe(self.api, address, self.settings["webhook_secret"])

    def subscriptions(self) -> list[Subscription]:
        return webhooks.subscriptions(self.api)


_CODE = re.compile(r"[a-z][a-z0-9_-]{0,39}")
"""A word of the API's own. What looks otherwise may repeat the document, and stays in the answer."""


def _resource(kind: str, payload: bytes) -> tuple[str, str]:
    """The path of what a payload asks for, and the reference by which the warehouse knows it."""
    try:
        body = loads(payload)
        path = f"fulfillments/{quote(body['reference'], safe='')}"
        if kind == "fulfillment":
            return path, body["reference"]
        return f"{path}/cancellations/{quote(body['cancellation'], safe='')}", body["cancellation"]
    except (ValueError, LookupError, TypeError) as error:
        raise Misconfigured(
            f"the mapping rest_warehouse/{kind}.out must give `reference`"
            + (" and `cancellation`" if kind == "cancellation" else ""),
            code="rest_warehouse.no-reference",
        ) from error


def _is_about(body: bytes, reference: str) -> bool:
    try:
        answer = loads(body)
    except ValueError:
        return False
    return isinstance(answer, dict) and reference in (answer.get("reference"), answer.get("cancellation"))


def _rejected(error: Refusal) -> Rejected:
    """The warehouse's problem+json (RFC 9457) as an error that names the field."""
    try:
        problem = loads(error.answer)
        code, faults = str(problem["code"]), problem.get("errors") or []
        words = dict.fromkeys(str(fault.get("code")) for fault in faults)
        field = _path(str(faults[0].get("field", ""))) if faults else None
    except (ValueError, LookupError, TypeError, AttributeError):
        code, words, field = "", {}, None
    if not _CODE.fullmatch(code):
        return Rejected(error.detail, code="rest_warehouse.refused", answer=error.answer)
    named = ", ".join(word for word in words if _CODE.fullmatch(word))
    return Rejected(
        f"the warehouse refuses it{f' ({named})' if named else ''}",
        field=field,
        code=f"rest_warehouse.{code.replace('_', '-')}",
        answer=error.answer,
    )


def _path(pointer: str) -> str:
    """A JSON pointer as the hub writes paths: `/lines/0/sku` is `lines[0].sku`."""
    path = ""
    for step in pointer.strip("/").split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        path += f"[{name}]" if name.isdigit() else f".{name}" if path else name
    return path
