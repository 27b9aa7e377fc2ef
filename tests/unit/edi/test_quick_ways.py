"""What is quick for plain files finds the same as the careful way that every file can be read in."""

import random
import re

import pytest

from bench.edi_files import orders, purchase_orders
from hub.edi.edifact import scan as edifact
from hub.edi.judging.segments import SegmentJudge
from hub.edi.validation import examine
from hub.edi.x12 import scan as x12
from tests.unit.edi.fuzz import PIECES, mutated, specimen_files

STANDARDS = ("edifact", "x12")
FILES = {"x12": [*purchase_orders(3)[:1], *purchase_orders(3, 0.5)[:1]], "edifact": [orders(3)]}
UNUSABLE_MARKS = {
    "x12": FILES["x12"][0].replace(b"*", b"~"),
    "edifact": b"UNA:\n.? '" + orders(3).replace(b"+", b"\n"),
}


def found(data: bytes) -> list[object]:
    """What each part of a file is, and all findings."""
    examination, told = examine(data, trees=False), []
    for interchange, group, one in examination.parts():
        part = one or group or interchange
        told += [part.offset, part.length, part.raw, part.trailer, part.trailer_offset, part.findings]
        if one is not None:
            told += [one.header, one.body_start, one.body_stop, one.counted]
    return [*told, examination.findings]


def with_line_breaks(data: bytes, chance: random.Random) -> bytes:
    mark = b"~" if data.startswith(b"ISA") else b"'"
    return data.replace(mark, mark + chance.choice([b"", b"\n", b"\r\n"]))


def torn_at_an_envelope(data: bytes, chance: random.Random) -> bytes:
    """With a byte lost, or another one in its place, in a control or service segment or right beside it."""
    place = chance.choice([*re.finditer(rb"(?:ST|SE|GE|IEA)\*|UN[HTZ]\+", data)]).start() + chance.randint(-2, 24)
    return data[:place] + chance.choice([b"", b"", b"\n", b" ", b"*", b"+", b"'", b"~", b"?", b"-"]) + data[place + 1 :]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("standard", STANDARDS)
def test_the_quick_ways_and_the_careful_one_agree(standard, seed, monkeypatch):
    chance = random.Random(seed)
    several = with_line_breaks(chance.choice(FILES[standard]), chance)
    files = [several, *(mutated(several, PIECES[standard], chance) for _ in range(8))]
    files += [torn_at_an_envelope(several, chance) for _ in range(12)]
    files += [mutated(UNUSABLE_MARKS[standard], PIECES[standard], chance), UNUSABLE_MARKS[standard]]
    files += [mutated(chance.choice(specimen_files(standard)), PIECES[standard], chance) for _ in range(4)]
    monkeypatch.setattr(SegmentJudge, "patience", 0)
    quick = [found(data) for data in files for _ in range(2)]
    monkeypatch.setattr(SegmentJudge, "patience", 1 << 30)
    monkeypatch.setattr(SegmentJudge, "heads", SegmentJudge.ids)
    monkeypatch.setattr(x12.Scan, "_plain_sets", lambda scan: iter(()))
    monkeypatch.setattr(edifact.Scan, "_plain_messages", lambda scan: iter(()))
    assert quick == [found(data) for data in files for _ in range(2)]


@pytest.mark.parametrize("standard", STANDARDS)
def test_plain_sets_are_found_without_a_careful_look(standard, monkeypatch):
    heads = []
    for scan in (x12.Scan, edifact.Scan):
        careful = scan._next
        monkeypatch.setattr(scan, "_next", lambda one, careful=careful: heads.append(careful(one)) or heads[-1])
    found(FILES[standard][0])
    assert len(heads) < 4
