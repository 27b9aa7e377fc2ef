"""Canonical documents made from their schemas, and compared field by field: for tests that send whole documents."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from marshmallow import Schema, fields, validate

from hub.documents import SCHEMAS
from hub.documents.base import Exact, Instant
from hub.edi.partner import sscc

Document = dict[str, Any]
Given = Mapping[str, st.SearchStrategy[Any]]
"""By path (`lines.sku`): what a field holds, where not all that its schema takes can be sent. A field that is nowhere
but optional is there or not."""

TEXT = st.text("ABCDEFGHJKMNPRSTUVWXYZ23456789", min_size=2, max_size=8)
DAYS = st.dates(dt.date(2026, 1, 1), dt.date(2027, 12, 31))
MIDNIGHTS = DAYS.map(lambda day: f"{day}T00:00:00Z")
MINUTES = st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2027, 12, 31)).map(lambda at: f"{at:%Y-%m-%dT%H:%M}:00Z")
WHOLE = st.integers(1, 999)
AMOUNTS = st.integers(1, 99_999).map(lambda cents: Decimal(cents) / 100)


NOTHING: st.SearchStrategy[Any] = st.nothing()
"""Given for a field that is left out."""


def documents(
    kind: str, given: Given, always: Collection[str] = (), *, full: bool = False
) -> st.SearchStrategy[Document]:
    """Documents of a kind, loaded. `always`: paths of optional fields that are there; `full`: all are."""
    schema = SCHEMAS[kind]()
    return _objects(schema, given, always, "", full).map(schema.load)


def _objects(
    schema: Schema, given: Given, always: Collection[str], path: str, full: bool
) -> st.SearchStrategy[Document]:
    there: dict[str, Any] = {}
    perhaps: dict[str, Any] = {}
    for name, field in schema.fields.items():
        inner = f"{path}.{name}" if path else name
        values = given[inner] if inner in given else _values(field, given, always, inner, full)
        if values is NOTHING:
            continue
        (there if field.required or full or inner in always else perhaps)[name] = values
    return st.fixed_dictionaries(there, optional=perhaps)


def _values(field: Any, given: Given, always: Collection[str], path: str, full: bool) -> st.SearchStrategy[Any]:
    if isinstance(field, fields.Dict):
        return _TEXTS.get(path.rpartition(".")[2], st.just({}))
    if path.rpartition(".")[2] in _NAMED:
        return _NAMED[path.rpartition(".")[2]]
    limit = next((v for v in field.validators if isinstance(v, validate.OneOf)), None)
    if limit is not None:
        return st.sampled_from(list(limit.choices))
    if isinstance(field, fields.List):
        return st.lists(_values(field.inner, given, always, path, full), min_size=1, max_size=2 if full else 3)
    if isinstance(field, fields.Nested):
        return _objects(field.schema, given, always, path, full)
    for kind, values in _KINDS:
        if isinstance(field, kind):
            return values
    raise TypeError(f"{path}: {field!r}")


_NAMED: Given = {
    "country": st.sampled_from(["US", "CA", "DE"]),
    "postal_code": st.integers(10000, 99999).map(str),
    "region": st.sampled_from(["TX", "ON", "BY"]),
    "currency": st.sampled_from(["USD", "EUR"]),
    "unit": st.sampled_from(["EA", "CA"]),
    "carrier": st.sampled_from(["UPSN", "FDEG"]),
    "transport_method": st.sampled_from(["M", "A", "LT"]),
    "sscc": st.integers(1, 999_999).map(lambda serial: sscc.build("0614141", serial)),
}
_TEXTS: Given = {
    "references": st.fixed_dictionaries({}, optional={"department": TEXT}),
    "identifiers": st.fixed_dictionaries({}, optional={"upc": st.just("012345678905"), "buyer": TEXT}),
}
"""Both by the last word of a path."""

_KINDS: tuple[tuple[type[Any], st.SearchStrategy[Any]], ...] = (
    (fields.Boolean, st.booleans()),
    (fields.Integer, WHOLE),
    (fields.Date, DAYS.map(str)),
    (Instant, MINUTES),
    (Exact, AMOUNTS),
    (fields.String, TEXT),
)


def values_of(document: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Everything that a document says, and where: `lines[1].sku`."""
    if isinstance(document, dict):
        for name, value in document.items():
            yield from values_of(value, f"{place}.{name}" if place else name)
    elif isinstance(document, list):
        for i, value in enumerate(document):
            yield from values_of(value, f"{place}[{i}]")
    elif document is not None:
        yield place, document
