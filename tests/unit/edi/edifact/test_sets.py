"""One specimen of every message type: it is clean in both directories, nests as it should, and comes back the same."""

from __future__ import annotations

from datetime import datetime

import pytest

from hub.edi.edifact.validation import examine
from hub.edi.edifact.writer import Envelope, message, write
from hub.edi.grammars.library import BUILT_IN, default_library
from hub.edi.specimen import specimen as make_specimen
from hub.edi.specimen import specimens
from hub.edi.tree import Loop

ENVELOPE = Envelope("4012345000009", "4012345000016", "REF1", datetime(2026, 1, 6, 9, 30))
SPECIMENS = {kind: segments for kind, segments in specimens("edifact").items() if " " not in kind}


@pytest.fixture(params=[(kind, version) for kind in SPECIMENS for version in ("D96A", "D01B")], ids="-".join)
def specimen(request, parts):
    """The bytes of a specimen in a directory."""
    kind, version = request.param
    one_message, _, one_interchange = parts
    directory = "D:3" if kind == "CONTRL" else f"{version[0]}:{version[1:]}"
    segments = make_specimen(default_library("edifact"), kind, version) or []
    return one_interchange(one_message(*segments, kind=kind, directory=directory))


def test_a_specimen_has_no_findings_and_is_written_again_as_it_was(specimen, found):
    assert found(specimen) == []
    ((one,),) = [list(i.sets) for i in examine(specimen)]
    again = write([message(one.set_id, one.tree.root, "1", one.version, association="EAN008")], ENVELOPE)
    assert again.partition(b"UNH")[2].rpartition(b"UNT")[0] == specimen.partition(b"UNH")[2].rpartition(b"UNT")[0]


def test_every_grammar_has_a_specimen():
    assert {path.stem for path in (BUILT_IN / "edifact").glob("[A-Z]*.yaml")} == set(SPECIMENS)


def test_packages_nest_by_the_level_they_name(parts):
    one_message, _, one_interchange = parts
    (interchange,) = examine(one_interchange(one_message(*SPECIMENS["DESADV"], kind="DESADV")))
    (root,) = [one.tree.root for one in interchange.sets]
    (top,) = root.loops("SG10")
    inner = list(top.loops("SG10"))
    assert [level.trigger[1] for level in (top, *inner)] == ["1", "2", "3"]
    assert all(isinstance(next(level.loops("SG15")), Loop) for level in inner)
