"""The walk-throughs of the docs, typed as they stand: from a blank hub that runs to an acknowledged order."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.config import load
from hub.edi.x12.validation import examine
from hub.engine.local import Worker
from hub.installation import Installation
from tests.acceptance.commands import hub

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PATIENCE = 30.0
FINDS_PROBLEMS = {"hub mapping explain x12/850.in northfield.x12"}
"""Commands whose exit code says that something is missing, as the page goes on to tell."""


class Walk:
    """A page under way: its files are written as they come up, its commands run, while a worker works."""

    def __init__(self, page: str, folder: Path, environment: dict[str, str]) -> None:
        self.blocks = BLOCK.findall((ROOT / "docs" / page).read_text("utf-8"))
        self.folder, self.environment = folder, environment
        self.said: dict[str, str] = {}

    def until(self, command: str) -> None:
        """Follow the page to the end of the block with this command."""
        while self.blocks:
            kind, name, text = self.blocks.pop(0)
            if name:
                file = self.folder / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            lines = [line[2:] for line in text.splitlines() if line.startswith("$ ")] if kind == "console" else []
            for line in lines:
                self._type(line)
            if any(line.startswith(command) for line in lines):
                return
        raise AssertionError(f"the page does not show {command}")

    def _type(self, line: str) -> None:
        if line.startswith("hub "):
            done = hub(shlex.split(line)[1:], self.folder, self.environment)
        else:
            done = subprocess.run(
                ["sh", "-c", line], cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=10
            )
        assert done.returncode in ((0, 1) if line in FINDS_PROBLEMS else (0,)), f"{line}\n{done.stdout}{done.stderr}"
        self.said[line.partition(" --")[0]] = done.stdout


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """A blank hub at work, the folders of a partner and of a warehouse, and the environment of its terminal."""
    for name in ("edi/in", "edi/out", "warehouse/orders", "files/orders", "files/stock", "mappings"):
        (tmp_path / name).mkdir(parents=True)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("HUB_")},
        "HUB_DATA_DIR": str(tmp_path / "hub"),
        "HUB_MAPPINGS": f"{tmp_path / 'mappings'},{ROOT / 'mappings'}",
        "EDI_FOLDER": str(tmp_path / "edi"),
        "WAREHOUSE_FOLDER": str(tmp_path / "warehouse"),
        "ORDER_FOLDER": str(tmp_path / "files"),
        "COLUMNS": "200",
    }
    stop = threading.Event()
    with Installation(load(environment, cwd=tmp_path)) as installation:
        worker = threading.Thread(target=Worker(installation, stop).run)
        worker.start()
        yield tmp_path, environment
        stop.set()
        worker.join(PATIENCE)


def _when(found: Callable[[], object]) -> None:
    """Wait for what the worker does."""
    deadline = time.monotonic() + PATIENCE
    while not found():
        assert time.monotonic() < deadline, "the hub has not done it"
        time.sleep(0.02)


def _sets(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """The documents in a folder: their segments by their set."""
    found = {}
    for file in folder.iterdir():
        for interchange in examine(file.read_bytes()):
            for one in interchange.sets:
                assert one.tree is not None and not any(finding.is_error for finding in interchange.findings)
                found[one.set_id] = list(one.tree.root.walk())
    return found


def _of(segments: list[tuple[object, ...]], name: str) -> list[tuple[object, ...]]:
    return [tuple(map(str, segment[1:])) for segment in segments if segment[0] == name]


def test_a_partner_with_oddities_from_a_blank_hub_to_an_acknowledged_order(
    place: tuple[Path, dict[str, str]],
) -> None:
    folder, environment = place
    walk = Walk("add-a-partner.md", folder, environment)
    walk.until("hub mapping explain")
    shown = walk.said["hub mapping explain x12/850.in northfield.x12"]
    for oddity in ("REF[ZZ]/REF02", "SAC05", "N902", "PO1.pair(CB)", "SDQ03"):
        assert oddity in shown.partition("nothing reads:")[2], f"{oddity} is not told as left over"
    walk.until("hub mapping test")
    walk.until("hub partner add")
    out, orders = folder / "edi" / "out", folder / "warehouse" / "orders"
    walk.until("cp ")
    _when(lambda: list(out.iterdir()))
    parked = ["messages", "list", "--state", "parked", "--json"]
    _when(lambda: "mapping.lookup-missing" in hub(parked, folder, environment).stdout)
    assert list(orders.iterdir()) == []
    assert _of(_sets(out)["997"], "AK9") == [("A", "1", "1", "1")]
    walk.until("hub table import")
    assert "1 parked document released" in walk.said["hub table import northfield_items items.csv"]
    _when(lambda: "855" in _sets(out))
    walk.until("hub ledger")
    answer = _sets(out)["855"]
    assert _of(answer, "BAK")[0][1:3] == ("AD", "NF-20417")
    assert [(line[0], line[9:11]) for line in _of(answer, "PO1")] == [
        ("001", ("CB", "55501")),
        ("002", ("CB", "55502")),
    ]
    assert [line[0] for line in _of(answer, "ACK")] == ["IA", "IA"]
    (file,) = orders.iterdir()
    asked = json.loads(file.read_text())
    assert asked["cross_dock"] == "yes" and asked["note"].startswith("Dock 4 opens at 6.")
    assert [(line["sku"], line["quantity"], line["stores"]) for line in asked["lines"]] == [
        ("MUG-BLUE", 24, "0012 10 0047 14"),
        ("TEAPOT-2", 12, "0012 12"),
    ]


def test_a_csv_file_from_a_blank_hub_to_its_orders(place: tuple[Path, dict[str, str]]) -> None:
    folder, environment = place
    walk = Walk("order-files.md", folder, environment)
    walk.until("hub connection policy")
    (folder / "files" / "orders" / "ORDERS.DAT").write_text(
        "order_number,sku,quantity,country\nC-1,MUG,2,US\nC-2,TEA,1,US\nC-1,TEA,1,US\n"
    )
    assert hub(["flow", "run", "Order files/order"], folder, environment).returncode == 0
    _when(lambda: "C-2" in hub(["orders", "list"], folder, environment).stdout)
    shown = [hub(["orders", "show", number, "--json"], folder, environment).stdout for number in ("C-1", "C-2")]
    assert [len(json.loads(order)["lines"]) for order in shown] == [2, 1]


def test_the_commands_of_the_page_on_lookup_tables(place: tuple[Path, dict[str, str]]) -> None:
    folder, environment = place
    (folder / "items.csv").write_text("key,value\n100-2217,MUG-RED\n100-2218,TEAPOT\n")
    walk = Walk("lookup-tables.md", folder, environment)
    walk.until("hub table set carrier_numbers")
    assert (folder / "items-now.csv").read_text() == "key,value\n100-2217,MUG-RED\n100-2218,TEAPOT\n"
    assert walk.said["hub table rollback buyer_items 1"].startswith("buyer_items is at version 3: 1 row set, 1 removed")
    assert "100-2217,MUG-RED" in walk.said["hub table export buyer_items"]
