"""The shipped X12 mappings, with specimens of our own: 850 in, 855 and 856 out, written and validated."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hub.documents import SCHEMAS
from hub.edi.build import build
from hub.edi.tree import TransactionSet
from hub.edi.x12.validation import examine
from hub.edi.x12.writer import Envelope, transaction_set, write
from hub.mapping import Context, Library, LookupMissing

LIBRARY = Library([Path(__file__).parents[2] / "mappings"])
SPECIMEN = (Path(__file__).parent / "specimens" / "850-stores.edi").read_bytes()


def tree_of(data: bytes) -> TransactionSet:
    for interchange in examine(data):
        assert [f for f in interchange.all_findings() if f.is_error] == []
        for one in interchange.sets:
            assert one.tree is not None
            return one.tree
    raise AssertionError("no set")


def context(**facts: Any) -> Context:
    table = {"778001": "MUG-12", "778002": "TEA"}
    return Context(partner={"currency": "USD"}, lookup=lambda name, key: table.get(key), **facts)


def order(data: bytes = SPECIMEN, **facts: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = SCHEMAS["order"]().load(LIBRARY.get("x12/850.in").run(tree_of(data), context(**facts)))
    return loaded


def test_an_850_is_read_whole() -> None:
    found = order()
    assert (found["external_id"], found["number"], found["purpose"]) == ("4500012345-7", "4500012345", "original")
    assert found["placed_on"] == dt.date(2026, 3, 1) and found["test"] is False
    assert found["currency"] == "CAD" and found["totals"]["total"] == Decimal("271.375")
    assert (found["ship_not_before"], found["ship_not_after"], found["deliver_by"]) == (
        dt.date(2026, 3, 10),
        dt.date(2026, 3, 20),
        dt.date(2026, 3, 25),
    )
    assert found["carrier"] == "UPSN" and found["shipping_method"] == "GROUND"
    assert found["references"] == {"department": "042", "vendor": "V-900", "kind": "SA", "release": "7"}
    assert found["ship_to"] == {
        "name": "STORE 0117",
        "address1": "6200 POLARIS PKWY",
        "address2": "DOOR 4",
        "city": "COLUMBUS",
        "region": "OH",
        "postal_code": "43004",
        "country": "US",
    }
    assert found["bill_to"]["country"] == "CA"
    assert [(p["role"], p["id"]) for p in found["parties"]] == [("ship_to", "0117"), ("bill_to", "AP")]


def test_lines_keep_the_partners_unit_and_numbers() -> None:
    cases, each = order()["lines"]
    assert (cases["external_id"], cases["quantity"], cases["unit"], cases["pack_factor"]) == ("1", 3, "CA", 12)
    assert cases["unit_price"] == Decimal("90.125") and cases["sku"] == "MUG" and cases["title"] == "MUG BLUE 12 OZ"
    assert cases["identifiers"] == {"upc": "012345678905", "buyer": "778001", "vendor": "MUG"}
    assert (each["external_id"], each["pack_factor"], each["sku"]) == ("2", 1, "TEA"), (
        "named by the buyer's number only"
    )


def test_an_item_without_a_row_waits_for_it() -> None:
    with pytest.raises(LookupMissing) as waits:
        LIBRARY.get("x12/850.in").run(tree_of(SPECIMEN), Context(partner={}, lookup=lambda name, key: None))
    assert (waits.value.table, waits.value.key) == ("buyer_items", "778002")


@pytest.mark.parametrize(("code", "purpose"), [("00", "original"), ("01", "cancel"), ("05", "replace")])
def test_purposes(code: str, purpose: str) -> None:
    assert order(SPECIMEN.replace(b"BEG*00", f"BEG*{code}".encode()))["purpose"] == purpose


def test_test_data_is_told_by_its_envelope() -> None:
    assert order(SPECIMEN.replace(b"*0*P*>", b"*0*T*>"))["test"] is True


def test_without_a_currency_the_partners_stands() -> None:
    without = SPECIMEN.replace(b"CUR*BY*CAD~\n", b"").replace(b"SE*22", b"SE*21")
    assert order(without)["currency"] == "USD"


# -- answers --------------------------------------------------------------------------------------------------------


def written(set_id: str, values: dict[str, Any]) -> tuple[bytes, TransactionSet]:
    """The document in its envelope, read back and without a fault."""
    root = build("x12", set_id, "004010", values)
    envelope = Envelope(
        sender_qualifier="ZZ", sender_id="HUB", receiver_qualifier="ZZ", receiver_id="BUYER",
        interchange_control_number=1, group_control_number=1, when=dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC),
        version="004010", usage="P",
    )  # fmt: skip
    data = write([transaction_set(set_id, root, "0001", "004010")], envelope)
    return data, tree_of(data)


def all_of(tree: TransactionSet, segment_id: str) -> list[list[str]]:
    return [[str(value) for value in segment[1:]] for segment in tree.root.walk() if segment[0] == segment_id]


def answer(*lines: dict[str, Any], status: str = "accepted") -> TransactionSet:
    document = {
        "order_external_id": "4500012345-7", "acknowledged_on": "2026-03-02", "status": status,
        "lines": [{"external_line": str(n), "unit": "CA", "sku": "MUG", **line} for n, line in enumerate(lines, 1)],
    }  # fmt: skip
    schema = SCHEMAS["acknowledgement"]()
    values = LIBRARY.get("x12/855.out").run(schema.dump(schema.load(document)), context(source=tree_of(SPECIMEN)))
    return written("855", values)[1]


@pytest.mark.parametrize(("status", "code"), [("accepted", "AD"), ("changed", "AC"), ("rejected", "RD")])
def test_an_855_answers_the_order_by_its_own_numbers(status: str, code: str) -> None:
    tree = answer({"status": "accepted", "ordered": 3, "quantity": 3}, status=status)
    assert all_of(tree, "BAK")[0][:5] == ["00", code, "4500012345", "20260301", "7"]
    assert all_of(tree, "REF") == [["DP", "042"]] and all_of(tree, "N1") == [["ST", "STORE 0117", "92", "0117"]]


@pytest.mark.parametrize(
    ("line", "ack"),
    [
        ({"status": "accepted", "ordered": 3, "quantity": 3}, ["IA", "3", "CA"]),
        ({"status": "changed", "ordered": 3, "quantity": 2}, ["IQ", "2", "CA"]),
        ({"status": "rejected", "ordered": 3, "quantity": 0}, ["IR", "3", "CA"]),
    ],
)
def test_an_855_says_per_line_what_will_come(line: dict[str, Any], ack: list[str]) -> None:
    tree = answer(line)
    assert all_of(tree, "ACK")[0][:3] == ack and all_of(tree, "PO1")[0][1:3] == ["3", "CA"]


def notice() -> tuple[bytes, TransactionSet]:
    document = {
        "external_id": "S-1", "reference": "H-1-1", "shipped_at": "2026-03-02T16:30:00Z", "carrier": "UPS",
        "packages": [
            {"sscc": "006141411234567890", "tracking_number": "1Z1", "lines": [
                {"line": "1", "external_line": "1", "sku": "MUG", "quantity": 2, "unit": "CA"}]},
            {"sscc": "006141411234567906", "lines": [
                {"line": "1", "external_line": "1", "sku": "MUG", "quantity": 1, "unit": "CA"},
                {"line": "2", "external_line": "2", "sku": "TEA", "quantity": 2, "unit": "EA"}]},
        ],
    }  # fmt: skip
    schema = SCHEMAS["shipment"]()
    values = LIBRARY.get("x12/856.out").run(schema.dump(schema.load(document)), context(source=tree_of(SPECIMEN)))
    return written("856", values)


def test_an_856_is_a_tree_of_shipment_order_pack_and_item() -> None:
    _, tree = notice()
    levels = all_of(tree, "HL")
    assert [level[2] for level in levels] == ["S", "O", "P", "I", "P", "I", "I"]
    assert [level[0] for level in levels] == [str(n) for n in range(1, 8)]
    assert [level[1] for level in levels] == ["", "1", "2", "3", "2", "5", "5"]
    assert all_of(tree, "CTT")[0][0] == "7"


def test_an_856_says_what_was_shipped_in_what_unit_and_how_it_is_labelled() -> None:
    _, tree = notice()
    assert all_of(tree, "PRF")[0] == ["4500012345", "7", "", "20260301"]
    assert all_of(tree, "MAN") == [
        ["GM", "00006141411234567890"],
        ["CP", "1Z1"],
        ["GM", "00006141411234567906"],
    ]
    assert [sn1[:3] for sn1 in all_of(tree, "SN1")] == [["1", "2", "CA"], ["1", "1", "CA"], ["2", "2", "EA"]]
    assert all_of(tree, "BSN")[0][:4] == ["00", "S-1", "20260302", "1630"] and all_of(tree, "TD1")[0] == ["CTN", "2"]


def test_every_shipped_mapping_compiles() -> None:
    for name in LIBRARY.names():
        assert LIBRARY.get(name).hash, name
