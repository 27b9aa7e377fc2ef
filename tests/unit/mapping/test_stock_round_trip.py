"""The stock that a partner is told, read back by the mapping that takes stock in: every level, in its place."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.edi.build import build
from hub.edi.edifact import writer as edifact
from hub.edi.grammar import default_library
from hub.edi.x12 import writer as x12
from hub.mapping import Context, Library
from hub.mapping.samples import samples
from hub.mapping.trial import documents

LIBRARY = Library([Path(__file__).parents[3] / "mappings"])
NOW = datetime(2026, 3, 4, 14, 15, tzinfo=UTC)
LEVELS = [
    {"sku": "MUG-BLUE", "location": "RENO", "available": 42, "on_hand": 46},
    {"sku": "MUG-BLUE", "location": "OHIO", "available": 3},
    {"sku": "TEA-100", "location": "RENO", "available": 0, "on_hand": 0},
]


def x12_file(values: Mapping[str, Any]) -> bytes:
    root = build("x12", "846", "004010", values, default_library("x12"))
    envelope = x12.Envelope("ZZ", "HUB", "ZZ", "ACME", 1, 1, NOW)
    return x12.write([x12.transaction_set("846", root, "0001")], envelope)


def edifact_file(values: Mapping[str, Any]) -> bytes:
    root = build("edifact", "INVRPT", "D96A", values, default_library("edifact"))
    return edifact.write([edifact.message("INVRPT", root, "1", "D96A")], edifact.Envelope("HUB", "ACME", "1", NOW))


@pytest.mark.parametrize(
    ("name", "write", "counted_at"),
    [
        ("x12/846", x12_file, "2026-03-04T14:15:00Z"),
        ("edifact/invrpt", edifact_file, "2026-03-04T00:00:00Z"),  # what comes in is dated by the day
    ],
)
def test_what_we_tell_is_what_is_read(name: str, write: Callable[[Mapping[str, Any]], bytes], counted_at: str) -> None:
    (sample,) = samples(LIBRARY, f"{name}.out")
    (made,) = sample.outcomes(LIBRARY.get(f"{name}.out"))
    reading = LIBRARY.get(f"{name}.in")
    (tree,) = documents(reading.source, write(made.value or {}))
    read = json.loads(json.dumps(reading.run(tree, Context()), default=str))
    levels = [
        {key: int(value) if key in ("available", "on_hand") else value for key, value in level.items()}
        for level in read["levels"]
    ]
    facts = {"cause": "STOCK-12", "counted_at": counted_at}
    assert levels == [{**level, **facts} for level in LEVELS]
