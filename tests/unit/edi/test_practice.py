"""What partners really send: forms that break no document, and faults that are told once however often they show."""

from __future__ import annotations

import pytest

from hub.edi.findings import errors
from hub.edi.validation import examine
from tests.unit.edi.conftest import ORDER, one_group, one_interchange, one_set

WHOLE = one_interchange(one_group(one_set(*ORDER))).decode()


def found(data: str | bytes):
    (interchange,) = examine(data.encode() if isinstance(data, str) else data)
    return interchange, [f.code for f in errors(interchange.all_findings())]


def body(set_id: str, functional_id: str, *segments: str, version: str = "004010") -> list[str]:
    group = one_group(one_set(*segments, set_id=set_id), functional_id=functional_id, version=version)
    return found(one_interchange(group))[1]


@pytest.mark.parametrize("end", ["\n", "\r\n", " \n", "\t\r\n"])
def test_blanks_at_the_end_of_lines_that_end_segments_are_no_data(end):
    interchange, codes = found(WHOLE.replace("~", end))
    (one,) = interchange.sets
    assert codes == [] and one.control_number == "0001" and one.tree is not None
    assert [s[-1] for s in one.tree.root.walk() if s[0] == "N4"] == ["50010"]


def test_a_terminator_lost_before_an_indented_line_is_found():
    lines = "".join(f"  {line}~\n" for line in WHOLE.split("~")[1:-1]).replace("*0007~\n", "*0007\n")
    interchange, codes = found(WHOLE[:106] + "\n" + lines)
    assert codes == []
    assert [f.code for f in next(interchange.sets).findings] == ["edi.terminator-missing"]


def test_a_version_before_004010_writes_dates_in_six_digits_and_the_century_beside():
    segments = [text.replace("20260105", "260105") for text in ORDER]
    segments.insert(2, "DTM*010*980210***19")
    segments.insert(3, "DTM*007*****RD8*19980101-19980131")
    assert body("850", "PO", *segments, version="003040") == []
    assert body("850", "PO", *segments, version="004010") != []


@pytest.mark.parametrize("line", ["W20****1800*N*L", "W20*6*12*OZ"])
def test_a_receipt_line_may_give_a_weight_without_a_pack(line):
    segments = ("W17*F*20260105*R1", "N1*WH*Depot*91*D1", "W07*12*CA**VN*A-1***LOT-7", line, "W14*12")
    assert body("944", "RE", *segments) == []


def test_an_acknowledgement_may_name_a_composite_as_its_reference():
    note = (
        "AK1*IN*1*005010",
        "AK2*810*0001",
        "IK3*REF*57**3",
        "CTX*SITUATIONAL TRIGGER*IT1*43**5:3*C023:1325",
        "IK5*R*5",
    )
    group = one_group(one_set(*note, "AK9*R*1*1*0", set_id="999"), functional_id="FA", version="005010")
    data = one_interchange(group, isa11="^", version="00501").replace(b"*T*>~", b"*T*:~")
    assert found(data)[1] == []


def test_levels_behind_the_totals_are_told_once():
    levels = ("HL*1**S", "HL*2*1*O", "PRF*1", "HL*3*2*I", "LIN**UP*012345678905", "SN1**4*EA")
    assert body("856", "SH", "BSN*00*4711*20260105*1200", "CTT*3", *levels) == ["edi.segment-out-of-sequence"]


def test_segments_that_alternate_at_a_wrong_place_are_told_once_each():
    late = ("REF*DP*38", "DTM*010*20260105", "REF*IA*1", "DTM*001*20260106")
    assert body("850", "PO", ORDER[0], "PO1*1*5*EA", "CTT*1", *late) == ["edi.segment-out-of-sequence"] * 2


def test_a_receipt_may_number_its_lines_from_005010_on():
    lines = ("LX*1", "MAN*GM*00012345678905", "W07*12*CA**VN*A-1", "LX*2", "W07*4*CA**VN*A-2", "W14*16")
    assert body("944", "RE", "W17*F*20260105*R1", "N1*WH*Depot*91*D1", *lines, version="005010") == []
    assert "edi.segment-not-in-set" in body("944", "RE", "W17*F*20260105*R1", "N1*WH*Depot*91*D1", *lines)


def test_a_second_address_without_its_name_is_one_finding():
    party = ("N1*ST*Store 7", "N3*1 Main Street", "N4*Ames*IA*50010", "N3*2 Back Lane", "N4*Ames*IA*50011")
    assert body("850", "PO", ORDER[0], *party, "PO1*1*5*EA") == ["edi.segment-out-of-sequence"]


def test_a_document_copied_out_of_a_web_page_is_one_finding():
    (interchange,) = (examination := examine(WHOLE.replace(">", "&gt;").encode()))
    (fault,) = errors([*interchange.all_findings(), *examination.findings])
    assert fault.code == "edi.terminator-unusable" and "web page" in fault.message
