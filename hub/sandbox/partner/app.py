"""The trading partner's process: drops 850s into the hub's inbox, collects answers from its outbox."""

from __future__ import annotations

import argparse
import os
import random
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hub.sandbox.catalog import GOODS
from hub.sandbox.control import PREFIX, Call, Control
from hub.sandbox.httpd import Request, Response, json_response
from hub.sandbox.partner.answers import Answers
from hub.sandbox.partner.ledger import Ledger
from hub.sandbox.partner.orders import PurchaseOrder, make_orders, write_order
from hub.sandbox.partner.x12 import Party, write_group, write_interchange
from hub.sandbox.timer import Timer

Json = dict[str, Any]
TEMPORARY = (".tmp", ".part", ".filepart")
COLLECT_SECONDS = 0.1


class Partner:
    """Answers control requests; a background thread collects."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._inbox, self._outbox, self._picked = options.inbox, options.outbox, options.picked
        for folder in (self._inbox, self._outbox, self._picked):
            folder.mkdir(parents=True, exist_ok=True)
        self._me, self._hub = _party(options.partner_id), _party(options.hub_id)
        self._timer = Timer()
        self._lock = threading.Lock()
        self._faults: Json = {"half_written": 0.0, "pause_seconds": 2.0, "seed": 1}
        self._trickle: Json = {}
        self._reset()
        threading.Thread(target=self._collect, daemon=True, name="collector").start()
        self._control = Control("partner", self._calls())

    def __call__(self, request: Request) -> Response:
        if request.path.startswith(PREFIX):
            return self._control.answer(request)
        return json_response({"error": "only /_control/ is served; the partner speaks through files"}, 404)

    def _calls(self) -> dict[str, Call]:
        return {
            "POST seed": self.seed, "POST trickle": self.trickle, "POST resend": self.resend,
            "GET faults": lambda _: self._faults, "POST faults": self.faults,
            "GET catalog": lambda _: {"products": [product.describe() for product in GOODS]},
            "GET effects": lambda _: {"effects": list(self._ledger.effects)},
            "GET report": lambda _: self._ledger.report(),
            "GET order": lambda body: self._ledger.by_number[body["po"]].describe(),
            "POST reset": self.reset,
        }  # fmt: skip

    def reset(self, body: Json) -> Json:
        self._reset()
        return {"ok": True}

    def _reset(self) -> None:
        """Forget orders and answers. Control and order numbers go on, so that nothing repeats by accident."""
        self._ledger = Ledger()
        self._answers = Answers(self._ledger, self._hub, self._me)
        if not hasattr(self, "_next"):
            start = int(time.time()) % 1_000_000
            self._next = {"interchange": start, "group": start, "order": 1}
        self._sent_files: dict[str, bytes] = {}
        self._random = random.Random(self._faults["seed"])

    # -- sending

    def seed(self, body: Json) -> Json:
        """`count` purchase orders over `interchanges` files of up to `groups` groups each."""
        count, files = int(body.get("count", 1)), int(body.get("interchanges", 1))
        with self._lock:
            orders = make_orders(body, self._next["order"])
            self._next["order"] += count
            shares = [orders[index::files] for index in range(min(files, count))]
            names = [self._send(share, int(body.get("groups", 1)), bool(body.get("test"))) for share in shares]
        return {"files": names, "purchase_orders": [
            {"po": order.number, "malformed": order.malformed, "interchange": order.interchange,
             "group": order.group, "set": order.control} for order in orders
        ]}  # fmt: skip

    def _send(self, orders: list[PurchaseOrder], groups: int, test: bool) -> str:
        when = datetime.now(UTC)
        self._next["interchange"] += 1
        control = self._next["interchange"]
        name = f"850_{control:09d}.edi"
        written = []
        for share in [orders[index::groups] for index in range(min(groups, len(orders)))]:
            self._next["group"] += 1
            sets = []
            for index, order in enumerate(share):
                order.control, order.group = f"{index + 1:04d}", str(self._next["group"])
                order.interchange, order.file = f"{control:09d}", name
                sets.append(write_order(order, order.control))
            with self._ledger.lock:
                self._ledger.sent(self._next["group"], share)
            written.append(write_group("PO", self._me, self._hub, self._next["group"], when, sets))
        data = write_interchange(self._me, self._hub, control, when, written, test)
        self._sent_files[name] = data
        self._drop(name, data)
        return name

    def _drop(self, name: str, data: bytes) -> None:
        """Under a temporary name, then renamed; or, as a fault, half of it now and the rest later."""
        target = self._inbox / name
        if self._random.random() < self._faults["half_written"]:
            target.write_bytes(data[: len(data) // 2])
            self._timer.after(float(self._faults["pause_seconds"]), lambda: _append(target, data[len(data) // 2 :]))
            return
        partial = self._inbox / f"{name}.part"
        partial.write_bytes(data)
        os.replace(partial, target)

    def resend(self, body: Json) -> Json:
        """Drop a file again, byte for byte: the one named, or the first; under `name`, or a new name."""
        with self._lock:
            original = body.get("file") or next(iter(self._sent_files))
            again = body.get("name") or f"again{len(self._ledger.resent) + 1}_{original}"
            self._drop(again, self._sent_files[original])
            self._ledger.resent.append(again)
        return {"file": again, "of": original}

    def trickle(self, body: Json) -> Json:
        """`per_second` purchase orders, one per interchange, until `limit`; 0 stops."""
        with self._lock:
            running = bool(self._trickle.get("per_second"))
            self._trickle = {**body, "per_second": float(body.get("per_second", 1)), "made": 0}
        if not running and self._trickle["per_second"] > 0:
            self._timer.after(0, self._drip)
        return dict(self._trickle)

    def _drip(self) -> None:
        plan = self._trickle
        if not plan.get("per_second"):
            return
        if plan.get("limit") and plan["made"] >= int(plan["limit"]):
            plan["per_second"] = 0.0
            return
        plan["made"] += 1
        self.seed({**plan, "count": 1, "interchanges": 1, "groups": 1})
        self._timer.after(1 / plan["per_second"], self._drip)

    def faults(self, body: Json) -> Json:
        if unknown := set(body) - set(self._faults):
            raise ValueError(f"unknown fault settings: {sorted(unknown)}; known: {', '.join(self._faults)}")
        self._faults.update(body)
        self._random = random.Random(self._faults["seed"])
        return self._faults

    # -- collecting

    def _collect(self) -> None:
        while True:
            for path in sorted(self._outbox.iterdir()):
                if path.is_file() and not path.name.startswith(".") and path.suffix not in TEMPORARY:
                    self._pick(path)
            time.sleep(COLLECT_SECONDS)

    def _pick(self, path: Path) -> None:
        target = self._picked / path.name
        while target.exists():
            target = target.with_name(f"again_{target.name}")
        os.replace(path, target)
        self._answers.take(path.name, target.read_bytes())


def _append(path: Path, data: bytes) -> None:
    """The second half of a slow upload. A hub that took the half file away loses the order, and the report shows it."""
    with path.open("ab") as stream:
        stream.write(data)


def _party(text: str) -> Party:
    qualifier, _, identity = text.partition("/")
    return Party(qualifier, identity)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--inbox", type=Path, required=True, help="folder the hub reads; orders are dropped here")
    parser.add_argument("--outbox", type=Path, required=True, help="folder the hub writes; answers are taken from here")
    parser.add_argument("--picked", type=Path, required=True, help="folder the answers are kept in")
    parser.add_argument("--partner-id", default="ZZ/SANDBUYER", help="qualifier/id of this partner")
    parser.add_argument("--hub-id", default="ZZ/SANDHUB", help="qualifier/id of the hub")
