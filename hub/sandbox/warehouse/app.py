"""The warehouse process: serves docs/warehouse-api.yaml, sends webhooks, simulates the work, has a control API."""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from hub.sandbox.catalog import GOODS
from hub.sandbox.control import PREFIX, Control
from hub.sandbox.courier import Courier, Delivery
from hub.sandbox.faults import FaultPlan
from hub.sandbox.httpd import Request, Response, json_response
from hub.sandbox.warehouse.checks import Faults, Problem, check_fulfillment, check_pick
from hub.sandbox.warehouse.controls import WarehouseControls
from hub.sandbox.warehouse.simulate import Simulation
from hub.sandbox.warehouse.stock import Fulfillment, Json, Stock, instant

TOKEN = "whk_sandbox_0000000000000000"
EVENTS = ("shipment.created", "return.received", "inventory.changed", "fulfillment.changed")


class Warehouse:
    """Answers requests. One per process."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._stock = Stock(options.opening_stock)
        self._credentials: Json = {"tokens": {options.token}}
        self._known = None if options.any_sku else {product.sku for product in GOODS}
        self._simulation = Simulation(self._stock, {product.sku: product.grams for product in GOODS})
        self._simulation.configure({"seed": options.seed})
        self._faults = FaultPlan()
        self._hooks: dict[str, Json] = {}
        self._hooks_lock = threading.Lock()
        self._courier = Courier(on_dead=self._hook_failed)
        self._stock.listeners.append(self._announce)
        controls = WarehouseControls(self._stock, self._simulation, self._faults, self._courier,
                                     self._credentials, self._hooks)  # fmt: skip
        self._control = Control("warehouse", controls.calls())

    def __call__(self, request: Request) -> Response:
        if request.path.startswith(PREFIX):
            return self._control.answer(request)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or token not in self._credentials["tokens"]:
            return problem(Problem(401, "unauthorised", "send Authorization: Bearer with a valid token"))
        label = f"{request.method} {request.path}"
        kind = self._faults.pick(label, request.method in ("PUT", "POST", "DELETE"))
        if kind == "rate_429":
            slow = Problem(429, "too_many_requests", "slow down and come back after Retry-After seconds")
            return problem(slow, {"Retry-After": str(self._faults.retry_after)})
        return self._faults.run(kind, request, self._answer)

    def _answer(self, request: Request) -> Response:
        try:
            return self._route(request)
        except Problem as refused:
            return problem(refused)
        except json.JSONDecodeError as error:
            return problem(Problem(400, "malformed", f"the body is not JSON: {error}"))

    def _route(self, request: Request) -> Response:
        match request.method, request.path.strip("/").split("/"):
            case "PUT", ["fulfillments", reference]:
                return self._create(reference, request)
            case "GET", ["fulfillments", reference]:
                with self._stock.lock:
                    return json_response(self._fulfillment(reference).describe())
            case "PUT", ["fulfillments", reference, "cancellations", cancellation]:
                return self._cancel(reference, cancellation, request)
            case "PUT", ["returns", rma]:
                return self._announce_return(rma, request)
            case "GET", ["shipments" | "returns" | "inventory" as feed]:
                return self._page(feed, request)
            case "POST", ["webhooks"]:
                return self._subscribe(request)
            case "GET", ["webhooks"]:
                return json_response({"data": [hook_view(hook) for hook in self._hooks.values()]})
            case "DELETE", ["webhooks", identity]:
                return self._unsubscribe(identity)
        raise Problem(404, "not_found", f"there is nothing at {request.method} {request.path}")

    # -- fulfilments

    def _create(self, reference: str, request: Request) -> Response:
        body = request.json()
        with self._stock.lock:
            known = self._stock.fulfillments.get(reference)
            if known is not None:
                if known.body != body:
                    known.refused += 1
                    detail = f"the reference {reference!r} was used with another body"
                    raise Problem(409, "reference_conflict", detail)
                known.requests += 1
                return json_response(known.describe())
            check_fulfillment(body, self._known)
            made = self._stock.create(reference, body)
            self._simulation.accepted(made)
            return json_response(made.describe(), 201)

    def _fulfillment(self, reference: str) -> Fulfillment:
        made = self._stock.fulfillments.get(reference)
        if made is None:
            raise Problem(404, "unknown_reference", f"there is no fulfilment {reference!r}")
        return made

    def _cancel(self, reference: str, cancellation: str, request: Request) -> Response:
        body = request.json()
        with self._stock.lock:
            made = self._fulfillment(reference)
            if cancellation in made.cancellations:
                asked, answer = made.cancellations[cancellation]
                if asked != body:
                    raise Problem(409, "reference_conflict", f"{cancellation!r} was used with another body")
                return json_response({**answer, "status": made.status})
            check_pick(body, made.lines)
            answer = self._stock.cancel(made, cancellation, body)
            return json_response({**answer, "status": made.status}, 201)

    def _announce_return(self, rma: str, request: Request) -> Response:
        body = request.json()
        with self._stock.lock:
            known = self._stock.announced.get(rma)
            if known is not None and known != body:
                raise Problem(409, "reference_conflict", f"the return {rma!r} was announced with another body")
            answer = {"rma": rma, "reference": body.get("reference"), "lines": body.get("lines")}
            if known is not None:
                return json_response(answer)
            made = self._fulfillment(str(body.get("reference")))
            check_pick(body, made.lines)
            if not body.get("lines"):
                raise Problem(
                    422,
                    "invalid",
                    "/lines: at least one line is required",
                    [{"field": "/lines", "code": "required", "detail": "at least one line is required"}],
                )
            self._stock.announced[rma] = body
            self._simulation.announced(rma, body)
            return json_response(answer, 201)

    # -- feeds

    def _page(self, feed: str, request: Request) -> Response:
        after = number(request.query, "after", 0, 0, 1 << 53)
        limit = number(request.query, "limit", 100, 1, 500)
        stock = self._stock
        with stock.lock:
            if feed == "inventory":
                found, end, more = stock.inventory_page(after, limit)
                total = len(stock.levels)
            else:
                source = stock.shipments if feed == "shipments" else stock.returns
                found, end, more = source.page(after, limit)
                total = len(source.documents)
            return json_response({"data": found, "next": str(end), "more": more, "total": total})

    # -- webhooks

    def _subscribe(self, request: Request) -> Response:
        body = request.json()
        faults = Faults()
        if not str(body.get("url", "")).startswith(("http://", "https://")):
            faults.add("/url", "format", "url must be an http or https address")
        events = body.get("events")
        if not isinstance(events, list) or not events or set(events) - set(EVENTS):
            faults.add("/events", "unknown_event", f"events must name some of {', '.join(EVENTS)}")
        faults.raise_any()
        with self._hooks_lock:
            for hook in self._hooks.values():
                if (hook["url"], sorted(hook["events"])) == (body["url"], sorted(events)) and hook["healthy"]:
                    return json_response(hook_view(hook))
            made = {"id": f"whk_{uuid.uuid4().hex[:12]}", "url": body["url"], "events": events, "healthy": True,
                    "secret": body.get("secret") or secrets.token_hex(24), "created_at": instant()}  # fmt: skip
            self._hooks[made["id"]] = made
            return json_response({**hook_view(made), "secret": made["secret"]}, 201)

    def _unsubscribe(self, identity: str) -> Response:
        with self._hooks_lock:
            if self._hooks.pop(identity, None) is None:
                raise Problem(404, "not_found", f"there is no webhook {identity!r}")
        return Response(204)

    def _hook_failed(self, identity: str) -> None:
        with self._hooks_lock:
            if identity in self._hooks:
                self._hooks[identity]["healthy"] = False

    def _announce(self, event: str, document: Json) -> None:
        hooks = [hook for hook in list(self._hooks.values()) if event in hook["events"] and hook["healthy"]]
        if not hooks:
            return
        identity = f"evt_{uuid.uuid4().hex}"
        body = json.dumps({"id": identity, "event": event, "occurred_at": instant(), "data": document}).encode()
        for hook in hooks:
            make = signer(hook["secret"], identity, body)
            self._courier.send(Delivery(hook["id"], event, hook["url"], body, make))


def signer(secret: str, identity: str, body: bytes) -> Callable[[], dict[str, str]]:
    """Headers after Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`, keyed with the secret's bytes."""

    def headers() -> dict[str, str]:
        stamp = str(int(time.time()))
        signed = f"{identity}.{stamp}.".encode() + body
        mac = base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
        return {"Content-Type": "application/json", "webhook-id": identity, "webhook-timestamp": stamp,
                "webhook-signature": f"v1,{mac}"}  # fmt: skip

    return headers


def hook_view(hook: Json) -> Json:
    return {name: hook[name] for name in ("id", "url", "events", "healthy", "created_at")}


def number(query: dict[str, str], name: str, default: int, least: int, most: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not text.isdigit() or not least <= int(text) <= most:
        raise Problem(400, "bad_parameter", f"{name} must be a number from {least} to {most}, not {text!r}",
                      [{"field": name, "code": "format", "detail": "not a number in range"}])  # fmt: skip
    return int(text)


def problem(refused: Problem, headers: dict[str, str] | None = None) -> Response:
    body: dict[str, Any] = {
        "type": f"https://errors.warehouse.example/{refused.code}", "title": refused.code.replace("_", " "),
        "status": refused.status, "code": refused.code, "detail": refused.detail, "errors": refused.errors,
    }  # fmt: skip
    return Response(refused.status, json.dumps(body).encode(), "application/problem+json", headers or {})


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--token", default=TOKEN, help="bearer token that is accepted")
    parser.add_argument("--any-sku", action="store_true", help="accept SKUs that are not in the catalogue")
    parser.add_argument("--opening-stock", type=int, default=10_000, help="units on hand of every SKU")
    parser.add_argument("--seed", type=int, default=1, help="seed of the simulation")
