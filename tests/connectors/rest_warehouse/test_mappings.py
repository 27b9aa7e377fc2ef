"""The shipped mappings of the warehouse API: canonical documents out fit the contract, its documents come in whole."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hub.documents import SCHEMAS
from hub.mapping import Context, Library, MappingError, decode
from tests.connectors.rest_warehouse.warehouse import API, Warehouse, check

LIBRARY = Library([Path(__file__).parents[3] / "mappings"])

FULFILLMENT = {
    "reference": "A-1-1",
    "order_number": "#1001",
    "phone": "+1 512 555 0100",
    "email": "ada@example.com",
    "note": "x" * 2500,
    "shipping_method": "express",
    "ship_to": {"name": "Ada", "address1": "1 Main St", "city": "Austin", "country": "US", "phone": "555"},
    "lines": [
        {"line": "16", "sku": "MUG", "title": "Mug", "quantity": 2, "unit_price": "9.95"},
        {"line": "17", "sku": "MUG", "quantity": 1},
    ],
}


def out(kind: str, document: dict[str, Any]) -> dict[str, Any]:
    """Through the canonical schema and the mapping, as JSON would carry it."""
    schema = SCHEMAS[kind]()
    made = LIBRARY.get(f"rest_warehouse/{kind}.out").run(schema.dump(schema.load(document)), Context())
    return json.loads(json.dumps(made))


def into(kind: str, body: bytes) -> dict[str, Any]:
    made = LIBRARY.get(f"rest_warehouse/{kind}.in").run(decode(body, "json"), Context())
    return SCHEMAS[kind]().load(made)


def seeded(kind: str) -> bytes:
    warehouse = Warehouse()
    try:
        warehouse.seed(kind, 1)
        return next(body for feed in warehouse.feeds.values() for body in feed)
    finally:
        warehouse.close()


def test_a_fulfillment_fits_the_contract() -> None:
    body = out("fulfillment", FULFILLMENT)
    check(API["components"]["schemas"]["FulfillmentRequest"], json.dumps(body).encode())
    assert body["reference"] == "A-1-1" and body["service"] == "express" and len(body["note"]) == 2000
    assert body["ship_to"]["phone"] == "555" and body["ship_to"]["email"] == "ada@example.com"
    assert body["lines"] == [
        {"line_id": "16", "sku": "MUG", "quantity": 2, "description": "Mug"},
        {"line_id": "17", "sku": "MUG", "quantity": 1},
    ]


@pytest.mark.parametrize("field", ["address1", "city", "country"])
def test_an_address_nobody_could_ship_to_is_told_by_field(field: str) -> None:
    document = {**FULFILLMENT, "ship_to": {**FULFILLMENT["ship_to"], field: None}}  # type: ignore[dict-item]
    with pytest.raises(MappingError, match=f"ship_to.{field}"):
        out("fulfillment", document)


def test_story_15_a_fulfillment_for_nobody_by_name_fits_the_contract() -> None:
    """Without name, phone, mail and note; only where to send it is needed."""
    plain = {key: value for key, value in FULFILLMENT.items() if key not in ("phone", "email", "note")}
    plain["ship_to"] = {"address1": "1 Main St", "city": "Austin", "country": "US"}
    check(API["components"]["schemas"]["FulfillmentRequest"], json.dumps(out("fulfillment", plain)).encode())


def test_a_cancellation_fits_the_contract() -> None:
    lines = [{"line": "16", "quantity": 2}]
    body = out("cancellation", {"reference": "A-1-1", "key": "A-1-1-cancel-1", "reason": "customer", "lines": lines})
    check(API["components"]["schemas"]["CancellationRequest"], json.dumps(body).encode())
    assert body == {
        "reference": "A-1-1",
        "cancellation": "A-1-1-cancel-1",
        "reason": "customer",
        "lines": [{"line_id": "16", "quantity": 2}],
    }


def test_what_became_of_a_cancellation_is_read_by_line() -> None:
    answer = {"cancellation": "c", "reference": "r", "status": "accepted", "lines": []}
    answer["lines"] = [
        {"line_id": "16", "requested": 2, "cancelled": 1, "refused": 1, "reason": "allocated"},
        {"line_id": "17", "requested": 1, "cancelled": 0, "refused": 1, "reason": "shipped"},
    ]
    made = into("cancellation_result", json.dumps(answer).encode())
    assert made == {"lines": [{"line": "16", "cancelled": 1}, {"line": "17", "cancelled": 0}]}


def test_a_shipment_is_read_by_package_and_line() -> None:
    made = into("shipment", seeded("shipment"))
    assert (made["external_id"], made["reference"], made["carrier"]) == ("shipment-0", "F-1", "UPS")
    (package,) = made["packages"]
    assert package["weight_grams"] == 1250 and package["tracking_number"] == "1Z0"
    assert package["lines"][0]["line"] == "17" and package["lines"][0]["quantity"] == Decimal(2)


@pytest.mark.parametrize(("weight", "grams"), [(("1.250", "kg"), 1250), (("2", "lb"), 907), (("0.0004", "kg"), 0)])
def test_weights_become_grams(weight: tuple[str, str], grams: int) -> None:
    document = json.loads(seeded("shipment"))
    document["packages"][0]["weight"] = dict(zip(("value", "unit"), weight, strict=True))
    made = into("shipment", json.dumps(document).encode())
    assert made["packages"][0]["weight_grams"] == grams


def test_a_package_without_weight_or_label_is_read() -> None:
    document = json.loads(seeded("shipment"))
    document["packages"][0].update(weight=None, sscc=None, tracking_url=None)
    assert "weight_grams" not in into("shipment", json.dumps(document).encode())["packages"][0]


def test_a_return_is_read_as_received() -> None:
    made = into("return", seeded("return"))
    assert (made["status"], made["reference"]) == ("received", "F-1")
    (line,) = made["lines"]
    assert (line["line"], line["received"], line["condition"], line["restock"]) == ("17", Decimal(2), "sellable", True)


def test_damaged_goods_are_not_restocked() -> None:
    document = json.loads(seeded("return"))
    document["lines"][0]["condition"] = "damaged"
    assert into("return", json.dumps(document).encode())["lines"][0]["restock"] is False


def test_story_30_a_stock_level_is_absolute_and_dated() -> None:
    made = into("inventory", seeded("inventory"))
    (level,) = made["levels"]
    assert (level["sku"], level["location"], level["available"], level["on_hand"]) == ("SKU-0", "MAIN", 7, 9)
    assert level["counted_at"].isoformat() == "2026-03-01T09:00:00+00:00" and made["snapshot"] is False


@pytest.mark.parametrize("kind", ["shipment", "return", "inventory"])
def test_a_malformed_document_is_an_error_not_a_guess(kind: str) -> None:
    warehouse = Warehouse()
    try:
        warehouse.seed_malformed(kind)
        (body,) = [body for feed in warehouse.feeds.values() for body in feed]
    finally:
        warehouse.close()
    with pytest.raises(Exception, match=r"packages|lines|available|reference"):
        into(kind, body)
