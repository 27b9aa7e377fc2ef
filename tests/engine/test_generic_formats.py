"""The mappings in `mappings/generic`, each from a file in a folder to what stands in the hub, by the real connector."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.engine.local import Worker
from hub.errors import Refused
from hub.flows import actions, setup
from hub.flows.mappings import tables
from hub.flows.steering import set_mapping
from hub.installation import Installation
from hub.store.connections import all_flows
from hub.store.orders import lines
from hub.store.tables import inventory_levels, messages, orders
from tests.conftest import REPOSITORY

ACTOR = "ada"
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SAMPLES = REPOSITORY / "mappings" / "samples" / "generic"
ORDERS = {
    "csv_order.in": "two-orders/document.csv",
    "cxml_order.in": "new-order/document.xml",
    "ubl_order.in": "order/document.xml",
    "webhook_order.in": "created/document.json",
}


class Folder:
    """A connected folder that takes one kind of document with one mapping."""

    def __init__(self, inst: Installation, root: Path, kind: str, mapping: str) -> None:
        self.inst, self.inbox = inst, root / "in"
        self.inbox.mkdir(parents=True)
        settings = {"root": str(root), "inboxes": {kind: "in"}, "stable_seconds": 0}
        self.id = setup.add_connection(inst, "files", "Folder", settings, actor=ACTOR, start_at=START)
        setup.set_policy(inst, self.id, {"currency": "USD", "zone": "America/Chicago"}, ACTOR)
        with inst.db.read() as tx:
            self.flow = all_flows(tx)[self.id, "in", kind]
        set_mapping(inst, self.flow.id, f"generic/{mapping}", ACTOR)
        self.worker = Worker(inst, threading.Event(), "test")

    def drop(self, document: Path, name: str | None = None) -> None:
        shutil.copy(document, self.inbox / (name or document.name))
        self.run()

    def run(self) -> None:
        actions.run_flow(self.inst, self.flow.id, ACTOR)
        self.worker.drain()

    def rows(self, statement: Any) -> list[Any]:
        with self.inst.db.read() as tx:
            return list(tx.execute(statement))


@pytest.fixture
def folder(installation: Installation, tmp_path: Path) -> Iterator[Callable[[str, str], Folder]]:
    opened: list[Folder] = []

    def connect(kind: str, mapping: str) -> Folder:
        opened.append(Folder(installation, tmp_path / "root", kind, mapping))
        return opened[0]

    yield connect
    for each in opened:
        each.worker.close()


@pytest.mark.parametrize(("mapping", "document"), ORDERS.items())
def test_an_order_file_becomes_its_orders(folder: Callable[[str, str], Folder], mapping: str, document: str) -> None:
    sample = SAMPLES / mapping / document
    stated = json.loads((sample.parent / "expected.json").read_text())
    expected = stated if isinstance(stated, list) else [stated]
    here = folder("order", mapping)
    if "buyer_items" in (REPOSITORY / "mappings" / "generic" / f"{mapping}.yaml").read_text():
        tables.set_row(here.inst, "buyer_items", "N-2", "TEA-BULK", ACTOR)
    here.drop(sample)
    assert here.rows(select(messages.c.reason).where(messages.c.state == "parked")) == []
    kept = here.rows(select(orders).order_by(orders.c.id))
    assert [row.external_id for row in kept] == [order["external_id"] for order in expected]
    assert [row.currency for row in kept] == [order.get("currency", "USD") for order in expected]
    with here.inst.db.read() as tx:
        held = lines(tx, [row.id for row in kept])
    for row, order in zip(kept, expected, strict=True):
        assert [(line.sku, str(line.quantity)) for line in held[row.id]] == [
            (line["sku"], str(line["quantity"])) for line in order["lines"]
        ]
    here.run()
    here.drop(sample)
    assert len(here.rows(select(orders.c.id))) == len(expected), "the same file again is known"
    here.drop(sample, f"again{sample.suffix}")
    assert {row.reason for row in here.rows(select(messages.c.reason).where(messages.c.state == "ignored"))} == {
        "revision.same"
    }


def test_a_stock_feed_without_columns_becomes_levels(folder: Callable[[str, str], Folder]) -> None:
    sample = SAMPLES / "flat_inventory.in" / "three-levels" / "document.txt"
    expected = json.loads((sample.parent / "expected.json").read_text())["levels"]
    here = folder("inventory", "flat_inventory.in")
    here.drop(sample)
    kept = here.rows(select(inventory_levels).order_by(inventory_levels.c.id))
    assert [(row.sku, row.location, row.available) for row in kept] == [
        (level["sku"], level.get("location", ""), level["available"]) for level in expected
    ]


def test_a_file_in_another_character_set_is_read_when_it_is_told(
    folder: Callable[[str, str], Folder], tmp_path: Path
) -> None:
    here = folder("order", "csv_order.in")
    file = tmp_path / "orders.csv"
    file.write_bytes("order_number;sku;quantity;country;city\nC-1;TASSE;1;DE;Köln\n".encode("cp1252"))
    here.drop(file)
    assert here.rows(select(messages.c.reason).where(messages.c.state == "parked")) == [("document.undecodable",)]
    setup.set_policy(here.inst, here.id, {"character_set": "cp1252"}, ACTOR)
    ((parked,),) = here.rows(select(messages.c.id).where(messages.c.state == "parked"))
    actions.replay_message(here.inst, parked, ACTOR)
    here.worker.drain()
    ((address,),) = here.rows(select(orders.c.ship_to))
    assert address["city"] == "Köln"


def test_a_currency_zone_or_character_set_that_is_none_is_refused(folder: Callable[[str, str], Folder]) -> None:
    here = folder("order", "csv_order.in")
    for wrong in ({"currency": "usd"}, {"zone": "Mars/Olympus"}, {"character_set": "base64"}, {"character_set": "?"}):
        with pytest.raises(Refused):
            setup.set_policy(here.inst, here.id, wrong, ACTOR)
