"""The peers as processes, and how their reports are laid side by side."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from hub.sandbox.world import WAREHOUSE_TOKEN, PeerFailed, World
from tests.unit.sandbox.conftest import StoreClient, wait_for

ORPHAN = """
import os, pathlib, sys
from hub.sandbox.world import World
world = World(pathlib.Path(sys.argv[1]), store=None, partner=None)
print(world.warehouse.pid, flush=True)
os._exit(9)
"""


def test_peers_leave_when_their_parent_is_gone(tmp_path: Path, root: Path) -> None:
    answer = subprocess.run([sys.executable, "-c", ORPHAN, str(tmp_path)], cwd=root, capture_output=True, text=True,
                            timeout=30, check=False)  # fmt: skip
    pid = int(answer.stdout)
    wait_for(lambda: not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().split()[2])


def test_a_peer_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(PeerFailed, match="unrecognized arguments"):
        World(tmp_path, store={"no-such-option": 1}, warehouse=None, partner=None)


def test_health_names_the_peer(world: World) -> None:
    for kind, peer in world.peers.items():
        health = peer.get("health")
        assert (health["ok"], health["kind"], health["pid"]) == (True, kind, peer.pid)


CREATE = """mutation($f: FulfillmentInput!) { fulfillmentCreate(fulfillment: $f) { userErrors { message } } }"""
PARTS = "query($id: ID!) { order(id: $id) { fulfillmentOrders(first: 5) { nodes { id } } } }"


def place(world: World, order: dict[str, Any]) -> list[str]:
    """Hand a store order to the warehouse and wait until all of it is shipped. Answers its tracking numbers."""
    lines = [{"line_id": line["id"], "sku": line["sku"], "quantity": line["ordered"]} for line in order["lines"]]
    body = {"order_number": order["name"], "lines": lines,
            "ship_to": {"address1": "1 Main St", "city": "Austin", "country": "US"}}  # fmt: skip
    answer = requests.put(f"{world.warehouse.url}/fulfillments/{order['name'][1:]}", json=body, timeout=5,
                          headers={"Authorization": f"Bearer {WAREHOUSE_TOKEN}"})  # fmt: skip
    assert answer.status_code == 201, answer.text
    found = wait_for(lambda: (f := world.warehouse.get("fulfillment", reference=order["name"][1:]))["status"]
                     == "shipped" and f)  # fmt: skip
    numbers: list[str] = found["tracking"]
    return numbers


def write_back(store: StoreClient, order: dict[str, Any], tracking: list[str]) -> None:
    for part in store(PARTS, id=order["id"])["order"]["fulfillmentOrders"]["nodes"]:
        group = [{"fulfillmentOrderId": part["id"]}]
        given = {"lineItemsByFulfillmentOrder": group, "trackingInfo": {"company": "UPS", "numbers": tracking}}
        assert store(CREATE, f=given)["fulfillmentCreate"]["userErrors"] == []


@pytest.fixture
def order(world: World) -> dict[str, Any]:
    rates = dict.fromkeys(("unpaid", "on_hold", "test", "gift_card", "digital", "two_locations"), 0)
    made = world.store.post("seed", count=1, rates=rates)["orders"][0]
    found: dict[str, Any] = world.store.get("order", order=made["id"])
    return found


def test_there_are_no_discrepancies_once_all_is_written_back(
    world: World, store: StoreClient, order: dict[str, Any]
) -> None:
    tracking = place(world, order)
    assert [entry["kind"] for entry in world.discrepancies()] == ["written-back"]
    write_back(store, order, tracking)
    assert world.discrepancies() == []


def test_a_return_is_a_discrepancy_until_it_is_closed(world: World, store: StoreClient, order: dict[str, Any]) -> None:
    write_back(store, order, place(world, order))
    asked = world.return_goods(count=1)
    assert [entry["order"] for entry in asked] == [order["name"]]
    assert [entry["kind"] for entry in world.discrepancies()] == ["return-open"]
    store("mutation($id: ID!) { returnClose(id: $id) { userErrors { message } } }", id=asked[0]["id"])
    assert world.discrepancies() == []


def test_shipping_what_was_cancelled_or_must_be_held_shows(world: World, order: dict[str, Any]) -> None:
    place(world, order)
    world.store.post("cancel", order=order["name"])
    found = world.discrepancies()
    assert [entry["kind"] for entry in found] == ["shipped-though-cancelled"]
    assert found[0]["created_epoch"] < found[0]["picked_epoch"] < found[0]["cancelled_epoch"]
    rates = {"test": 1, "gift_card": 0, "digital": 0}
    held = world.store.post("seed", count=1, seed=2, rates=rates)["orders"][0]
    place(world, world.store.get("order", order=held["id"]))
    assert "not-to-be-shipped" in [entry["kind"] for entry in world.discrepancies()]


def test_a_purchase_order_is_matched_by_its_number(world: World) -> None:
    made = world.partner.post("seed", count=1)["purchase_orders"][0]
    sent = world.partner.get("order", po=made["po"])
    lines = [{"id": line["line"], "sku": line["sku"], "ordered": line["ordered"]} for line in sent["lines"]]
    world.warehouse.post("simulation", partial_rate=0)
    body = {
        "order_number": made["po"],
        "ship_to": {"address1": "1 Main St", "city": "Austin", "country": "US"},
        "lines": [{"line_id": line["id"], "sku": line["sku"], "quantity": line["ordered"]} for line in lines],
    }
    requests.put(f"{world.warehouse.url}/fulfillments/{made['po']}", json=body, timeout=5,
                 headers={"Authorization": f"Bearer {WAREHOUSE_TOKEN}"})  # fmt: skip
    wait_for(lambda: world.warehouse.get("fulfillment", reference=made["po"])["status"] == "shipped")
    found = world.discrepancies()
    assert [(entry["kind"], entry["order"]) for entry in found] == [("written-back", made["po"])]
