"""A file that holds several documents comes apart, and each part is mapped later as if the file were still there."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from hub.edi.tree import Loop, TransactionSet
from hub.mapping import Library, Mapping, MappingError, decode, parts
from hub.mapping.samples import samples

LIBRARY = Library([Path(__file__).parents[3] / "mappings"])


def test_the_orders_of_a_csv_file_are_mapped_one_by_one() -> None:
    mapping = LIBRARY.get("generic/csv_order.in")
    (sample,) = samples(LIBRARY, "generic/csv_order.in")
    document = decode(sample.file("document") or b"", "csv")
    kept = parts(mapping, document)
    assert len(kept) == 2
    at_once = [mapping.run(part) for part in mapping.split(document)]
    assert [mapping.run(decode(part.body, "part")) for part in kept] == at_once
    assert [len(order["lines"]) for order in at_once] == [2, 1]
    assert [part.name for part in kept] == [order["external_id"] for order in at_once], "their order's number"


def test_a_document_that_holds_one_is_its_own_part() -> None:
    mapping = Mapping.from_text("from: json\nto: json\nrows:\n  a: a | decimal\n")
    (part,) = parts(mapping, decode(b'{"a": 1.10, "b": null}', "json"))
    assert part.body == b'{"a": 1.10, "b": null}' and mapping.run(decode(part.body, "part")) == mapping.run(
        {"a": "1.10"}
    )


def test_a_file_that_does_not_come_apart_says_why() -> None:
    mapping = Mapping.from_text("from: csv\nto: json\nsplit:\n  each: .\n  group_by: n | integer\nrows:\n  n: n\n")
    with pytest.raises(MappingError) as failed:
        parts(mapping, [{"n": "1"}, {"n": "x"}])
    assert failed.value.findings[0].value_path == "$[1].n"


NOTICE = "from: x12 856\nto: json\nsplit:\n  each: {each}\nrows:\n  order: //HL[O]/PRF01\n  sent: envelope.date\n"


def notice(orders: int, common: int = 0) -> TransactionSet:
    levels = [Loop("HL", [("HL", str(n), "1", "O"), ("PRF", f"A{n}")]) for n in range(orders)]
    shipment = Loop("HL", [("HL", "1", "", "S"), *[("REF", "ZZ", str(n)) for n in range(common)], *levels])
    return TransactionSet("x12", "856", "004010", "7", Loop("856", [("BSN", "00"), shipment]), {"date": "20260304"})


def test_an_edi_set_is_kept_part_by_part_without_loss() -> None:
    mapping, whole = Mapping.from_text(NOTICE.format(each="//HL[O]")), notice(2)
    kept = [decode(part.body, part.format) for part in parts(mapping, whole)]
    assert kept == mapping.split(whole)
    assert [mapping.run(one) for one in kept] == [{"order": f"A{n}", "sent": "20260304"} for n in range(2)]


@pytest.mark.parametrize("each", ["//HL/PRF01", "partner.orders", "//LIN.pair(PO)"])
def test_what_an_edi_set_comes_apart_by_is_a_loop(each: str) -> None:
    with pytest.raises(MappingError) as failed:
        Mapping.from_text(NOTICE.format(each=each))
    assert [finding.code for finding in failed.value.findings] == ["mapping.split"]


def test_a_set_that_would_be_copied_beyond_all_measure_is_refused() -> None:
    mapping = Mapping.from_text(NOTICE.format(each="//HL[O]"))
    with pytest.raises(MappingError) as failed:
        mapping.split(notice(1000, common=1000))
    assert failed.value.code == "mapping.too-much-work"


@pytest.mark.parametrize(
    ("format", "body"),
    [
        ("json", b'{"sent": "now", "orders": [{"n": "1", "l": [{"q": 1.10}]}, {"n": "2", "l": [{"q": 2}]}]}'),
        ("xml", b"<file><orders n='1'><l q='1.10'/></orders><orders n='2'><l q='2'/></orders></file>"),
        ("ndjson", b'{"n": "1", "l": [{"q": 1.10}]}\n{"n": "2", "l": [{"q": 2}]}\n'),
    ],
)
def test_the_items_of_a_list_are_parts_too(format: str, body: bytes) -> None:
    each = {"json": "orders", "xml": "file.orders", "ndjson": "."}[format]
    rows = "rows:\n  number: n\n  lines:\n    each: l\n    quantity: q | decimal\n"
    mapping = Mapping.from_text(f"from: {format}\nto: json\nsplit:\n  each: {each}\n{rows}")
    made = [mapping.run(decode(part.body, "part")) for part in parts(mapping, decode(body, format))]
    assert made == [
        {"number": "1", "lines": [{"quantity": Decimal("1.10")}]},
        {"number": "2", "lines": [{"quantity": Decimal(2)}]},
    ]
