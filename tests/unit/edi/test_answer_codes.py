"""Every code an acknowledgement of ours can say, each with a document that provokes exactly it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from hub.edi.x12.acknowledge import Policy, acknowledge, write_answer
from hub.edi.x12.interchange import Interchange
from hub.edi.x12.ta1 import acknowledge_interchange, write_interchange_answer
from hub.edi.x12.validation import examine
from tests.unit.edi.conftest import ORDER, one_group, one_interchange, one_set

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "edi-acknowledgements.md").read_text(encoding="utf-8")
WHEN = datetime(2026, 1, 6, 9, 30)
CLEAN = one_interchange(one_group(one_set(*ORDER)))


def order(*changes: tuple[str, str], version: str = "004010") -> bytes:
    """An 850 with some of its segments replaced; `""` takes one out, text with `~` puts in several."""
    segments = list(ORDER)
    for old, new in changes:
        at = next(n for n, text in enumerate(segments) if text.startswith(old))
        segments[at : at + 1] = [one for one in new.split("~") if one]
    isa11, isa = ("^", "00501") if version >= "005010" else ("U", "00401")
    return one_interchange(one_group(one_set(*segments), version=version), isa11=isa11, version=isa)


def changed(old: bytes, new: bytes) -> bytes:
    assert old in CLEAN, old
    return CLEAN.replace(old, new)


SEGMENT = {
    "AK304 1": order(("REF", "QQQ*1")),
    "AK304 2": order(("N1", "")),
    "AK304 3": order(("BEG", "")),
    "AK304 4": order(("PID", "PID*F****Widget~" + "SAC*A*C310***1~" * 26)),
    "AK304 5": order(("BEG", "BEG*00*SA*1**20260105~BEG*00*SA*2**20260105")),
    "AK304 6": order(("REF", "W05*N*1")),
    "AK304 7": order(("CTT", "CTT*2~REF*DP*38")),
}
ELEMENT = {
    "AK403 1": order(("BEG", "BEG*00*SA***20260105")),
    "AK403 2": order(("REF", "REF*DP")),
    "AK403 3": order(("N3", "N3*1 Main Street*Gate 2*Dock 3")),
    "AK403 4": order(("N4", "N4*A")),
    "AK403 5": order(("REF", "REF*DP*" + "9" * 51)),
    "AK403 6": order(("PO1", "PO1*1*five*EA")),
    "AK403 7": order(("PID", "PID*Q****Widget")),
    "AK403 8": order(("BEG", "BEG*00*SA*1**20261399")),
    "AK403 9": order(("REF", "DTM*010*20260105*2561")),
    "AK403 10": order(("REF", "TD3*TL***G*1*LB****4000")),
    "AK403 12": order(("REF", "REF*DP*38^39"), version="005010"),
    "AK403 13": order(("REF", "REF*DP*3>8"), version="005010"),
}
SET = {
    "AK502 1": changed(b"ST*850*", b"ST*100*"),
    "AK502 2": changed(b"SE*11*0001~", b""),
    "AK502 3": changed(b"SE*11*0001~", b"SE*11*0002~"),
    "AK502 4": changed(b"SE*11*", b"SE*12*"),
    "AK502 5": order(("REF", "REF*DP*" + "9" * 51)),
    "AK502 6": changed(b"GS*PO*", b"GS*IN*"),
    "AK502 7": changed(b"*0001~", b"*001~"),
    "AK502 23": one_interchange(one_group(one_set(*ORDER), one_set(*ORDER))),
}
GROUP = {
    "AK905 1": changed(b"GS*PO*", b"GS*P*"),
    "AK905 2": changed(b"X*004010~", b"X*4~"),
    "AK905 3": changed(b"GE*1*1~", b""),
    "AK905 4": changed(b"GE*1*1~", b"GE*1*2~"),
    "AK905 5": changed(b"GE*1*1~", b"GE*2*1~"),
    "AK905 6": changed(b"*1200*1*X*", b"*1200*A*X*").replace(b"GE*1*1~", b"GE*1*A~"),
    "AK905 19": one_interchange(one_group(one_set(*ORDER)), one_group(one_set(*ORDER))),
}
INTERCHANGE = {
    "TA1 000": CLEAN,
    "TA1 001": changed(b"IEA*1*000000001", b"IEA*1*000000002"),
    "TA1 003": changed(b"*00401*", b"*00999*").replace(b"*U*", b"*^*"),
    "TA1 004": changed(b"*>~GS", b"*>XGS"),
    "TA1 005": changed(b"*ZZ*SENDER", b"*z *SENDER"),
    "TA1 006": changed(b"*SENDER         *", b"*               *"),
    "TA1 007": changed(b"*ZZ*RECEIVER", b"*z *RECEIVER"),
    "TA1 008": changed(b"*RECEIVER       *", b"*               *"),
    "TA1 010": changed(b"ISA*00*", b"ISA*  *"),
    "TA1 012": changed(b"*00*          *ZZ*SENDER", b"*??*          *ZZ*SENDER"),
    "TA1 014": changed(b"*260105*1200*U", b"*261305*1200*U"),
    "TA1 015": changed(b"*260105*1200*U", b"*260105*2500*U"),
    "TA1 017": changed(b"*00401*", b"*4010 *"),
    "TA1 018": changed(b"*000000001*0", b"*00000000A*0").replace(b"IEA*1*000000001", b"IEA*1*00000000A"),
    "TA1 019": changed(b"*0*T*", b"*2*T*"),
    "TA1 020": changed(b"*0*T*", b"*0*X*"),
    "TA1 021": changed(b"IEA*1*", b"IEA*2*"),
    "TA1 022": changed(b"GS*PO*SENDER*RECEIVER*20260105*1200*1*X*004010~", b"").replace(b"GE*1*1~", b""),
    "TA1 023": changed(b"IEA*1*000000001~", b""),
    "TA1 024": changed(b"RECEIVER*20260105*", b"RECEIVER*20261305*"),
    "TA1 026": changed(b"*", b"8"),
    "TA1 027": changed(b"*T*>~", b"*T*A~"),
}
CALLER = {"TA1 006 ": "006", "TA1 009": "009", "TA1 025": "025"}


def only(data: bytes) -> Interchange:
    (interchange,) = examine(data)
    return interchange


def answer(interchange: Interchange, policy: Policy | None = None) -> tuple[list[str], bytes]:
    """The segments of the answer to the last group, and the answer."""
    group, decision = interchange.groups[-1], acknowledge(interchange, policy)[-1]
    data = write_answer(decision, interchange, group, interchange_control_number=7, group_control_number=8, when=WHEN)
    text = data.decode().replace(interchange.delimiters.suffix, "") if interchange.delimiters.suffix else data.decode()
    return text.split(interchange.delimiters.terminator), data


def notes(segments: list[str], name: str, number: int) -> list[str]:
    found = [one.split("*") for one in segments if one.startswith(name + "*")]
    return [one[number] for one in found if len(one) > number]


def fit(data: bytes, policy: Policy) -> bytes:
    """The document in a version that has the set that answers."""
    if policy.answer == "997":
        return data
    return data.replace(b"*U*00401*", b"*^*00501*").replace(b"004010", b"005010")


BOTH = pytest.mark.parametrize("policy", [Policy(), Policy(answer="999")], ids=["997", "999"])


@BOTH
@pytest.mark.parametrize("code", [*SEGMENT, *ELEMENT])
def test_each_note_has_a_document_that_provokes_exactly_it(code, policy, found):
    segments, written = answer(only(fit({**SEGMENT, **ELEMENT}[code], policy)), policy)
    segment, element = ("IK3", "IK4") if policy.answer == "999" else ("AK3", "AK4")
    place, number = code.split()
    if place == "AK304":
        assert notes(segments, segment, 4) == [number] and notes(segments, element, 3) == []
    else:
        assert notes(segments, segment, 4) == ["8"] and notes(segments, element, 3) == [number]
    assert f"ST*{policy.answer}*" in written.decode()
    assert found(written) == []


@BOTH
@pytest.mark.parametrize("code", SET)
def test_each_set_code_has_a_document_that_provokes_exactly_it(code, policy, found):
    segments, written = answer(only(fit(SET[code], policy)), policy)
    said = [one.split("*") for one in segments if one.startswith(("AK5*", "IK5*"))]
    assert [codes for _, verdict, *codes in said if verdict != "A" or codes] == [[code.split()[1]]]
    assert found(written) == []


@pytest.mark.parametrize("code", GROUP)
def test_each_group_code_has_a_document_that_provokes_exactly_it(code, found):
    segments, written = answer(only(GROUP[code]))
    assert notes(segments, "AK9", 5) == [code.split()[1]]
    if code != "AK905 2":
        assert [f for f in found(written) if f.is_error] == []


@pytest.mark.parametrize("code", INTERCHANGE)
def test_each_interchange_code_has_a_document_that_provokes_exactly_it(code, found):
    interchange = only(INTERCHANGE[code])
    decision = acknowledge_interchange(interchange, Policy(interchange="always"))
    faults = (
        [f for f in (*interchange.findings, *interchange.groups[0].findings) if f.is_error]
        if interchange.groups
        else []
    )
    assert (decision.note, decision.owed, len(faults) <= 1) == (code.split()[1], True, True), faults
    assert decision.code == ("A" if decision.note == "000" else "E" if decision.note in ("022", "024") else "R")
    if decision.note in ("005", "006", "007", "008", "018", "026"):
        return
    written = write_interchange_answer(decision, interchange, interchange_control_number=9, when=WHEN)
    mark = interchange.delimiters.element
    assert (
        f"TA1{mark}000000001{mark}".encode() in written
        and f"{mark}{decision.code}{mark}{decision.note}".encode() in written
    )
    assert [f for f in found(written) if f.is_error] == []


@pytest.mark.parametrize("code", CALLER)
def test_what_only_the_caller_knows_rejects_with_its_code(code):
    decision = acknowledge_interchange(only(CLEAN), Policy(), CALLER[code])
    assert (decision.code, decision.note, decision.accepted) == ("R", CALLER[code], False)


def test_the_docs_list_exactly_these_codes():
    rows = re.findall(r"^\| ((?:AK304|AK403|AK502|AK905|TA1) \d+) \|", PAGE, re.MULTILINE)
    assert len(rows) == len(set(rows))
    assert set(rows) == {*SEGMENT, *ELEMENT, *SET, *GROUP, *INTERCHANGE, *(code.strip() for code in CALLER)}


@pytest.mark.parametrize(
    ("policy", "requested", "clean", "broken"),
    [("requested", b"0", False, False), ("requested", b"1", True, True), ("always", b"0", True, True),
     ("errors", b"0", False, True), ("never", b"1", False, False)],
)  # fmt: skip
def test_a_ta1_is_sent_as_the_partner_wants_it(policy: str, requested: bytes, clean: bool, broken: bool):
    data = CLEAN.replace(b"*0*T*", b"*" + requested + b"*T*")
    owed: Callable[[bytes], bool] = lambda d: acknowledge_interchange(only(d), Policy(interchange=policy)).owed  # noqa: E731
    assert owed(data) == clean
    assert owed(data.replace(b"IEA*1*", b"IEA*2*")) == broken


def test_no_acknowledgement_of_an_acknowledgement():
    interchange = only(CLEAN)
    always = Policy(interchange="always")
    decision = acknowledge_interchange(interchange, always)
    ta1 = write_interchange_answer(decision, interchange, interchange_control_number=9, when=WHEN)
    for policy in (Policy(), Policy(answer="999")):
        for data in (answer(interchange, policy)[1], ta1):
            again = only(data)
            assert not acknowledge_interchange(again, always).owed
            assert [one.root for one in acknowledge(again, policy)] == [None] * len(again.groups)
