"""A control segment that is misspelt, torn or lost is one finding, and takes as little with it as can be."""

from __future__ import annotations

import pytest

from hub.edi.findings import errors
from hub.edi.x12.acknowledge import acknowledge
from hub.edi.x12.ta1 import acknowledge_interchange
from hub.edi.x12.validation import examine
from tests.unit.edi.conftest import ORDER, one_group, one_interchange, one_set

WHOLE = one_interchange(one_group(one_set(*ORDER), one_set(*ORDER, number="0002")))


def examined(old: bytes, new: bytes):
    assert old in WHOLE
    (interchange,) = examine(WHOLE.replace(old, new, 1))
    return interchange, errors(interchange.all_findings())


@pytest.mark.parametrize(
    ("old", "new", "sets", "code", "sentence"),
    [
        (b"GS*PO*", b"gs*PO*", 2, "edi.control-segment-misspelt", "it was read as GS, "),
        (b"GS*PO*", b"gs*po*", 2, "edi.control-segment-misspelt", "it was read as GS, "),
        (b"GS*PO*", b"GS*po*", 2, "edi.group-not-supported", "GS01 is not a functional identifier of two characters."),
        (b"GS*PO*", b"GX*PO*", 2, "edi.group-header-missing", "GS is missing; 'GX*PO*SENDER*RECEIVER"),
        (b"ST*850*0002", b"st*850*0002", 2, "edi.control-segment-misspelt", "it was read as ST, "),
        (b"ST*850*0002", b"T*850*0002", 1, "edi.set-header-missing", "'T*850*0002' stands where it was expected."),
        (b"SE*11*0002", b"Se*11*0002", 2, "edi.control-segment-misspelt", "it was read as SE, "),
        (b"GE*2*1", b"ge*2*1", 2, "edi.control-segment-misspelt", "it was read as GE, "),
        (b"IEA*1*", b"iea*1*", 2, "edi.control-segment-misspelt", "it was read as IEA, "),
        (b"IEA*1*", b"IE*1*", 2, "edi.interchange-trailer-missing", "'IE*1*000000001' stands where it was expected."),
    ],
)  # fmt: skip
def test_a_broken_control_segment_is_one_finding(old, new, sets, code, sentence):
    interchange, found = examined(old, new)
    assert [f.code for f in found] == [code] and sentence in found[0].message, found
    assert len(list(interchange.sets)) == sets


def test_small_letters_everywhere_are_told_once_per_level():
    (interchange,) = examine(WHOLE[:106] + WHOLE[106:].lower())
    found = errors(interchange.all_findings())
    assert [f.code for f in found if f.code.endswith(("misspelt", "unrecognised"))] == [
        "edi.control-segment-misspelt", "edi.segment-unrecognised", "edi.segment-unrecognised"
    ]  # fmt: skip


def test_what_can_be_read_is_accepted_with_the_fault_noted():
    interchange, _ = examined(b"ST*850*0002", b"st*850*0002")
    (group,) = acknowledge(interchange)
    assert [(one.code, one.codes) for one in group.sets] == [("A", []), ("E", ["5"])]
    interchange, _ = examined(b"GS*PO*", b"gs*po*")
    decision = acknowledge_interchange(interchange)
    assert (decision.code, decision.note, acknowledge(interchange)[0].functional_id) == ("E", "024", "PO")


def test_an_se_whose_terminator_before_it_was_lost_closes_its_set():
    lines = WHOLE.decode().replace("~", "~\n").replace("CTT*2~\nSE*11*0002", "CTT*2\nSE*11*0002")
    (interchange,) = examine(lines.encode())
    one = list(interchange.sets)[1]
    assert one.trailer == ["11", "0002"] and not errors(interchange.all_findings())
    assert any(f.code == "edi.terminator-missing" for f in one.findings)
