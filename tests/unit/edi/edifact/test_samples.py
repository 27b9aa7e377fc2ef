"""Documents that others wrote, and mutations of them: nothing raises, nothing is lost, answers stay valid."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.edi.edifact.text import written
from hub.edi.edifact.validation import examine
from tests.unit.edi.exercise import exercise
from tests.unit.edi.fuzz import inputs, sample_files

FOLDER = Path(__file__).resolve().parents[5] / "shared" / "samples" / "edi" / "edifact"
SAMPLES = sorted(FOLDER.glob("*")) if FOLDER.is_dir() else []
needs_samples = pytest.mark.skipif(not SAMPLES, reason=f"needs the sample documents in {FOLDER}")


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


@needs_samples
def test_broken_samples_never_raise():
    for _, data in inputs(4711, 0, 200, {"edifact": sample_files("edifact")}):
        exercise(data)


@settings(max_examples=200)
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
