"""A warehouse in memory, after docs/warehouse-api.yaml. It checks each request it gets and each answer it gives
against that file, so that connector and contract cannot drift apart."""

from __future__ import annotations

import base64
import hmac
import json
import re
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from marshmallow import ValidationError

from hub.sdk import Misconfigured, Retry, Unauthorised, WebhookRequest
from hub.sdk.testing import EPOCH, Answer, Call, Fault, Server

API = yaml.load((Path(__file__).parents[3] / "docs" / "warehouse-api.yaml").read_text(), Loader=yaml.CSafeLoader)
FEEDS = {"shipment": "shipments", "return": "returns", "inventory": "inventory"}
EVENTS = {"shipment.created": "shipment", "return.received": "return"}
TOKEN, SECRET = "token-1", "wh-secret"


def operation_of(call: Call) -> dict[str, Any]:
    """What the contract says of this call. Fails when it has none."""
    for template, item in API["paths"].items():
        if call.method.lower() in item and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), call.path):
            return item[call.method.lower()]
    raise AssertionError(f"the contract has no {call.method} {call.path}")


def check(schema: dict[str, Any] | None, body: bytes) -> None:
    if schema:
        whole = {"allOf": [schema], "components": API["components"]}
        Draft202012Validator(whole).validate(json.loads(body))


class Warehouse:
    """Implements `hub.sdk.testing.Peer`."""

    def __init__(self) -> None:
        self.server = Server(self.answer)
        self.settings: dict[str, Any] = {
            "address": f"{self.server.url}/api",
            "token": TOKEN,
            "webhook_secret": SECRET,
            "page_size": 2,
        }
        self.token = TOKEN
        self.clock = EPOCH
        self.feeds: dict[str, list[bytes]] = {name: [] for name in FEEDS.values()}
        self.made: dict[str, dict[str, Any]] = {}
        self.cancelled: dict[str, tuple[Any, dict[str, Any]]] = {}
        self.done: dict[str, list[str]] = {"fulfillment": [], "cancellation": []}
        self.hooks: list[dict[str, Any]] = []
        self.loose_ends = 0

    # -- the API

    def answer(self, call: Call) -> Answer:
        if call.path.startswith("/api/elsewhere/"):
            return Answer(200, b"<html>", {"Content-Type": "text/html"})
        call = Call(call.method, call.path.removeprefix("/api"), call.query, call.headers, call.body)
        operation = operation_of(call)
        if call.headers.get("authorization") != f"Bearer {self.token}":
            return problem(401, "unauthorised", "the token is not valid")
        if call.body:
            assert call.headers["content-type"] == "application/json"
            check(operation["requestBody"]["content"]["application/json"]["schema"], call.body)
        answer = self.route(call)
        stated = operation["responses"].get(str(answer.status)) or operation["responses"]["default"]
        stated = API["components"]["responses"].get(stated.get("$ref", "").rpartition("/")[2], stated)
        for content in stated.get("content", {}).values():
            if not self.loose_ends:
                check(content["schema"], answer.body)
        return answer

    def route(self, call: Call) -> Answer:
        match call.method, call.path.strip("/").split("/"):
            case "PUT", ["fulfillments", reference]:
                return self.create(reference, json.loads(call.body))
            case "GET", ["fulfillments", reference]:
                known = self.made.get(reference)
                return answered(self.describe(reference)) if known else problem(404, "unknown_reference", "unknown")
            case "PUT", ["fulfillments", reference, "cancellations", cancellation]:
                return self.cancel(reference, cancellation, json.loads(call.body))
            case "GET", [feed]:
                return answered({"data": self.hooks}) if feed == "webhooks" else self.page(feed, call.query)
            case "POST", ["webhooks"]:
                return self.subscribe(json.loads(call.body))
            case "DELETE", ["webhooks", identity]:
                self.hooks = [hook for hook in self.hooks if hook["id"] != identity]
                return Answer(204, b"", {})
        raise AssertionError(call)

    def create(self, reference: str, body: dict[str, Any]) -> Answer:
        if reference in self.made:
            if self.made[reference] != body:
                return problem(409, "reference_conflict", "used before with another body")
            return answered(self.describe(reference))
        for index, line in enumerate(body["lines"]):
            if line["sku"] == "UNKNOWN":
                fault = {"field": f"/lines/{index}/sku", "code": "unknown_sku", "detail": "not stocked here"}
                return problem(422, "invalid", "the body is at fault", [fault])
        self.made[reference] = body
        self.done["fulfillment"].append(reference)
        return answered(self.describe(reference), 201)

    def describe(self, reference: str) -> dict[str, Any]:
        lines = [
            {**line, "open": line["quantity"], "allocated": 0, "shipped": 0, "cancelled": 0}
            for line in self.made[reference]["lines"]
        ]
        return {
            "reference": reference,
            "order_number": self.made[reference].get("order_number"),
            "status": "accepted",
            "created_at": self.stamp(),
            "updated_at": self.stamp(),
            "lines": lines,
            "shipments": [],
            "cancellations": list(self.cancelled),
        }

    def cancel(self, reference: str, cancellation: str, body: dict[str, Any]) -> Answer:
        """Gives back one unit of each line less than was asked for: the last is picked."""
        if reference not in self.made:
            return problem(404, "unknown_reference", "there is no such fulfilment")
        if cancellation in self.cancelled:
            asked, answer = self.cancelled[cancellation]
            return answered(answer) if asked == body else problem(409, "reference_conflict", "another body")
        lines = [
            {
                "line_id": line["line_id"],
                "requested": line["quantity"],
                "cancelled": line["quantity"] - 1,
                "refused": 1,
                "reason": "allocated",
            }
            for line in body["lines"]
        ]
        facts = {"cancellation": cancellation, "reference": reference, "created_at": self.stamp()}
        answer = {**facts, "status": "accepted", "lines": lines}
        self.cancelled[cancellation] = (body, answer)
        self.done["cancellation"].append(cancellation)
        return answered(answer, 201)

    def page(self, feed: str, query: Mapping[str, str]) -> Answer:
        """Documents as they were written; inventory gives each level once, in the place of its last change."""
        documents = self.feeds[feed]
        places = list(range(len(documents)))
        if feed == "inventory":
            last = {json.loads(body)["sku"]: place for place, body in enumerate(documents)}
            places = sorted(last.values())
        after = int(query.get("after", "0"))
        found = [place for place in places if place >= after][: int(query["limit"])]
        end = found[-1] + 1 if found else after
        more = any(place >= end for place in places)
        data = b" ,\n  ".join(documents[place] for place in found)
        body = b'{ "data": [%s\n],  "next": "%d", "more": %s, "total": %d}' % (
            data,
            end,
            b"true" if more else b"false",
            len(places),
        )
        return Answer(200, body)

    def subscribe(self, body: dict[str, Any]) -> Answer:
        assert body["secret"] == SECRET
        for hook in self.hooks:
            if (hook["url"], hook["events"], hook["healthy"]) == (body["url"], body["events"], True):
                return answered(hook)
        made = {"id": f"whk-{len(self.hooks)}-{self.clock.timestamp()}", "url": body["url"], "events": body["events"]}
        made = {**made, "healthy": True, "created_at": self.stamp()}
        self.hooks.append(made)
        return answered({**made, "secret": body["secret"]}, 201)

    # -- the peer

    def stamp(self) -> str:
        return self.clock.isoformat().replace("+00:00", "Z")

    def seed(self, kind: str, count: int, *, same_time: bool = False) -> list[str]:
        ids = []
        for _ in range(count):
            number = len(self.feeds[FEEDS[kind]])
            value = self.document(kind, number)
            self.write(kind, value)
            ids.append(value["id"] if kind != "inventory" else f"{value['sku']}@MAIN")
            self.clock += timedelta(seconds=0 if same_time else 1)
        return ids

    def document(self, kind: str, number: int) -> dict[str, Any]:
        if kind == "inventory":
            level = {"sku": f"SKU-{number}", "location": "MAIN", "on_hand": 9, "allocated": 2, "available": 7}
            return {**level, "updated_at": self.stamp()}
        line = {"line_id": "17", "sku": "Süd-1", "quantity": 2}
        facts = {"id": f"{kind}-{number}", "reference": "F-1", "order_number": "#1001"}
        if kind == "return":
            return {
                **facts,
                "rma": None,
                "received_at": self.stamp(),
                "lines": [{**line, "condition": "sellable"}],
            }
        package = {
            "id": f"P-{number}",
            "tracking_number": f"1Z{number}",
            "carrier": "UPS",
            "tracking_url": None,
            "sscc": "006141411234567890"[:18],
            "weight": {"value": "1.250", "unit": "kg"},
            "lines": [line],
        }
        return {**facts, "shipped_at": self.stamp(), "carrier": "UPS", "service": "ground", "packages": [package]}

    def write(self, kind: str, value: dict[str, Any]) -> None:
        """In a hand of its own: blanks, raw UTF-8, line ends."""
        text = json.dumps(value, ensure_ascii=False, separators=(" , ", " :  "), indent=1)
        self.feeds[FEEDS[kind]].append(text.encode())

    def seed_malformed(self, kind: str) -> str:
        self.loose_ends += 1
        if kind == "inventory":
            self.write(kind, {"sku": "BAD", "available": {"nested": True}, "updated_at": "yesterday"})
            return "BAD@"
        self.write(kind, {"id": "bad", "packages": None, "lines": 7, "shipped_at": [], "received_at": 3})
        return "bad"

    def change(self, kind: str, external_id: str) -> bytes:
        name = external_id.partition("@")[0]
        bodies = [json.loads(body) for body in self.feeds[FEEDS[kind]]]
        value = next(b for b in reversed(bodies) if name in (b.get("id"), b.get("sku")))
        mark = f"changed-{len(bodies)}"
        self.write(kind, {**value, "updated_at": self.stamp(), "note": mark})
        return mark.encode()

    def sent(self) -> Sequence[bytes]:
        return self.server.sent

    def payload(self, kind: str, number: int) -> bytes:
        reference = f"F-{number} ü"
        if kind == "fulfillment":
            return self.request(reference)
        self.made.setdefault(reference, json.loads(self.request(reference)))
        lines = [{"line_id": "17", "quantity": 2}]
        body = {"reference": reference, "cancellation": f"{reference}-cancel-1", "reason": None, "lines": lines}
        return json.dumps(body).encode()

    def request(self, reference: str, sku: str = "MUG") -> bytes:
        ship_to = {"name": "Ada", "address1": "1 Main St", "city": "Austin", "country": "US"}
        lines = [{"line_id": "16", "sku": "MUG", "quantity": 1}, {"line_id": "17", "sku": sku, "quantity": 2}]
        return json.dumps({"reference": reference, "ship_to": ship_to, "lines": lines}).encode()

    def effects(self, kind: str) -> Sequence[str]:
        return self.done[kind]

    def fail_next(self, fault: Fault, times: int = 1) -> None:
        self.server.fail_next(fault, times)

    def expire_credential(self) -> None:
        self.token = "token-2"

    def pass_time(self, seconds: float) -> None:
        self.clock += timedelta(seconds=seconds)

    def now(self) -> datetime:
        return self.clock

    def bad_settings(self) -> Sequence[tuple[Mapping[str, Any], type[Exception]]]:
        def but(**changes: Any) -> dict[str, Any]:
            return {**self.settings, **changes}

        return [
            (but(token="wrong"), Unauthorised),
            (but(token=""), ValidationError),
            (but(address="warehouse"), ValidationError),
            (but(address="ftp://warehouse.example"), ValidationError),
            (but(address="http://127.0.0.1:1/"), Retry),
            (but(address="http://user@[bad"), ValidationError),
            (but(address=f"{self.server.url}/api/elsewhere"), Misconfigured),
            (but(page_size=501), ValidationError),
        ]

    def subject(self, topic: str) -> tuple[str, str] | None:
        return EVENTS[topic], self.seed(EVENTS[topic], 1)[0]

    def notice(self, topic: str, external_id: str | None) -> bytes:
        bodies = self.feeds[FEEDS[EVENTS[topic]]]
        data = next((b for b in reversed(bodies) if json.loads(b)["id"] == external_id), b"{}")
        return b'{"id": "evt-1",  "event": "%s", "occurred_at": "%s", "data": %s }\n' % (
            topic.encode(),
            self.stamp().encode(),
            data,
        )

    def sign(self, topic: str, body: bytes, delivery_id: str) -> WebhookRequest:
        if b'"event": "' in body:
            body = re.sub(rb'"event": "[^"]*"', b'"event": "%s"' % topic.encode(), body)
        stamp = str(int(time.time()))
        digest = hmac.digest(SECRET.encode(), f"{delivery_id}.{stamp}.".encode() + body, "sha256")
        signature = f"v1,aW52YWxpZA== v1,{base64.b64encode(digest).decode()}"
        headers = {"webhook-id": delivery_id, "webhook-timestamp": stamp, "webhook-signature": signature}
        return WebhookRequest({**headers, "content-type": "application/json"}, body)

    def drop_subscription(self, topic: str) -> None:
        for hook in self.hooks:
            if topic in hook["events"]:
                hook["healthy"] = False

    def close(self) -> None:
        self.server.close()


def answered(value: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode())


def problem(status: int, code: str, detail: str, errors: Sequence[Mapping[str, str]] = ()) -> Answer:
    facts = {"type": f"https://errors.example/{code}", "title": code, "status": status, "code": code}
    body = {**facts, "detail": detail, "errors": list(errors)}
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/problem+json"})
