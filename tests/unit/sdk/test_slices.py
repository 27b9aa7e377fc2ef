"""Cutting documents out of JSON without touching a byte."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.sdk.slices import cut, cut_each, extended, replaced

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
WRITERS = st.sampled_from(
    [
        lambda value: json.dumps(value),
        lambda value: json.dumps(value, ensure_ascii=False, indent=3),
        lambda value: json.dumps(value, separators=(",  ", "\n:\t")),
    ]
)


@given(st.lists(VALUES, max_size=5), WRITERS, VALUES)
def test_each_element_is_a_slice_that_reads_as_itself(values: list[Any], write: Any, other: Any) -> None:
    body = write({"other": other, "data": values, "more": [other]}).encode()
    found = cut_each(body, ["data"])
    assert [json.loads(piece) for _, piece in found] == values
    assert all(piece in body and piece == piece.strip() for _, piece in found)
    for index, value in enumerate(values):
        assert json.loads(cut(body, ["data", index])) == value


def test_the_bytes_are_kept_as_they_were() -> None:
    body = ' {"data" : [ {"t" : 1.50, "n":"S\\u00fcd Süd" } , 7 ] }\n'.encode()
    assert [piece for _, piece in cut_each(body, ["data"])] == ['{"t" : 1.50, "n":"S\\u00fcd Süd" }'.encode(), b"7"]


@pytest.mark.parametrize("body", [b"{}", b"[]", b"7", b'{"data": null}', b'{"data": {}}', b'{"Data": []}'])
def test_nothing_at_the_path_is_a_lookup_error(body: bytes) -> None:
    with pytest.raises(LookupError):
        cut_each(body, ["data"])


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"data": [1, 2', b'{"data": [tru]}', b'{"data": ["\xff', b"{"])
def test_what_is_not_json_is_told(body: bytes) -> None:
    with pytest.raises((ValueError, LookupError)):
        cut_each(body, ["data"])


def test_an_array_is_completed_byte_for_byte() -> None:
    body = '{ "a" : {"nodes": [ {"x": "Süd"} ], "more": true}, "b":[]}'.encode()
    longer = extended(body, ("a", "nodes"), [b'{"x" :  2}', b"3"])
    assert longer == '{ "a" : {"nodes": [{"x": "Süd"},{"x" :  2},3], "more": true}, "b":[]}'.encode()
    assert extended(body, ("b",), [b"1"]).endswith(b'"b":[1]}')
    assert extended(body, ("b",), []) == body
    assert replaced(body, ("a", "more"), b"false") == body.replace(b"true", b"false")
    with pytest.raises(LookupError):
        extended(body, ("a",), [b"1"])
