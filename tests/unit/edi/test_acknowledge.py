"""997s: deciding, writing, never answering an acknowledgement, and reading those of others."""

from __future__ import annotations

from datetime import datetime

import pytest

from hub.edi.tree import Loop
from hub.edi.validation import examine
from hub.edi.x12.acknowledge import STRICT, acknowledge, acknowledge_group, write_answer
from hub.edi.x12.received import read_acknowledgement
from hub.edi.x12.writer import transaction_set

WHEN = datetime(2026, 1, 6, 9, 30)


def answered(data, policy=None):
    """The decision on the first group, and its 997 as bytes."""
    interchange = next(examine(data))
    decision = acknowledge_group(interchange.groups[0], policy)
    if decision.root is None:
        return decision, b""
    group = interchange.groups[0]
    answer = write_answer(decision, interchange, group, interchange_control_number=7, group_control_number=8, when=WHEN)
    return decision, answer


def lines(data):
    return data.decode().split("~")[3:-4]


def test_a_clean_group_is_accepted(x12, found):
    decision, answer = answered(x12())
    assert (decision.code, decision.accepted) == ("A", True)
    assert lines(answer) == ["AK1*PO*1", "AK2*850*0001", "AK5*A", "AK9*A*1*1*1"]
    assert found(answer) == []


def test_sender_and_receiver_are_swapped_and_usage_kept(x12):
    data = x12().replace(b"GS*PO*SENDER*RECEIVER", b"GS*PO*DEPT1*DEPT2")
    answer = answered(data)[1].decode()
    assert answer.startswith(
        "ISA*00*          *00*          *ZZ*RECEIVER       *ZZ*SENDER         *260106*0930*U*00401*000000007*0*T*>~"
        "GS*FA*DEPT2*DEPT1*20260106*0930*8*X*004010~ST*997*0001~"
    )


def test_story_45_the_answer_keeps_the_inbound_version_and_delimiters(x12, found):
    data = x12(version="005010").replace(b"*", b"|").replace(b"~", b"\n").replace(b"^", b"!")
    answer = answered(data)[1]
    assert b"|!|00501|" in answer and b"|X|005010\n" in answer
    assert found(answer) == []


def test_errors_are_noted_with_segment_element_and_value(x12, order_segments, found):
    segments = [s.replace("BEG*00", "BEG*99").replace("*5*EA*", "*five*EAX*") for s in order_segments]
    decision, answer = answered(x12(*segments))
    assert decision.code == "E" and decision.sets[0].accepted
    assert lines(answer) == [
        "AK1*PO*1",
        "AK2*850*0001",
        "AK3*BEG*2**8",
        "AK4*1*353*7*99",
        "AK3*PO1*7*PO1*8",
        "AK4*2*330*6*five",
        "AK4*3*355*5*EAX",
        "AK5*E*5",
        "AK9*E*1*1*1",
    ]
    assert found(answer) == []


def test_a_component_is_named_by_its_position(x12):
    segments = ["BEG*00*SA*1**20260105", "PO1*1*5*EA", "CTP***9.99*1*EA>x"]
    assert "AK4*5>2*1018*6*x" in lines(answered(x12(*segments))[1])


def test_a_missing_mandatory_segment_rejects_the_set_and_a_policy_can_reject_more(x12, order_segments):
    decision, answer = answered(x12(*order_segments[1:]))
    assert (decision.code, decision.sets[0].code) == ("R", "R")
    assert "AK3*BEG*2**3" in lines(answer) and "AK9*R*1*1*0" in lines(answer)
    wrong = x12(*[s.replace("BEG*00", "BEG*99") for s in order_segments])
    assert answered(wrong)[0].code == "E"
    assert answered(wrong, STRICT)[0].code == "R"


def test_one_rejected_set_of_two_makes_the_group_partly_accepted(parts, order_segments, found):
    one_set, one_group, one_interchange = parts
    sets = [one_set(*order_segments), one_set(*order_segments[1:], number="0002")]
    decision, answer = answered(one_interchange(one_group(*sets)))
    assert (decision.code, [one.code for one in decision.sets]) == ("P", ["A", "R"])
    assert lines(answer)[-1] == "AK9*P*2*2*1"
    assert found(answer) == []


def test_gaps_and_tolerances_change_nothing(x12, order_segments):
    data = x12(*order_segments[:1], "NX2*01*X", *order_segments[1:]).replace(b"~", b"~\r\n")
    decision, answer = answered(data)
    assert decision.code == "A"
    assert b"AK3" not in answer


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        (b"ST*850*", b"ST*100*", ["1"]),
        (b"SE*11*0001~", b"", ["2"]),
        (b"SE*11*0001~", b"SE*11*0002~", ["3"]),
        (b"SE*11*", b"SE*12*", ["4"]),
        (b"REF*DP*38", b"REF*DPX*38*", ["5"]),
        (b"GS*PO*", b"GS*IN*", ["6"]),
        (b"*0001~", b"*001~", ["7"]),
    ],
)
def test_each_set_code_has_a_document_that_provokes_it(x12, found, old, new, codes):
    data = x12().replace(old, new)
    if codes == ["5"]:
        data = data.replace(b"REF*DPX*38*", b"REF*DPXX*38")
    decision, answer = answered(data)
    assert decision.sets[0].codes == codes
    assert [f for f in found(answer) if f.is_error] == []


@pytest.mark.parametrize(
    ("old", "new", "codes", "code"),
    [
        (b"X*004010~", b"X*4~", ["2"], "R"),
        (b"GE*1*1~", b"", ["3"], "E"),
        (b"GE*1*1~", b"GE*1*2~", ["4"], "E"),
        (b"GE*1*1~", b"GE*2*1~", ["5"], "E"),
    ],
)
def test_each_group_code_has_a_document_that_provokes_it(x12, found, old, new, codes, code):
    decision, answer = answered(x12().replace(old, new))
    assert (decision.codes, decision.code) == (codes, code)
    assert [f for f in found(answer) if f.is_error] == []


def test_a_group_rejected_as_a_whole_rejects_its_sets(x12):
    decision, _ = answered(x12().replace(b"X*004010~", b"X*4~"))
    assert [one.accepted for one in decision.sets] == [False]


def test_a_repeated_group_is_rejected(parts, order_segments):
    one_set, one_group, one_interchange = parts
    group = one_group(one_set(*order_segments))
    first, second = acknowledge(next(examine(one_interchange(group, group))))
    assert (first.code, second.code, second.codes) == ("A", "R", ["19"])


def test_an_acknowledgement_is_never_acknowledged(x12):
    _, answer = answered(x12())
    decision, again = answered(answer)
    assert decision.functional_id == "FA" and decision.root is None and again == b""


def test_values_that_would_break_the_answer_do_not(x12, order_segments, found):
    bad = ["BEG*00*SA*" + "x" * 300 + "**20260105", "A*1", "LONGID*2", "ref*DP*1", *order_segments[1:]]
    decision, answer = answered(x12(*bad).replace(b"x" * 50, b"x" * 49 + b"\x01"))
    assert decision.sets[0].errors
    assert [f for f in found(answer) if f.is_error] == []


def test_reading_a_received_acknowledgement():
    text = (
        "ISA*00*          *00*          *ZZ*PARTNER        *ZZ*US             *260106*0930*U*00401*000000007*0*T*>~"
        "GS*FA*PARTNER*US*20260106*0930*8*X*004010~ST*997*0001~AK1*PR*12~AK2*855*0001~AK5*A~AK2*855*0002~"
        "AK3*BAK*2**8~AK4*3*324*5*TOO LONG~AK4*5>2**1~AK3*PO1*5*PO1*3~AK5*R*5~AK9*P*2*2*1~SE*12*0001~"
        "GE*1*8~IEA*1*000000007~"
    )
    ((one,),) = [list(i.sets) for i in examine(text.encode())]
    result = read_acknowledgement(one.tree)
    assert (result.functional_id, result.control_number, result.code, result.accepted) == ("PR", "12", "P", False)
    assert (result.included, result.received, result.accepted_count) == ("2", "2", "1")
    assert result.accepts("855", "0001") and not result.accepts("855", "0002")
    assert not result.accepts("855", "0003")
    assert result.sets[1].codes == ["5"]
    assert result.sets[1].errors == [
        "segment 2 (BAK), element 3: value too long (5)",
        "segment 2 (BAK), element 5 component 2: mandatory element missing (1)",
        "segment 5 (PO1): mandatory segment missing (3)",
    ]


def test_reading_an_empty_acknowledgement_gives_empty_answers():
    result = read_acknowledgement(transaction_set("997", Loop("997"), "0001"))
    assert (result.functional_id, result.code, result.accepted, result.sets) == ("", "", False, [])
