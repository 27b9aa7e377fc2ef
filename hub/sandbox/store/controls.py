"""The store's control API. `hub/sandbox/README.md` gives every body."""

from __future__ import annotations

import random
import threading
import time
from contextlib import suppress
from functools import partial
from typing import Any

from hub.sandbox.control import Call
from hub.sandbox.courier import Courier
from hub.sandbox.faults import FaultPlan
from hub.sandbox.store import changes, returns
from hub.sandbox.store.changes import Refused
from hub.sandbox.store.report import order_report, report
from hub.sandbox.store.search import count_orders
from hub.sandbox.store.seeding import seed_orders
from hub.sandbox.store.shop import Node, Shop, stamp
from hub.sandbox.store.throttle import Bucket
from hub.sandbox.timer import Timer

Body = dict[str, Any]


class StoreControls:
    """What a test or the demo may do to the store."""

    def __init__(self, shop: Shop, faults: FaultPlan, courier: Courier, bucket: Bucket, credentials: Body) -> None:
        self._shop, self._faults, self._courier, self._bucket = shop, faults, courier, bucket
        self._credentials = credentials
        self._timer = Timer()
        self._trickle: Body = {}
        self._racing: Body = {}
        self._lock = threading.Lock()

    def calls(self) -> dict[str, Call]:
        return {
            "POST seed": self.seed, "POST trickle": self.trickle, "POST edit": self.edit, "POST cancel": self.cancel,
            "POST pay": self._each(changes.pay), "POST release": self._each(changes.release),
            "POST touch": self._each(lambda shop, order: changes.settle(shop, order)),
            "POST fulfil": self.fulfil, "POST returns": self.returns, "POST approve": self.approve,
            "GET faults": lambda _: self._faults.describe(), "POST faults": self._faults.configure,
            "POST fail_next": self._faults.force, "POST faults/clear": lambda _: self._faults.clear(),
            "GET webhooks": lambda _: self.webhooks(), "POST webhooks": self._courier.configure,
            "POST plan": self.plan, "POST token": self.token, "POST reset": self.reset,
            "GET effects": self.effects, "GET counts": self.counts, "GET order": self.order,
            "GET report": lambda _: report(self._shop),
        }  # fmt: skip

    # -- orders come

    def seed(self, body: Body) -> Body:
        count, span = int(body.get("count", 1)), float(body.get("span_seconds", 0))
        end = time.time()
        times = [stamp(end - span + span * (index + 1) / count) for index in range(count)]
        made = seed_orders(self._shop, body, times)
        self._race(made)
        return {"orders": [{"id": order["id"], "name": order["name"], "traits": order["_traits"]} for order in made]}

    def trickle(self, body: Body) -> Body:
        """`per_second` orders until `limit` (or for ever); 0 stops."""
        with self._lock:
            running = bool(self._trickle.get("per_second"))
            self._trickle = {**body, "per_second": float(body.get("per_second", 1)), "made": 0,
                             "started": time.monotonic()}  # fmt: skip
        if not running and self._trickle["per_second"] > 0:
            self._timer.after(0, self._drip)
        return {name: value for name, value in self._trickle.items() if name != "started"}

    def _drip(self) -> None:
        with self._lock:
            plan = self._trickle
            if not plan.get("per_second"):
                return
            due = int((time.monotonic() - plan["started"]) * plan["per_second"]) + 1
            if plan.get("limit"):
                due = min(due, int(plan["limit"]))
            count, offset = due - plan["made"], plan["made"]
            plan["made"] = due
            done = bool(plan.get("limit")) and due >= int(plan["limit"])
            if done:
                plan["per_second"] = 0.0
        if count > 0:
            body = {**plan, "offset": int(plan.get("offset", 100_000)) + offset}
            self._race(seed_orders(self._shop, body, [stamp(time.time())] * count))
        if not done:
            self._timer.after(min(1.0, 1 / plan["per_second"]), self._drip)

    # -- orders change

    def cancel(self, body: Body) -> Body:
        """One `order`; or a `fraction` of all, each at a random moment `within_seconds`.

        With `future` also of those that are still to come, at that distance after their creation.
        """
        if "order" in body:
            order = self._shop.resolve_order(body["order"])
            return self._try(lambda: changes.cancel(self._shop, order, body.get("reason", "CUSTOMER")), order)
        plan = {"fraction": float(body["fraction"]), "within": body.get("within_seconds", [0, 5]),
                "random": random.Random(f"cancel:{body.get('seed', 1)}")}  # fmt: skip
        self._racing = plan if body.get("future") else {}
        return {"scheduled": self._schedule_cancels(plan, list(self._shop.all_orders()))}

    def _race(self, made: list[Node]) -> None:
        if self._racing:
            self._schedule_cancels(self._racing, made)

    def _schedule_cancels(self, plan: Body, orders: list[Node]) -> list[str]:
        chosen = [order for order in orders if plan["random"].random() < plan["fraction"] and not order["closed"]]
        for order in chosen:
            self._timer.after(plan["random"].uniform(*plan["within"]), partial(self._late_cancel, order))
        return [order["name"] for order in chosen]

    def _late_cancel(self, order: Node) -> None:
        with suppress(Refused):  # it was fulfilled or cancelled meanwhile: the race was lost, which the report shows
            changes.cancel(self._shop, order)

    def edit(self, body: Body) -> Body:
        order = self._shop.resolve_order(body["order"])
        return self._try(lambda: changes.edit(self._shop, order, body["changes"]), order)

    def fulfil(self, body: Body) -> Body:
        """The merchant ships outside the hub: everything open, or `quantity` of one `line` (index)."""
        order = self._shop.resolve_order(body["order"])

        def act() -> None:
            with self._shop.lock:
                for entry in list(order["_fulfillment_orders"]):
                    if entry["status"] in changes.OPEN:
                        self._fulfil_one(order, entry, body)

        return self._try(act, order)

    def _fulfil_one(self, order: Node, entry: Node, body: Body) -> None:
        wanted = None
        if "line" in body:
            line = order["_lines"][int(body["line"])]
            wanted = [
                {"id": pick["id"], "quantity": int(body.get("quantity", pick["remainingQuantity"]))}
                for pick in entry["_lines"]
                if pick["lineItem"] is line and pick["remainingQuantity"]
            ]
            if not wanted:
                return
        numbers = [{"company": "Elsewhere Post", "number": body["tracking"], "url": None}] if "tracking" in body else []
        changes.fulfil(self._shop, [{"fulfillmentOrderId": entry["id"], "fulfillmentOrderLineItems": wanted}],
                       numbers, by="merchant")  # fmt: skip

    def _try(self, act: Any, order: Node) -> Body:
        try:
            act()
        except Refused as refused:
            return {"refused": refused.message, **order_report(order)}
        return order_report(order)

    def _each(self, act: Any) -> Call:
        def run(body: Body) -> Body:
            order = self._shop.resolve_order(body["order"])
            return self._try(lambda: act(self._shop, order), order)

        return run

    # -- returns

    def returns(self, body: Body) -> Body:
        """Customers ask to send back one unit of up to `lines` fulfilled lines of `order`, or of a `fraction` of the
        orders that have fulfilled units (at most `count` orders)."""
        source = random.Random(f"returns:{body.get('seed', 1)}")
        if "order" in body:
            orders = [self._shop.resolve_order(body["order"])]
        else:
            share = float(body.get("fraction", 1))
            orders = [o for o in self._shop.all_orders() if not o["_returns"] and source.random() < share]
        made: list[Node] = []
        for order in orders:
            if len(made) >= int(body.get("count", len(orders))):
                break
            picks = self._returnable(order, int(body.get("lines", 1)), int(body.get("quantity", 1)))
            if picks:
                made.append(returns.request_return(self._shop, order, picks, body.get("status", "OPEN")))
        return {"returns": [
            {"id": entry["id"], "name": entry["name"], "order": entry["order"]["name"], "status": entry["status"],
             "lines": [{"line": line["fulfillmentLineItem"]["lineItem"]["id"],
                        "sku": line["fulfillmentLineItem"]["lineItem"]["sku"], "quantity": line["quantity"]}
                       for line in entry["_lines"]]}
            for entry in made
        ]}  # fmt: skip

    def _returnable(self, order: Node, lines: int, quantity: int) -> list[tuple[Node, int]]:
        picks: list[tuple[Node, int]] = []
        for fulfillment in order["_fulfillments"]:
            for entry in fulfillment["_lines"] if fulfillment["status"] == "SUCCESS" else ():
                left = entry["quantity"] - entry["_returned"]
                if left > 0 and entry["lineItem"]["requiresShipping"] and len(picks) < lines:
                    picks.append((entry, min(left, quantity)))
        return picks

    def approve(self, body: Body) -> Body:
        node = self._shop.find("Return", body["return"])
        if node is None:
            raise LookupError(f"no return {body['return']!r}")
        returns.approve(self._shop, node)
        return {"id": node["id"], "status": node["status"]}

    # -- the peer itself

    def webhooks(self) -> Body:
        found = [{"id": entry["id"], "topic": entry["topic"], "uri": entry["uri"]}
                 for entry in list(self._shop.subscriptions.values())]  # fmt: skip
        return {**self._courier.describe(), "subscriptions": found}

    def plan(self, body: Body) -> Body:
        if "plan" in body:
            self._bucket.configure(body["plan"])
        if body.get("empty"):
            self._bucket.empty()
        return {"plan": self._bucket.plan, **self._bucket.status()}

    def token(self, body: Body) -> Body:
        """Replace the access token: the old one answers 401 from now on."""
        self._credentials["tokens"] = {str(body["token"])}
        return {"token": body["token"]}

    def reset(self, body: Body) -> Body:
        self._shop.reset()
        self._faults.clear()
        self._trickle, self._racing = {}, {}
        return {"ok": True}

    def effects(self, body: Body) -> Body:
        found = list(self._shop.effects)
        if "effect" in body:
            found = [entry for entry in found if entry["effect"] == body["effect"]]
        return {"effects": found}

    def counts(self, body: Body) -> Body:
        since = body.get("updated_since")
        query = f"updated_at:>='{since}'" if since else None
        return {"orders": count_orders(self._shop, query, None, [])["count"], "all": len(self._shop.orders)}

    def order(self, body: Body) -> Body:
        return order_report(self._shop.resolve_order(body["order"]))
