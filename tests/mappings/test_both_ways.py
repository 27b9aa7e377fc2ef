"""Orders, their changes and the answers to both, in either direction: what one mapping writes is valid, and the mapping
of the other direction reads the same out of it."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from hub.documents import SCHEMAS
from hub.edi.build import build
from hub.edi.edifact import writer as edifact
from hub.edi.edifact.validation import examine as examine_edifact
from hub.edi.tree import TransactionSet
from hub.edi.x12 import writer as x12
from hub.edi.x12.validation import examine as examine_x12
from hub.mapping import Context, Library
from hub.mapping.trial import context_of

FOLDER = Path(__file__).parents[2] / "mappings"
LIBRARY = Library([FOLDER])
NOW = dt.datetime(2026, 3, 4, 9, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "path", sorted((FOLDER / "samples").glob("*/*/*/*.edi")), ids=lambda path: "/".join(path.parts[-4:-1])
)
def test_the_samples_are_documents_without_a_fault(path: Path) -> None:
    body = path.read_bytes()
    read = examine_x12(body) if body.startswith(b"ISA") else examine_edifact(body)
    assert [f.message for interchange in read for f in interchange.all_findings() if f.is_error] == []


def written(syntax: str, set_id: str, values: dict[str, Any]) -> TransactionSet:
    """The document in its envelope, read back and without a fault."""
    if syntax == "x12":
        document = x12.transaction_set(set_id, build("x12", set_id, "004010", values), "0001")
        read = examine_x12(x12.write([document], x12.Envelope("ZZ", "HUB", "ZZ", "THEM", 1, 1, NOW)))
    else:
        message = edifact.message(set_id, build("edifact", set_id, "D96A", values), "1")
        envelope = edifact.Envelope("4012345000016", "4012345000009", "1", NOW, "14", "14")
        read = examine_edifact(edifact.write([message], envelope))
    for interchange in read:
        assert [f.message for f in interchange.all_findings() if f.is_error] == []
        for one in interchange.sets:
            assert one.tree is not None
            return one.tree
    raise AssertionError("nothing was written")


def sample(mapping: str, name: str) -> tuple[dict[str, Any], Context]:
    """The document of a sample as its schema has it, and what its mapping may look at."""
    folder = FOLDER / "samples" / mapping / name
    schema = SCHEMAS[LIBRARY.get(mapping).source.name]()
    document: dict[str, Any] = schema.dump(schema.load(json.loads((folder / "document.json").read_text())))
    original = folder / "source.edi"
    return document, context_of(LIBRARY.get(mapping), None, original.read_bytes() if original.exists() else None)


def there_and_back(out: str, name: str, back: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A sample's document, and what the other side reads after it was written."""
    document, context = sample(out, name)
    target = LIBRARY.get(out).target
    tree = written(target.name, str(target.set_id), LIBRARY.get(out).run(document, context))
    mapping = LIBRARY.get(back)
    return document, SCHEMAS[mapping.target.name]().load(mapping.run(tree, Context(partner={"currency": "USD"})))


def of(lines: list[dict[str, Any]], *names: str) -> list[tuple[str, ...]]:
    return [tuple(str(line.get(name)) for name in names) for line in lines]


@pytest.mark.parametrize(("out", "back"), [("x12/850.out", "x12/850.in"), ("edifact/orders.out", "edifact/orders.in")])
def test_a_supplier_reads_what_it_is_to_send_to_whom(out: str, back: str) -> None:
    sent, read = there_and_back(out, "drop-ship", back)
    assert (read["external_id"], read["purpose"]) == (sent["reference"], "original")
    assert of(read["lines"], "external_id", "sku", "quantity", "title") == of(
        sent["lines"], "line", "sku", "quantity", "title"
    )
    assert [line.get("unit_price") for line in read["lines"]] == [None, None], "what the customer pays is not told"
    kept = ("name", "company", "address1", "address2", "city", "region", "postal_code", "country")
    assert of([read["ship_to"]], *kept) == of([sent["ship_to"]], *kept)
    for name in ("ship_not_after", "deliver_by", "carrier"):
        assert str(read[name]) == sent[name]


@pytest.mark.parametrize(("out", "back"), [("x12/860.out", "x12/860.in"), ("edifact/ordchg.out", "edifact/ordchg.in")])
@pytest.mark.parametrize(("purpose", "lines"), [
    ("change", [("31", "change", "1"), ("32", "delete", "0")]),
    ("cancel", [("31", "delete", "0"), ("32", "delete", "0")]),
])  # fmt: skip
def test_a_supplier_reads_what_is_taken_back(out: str, back: str, purpose: str, lines: list[Any]) -> None:
    document, context = sample(out, "taken-back")
    target = LIBRARY.get(out).target
    values = LIBRARY.get(out).run({**document, "purpose": purpose}, context)
    tree = written(target.name, str(target.set_id), values)
    read = SCHEMAS["order_change"]().load(LIBRARY.get(back).run(tree, Context(partner={})))
    assert (read["order_external_id"], read["purpose"]) == (document["reference"], purpose)
    assert of(read["lines"], "external_id", "action", "quantity") == lines


@pytest.mark.parametrize(("out", "name", "back"), [
    ("x12/855.out", "line-by-line", "x12/855.in"),
    ("x12/865.out", "line-by-line", "x12/865.in"),
    ("edifact/ordrsp.out", "line-by-line", "edifact/ordrsp.in"),
    ("edifact/ordrsp.out", "of-a-change", "edifact/ordrsp.in"),
])  # fmt: skip
def test_an_answer_says_the_same_to_who_reads_it(out: str, name: str, back: str) -> None:
    document, context = sample(out, name)
    target = LIBRARY.get(out).target
    tree = written(target.name, str(target.set_id), LIBRARY.get(out).run(document, context))
    read = SCHEMAS["acknowledgement"]().load(LIBRARY.get(back).run(tree, Context()))
    assert document["order_external_id"].startswith(read["order_external_id"])
    assert (read["status"], str(read["acknowledged_on"])) == (document["status"], document["acknowledged_on"])
    if out.startswith("x12/"):
        assert read["too_late"] == document["too_late"]
    assert (read["answers"], read.get("change_number")) == (document["answers"], document.get("change_number"))
    names = ("external_line", "sku", "ordered", "quantity", "unit")
    assert of(read["lines"], *names) == of([{"unit": "EA", **line} for line in document["lines"]], *names)
    assert [line["status"] for line in read["lines"]] == [line["status"] for line in document["lines"]]
