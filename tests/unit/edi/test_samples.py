"""Documents that others wrote, and mutations of them: nothing raises, nothing is lost, answers stay valid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.edi.findings import MOST_FINDINGS
from hub.edi.judging.structure import DEEPEST_LEVEL
from hub.edi.validation import examine as examine_either
from hub.edi.x12.scan import LONGEST_CONTROL, LONGEST_SET
from hub.edi.x12.validation import examine
from tests.unit.edi.exercise import exercise
from tests.unit.edi.fuzz import inputs, run, sample_files, specimen_files

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "samples" / "edi" / "x12"
SAMPLES = sorted(FOLDER.glob("*")) if FOLDER.is_dir() else []
needs_samples = pytest.mark.skipif(not SAMPLES, reason=f"needs the sample documents in {FOLDER}")

# The ISA is torn: read as one finding, not as documents.
UNREADABLE = {"940__x12-types__test_940-08.edi"}


@needs_samples
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_a_sample_is_read_without_exception(path):
    data = path.read_bytes()
    exercise(data)
    examination = examine(data)
    interchanges = list(examination)
    assert examination.readable == (path.name not in UNREADABLE)
    if examination.readable and b"ST" in data and not path.name.startswith(("940__x12-types__test_940-", "envelope")):
        assert any(i.groups and any(g.sets for g in i.groups) for i in interchanges)


@needs_samples
@pytest.mark.parametrize(
    "name",
    [
        "850__node-x12__850.edi",
        "850__node-x12__850_2.edi",
        "850__node-x12__850_3.edi",
        "850__node-x12__850_fat.edi",
        "850__stupidedi__PO850-pass-1_edi.edi",
        "855__OBOE__lfTestCase.edi",
        "855__node-x12__855.edi",
        "856__x12-types__004060_856.edi",
        "856__vscode-edi-x12-support__old.edi",
        "997__staedi__simple997.edi",
        "997__staedi__simple997-multiple-interchanges.edi",
        "997__stupidedi__FA997-pass-1_edi.edi",
        "997__stupidedi__response-to-functional-group-containing-837s.edi",
    ],
)
def test_a_good_sample_has_no_error(name, found):
    faults = [f for f in found((FOLDER / name).read_bytes()) if f.is_error and f.segment not in ("IEA",)]
    assert [(f.code, f.designator, f.value) for f in faults if f.code != "edi.interchange-control-mismatch"] == []


@needs_samples
def test_broken_samples_never_raise():
    for _, data in inputs(4711, 0, 200, {"x12": sample_files("x12")}):
        exercise(data)


def test_broken_specimens_break_nothing(capsys):
    files = {standard: specimen_files(standard) for standard in ("x12", "edifact")}
    assert run(815, 0, 200, files) == 0
    assert capsys.readouterr().out.startswith("200 inputs, 0 failures")


def test_an_input_is_made_again_from_its_number():
    files = {standard: specimen_files(standard) for standard in ("x12", "edifact")}
    ((_, again),) = inputs(1, 17, 1, files)
    assert again == list(inputs(1, 0, 18, files))[17][1]


def test_what_breaks_or_hangs_is_counted_and_named(monkeypatch, capsys):
    def spin(data, **choices):
        while b"+" in data:
            pass
        raise ValueError("broken")

    monkeypatch.setattr("tests.unit.edi.fuzz.exercise", spin)
    monkeypatch.setattr("tests.unit.edi.fuzz.MOST_SECONDS", 0.05)
    assert run(7, 3, 2, {"x12": [b"ISA*" * 30], "edifact": [b"UNB+" * 30]}) == 2
    told = capsys.readouterr().out
    assert "seed 7, number 3: b'ISA" in told and "ValueError: broken" in told
    assert "seed 7, number 4: b'UNB" in told and "TooSlow" in told


@needs_samples
@pytest.mark.parametrize("standard", ["X12", "EDIFACT"])
def test_the_docs_tell_how_many_samples_are_clean(standard):
    page = (Path(__file__).resolve().parents[3] / "docs" / "edi-samples.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## {standard}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\w+) \| (\d+) \| (\d+) \| (\d+) \|", section, re.MULTILINE)
    told = {name: tuple(map(int, numbers)) for name, *numbers in rows}
    counted: dict[str, list[int]] = {}
    for path in (FOLDER.parent / standard.lower()).iterdir():
        examination = examine_either(path.read_bytes())
        found = [f for i in examination for f in i.all_findings()] + examination.findings
        faulty = any(f.is_error for f in found)
        for name in (re.split("__|-", path.name)[0], "all"):
            numbers = counted.setdefault(name, [0, 0, 0])
            numbers[0] += 1
            numbers[1 + faulty] += 1
    assert told == {name: tuple(numbers) for name, numbers in counted.items()}
    assert f"{counted['all'][0]} of" in page.partition("## ")[0]


@needs_samples
def test_the_docs_tell_how_many_samples_there_are():
    page = (Path(__file__).resolve().parents[3] / "docs" / "edi-samples.md").read_text(encoding="utf-8")
    assert f"{sum(1 for _ in FOLDER.parent.glob('*/*'))} of them are read here" in page


@settings(max_examples=200)
@given(st.binary(max_size=400))
@example(b" ")
def test_any_bytes_after_an_isa_never_raise(tail):
    head = b"ISA*00*          *00*          *ZZ*A              *ZZ*B              *260105*1200*U*00401*000000001*0*T*>~"
    exercise(tail)
    exercise(head + tail)
    exercise(head + b"GS*PO*A*B*20260105*1200*1*X*004010~ST*850*0001~" + tail)


@pytest.mark.parametrize(
    "filling",
    [b"~" * 1_000_000, b"*" * 200_000, b"ISA" * 60_000, b"ISA*" * 20_000, b"ST*850*1~" * 2_000, b"\n" * 200_000,
     b"PO1*1*5*EA\n" * 10_000, b"GS*PO~" * 4_000, b"SE*1~" * 10_000, b"HL*1*1*S~" * 10_000, b"N1~" * 20_000],
)  # fmt: skip
def test_bulk_of_any_kind_is_read_in_one_pass(filling):
    head = b"ISA*00*          *00*          *ZZ*A              *ZZ*B              *260105*1200*U*00401*000000001*0*T*>~"
    for data in (head + filling, head + b"GS*SH*A*B*20260105*1200*1*X*004010~ST*856*0001~" + filling):
        assert len(list(examine(data))) <= 1


def test_the_docs_tell_the_limits():
    page = (Path(__file__).resolve().parents[3] / "docs" / "edi-samples.md").read_text(encoding="utf-8")
    told = dict(
        re.findall(r"^\| (a set|a control segment|levels|findings kept)[^|]*\| (\d+(?: [KM]iB)?)", page, re.MULTILINE)
    )
    assert told == {
        "a set": f"{LONGEST_SET >> 20} MiB", "a control segment": f"{LONGEST_CONTROL >> 10} KiB",
        "levels": str(DEEPEST_LEVEL), "findings kept": str(MOST_FINDINGS),
    }  # fmt: skip
