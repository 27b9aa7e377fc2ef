"""Whatever is wrong with an interchange, a group or a set, those around it are read and judged as if it were not there.

Parts of a file are broken at random; what the reader hands out of their neighbours must be the same, finding by
finding, as of the file that is whole. How much of the broken part itself can be saved is for other tests.
"""

from __future__ import annotations

import io
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.edi.reading import source
from hub.edi.validation import examine
from tests.unit.edi import conftest as x12
from tests.unit.edi.edifact import conftest as edifact

X12_SET = x12.one_set(*x12.ORDER).encode()
X12_FILE = x12.one_interchange(x12.one_group(X12_SET.decode()), number="000000077")
MESSAGE = edifact.one_message(*edifact.ORDER).encode()
EDIFACT_FILE = edifact.one_interchange(MESSAGE.decode(), number="R77")
OTHER_MARKS = b"UNA*|,\\ ~" + EDIFACT_FILE.translate(bytes.maketrans(b":+'", b"*|~"))
ANYTHING = [b"words", b"\r\n", b"\0\0", b"?", b"??", b"\xff\xfe", b"~", b"~~~", b"'", b"'''"]
X12_PARTS = [
    b"ST",
    b"ST*",
    b"ST*850*0009~",
    b"SE*3*0009~",
    b"GE*1*1~",
    b"GS*PO*A*B*20260105*1200*9*X*004010~",
    b"HL*1**S~",
]
EDIFACT_PARTS = [
    b"UN", b"UNH+", b"UNH+9+ORDERS:D:96A:UN'", b"UNT+3+9'", b"UNE+1+9'", b"UNG+ORDERS+A+B+260105:1200+9+UN+D:96A'",
]  # fmt: skip
ENVELOPES = [
    b"ISA*00*", b"IEA*1*000000001~", X12_FILE[:60], X12_FILE[:106], X12_FILE, b"UNZ+1+R1'", b"UNB+UNOC:3+A:14+B:14'",
    EDIFACT_FILE, OTHER_MARKS,
]  # fmt: skip
CHANCES = st.integers(0, 2**32).map(random.Random)


def broken(piece: bytes, mark: bytes, intruders: list[bytes], chance: random.Random) -> bytes:
    """A part with something lost, torn off, put in between, overwritten or in the wrong place."""
    segments = piece.split(mark)
    one, other = chance.randrange(len(segments) - 1), chance.randrange(len(segments) - 1)
    at, intruder = chance.randrange(1, len(piece)), chance.choice(intruders)
    segments[one], segments[other] = segments[other], segments[one]
    swapped = mark.join(segments)
    segments[one : one + 1] = chance.choice([[], [intruder, segments[one]], [segments[one], segments[one]]])
    return chance.choice([
        swapped, mark.join(segments), piece[:at], piece[at:], piece[:at] + intruder + piece[at:],
        piece[:at] + chance.choice([b"'", b"~", b"+", b"*", b":", b"?", b"U", b"1", b" ", b"\n"]) + piece[at + 1 :],
    ])  # fmt: skip


def read(data: bytes, shift: int = 0) -> dict[int, tuple[object, ...]]:
    """What is read of each interchange, group and set, by its offset and level; findings at their distance from it.

    Numbers are not looked at: a broken part may take that of another one, and the later of them is told of it.
    """
    parts = {}
    for part in examine(data).parts():
        level, one = len([holder for holder in part if holder]), part.set or part.group or part.interchange
        found = [
            (f.code, f.message, f.offset - one.offset, f.position)
            for f in one.findings
            if not f.code.endswith("-repeated")
        ]
        said = (part.set.set_id, part.set.control_number, part.set.tree.root) if part.set else None
        parts[one.offset - shift, level] = (one.length, said, found)
    return parts


def neighbours_are_the_same(before: bytes, good: bytes, bad: bytes, after: bytes, own_level: int) -> None:
    """Every part before and behind the broken one, of its level or below."""
    whole, torn = read(before + good + after), read(before + bad + after)
    shift = len(bad) - len(good)
    for (at, level), said in whole.items():
        if level >= own_level and not len(before) <= at < len(before) + len(good):
            place = at if at < len(before) else at + shift
            assert torn.get((place, level)) == said, (bad, place)


def interchange(number: int, chance: random.Random) -> tuple[bytes, bytes]:
    """One of either syntax, faulty or not, with its terminator."""
    if chance.random() < 0.5:
        lines = x12.ORDER if chance.random() < 0.5 else (*x12.ORDER[:5], "PO1*1*5*E", "CTT*1")
        groups = [x12.one_group(x12.one_set(*lines), x12.one_set(*x12.ORDER, number="0002"), number=n) for n in "12"]
        return x12.one_interchange(*groups, number=f"{number:09d}"), b"~"
    lines = edifact.ORDER if chance.random() < 0.5 else (*edifact.ORDER[:7], "QTY+21:X", "UNS+S")
    inside = [edifact.one_message(*lines), edifact.one_message(*edifact.ORDER, number="2")]
    if chance.random() < 0.5:
        inside = [edifact.one_group(*inside, number=n) for n in "78"]
    data = edifact.one_interchange(*inside, number=f"R{number}")
    if chance.random() < 0.3:
        return b"UNA*|,\\ ~" + data.translate(bytes.maketrans(b":+'", b"*|~")), b"~"
    return chance.choice([b"", b"UNA:+.? '"]) + data, b"'"


@settings(max_examples=60, deadline=None)
@given(CHANCES)
def test_story_48_a_broken_interchange_takes_none_of_its_neighbours_with_it(chance):
    (before, _), (good, mark), (after, _) = (interchange(number, chance) for number in (1, 2, 3))
    between = chance.choice([b"", b"\n\n"])
    bad = broken(good, mark, ANYTHING + X12_PARTS + EDIFACT_PARTS + ENVELOPES, chance)
    while b"UNA" in bad[-11:] or bad.endswith(b"*T*>"):  # what follows would be its service advice, or its segment end
        bad = bad[:-1]
    neighbours_are_the_same(before + between, good, bad, between + after, 1)


@settings(max_examples=60, deadline=None)
@given(CHANCES, st.booleans(), st.booleans())
def test_story_48_a_broken_set_or_group_takes_none_of_its_neighbours_with_it(chance, grouped, is_x12):
    syntax, mark, parts = (x12, b"~", X12_PARTS) if is_x12 else (edifact, b"'", EDIFACT_PARTS)
    make = x12.one_set if is_x12 else edifact.one_message
    pieces = [make(*syntax.ORDER, number=f"000{n}").encode() for n in (1, 2, 3)]
    if grouped:
        pieces = [syntax.one_group(piece.decode(), number=str(n)).encode() for n, piece in enumerate(pieces, 1)]
    inside = "".join(piece.decode() for piece in pieces)
    data = syntax.one_interchange(inside if grouped else syntax.one_group(inside))
    head, good, tail = data.partition(pieces[1])
    bad = broken(good, mark, ANYTHING + parts, chance)
    while not bad.endswith(mark) or bad.endswith(b"?" + mark):  # else the next segment would be part of the torn one
        bad += mark
    neighbours_are_the_same(head, good, bad, tail, 2 if grouped else 3)


@settings(max_examples=40, deadline=None)
@given(st.booleans(), st.booleans(), st.data())
def test_story_48_a_terminator_lost_between_control_segments_costs_nothing(grouped, is_x12, data):
    syntax, mark = (x12, b"~") if is_x12 else (edifact, b"'")
    make = x12.one_set if is_x12 else edifact.one_message
    pieces = [make(*syntax.ORDER, number=f"000{n}") for n in (1, 2)]
    if grouped or is_x12:
        pieces = [syntax.one_group(piece, number=str(n)) for n, piece in enumerate(pieces, 1)]
    whole = syntax.one_interchange(*pieces)
    control = rb"~(?=(?:ST|GS|GE|IEA)\*)" if is_x12 else rb"'(?=UN[HGEZ]\+)"
    places = [found.start() for found in re.finditer(control, whole)][1 if is_x12 else 0 :]
    place = data.draw(st.sampled_from(places))
    lost = whole[:place] + whole[place + 1 :]
    (told,) = next(examine(lost)).all_findings()
    assert (told.code, told.offset) == ("edi.terminator-missing", place)
    before, after = ([said[1] for (_, level), said in read(one).items() if level == 3] for one in (whole, lost))
    assert len(before) == 2 and before == after


def test_a_terminator_lost_between_sets_without_envelopes_is_told_once():
    pieces = [x12.one_set(*x12.ORDER, number=f"000{n}") for n in (1, 2)]
    found = next(examine("".join(pieces).replace("~ST", "ST").encode()))
    assert [(one.control_number, one.findings) for one in found.sets] == [("0001", []), ("0002", [])]
    assert [one.code for one in found.all_findings()].count("edi.terminator-missing") == 1


@pytest.mark.parametrize("names", [b"+SAMSUNG+TARGET:ZZ+", b"+UNG+TARGET:ZZ+", b"+A+XUNH:14+", b"+UNH:14+UNG:ZZ+"])
def test_an_id_that_ends_like_a_segment_begins_none(names):
    data = EDIFACT_FILE.replace(b"+SENDER:14+RECEIVER:14+", names)
    assert names in data and next(examine(data)).all_findings() == []


def test_where_segments_run_into_each_other_is_seen_wherever_the_file_is_cut_for_reading(monkeypatch):
    messages = [edifact.one_message(*edifact.ORDER, number=str(n)) for n in range(1, 9)]
    data = edifact.one_interchange("".join(messages), count=8).replace(b"'UNH+5+", b"UNH+5+")
    for size in range(300, len(data), 23):
        monkeypatch.setattr(source, "CHUNK", size)
        found = next(examine(io.BytesIO(data)))
        assert [one.code for one in found.all_findings()] == ["edi.terminator-missing"], size


def test_what_is_cut_out_behind_a_lost_terminator_can_be_read_alone():
    data = EDIFACT_FILE.replace(b"'", b"'\n").replace(b"'\nUNH", b"UNH")
    found = next(examine(data))
    (group,) = found.groups
    again = next(examine(found.alone(group, group.sets[0])))
    (one,) = again.sets
    assert (one.tree.root, one.findings) == (group.sets[0].tree.root, [])
