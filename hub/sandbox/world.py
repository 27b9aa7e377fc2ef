"""Starts the three peers on free ports, drives their control APIs, and stops them.

with World(folder) as world:
    world.store.post("seed", count=200)
    hub_settings = world.store.url, world.store.token
    print(world.warehouse.get("report"))
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import requests

from hub.sandbox.judge import judge

STORE_TOKEN = "shpat_sandbox_0000000000000000"
STORE_SECRET = "sandbox-client-secret"
STORE_DOMAIN = "sandbox-store.myshopify.com"
WAREHOUSE_TOKEN = "whk_sandbox_0000000000000000"
START_SECONDS = 20.0


class PeerFailed(RuntimeError):
    """A peer did not start, or a control call was refused."""


class Peer:
    """One running peer. `url` is its address without a trailing slash."""

    def __init__(self, kind: str, folder: Path, options: dict[str, Any]) -> None:
        self.kind = kind
        self.folder = folder
        self.log = folder / f"{kind}.log"
        self.url = ""
        self._session = requests.Session()
        self._ready = folder / f"{kind}.ready"
        self._process = self._start(options)

    def _start(self, options: dict[str, Any]) -> subprocess.Popen[bytes]:
        self._ready.unlink(missing_ok=True)
        command = [sys.executable, "-m", "hub.sandbox", self.kind, "--ready-file", str(self._ready),
                   "--parent-pid", str(os.getpid())]  # fmt: skip
        for name, value in options.items():
            command += [f"--{name.replace('_', '-')}", str(value)]
        root = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        with self.log.open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "PYTHONPATH": path})

    def wait_until_ready(self) -> None:
        """Until it listens; `url` is known from then on. Raises PeerFailed."""
        deadline = time.monotonic() + START_SECONDS
        while not self._ready.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise PeerFailed(f"the {self.kind} did not start; see {self.log}:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.02)
        self.url = f"http://127.0.0.1:{json.loads(self._ready.read_text())['port']}"

    @property
    def pid(self) -> int:
        return self._process.pid

    def post(self, name: str, /, **body: Any) -> Any:
        """POST /_control/`name` with the keyword arguments as JSON. Raises PeerFailed with the peer's reason."""
        return self._read(name, self._session.post(f"{self.url}/_control/{name}", json=body, timeout=60))

    def get(self, name: str, /, **query: Any) -> Any:
        """GET /_control/`name`."""
        return self._read(name, self._session.get(f"{self.url}/_control/{name}", params=query, timeout=60))

    def _read(self, name: str, answer: requests.Response) -> Any:
        if answer.status_code != 200:
            raise PeerFailed(f"{self.kind} /_control/{name}: {answer.status_code} {answer.text[:500]}")
        return answer.json()

    def stop(self) -> None:
        self._session.close()
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class World:
    """The store, the warehouse and the trading partner, their files under `folder`.

    `hub_in` is the folder the partner drops its files into (the hub's inbox), `hub_out` the one it collects answers
    from (the hub's outbox). Keyword arguments are options per peer, as on the command line with `_` for `-`:
    `World(folder, store={"plan": "plus"}, warehouse={"seed": 7})`; `partner=None` leaves a peer out.
    """

    def __init__(
        self,
        folder: Path,
        *,
        store: dict[str, Any] | None = {},  # noqa: B006 (never changed)
        warehouse: dict[str, Any] | None = {},  # noqa: B006
        partner: dict[str, Any] | None = {},  # noqa: B006
    ) -> None:
        self.folder = Path(folder)
        self.hub_in = self.folder / "edi" / "in"
        self.hub_out = self.folder / "edi" / "out"
        for path in (self.folder, self.hub_in, self.hub_out):
            path.mkdir(parents=True, exist_ok=True)
        files = {"inbox": self.hub_in, "outbox": self.hub_out, "picked": self.folder / "edi" / "picked"}
        partner = None if partner is None else {**files, **partner}
        self.peers: dict[str, Peer] = {}
        try:
            for kind, options in (("store", store), ("warehouse", warehouse), ("partner", partner)):
                if options is not None:
                    self.peers[kind] = Peer(kind, self.folder, options)
            for peer in self.peers.values():
                peer.wait_until_ready()
        except PeerFailed:
            self.stop()
            raise

    @property
    def store(self) -> Peer:
        return self.peers["store"]

    @property
    def warehouse(self) -> Peer:
        return self.peers["warehouse"]

    @property
    def partner(self) -> Peer:
        return self.peers["partner"]

    def return_goods(self, count: int = 5, seed: int = 1, fraction: float = 1.0) -> list[dict[str, Any]]:
        """Up to `count` customers send a unit back: a return at the store, the goods at the warehouse.

        Answers the store's returns.
        """
        asked: list[dict[str, Any]] = self.store.post("returns", count=count, seed=seed, fraction=fraction)["returns"]
        for entry in asked:
            lines = [{"sku": line["sku"], "quantity": line["quantity"]} for line in entry["lines"]]
            self.warehouse.post("returns", returns=[{"order_number": entry["order"], "lines": lines}])
        return asked

    def discrepancies(self) -> list[dict[str, Any]]:
        """Where the peers' own reports disagree; [] when all that was shipped is written back, once. See `judge`."""
        reports = {kind: peer.get("report") for kind, peer in self.peers.items()}
        return judge(reports.get("store"), reports.get("warehouse"), reports.get("partner"))

    def stop(self) -> None:
        for peer in self.peers.values():
            peer.stop()

    def __enter__(self) -> World:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
