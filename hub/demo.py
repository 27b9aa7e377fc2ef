"""The demo: the hub as people run it, against a sandbox of a store, a warehouse and a trading partner.

The peers are processes of their own behind real HTTP and real files, and so are the hub's two. What is green at the end
has been compared with what the peers themselves say.
"""

from __future__ import annotations

import datetime as dt
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from hub import auth
from hub.config import CHECKOUT, Config, load
from hub.errors import ConfigError
from hub.flows import setup
from hub.flows.mappings import tables
from hub.flows.partners import partners
from hub.installation import Installation
from hub.ledger.completeness import Row, row
from hub.sandbox.world import STORE_SECRET, STORE_TOKEN, WAREHOUSE_TOKEN, World
from hub.store import completeness as completeness_store
from hub.store import connections as connection_store
from hub.store import overview as overview_store
from hub.views.overview import completeness

ACTOR = "demo"
BUYER_ITEMS = "buyer_items"


@dataclass(frozen=True, slots=True)
class Size:
    """How much the demo sends: store orders, purchase orders in interchanges, returns."""

    orders: int = 200
    purchase_orders: int = 24
    interchanges: int = 6
    returns: int = 12


@dataclass(frozen=True, slots=True)
class Progress:
    """What has happened so far, in documents, units and shipments."""

    orders: int
    ordered: int
    open: int
    held: int
    allocated: int
    shipped: int
    returned: int
    shipments: int
    written_back: int
    parked: int
    busy: int

    @property
    def at_rest(self) -> bool:
        """Nothing moves any more: what is left waits for a person."""
        return not self.busy and not self.allocated and self.shipments == self.written_back and self.open == self.held


class Demo:
    """One run, under `folder`. Use it as a context: the hub and its peers end with it."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder
        self.config = _config(folder / "hub", _free_port(port or 0))
        self._hub: subprocess.Popen[bytes] | None = None

    @contextmanager
    def running(self) -> Iterator[Demo]:
        """The world and the hub, linked and serving."""
        with World(self.folder / "world") as world, Installation(self.config) as hub:
            self.world, self.installation = world, hub
            self._link()
            try:
                self._serve()
                yield self
            finally:
                self._stop()

    def _link(self) -> None:
        """Connect the three peers."""
        hub, world = self.installation, self.world
        start_at = hub.now() - dt.timedelta(minutes=5)
        everywhere: dict[str, Any] = {"actor": ACTOR, "start_at": start_at, "schedule": "every 2s"}
        warehouse = setup.add_connection(
            hub, "rest_warehouse", "Warehouse", {"address": world.warehouse.url, "token": WAREHOUSE_TOKEN}, **everywhere
        )
        setup.set_default_backend(hub, warehouse, ACTOR)
        setup.add_connection(
            hub,
            "shopify",
            "Web store",
            {"shop": world.store.url, "access_token": STORE_TOKEN, "webhook_secret": STORE_SECRET},
            **everywhere,
        )
        files = setup.add_connection(
            hub,
            "files",
            "EDI folder",
            {
                "root": str(world.folder / "edi"),
                "inboxes": {"edi": "in"},
                "outboxes": {"*": "out"},
                "stable_seconds": 1.0,
            },
            **everywhere,
        )
        partners.add_partner(
            hub,
            files,
            "Sandbox Buyer",
            ids=[{"qualifier": "ZZ", "value": "SANDBUYER", "own_qualifier": "ZZ", "own_value": "SANDHUB"}],
            agreements=partners.standard_agreements(),
            settings={"sscc_prefix": "0614141", "currency": "USD"},
            actor=ACTOR,
        )
        for item in world.partner.get("catalog")["products"]:
            tables.set_row(hub, BUYER_ITEMS, item["buyer_item"], item["sku"], ACTOR)

    def _serve(self) -> None:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("HUB_")},
            "HUB_DATA_DIR": str(self.config.data_dir),
            "HUB_WEB_PORT": str(self.config.web_port),
            "HUB_ALLOWED_HOSTS": "127.0.0.1",
            "HUB_LOG_LEVEL": "warning",
            "PYTHONPATH": os.pathsep.join(filter(None, (str(CHECKOUT), os.environ.get("PYTHONPATH")))),
        }
        self.log = self.folder / "hub.log"
        with self.log.open("ab") as log:
            # The hub holds one end of a pipe: when the demo is killed in any way, it ends too.
            end, self._lifeline = os.pipe()
            command = [sys.executable, "-m", "hub", "serve", "--lifeline", str(end)]
            self._hub = subprocess.Popen(  # noqa: S603 (our own command)
                command, stdout=log, stderr=log, env=environment, pass_fds=(end,)
            )
            os.close(end)
        self._wait_until_it_answers()
        with self.installation.db.read() as tx:
            store = connection_store.by_name(tx, "Web store")
        if store is not None:
            setup.subscribe(self.installation, store.id, ACTOR)

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self._hub is not None and self._hub.poll() is not None:
                break
            try:
                with socket.create_connection((self.config.web_host, self.config.web_port), timeout=1):
                    return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"the hub did not start; {self.log} says:\n{self.log.read_text()[-2000:]}")

    def _stop(self) -> None:
        if self._hub is None:
            return
        self._hub.terminate()
        try:
            self._hub.wait(15)
        except subprocess.TimeoutExpired:
            self._hub.kill()
            self._hub.wait()

    # -- what happens in it -------------------------------------------------------------------------------------

    def send(self, size: Size) -> None:
        """Orders come in from both sides."""
        self.world.store.post("seed", count=size.orders, seed=1)
        self.world.partner.post("seed", count=size.purchase_orders, interchanges=size.interchanges, seed=1)

    def login(self) -> str:
        """The address that lets whoever looks on into the console, once."""
        token = auth.first_link(self.installation.db, self.installation.now())
        return auth.login_address(self.config.public_url, token) if token else self.config.public_url

    def return_goods(self, count: int) -> int:
        """Customers send goods back; gives how many did."""
        return len(self.world.return_goods(count=count))

    def progress(self) -> Progress:
        """What the hub's own books say now."""
        with self.installation.db.read() as tx:
            return _progress(tx)

    def completeness(self) -> list[Row]:
        """The completeness table. What a source cannot count by itself, its peer's own report does."""
        with self.installation.db.read() as tx:
            rows = completeness(tx, None, self.installation.now())
        drops = {order["file"] for order in self.world.partner.get("report")["orders"]}
        known = {
            ("documents", "Web store: return"): self.world.store.get("report")["totals"]["returns"],
            ("documents", "EDI folder: edi"): len(drops),
        }
        return [
            row(each.noun, each.where, known.get((each.noun, each.where), each.expected), each.parts) for each in rows
        ]

    def disagreements(self) -> list[dict[str, Any]]:
        """Where the peers' own reports disagree with each other or with the hub's books."""
        found: list[dict[str, Any]] = self.world.discrepancies()
        return found


def _progress(tx: Connection) -> Progress:
    units = completeness_store.units(tx, None)
    spoken_for = sum(units.get(kind, 0) for kind in ("cancelled", "allocated", "shipped"))
    shipments, written = completeness_store.shipment_write_backs(tx, None)
    returns, answered = completeness_store.return_write_backs(tx, None)
    invoices, billed = completeness_store.invoice_write_backs(tx, None)
    counts = overview_store.progress(tx)
    return Progress(
        orders=counts.orders,
        ordered=units.get("ordered", 0),
        open=units.get("ordered", 0) - spoken_for,
        held=completeness_store.held_units(tx, None),
        allocated=units.get("allocated", 0),
        shipped=units.get("shipped", 0),
        returned=units.get("returned", 0),
        shipments=shipments + returns + invoices,
        written_back=written + answered + billed,
        parked=counts.parked,
        busy=counts.busy,
    )


def _config(data_dir: Path, port: int) -> Config:
    return load(
        {"HUB_DATA_DIR": str(data_dir), "HUB_WEB_PORT": str(port), "HUB_ALLOWED_HOSTS": "127.0.0.1"},
        cwd=data_dir.parent,
    )


def _free_port(wanted: int) -> int:
    """The wanted port, or any where that is 0. Raises `ConfigError` when somebody listens there."""
    try:
        with socket.create_server(("127.0.0.1", wanted)) as probe:
            return int(probe.getsockname()[1])
    except OSError as error:
        raise ConfigError(
            "serve.address-taken", f"Cannot listen on port {wanted}: {error.strerror}. Choose another."
        ) from error
