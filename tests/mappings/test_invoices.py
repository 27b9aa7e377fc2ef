"""Invoices there and back: what we write as an 810 or INVOIC is what we read from one, and both are without a fault."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from hub.documents import SCHEMAS
from hub.documents.invoice import sums, total_mismatch
from hub.edi.tree import TransactionSet
from hub.edi.validation import examine
from hub.mapping import Context
from hub.mapping.samples import samples
from tests.mappings.wire import FOLDER, LIBRARY, written

SCHEMA = SCHEMAS["invoice"]()


def only(examined: Any) -> TransactionSet:
    """The one set of an interchange, which has no fault."""
    found = []
    for interchange in examined:
        assert [f for f in interchange.all_findings() if f.is_error] == []
        found += [one.tree for one in interchange.sets]
    (tree,) = found
    assert tree is not None
    return tree


STANDARDS = {
    "x12": ("x12/810", "x12/850.in/store-order"),
    "edifact": ("edifact/invoic", "edifact/orders.in/store-order"),
}


@pytest.mark.parametrize("standard", STANDARDS)
@pytest.mark.parametrize("kind", ["invoice", "credit"])
def test_an_invoice_survives_the_way_there_and_back(standard: str, kind: str) -> None:
    name, order = STANDARDS[standard]
    document = SCHEMA.load({
        "number": "INV-7", "kind": kind, "issued_on": "2026-03-03", "shipment": "S-1", "shipped_on": "2026-03-02",
        "carrier": "UPSN", "tracking_number": "1Z77", "currency": "CAD",
        "terms": {"net_days": 30, "discount_percent": "2", "discount_days": 10},
        "lines": [
            {"external_line": "1", "sku": "MUG", "title": "MUG BLUE", "quantity": "2", "unit": "CA",
             "unit_price": "90.125", "discount": "5.00", "tax": "2.25", "identifiers": {"upc": "012345678905"}},
            {"external_line": "2", "sku": "TEA", "quantity": "3", "unit": "EA", "unit_price": "0.5"},
        ],
        "charges": [{"kind": "charge", "code": "freight", "amount": "12.5"},
                    {"kind": "allowance", "code": "discount", "amount": "10"}],
        "totals": {"total": "181.50"},
    })  # fmt: skip
    document["totals"] = sums(document)
    for line in document["lines"]:
        line["amount"] = line["quantity"] * line["unit_price"] - (line.get("discount") or 0)
    source = only(examine((FOLDER / "samples" / order / "document.edi").read_bytes()))
    values = LIBRARY.get(f"{name}.out").run(SCHEMA.dump(document), Context(source=source))
    back = SCHEMA.load(
        LIBRARY.get(f"{name}.in").run(written(standard, name.partition("/")[2].upper(), values), Context(partner={}))
    )
    assert back["reference"] == "4500012345" and total_mismatch(back) == 0
    same = ("number", "kind", "issued_on", "shipment", "shipped_on", "carrier", "currency", "terms")
    assert {key: back.get(key) for key in same} == {key: document.get(key) for key in same}
    assert back["totals"]["total"] == document["totals"]["total"] == Decimal("181.50")
    assert sorted((c["kind"], c["code"], c["amount"]) for c in back["charges"]) == [
        ("allowance", "discount", 10), ("charge", "freight", Decimal("12.5"))]  # fmt: skip
    for came, went in zip(back["lines"], document["lines"], strict=True):
        assert came["line"] == went["external_line"]
        for key in ("sku", "title", "quantity", "unit", "unit_price", "discount", "tax"):
            assert (came.get(key) or None) == went.get(key), key


@pytest.mark.parametrize("name", ["x12/810.in", "edifact/invoic.in"])
def test_what_the_samples_state_adds_up(name: str) -> None:
    for sample in samples(LIBRARY, name):
        body, context = sample.file("document"), sample.file("context")
        assert body is not None
        facts = json.loads(context) if context else {}
        document = SCHEMA.load(LIBRARY.get(name).run(only(examine(body)), Context(**facts)))
        assert total_mismatch(document) == 0, sample.name
