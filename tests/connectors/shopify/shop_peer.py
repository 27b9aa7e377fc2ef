"""The sandbox's store as a peer: over real HTTP, with a clock of its own and JSON written its own way."""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from marshmallow import ValidationError

from hub.sandbox.httpd import Request, Response, Server
from hub.sandbox.store import announce, app, changes, returns
from hub.sandbox.store import shop as shop_module
from hub.sandbox.store.app import CLIENT_ID, CLIENT_SECRET, TOKEN, Store
from hub.sandbox.store.seeding import RATES, seed_orders
from hub.sdk.connector import WebhookRequest
from hub.sdk.errors import Unauthorised
from hub.sdk.testing import EPOCH, RETRY_AFTER, Fault

Node = dict[str, Any]

app.make_engine = functools.cache(app.make_engine)  # it holds no state of a shop, and takes long to make

PLAIN = dict.fromkeys(RATES, 0.0)
MUTATIONS = (
    "fulfillmentCreate",
    "fulfillmentTrackingInfoUpdate",
    "returnProcess",
    "orderCancel",
    "inventorySetQuantities",
)
EFFECTS = {
    "shipment": "fulfillment_created",
    "tracking": "tracking_updated",
    "return": "return_processed",
    "order_cancellation": "order_cancelled",
    "inventory": "inventory_set",
}
FAULTS = {
    Fault.LIMITED: "rate_429",
    Fault.SERVER_ERROR: "rate_500",
    Fault.LOST_REQUEST: "drop_before",
    Fault.LOST_ANSWER: "drop_after",
}


class ShopPeer:
    """See `hub.sdk.testing.Peer`. A lost answer spoils writes alone: every push reads before it writes."""

    def __init__(self, **settings: Any) -> None:
        options = argparse.Namespace(
            token=TOKEN,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            domain="peer.myshopify.com",
            plan="enterprise",
        )
        self._time = shop_module.time
        self.clock = EPOCH
        shop_module.time = SimpleNamespace(time=lambda: self.clock.timestamp())
        self.store = Store(options)
        self.shop = self.store.shop
        self.answers: list[bytes] = []
        self.requests: list[Node] = []
        self.marks = 0
        self.server = Server(self.answer)
        threading.Thread(target=self.serve, daemon=True).start()
        self.settings: Mapping[str, Any] = {
            "shop": f"http://127.0.0.1:{self.server.port}",
            "access_token": TOKEN,
            "webhook_secret": CLIENT_SECRET,
            "page_size": 3,
            "locations": [self.shop.locations[0]["id"]],
            **settings,
        }

    def serve(self) -> None:
        with contextlib.suppress(OSError):  # closed
            self.server.serve_forever()

    def answer(self, request: Request) -> Response:
        if request.body:
            self.requests.append(json.loads(request.body))
        response = self.store(request)
        if response.content_type == "application/json":
            response.body = json.dumps(json.loads(response.body), indent=1).replace("/", "\\/").encode()
        self.answers.append(response.body)
        return response

    def control(self, name: str, **body: Any) -> Any:
        """A call of the sandbox's control API, without the network."""
        request = Request("POST", f"/_control/{name}", {}, {}, json.dumps(body).encode())
        response = self.store(request)
        assert response.status == 200, response.body
        return json.loads(response.body)

    # -- what the suite asks for

    def seed(self, kind: str, count: int, *, same_time: bool = False) -> list[str]:
        ids = []
        for _ in range(count):
            ids.append(self.order()["id"] if kind == "order" else self.customer_return()["id"])
            self.pass_time(0 if same_time else 1)
        return ids

    def seed_malformed(self, kind: str) -> str:
        node = self.order() if kind == "order" else self.customer_return()
        node["_lines"] = []
        return str(node["id"])

    def change(self, kind: str, external_id: str) -> bytes:
        self.marks += 1
        mark = f"changed {self.marks}"
        node = self.shop.nodes[external_id]
        order = node if node["__typename"] == "Order" else node["order"]
        if kind == "return":
            node["_lines"][0]["returnReasonNote"] = mark
        else:
            order["note"] = mark
        changes.settle(self.shop, order)
        return mark.encode()

    def sent(self) -> Sequence[bytes]:
        return self.answers

    def payload(self, kind: str, number: int) -> bytes:
        made: Node
        if kind == "inventory":
            made = {"levels": [{"sku": next(iter(self.shop.variants)), "quantity": 40 + number}]}
        elif kind == "return":
            node = self.customer_return(quantity=2)
            line = node["_lines"][0]["fulfillmentLineItem"]["lineItem"]["id"]
            made = {"return_id": node["id"], "lines": [{"order_line_id": line, "received": 1, "restock": True}]}
        else:
            order = self.order()
            made = {"order_id": order["id"], "reason": "CUSTOMER"}
            if kind == "tracking":
                self.control("fulfil", order=order["id"], line=0, quantity=1)
            if kind in ("shipment", "tracking"):
                lines = [{"order_line_id": order["_lines"][0]["id"], "quantity": 1}]
                made["packages"] = [{"tracking_number": f"TRACK{number}", "carrier": "UPS", "lines": lines}]
        return json.dumps(made).encode()

    def effects(self, kind: str) -> Sequence[str]:
        return [str(entry) for entry in self.shop.effects if entry["effect"] == EFFECTS[kind]]

    def fail_next(self, fault: Fault, times: int = 1) -> None:
        if not times:
            self.control("faults/clear")
            return
        self.control("faults", retry_after=RETRY_AFTER)
        for match in MUTATIONS if fault is Fault.LOST_ANSWER else ("",):
            self.control("fail_next", kind=FAULTS[fault], count=times, match=match)

    def expire_credential(self) -> None:
        self.control("token", token="another")

    def pass_time(self, seconds: float) -> None:
        self.clock += timedelta(seconds=seconds)

    def now(self) -> datetime:
        return self.clock.astimezone(UTC)

    def bad_settings(self) -> Sequence[tuple[Mapping[str, Any], type[Exception]]]:
        good = self.settings
        return [
            ({**good, "access_token": "wrong"}, Unauthorised),
            ({**good, "access_token": None}, ValidationError),
            ({**good, "shop": "http://shop.example"}, ValidationError),
            ({**good, "shop": "https://user@shop.example/admin"}, ValidationError),
            ({**good, "api_version": "2019-04"}, ValidationError),
            ({**good, "access_token": None, "client_id": "a", "client_secret": "b"}, Unauthorised),
        ]

    def subject(self, topic: str) -> tuple[str, str] | None:
        if topic.startswith("returns/"):
            return "return", self.customer_return()["id"]
        order = self.order()
        if topic.startswith("fulfillment_orders/"):
            return "order", order["_fulfillment_orders"][0]["id"]
        return "order", order["id"]

    def notice(self, topic: str, external_id: str | None) -> bytes:
        if external_id is None:
            return b'{ "id": null }'
        node = self.shop.nodes[external_id]
        if topic == "orders/edited":
            body: Node = {"order_edit": {"order_id": node["_number"]}}
        elif topic.startswith("fulfillment_orders/"):
            name = "moved_fulfillment_order" if topic.endswith("moved") else "fulfillment_order"
            body = {name: {"id": node["id"], "status": node["status"].lower()}}
        else:
            body = announce.payload("", node)
        return json.dumps(body, indent=2).encode()

    def sign(self, topic: str, body: bytes, delivery_id: str) -> WebhookRequest:
        headers = {
            "x-shopify-topic": topic,
            "x-shopify-hmac-sha256": announce.sign(CLIENT_SECRET, body),
            "x-shopify-webhook-id": delivery_id,
            "x-shopify-shop-domain": self.shop.domain,
        }
        return WebhookRequest(headers, body)

    def drop_subscription(self, topic: str) -> None:
        wanted = topic.upper().replace("/", "_")
        for entry in list(self.shop.subscriptions.values()):
            if entry["topic"] == wanted:
                self.shop.unsubscribe(entry["id"])

    def close(self) -> None:
        shop_module.time = self._time
        self.server._socket.close()

    # -- what stands in the shop

    def order(self, spoil: Callable[[Node], None] | None = None, **traits: float) -> Node:
        """An order of now, plain but for these traits (see `hub.sandbox.store.seeding.RATES`)."""
        self.marks += 1
        body = {"rates": {**PLAIN, **traits}, "offset": self.marks}
        order = seed_orders(self.shop, body, [shop_module.stamp(self.clock.timestamp())])[0]
        if spoil:
            spoil(order)
        return order

    def customer_return(self, quantity: int = 1, status: str = "OPEN") -> Node:
        """A return of some of a shipped order's first line."""
        order = self.order()
        changes.edit(self.shop, order, [{"line": 0, "quantity": 3}])
        self.control("fulfil", order=order["id"])
        fulfilled = order["_fulfillments"][0]["_lines"][0]
        return returns.request_return(self.shop, order, [(fulfilled, quantity)], status)
