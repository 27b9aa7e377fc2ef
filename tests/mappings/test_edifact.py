"""The shipped EDIFACT mappings, with specimens of our own: ORDERS in, ORDRSP and DESADV out, written and validated."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hub.documents import SCHEMAS
from hub.edi.build import build
from hub.edi.edifact.validation import examine
from hub.edi.edifact.writer import Envelope, message, write
from hub.edi.tree import TransactionSet
from hub.mapping import Context, Library, LookupMissing

LIBRARY = Library([Path(__file__).parents[2] / "mappings"])
SPECIMEN = (Path(__file__).parent / "specimens" / "orders-stores.edi").read_bytes()


def tree_of(data: bytes) -> TransactionSet:
    for interchange in examine(data):
        assert [f for f in interchange.all_findings() if f.is_error] == []
        for one in interchange.sets:
            assert one.tree is not None
            return one.tree
    raise AssertionError("no message")


def context(**facts: Any) -> Context:
    table = {"778002": "TEA"}
    return Context(partner={"currency": "USD"}, lookup=lambda name, key: table.get(key), **facts)


def order(data: bytes = SPECIMEN) -> dict[str, Any]:
    mapping = LIBRARY.get("edifact/orders.in")
    loaded: dict[str, Any] = SCHEMAS["order"]().load(mapping.run(tree_of(data), context()))
    return loaded


def test_an_orders_is_read_whole() -> None:
    found = order()
    assert (found["external_id"], found["number"], found["purpose"]) == ("4500012345", "4500012345", "original")
    assert found["placed_on"] == dt.date(2026, 3, 1) and found["test"] is False
    assert found["currency"] == "EUR" and found["totals"]["total"] == Decimal("271.625")
    assert (found["ship_not_before"], found["deliver_by"]) == (dt.date(2026, 3, 10), dt.date(2026, 3, 25))
    assert found["note"] == "Ring at door 4, it's open till six"
    assert found["references"] == {"contract": "C-77", "kind": "220", "subset": "EAN008"}
    assert found["ship_to"] == {
        "name": "Store 117", "address1": "High Street 1", "address2": "Door 4", "city": "Bonn",
        "postal_code": "53111", "country": "DE",
    }  # fmt: skip
    assert found["bill_to"]["country"] == "AT"
    assert [(p["role"], p["id"], p["id_qualifier"]) for p in found["parties"]] == [
        ("buyer", "4012345000009", "9"), ("ship_to", "4012345000023", "9"), ("vendor", "4012345000016", "9"),
        ("bill_to", "4012345000009", "9"),
    ]  # fmt: skip


def test_lines_keep_the_partners_unit_and_numbers() -> None:
    cases, loose = order()["lines"]
    assert (cases["external_id"], cases["quantity"], cases["unit"], cases["pack_factor"]) == ("1", 3, "CT", 12)
    assert cases["unit_price"] == Decimal("90.125") and cases["sku"] == "MUG" and cases["title"] == "MUG BLUE 30 CL"
    assert cases["identifiers"] == {"ean": "4006381333931", "buyer": "778001", "vendor": "MUG"}
    assert (loose["sku"], loose["quantity"], loose["unit_price"]) == ("TEA", Decimal("2.5"), Decimal("0.5")), (
        "either decimal mark, named by the buyer's number only"
    )


def test_a_quantity_without_a_kind_is_what_is_ordered() -> None:
    lines = order(SPECIMEN.replace(b"QTY+21:3:CT", b"QTY+1:3"))["lines"]
    assert (lines[0]["quantity"], lines[0]["unit"]) == (3, "PCE")


def test_a_sub_line_is_no_line_of_its_own() -> None:
    data = SPECIMEN.replace(b"LIN+2++4012345000139:EN'", b"LIN+2++4012345000139:EN+1:1'")
    assert [line["external_id"] for line in order(data)["lines"]] == ["1"]


def test_an_item_without_a_row_waits_for_it() -> None:
    with pytest.raises(LookupMissing) as waits:
        empty = Context(partner={}, lookup=lambda name, key: None)
        LIBRARY.get("edifact/orders.in").run(tree_of(SPECIMEN), empty)
    assert (waits.value.table, waits.value.key) == ("buyer_items", "778002")


@pytest.mark.parametrize(("code", "purpose"), [("9", "original"), ("1", "cancel"), ("5", "replace"), ("", "original")])
def test_purposes(code: str, purpose: str) -> None:
    assert order(SPECIMEN.replace(b"4500012345+9'", f"4500012345+{code}'".encode()))["purpose"] == purpose


def test_test_data_is_told_by_its_envelope() -> None:
    assert order(SPECIMEN.replace(b"0815+4711'", b"0815+4711++++++1'"))["test"] is True


def test_without_a_currency_the_partners_stands() -> None:
    assert order(SPECIMEN.replace(b"CUX+2:EUR:9'\n", b"").replace(b"UNT+26", b"UNT+25"))["currency"] == "USD"


def test_a_later_directory_reads_the_same() -> None:
    assert order(SPECIMEN.replace(b"D:96A", b"D:01B")) == order()


# -- answers --------------------------------------------------------------------------------------------------------


def written(set_id: str, values: dict[str, Any]) -> TransactionSet:
    """The document in its envelope, read back and without a fault."""
    root = build("edifact", set_id, "D96A", values)
    when = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
    envelope = Envelope("4012345000016", "4012345000009", "1", when, "14", "14")
    return tree_of(write([message(set_id, root, "1")], envelope))


def all_of(tree: TransactionSet, segment_id: str) -> list[tuple[Any, ...]]:
    return [segment[1:] for segment in tree.root.walk() if segment[0] == segment_id]


def answer(*lines: dict[str, Any], status: str = "accepted") -> TransactionSet:
    numbers = {"ean": "4006381333931", "buyer": "778001"}
    document = {
        "order_external_id": "4500012345", "ordered_on": "2026-03-01", "acknowledged_on": "2026-03-02",
        "status": status,
        "lines": [
            {"external_line": str(n), "unit": "CT", "sku": "MUG", "identifiers": numbers, **line}
            for n, line in enumerate(lines, 1)
        ],
    }  # fmt: skip
    schema = SCHEMAS["acknowledgement"]()
    values = LIBRARY.get("edifact/ordrsp.out").run(
        schema.dump(schema.load(document)), context(source=tree_of(SPECIMEN))
    )
    return written("ORDRSP", values)


@pytest.mark.parametrize(("status", "code"), [("accepted", "29"), ("changed", "4"), ("rejected", "27")])
def test_an_ordrsp_answers_the_order_by_its_own_numbers(status: str, code: str) -> None:
    tree = answer({"status": "accepted", "ordered": 3, "quantity": 3}, status=status)
    assert all_of(tree, "BGM") == [("231", "4500012345", code)]
    assert all_of(tree, "RFF")[0] == (("ON", "4500012345"),)
    assert [nad[:2] for nad in all_of(tree, "NAD")] == [
        ("BY", ("4012345000009", "", "9")), ("SU", ("4012345000016", "", "9")), ("DP", ("4012345000023", "", "9")),
    ]  # fmt: skip
    assert all_of(tree, "CNT") == [(("2", "1"),)]


@pytest.mark.parametrize(
    ("line", "action", "quantities"),
    [
        ({"status": "accepted", "ordered": 3, "quantity": 3}, "5", [("21", "3", "CT"), ("113", "3", "CT")]),
        ({"status": "changed", "ordered": 3, "quantity": 2}, "3", [("21", "3", "CT"), ("113", "2", "CT")]),
        ({"status": "backordered", "ordered": 3, "quantity": 3}, "3", [("21", "3", "CT"), ("83", "3", "CT")]),
        ({"status": "rejected", "ordered": 3, "quantity": 0}, "7", [("21", "3", "CT"), ("113", "0", "CT")]),
    ],
)
def test_an_ordrsp_says_per_line_what_will_come(
    line: dict[str, Any], action: str, quantities: list[tuple[str, ...]]
) -> None:
    tree = answer(line)
    assert all_of(tree, "LIN") == [("1", action, ("4006381333931", "EN"))]
    assert [quantity[0] for quantity in all_of(tree, "QTY")] == quantities
    assert all_of(tree, "PIA") == [("1", ("MUG", "SA")), ("1", ("778001", "IN"))]


def notice() -> TransactionSet:
    document = {
        "external_id": "S-1", "reference": "H-1-1", "shipped_at": "2026-03-02T16:30:00Z", "carrier": "DHL",
        "packages": [
            {"sscc": "006141411234567890", "tracking_number": "1Z1", "weight_grams": 1250, "lines": [
                {"line": "1", "external_line": "1", "sku": "MUG", "quantity": 2, "unit": "CT"}]},
            {"sscc": "006141411234567906", "lines": [
                {"line": "1", "external_line": "1", "sku": "MUG", "quantity": 1, "unit": "CT"},
                {"line": "2", "external_line": "2", "sku": "TEA", "quantity": 2, "unit": "KGM"}]},
        ],
    }  # fmt: skip
    schema = SCHEMAS["shipment"]()
    values = LIBRARY.get("edifact/desadv.out").run(
        schema.dump(schema.load(document)), context(source=tree_of(SPECIMEN))
    )
    return written("DESADV", values)


def test_a_desadv_has_a_level_for_the_shipment_and_one_for_each_package() -> None:
    tree = notice()
    assert all_of(tree, "CPS") == [("1",), ("2", "1"), ("3", "1")]
    assert [pac[0] for pac in all_of(tree, "PAC")] == ["2", "1", "1"]
    (top,) = tree.root.loops("SG10")
    assert [[segment[1] for segment in level.walk() if segment[0] == "LIN"] for level in top.loops("SG10")] == [
        ["1"], ["1", "2"],
    ]  # fmt: skip


def test_a_desadv_says_what_was_shipped_in_what_unit_and_how_it_is_labelled() -> None:
    tree = notice()
    assert all_of(tree, "BGM") == [("351", "S-1", "9")]
    assert all_of(tree, "DTM")[1] == (("11", "202603021630", "203"),)
    assert all_of(tree, "GIN") == [("BJ", "006141411234567890"), ("BJ", "006141411234567906")]
    assert all_of(tree, "MEA") == [("PD", "AAB", ("KGM", "1.250"))]
    assert [q[0] for q in all_of(tree, "QTY")] == [("12", "2", "CT"), ("12", "1", "CT"), ("12", "2", "KGM")]
    assert ("CN", "1Z1") in [rff[0] for rff in all_of(tree, "RFF")]
    assert all_of(tree, "CNT") == [(("2", "3"),)]
