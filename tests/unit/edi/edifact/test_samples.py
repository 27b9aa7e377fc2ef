"""Documents that others wrote, and mutations of them: nothing raises, nothing is lost, answers stay valid."""

from __future__ import annotations

import random
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.edi.edifact.acknowledge import acknowledge, write_answer
from hub.edi.edifact.convert import file_from_json, file_to_json
from hub.edi.edifact.received import read_acknowledgement
from hub.edi.edifact.text import written
from hub.edi.edifact.validation import examine
from hub.edi.findings import EdiError
from hub.edi.json_form import from_json, to_json

FOLDER = Path(__file__).resolve().parents[5] / "shared" / "samples" / "edi" / "edifact"
SAMPLES = sorted(FOLDER.glob("*")) if FOLDER.is_dir() else []
WHEN = datetime(2026, 1, 6, 9, 30)
needs_samples = pytest.mark.skipif(not SAMPLES, reason=f"needs the sample documents in {FOLDER}")


def exercise(data: bytes) -> None:
    """Read, judge, convert and answer; raise only if one of these does what it must never do."""
    examination = examine(data)
    for interchange in examination:
        for one in interchange.sets:
            assert one.tree is not None and from_json(to_json(one.tree)) == one.tree
            assert 0 <= one.offset <= one.offset + one.length <= len(data)
            assert data[one.offset : one.offset + 1] == b"U" or b"\n" in data
            read_acknowledgement(one.tree)
        for finding in interchange.all_findings():
            assert 0 <= finding.offset <= len(data)
            assert finding.kind != "gap" or (finding.severity, finding.ack_segment) == ("warning", None)
        decision = acknowledge(interchange)
        if decision.root is None:
            continue
        try:
            answer = write_answer(decision, interchange, control_reference="1", when=WHEN)
        except EdiError as error:
            # Not answered: an interchange without usable ids, or one whose ids look like the start of another.
            places = {f.segment for f in error.findings}
            assert error.code == "edi.envelope-invalid" or places <= {"UNB", "UCI", "UCF", "UCM"} or "UNZ" in places, (
                error, error.findings,
            )  # fmt: skip
        else:
            assert list(examine(answer))
    assert examination.readable or any(f.is_error for f in examination.findings)
    again = examine(data)
    interchanges = list(again)
    if not again.findings and not any(i.all_findings() for i in interchanges):
        assert file_from_json(file_to_json(interchanges)) == data, "a clean file comes back byte for byte"


@needs_samples
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_a_sample_is_read_without_exception_and_without_loss(path):
    data = path.read_bytes()
    exercise(data)
    interchanges = list(examine(data))
    assert interchanges and all(list(i.sets) for i in interchanges)
    for interchange in interchanges:
        for one in interchange.sets:
            if [f.code for f in one.findings if f.is_error or f.code == "edi.segment-empty"]:
                continue
            marks = interchange.delimiters
            body = [text.strip("\r\n ") for text in marks.split(one.body, marks.terminator)]
            body = [text.replace("\n", "") for text in body if text]
            if "edi.wrapped-lines" not in {f.code for f in one.findings}:
                assert [marks.plain(written(s, marks)) for s in one.tree.root.walk()] == [
                    marks.plain(text.rstrip(marks.element + marks.component)) for text in body
                ]


@needs_samples
@pytest.mark.parametrize(
    "name",
    [
        "INVOIC-D97B__staedi__invoic_d97b.edi",
        "INVOIC__staedi__invoic_d97b_una.edi",
        "ORDERS-D01B__edifactconverter__ORDERS_D01B.txt",
        "ORDERS-D03A__module-ballerina-edi__order1.edi",
        "ORDERS-D03A__module-ballerina-edi__sample.edi",
        "ORDERS-D03B__smooks-edi-cartridge__ORDERS_D.03B_Interchange.txt",
        "ORDERS-D93A__underware.Edifact__D93A_ORDERS.txt",
        "ORDERS-D96A__edifactconverter__ORDERS_D96A_OPEN_TRANS.edi",
        "ORDERS-D96A__vscode-edi-support__sample-orders.edifact.edi",
        "ORDERS-D96A__vscode-edi-support__sample-orders-minified.edifact.edi",
    ],
)
def test_a_good_sample_has_no_error(name, found):
    assert [(f.code, f.designator, f.value) for f in found((FOLDER / name).read_bytes()) if f.is_error] == []


def mutated(data: bytes, chance: random.Random) -> bytes:
    """A sample with a few things wrong: bytes changed, lost, doubled, moved, or cut off."""
    work = bytearray(data)
    pieces = [
        b"'",
        b"+",
        b":",
        b"?",
        b"UNA:+.? '",
        b"UNB+UNOA:1+",
        b"'UNH+1+",
        b"'UNT+1'",
        b"UNZ+",
        b"\r\n",
        b"\xff",
        b"*",
    ]
    for _ in range(chance.randint(1, 6)):
        at, length = chance.randrange(len(work) + 1), chance.randint(1, 40)
        kind = chance.randrange(6)
        if kind == 0:
            work[at : at + 1] = bytes([chance.randrange(256)])
        elif kind == 1:
            del work[at : at + length]
        elif kind == 2:
            work[at:at] = work[at : at + length]
        elif kind == 3:
            work[at:at] = chance.choice(pieces)
        elif kind == 4:
            del work[at:]
        else:
            other = chance.randrange(len(work) + 1)
            work[at:at] = work[other : other + length]
        if not work:
            break
    return bytes(work)


@needs_samples
def test_mutated_samples_never_raise():
    chance = random.Random(4711)
    sources = [path.read_bytes() for path in SAMPLES]
    for _ in range(700):
        exercise(mutated(chance.choice(sources), chance))


def test_a_mutated_specimen_never_raises(edifact):
    chance = random.Random(815)
    for _ in range(300):
        exercise(mutated(edifact(), chance))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
@example(b" ")
@example(b"UNA      UNB ")
@example(b"\xff")
@example(b"UNB+UNOA\xfc3\xfcUNH+1\xfcBGM")
def test_any_bytes_after_a_unb_never_raise(tail):
    head = b"UNB+UNOC:3+A+B+260105:1200+1'"
    exercise(tail)
    exercise(b"UNA" + tail)
    exercise(head + tail)
    exercise(head + b"UNH+1+ORDERS:D:96A:UN'BGM+220+1'" + tail)


@pytest.mark.parametrize(
    "filling",
    [b"'" * 40_000, b"+" * 40_000, b"?" * 40_000, b"?'" * 5_000, b"UNB" * 12_000, b"UNB+UNOA:1" * 5_000,
     b"UNA:+.? '" * 2_000, b"UNH+1+ORDERS'" * 1_000, b"UNH+1\n" * 1_500, b"UNH+1" * 6_000, b"\n" * 40_000,
     b"LIN+1\n" * 5_000, b"UNG+1'" * 5_000, b"UNT+1'" * 5_000, b"CPS+1+1'" * 5_000, b"NAD'" * 3_000,
     b" UNT+" * 6_000, b"??UNT+" * 6_000, b"FTX+AAI+++" + b"a:" * 5_000, b"'UNH+1+ORDERS:D:96A:UN'\n \n" * 1_000],
)  # fmt: skip
def test_bulk_of_any_kind_is_read_in_one_pass(filling):
    head = b"UNB+UNOC:3+A+B+260105:1200+1'"
    for data in (filling, head + filling, head + b"UNH+1+DESADV:D:96A:UN'BGM+351'" + filling):
        for interchange in examine(data):
            assert len(interchange.findings) <= 3_000
