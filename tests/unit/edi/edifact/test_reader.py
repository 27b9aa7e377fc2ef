"""The EDIFACT reader: delimiters, character sets, tolerances, slices, and faults that stay where they are."""

from __future__ import annotations

import pytest

from hub.edi import validation
from hub.edi.edifact.reader import read
from hub.edi.edifact.validation import examine

MARKS = "+:'?."


def roots(data: bytes, encoding: str = "") -> list[object]:
    return [one.tree.root for i in examine(data, encoding=encoding) for one in i.sets if one.tree]


def dressed(data: bytes, una: str) -> bytes:
    """A specimen with the delimiters of a UNA (`:+.? '` in this order)."""
    component, element, _, release, _, terminator = una
    table = str.maketrans({":": component, "+": element, "?": release, "'": terminator})
    return f"UNA{una}".encode() + data.decode().translate(table).encode()


def test_a_clean_file_has_no_findings(edifact, found):
    assert found(edifact()) == []
    assert found(edifact(directory="D:01B")) == []
    assert [i.delimiters.element for i in validation.examine(edifact())] == ["+"]


def test_the_tree_nests_segment_groups_and_trims_empty_elements(edifact):
    (root,) = roots(
        edifact("BGM+220+4711+9++", "DTM+137:20260105:102:", "NAD+BY+1", "CTA+OC", "LIN+1", "QTY+21:5", "UNS+S")
    )
    assert root.children[:2] == [("BGM", "220", "4711", "9"), ("DTM", ("137", "20260105", "102"))]
    party, line = root.children[2:4]
    assert (party.id, party.children[0], party.children[1].id) == ("SG2", ("NAD", "BY", "1"), "SG5")
    assert (line.id, line.children) == ("SG25", [("LIN", "1"), ("QTY", ("21", "5"))])


def test_the_envelope_facts_come_with_each_message(edifact):
    ((one,),) = [list(i.sets) for i in examine(edifact())]
    facts = {key: value for key, value in one.tree.envelope.items() if value}
    assert facts == {
        "syntax_id": "UNOC", "syntax_version": "3", "sender_id": "SENDER", "sender_qualifier": "14",
        "receiver_id": "RECEIVER", "receiver_qualifier": "14", "date": "260105", "time": "1200",
        "interchange_control_number": "REF1", "usage": "P", "agency": "UN", "association": "EAN008",
    }  # fmt: skip
    assert (one.tree.set_id, one.tree.version, one.tree.control_number) == ("ORDERS", "D96A", "1")


@pytest.mark.parametrize("una", [":+.? '", ":+,? '", "|^.\\ ~", "\x1f\x1d.? \x1c", ":+.? \n", ":*.# !", ":+.  '"])
def test_una_names_the_delimiters(edifact, found, una):
    data = dressed(edifact(), una)
    assert [f for f in found(data) if f.is_error] == []
    assert roots(data) == roots(edifact())


def test_without_una_the_defaults_hold_and_version_4_repeats(edifact, parts):
    message, _, interchange = parts
    (three,) = read(edifact())
    assert (three.delimiters.release, three.delimiters.repetition, three.delimiters.decimal) == ("?", "", ".")
    (four,) = read(interchange(message("BGM+220"), syntax="UNOC:4"))
    assert four.delimiters.repetition == "*"
    (advised,) = read(b"UNA:+,? '" + interchange(message("BGM+220"), syntax="UNOC:4"))
    assert (advised.delimiters.repetition, advised.delimiters.decimal) == ("", ",")


@pytest.mark.parametrize("version", ["3", "4"])
def test_a_repetition_separator_counts_from_version_4_on(parts, version):
    message, _, interchange = parts
    data = b"UNA:+.?*'" + interchange(message("FTX+AAI+++a*b"), syntax=f"UNOC:{version}")
    (root,) = roots(data)
    repeats = [type(e).__name__ for e in root.children[0]]
    assert repeats[-1] == ("Repeats" if version == "4" else "str")


def test_level_b_without_una_uses_separators_of_its_own(edifact, found):
    data = edifact(syntax="UNOB:1").translate(bytes.maketrans(b"+:'", b"\x1d\x1f\x1c"))
    assert [f for f in found(data) if f.is_error] == []
    assert roots(data) == roots(edifact())


@pytest.mark.parametrize("table", [(b"'", b"~"), (b"+:'", b"*|~"), (b"'", b"\n")])
def test_delimiters_that_nobody_announced_are_seen_and_told(edifact, found, table):
    data = edifact().translate(bytes.maketrans(*table))
    assert [f.code for f in found(data)] == ["edi.delimiters-guessed"]
    assert roots(data) == roots(edifact())


def test_a_service_string_advice_that_nobody_follows_is_told(edifact, found):
    data = b"UNA|*.? '" + edifact()
    assert [f.code for f in found(data)] == ["edi.service-advice-unusable"]
    assert roots(data) == roots(edifact())


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: b"\xef\xbb\xbf" + d, "edi.byte-order-mark"),
        (lambda d: b"\r\n  " + d, "edi.leading-blanks"),
        (lambda d: b"\xef\xbb\xbf\r\n" + d, "edi.leading-blanks"),
        (lambda d: b"\r\n\xef\xbb\xbf" + d, "edi.byte-order-mark"),
        (lambda d: d + b"\r\n\x1a", "edi.blanks-outside-interchange"),
        (lambda d: d + b"''", "edi.segment-empty"),
        (lambda d: b"UNA:+.? '\n" + d, "edi.blanks-before-segment"),
        (lambda d: d.replace(b"'", b"'\n"), "edi.line-break-after-terminator"),
        (lambda d: d.replace(b"'", b"'\r\n"), "edi.line-break-after-terminator"),
        (lambda d: d.replace(b"'", b"'\r\n").replace(b"\nNAD", b"\n\t NAD"), "edi.line-break-after-terminator"),
        (lambda d: d.replace(b"'UNH", b"'  \tUNH"), "edi.blanks-before-segment"),
        (lambda d: d.replace(b"'DTM", b"'\r\nDTM"), "edi.blanks-before-segment"),
        (lambda d: d.replace(b"'UNZ", b"'\r\nUNZ"), "edi.blanks-before-segment"),
        (lambda d: d.removesuffix(b"'"), "edi.terminator-missing"),
        (lambda d: d.replace(b"'DTM", b"''DTM"), "edi.segment-empty"),
        (lambda d: d.replace(b"'UNH", b"''UNH"), "edi.segment-empty"),
        (lambda d: d.replace(b"'", b"'\n").replace(b"'\nNAD", b"\nNAD"), "edi.terminator-missing"),
        (lambda d: d.replace(b"'UNT", b"\nUNT"), "edi.terminator-missing"),
        (lambda d: d.replace(b"'BGM", b"\r\nBGM"), "edi.terminator-missing"),
        (lambda d: d.replace(b"+4711", b"+47\r\n11"), "edi.line-break-in-segment"),
        (lambda d: d.replace(b"+REF1", b"+RE\nF1"), "edi.line-break-in-segment"),
        (lambda d: d.replace(b"+REF1'UNH", b"+REF1++OR\r\nDER++1'UNH"), "edi.line-break-in-segment"),
        (lambda d: d.replace(b"4711+9'", b"4711+9++'"), "edi.trailing-separators"),
        (lambda d: d.replace(b":EN'", b":EN:'"), "edi.trailing-separators"),
        (lambda d: d.replace(b":102'", b":102:'"), "edi.trailing-separators"),
        (lambda d: d.replace(b"4711", b"4?711"), "edi.release-needless"),
        (lambda d: d.replace(b"UN:EAN008", b"UN:EAN008:+"), "edi.trailing-separators"),
        (lambda d: d.replace(b"REF1'", b"REF?1'"), "edi.release-needless"),
        (lambda d: d.replace(b"UNOC:3", b"KECA:3"), "edi.syntax-undescribed"),
        (lambda d: d.replace(b"UNOC:3", b"UNOC"), "edi.syntax-undescribed"),
        (lambda d: d.replace(b"260105:1200+REF1'U", b"20260105:1200+REF1'U"), "edi.interchange-date-form"),
        (lambda d: d.replace(b"UNOC:3", b"UNOB:3").replace(b"4711", b"47#1"), "edi.character-outside-set"),
        (lambda d: b"UNA:+.?*'" + d, "edi.repetition-ignored"),
    ],
)
def test_a_tolerance_is_a_warning_and_changes_nothing_else(edifact, found, change, code):
    data = change(edifact())
    findings = found(data)
    assert code in {f.code for f in findings}
    assert all(f.severity == "warning" for f in findings), findings
    if code != "edi.character-outside-set":
        assert roots(data) == roots(edifact())


@pytest.mark.parametrize(
    ("syntax", "codec", "differs"),
    [
        ("UNOA:3", "ascii", False), ("UNOC:3", "latin-1", False), ("UNOD:3", "iso8859-2", False),
        ("UNOE:3", "iso8859-5", False), ("UNOF:3", "iso8859-7", False), ("UNOW:4", "utf-8", False),
        ("UNOB:3", "utf-8", True), ("UNOC:3", "utf-8", True), ("UNOB:3", "latin-1", True), ("UNOW:4", "latin-1", True),
    ],
)  # fmt: skip
def test_story_47_the_character_set_is_the_one_that_unb_names_or_the_bytes_show(parts, found, syntax, codec, differs):
    message, _, interchange = parts
    name = {"ascii": "MUELLER", "iso8859-2": "Łódź", "iso8859-5": "Москва", "iso8859-7": "Αθήνα"}.get(codec, "Müller")
    text = interchange(message("NAD+BY+++NAME"), syntax=syntax).replace(b"NAME", name.encode(codec))
    (root,) = roots(text)
    assert root.children[0].children[0][4] == name
    assert ("edi.character-set-differs" in {f.code for f in found(text)}) is differs


def test_story_47_a_partner_may_set_the_character_set(edifact):
    data = edifact("NAD+BY+++M\u00fcller").decode("latin-1").encode("cp437")
    (root,) = roots(data, encoding="cp437")
    assert root.children[0].children[0][4] == "Müller"


@pytest.mark.parametrize("width", [50, 80, 998])
@pytest.mark.parametrize("line_break", [b"\n", b"\r\n", b"\r"])
def test_a_wrapped_file_is_unwrapped_and_offsets_stay_those_of_the_file(
    parts, found, order_segments, width, line_break
):
    message, _, interchange = parts
    clean = interchange(*(message(*order_segments, number=str(n)) for n in range(1, 15)))
    wrapped = line_break.join(clean[at : at + width] for at in range(0, len(clean), width))
    assert roots(wrapped) == roots(clean)
    assert {f.code for f in found(wrapped)} == {"edi.wrapped-lines"}
    (read_back,) = read(wrapped)
    for one in read_back.sets:
        piece = wrapped[one.offset : one.offset + one.length].replace(line_break, b"")
        assert piece == message(*order_segments, number=one.control_number).encode()


def test_story_46_release_characters_keep_delimiters_in_values(edifact, found):
    data = edifact("BGM+220+A?+B??", "DTM+137:20260105:102", "FTX+AAI+++It?'s 10?:30??:no??", "UNS+S")
    assert found(data) == []
    (root,) = roots(data)
    assert root.children[0][2] == "A+B?"
    assert root.children[2][4] == ("It's 10:30?", "no?")


def test_story_46_a_released_terminator_begins_no_service_segment(edifact):
    data = edifact("BGM+220", "FTX+AAI+++a?'UNT+2+1?'UNZ+1+REF1", "FTX+AAI+++b???'UNH+2", "UNS+S")
    ((one,),) = [list(i.sets) for i in examine(data)]
    assert one.counted == 6
    assert [segment[4] for segment in one.tree.root.walk() if segment[0] == "FTX"] == ["a'UNT", "b?'UNH"]


@pytest.mark.parametrize("marks", range(1, 8))
def test_story_46_whether_a_service_segment_follows_is_a_matter_of_parity(parts, marks):
    message, _, interchange = parts
    odd = marks % 2 == 1
    texts = [message("BGM+220", "FTX+AAI+++a" + "?" * marks, number=number) for number in "12"]
    read_back = next(examine(interchange(*texts)))
    assert [one.trailer is None for one in read_back.sets] == [odd] * len(list(read_back.sets))
    ended = [segment[4] for one in read_back.sets for segment in one.tree.root.walk() if segment[0] == "FTX"]
    assert ended[0] == "a" + "?" * (marks // 2) + ("'UNT" if odd else "")


def test_offsets_are_bytes_also_where_characters_take_several(parts, found):
    message, _, interchange = parts
    data = interchange(message("BGM+220+Süd", "DTM+137:20260105:102", "NAD+BYER+1", "UNS+S"), syntax="UNOW:4")
    (fault,) = [f for f in found(data) if f.is_error]
    assert data[fault.offset :].startswith(b"NAD+BYER")
    assert (fault.position, fault.designator, fault.loop) == (4, "NAD01", "SG2")


def test_groups_are_read_and_their_counts_judged(parts, found, order_segments):
    message, group, interchange = parts
    one = group(message(*order_segments), message(*order_segments, number="2"))
    data = interchange(one, group(message(*order_segments), number="8"))
    assert found(data) == []
    (read_back,) = read(data)
    assert [(g.control_number, g.functional_id, len(g.sets)) for g in read_back.groups] == [
        ("7", "ORDERS", 2), ("8", "ORDERS", 1),
    ]  # fmt: skip


def envelope_faults():
    return [
        (b"UNZ+1+", b"UNZ+2+", "edi.interchange-count-wrong", "UCI", "29"),
        (b"UNZ+1+REF1", b"UNZ+1+REF2", "edi.interchange-reference-mismatch", "UCI", "28"),
        (b"UNZ+1+REF1'", b"", "edi.interchange-end-missing", "UCI", "13"),
        (b"SENDER:14+RE", b"+RE", "edi.interchange-party-missing", "UCI", "13"),
        (b"+REF1", b"+", "edi.interchange-reference-missing", "UCI", "13"),
        (b"260105:1200+REF1", b"261305:1200+REF1", "edi.interchange-date-invalid", "UCI", "12"),
        (b"'UNH+1", b"'XYZ+1'UNH+1", "edi.segment-outside-message", "UCI", "33"),
        (b"'UNH+1", b"'UNT+2+1'UNH+1", "edi.message-header-missing", "UCI", "33"),
        (b"'UNH+1", b"'UNE+1+1'UNH+1", "edi.group-start-missing", "UCI", "33"),
        (b"UNT+13+1'", b"UNT+14+1'", "edi.message-length-wrong", "UCM", "29"),
        (b"UNT+13+1'", b"UNT+13+2'", "edi.message-reference-mismatch", "UCM", "28"),
        (b"UNT+13+1'", b"", "edi.message-end-missing", "UCM", "13"),
        (b"UNH+1+", b"UNH++", "edi.message-reference-missing", "UCM", "13"),
        (b"ORDERS:D", b":D", "edi.message-type-invalid", "UCM", "12"),
        (b"ORDERS:D", b"PAORES:D", "edi.set-not-supported", "UCM", "15"),
    ]


@pytest.mark.parametrize(("old", "new", "code", "segment", "number"), envelope_faults())
def test_an_envelope_fault_is_one_finding_with_its_contrl_code(edifact, found, old, new, code, segment, number):
    clean = edifact()
    assert clean.count(old)
    faults = [f for f in found(clean.replace(old, new)) if f.is_error]
    assert [(f.code, f.ack_segment, f.ack_code) for f in faults] == [(code, segment, number)]


@pytest.mark.parametrize(
    ("old", "new", "code", "number"),
    [
        (b"UNE+1+7", b"UNE+2+7", "edi.message-count-wrong", "29"),
        (b"UNE+1+7", b"UNE+1+8", "edi.group-reference-mismatch", "28"),
        (b"UNE+1+7'", b"", "edi.group-end-missing", "13"),
        (b"260105:1200+7+", b"260105:1200++", "edi.group-reference-missing", "13"),
        (b"UNE+1+7'", b"UNE+1+7'UNG+ORDERS+A+B+260105:1200+7'UNE+0+7'", "edi.group-reference-repeated", "26"),
    ],
)
def test_a_group_fault_is_one_finding(parts, found, order_segments, old, new, code, number):
    message, group, interchange = parts
    data = interchange(group(message(*order_segments)), count=2 if b"UNG" in new else 1).replace(old, new)
    faults = [f for f in found(data) if f.is_error]
    assert [(f.code, f.ack_code) for f in faults] == [(code, number)]


def test_messages_in_groups_and_outside_of_them_are_read_and_told(parts, found, order_segments):
    message, group, interchange = parts
    for inside in [(group(message(*order_segments)), message(*order_segments, number="2"))] * 2:
        data = interchange(*inside, count=1)
        assert [f.code for f in found(data) if f.is_error] == ["edi.groups-mixed"]
        assert len(roots(data)) == 2


def test_a_reference_used_twice_is_told(parts, found, order_segments):
    message, _, interchange = parts
    data = interchange(message(*order_segments), message(*order_segments))
    assert [(f.code, f.ack_code) for f in found(data) if f.is_error] == [("edi.message-reference-repeated", "26")]


def test_story_48_one_bad_message_never_takes_its_neighbours_with_it(parts, order_segments):
    message, _, interchange = parts
    good = [message(*order_segments, number=str(n)) for n in range(1, 6)]
    broken = [
        good[0],
        good[1].rpartition("UNT+")[0],
        good[2].replace("BGM+", "B G M+"),
        good[3].replace("ORDERS:", "NOSUCH:"),
        good[4],
    ]
    (read_back,) = examine(interchange(*broken))
    assert [bool([f for f in one.findings if f.is_error]) for one in read_back.sets] == [False, True, True, True, False]
    assert read_back.findings == []


def test_a_broken_interchange_does_not_hide_the_next_one(edifact, found):
    cut = edifact()[:180]
    for first in (cut, cut + b"\n", edifact()[:30] + b"'", b"UNA:+.? 'UNB+UNOC:3+", edifact().replace(b"'", b"")):
        interchanges = list(examine(first + b"UNA:+.? '" + edifact()))
        assert interchanges[-1].all_findings() == []
        assert [one.set_id for one in interchanges[-1].sets] == ["ORDERS"]
        assert any(f.is_error for f in found(first + edifact()))


def test_several_interchanges_with_delimiters_of_their_own(edifact, found):
    data = edifact() + b"\n" + dressed(edifact(), "|^.\\ ~") + b"\r\n" + edifact()
    assert [f.code for f in found(data)] == ["edi.blanks-outside-interchange"]
    assert roots(data) == roots(edifact()) * 3


def test_a_message_without_interchange_is_read_and_told(parts, found, order_segments):
    message, _, _ = parts
    for head in ("", "UNA:+.? '", "\r\n"):
        data = (head + message(*order_segments)).encode()
        assert "edi.envelope-missing" in [f.code for f in found(data)]
        assert not [f for f in found(data) if f.is_error]
        assert len(roots(data)) == 1


@pytest.mark.parametrize("terminator", [b"'", b"'\r\n", b"'\n"])
@pytest.mark.parametrize("wrap", [None, 80])
def test_a_message_cut_out_with_its_envelope_heads_reads_the_same(parts, order_segments, wrap, terminator):
    message, group, interchange = parts
    groups = [group(*(message(*order_segments, number=str(n)) for n in "12"), number=g) for g in "78"]
    data = interchange(*groups, una="UNA:+.? '").replace(b"'", terminator)
    if wrap and terminator == b"'":
        data = b"\n".join(data[at : at + wrap] for at in range(0, len(data), wrap))
    (read_back,) = examine(data)
    for one_group in read_back.groups:
        for one in one_group.sets:
            (again,) = examine(read_back.alone(one_group, one))
            ((alone,),) = [g.sets for g in again.groups]
            assert alone.tree == one.tree
            assert alone.findings == [] and again.header == read_back.header


@pytest.mark.parametrize("data", [b"", b"   ", b"hello", b"UNB", b"UNA", b"UNA:+.? '", b"\xff\xfe\x00", b"ISA*00*"])
def test_what_is_no_interchange_is_one_finding(data):
    examination = examine(data)
    assert list(examination) == []
    assert not examination.readable
    assert [f.code for f in examination.findings if f.is_error] == ["edi.interchange-missing"]
