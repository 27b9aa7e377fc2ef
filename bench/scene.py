"""Where the benchmark takes place: the sandbox's store and warehouse, and an installation that is linked to both."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from hub.config import CHECKOUT, Config, load
from hub.flows import setup, steering
from hub.installation import Installation
from hub.sandbox.world import STORE_SECRET, STORE_TOKEN, WAREHOUSE_TOKEN, World
from hub.store import connections

ACTOR = "bench"
PLAIN = dict.fromkeys(("unpaid", "on_hold", "test", "gift_card", "digital", "two_locations"), 0.0)
"""No order is held or split, so that each is one fulfilment, one shipment and one write-back."""

AT_ONCE = {"allocate_after": [0, 0], "ship_after": [0, 0], "partial_rate": 0, "packages_max": 1}
"""The warehouse ships what it gets at once, whole, in one package."""


class Scene:
    """The peers and a linked, empty installation, from which each run gets a copy. Use it as a context."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.world = World(folder / "world", store={"plan": "generous"}, partner=None)
        self.port = _free_port()
        self.store_id = self._link()

    def _link(self) -> int:
        with Installation(self._config("template")) as hub:
            start_at = hub.now() - dt.timedelta(minutes=5)
            warehouse = {"address": self.world.warehouse.url, "token": WAREHOUSE_TOKEN}
            backend = setup.add_connection(
                hub, "rest_warehouse", "Warehouse", warehouse, actor=ACTOR, start_at=start_at
            )
            setup.set_default_backend(hub, backend, ACTOR)
            store = {
                "shop": self.world.store.url,
                "access_token": STORE_TOKEN,
                "webhook_secret": STORE_SECRET,
            }
            store_id = setup.add_connection(hub, "shopify", "Web store", store, actor=ACTOR, start_at=start_at)
            with hub.db.read() as tx:
                shipments = connections.flow(tx, backend, "in", "shipment")
            assert shipments is not None
            steering.set_schedule(hub, shipments.id, "every 1s", None, ACTOR)
            with hub.db.write() as tx:
                connections.change_flow(tx, shipments.id, next_due=hub.now())
        return store_id

    def _config(self, name: str) -> Config:
        data_dir = self.folder / name
        return load(
            {"HUB_DATA_DIR": str(data_dir), "HUB_WEB_PORT": str(self.port), "HUB_ALLOWED_HOSTS": "127.0.0.1"},
            cwd=self.folder,
        )

    def copy(self, name: str) -> Config:
        """A fresh installation of this name; what had the name before is gone."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        shutil.copytree(self.folder / "template", self.folder / name)
        return self._config(name)

    def fill(self, orders: int) -> None:
        """Start the peers anew, with so many orders in the store. The same orders each time."""
        self.world.store.post("reset")
        self.world.warehouse.post("reset")
        self.world.warehouse.post("simulation", **AT_ONCE)
        if orders:
            self.world.store.post("seed", count=orders, seed=1, rates=PLAIN)

    def check(self, orders: int) -> None:
        """Raise unless every order was shipped and written back, once, by what the peers themselves say."""
        wrong = self.world.discrepancies()
        told = [order for order in self.world.store.get("report")["orders"] if sum(order["tracking"].values()) == 1]
        if wrong or len(told) != orders:
            raise RuntimeError(f"of {orders} orders {len(told)} were written back; disagreements: {wrong[:5]}")

    def close(self) -> None:
        self.world.stop()

    def __enter__(self) -> Scene:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@contextmanager
def process(config: Config, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `python -m command` on an installation; it is told to end, and waited for, when the block ends."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("HUB_")},
        "HUB_DATA_DIR": str(config.data_dir),
        "HUB_WEB_PORT": str(config.web_port),
        "HUB_ALLOWED_HOSTS": "127.0.0.1",
        "HUB_LOG_LEVEL": "warning",
        "PYTHONPATH": str(CHECKOUT),
    }
    with (config.data_dir / "log").open("ab") as log:
        running = subprocess.Popen([sys.executable, "-m", *command], stdout=log, stderr=log, env=environment)
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(30)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def cpu_ms(pid: int) -> float:
    """Milliseconds of processor time a process has used so far (proc(5), stat, fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def database_file(config: Config) -> Path:
    """The SQLite file of an installation."""
    return config.data_dir / "hub.sqlite3"


def ask(config: Config, statement: str, *values: Any) -> Any:
    """One value from an installation's database, read beside the processes that use it."""
    with sqlite3.connect(f"file:{database_file(config)}?mode=ro", uri=True, timeout=30) as connection:
        row = connection.execute(statement, values).fetchone()
    connection.close()
    return row[0] if row else None


def wait_for(what: str, condition: Callable[[], Any], seconds: float = 300.0, step: float = 0.02) -> Any:
    """Ask until the answer is true; gives it. Raises RuntimeError after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(step)
    raise RuntimeError(f"{what}: not within {seconds:.0f} s")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
