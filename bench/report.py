"""The table: what was measured, each row explained in a line, saved as docs/benchmarks.md."""

from __future__ import annotations

import datetime as dt
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.backlog import Run

GOAL_RATIO, GOAL_COMMITS, AIM_PER_SECOND, AIM_SECONDS = 3.0, 1.0, 100, 1.0

HEAD = """# Benchmarks

Written by `make bench` in one run. The machine is shared and noisy: trust the ratios, which compare what ran side by
side, before the times. `bench/README.md` says what is measured and how.
"""


@dataclass(frozen=True, slots=True)
class Backlog:
    """Paired runs over a backlog, and what an instrumented run of its own counted."""

    pairs: Sequence[tuple[Run, Run]]
    calls: dict[str, int]
    counts: dict[str, Any]
    counted: int

    @property
    def ratios(self) -> list[float]:
        """Hub over floor, pair by pair."""
        return [hub.seconds / floor.seconds for hub, floor in self.pairs]


def page(backlog: Backlog | None, delays: Sequence[float], command: str) -> str:
    """The whole page as Markdown."""
    now = dt.datetime.now(dt.UTC)
    where = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, Python {platform.python_version()}"
    parts = [HEAD, f"{now:%Y-%m-%d %H:%M} UTC, `{command}`, {where}."]
    if backlog is not None:
        parts.append("## Through a backlog\n\n" + _table(_backlog_rows(backlog)) + "\n" + _calls(backlog))
    if delays:
        parts.append("## Order by order\n\n" + _table(_delay_rows(delays)))
    return "\n\n".join(part.strip() for part in parts) + "\n"


Row = tuple[str, str, str, str]


def _table(rows: Sequence[Row]) -> str:
    return table(["measure", "value", "goal", "meaning"], rows)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    return "".join(f"| {' | '.join(row)} |\n" for row in [head, ["---"] * len(head), *rows])


def _both(values: Sequence[float], digits: int = 1) -> str:
    return f"{min(values):.{digits}f} / {median(values):.{digits}f}"


def _backlog_rows(backlog: Backlog) -> list[Row]:
    hubs, floors = [pair[0] for pair in backlog.pairs], [pair[1] for pair in backlog.pairs]
    orders, times = hubs[0].orders, f"min / median of {len(hubs)}"
    rates = [1 / run.seconds * run.orders for run in hubs]
    per_order = {name: backlog.counts[name] / backlog.counted for name in ("commits", "statements")}
    return [
        ("hub over floor", _both(backlog.ratios, 2), f"≤ {GOAL_RATIO:g}", f"time per order, pair by pair ({times})"),
        (
            "hub, ms per order",
            _both([run.ms_per_order for run in hubs]),
            "",
            f"{orders} orders wait in the store: from the worker's first job to the last write-back",
        ),
        (
            "floor, ms per order",
            _both([run.ms_per_order for run in floors]),
            "",
            "a plain script: the same calls, sessions, threads and rows, two commits per order",
        ),
        (
            "hub, orders per second",
            f"{max(rates):.0f} / {median(rates):.0f}",
            f"aim {AIM_PER_SECOND}",
            f"best / median of {len(hubs)}",
        ),
        (
            "hub, durable commits per order",
            f"{per_order['commits']:.2f}",
            f"≤ {GOAL_COMMITS:g}",
            "transactions that changed a row, in a counted run of their own",
        ),
        ("hub, statements per order", f"{per_order['statements']:.1f}", "", "one that stores many rows counts once"),
        (
            "hub, CPU ms per order",
            _both([run.cpu_ms / run.orders for run in hubs]),
            "",
            "processor time of the worker process",
        ),
        (
            "floor, CPU ms per order",
            _both([run.cpu_ms / run.orders for run in floors]),
            "",
            "processor time of the script",
        ),
    ]


def _calls(backlog: Backlog) -> str:
    names = sorted({*backlog.calls, *backlog.counts["calls"]})
    lines = ["Calls by kind, the hub's from its counted run:\n", "| call | hub | floor |", "| --- | --- | --- |"]
    scale = backlog.counts["calls"]
    lines += [f"| {name} | {scale.get(name, 0)} | {backlog.calls.get(name, 0)} |" for name in names]
    return "\n".join(lines)


def _delay_rows(delays: Sequence[float]) -> list[Row]:
    last = quantiles(delays, n=20)[-1] if len(delays) > 1 else delays[0]
    what = f"{len(delays)} orders, 5 a second: from creation in the store to the warehouse's create, by webhook"
    return [
        ("median, seconds", f"{median(delays):.2f}", f"aim < {AIM_SECONDS:g}", what),
        ("95th percentile, seconds", f"{last:.2f}", "", "19 of 20 orders were faster"),
    ]
