"""What partners' acknowledgements say of what we sent, in one form for both syntaxes."""

from __future__ import annotations

import pytest

from hub.edi.reports import Report, of_interchange, of_set
from hub.edi.validation import examine

ISA = "ISA*00*          *00*          *ZZ*BUYER          *ZZ*HUB            *260302*0900*U*00401*000000007*0*T*>~"


def functional(*notes: str, set_id: str = "997") -> Report:
    body = [f"ST*{set_id}*0001", "AK1*PR*0017", *notes]
    text = "~".join([f"{ISA}GS*FA*BUYER*HUB*20260302*0900*7*X*004010", *body, f"SE*{len(body) + 1}*0001", ""])
    return report(text)


def contrl(*segments: str) -> Report:
    body = ["UNB+UNOC:3+BUYER:14+HUB:14+260302:0900+7", "UNH+1+CONTRL:D:3:UN", *segments, f"UNT+{len(segments) + 2}+1"]
    return report("".join(f"{one}'" for one in body))


def report(text: str) -> Report:
    (one,) = [s for interchange in examine(text.encode()) for s in interchange.sets]
    assert one.tree is not None
    return of_set(one.tree)


def test_a_997_names_our_group_and_who_says_it() -> None:
    said = functional("AK9*A*1*1*1")
    assert (said.control, said.interchange, said.test) == ("PR/17", "", True)
    assert (said.theirs, said.ours) == (("ZZ", "BUYER"), ("ZZ", "HUB"))


@pytest.mark.parametrize(
    ("notes", "verdict"),
    [
        (["AK9*A*2*2*2"], "accepted"),
        (["AK9*E*2*2*2"], "errors"),
        (["AK9*R*2*2*0"], "rejected"),
        (["AK9*X*2*2*0"], "rejected"),
        ([], "rejected"),
        (["AK2*855*2", "AK5*R*5", "AK9*P*2*2*1"], "accepted"),
        (["AK2*855*1", "AK5*E*5", "AK2*855*2", "AK5*R*5", "AK9*P*2*2*1"], "errors"),
        (["AK2*855*000000001", "AK5*R*5", "AK9*P*2*2*1"], "rejected"),
        (["AK2*855*0001", "AK5*A", "AK9*R*2*2*0*3"], "rejected"),
        (["AK2*855*0001", "AK5*M*8", "AK9*P*2*2*1"], "rejected"),
    ],
)
def test_a_set_has_its_own_verdict_or_that_of_its_group(notes: list[str], verdict: str) -> None:
    assert functional(*notes).of("0001")[0] == verdict


@pytest.mark.parametrize(
    ("segments", "verdict", "errors"),
    [
        (["UCI+12+HUB:14+BUYER:14+7"], "accepted", 0),
        (["UCI+12+HUB:14+BUYER:14+8"], "received", 0),
        (["UCI+12+HUB:14+BUYER:14+4+23"], "rejected", 1),
        (["UCI+12+HUB:14+BUYER:14+7", "UCM+1+ORDRSP:D:96A:UN+7+12"], "errors", 1),
        (["UCI+12+HUB:14+BUYER:14+7", "UCM+01+ORDRSP:D:96A:UN+4", "UCS+4", "UCD+12+2:1"], "rejected", 1),
        (["UCI+12+HUB:14+BUYER:14+7", "UCM+2+ORDRSP:D:96A:UN+4+12"], "accepted", 1),
        (["UCI+12+HUB:14+BUYER:14+7", "UCF+G+HUB+BUYER+4+26"], "rejected", 1),
    ],
)
def test_a_contrl_speaks_of_our_interchange_and_its_messages(segments: list[str], verdict: str, errors: int) -> None:
    said = contrl(*segments)
    assert (said.interchange, said.control) == ("12", "")
    assert (said.of("1")[0], len(said.of("1")[1])) == (verdict, errors)


@pytest.mark.parametrize(
    ("code", "note", "verdict", "errors"),
    [
        ("A", "000", "received", []), ("E", "025", "received", ["received before (025)"]),
        ("R", "999", "rejected", ["error (999)"]),
    ],
)  # fmt: skip
def test_a_ta1_names_our_interchange_by_its_number_and_time(
    code: str, note: str, verdict: str, errors: list[str]
) -> None:
    said = of_interchange(f"{ISA}TA1*000000012*260301*1130*{code}*{note}~IEA*0*000000007~".encode())
    assert said is not None and (said.interchange, said.sent_at) == ("000000012", ("260301", "1130"))
    assert said.of("0001") == (verdict, errors)
    assert of_interchange(f"{ISA}IEA*0*000000007~".encode()) is None
