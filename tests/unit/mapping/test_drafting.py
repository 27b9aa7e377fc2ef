"""First drafts: from documents of any shape to rows that map them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hub.documents import SCHEMAS
from hub.mapping import Mapping, decode
from hub.mapping.drafting import draft, path_text, text_of
from hub.mapping.likeness import how_to_read, names_alike, words
from hub.mapping.samples import ENDINGS

SAMPLES = Path(__file__).parents[3] / "mappings" / "samples"
DOCUMENTS = [
    ("generic/webhook_order.in/created", "json", "order"),
    ("generic/csv_order.in/two-orders", "csv", "order"),
    ("generic/cxml_order.in/new-order", "xml", "order"),
    ("generic/ubl_order.in/order", "xml", "order"),
    ("shopify/order.in/edited", "json", "order"),
    ("rest_warehouse/shipment.in/one", "json", "shipment"),
    ("rest_warehouse/inventory.in/one", "json", "inventory"),
]


def drafted(document: Any, format: str, kind: str) -> str:
    return text_of(draft(document, SCHEMAS[kind]()), format, kind)


@pytest.mark.parametrize(("sample", "format", "kind"), DOCUMENTS, ids=lambda part: str(part))
def test_the_draft_of_every_sample_is_taken_by_the_schema(sample: str, format: str, kind: str) -> None:
    body = (SAMPLES / sample / f"document.{ENDINGS.get(format, 'json')}").read_bytes()
    document = decode(body, format)
    mapping = Mapping.from_text(drafted(document, format, kind))
    for part in mapping.split(document):
        assert SCHEMAS[kind]().load(mapping.run(part))


def test_rows_of_one_order_are_put_together_by_the_column_that_repeats() -> None:
    rows = [
        {"OrderNo": "1", "Buyer E-Mail": "a@x.test", "Article": "MUG", "Qty": "2", "Unit Price": "9,95"},
        {"OrderNo": "1", "Buyer E-Mail": "a@x.test", "Article": "TEA", "Qty": "1", "Unit Price": "1.204,50"},
        {"OrderNo": "2", "Buyer E-Mail": "b@x.test", "Article": "TEA", "Qty": "4", "Unit Price": "4,50"},
    ]
    mapping = Mapping.from_text(drafted(rows, "csv", "order"))
    orders = [mapping.run(part) for part in mapping.split(rows)]
    assert [(o["external_id"], o["email"], len(o["lines"])) for o in orders] == [
        ("1", "a@x.test", 2),
        ("2", "b@x.test", 1),
    ]
    assert orders[0]["lines"][1] == {
        "external_id": "2", "sku": "TEA", "quantity": Decimal(1), "unit_price": Decimal("1204.50"),
    }  # fmt: skip


def test_what_is_required_and_not_found_is_told() -> None:
    text = drafted({"customer": {"email": "a@x.test"}}, "json", "order")
    assert "# external_id!: nothing looks like it" in text and "email: customer.email" in text


def test_a_draft_says_how_sure_it_is() -> None:
    text = drafted({"currency": "EUR", "mailbox": "a@x.test", "qx7": "?"}, "json", "order")
    assert "currency: currency  # 1.00" in text and "qx7" not in text


@pytest.mark.parametrize(
    ("value", "kind", "call"),
    [
        ("2026-03-01T09:00:00Z", "instant", "datetime"),
        ("2026-03-01 09:00:00", "instant", "datetime(zone='UTC')"),
        (1772445600, "instant", "from_epoch"),
        ("1772445600123", "instant", "from_epoch(milliseconds)"),
        ("20260301090000", "instant", "datetime('YYYYMMDDHHmmss', zone='UTC')"),
        ("20260301", "date", "date('YYYYMMDD')"),
        ("28.02.2026", "date", "date('DD.MM.YYYY')"),
        ("12/31/2026", "date", "date('MM/DD/YYYY')"),
        ("31/12/2026", "date", "date('DD/MM/YYYY')"),
        ("soon", "date", None),
        ("99999999", "date", None),
        (True, "instant", None),
    ],
)
def test_dates_are_read_as_they_are_written(value: Any, kind: str, call: str | None) -> None:
    assert how_to_read(value, kind) == call


def test_names_are_compared_by_their_words() -> None:
    assert words("shipToPostalCode") == words("Ship-to postal_code") == ("ship", "to", "postal", "code")
    near = names_alike(("shippingAddress", "city"), ("ship_to", "city"))
    assert near > names_alike(("billingAddress", "city"), ("ship_to", "city"))
    assert names_alike(("qty",), ("quantity",)) > 0.5 > names_alike(("colour",), ("quantity",))


def test_the_usual_columns_of_a_spreadsheet_are_known() -> None:
    rows = [
        {"Order No": "1", "City": "Austin", "Zip": "78701", "Item": "MUG", "Item Description": "Mug", "Qty": "2"},
        {"Order No": "1", "City": "Austin", "Zip": "78701", "Item": "TEA", "Item Description": "Tea", "Qty": "1"},
    ]
    mapping = Mapping.from_text(drafted(rows, "csv", "order"))
    (order,) = [mapping.run(part) for part in mapping.split(rows)]
    assert order["ship_to"] == {"city": "Austin", "postal_code": "78701"}
    assert order["lines"][0] == {"external_id": "1", "sku": "MUG", "title": "Mug", "quantity": Decimal(2)}


@pytest.mark.parametrize(
    ("names", "path"),
    [(("a", "b"), "a.b"), (("Order No",), ".'Order No'"), (("a", "it's"), "a.'it''s'"), (("when", "x"), ".when.x")],
)
def test_names_become_paths_that_are_read_as_such(names: tuple[str, ...], path: str) -> None:
    assert path_text(names) == path
    document: Any = "found"
    for name in reversed(names):
        document = {name: document}
    assert Mapping.from_text(f"from: json\nto: json\nrows:\n  x: >-\n    {path}\n").run(document) == {"x": "found"}
