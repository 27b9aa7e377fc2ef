"""Orders that wait in the store when the hub starts: from the worker's first job until the last one is written back."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from typing import Any

from bench.scene import Scene, ask, cpu_ms, database_file, process, wait_for
from hub.config import Config

WRITTEN_BACK = "SELECT count(*) FROM messages WHERE direction = 'out' AND kind = 'shipment' AND state = 'done'"
STARTED = "SELECT min(created_at) FROM jobs"


@dataclass(frozen=True, slots=True)
class Run:
    """One run over a backlog. `cpu_ms`: processor time of the process that did it."""

    orders: int
    seconds: float
    cpu_ms: float

    @property
    def ms_per_order(self) -> float:
        return self.seconds * 1000 / self.orders


def hub(scene: Scene, orders: int) -> tuple[Run, Config]:
    """Let `hub serve --only worker` do it; gives also the installation, with what it remembers."""
    scene.fill(orders)
    config = scene.copy("hub")
    with process(config, "hub", "serve", "--only", "worker") as worker:
        wait_for("the worker's first job", lambda: ask(config, STARTED), step=0.002)
        started, used = time.monotonic(), cpu_ms(worker.pid)
        wait_for("the write-backs", lambda: ask(config, WRITTEN_BACK) >= orders)
        run = Run(orders, time.monotonic() - started, cpu_ms(worker.pid) - used)
    scene.check(orders)
    return run, config


def floor(scene: Scene, orders: int, like: Config, pages: int) -> tuple[Run, dict[str, int]]:
    """Let the plain script do it, with the rows that the hub left in `like` and in as many pages of orders; gives
    also its calls by kind."""
    scene.fill(orders)
    config = scene.copy("floor")
    plan = {
        "orders": orders,
        "page": math.ceil(orders / pages),
        "threads": config.worker_threads,
        "store": scene.world.store.url,
        "warehouse": scene.world.warehouse.url,
        "database": str(database_file(config)),
        "rows": str(database_file(like)),
    }
    (config.data_dir / "plan.json").write_text(json.dumps(plan))
    result = config.data_dir / "result.json"
    with process(config, "bench.floor", str(config.data_dir / "plan.json"), str(result)) as script:
        wait_for("the floor", lambda: result.exists() or script.poll())
        if script.wait(30) != 0:
            raise RuntimeError(f"the floor failed:\n{(config.data_dir / 'log').read_text()[-2000:]}")
    scene.check(orders)
    told = json.loads(result.read_text())
    return Run(orders, told["seconds"], told["cpu_ms"]), told["calls"]


def counted(scene: Scene, orders: int) -> dict[str, Any]:
    """A run whose statements, commits and calls are counted, which slows it: see `bench.counted`."""
    scene.fill(orders)
    config = scene.copy("counted")
    result = config.data_dir / "counts.json"
    with process(config, "bench.counted", str(result)):
        wait_for("the write-backs", lambda: (ask(config, STARTED) and ask(config, WRITTEN_BACK) or 0) >= orders)
    scene.check(orders)
    counts: dict[str, Any] = json.loads(result.read_text())
    return counts
