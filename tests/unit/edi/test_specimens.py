"""The specimens that `hub edi new` prints: clean in every version that has the set, and told apart by it."""

from __future__ import annotations

from datetime import datetime

import pytest
from click.testing import CliRunner

from hub.cli.edi import edi
from hub.edi.findings import EdiError
from hub.edi.grammars.check import check_file
from hub.edi.grammars.library import BUILT_IN, Library, default_library
from hub.edi.specimen import specimen_file, specimen_root
from hub.edi.validation import examine

NOON = datetime(2026, 1, 5, 12)


def every_set(standard):
    """Every set that is described, in every version that has it."""
    library = default_library(standard)
    names = sorted(path.stem for path in (BUILT_IN / standard).glob("[0-9A-Z]*.yaml"))
    return [(name, version) for name in names for version in library.versions(name)]


@pytest.mark.parametrize("standard", ["x12", "edifact"])
def test_each_is_clean_in_every_version_that_has_the_set(standard):
    for set_id, version in every_set(standard):
        data = specimen_file(set_id, version, NOON, default_library(standard))
        examination = examine(data)
        found = [f for one in examination for f in one.all_findings()]
        assert {f.code for f in found} <= {"edi.line-break-after-terminator"}, (set_id, version, found)


def test_without_a_version_it_is_the_oldest_that_has_the_set():
    assert b"X*004010~" in specimen_file("997", "", NOON, default_library())
    assert b"X*005010~" in specimen_file("999", "", NOON, default_library())
    assert b"+CONTRL:D:3:UN'" in specimen_file("CONTRL", "", NOON, default_library("edifact"))


def test_a_version_that_lacks_the_set_is_refused():
    assert default_library().versions("999") == ("005010",)
    assert default_library().versions("NOSET") == ()
    with pytest.raises(EdiError, match="came with 005010"):
        specimen_file("999", "004030", NOON, default_library())


def test_numbers_have_the_decimal_mark_asked_for_and_other_texts_keep_theirs():
    library = default_library("edifact")
    lines = list(specimen_root(library, "INVOIC", "D96A", ",").walk())
    plain = list(specimen_root(library, "INVOIC", "D96A").walk())
    changed = {str(one[0]) for one, other in zip(lines, plain, strict=True) if one != other}
    assert {"PRI", "MOA"} <= changed <= {"PRI", "MOA", "QTY", "TAX", "PCD", "MEA"}


def test_a_set_of_ones_own_is_filled_by_its_grammar(tmp_path):
    (tmp_path / "x12").mkdir()
    (tmp_path / "x12" / "850.yaml").write_text("name: Order\nfunctional_id: PO\nbody: [BEG M 1, CUR M 1]")
    library = Library([tmp_path])
    data = specimen_file("850", "004010", NOON, library)
    (one,) = [found for interchange in examine(data, library) for found in interchange.sets]
    assert [segment[0] for segment in one.tree.root.walk()] == ["BEG", "CUR"] and one.findings == []


def test_a_set_that_came_with_no_version_is_told(tmp_path):
    (tmp_path / "850.yaml").write_text("{name: Order, functional_id: PO, since: 5010, body: [BEG M 1]}")
    assert check_file(tmp_path / "850.yaml", "x12") == ["850.yaml: since '5010' is no version, such as 004010"]


@pytest.mark.parametrize(
    ("asked", "meant"),
    [("order", "ORDERS"), ("ordres", "ORDRSP"), ("851", "850"), ("830", "824"), ("invoice", "INVOIC or 810")],
)
def test_a_set_that_is_not_known_brings_the_nearest_and_all_that_are(asked, meant):
    said = CliRunner().invoke(edi, ["new", asked])
    assert said.exit_code == 2 and f"Did you mean {meant}?" in said.stderr
    listed = {line.split()[0] for line in said.stderr.splitlines() if line.startswith("  ")}
    assert listed == {name for standard in ("x12", "edifact") for name, _ in every_set(standard)}


def test_where_nothing_is_near_nothing_is_guessed():
    assert "Did you mean" not in CliRunner().invoke(edi, ["new", "xyz"]).stderr


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("ta1", "hub edi ack FILE --answer-interchanges always"),
        ("ISA", "belongs to the envelope"),
        ("UNH", "belongs to the envelope"),
        ("4010", "hub edi new SET --version 004010"),
        ("d.96a", "hub edi new SET --version D96A"),
    ],
)
def test_what_is_no_set_of_its_own_says_what_to_ask_for(asked, says):
    said = CliRunner().invoke(edi, ["new", asked])
    assert said.exit_code == 2 and said.stderr.startswith("edi.build-set-unknown: ") and says in said.stderr
