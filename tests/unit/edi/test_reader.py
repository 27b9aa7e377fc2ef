"""The X12 reader: delimiters, tolerances, slices, and faults that stay where they are."""

from __future__ import annotations

import pytest

from hub.edi.validation import examine
from hub.edi.x12.reader import read


def trees(data: bytes) -> list[object]:
    return [one.tree.root for interchange in examine(data) for one in interchange.sets if one.tree]


def test_a_clean_file_has_no_findings(x12, found):
    assert found(x12()) == []


def test_the_tree_nests_loops_and_trims_empty_elements(x12):
    (root,) = trees(x12("BEG*00*SA*4711**20260105***", "N1*ST*Store", "N4*Ames", "PO1*1*5*EA", "CTT*1"))
    assert root.children[0] == ("BEG", "00", "SA", "4711", "", "20260105")
    assert [getattr(child, "id", child[0] if isinstance(child, tuple) else "") for child in root.children] == [
        "BEG", "N1", "PO1", "CTT",
    ]  # fmt: skip
    assert root.children[1].children == [("N1", "ST", "Store"), ("N4", "Ames")]


def test_the_envelope_facts_come_with_each_set(x12):
    ((one,),) = [list(i.sets) for i in examine(x12())]
    assert one.tree.envelope == {
        "sender_qualifier": "ZZ", "sender_id": "SENDER", "receiver_qualifier": "ZZ", "receiver_id": "RECEIVER",
        "usage": "T", "interchange_control_number": "000000001", "group_control_number": "1",
        "functional_id": "PO", "group_sender": "SENDER", "group_receiver": "RECEIVER", "date": "20260105",
        "time": "1200",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: b"\xef\xbb\xbf" + d, "edi.byte-order-mark"),
        (lambda d: b"\r\n  " + d, "edi.leading-blanks"),
        (lambda d: d.replace(b"~", b"~\n"), "edi.line-break-after-terminator"),
        (lambda d: d.replace(b"~", b"~\r\n"), "edi.line-break-after-terminator"),
        (lambda d: d.replace(b"~", b"~\r\n").replace(b"\nREF", b"\n\t REF"), "edi.line-break-after-terminator"),
        (lambda d: d.replace(b"~ST", b"~  \tST"), "edi.blanks-before-segment"),
        (lambda d: d.replace(b"          ", b" ").replace(b"SENDER         ", b"SENDER"), "edi.isa-not-fixed-width"),
        (lambda d: d.replace(b"*>~", b"*~"), "edi.component-separator-missing"),
        (lambda d: d.replace(b"*U*", b"*^*"), "edi.isa11-ignored"),
        (lambda d: d.replace(b"~REF", b"~~REF"), "edi.segment-empty"),
        (lambda d: d.replace(b"~", b"~\n").replace(b"~\nREF", b"\nREF"), "edi.terminator-missing"),
        (lambda d: d.replace(b"Main Street", b"Main\r\n Street"), "edi.line-break-in-segment"),
        (lambda d: d.replace(b"*38~", b"*38**~"), "edi.trailing-separators"),
    ],
)
def test_a_tolerance_is_a_warning_and_changes_nothing_else(x12, found, change, code):
    data = change(x12())
    findings = found(data)
    assert code in {f.code for f in findings}
    assert all(f.severity == "warning" for f in findings), findings
    assert trees(data) == trees(x12())


@pytest.mark.parametrize("terminator", [b"\n", b"\r\n", b"\r", b"\x1e", b"\x85", b"'", b"\xc2\xa6"])
def test_any_character_may_terminate_segments(x12, found, terminator):
    data = x12().replace(b"~", terminator)
    assert [f for f in found(data) if f.is_error] == []
    assert trees(data) == trees(x12())


@pytest.mark.parametrize("width", [40, 80, 128, 132])
@pytest.mark.parametrize("line_break", [b"\n", b"\r\n"])
def test_a_wrapped_file_is_unwrapped_and_offsets_stay_those_of_the_file(x12, found, width, line_break):
    clean = x12()
    wrapped = line_break.join(clean[at : at + width] for at in range(0, len(clean), width))
    assert trees(wrapped) == trees(clean)
    assert {f.code for f in found(wrapped)} == {"edi.wrapped-lines"}
    (interchange,) = read(wrapped)
    (one,) = interchange.sets
    piece = wrapped[one.offset : one.offset + one.length].replace(line_break, b"")
    assert piece.startswith(b"ST*850*0001~") and piece.endswith(b"*0001~")


def test_isa11_is_the_repetition_separator_from_00402_on(x12):
    (interchange,) = read(x12(version="005010"))
    assert interchange.delimiters.repetition == "^"
    (older,) = read(x12())
    assert older.delimiters.repetition == ""


def test_each_set_carries_its_own_bytes(parts, order_segments):
    one_set, one_group, one_interchange = parts
    sets = [one_set(*order_segments, number=f"000{n}") for n in (1, 2)]
    data = b"\n" + one_interchange(one_group(*sets)) + b"\n" + one_interchange(one_group(sets[0]), number="000000002")
    slices = [data[s.offset : s.offset + s.length].decode() for i in read(data) for s in i.sets]
    assert slices == [*sets, sets[0]]
    whole = [data[i.offset : i.offset + i.length] for i in read(data)]
    assert all(one.startswith(b"ISA") and one.endswith(b"~") for one in whole)
    assert [f.code for f in examine(data).findings] == []


def test_offsets_are_bytes_also_where_characters_take_several(x12, found):
    data = x12("BEG*00*SA*Süd**20260105", "REF*DP*Ärger", "PO1*1*5*EAX").replace(b"SENDER  ", b"SENDER  ")
    (fault,) = [f for f in found(data) if f.is_error]
    assert data[fault.offset :].startswith(b"PO1*1*5*EAX")
    assert (fault.position, fault.designator, fault.loop) == (4, "PO103", "PO1")


def test_story_48_one_bad_set_never_takes_its_neighbours_with_it(parts, order_segments):
    one_set, one_group, one_interchange = parts
    good = [one_set(*order_segments, number=f"000{n}") for n in range(1, 6)]
    broken = [
        good[0],
        good[1].rpartition("SE*")[0],  # its trailer is lost
        good[2].replace("BEG*", "B E G*"),
        good[3].replace("ST*850*", "ST*999*"),
        good[4],
    ]
    (interchange,) = examine(one_interchange(one_group(*broken)))
    bad = [bool([f for f in one.findings if f.is_error]) for one in interchange.sets]
    assert bad == [False, True, True, True, False]
    assert [f.code for f in interchange.groups[0].findings] == []


def test_a_broken_interchange_does_not_hide_the_next_one(x12, found):
    cut = x12()[:180]
    for first in (cut, cut + b"\n", x12().replace(b"*>~", b"*>G"), x12()[:50] + b"~"):
        interchanges = list(examine(first + x12()))
        last = interchanges[-1]
        assert last.all_findings() == []
        assert [one.set_id for one in last.sets] == ["850"]
        assert any(f.is_error for f in found(first + x12()))


def test_a_broken_group_does_not_hide_the_next_one(parts, order_segments):
    one_set, one_group, one_interchange = parts
    good = one_set(*order_segments)
    data = one_interchange(one_group(good).rpartition("GE*")[0], one_group(good, number="2"))
    (interchange,) = examine(data)
    assert [[f.code for f in g.findings] for g in interchange.groups] == [["edi.group-trailer-missing"], []]


def test_story_45_a_caret_in_isa11_is_read_and_the_answer_keeps_the_version(x12, found):
    data = x12(version="005010")
    assert b"*^*00501*" in data
    assert found(data) == []


@pytest.mark.parametrize(
    "data", [b"", b"   ", b"hello", b"ISA", b"ISA*00*", b"\xff\xfe\x00", b"ST*850*0001~SE*2*0001~"]
)
def test_what_is_no_interchange_is_one_finding(data):
    examination = examine(data)
    assert list(examination) == []
    assert not examination.readable
    assert [f.code for f in examination.findings if f.is_error][0] in (
        "edi.interchange-missing",
        "edi.isa-unreadable",
    )
    assert len([f for f in examination.findings if f.is_error]) == 1


def test_an_isa_inside_data_does_not_start_an_interchange(x12):
    data = x12("BEG*00*SA*4711**20260105", "REF*ZZ*ISA", "REF*ZZ*X*ISA", "PO1*1*5*EA")
    assert len(list(read(data))) == 1


@pytest.mark.parametrize("wrap", [None, 80, 128])
@pytest.mark.parametrize("terminator", [b"~", b"~\r\n", b"\n"])
def test_a_set_cut_out_with_its_envelope_heads_reads_the_same(parts, order_segments, wrap, terminator):
    one_set, one_group, one_interchange = parts
    groups = [one_group(one_set(*order_segments), one_set(*order_segments, number="0002"), number=n) for n in "12"]
    data = one_interchange(*groups).replace(b"~", terminator)
    if wrap and terminator == b"~":
        data = b"\n".join(data[at : at + wrap] for at in range(0, len(data), wrap))
    (interchange,) = examine(data)
    for group in interchange.groups:
        for one in group.sets:
            (again,) = examine(interchange.alone(group, one))
            ((alone,),) = [g.sets for g in again.groups]
            assert alone.tree == one.tree
            assert alone.findings == [] and again.isa == interchange.isa
