"""Documents that others wrote, and mutations of them: nothing raises, nothing is lost, answers stay valid."""

from __future__ import annotations

import random
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.edi.findings import EdiError
from hub.edi.json_form import from_json, to_json
from hub.edi.validation import examine
from hub.edi.x12.acknowledge import acknowledge, write_answer
from hub.edi.x12.received import read_acknowledgement

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "samples" / "edi" / "x12"
SAMPLES = sorted(FOLDER.glob("*")) if FOLDER.is_dir() else []
WHEN = datetime(2026, 1, 6, 9, 30)
needs_samples = pytest.mark.skipif(not SAMPLES, reason=f"needs the sample documents in {FOLDER}")

# The ISA is torn: read as one finding, not as documents.
UNREADABLE = {"940__x12-types__test_940-08.edi"}


def exercise(data: bytes) -> None:
    """Read, judge, convert and answer; raise only if one of these does what it must never do."""
    examination = examine(data)
    for interchange in examination:
        for one in interchange.sets:
            assert one.tree is not None and from_json(to_json(one.tree)) == one.tree
            assert 0 <= one.offset <= one.offset + one.length <= len(data)
            assert data[one.offset : one.offset + 1] == b"S" or b"\n" in data
            if one.set_id == "997":
                read_acknowledgement(one.tree)
        for finding in interchange.all_findings():
            assert 0 <= finding.offset <= len(data)
            assert finding.kind != "gap" or (finding.severity, finding.ack_segment) == ("warning", None)
        for group, decision in zip(interchange.groups, acknowledge(interchange), strict=True):
            if decision.root is None:
                continue
            try:
                answer = write_answer(
                    decision, interchange, group, interchange_control_number=1, group_control_number=1, when=WHEN
                )
            except EdiError as error:
                # An interchange without usable ids cannot be answered; the answer itself is never the fault.
                assert error.code == "edi.envelope-invalid" or all(
                    f.segment in ("ISA", "GS") for f in error.findings
                ), (error, error.findings)
            else:
                assert list(examine(answer))
    assert examination.readable or any(f.is_error for f in examination.findings)


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


def mutated(data: bytes, chance: random.Random) -> bytes:
    """A sample with a few things wrong: bytes changed, lost, doubled, moved, or cut off."""
    work = bytearray(data)
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
            work[at:at] = chance.choice([b"~", b"*", b">", b"ISA*", b"ST*850*", b"~SE*1~", b"\r\n", b"\xff", b"^"])
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
    sources = [path.read_bytes() for path in SAMPLES if path.name.startswith(("850", "855", "856", "997"))]
    for _ in range(700):
        exercise(mutated(chance.choice(sources), chance))


def test_a_mutated_specimen_never_raises(x12):
    chance = random.Random(815)
    for _ in range(300):
        exercise(mutated(x12(), chance))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
@example(b" ")
def test_any_bytes_after_an_isa_never_raise(tail):
    head = b"ISA*00*          *00*          *ZZ*A              *ZZ*B              *260105*1200*U*00401*000000001*0*T*>~"
    exercise(tail)
    exercise(head + tail)
    exercise(head + b"GS*PO*A*B*20260105*1200*1*X*004010~ST*850*0001~" + tail)


@pytest.mark.parametrize(
    "filling",
    [b"~" * 200_000, b"*" * 200_000, b"ISA" * 60_000, b"ISA*" * 20_000, b"ST*850*1~" * 2_000, b"\n" * 200_000,
     b"PO1*1*5*EA\n" * 10_000, b"GS*PO~" * 4_000, b"SE*1~" * 10_000, b"HL*1*1*S~" * 10_000, b"N1~" * 20_000],
)  # fmt: skip
def test_bulk_of_any_kind_is_read_in_one_pass(filling):
    head = b"ISA*00*          *00*          *ZZ*A              *ZZ*B              *260105*1200*U*00401*000000001*0*T*>~"
    for data in (head + filling, head + b"GS*SH*A*B*20260105*1200*1*X*004010~ST*856*0001~" + filling):
        assert len(list(examine(data))) <= 1
