"""Every shipped mapping passes its samples, in both forms, and the samples hold nobody's data."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.edi.validation import examine
from hub.mapping import Library
from hub.mapping.pseudonyms import stand_in
from hub.mapping.samples import Sample, samples
from hub.mapping.trial import context_of, documents

FOLDER = Path(__file__).parents[2] / "mappings"
LIBRARY = Library([FOLDER])
ALL = [(name, sample) for name in LIBRARY.names() for sample in samples(LIBRARY, name)]


@pytest.mark.parametrize(("name", "sample"), ALL, ids=lambda part: part.name if isinstance(part, Sample) else part)
def test_a_sample_becomes_what_is_expected_of_it(name: str, sample: Sample) -> None:
    assert sample.differences(LIBRARY.get(name)) == []


@pytest.mark.parametrize(("name", "sample"), ALL, ids=lambda part: part.name if isinstance(part, Sample) else part)
def test_a_sample_that_is_right_needs_no_closure(name: str, sample: Sample) -> None:
    """The generated function maps it, and like the closures."""
    if sample.file("errors") is not None:
        return
    mapping = LIBRARY.get(name)
    body = sample.file("document")
    assert body is not None and mapping._direct is not None
    context = context_of(mapping, sample.file("context"), sample.file("source"))
    for document in documents(mapping.source, body):
        for part in mapping.split(document, context):
            explained = mapping.explained(part, context)
            assert explained == mapping.explain(part, context).result
            if not isinstance(part, list):  # what `group_by` put together goes through the closures
                assert mapping._direct(part, context, mapping._table_rows) == explained


@pytest.mark.parametrize(
    "path", sorted((FOLDER / "samples").glob("*/*/*/*.edi")), ids=lambda path: "/".join(path.parts[-4:-1])
)
def test_a_sample_of_edi_is_a_document_without_a_fault(path: Path) -> None:
    read = examine(path.read_bytes())
    assert [f.message for interchange in read for f in interchange.all_findings() if f.is_error] == []


def test_every_shipped_mapping_has_a_sample_and_every_sample_a_mapping() -> None:
    assert {name for name in LIBRARY.names() if not name.startswith("edifact/")} <= {name for name, _ in ALL}
    folders = {case.parent.relative_to(FOLDER / "samples") for case in (FOLDER / "samples").glob("*/*/*")}
    assert {str(folder) for folder in folders} == {name for name, _ in ALL}


def test_a_stand_in_is_another_text_of_the_same_shape() -> None:
    assert stand_in("Ada King, 12-B") != "Ada King, 12-B"
    assert [c.isalpha() for c in stand_in("Ada King, 12-B")] == [c.isalpha() for c in "Ada King, 12-B"]
    assert stand_in("ada@shop.test").endswith("@example.com") and stand_in("x") == stand_in("x")
