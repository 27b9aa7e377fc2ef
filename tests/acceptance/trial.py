"""One trial: a sandbox world, a hub linked to it and served by real processes, and the hand that kills them."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import text

from hub.config import CHECKOUT
from hub.demo import BUYER_ITEMS, Demo
from hub.flows import setup
from hub.flows.mappings import tables
from hub.flows.partners import partners
from hub.installation import Installation
from hub.sandbox.world import STORE_SECRET, STORE_TOKEN, WAREHOUSE_TOKEN, World
from tests.acceptance import launcher

ACTOR = "acceptance"
WEBHOOK_SECRET = "acceptance-webhook-secret"
TIMEOUT_SECONDS = 1.0
SETTLE_SECONDS = 1.0
STABLE_SECONDS = 2.5


PATIENCE = 120.0
"""Seconds after which something that should happen is taken as never to happen: long, for a busy machine."""


def until(condition: Callable[[], object], what: str) -> Any:
    """Wait for a true value and give it; fail when it does not come at all."""
    end = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < end, f"it did not happen within {PATIENCE:.0f} s: {what}"
        time.sleep(0.05)
    return value


def gone(pid: int) -> bool:
    """The process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


class Trial(Demo):
    """The demo's world and books, with connections that give up on an answer soon, and a hub that is killed."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.plan = folder / "traps.json"
        self.log = folder / "hub.log"
        self.kills: dict[str, int] = {"web": 0, "worker": 0, "supervisor": 0}

    @contextlib.contextmanager
    def running(self, traps: Sequence[tuple[str, str]] = ()) -> Iterator[Trial]:
        """The world and the hub, linked and serving; `traps` as in `launcher`."""
        self.plan.write_text(json.dumps(list(traps)))
        with World(self.folder / "world") as world, Installation(self.config) as hub:
            self.world, self.installation = world, hub
            self._link()
            try:
                self.start()
                for connection_id in (self.store, self.warehouse):
                    setup.subscribe(hub, connection_id, "trial")
                yield self
            finally:
                self._stop()

    def _link(self) -> str:
        hub, world = self.installation, self.world
        everywhere: dict[str, Any] = {
            "actor": ACTOR,
            "start_at": hub.now() - dt.timedelta(minutes=5),
            "schedule": "every 2s",
        }
        self.warehouse = setup.add_connection(
            hub,
            "rest_warehouse",
            "Warehouse",
            {
                "address": world.warehouse.url,
                "token": WAREHOUSE_TOKEN,
                "webhook_secret": WEBHOOK_SECRET,
                "timeout_seconds": TIMEOUT_SECONDS,
            },
            **everywhere,
        )
        setup.set_default_backend(hub, self.warehouse, ACTOR)
        self.store = setup.add_connection(
            hub,
            "shopify",
            "Web store",
            {
                "shop": world.store.url,
                "access_token": STORE_TOKEN,
                "webhook_secret": STORE_SECRET,
                "timeout_seconds": TIMEOUT_SECONDS,
                "settle_seconds": SETTLE_SECONDS,
            },
            **everywhere,
        )
        self.edi = setup.add_connection(
            hub,
            "files",
            "EDI folder",
            {
                "root": str(world.folder / "edi"),
                "inboxes": {"edi": "in"},
                "outboxes": {"*": "out"},
                "stable_seconds": STABLE_SECONDS,
            },
            **everywhere,
        )
        partners.add_partner(
            hub,
            self.edi,
            "Sandbox Buyer",
            ids=[{"qualifier": "ZZ", "value": "SANDBUYER", "own_qualifier": "ZZ", "own_value": "SANDHUB"}],
            agreements=partners.standard_agreements(),
            settings={"sscc_prefix": "0614141", "currency": "USD"},
            actor=ACTOR,
        )
        for item in world.partner.get("catalog")["products"]:
            tables.set_row(hub, BUYER_ITEMS, item["buyer_item"], item["sku"], ACTOR)
        return self.config.public_url

    # -- processes ----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start `hub serve` and wait until its web process answers."""
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("HUB_")},
            "HUB_DATA_DIR": str(self.config.data_dir),
            "HUB_WEB_PORT": str(self.config.web_port),
            "HUB_ALLOWED_HOSTS": "127.0.0.1",
            "HUB_LOG_LEVEL": "warning",
            "PYTHONPATH": os.pathsep.join(filter(None, (str(CHECKOUT), os.environ.get("PYTHONPATH")))),
        }
        command = [sys.executable, "-m", launcher.MODULE, str(self.plan)]
        with self.log.open("ab") as log:
            self._hub = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        until(self._answers, f"the hub answers; see {self.log}")

    def _answers(self) -> bool:
        assert self._hub is not None and self._hub.poll() is None, f"the hub ended:\n{self.log.read_text()[-2000:]}"
        try:
            return requests.get(f"{self.config.public_url}/health", timeout=5).ok
        except requests.RequestException:
            return False

    def processes(self) -> dict[str, int]:
        """The processes of the running `hub serve`, by what they do."""
        assert self._hub is not None
        found = {"supervisor": self._hub.pid}
        for child in Path(f"/proc/{self._hub.pid}/task/{self._hub.pid}/children").read_text().split():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                words = Path(f"/proc/{child}/cmdline").read_bytes().decode().split("\0")
                if "--only" in words:
                    found[words[words.index("--only") + 1]] = int(child)
        return found

    def kill(self, name: str) -> bool:
        """SIGKILL one of the processes; the supervisor is started again, it starts the others by itself. False when
        that process does not run just now."""
        running = self.processes()
        if name not in running:
            return False
        os.kill(running[name], signal.SIGKILL)
        self.kills[name] += 1
        if name == "supervisor" and self._hub is not None:
            self._hub.wait()
            until(lambda: all(gone(pid) for pid in running.values()), "its children end with the supervisor")
            self.start()
        return True

    def struck(self) -> list[str]:
        """The traps that have struck."""
        return launcher.struck(self.plan)

    def kill_next(self, name: str, tries: int) -> None:
        """Kill it as soon as so many more tries of jobs have ended, in whatever it does then."""
        goal = self._tries() + tries
        until(lambda: self._tries() >= goal, f"{tries} more tries, then {name} is killed")
        until(lambda: self.kill(name), f"{name} runs, so that it can be killed")

    def _tries(self) -> int:
        return int(self.one("SELECT count(*) FROM attempts"))

    # -- rest ---------------------------------------------------------------------------------------------------

    def rows(self, statement: str, **values: Any) -> list[Any]:
        """What the hub's books hold."""
        with self.installation.db.read() as tx:
            return list(tx.execute(text(statement), values))

    def one(self, statement: str, **values: Any) -> Any:
        """The single value of a statement."""
        return self.rows(statement, **values)[0][0]

    def wait_for_rest(self) -> None:
        """Wait until nothing moves any more: no work is left, the peers' counts are the hub's, and still are when
        every source has been read once more. It may take long, as long as something happens."""
        since: dt.datetime | None = None
        state, ended, end = self._motion(), self._ended(), time.monotonic() + PATIENCE
        while state or since is None or not self._read_since(since):
            assert time.monotonic() < end, f"nothing has come to an end for {PATIENCE:.0f} s: {state}"
            time.sleep(0.2)
            state, before, ended = self._motion(), ended, self._ended()
            if ended != before:
                end = time.monotonic() + PATIENCE
            since = None if state else since or self.installation.now()

    def _ended(self) -> int:
        return int(self.one("SELECT count(*) FROM jobs WHERE kind <> 'pull' AND state IN ('done', 'parked')"))

    def _read_since(self, since: dt.datetime) -> bool:
        stamp = since.replace(tzinfo=None).isoformat(sep=" ")
        late = "SELECT count(*) FROM flows WHERE direction = 'in' AND (last_run_at IS NULL OR last_run_at < :stamp)"
        return not self.one(late, stamp=stamp)

    def _motion(self) -> dict[str, Any]:
        """What still moves, by name; empty at rest."""
        work = "SELECT kind || '/' || noun, count(*) FROM jobs WHERE state IN ('pending', 'running') AND {} GROUP BY 1"
        rows = self.rows(work.format("(kind <> 'pull' OR external_id IS NOT NULL)"))
        moving: dict[str, Any] = {name: count for name, count in rows}  # noqa: C416 (rows are no pairs to mypy)
        if moving:
            return moving
        peers = {kind: peer.get("report") for kind, peer in self.world.peers.items()}
        known = {
            "orders": (len(peers["store"]["orders"]), self._documents(self.store, "order")),
            "shipments": (peers["warehouse"]["totals"]["shipments"], self._documents(self.warehouse, "shipment")),
            "returns": (peers["warehouse"]["totals"]["returns"], self._documents(self.warehouse, "return")),
            "files": (len({order["file"] for order in peers["partner"]["orders"]}), self._documents(self.edi, "edi")),
        }
        moving |= {f"{name} at the source and here": both for name, both in known.items() if both[0] != both[1]}
        unpacked = peers["warehouse"]["totals"]["open"] + peers["warehouse"]["totals"]["allocated"]
        return {**moving, **({"units at the warehouse": unpacked} if unpacked else {})}

    def _documents(self, connection_id: int, kind: str) -> int:
        return int(
            self.one(
                "SELECT count(DISTINCT external_id) FROM messages WHERE direction = 'in' AND parent_id IS NULL "
                "AND connection_id = :connection_id AND kind = :kind",
                connection_id=connection_id,
                kind=kind,
            )
        )
