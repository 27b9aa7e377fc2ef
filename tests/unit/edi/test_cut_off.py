"""A file that was cut off is one fault, wherever the cut is; what is owed for it names every envelope left open."""

from __future__ import annotations

import pytest

from hub.edi.findings import errors
from hub.edi.x12.acknowledge import STRICT, acknowledge
from hub.edi.x12.ta1 import acknowledge_interchange
from hub.edi.x12.validation import examine
from tests.unit.edi.conftest import ORDER, one_group, one_interchange, one_set

WHOLE = one_interchange(one_group(one_set(*ORDER), one_set(*ORDER, number="0002")))
IN_SET = WHOLE[: WHOLE.rindex(b"PO1*2") + 9]
IN_LINE = WHOLE[: WHOLE.rindex(b"N4*Ames") + 4]
BEHIND_BEG = WHOLE[: WHOLE.rindex(b"REF*DP")]
BEHIND_SE = WHOLE[: WHOLE.rindex(b"GE*")]
BEHIND_GE = WHOLE[: WHOLE.rindex(b"IEA*")]
SE_AND_GE_LOST = BEHIND_BEG + WHOLE[WHOLE.rindex(b"IEA*") :]


def examined(data: bytes):
    (interchange,) = examine(data)
    return interchange, [f.code for f in errors(interchange.all_findings())]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (IN_SET, "edi.set-trailer-missing"),
        (IN_LINE, "edi.set-trailer-missing"),
        (BEHIND_BEG, "edi.set-trailer-missing"),
        (BEHIND_SE, "edi.group-trailer-missing"),
        (BEHIND_GE, "edi.interchange-trailer-missing"),
        (SE_AND_GE_LOST, "edi.set-trailer-missing"),
    ],
)
def test_a_cut_is_one_finding(data, code):
    assert examined(data)[1] == [code]


def test_a_cut_inside_a_set_says_so_and_leaves_the_set_before_it_alone():
    interchange, _ = examined(IN_SET)
    first, second = interchange.sets
    assert not first.findings and second.findings[-1].message.endswith("before SE; the file was cut off.")


@pytest.mark.parametrize("data", [IN_SET, IN_LINE, BEHIND_BEG, BEHIND_SE])
def test_what_is_owed_names_the_trailers_of_the_envelopes_around_the_cut(data):
    interchange, _ = examined(data)
    (group,) = acknowledge(interchange, STRICT)
    assert group.codes == ["3"]
    assert [one.codes for one in group.sets][-1] == ([] if data is BEHIND_SE else ["2"])
    decision = acknowledge_interchange(interchange)
    assert (decision.code, decision.note) == ("R", "023")
    assert decision.error is not None and decision.error.code == "edi.interchange-trailer-missing"


def test_where_only_inner_trailers_are_lost_the_interchange_is_taken_in():
    interchange, _ = examined(SE_AND_GE_LOST)
    assert acknowledge(interchange)[0].codes == ["3"]
    assert acknowledge_interchange(interchange).accepted


def test_a_fault_before_the_cut_is_told_too():
    assert examined(IN_SET.replace(b"N4*Ames", b"N4*A", 2))[1].count("edi.element-too-short") == 2
