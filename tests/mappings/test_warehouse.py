"""What goes to warehouses and suppliers, written and read back without a fault; and that it comes back as it went."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub.documents import SCHEMAS
from hub.edi.build import build
from hub.edi.tree import TransactionSet
from hub.mapping import Context
from tests.mappings.wire import FOLDER, LIBRARY, written


def sent(mapping: str, document: dict[str, Any]) -> TransactionSet:
    """The canonical document in its envelope, and read back without a fault."""
    schema, compiled = SCHEMAS["fulfillment"](), LIBRARY.get(mapping)
    values = compiled.run(schema.dump(schema.load(document)))
    return written(compiled.target.name, compiled.target.set_id, values)


@pytest.mark.parametrize("mapping", ["x12/940.out", "edifact/iftmin.out"])
@pytest.mark.parametrize("purpose", ["original", "change", "cancel"])
def test_what_is_asked_of_a_warehouse_breaks_no_rule(mapping: str, purpose: str) -> None:
    path = FOLDER / "samples" / mapping / "parcel" / "document.json"
    document = {**json.loads(path.read_text()), "purpose": purpose}
    document["ship_to"] = {"country": "US", "city": "Austin", "address1": "1 Sample Street"}  # nobody's name
    if purpose == "change":
        document["lines"][1]["quantity"] = 0
    segments = [tuple(map(str, segment)) for segment in sent(mapping, document).root.walk()]
    first = {"x12/940.out": {"original": "N", "change": "R", "cancel": "F"},
             "edifact/iftmin.out": {"original": "9", "change": "5", "cancel": "1"}}  # fmt: skip
    assert first[mapping][purpose] in segments[0]


def test_a_945_that_repeats_what_the_940_says_is_a_shipment_of_all_of_it() -> None:
    path = FOLDER / "samples" / "x12" / "940.out" / "parcel" / "document.json"
    document = json.loads(path.read_text())
    segments = list(sent("x12/940.out", document).root.walk())
    lines = zip([s for s in segments if s[0] == "W01"], [s for s in segments if s[0] == "N9"], strict=True)
    values = {
        "W0601": "F", "W0602": segments[0][2], "W0603": "20260303", "W0604": "S-1",
        "N1": [{"N101": "WH", "N102": "Reno"}],
        "LX": [
            {"LX01": n, "W12": [{
                "W1201": "CC", "W1202": w01[1], "W1203": w01[1], "W1205": w01[2], "W1207": w01[4], "W1208": w01[5],
                "N9": [{"N901": n9[1], "N902": n9[2]}],
            }]}
            for n, (w01, n9) in enumerate(lines, 1)
        ],
    }  # fmt: skip
    tree = TransactionSet("x12", "945", "004010", "0001", build("x12", "945", "004010", values))
    shipment = SCHEMAS["shipment"]().load(LIBRARY.get("x12/945.in").run(tree, Context()))
    assert shipment["reference"] == document["reference"]
    packed = [(line["line"], line["sku"], int(line["quantity"])) for p in shipment["packages"] for line in p["lines"]]
    assert packed == [(line["line"], line["sku"], line["quantity"]) for line in document["lines"]]
    assert [line["short"] for line in shipment["closed"]] == [False, False]
