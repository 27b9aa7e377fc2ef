"""Orders that come one by one: how long from an order's creation in the store until the warehouse has it."""

from __future__ import annotations

import time

from bench.scene import PLAIN, Scene, process, wait_for
from hub.cli.serve import wait_until_it_listens
from hub.flows import setup
from hub.installation import Installation

PER_SECOND = 5


def delays(scene: Scene, orders: int) -> list[float]:
    """Seconds for each of so many orders, with `hub serve` running and the store's webhooks subscribed."""
    scene.fill(0)
    config = scene.copy("webhook")
    with process(config, "hub", "serve"):
        if not wait_until_it_listens(config.web_host, config.web_port):
            raise RuntimeError("the web process does not answer")
        with Installation(config) as hub:
            setup.subscribe(hub, scene.store_id, "bench")
        created = _place(scene, orders)
        wait_for("the warehouse", lambda: len(_accepted(scene)) >= orders, seconds=60, step=0.5)
    accepted = _accepted(scene)
    return [accepted[name] - at for name, at in created.items()]


def _place(scene: Scene, orders: int) -> dict[str, float]:
    """Create orders at an even pace; gives for each name the time just before."""
    created: dict[str, float] = {}
    start = time.time()
    for number in range(orders):
        time.sleep(max(0.0, start + number / PER_SECOND - time.time()))
        at = time.time()
        answer = scene.world.store.post("seed", count=1, seed=2, offset=number, rates=PLAIN)
        created[answer["orders"][0]["name"]] = at
    return created


def _accepted(scene: Scene) -> dict[str, float]:
    report = scene.world.warehouse.get("report")
    return {made["order_number"]: made["created_epoch"] for made in report["fulfillments"]}
