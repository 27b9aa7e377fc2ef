"""What the shipped mappings make can be written, in either syntax; what cannot is told by its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.mapping import Library
from hub.mapping.samples import samples
from hub.mapping.written import unwritable

LIBRARY = Library([Path(__file__).parents[3] / "mappings"])


@pytest.mark.parametrize(("name", "segment"), [("x12/855.out", "BAK"), ("edifact/ordrsp.out", "BGM")])
def test_a_set_without_its_first_segment_cannot_be_written(name: str, segment: str) -> None:
    mapping = LIBRARY.get(name)
    (outcome, *_) = next(samples(LIBRARY, name)).outcomes(mapping)
    assert outcome.value is not None and unwritable(mapping.target, outcome.value) == []
    beheaded = {key: value for key, value in outcome.value.items() if not key.startswith(segment)}
    assert unwritable(mapping.target, beheaded)[0][0].startswith(segment)
    assert unwritable(mapping.target, {"NOPE": "1"}) == [(mapping.target.set_id, "edi.build-key-unknown")]
