"""The totals a document states about itself are compared with what stands in it."""

from __future__ import annotations

import pytest

from hub.edi.findings import errors
from hub.edi.grammars.check import check_file
from hub.edi.inbound import Terms, apply_rules
from hub.edi.partner.profile import Profile
from hub.edi.validation import examine
from hub.edi.x12.acknowledge import acknowledge
from hub.edi.x12.validation import examine as examine_x12
from tests.unit.edi.conftest import one_group, one_interchange, one_set

CODE = "edi.control-total-differs"
ORDER = ("BEG*00*SA*4711**20260105", "PO1*1*5*EA*9.25**UP*012345678905", "PO1*2*2.5*EA*1**UP*012345678905")
LEVELS = ("BSN*00*1*20260105*1200", "HL*1**S", "HL*2*1*O", "PRF*1", "HL*3*2*I", "LIN**UP*012345678905", "SN1**4*EA")
MESSAGE = (
    "UNH+1+ORDERS:D:96A:UN'BGM+220+1+9'DTM+137:20260105:102'LIN+1'QTY+21:5'LIN+2'QTY+21:3'QTY+59:6'UNS+S'{}UNT+{}+1'"
)


def x12(*segments: str, functional_id: str = "PO", set_id: str = "850", rules=None):
    data = one_interchange(one_group(one_set(*segments, set_id=set_id), functional_id=functional_id))
    (interchange,) = examine_x12(data)
    apply_rules(interchange, Terms(Profile(rules=rules or {})))
    return interchange


def told(interchange) -> list[tuple[str, str]]:
    return [(f.designator, f.message) for f in interchange.all_findings() if f.code == CODE]


@pytest.mark.parametrize("total", ["CTT*2", "CTT*2*7.5", "CTT*2*30", "CTT*02*7.50"])
def test_a_total_that_agrees_is_not_told(total):
    """A hash total adds up digits without their decimal point; many senders add up the numbers."""
    assert x12(*ORDER, total).all_findings() == []


@pytest.mark.parametrize(
    ("total", "designator", "message"),
    [
        ("CTT*3", "CTT01", "CTT01 (Number of line items) says 3, but the document holds 2 PO1."),
        ("CTT*2*9", "CTT02", "CTT02 (Hash total) says 9, but the document holds a sum of 7.5 in PO102."),
        ("CTT*3*9", "CTT01", "CTT01 (Number of line items) says 3, but the document holds 2 PO1."),
    ],
)
def test_a_total_that_differs_is_one_warning(total, designator, message):
    assert told(x12(*ORDER, total)) == [(designator, message)]


@pytest.mark.parametrize(("total", "agrees"), [("CTT*3", True), ("CTT*1*4", True), ("CTT*2", False)])
def test_a_ship_notice_counts_levels_or_items(total, agrees):
    assert (told(x12(*LEVELS, total, functional_id="SH", set_id="856")) == []) is agrees


def test_a_total_of_what_is_missing_is_no_second_fault():
    interchange = x12(ORDER[0], "CTT*1")
    assert [f.code for f in interchange.all_findings()] == ["edi.segment-missing"]


def test_a_partner_can_make_it_an_error_that_is_acknowledged():
    interchange = x12(*ORDER, "CTT*3", rules={CODE: "error"})
    (group,) = acknowledge(interchange)
    assert [(one.code, one.codes) for one in group.sets] == [("E", ["5"])]
    assert not errors(x12(*ORDER, "CTT*3").all_findings())


@pytest.mark.parametrize(
    ("totals", "designators"),
    [
        ("CNT+2:2'", []),
        ("CNT+1:8'", []),
        ("CNT+1:14'", []),
        ("CNT+2:3'", ["CNT01-2"]),
        ("CNT+1:9'", ["CNT01-2"]),
        ("CNT+7:1'", []),
    ],
)
def test_an_edifact_message_states_totals_by_code(totals, designators):
    body = MESSAGE.format(totals, 9 + totals.count("'") + 1)
    (interchange,) = examine(f"UNB+UNOA:3+A:14+B:14+260105:1200+1'{body}UNZ+1+1'".encode())
    assert [designator for designator, _ in told(interchange)] == designators


def test_an_own_grammar_names_totals_that_exist(tmp_path):
    path = tmp_path / "850.yaml"
    path.write_text(
        "set: '850'\nname: Order\nfunctional_id: PO\ncontrols: {CTT01: QQQ}\nbody: [BEG M 1, PO1 M 9, CTT O 1]\n"
    )
    (problem,) = check_file(path, "x12")
    assert problem.startswith("controls: CTT01: QQQ does not name")
