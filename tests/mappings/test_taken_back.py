"""What goes to a supplier to take an order back, whole or in part, as the supplier reads it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub.documents import SCHEMAS
from tests.mappings.wire import FOLDER, LIBRARY, written


@pytest.mark.parametrize(("syntax", "name"), [("x12", "860"), ("edifact", "ordchg")])
@pytest.mark.parametrize(("purpose", "lines"), [
    ("change", [("31", "change", 1), ("32", "delete", 0)]),
    ("cancel", [("31", "delete", 0), ("32", "delete", 0)]),
])  # fmt: skip
def test_a_supplier_reads_what_is_taken_back(syntax: str, name: str, purpose: str, lines: list[Any]) -> None:
    out, back = LIBRARY.get(f"{syntax}/{name}.out"), LIBRARY.get(f"{syntax}/{name}.in")
    text = (FOLDER / "samples" / out.name / "taken-back" / "document.json").read_text()
    document = SCHEMAS["fulfillment"]().load({**json.loads(text), "purpose": "change"})
    values = out.run(SCHEMAS["fulfillment"]().dump({**document, "purpose": purpose}))
    read = SCHEMAS["order_change"]().load(back.run(written(syntax, name.upper(), values)))
    assert (read["order_external_id"], read["purpose"]) == (document["reference"], purpose)
    assert [(line["external_id"], line["action"], line["quantity"]) for line in read["lines"]] == lines
