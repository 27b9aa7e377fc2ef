"""The benchmark itself runs, on a handful of orders."""

from __future__ import annotations

from pathlib import Path

from bench import backlog
from bench.report import Backlog, page
from bench.scene import Scene

ORDERS = 10


def test_hub_and_floor_do_the_same_work_and_are_told_side_by_side(tmp_path: Path) -> None:
    with Scene(tmp_path) as scene:
        counts = backlog.counted(scene, ORDERS)
        hub, installation = backlog.hub(scene, ORDERS)
        floor, calls = backlog.floor(scene, ORDERS, installation, counts["calls"]["Orders"])
    for kind in ("PUT fulfillments", "ShippingState", "FulfillmentCreate"):
        assert calls[kind] == counts["calls"][kind] == ORDERS
    assert counts["commits"] > 0 and counts["statements"] > ORDERS
    text = page(Backlog([(hub, floor)], calls, counts, ORDERS), [0.5, 0.7], "python -m bench")
    assert "| hub over floor |" in text and "0.60" in text
