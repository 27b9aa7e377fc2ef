"""Canonical documents to EDI and back: the same again, but for what the set cannot hold (`trips.TRIPS` says why)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from hub.documents import SCHEMAS
from hub.edi.build import build
from hub.edi.tree import TransactionSet
from hub.mapping import Context
from tests.mappings.canonical import Document, documents, values_of
from tests.mappings.trips import ORDER, PLACED, TRIPS
from tests.mappings.wire import LIBRARY, written

PARTNER = {"currency": "USD"}
ORIGINAL: dict[str, dict[str, Any]] = {
    "850": {"BEG01": "00", "BEG02": "SA", "BEG03": ORDER, "BEG05": f"{PLACED:%Y%m%d}", "PO1": [{"PO102": 1}]},
    "ORDERS": {"BGM02": ORDER},
}
"""The purchase order that an answer, a ship notice or an invoice is about."""


def test_each_set_that_is_written_and_read_is_tried() -> None:
    names = [name for name in LIBRARY.names() if name.startswith(("x12/", "edifact/"))]
    both = {name[:-3] for name in names if name.endswith(".in")} & {
        name[:-4] for name in names if name.endswith(".out")
    }
    assert both == TRIPS.keys()


@pytest.mark.parametrize("name", TRIPS)
def test_what_a_set_can_hold_comes_back_as_it_went(name: str) -> None:
    trip, kind = TRIPS[name], LIBRARY.get(f"{name}.out").source.name
    seen: set[str] = set()

    @settings(
        max_examples=6,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(documents(kind, trip.given, trip.always) | documents(kind, trip.given, trip.always, full=True))
    def send(document: Document) -> None:
        trip.fit(document)
        sent, read = _said(document, trip.read_as), _said(_there_and_back(name, document), {})
        for place in sent.keys() | read.keys():
            if sent.get(place) != read.get(place):
                reason = next((path for path in trip.differs if f"{_path(place)}.".startswith(f"{path}.")), None)
                assert reason, f"{place}: {sent.get(place)} came back as {read.get(place)}"
                seen.add(reason)

    send()
    assert seen == trip.differs.keys(), "what is named does differ"


def _said(document: Document, read_as: Mapping[str, str]) -> dict[str, Any]:
    """What a document says, place by place, under the names that it comes back with."""
    return {_renamed(place, read_as.get(_path(place))): value for place, value in values_of(document)}


def _path(place: str) -> str:
    """`lines.sku` of `lines[1].sku`."""
    return re.sub(r"\[\d+\]", "", place)


def _renamed(place: str, name: str | None) -> str:
    """The place of another field beside it, or `place` itself."""
    if name is None:
        return place
    beside, field = place.rpartition(".")[0], name
    return f"{beside}.{name.rpartition('.')[2]}" if beside else field


def _there_and_back(name: str, document: Document) -> Document:
    out, back = LIBRARY.get(f"{name}.out"), LIBRARY.get(f"{name}.in")
    original = out.original
    source = None
    if original.name:
        root = build(original.name, original.set_id, original.version, ORIGINAL[original.set_id])
        source = TransactionSet(original.name, original.set_id, original.version, "1", root)
    values = out.run(SCHEMAS[out.source.name]().dump(document), Context(source=source, partner=PARTNER))
    tree = written(out.target.name, out.target.set_id, values)
    read: Document = SCHEMAS[back.target.name]().load(back.run(tree, Context(partner=PARTNER)))
    return read
