"""A separator too many or too few is one finding that names it as the likely cause."""

from __future__ import annotations

import pytest

from hub.edi.findings import errors
from hub.edi.validation import examine
from tests.unit.edi.conftest import ORDER, one_group, one_interchange, one_set


def errors_of(old: str, new: str):
    segments = [new if text.startswith(old) else text for text in ORDER]
    (interchange,) = examine(one_interchange(one_group(one_set(*segments))))
    return errors(interchange.all_findings())


@pytest.mark.parametrize(
    ("old", "new", "designator", "cause"),
    [
        ("PO1*1", "PO1*1*5*EA*9.5**VP*AB*C", "PO108", "separator seems to stand in the data: with 'AB*C' as PO107"),
        ("N1", "N1*ST*Store*7*92*0007", "N105", "separator seems to stand in the data: with 'Store*7' as N102"),
        ("N3", "N3*1*Main*Street", "N303", "separator seems to stand in the data: with '1*Main' as N301"),
        ("PO1*1", "PO1*1*5*EA*9.25*UP*012345678905*VN*A-1", "PO106", "left out: with PO105 empty"),
        ("REF", "REF*DP*38PER*IC*Ada", "REF04-2", "terminator seems to be missing before 'PER' in REF02"),
    ],
)
def test_a_shifted_segment_is_one_finding_with_its_cause(old, new, designator, cause):
    (fault,) = errors_of(old, new)
    assert fault.designator == designator and cause in fault.message and fault.message.endswith("."), fault


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("N4", "N4*Ames*Iowa"),
        ("PO1*1", "PO1*1*5*EA*9.25**UP"),
        ("REF", "REF*DP"),
        ("REF", "REF*DPXX*38"),
        ("N1", "N1*ST*Store 7*92"),
        ("PID", "PID*Q****Widget"),
    ],
)
def test_a_fault_that_no_separator_explains_names_none(old, new):
    (fault,) = errors_of(old, new)
    assert "seems" not in fault.message


def test_faults_that_one_separator_does_not_explain_stay_apart():
    assert [f.designator for f in errors_of("PO1*1", "PO1*1*five*EAEA*9.25**UP*012345678905")] == ["PO102", "PO103"]


def test_what_a_faulty_element_calls_for_is_no_second_fault():
    assert [f.designator for f in errors_of("N1", "N1*ST*Store 7*92XX")] == ["N103"]


def test_a_terminator_in_a_text_is_one_finding():
    """SE01 cannot have counted what it made of the segment."""
    segments = [text.replace("Widget", "Wid~get blue") for text in ORDER]
    data = one_interchange(one_group(one_set(*segments))).replace(b"SE*12", b"SE*11")
    (fault,) = errors(next(iter(examine(data))).all_findings())
    assert (fault.code, fault.value) == ("edi.segment-unrecognised", "get blue")
    assert fault.message.endswith("a terminator seems to stand in the data of the segment before it.")
