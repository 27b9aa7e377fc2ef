"""Grammars of a user's own replace what they name; a partner's rules say what is an error."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hub.edi.grammars.check import check_file, check_folder
from hub.edi.grammars.library import Library
from hub.edi.inbound import Terms, apply_rules
from hub.edi.partner.profile import Profile
from hub.edi.x12.acknowledge import acknowledge
from hub.edi.x12.validation import examine


@pytest.fixture
def own(tmp_path):
    """`own(name, text)` writes a file of the partner's and gives the folder."""

    def write(name, text, standard="x12"):
        (tmp_path / standard).mkdir(exist_ok=True)
        (tmp_path / standard / name).write_text(text)
        return tmp_path

    return write


def faults(data, folder, **options):
    return [f for i in examine(data, Library([folder]), **options) for f in i.all_findings()]


def test_a_partners_element_counts_in_place_of_the_standards(x12, own):
    folder = own("elements.yaml", "324: {name: Their order number, type: N0, length: 6 6}")
    (fault,) = faults(x12(), folder)
    assert (fault.code, fault.kind, fault.designator) == ("edi.element-too-short", "partner", "BEG03")
    assert "Their order number" in fault.message
    assert faults(x12("BEG*00*SA*123456**20260105", "PO1*1*5*EA"), folder) == []


def test_a_partners_limits_count_in_every_version(x12, own):
    folder = own("elements.yaml", "324: {name: Their order number, type: N0, length: 2 3}")
    own("850.yaml", "name: Order\nfunctional_id: PO\nbody: [BEG M 1, {loop: PO1 M 2, of: [PO1 M 1]}]")
    data = x12("BEG*00*SA*4711**20260105", *["PO1*1*5*EA"] * 3, version="004030")
    errors = [(f.code, f.kind) for f in faults(data, folder) if f.is_error]
    assert errors == [("edi.element-too-long", "partner"), ("edi.loop-over-maximum", "partner")]


def test_a_partners_segment_may_demand_more(x12, own):
    folder = own("segments.yaml", "REF: {name: Reference, elements: [128 M, 127 M, 352 M]}")
    (fault,) = faults(x12(), folder)
    assert (fault.code, fault.kind, fault.designator) == ("edi.element-missing", "partner", "REF03")


def test_a_partners_body_may_allow_less(x12, own):
    body = "[BEG M 1, REF M 2, {loop: PO1 M 2, of: [PO1 M 1, PID O 1]}]"
    folder = own("850.yaml", f"name: Order\nfunctional_id: PO\nbody: {body}")
    found = faults(x12("BEG*00*SA*1**20260105", "PO1*1*5*EA"), folder)
    assert [(f.code, f.kind) for f in found] == [("edi.segment-missing", "partner")]


def test_a_set_of_ones_own_is_read(x12, own):
    folder = own("130.yaml", "name: Own\nfunctional_id: ED\nbody: [BEG M 1, REF O *]")
    data = x12("BEG*00*SA*1**20260105", "REF*DP*1", set_id="130", functional_id="ED")
    assert faults(data, folder) == []


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("elements.yaml", "324: {name: Number, type: AN, length: 6}", "324: length '6' of data element 324"),
        ("elements.yaml", "324: {name: Number, type: AN, length: 1-6}", "324: length '1-6' of data element 324"),
        ("segments.yaml", "REF: {name: R, elements: [128 m, 127]}", "element '128 m' is not of the form"),
        ("segments.yaml", "REF: {name: R, elements: [128M]}", "data element 128M is used but not described"),
        ("850.yaml", "name: [", "not valid YAML"),
        ("850.yaml", "- 1", "a mapping was expected"),
        ("130.yaml", "functional_id: PO", "'body' is missing"),
        ("850.yaml", "body: [BEG M]", "is not of the form"),
        (
            "850.yaml",
            "body: [BEG M 1, PO1 O 1, CTT O 1, QQQ O 1]",
            "segment QQQ stands in the body but is not described",
        ),
        ("850.yaml", "totals: {CTT01: QQQ}", "CTT01: QQQ"),
        ("segments.yaml", "REF: {name: R, elements: [99999]}", "data element 99999 is used but not described"),
        ("segments.yaml", "REF: {elements: [128]}", "'name' is missing"),
        ("segments.yaml", "REF: {name: R, elements: [128 M], notes: R0203}", "REF: note R 02 03 names elements"),
        ("elements.yaml", "127: {name: R, type: XX, length: 1 3}", "type 'XX' is none of"),
        ("elements.yaml", "127: {name: R, type: AN, length: 3 1}", "length 3 1"),
        ("orders.yaml", "name: X", "the name is none of"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_words(own, name, text, problem):
    folder = own(name, text)
    (found,) = check_folder(folder)
    assert found.startswith(f"x12/{name}: ") and problem in found
    assert check_file(folder / "x12" / name, "x12") == [found.partition(": ")[2]]


def test_the_built_in_files_and_good_ones_have_no_problem(own):
    from hub.edi.grammars.library import BUILT_IN

    assert check_folder(BUILT_IN) == []
    assert check_folder(own("elements.yaml", "324: {name: Number, type: AN, length: 1 30}")) == []


def judged(data, rules):
    """The one interchange of a file, judged by a partner's rules."""
    (interchange,) = examine(data)
    apply_rules(interchange, Terms(Profile(rules=rules)))
    return interchange


def test_a_rule_of_the_partner_decides_what_is_an_error(x12, order_segments):
    data = x12(*[s.replace("REF*DP*38", "REF*DP*" + "9" * 31) for s in order_segments])
    rules = {"edi.element-too-long": "warning"}
    interchange = judged(data, rules)
    assert [f.severity for f in interchange.all_findings()] == ["warning"]
    assert acknowledge(interchange)[0].code == "A"
    interchange = judged(data, {**rules, "edi.element-too-long REF02": "error"})
    assert acknowledge(interchange)[0].code == "E"
    gap = x12("BEG*00*QQ*1**20260105", "PO1*1*5*EA")
    interchange = judged(gap, {"edi.code-undescribed": "error"})
    assert [(f.kind, f.severity) for f in interchange.all_findings()] == [("gap", "error")]
    assert acknowledge(interchange)[0].code == "A", "a gap is never told to the partner"


def test_the_grammars_of_the_docs_are_sound(tmp_path):
    page = (Path(__file__).resolve().parents[3] / "docs" / "edi-grammars.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n(# ((?:x12|edifact)/\S+\.yaml).*?)^```", page, re.MULTILINE | re.DOTALL)
    assert {name for _, name in blocks} >= {"x12/864.yaml", "x12/segments.yaml", "edifact/elements.yaml"}
    for text, name in blocks:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        with (tmp_path / name).open("a", encoding="utf-8") as file:
            file.write(text)
    assert check_folder(tmp_path) == []
    assert Library([tmp_path]).grammar("864", "004010").partner
