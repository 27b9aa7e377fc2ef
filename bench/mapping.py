"""`python -m bench.mapping`: how fast a document is mapped and translated, beside what one would do instead."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import sys
from collections.abc import Callable
from functools import partial
from statistics import median
from time import process_time

from marshmallow import Schema

from bench.mapping_contenders import MAPPING, alike, by_hand, contenders, order
from bench.report import table
from hub.config import CHECKOUT
from hub.documents import SCHEMAS
from hub.mapping import Library, Mapping, decode
from hub.mapping.samples import samples
from hub.mapping.trial import context_of, documents

PAGE = CHECKOUT / "docs" / "benchmarks-mapping.md"
GOAL_RATE, GOAL_COMPILE_MS, GOAL_SHARE = 10_000, 5, 0.6

HEAD = """# Benchmarks of mapping

Written by `python -m bench.mapping`. One order as a webhook brings it: 33 fields, five lines, on one core, without
files or network. All ways give the same order; that is checked before the clock runs. They run in turns, and each row
is the processor time of its best round, as other work on the machine only ever slows them.
"""


def main(arguments: list[str]) -> int:
    """Measure and save the page, unless `--no-save`."""
    parser = argparse.ArgumentParser(prog="python -m bench.mapping", description="The mapping language beside others.")
    parser.add_argument("--rounds", type=int, default=150, help="turns of every way")
    parser.add_argument("--no-save", action="store_true", help=f"leave {PAGE.relative_to(CHECKOUT)} as it is")
    given = parser.parse_args(arguments)
    text = page(given.rounds)
    print(text)
    if not given.no_save:
        PAGE.write_text(text)
    return 0


def page(rounds: int) -> str:
    """All tables as Markdown."""
    now = dt.datetime.now(dt.UTC)
    where = f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}, {os.cpu_count()} cores"
    parts = [
        HEAD,
        f"{now:%Y-%m-%d %H:%M} UTC, {where}.",
        "## The mapping alone\n\n" + _mapping_alone(rounds),
        "## Before the first document\n\n" + _compiling(rounds),
        "## Decode, map, canonical schema\n\n" + _whole(rounds),
        "## Shipped mappings, with one of their samples\n\n" + _shipped(rounds),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def turns(ways: dict[str, Callable[[], object]], rounds: int, batch_seconds: float = 0.005) -> dict[str, list[float]]:
    """Seconds of one call of each way, round by round; in a round all ways take their turn."""
    sizes = {}
    for name, call in ways.items():
        call()  # what is made ready at the first call is not the measure of the others
        start = process_time()
        call()
        sizes[name] = max(1, int(batch_seconds / (process_time() - start)))
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, call in ways.items():
            start = process_time()
            for _ in range(sizes[name]):
                call()
            found[name].append((process_time() - start) / sizes[name])
    return found


def best(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Seconds of one call of each way, the best round of each."""
    return {name: min(seconds) for name, seconds in turns(ways, rounds).items()}


def _mapping_alone(rounds: int) -> str:
    document, ways = order(), contenders()
    wanted = alike(by_hand(document))
    for name, run in ways.items():
        if alike(run(document)) != wanted:
            raise SystemExit(f"{name} gives another order")
    seconds = best({name: partial(run, document) for name, run in ways.items()}, rounds)
    goal = {"the hub's mapping": f"≥ {GOAL_RATE:,}"}
    return table(
        ["way", "documents a second", "goal", "microseconds", "times the hand-written function"],
        [
            (name, f"{1 / s:,.0f}", goal.get(name, ""), f"{s * 1e6:.1f}",
             f"{s / seconds['hand-written function']:.2f}")
            for name, s in seconds.items()
        ],
    )  # fmt: skip


def _compiling(rounds: int) -> str:
    text, document = MAPPING.read_text(), order()
    seconds = best(
        {
            "the file read, checked and compiled": lambda: Mapping.from_text(text),
            "and its function generated, with the first document": lambda: Mapping.from_text(text).run(document),
        },
        rounds,
    )
    goals = [f"< {GOAL_COMPILE_MS}", ""]
    rows = [(name, f"{s * 1e3:.1f}", goal) for (name, s), goal in zip(seconds.items(), goals, strict=True)]
    return table(["step", "ms", "goal"], rows)


def _whole(rounds: int) -> str:
    body, schema = json.dumps(order()).encode(), SCHEMAS["order"]()
    mapping = Mapping.from_text(MAPPING.read_text())
    mapped = mapping.run(decode(body, "json"))
    seconds = turns(
        {
            "the hub": lambda: schema.load(mapping.run(decode(body, "json"))),
            "a floor: the same decode and schema, the hand-written function": lambda: schema.load(
                by_hand(decode(body, "json"))
            ),
            "of it decode": lambda: decode(body, "json"),
            "of it schema": lambda: schema.load(mapped),
            "marshmallow's own load, for comparison": lambda: Schema.load(schema, mapped),
        },
        rounds,
    )
    hub, floor, *_ = seconds.values()
    share = median(f / h for h, f in zip(hub, floor, strict=True))
    rows = [(name, f"{min(s) * 1e6:.1f}", "") for name, s in seconds.items()]
    rows.insert(2, ("floor / hub, median of the rounds", f"{share:.2f}", f"≥ {GOAL_SHARE}"))
    return table(["", "microseconds", "goal"], rows)


SAMPLES = (
    ("shopify/order.in", "gift-card-and-digital"),
    ("rest_warehouse/fulfillment.out", "express"),
    ("rest_warehouse/shipment.in", "one"),
    ("x12/850.in", "store-order"),
    ("x12/855.out", "line-by-line"),
    ("x12/856.out", "two-packages"),
)


def _shipped(rounds: int) -> str:
    library = Library([CHECKOUT / "mappings"])
    rows = []
    for name, wanted in SAMPLES:
        mapping = library.get(name)
        sample = next(each for each in samples(library, name) if each.name == wanted)
        body = sample.file("document") or b""
        context = context_of(mapping, sample.file("context"), sample.file("source"))
        (document,) = documents(mapping.source, body)
        value, schema = mapping.run(document, context), SCHEMAS.get(mapping.target.name, Schema)()
        rows.append(
            (f"{name}, {wanted}", *_microseconds(
                rounds,
                partial(documents, mapping.source, body),
                partial(mapping.run, document, context),
                partial(mapping.explained, document, context),
                partial(schema.load, value) if mapping.target.canonical else None,
            ))
        )  # fmt: skip
    return table(["mapping", "decode", "map", "map, by the closures that explain", "canonical schema"], rows)


def _microseconds(rounds: int, *ways: Callable[[], object] | None) -> list[str]:
    seconds = best({str(i): way for i, way in enumerate(ways) if way is not None}, rounds)
    return [f"{seconds[str(i)] * 1e6:.0f} µs" if way is not None else "" for i, way in enumerate(ways)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
