"""Judging EDIFACT messages: values, order and repetition, directories, dates by their format."""

from __future__ import annotations

import pytest

from hub.edi.edifact.validation import examine
from hub.edi.grammars.library import Library, default_library
from hub.edi.grammars.rules import walk
from hub.edi.judging.periods import FORMATS, period_fault

HEAD = ("BGM+220+4711+9", "DTM+137:20260105:102")
TAIL = ("UNS+S",)


def faults(found, data):
    return [(f.code, f.designator, f.ack_segment, f.ack_code) for f in found(data) if f.is_error]


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        ((*HEAD, "NAD+BYER", *TAIL), ("edi.element-too-long", "NAD01", "UCD", "39")),
        ((*HEAD, "NAD++1", *TAIL), ("edi.element-missing", "NAD01", "UCD", "13")),
        ((*HEAD, "RFF+:1", *TAIL), ("edi.element-missing", "RFF01-1", "UCD", "13")),
        ((*HEAD, "NAD+BY+1:2:3:4", *TAIL), ("edi.too-many-components", "NAD02", "UCD", "16")),
        ((*HEAD, *TAIL, "CNT+2:1", "MOA+79:5"), ("edi.segment-out-of-sequence", "MOA", "UCS", "15")),
        ((*HEAD, "FTX+AAI+++a\tb", *TAIL), ("edi.character-invalid", "FTX04-1", "UCD", "21")),
        ((*HEAD, "NAD+BY+++++++++GB", *TAIL), ("edi.too-many-elements", "NAD10", "UCS", "16")),
        ((*HEAD, "LIN+1", "QTY+21:five", *TAIL), ("edi.character-type-invalid", "QTY01-2", "UCD", "37")),
        ((*HEAD, "LIN+A", *TAIL), ("edi.character-type-invalid", "LIN01", "UCD", "37")),
        ((*HEAD, "DTM+2:20261301:102", *TAIL), ("edi.date-invalid", "DTM01-2", "UCD", "12")),
        ((HEAD[0], "BGM+220", HEAD[1], *TAIL), ("edi.segment-over-maximum", "BGM", "UCS", "35")),
        ((HEAD[0], *TAIL), ("edi.segment-missing", "DTM", "UCS", "13")),
        (HEAD, ("edi.segment-missing", "UNS", "UCS", "13")),
        ((*HEAD, "XXX+1", *TAIL), ("edi.segment-unrecognised", "XXX", "UCS", "15")),
        ((*HEAD, "CPS+1", *TAIL), ("edi.segment-not-in-set", "CPS", "UCS", "15")),
        ((*HEAD, "COM+1:TE", *TAIL), ("edi.segment-unexpected", "COM", "UCS", "15")),
        ((*HEAD, "QTY+21:5", "LIN+1", *TAIL), ("edi.segment-unexpected", "QTY", "UCS", "15")),
        ((*HEAD, *(f"TAX+7+++++S+{n}" for n in range(6)), *TAIL), ("edi.loop-over-maximum", "TAX", "UCS", "36")),
    ],
)
def test_a_fault_is_one_finding_with_its_contrl_code(edifact, found, segments, expected):
    assert faults(found, edifact(*segments)) == [expected]


def messages(found, data):
    return [(f.position, f.message) for f in found(data) if f.is_error]


RECEIVED = ("BGM+632+9+9", "DTM+137:20260105:102", "NAD+BY+1")
LINES = ("LIN+1++4000862141404:EN", "QTY+48:5", "LIN+2++4000862141411:EN", "QTY+48:7", "RFF+ON:4711")


@pytest.mark.parametrize(
    ("kind", "segments", "expected"),
    [
        ("RECADV", (*RECEIVED, *LINES), (5, "LIN stands without the CPS that opens the loop around it.")),
        ("DESADV", (*RECEIVED, *LINES), (5, "LIN stands without the CPS that opens the loop around it.")),
        ("IFTSTA", ("BGM+23+1", "DTM+137:20260105:102", "EQD+CN+CSQU3054383", "SEL+1", "STS+1+21"),
         (4, "EQD stands without the CNI that opens the loop around it.")),
        ("ORDERS", (*HEAD, "PRI+AAA:9", "NAD+BY+1", "NAD+SU+2", "CUX+2:EUR:9", "LIN+1", "QTY+21:5", *TAIL),
         (4, "PRI cannot stand at this place of set ORDERS.")),
    ],
)  # fmt: skip
def test_what_opens_the_loops_around_is_missed_once(edifact, found, kind, segments, expected):
    assert messages(found, edifact(*segments, kind=kind)) == [(expected[0], f"Segment {expected[1]}")]


def test_the_lines_without_their_packages_are_kept_in_loops(edifact):
    ((one,),) = [list(i.sets) for i in examine(edifact(*RECEIVED, *LINES, kind="RECADV"))]
    (package,) = one.tree.root.loops("SG16")
    assert [len(line.children) for line in package.loops("SG22")] == [2, 3]
    assert sum(1 for _ in one.tree.root.walk()) == one.counted - 2


@pytest.mark.parametrize("late", [("RFF+ON:4711",), ("RFF+ON:4711", "DTM+171:20260104:102"), ("ALI+DE",)])
def test_what_stands_too_late_does_not_end_the_loop_it_stands_in(edifact, found, late):
    data = edifact(*RECEIVED, "CPS+1", *late, *LINES, kind="DESADV")
    assert messages(found, data) == [(6, f"Segment {late[0][:3]} stands too late; it belongs before CPS.")]
    ((one,),) = [list(i.sets) for i in examine(data)]
    (package,) = one.tree.root.loops("SG10")
    assert [len(line.children) for line in package.loops("SG15")] == [2, 3]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("LIN+1", "PRI+AAA:9", "MOA+203:45", "LIN+2", "PRI+AAA:8", "MOA+203:40"),
         [(6, "Segment MOA stands too late; it belongs before PRI."),
          (9, "Segment MOA stands too late; it belongs before PRI.")]),
        (("LIN+1", "PRI+AAA:9", "LIN+2", "PRI+AAA:8", "CNT+2:2"),
         [(9, "Segment UNS stands too late; it belongs before CNT.")]),
    ],
)  # fmt: skip
def test_a_total_of_a_line_is_not_taken_for_one_of_the_message(edifact, found, lines, expected):
    assert messages(found, edifact(*HEAD, *lines, *TAIL)) == expected


def test_a_fault_is_placed(edifact, found):
    data = edifact(*HEAD, "NAD+BY+1", "CTA+OC+:Ann", "COM+1234567:PHONE", *TAIL)
    (fault,) = [f for f in found(data) if f.is_error]
    assert (fault.position, fault.loop, fault.designator, fault.reference, fault.value) == (
        6, "SG5", "COM01-2", "3155", "PHONE",
    )  # fmt: skip
    assert data[fault.offset :].startswith(b"COM+1234567")


@pytest.mark.parametrize(("value", "mark"), [("9.25", "."), ("9,25", ","), ("9,25", "."), ("-9.25", ".")])
def test_either_decimal_mark_is_understood(edifact, found, value, mark):
    data = f"UNA:+{mark}? '".encode() + edifact(*HEAD, "LIN+1", f"PRI+AAA:{value}", *TAIL)
    assert faults(found, data) == []


@pytest.mark.parametrize("trees", [True, False])
def test_an_id_ends_where_no_release_character_precedes(edifact, trees):
    (interchange,) = examine(edifact(*HEAD, "XX?+1+2", *TAIL), trees=trees)
    assert [(f.code, f.value) for f in interchange.all_findings() if f.is_error] == [
        ("edi.segment-unrecognised", "XX?+1")
    ]


def test_a_number_is_measured_without_sign_and_mark(edifact, found):
    assert faults(found, edifact(*HEAD, "LIN+1", f"PRI+AAA:-{'1' * 13}.25", *TAIL)) == []
    assert len(faults(found, edifact(*HEAD, "LIN+1", f"PRI+AAA:{'1' * 14}.25", *TAIL))) == 1


@pytest.mark.parametrize(
    ("directory", "read_as"),
    [("D:93A", "D96A"), ("D:96A", "D96A"), ("D:96B", "D01B"), ("D:01A", "D01B"), ("D:01B", "D01B"), ("D:21B", "D01B"),
     ("S:93A", "D96A"), ("X:XX", "D01B"), ("D: 96A", "D96A"), ("0:96A", "D96A")],
)  # fmt: skip
def test_another_directory_is_read_by_the_nearest_that_has_all_of_it(edifact, found, directory, read_as):
    findings = found(edifact(directory=directory))
    known = directory.replace(" ", "") in ("D:96A", "D:01B")
    assert [f.code for f in findings] == ([] if known else ["edi.version-nearest"])
    assert known or read_as in findings[0].message


@pytest.mark.parametrize("segment", ["API+5", "QVA+1:2"])
def test_a_segment_that_only_an_older_directory_has_is_a_gap(edifact, found, segment):
    older = found(edifact(*HEAD, segment, *TAIL, directory="D:93A"))
    assert [f.code for f in older] == ["edi.version-nearest", "edi.segment-undescribed"]


def test_limits_of_a_newer_directory_are_not_ours_to_judge(edifact, found):
    long = (*HEAD, f"NAD+BY+{'1' * 36}", *TAIL)
    assert [f.code for f in found(edifact(*long)) if f.is_error] == ["edi.element-too-long"]
    newer = found(edifact(*long, directory="D:10A"))
    assert [(f.code, f.severity) for f in newer] == [
        ("edi.version-nearest", "warning"), ("edi.element-undescribed", "warning"),
    ]  # fmt: skip


def test_the_structure_of_a_newer_directory_is_not_ours_to_judge(edifact, found):
    times = ["DTM+361:20260105:102"] * 30
    moved = (*HEAD, "CPS+1", "LIN+1", *times, "PAC+1")

    def errors(directory):
        return [f.code for f in found(edifact(*moved, kind="DESADV", directory=directory)) if f.is_error]

    assert errors("D:01B") == errors("D:00A") == ["edi.segment-over-maximum", "edi.segment-out-of-sequence"]
    assert errors("D:03B") == []


def test_a_message_type_we_have_no_grammar_for_keeps_its_segments(edifact):
    ((one,),) = [list(i.sets) for i in examine(edifact("MSG+1:45", "IFT+3+XYZ", kind="PAORES"))]
    assert [f.code for f in one.findings] == ["edi.set-not-supported"]
    assert one.tree.root.children == [("MSG", ("1", "45")), ("IFT", "3", "XYZ")]


@pytest.mark.parametrize(
    ("value", "form", "right"),
    [
        ("20260105", "102", True), ("20260230", "102", False), ("260105", "101", True), ("202601052400", "203", False),
        ("202601052359", "203", True), ("20260105235960", "204", False), ("2026010512CET", "303", False),
        ("202601051200CET", "303", True), ("202601051200+01", "303", True), ("202601051200+1h", "303", False),
        ("202601051200-05", "303", True), ("2359", "401", True), ("235959", "402", True), ("202613", "610", False),
        ("202612", "610", True), ("202653", "616", True), ("202654", "616", False), ("2026", "602", True),
        ("2026010520260106", "718", True), ("202601059", "102", False), ("20A60105", "102", False), ("x", "999", True),
        ("", "102", True), ("20260105", "", True), ("202601051200202601061200", "719", True),
    ],
)  # fmt: skip
def test_a_period_is_written_as_its_code_says(value, form, right):
    assert (period_fault(value, form) == "") is right


@pytest.mark.parametrize("form", FORMATS)
def test_the_pattern_and_the_close_look_agree_on_dates(edifact, found, form):
    samples = {"YYMMDD": "260105", "CCYY": "2026", "YY": "26", "MM": "12", "WW": "53", "HHMM": "1200", "SS": "59",
               "ZZZ": "CET"}  # fmt: skip
    value = FORMATS[form].replace("CCYYMMDD", "20260105").replace("YYMMDD", "260105").replace("CCYY", "2026")
    for part in ("HHMM", "SS", "ZZZ", "YY", "MM", "WW"):
        value = value.replace(part, samples[part])
    assert faults(found, edifact(*HEAD, f"DTM+2:{value}:{form}", *TAIL)) == []
    assert len(faults(found, edifact(*HEAD, f"DTM+2:{value}0:{form}", *TAIL))) == 1


@pytest.mark.parametrize("version", ["D96A", "D01B"])
def test_every_grammar_describes_all_its_segments(version):
    library = default_library("edifact")
    for path in sorted((library.folders[0]).glob("[A-Z]*.yaml")):
        grammar = library.grammar(path.stem, version)
        assert grammar is not None and grammar.exact
        assert set(grammar.segments) == grammar.used, path.stem
        names = [item.name for item in walk(grammar.root) if item.is_loop and item.parent]
        assert names == [f"SG{n}" for n in range(1, len(names) + 1)]


def test_a_partner_can_change_a_segment_and_a_message(tmp_path, edifact):
    folder = tmp_path / "edifact"
    folder.mkdir()
    (folder / "elements.yaml").write_text(
        '"3035": {name: Party qualifier, type: an, length: 1 3, codes: BY, closed: yes}'
    )
    library = Library([tmp_path], "edifact")
    examination = examine(edifact(*HEAD, "NAD+SU+1", *TAIL), library)
    assert [f.code for i in examination for f in i.all_findings()] == ["edi.code-invalid"]
