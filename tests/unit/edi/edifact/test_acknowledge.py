"""CONTRL: what is said of an interchange, that it can be sent, and what partners say of ours."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest

from hub.edi.edifact import scan
from hub.edi.edifact.acknowledge import STRICT, acknowledge, write_answer
from hub.edi.edifact.received import read_acknowledgement
from hub.edi.edifact.validation import examine
from hub.edi.findings import EdiError, catalogue
from hub.edi.meaning import code_meanings
from tests.unit.edi.edifact.conftest import ORDER, one_group, one_interchange, one_message

PAGE = (Path(__file__).resolve().parents[4] / "docs" / "edifact.md").read_text(encoding="utf-8")
WHEN = datetime(2026, 1, 6, 9, 30)
CLEAN = one_interchange(one_message(*ORDER))


def order(old: str, new: str, syntax: str = "UNOC:3") -> bytes:
    """ORDERS with one segment replaced; text with `'` puts in several, `""` takes it out."""
    at = next(n for n, text in enumerate(ORDER) if text.startswith(old))
    segments = [*ORDER[:at], *filter(None, new.split("'")), *ORDER[at + 1 :]]
    return one_interchange(one_message(*segments), syntax=syntax)


def changed(old: bytes, new: bytes) -> bytes:
    assert old in CLEAN, old
    return CLEAN.replace(old, new)


MESSAGE = one_message(*ORDER)
CODES = {
    "UCI 12": changed(b"260105:1200", b"261305:1200"),
    "UCI 13": changed(b"UNZ+1+REF1'", b""),
    "UCI 28": changed(b"UNZ+1+REF1", b"UNZ+1+REF2"),
    "UCI 29": changed(b"UNZ+1", b"UNZ+2"),
    "UCI 30": one_interchange(one_group(MESSAGE), one_message(*ORDER, number="2"), count=1),
    "UCI 33": changed(b"'UNH+1", b"'UNT+2+1'UNH+1"),
    "UCF 13": one_interchange(one_group(MESSAGE).replace("UNE+1+7'", "")),
    "UCF 26": one_interchange(one_group(MESSAGE), one_group(one_message(*ORDER, number="2"))),
    "UCF 28": one_interchange(one_group(MESSAGE).replace("UNE+1+7", "UNE+1+8")),
    "UCF 29": one_interchange(one_group(MESSAGE).replace("UNE+1", "UNE+2")),
    "UCM 12": changed(b"ORDERS:D", b"or?+:D"),
    "UCM 13": changed(b"UNT+13+1'", b""),
    "UCM 15": changed(b"ORDERS", b"PAORES"),
    "UCM 18": order("UNS", "FTX+AAI+++" + "x" * 2_000 + "'UNS+S"),
    "UCM 26": one_interchange(MESSAGE, MESSAGE),
    "UCM 28": changed(b"UNT+13+1", b"UNT+13+2"),
    "UCM 29": changed(b"UNT+13", b"UNT+14"),
    "UCS 13": order("BGM", ""),
    "UCS 15": order("PRI", "COM+1:TE"),
    "UCS 16": order("CNT", "CNT+2:2+X"),
    "UCS 35": order("UNS", "UNS+S'UNS+S"),
    "UCS 36": order("NAD+SU", "TAX+7+VAT'" * 6),
    "UCD 12": order("DTM", "DTM+137:20261305:102"),
    "UCD 13": order("QTY", "QTY+:5"),
    "UCD 16": order("QTY", "QTY+21:5:PCE:X"),
    "UCD 21": order("BGM", "BGM+220+47\x0111+9"),
    "UCD 35": order("BGM", "BGM+220+4711*4712+9", syntax="UNOC:4"),
    "UCD 37": order("LIN", "LIN+A++4012345000122:EN"),
    "UCD 39": order("NAD", "NAD+BYER+4012345000009::9"),
    "UCD 40": one_interchange(one_message("BGM+610+1+9", "NAD+CN+1::9", "GID+1", "TMP+2+05:CEL", kind="IFTMIN")),
}
"""A document for each code that the docs name, and that stands in what arrives."""
CALLER = {"UCI 7", "UCI 23", "UCI 25", "UCI 26"}


def answer_to(data, policy=None, extra=()):
    """The decision on the first interchange of a file, and the CONTRL that says so, as segments."""
    interchange = next(examine(data))
    decision = acknowledge(interchange, policy, extra)
    written = write_answer(decision, interchange, control_reference="A1", when=WHEN)
    (read_back,) = examine(written)
    assert [f for f in read_back.all_findings() if f.is_error] == []
    ((one,),) = [g.sets for g in read_back.groups]
    return decision, list(one.tree.root.walk()), written, one.tree


def test_a_clean_interchange_is_acknowledged_message_by_message(edifact):
    decision, segments, written, _ = answer_to(edifact())
    assert decision.accepted and [one.accepted for one in decision.sets] == [True]
    assert segments == [
        ("UCI", "REF1", ("SENDER", "14"), ("RECEIVER", "14"), "7"),
        ("UCM", "1", ("ORDERS", "D", "96A", "UN", "EAN008"), "7"),
    ]
    assert written.startswith(b"UNB+UNOC:3+RECEIVER:14+SENDER:14+260106:0930+A1'UNH+1+CONTRL:D:3:UN'")


@pytest.mark.parametrize(("syntax", "version"), [("UNOA:1", b"D:3"), ("UNOC:3", b"D:3"), ("UNOW:4", b"4:1")])
def test_the_answer_keeps_the_inbound_syntax_and_delimiters(edifact, syntax, version):
    table = bytes.maketrans(b":+?'", b"|^\\~")
    una = b"UNA|^.\\ ~"
    _, segments, written, _ = answer_to(una + edifact(syntax=syntax).translate(table))
    assert written.startswith(una + b"UNB^" + syntax.replace(":", "|").encode())
    assert b"CONTRL|" + version.replace(b":", b"|") + b"|UN" in written
    assert segments[0][4] == "7"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"NAD+BY+", b"NAD+BYER+", [("UCM", "7"), ("UCS", "4"), ("UCD", "39", "2")]),
        (b"DTM+137:20260105:102'", b"DTM+137:20261305:102'", [("UCM", "7"), ("UCS", "3"), ("UCD", "12", ("2", "2"))]),
        (b"LIN+1+", b"LIN+A+", [("UCM", "7"), ("UCS", "6"), ("UCD", "37", "2")]),
        (b"QTY+21:5", b"QTY+:5", [("UCM", "4"), ("UCS", "7"), ("UCD", "13", ("2", "1"))]),
        (b"QTY+21:5", b"QTY+21:5:PCE:X", [("UCM", "7"), ("UCS", "7"), ("UCD", "16", "2")]),
        (b"CNT+2:2'", b"CNT+2:2+X'", [("UCM", "7"), ("UCS", "12", "16")]),
        (b"BGM+220+4711+9'", b"", [("UCM", "4"), ("UCS", "1", "13")]),
        (b"UNS+S'", b"", [("UCM", "4"), ("UCS", "10", "13")]),
        (b"UNS+S'", b"UNS+S'UNS+S'", [("UCM", "4"), ("UCS", "12", "35")]),
        (b"NAD+BY", b"XXX+1'NAD+BY", [("UCM", "4"), ("UCS", "4", "15")]),
        (b"UNT+13+1'", b"UNT+14+1'", [("UCM", "4", "29")]),
        (b"UNT+13+1'", b"UNT+13+2'", [("UCM", "4", "28")]),
        (b"UNT+13+1'", b"", [("UCM", "4", "13")]),
        (b"ORDERS", b"PAORES", [("UCM", "4", "15")]),
        (b"UNH+1+ORDERS:D:96A:UN:EAN008", b"UNH+1+or?+:D:96A:UN", [("UCM", "4", "12")]),
    ],
)
def test_every_code_has_a_document_that_provokes_exactly_it(edifact, old, new, expected):
    data = edifact().replace(old, new)
    if b"UNT" not in old:
        data = data.replace(b"UNT+13+1", b"UNT+%d+1" % (data.count(b"'") - 2))
    _, segments, _, _ = answer_to(data)
    shown = [(s[0], *s[3:]) if s[0] == "UCM" else s for s in segments[1:]]
    assert shown == expected


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"UNZ+1+", b"UNZ+2+", "29"), (b"UNZ+1+REF1", b"UNZ+1+REF2", "28"),
        (b"260105:1200+REF1", b"261305:1200+REF1", "12"), (b"'UNH+1", b"'UNT+2+1'UNH+1", "33"),
    ],
)  # fmt: skip
def test_faults_of_the_interchange_are_noted_and_reject_it_only_where_the_policy_says(edifact, old, new, code):
    data = edifact().replace(old, new)
    _, segments, _, _ = answer_to(data)
    assert (segments[0][4:], [s[0] for s in segments]) == (("7", code), ["UCI", "UCM"])
    decision, strict, _, _ = answer_to(data, STRICT)
    assert (strict[0][4:], [s[0] for s in strict]) == (("4", code), ["UCI"])
    assert [one.accepted for one in decision.sets] == [False]


def test_an_interchange_that_was_cut_off_is_rejected(edifact):
    decision, segments, _, _ = answer_to(edifact().replace(b"UNZ+1+REF1'", b""))
    assert not decision.accepted and segments[0][4:] == ("4", "13")


@pytest.mark.parametrize("code", CODES)
def test_each_code_of_the_docs_has_a_document_that_provokes_exactly_it(monkeypatch, code):
    if code == "UCM 18":
        monkeypatch.setattr(scan, "LONGEST_MESSAGE", 1_000)
    _, segments, _, _ = answer_to(CODES[code])
    places = {"UCI": 5, "UCF": 5, "UCM": 4, "UCS": 2, "UCD": 1}
    said = [f"{one[0]} {one[places[one[0]]]}" for one in segments if len(one) > places[one[0]]]
    assert said == [code]


def test_the_docs_list_exactly_these_codes():
    rows = re.findall(r"^\| (UC[IFMSD] \d+) \|", PAGE, re.MULTILINE)
    assert len(rows) == len(set(rows))
    assert set(rows) == {*CODES, *CALLER}


def test_a_syntax_version_that_does_not_exist_is_answered_in_the_nearest():
    for version, nearest in ((b"9", b"4"), (b"", b"3")):
        _, segments, written, _ = answer_to(changed(b"UNOC:3", b"UNOC:" + version))
        assert written.startswith(b"UNB+UNOC:" + nearest) and segments[0][4] == "7"


@pytest.mark.parametrize("code", sorted(one.removeprefix("UCI ") for one in CALLER))
def test_what_only_the_caller_knows_rejects_the_interchange(edifact, code):
    decision, segments, _, _ = answer_to(edifact(), extra=[code])
    assert not decision.accepted
    assert segments == [("UCI", "REF1", ("SENDER", "14"), ("RECEIVER", "14"), "4", code)]


def test_groups_are_answered_as_groups(parts, order_segments):
    message, group, interchange = parts
    good = group(message(*order_segments), message(*order_segments[1:], number="2"))
    bad = group(message(*order_segments), number="8").replace("UNE+1+8'", "")
    _, segments, _, tree = answer_to(interchange(good, bad))
    assert [(s[0], s[1], *s[3:]) for s in segments[1:]] == [
        ("UCF", "7", "RECEIVER", "7"), ("UCM", "1", "7"), ("UCM", "2", "4"), ("UCS", "1"),
        ("UCF", "8", "RECEIVER", "4", "13"),
    ]  # fmt: skip
    heard = read_acknowledgement(tree)
    assert heard.accepts("ORDERS", "1", "7") and not heard.accepts("ORDERS", "2", "7")
    assert not heard.accepts("ORDERS", "1", "8")


def test_a_contrl_is_never_answered(edifact, parts, order_segments):
    interchange = next(examine(edifact("UCI+1+A+B+7", kind="CONTRL", directory="D:3")))
    decision = acknowledge(interchange)
    assert interchange.all_findings() == [] and decision.root is None
    with pytest.raises(ValueError):
        write_answer(decision, interchange, control_reference="A1", when=WHEN)
    message, _, make = parts
    both = make(message("UCI+1+A+B+7", kind="CONTRL", directory="D:3"), message(*order_segments, number="2"))
    _, segments, _, _ = answer_to(both)
    assert [s[1] for s in segments if s[0] == "UCM"] == ["2"]


def test_who_is_not_named_is_not_answered(parts, order_segments):
    message, _, interchange = parts
    headless = next(examine(message(*order_segments).encode()))
    assert acknowledge(headless).root is None
    nameless = next(examine(interchange(message(*order_segments)).replace(b"+SENDER:14+", b"++")))
    with pytest.raises(EdiError, match="receiver"):
        write_answer(acknowledge(nameless), nameless, control_reference="A1", when=WHEN)


def test_nonsense_is_answered_too(edifact):
    data = edifact("\x01" * 40, "XXX", "Q" * 300).replace(b"UNH+1+", b"UNH+" + b"9" * 40 + b"+")
    decision, segments, _, _ = answer_to(data)
    assert not decision.sets[0].accepted and segments[1][1] == "9" * 14


def test_ten_thousand_faults_stay_within_what_a_contrl_holds(edifact):
    data = edifact(*("NAD+BYER+1" for _ in range(10_000)))
    _, segments, _, _ = answer_to(data)
    assert sum(s[0] == "UCS" for s in segments) <= 999


def test_a_gap_of_ours_never_changes_an_answer(edifact):
    decision, segments, _, _ = answer_to(edifact(directory="D:20B"))
    assert decision.accepted and [s[0] for s in segments] == ["UCI", "UCM"]


def test_what_a_partner_says_is_told_in_words(edifact):
    _, _, _, tree = answer_to(edifact().replace(b"QTY+21:5", b"QTY+:5").replace(b"UNS+S'", b"UNS+S'UNS+S'"))
    heard = read_acknowledgement(tree)
    assert heard.accepted and not heard.accepts("ORDERS", "1") and heard.accepts("ORDERS", "77")
    assert (heard.control_number, heard.sets[0].errors) == (
        "REF1",
        [
            "count does not match (29)", "segment 7, element 1 component 1: missing (13)",
            "segment 12: too many repetitions (35)",
        ],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("uci", "accepted", "receipt_only"),
    [("UCI+REF+A+B+7", True, False), ("UCI+REF+A+B+4+23", False, False), ("UCI+REF+A+B+8", False, True)],
)
def test_the_action_on_the_interchange_counts_for_messages_not_named(edifact, uci, accepted, receipt_only):
    ((one,),) = [list(i.sets) for i in examine(edifact(uci, kind="CONTRL", directory="D:3"))]
    heard = read_acknowledgement(one.tree)
    assert (heard.accepted, heard.receipt_only, heard.accepts("ORDERS", "1")) == (accepted, receipt_only, accepted)


def test_an_empty_contrl_says_nothing(edifact):
    ((one,),) = [list(i.sets) for i in examine(edifact("XXX+1", kind="CONTRL", directory="D:3"))]
    heard = read_acknowledgement(one.tree)
    assert (heard.control_number, heard.accepted, heard.sets) == ("", False, [])


def test_every_contrl_code_a_finding_can_have_has_words():
    used = {entry.contrl.partition(":")[2] for entry in catalogue().values() if entry.contrl}
    assert used <= set(code_meanings("edifact")["0085"])
