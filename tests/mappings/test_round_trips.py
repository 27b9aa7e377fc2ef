"""Canonical document to EDI and back: the same again, but for what the set cannot hold, named here with its reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub.documents import SCHEMAS
from hub.mapping import Context
from hub.mapping.differences import differences
from hub.mapping.samples import samples
from tests.mappings.test_both_ways import LIBRARY, written

DOCUMENT_ID = "it is read with the control numbers of the envelope"
REASON = "the set has a code for what happened, and no second one for why: the code comes back as the reason"
CONTACT = "the recipient's contact is told, be it the recipient's own or the order's"
ONE_NAME = "one of the two is told, and read as the carrier"
NAMELESS = "a consignee needs a name: a company without a person is told as the name"

LOST: dict[str, dict[str, str]] = {
    "x12/214": {"external_id": DOCUMENT_ID, "events.reason": REASON},
    "x12/940": {"email": CONTACT, "ship_to.email": CONTACT},
    "x12/945": {"external_id": "it is read with the reference in front", "packages.tracking_fits": "it is judged anew"},
    "edifact/iftmin": {
        "email": CONTACT,
        "ship_to.email": CONTACT,
        "ship_not_after": "DTM has no qualifier for it in the mapping",
        "ship_to.name": NAMELESS,
        "ship_to.company": NAMELESS,
        "carrier": ONE_NAME,
        "shipping_method": ONE_NAME,
    },
    "edifact/iftsta": {"external_id": DOCUMENT_ID, "events.reason": REASON},
}
"""By mapping: the field that does not survive, and why."""

MAPPINGS = (
    "x12/214", "x12/820", "x12/940", "x12/944", "x12/945", "x12/947",
    "edifact/aperak", "edifact/iftmin", "edifact/iftsta", "edifact/recadv", "edifact/retann",
)  # fmt: skip


def without(document: Any, path: list[str]) -> Any:
    """The document with the field left out, in each item of a list."""
    if isinstance(document, list):
        return [without(item, path) for item in document]
    first, *rest = path
    if first not in document:
        return document
    kept = {name: value for name, value in document.items() if name != first}
    return {**kept, first: without(document[first], rest)} if rest else kept


@pytest.mark.parametrize("name", MAPPINGS)
def test_what_a_set_can_hold_comes_back_as_it_went(name: str) -> None:
    out, back = LIBRARY.get(f"{name}.out"), LIBRARY.get(f"{name}.in")
    schema = SCHEMAS[out.source.name]()
    lost = set()
    for sample in samples(LIBRARY, f"{name}.out"):
        sent = schema.load(json.loads(sample.file("document") or b"", parse_float=str))
        tree = written(out.target.name, str(out.target.set_id), out.run(schema.dump(sent), Context()))
        read = schema.load(back.run(tree, Context()))
        for path in LOST.get(name, {}):
            less = without(sent, path.split(".")), without(read, path.split("."))
            if less != (sent, read):
                lost.add(path)
            sent, read = less
        assert [str(each) for each in differences(schema.dump(sent), schema.dump(read))] == [], sample.name
    assert lost == set(LOST.get(name, {})), "what is named here does get lost"
