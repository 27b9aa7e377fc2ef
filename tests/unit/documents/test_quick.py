"""The quick way of loading canonical documents: whatever goes in, it agrees with marshmallow's own."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from marshmallow import Schema, ValidationError, fields, validate

from hub.documents import SCHEMAS
from hub.documents.base import Exact, Instant
from hub.documents.quick import NotQuick

ODD = st.sampled_from(
    [None, "", "x" * 5000, 0, -1, 3, True, 0.5, Decimal("NaN"), Decimal("1E+3"), Decimal("-0.5"), Decimal("0.1234567"),
     10**12, -(10**12), Decimal("999999999999.999999"), [], [1], {}, {"a": 1}, {"a": "b"}, "2026-03-01",
     "2026-03-01T10:00:00", "1.5", b"text", dt.date(2026, 3, 1)]
)  # fmt: skip


def good(field: Any) -> st.SearchStrategy[Any]:
    """Values that a field takes."""
    if isinstance(field, fields.Nested):
        return documents(field.schema)
    if isinstance(field, fields.List):
        return st.lists(good(field.inner), min_size=1, max_size=2)
    if isinstance(field, Exact):
        return st.one_of(st.integers(0, 10**6), st.decimals(0, 10**7, places=2), st.just("2.50"))
    if isinstance(field, Instant):
        return st.sampled_from(["2026-03-01T10:00:00Z", "2026-03-01T10:00:00.25+02:00"])
    if isinstance(field, fields.Date):
        return st.just("2026-03-01")
    if isinstance(field, fields.Boolean):
        return st.sampled_from([True, False, "yes"])
    if isinstance(field, fields.Integer):
        return st.one_of(st.integers(1, 99), st.just("7"))
    if isinstance(field, fields.Dict):
        return st.dictionaries(st.sampled_from("ab"), st.text(max_size=3), max_size=2)
    for validator in field.validators:
        if isinstance(validator, validate.OneOf):
            return st.sampled_from(validator.choices)
        if isinstance(validator, validate.Regexp):
            return st.from_regex(validator.regex, fullmatch=True)
        if isinstance(validator, validate.Length) and validator.equal:
            return st.text(min_size=validator.equal, max_size=validator.equal)
    return st.text(min_size=1, max_size=3)


def documents(schema: Schema) -> st.SearchStrategy[dict[str, Any]]:
    required = {name: good(field) for name, field in schema.load_fields.items() if field.required}
    optional = {name: good(field) for name, field in schema.load_fields.items() if not field.required}
    return st.fixed_dictionaries(required, optional=optional)


@cache
def documents_of(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """Documents of a kind; made once, for that takes longer than to draw one."""
    return documents(SCHEMAS[kind]())


def spoilt(data: Any, draw: Any) -> None:
    """Puts something odd in one place."""
    node = data
    while node:
        key = draw(st.sampled_from([*node, "unheard_of"] if isinstance(node, dict) else range(len(node))))
        inner = node.get(key) if isinstance(node, dict) else node[key]
        if not isinstance(inner, (dict, list)) or not inner or draw(st.booleans()):
            node[key] = draw(ODD)
            return
        node = inner


def outcome(load: Any, document: Any) -> Any:
    try:
        return load(document)
    except ValidationError as error:
        return error.messages


@pytest.mark.parametrize("kind", sorted(SCHEMAS))
@given(data=st.data())
@settings(max_examples=25)
def test_it_agrees_with_marshmallow(kind: str, data: Any) -> None:
    schema = SCHEMAS[kind]()
    document = data.draw(documents_of(kind))
    if data.draw(st.booleans()):
        spoilt(document, data.draw)
    quick, slow = outcome(schema.load, document), outcome(lambda d: Schema.load(schema, d), document)
    assert repr(quick) == repr(slow)


@pytest.mark.parametrize("kind", sorted(SCHEMAS))
@given(data=st.data())
@settings(max_examples=15)
def test_it_dumps_what_marshmallow_dumps(kind: str, data: Any) -> None:
    schema = SCHEMAS[kind]()
    try:
        loaded = schema.load(data.draw(documents_of(kind)))
    except ValidationError:
        return
    for name in data.draw(st.lists(st.sampled_from(sorted(loaded)), max_size=3)):
        loaded[name] = None
    assert repr(schema.dump(loaded)) == repr(Schema.dump(schema, loaded))


@pytest.mark.parametrize("kind", sorted(SCHEMAS))
def test_a_document_that_is_right_takes_the_quick_way(kind: str) -> None:
    """Else the comparison above would compare marshmallow with itself."""

    def quick(document: dict[str, Any]) -> bool:
        try:
            SCHEMAS[kind]()._quick(document)  # type: ignore[attr-defined]
        except (NotQuick, ValidationError):
            return False
        return True

    any_will_do = settings(max_examples=1000, phases=[Phase.generate], database=None)
    assert find(documents_of(kind), quick, settings=any_will_do)
