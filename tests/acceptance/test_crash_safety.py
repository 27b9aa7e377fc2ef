"""Killing the hub at any instant loses nothing and does nothing twice: with real processes and real peers.

`HUB_CRASH_ORDERS` and `HUB_CRASH_SEED` make the random schedule longer and another one; docs/crash-safety.md has the
command of the full one.
"""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.acceptance.trial import Trial, until
from tests.acceptance.verdict import Verdict

ORDERS = int(os.environ.get("HUB_CRASH_ORDERS", "80"))
SEED = int(os.environ.get("HUB_CRASH_SEED", "1"))

FULL = ORDERS > 500
TRIES_PER_ORDER = 8
"""About how many tries of jobs an order takes, so that the kills spread over the whole of a schedule."""

FAULTS: dict[str, Any] = {
    "rate_429": 0.02,
    "rate_500": 0.02,
    "drop_before": 0.02,
    "drop_after": 0.02,
    "timeout_after": 0.01,
    "slow": 0.02,
    "slow_seconds": 0.3,
    "timeout_seconds": 1.5,
    "retry_after": 0.2,
}
"""Shares of requests. A timeout is longer than the connections wait."""

WEBHOOKS: dict[str, Any] = {"duplicate": 0.1, "reorder": 0.1, "drop": 0.1, "retry_seconds": [0.5, 1, 2, 4]}

MALFORMED = ["sku-null", "address-null", "country-null", "sku-unknown", "total-mismatch"]


def spoil(trial: Trial) -> None:
    """Make the peers and the ways to them unreliable, and let customers change their minds."""
    store, warehouse, partner = trial.world.store, trial.world.warehouse, trial.world.partner
    store.post("faults", **FAULTS, throttled=0.01, seed=SEED)
    warehouse.post("faults", **FAULTS, seed=SEED + 1)
    store.post("webhooks", **WEBHOOKS, seed=SEED)
    warehouse.post("webhooks", **WEBHOOKS, seed=SEED + 1)
    partner.post("faults", half_written=0.3, pause_seconds=0.6, seed=SEED)
    warehouse.post("simulation", allocate_after=[0.2, 20.0 if FULL else 4.0], malformed_every=50, seed=SEED)
    store.post("cancel", fraction=0.05, within_seconds=[0, 8], seed=SEED, future=True)


def order(trial: Trial, purchases: int, seed: int) -> None:
    """Purchase orders come in a few interchanges, one in fifty (in a short run: in eight) malformed."""
    trial.world.partner.post(
        "seed",
        count=purchases,
        interchanges=max(2, purchases // 20),
        seed=seed,
        malformed_every=50 if FULL else 8,
    )


def kill_at_random(trial: Trial, source: random.Random, count: int) -> None:
    """Kill `count` times, each time after another number of tries; the worker most often, the others as well."""
    most = ORDERS * TRIES_PER_ORDER // kills_of(ORDERS)
    names: list[str] = []
    for _ in range(count):
        names = names or source.sample(["worker", "worker", "worker", "web", "supervisor"], 5)
        trial.kill_next(names.pop(), source.randint(1, most))


def kills_of(orders: int) -> int:
    """How often a schedule of so many orders is interrupted."""
    return max(5, orders // 50)


@contextmanager
def changing_minds(trial: Trial) -> Iterator[list[str]]:
    """Customers of one order in twelve cancel it just after the warehouse has got it; gives their orders."""
    cancelled: list[str] = []
    seen: set[str] = set()
    stop = threading.Event()

    def watch() -> None:
        session = requests.Session()  # a peer's own session is for one thread
        while not stop.wait(0.1):
            made = session.get(f"{trial.world.warehouse.url}/_control/effects?effect=fulfillment_created", timeout=60)
            for name in [effect["order_number"] for effect in made.json()["effects"]]:
                if name.startswith("#") and name not in seen:
                    seen.add(name)
                    if random.Random(f"{SEED}:{name}").random() < 1 / 12:
                        cancelled.append(name)
                        session.post(f"{trial.world.store.url}/_control/cancel", json={"order": name}, timeout=60)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield cancelled
    finally:
        stop.set()
        thread.join()


def test_a_random_schedule(tmp_path: Path) -> None:
    began = time.monotonic()
    source = random.Random(SEED)
    purchases, kills = max(20, ORDERS // 10), kills_of(ORDERS)
    with Trial(tmp_path).running() as trial:
        spoil(trial)
        with changing_minds(trial) as minds:
            trial.world.store.post(
                "trickle",
                per_second=25 if FULL else 15,
                limit=ORDERS,
                seed=SEED,
                offset=0,
                malformed_every=50,
                malformed_kinds=MALFORMED,
            )
            order(trial, purchases // 2, SEED)
            kill_at_random(trial, source, kills // 2)
            order(trial, purchases - purchases // 2, SEED + 1)
            returns = max(5, ORDERS // 50)
            until(lambda: trial.progress().written_back >= 3 * returns, "shipments are written back")
            trial.return_goods(returns)
            kill_at_random(trial, source, kills - kills // 2)
            until(lambda: trial.world.store.get("counts")["all"] == ORDERS, "all orders are placed")
            trial.wait_for_rest()
        verdict = Verdict(trial)
        wrong = verdict.all()
        figures = {**verdict.figures(), "cancelled at the warehouse": len(minds)}
        seconds = round(time.monotonic() - began)
        print(json.dumps({**figures, "seconds": seconds, "wrong": wrong}, indent=1, default=str))
        assert wrong == {}


TRAPS = [
    ("before-claim", "pull/order"),
    ("after-claim", "translate/order"),
    ("after-claim", "deliver/fulfillment"),
    ("after-effect", "deliver/fulfillment"),
    ("after-effect", "deliver/shipment"),
    ("after-effect", "deliver/cancellation"),
    ("after-effect", "deliver/acknowledgement"),
    ("before-commit", "translate/shipment"),
    ("before-commit", "deliver/fulfillment"),
    ("after-commit", "deliver/fulfillment"),
]
"""Where the worker is killed, and whose work is then under way: one after the other, in one life of the hub. What has
to go on after the other side has taken a document differs with the document; a claim and a commit are the same for
all."""


def test_a_kill_at_each_point(tmp_path: Path) -> None:
    with Trial(tmp_path).running(TRAPS) as trial:
        trial.world.warehouse.post("simulation", allocate_after=[0.1, 0.3], ship_after=[0.1, 0.3])
        for number, (_, work) in enumerate(TRAPS):
            provoke(trial, work, number)
            until(lambda number=number: len(trial.struck()) > number, f"{TRAPS[number]} strikes")
            trial.world.warehouse.post("simulation", paused=False)
        trial.wait_for_rest()
        assert trial.struck() == [" ".join(trap) for trap in TRAPS]
        assert Verdict(trial).all() == {}


def provoke(trial: Trial, work: str, seed: int) -> None:
    """Bring about orders and, for a cancellation, one that the warehouse has and has not begun."""
    store, warehouse = trial.world.store, trial.world.warehouse
    cancels = work == "deliver/cancellation"
    warehouse.post("simulation", paused=cancels)
    placed = store.post("seed", count=4, seed=seed, offset=100 * seed, rates={"unpaid": 0, "on_hold": 0, "test": 0})
    trial.world.partner.post("seed", count=1, interchanges=1, seed=seed)
    if cancels:
        name = placed["orders"][0]["name"]
        until(lambda: name in warehouse.get("report")["order_numbers"], f"the warehouse has {name}")
        store.post("cancel", order=name)
