"""The X12 reader: delimiters, tolerances, slices, and faults that stay where they are."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.edi.convert import file_from_json, file_to_json
from hub.edi.judging.judge import MOST_FINDINGS
from hub.edi.judging.structure import DEEPEST_LEVEL
from hub.edi.reading import source as source_module
from hub.edi.validation import examine
from hub.edi.x12 import scan, validation
from hub.edi.x12.reader import read
from tests.unit.edi.conftest import ORDER, one_group, one_interchange, one_set


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
        (lambda d: b"\xef\xbb\xbf \r\n" + d, "edi.leading-blanks"),
        (lambda d: b"\r\n\xef\xbb\xbf" + d, "edi.byte-order-mark"),
        (lambda d: d + b"\r\n\x1a", "edi.blanks-outside-interchange"),
        (lambda d: d + b"~~", "edi.segment-empty"),
        (lambda d: d.replace(b"~GS", b"~~GS"), "edi.segment-empty"),
        (lambda d: d.replace(b"~ST", b"~~ST"), "edi.segment-empty"),
        (lambda d: d.replace(b"~GE", b"~\r\n~GE"), "edi.segment-empty"),
        (lambda d: d.replace(b"~IEA", b"~~IEA"), "edi.segment-empty"),
        (lambda d: d.replace(b"~", b"\n").replace(b"\nGE", b"\n\nGE"), "edi.segment-empty"),
        (lambda d: d.replace(b"~", b"~\n"), "edi.line-break-after-terminator"),
        (lambda d: d.replace(b"~", b"~\r\n"), "edi.line-break-after-terminator"),
        (lambda d: d.replace(b"~", b"~\r\n").replace(b"\nREF", b"\n\t REF"), "edi.line-break-after-terminator"),
        (lambda d: d.replace(b"~ST", b"~  \tST"), "edi.blanks-before-segment"),
        (lambda d: d.replace(b"~REF", b"~\r\nREF"), "edi.blanks-before-segment"),
        (lambda d: d.replace(b"          ", b" ").replace(b"SENDER         ", b"SENDER"), "edi.isa-not-fixed-width"),
        (lambda d: d.replace(b"*>~", b"*~"), "edi.component-separator-missing"),
        (lambda d: d.replace(b"*U*", b"*^*"), "edi.isa11-ignored"),
        (lambda d: d.replace(b"~IEA", b"~\nIEA"), "edi.blanks-before-segment"),
        (lambda d: d.replace(b"~REF", b"~~REF"), "edi.segment-empty"),
        (lambda d: d.removesuffix(b"~"), "edi.terminator-missing"),
        (lambda d: d.replace(b"~", b"~\n").replace(b"~\nREF", b"\nREF"), "edi.terminator-missing"),
        (lambda d: d.replace(b"Main Street", b"Main\r\n Street"), "edi.line-break-in-segment"),
        (lambda d: d.replace(b"*1~IEA", b"*1\n~IEA"), "edi.line-break-in-segment"),
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
@pytest.mark.parametrize("line_break", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize(
    ("before", "after", "codes"),
    [
        (b"", b"", set()),
        (b"\xef\xbb\xbf", b"", {"edi.byte-order-mark"}),
        (b"\xef\xbb\xbf \r\n", b"\x1a", {"edi.byte-order-mark", "edi.leading-blanks"}),
    ],
)
def test_a_wrapped_file_is_unwrapped_and_offsets_stay_those_of_the_file(
    x12, found, width, line_break, before, after, codes
):
    clean = x12()
    wrapped = before + line_break.join(clean[at : at + width] for at in range(0, len(clean), width))
    wrapped += line_break + after if after else b""
    assert trees(wrapped) == trees(clean)
    told = {f.code for f in found(wrapped)} - ({"edi.blanks-outside-interchange"} if after else set())
    assert told == {"edi.wrapped-lines", *codes}
    (interchange,) = read(wrapped)
    (one,) = interchange.sets
    piece = wrapped[one.offset : one.offset + one.length].replace(line_break, b"")
    assert piece.startswith(b"ST*850*0001~") and piece.endswith(b"*0001~")


def test_isa11_is_the_repetition_separator_from_00402_on(x12):
    (interchange,) = read(x12(version="005010"))
    assert interchange.delimiters.repetition == "^"
    (older,) = read(x12())
    assert older.delimiters.repetition == ""


@pytest.mark.parametrize("mark", [b"\x1c", b"\x1d", b"\x1e", b"\x1f", b"\t", b"!"])
def test_any_character_that_is_free_separates_repetitions(x12, found, mark):
    data = x12(version="005010").replace(b"*^*", b"*" + mark + b"*")
    assert found(data) == []
    (interchange,) = read(data)
    assert interchange.delimiters.repetition == mark.decode()


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


@pytest.mark.parametrize("line_break", [b"\n", b"\r\n"])
@pytest.mark.parametrize("lost", [b"GS*PO*SENDER*RECEIVER*20260105*1200*1*X*004010", b"SE*11*0001", b"GE*2*1"])
def test_story_48_a_control_segment_that_lost_its_terminator_takes_nothing_from_the_next(parts, lost, line_break):
    one_set, one_group, one_interchange = parts
    pieces = [one_set(*ORDER), one_set(*ORDER, number="0002")]
    data = one_interchange(one_group(*pieces), one_group(pieces[0], number="2")).replace(b"~", b"~" + line_break)
    assert lost + b"~" in data
    (interchange,) = examine(data.replace(lost + b"~", lost, 1))
    assert {f.code for f in interchange.all_findings()} == {"edi.terminator-missing", "edi.line-break-after-terminator"}
    assert [one.control_number for one in interchange.sets] == ["0001", "0002", "0001"]


@pytest.mark.parametrize("rest", [b"GS~", b"GS~GE*0*1~IEA*1*000000001~"])
def test_a_group_whose_head_says_nothing_is_a_group_all_the_same(x12, rest):
    data = x12()[:106] + rest
    (interchange,) = examine(data)
    (group,) = interchange.groups
    assert group.is_real and "edi.group-not-supported" in [f.code for f in group.findings]
    assert file_from_json(file_to_json([interchange])) == data


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
    "data", [b"", b"   ", b"hello", b"ISA", b"ISA*00*", b"\xff\xfe\x00", b"STORE;NAME", b"ST*850*", b"ST*85*0001~"]
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


@pytest.mark.parametrize("before", [b"", b"From: VISA*cards\r\n"])
@pytest.mark.parametrize("streamed", [False, True])
def test_an_interchange_whose_isa_cannot_be_read_is_told_beside_one_that_can(x12, order_segments, before, streamed):
    good = x12(*order_segments)
    torn = good.replace(b"ISA*00*          *", b"ISA*00*", 1)
    for data, at in ((before + torn + good, len(before)), (good + before + torn, len(good) + len(before))):
        reader = read(io.BytesIO(data) if streamed else data)
        assert len(list(reader)) == 1
        assert [(f.code, f.offset) for f in reader.findings if f.is_error] == [("edi.isa-unreadable", at)]


def test_words_around_an_interchange_are_no_isa(x12, order_segments):
    good = x12(*order_segments)
    for words in (b"VISA*1*2*3*4*5*", b"ISA, to whom it may concern", b"the ISA*is below"):
        examination = examine(words + b"\r\n" + good)
        assert len(list(examination)) == 1
        assert [f.code for f in examination.findings] == ["edi.data-outside-interchange"]


def test_an_isa_inside_data_does_not_start_an_interchange(x12):
    data = x12("BEG*00*SA*4711**20260105", "REF*ZZ*ISA", "REF*ZZ*X*ISA", "PO1*1*5*EA")
    assert len(list(read(data))) == 1
    data = x12("BEG*00*SA*ISA**20260105", "REF*DP*0", "PO1*1*1*EA*9**VN*0", "PID*F****0", "REF*ZZ*0")
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


@pytest.mark.parametrize("line_break", ["", "\n", "\r\n"])
@pytest.mark.parametrize("marks", ["*~", "|\n", "^\x1e"])
@pytest.mark.parametrize("head", ["", "GS*PO*A*B*20260105*1200*1*X*004010~"])
def test_sets_without_envelopes_are_read_with_a_warning(x12, order_segments, head, marks, line_break):
    text = head + one_set(*order_segments) + one_set(*order_segments, number="0002")
    text += "GE*2*1~" if head else ""
    data = text.replace("~", "~" + line_break).translate(str.maketrans("*~", marks)).encode()
    (interchange,) = examine(data)
    assert [f.code for f in interchange.findings][0] == "edi.envelope-missing"
    assert all(f.severity == "warning" for f in interchange.all_findings()), interchange.all_findings()
    assert [one.tree.root for one in interchange.sets] == trees(x12()) * 2
    assert [one.control_number for one in interchange.sets] == ["0001", "0002"]


def test_an_isa16_of_several_characters_is_an_error_that_hides_nothing(x12, found):
    data = x12().replace(b"*>~", b"*>>~")
    assert [(f.code, f.designator, f.ack_code) for f in found(data)] == [("edi.isa-element-invalid", "ISA16", "027")]
    assert trees(data) == trees(x12())


def test_text_in_another_encoding_is_told_and_an_encoding_can_be_set(x12, found):
    data = x12("BEG*00*SA*1**20260105", "N1*ST*Süd", "PO1*1*5*EA").replace("ü".encode(), b"\xfc")
    assert [f.code for f in found(data)] == ["edi.encoding-guessed"]
    assert "Süd" in str(trees(data))
    data = data.replace(b"\xfc", b"\x80")
    (interchange,) = validation.examine(data, encoding="cp1252")
    assert interchange.all_findings() == [] and "S€d" in str([one.tree.root for one in interchange.sets])


@pytest.mark.parametrize("name", ["ISA", "GS"])
def test_text_of_an_envelope_in_another_encoding_is_told_and_kept(x12, found, name):
    data = x12()
    start = data.index(name.encode() + b"*")
    at = data.index(b"SENDER", start)
    data = data[:at] + b"\xdc" + data[at + 1 :]
    assert [(f.code, f.segment, f.offset) for f in found(data)] == [("edi.encoding-guessed", name, start)]
    ((one,),) = [list(i.sets) for i in examine(data)]
    assert one.tree.envelope["sender_id" if name == "ISA" else "group_sender"] == "ÜENDER"


@pytest.mark.parametrize("change", [
    lambda d: d,
    lambda d: d.replace(b"~", b"~\r\n"),
    lambda d: b"\xef\xbb\xbf\n" + d.replace(b"~", b"\n"),
    lambda d: b"\n".join(d[at : at + 80] for at in range(0, len(d), 80)),
    lambda d: b"\r\n".join(d[at : at + 80] for at in range(0, len(d), 80)) + b"\r\n",
    lambda d: d.replace(b"IEA*2*000000001~", b""),
    lambda d: d.replace(b"ISA*", b"garbage ISA*", 1) + b"rest",
    lambda d: b"x" * 5_000 + d + b" " * 5_000 + d,
    lambda d: d.replace(b"SE*11", b"SEE*11"),
    lambda d: d[d.index(b"ST*") :],
])  # fmt: skip
@pytest.mark.parametrize("chunk", [1_000, 1_007])
def test_a_file_read_in_pieces_reads_as_one_given_whole(change, chunk, monkeypatch):
    sets = [one_set(*ORDER, number=f"{n:04d}") for n in range(1, 12)]
    data = change(one_interchange(one_group(*sets), one_group(*sets, number="2")) + one_interchange(one_group(*sets)))
    whole = [(part, part.interchange.findings) for part in validation.examine(data).parts()]
    monkeypatch.setattr(source_module, "CHUNK", chunk)
    examination = validation.examine(io.BytesIO(data))
    pieces = [(part, part.interchange.findings) for part in examination.parts()]
    assert len(pieces) == len(whole)
    for (one, one_found), (other, other_found) in zip(pieces, whole, strict=True):
        assert one_found == other_found
        if one.set and other.set:
            assert (one.set.offset, one.set.length, one.set.raw) == (other.set.offset, other.set.length, other.set.raw)
            assert (one.set.tree, one.set.findings) == (other.set.tree, other.set.findings)
        elif one.group and other.group:
            assert (one.group.offset, one.group.length) == (other.group.offset, other.group.length)
            assert (one.group.received, one.group.findings) == (other.group.received, other.group.findings)
        else:
            assert (one.interchange.offset, one.interchange.length) == (
                other.interchange.offset, other.interchange.length,
            )  # fmt: skip


class Endless(io.RawIOBase):
    """A file of one byte string after another, so many times, which is never whole in memory."""

    def __init__(self, head: bytes, piece: bytes, times: int) -> None:
        self.head, self.piece, self.times, self.most_kept = head, piece, times, 0

    def read(self, size: int = -1) -> bytes:
        head, self.head = self.head, b""
        count = min(self.times, max(1, size // len(self.piece)))
        self.times -= count
        return head + self.piece * count


def test_what_was_handed_out_is_let_go(monkeypatch):
    monkeypatch.setattr(source_module, "CHUNK", 10_000)
    head = one_interchange().partition(b"IEA")[0] + b"GS*PO*A*B*20260105*1200*1*X*004010~"
    examination = validation.examine(Endless(head, one_set(*ORDER).encode(), 2_000), trees=False)
    largest = counted = 0
    for part in examination.parts():
        largest = max(largest, len(examination._reader._source.window))
        counted += part.set is not None
    assert counted == 2_000 and largest < 40_000


def test_a_set_that_is_too_long_is_not_read_and_its_neighbours_are(monkeypatch):
    monkeypatch.setattr(source_module, "CHUNK", 1_000)
    monkeypatch.setattr(scan, "LONGEST_SET", 20_000)
    long = one_set("BEG*00*SA*1**20260105", *["PO1*1*5*EA"] * 4_000, number="0002")
    data = one_interchange(one_group(one_set(*ORDER), long, one_set(*ORDER, number="0003")))
    for file in (data, io.BytesIO(data)):
        sets = [part.set for part in validation.examine(file).parts() if part.set]
        assert [[f.code for f in one.findings] for one in sets] == [[], ["edi.set-too-large"], []]
        assert [one.length for one in sets][1] == len(long)
        assert sets[1].raw == b"" and sets[1].tree is None


def test_levels_nest_only_so_deep(x12, found):
    levels = [f"HL*{n}*{n - 1 or ''}*S" for n in range(1, 5_000)]
    data = x12("BSN*00*S1*20260105*1200", *levels, set_id="856", functional_id="SH")
    faults = found(data)
    assert {f.code for f in faults} == {"edi.levels-too-deep"}
    assert len(faults) == (len(levels) - 1) // DEEPEST_LEVEL <= MOST_FINDINGS


@pytest.mark.parametrize("terminator", [b"~", b"\n"])
@pytest.mark.parametrize("filling", [b"\n", b"\r\n", b" ", b"\x00", b"~", b"~ ", b"A\n", b"ISA*", b"GS*"])
def test_a_bulk_of_anything_takes_one_pass(filling, terminator):
    head = one_interchange().partition(b"IEA")[0] + b"GS*SH*A*B*20260105*1200*1*X*004010~ST*856*0001~"
    data = (head + filling * (200_000 // len(filling))).replace(b"~", terminator)
    assert len(list(validation.examine(data))) == 1


@settings(max_examples=100)
@given(st.lists(st.integers(0, 60)))
def test_control_numbers_met_before_are_known(numbers):
    from hub.edi.numbers import Numbers

    seen, known = Numbers(), set()
    for number in numbers:
        assert seen.seen(f"{number:04d}") == (number in known)
        known.add(number)


@pytest.mark.parametrize("cut", [20, 60, 83, 89, 90, 100, 103])
def test_story_48_an_isa_that_was_cut_off_takes_nothing_from_the_next(x12, cut):
    data = x12() + x12()[:cut] + x12()
    whole = [i for i in read(data) if i.control_number == "000000001" and i.trailer is not None]
    assert [len(list(one.sets)) for one in whole] == [1, 1]
