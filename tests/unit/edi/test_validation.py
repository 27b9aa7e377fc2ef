"""Each fault has its code, its place and its acknowledgement code, and is found once."""

from __future__ import annotations

import pytest

from hub.edi.findings import catalogue
from hub.edi.grammars.library import Library
from hub.edi.validation import examine
from tests.unit.edi.specimens import SPECIMENS

NEWER_ONLY = ("999", "004010")
BEG = "BEG*00*SA*4711**20260105"
PO1 = "PO1*1*5*EA"


def replaced(segments, old, *new):
    at = next(n for n, text in enumerate(segments) if text.startswith(old))
    return [*segments[:at], *new, *segments[at + 1 :]]


# Old segment -> new segments, and the one error that is to come of it: code, acknowledgement, place, position.
SEGMENT_FAULTS = [
    ("REF", ["QQQ*1"], "edi.segment-unrecognised", "AK304:1", "QQQ", 3),
    ("N1*", [], "edi.segment-unexpected", "AK304:2", "N3", 4),
    ("BEG", [], "edi.segment-missing", "AK304:3", "BEG", 2),
    ("REF", ["CUR*BY*USD", "CUR*BY*USD"], "edi.segment-over-maximum", "AK304:5", "CUR", 4),
    ("REF", ["BHT*1"], "edi.segment-not-in-set", "AK304:6", "BHT", 3),
    ("CTT", ["CTT*2", "REF*DP*38"], "edi.segment-out-of-sequence", "AK304:7", "REF", 11),
    ("BEG", ["BEG*00*SA***20260105"], "edi.element-missing", "AK403:1", "BEG03", 2),
    ("N1*", ["N1*ST*Store*92"], "edi.condition-not-met", "AK403:2", "N104", 4),
    ("N1*", ["N1*ST"], "edi.condition-not-met", "AK403:2", "N102", 4),
    ("PO1*1", ["PO1*1*5*EA*9.25**UP"], "edi.condition-not-met", "AK403:2", "PO107", 7),
    ("REF", ["N2*Name"], "edi.segment-unexpected", "AK304:2", "N2", 3),
    ("N3", ["N3*a*b*c"], "edi.too-many-elements", "AK403:3", "N303", 5),
    ("REF", ["REF*D*38"], "edi.element-too-short", "AK403:4", "REF01", 3),
    ("REF", ["REF*DPXX*38"], "edi.element-too-long", "AK403:5", "REF01", 3),
    ("REF", ["REF*DP*" + "x" * 31], "edi.element-too-long", "AK403:5", "REF02", 3),
    ("REF", ["REF*DP*a\x07b"], "edi.character-invalid", "AK403:6", "REF02", 3),
    ("PO1*1", ["PO1*1*five*EA"], "edi.character-invalid", "AK403:6", "PO102", 7),
    ("PO1*1", ["PO1*1*1234567890123456*EA"], "edi.element-too-long", "AK403:5", "PO102", 7),
    ("BEG", ["BEG*99*SA*4711**20260105"], "edi.code-invalid", "AK403:7", "BEG01", 2),
    ("BEG", ["BEG*00*SA*4711**20260230"], "edi.date-invalid", "AK403:8", "BEG05", 2),
    ("BEG", ["BEG*00*SA*4711**260105"], "edi.element-too-short", "AK403:4", "BEG05", 2),
    ("REF", ["REF*DP*38", "DTM*010*20260105*2460"], "edi.time-invalid", "AK403:9", "DTM03", 4),
    ("REF", ["REF*DP*38", "DTM*010*20260105*12300"], "edi.time-invalid", "AK403:9", "DTM03", 4),
    ("REF", ["REF*DP*38", "TD3*TL********ABC*ABCD"], "edi.exclusion-broken", "AK403:10", "TD310", 4),
    ("REF", ["REF*DP*A>B"], "edi.too-many-components", "AK403:6", "REF02", 3),
    ("PO1*1", [PO1, "CTP***9.99*1*EA>1>1>X"], "edi.element-too-short", "AK403:4", "CTP05-4", 8),
    ("PO1*1", [PO1, "CTP***9.99*1*EA>x"], "edi.character-invalid", "AK403:6", "CTP05-2", 8),
]


@pytest.mark.parametrize(("old", "new", "code", "ack", "designator", "position"), SEGMENT_FAULTS)
def test_a_fault_in_a_segment_is_one_finding(x12, found, order_segments, old, new, code, ack, designator, position):
    data = x12(*replaced(order_segments, old, *new))
    (fault,) = found(data)
    assert (fault.code, f"{fault.ack_segment}:{fault.ack_code}") == (code, ack)
    assert (fault.designator, fault.position) == (designator, position)
    assert fault.message.endswith(".") and fault.is_error


def test_an_offset_points_at_the_segment(x12, found, order_segments):
    data = x12(*replaced(order_segments, "N4", "N4*A*IA*50010"))
    (fault,) = found(data)
    assert data[fault.offset :].startswith(b"N4*A*IA")
    assert (fault.segment, fault.element, fault.value, fault.loop, fault.reference) == ("N4", 1, "A", "N1", "19")


ENVELOPE_FAULTS = [
    (b"ST*850*", b"ST*100*", "edi.set-not-supported", "AK502:1"),
    (b"SE*11*0001~", b"", "edi.set-trailer-missing", "AK502:2"),
    (b"SE*11*0001~", b"SE*11*0002~", "edi.set-control-mismatch", "AK502:3"),
    (b"SE*11*", b"SE*12*", "edi.segment-count-wrong", "AK502:4"),
    (b"GS*PO*", b"GS*IN*", "edi.set-in-wrong-group", "AK502:6"),
    (b"*0001~", b"*001~", "edi.set-control-invalid", "AK502:7"),
    (b"GS*PO*", b"GS*P*", "edi.group-not-supported", "AK905:1"),
    (b"X*004010~", b"X*~", "edi.group-version-invalid", "AK905:2"),
    (b"GE*1*1~", b"", "edi.group-trailer-missing", "AK905:3"),
    (b"GE*1*1~", b"GE*1*2~", "edi.group-control-mismatch", "AK905:4"),
    (b"GE*1*1~", b"GE*2*1~", "edi.set-count-wrong", "AK905:5"),
    (b"*1*X*", b"*1A*X*", "edi.group-control-invalid", "AK905:6"),
    (b"*20260105*1200*1*", b"*20261305*1200*1*", "edi.group-date-invalid", "TA1:024"),
    (b"IEA*1*000000001~", b"", "edi.interchange-trailer-missing", "TA1:023"),
    (b"IEA*1*000000001~", b"IEA*1*000000002~", "edi.interchange-control-mismatch", "TA1:001"),
    (b"IEA*1*", b"IEA*2*", "edi.group-count-wrong", "TA1:021"),
    (b"*260105*", b"*261305*", "edi.isa-element-invalid", "TA1:014"),
    (b"*T*>", b"*X*>", "edi.isa-element-invalid", "TA1:020"),
]


@pytest.mark.parametrize(("old", "new", "code", "ack"), ENVELOPE_FAULTS)
def test_a_fault_in_an_envelope_is_found(x12, found, old, new, code, ack):
    data = x12().replace(old, new)
    faults = {f.code: f"{f.ack_segment}:{f.ack_code}" for f in found(data) if f.is_error}
    assert faults.pop(code) == ack
    # A GS06 or GS01 that is wrong is wrong in the trailer or the set too; nothing else may be reported.
    assert set(faults) <= {"edi.group-control-mismatch", "edi.set-in-wrong-group"}


def test_control_numbers_must_be_unique(parts, order_segments, found):
    one_set, one_group, one_interchange = parts
    group = one_group(one_set(*order_segments), one_set(*order_segments))
    codes = [f"{f.code} {f.ack_segment}:{f.ack_code}" for f in found(one_interchange(group, group))]
    assert codes == [
        "edi.set-control-repeated AK502:23",
        "edi.group-control-repeated AK905:19",
        "edi.set-control-repeated AK502:23",
    ]


def test_hierarchical_levels_must_name_earlier_ones(x12, found):
    levels = ["HL*1**S", "HL*1*1*O", "HL*3*9*P"]
    data = x12("BSN*00*S1*20260105*1200", *levels, set_id="856", functional_id="SH")
    assert [(f.code, f.designator, f.position) for f in found(data)] == [
        ("edi.hl-number-repeated", "HL01", 4),
        ("edi.hl-parent-unknown", "HL02", 5),
    ]


@pytest.mark.parametrize(
    ("set_id", "old", "new", "code", "designator", "reference"),
    [
        ("180", "RDR", "RDR*RA*WG*IN", "edi.exclusion-broken", "RDR03", "1294"),
        ("180", "RDR", "RDR*RA*WG**Torn*X", "edi.code-invalid", "RDR05", "1073"),
        ("810", "IT3", "IT3*5", "edi.condition-not-met", "IT302", "355"),
        ("810", "CAD", "CAD*M", "edi.condition-not-met", "CAD04", "140"),
        ("947", "W15", "W15*20260106*A-1", "edi.condition-not-met", "W1503", "31"),
        ("947", "W19", "W19*AAA*-2*EA**VN*MUG-1", "edi.element-too-long", "W1901", "181"),
        ("947", "W19", "W19*AA*-2*EA", "edi.condition-not-met", "W1904", "438"),
        ("947", "W19", "W19*AA*-2*EA**VN*MUG-1***LOT-1*58.5*N", "edi.condition-not-met", "W1912", "188"),
        ("947", "W19", "W19*AA*-2*EA**VN*MUG-1***LOT-1********PJ", "edi.condition-not-met", "W1918", "234"),
    ],
)
def test_the_rarer_segments_keep_their_rules(x12, found, set_id, old, new, code, designator, reference):
    functional_id, segments = SPECIMENS[set_id]
    (fault,) = found(x12(*replaced(segments, old, new), set_id=set_id, functional_id=functional_id))
    assert (fault.code, fault.designator, fault.reference) == (code, designator, reference)


def test_a_segment_without_an_id_is_told(x12, found, order_segments):
    data = x12(*order_segments[:2], "*X*1", *order_segments[2:])
    assert [(f.code, f.position) for f in found(data)] == [("edi.segment-unrecognised", 4)]


def test_a_segment_without_its_level_is_one_fault(x12, found):
    data = x12("BSN*00*S1*20260105*1200", "LIN*1*UP*012345678905", "HL*1**S", set_id="856", functional_id="SH")
    assert [(f.code, f.segment) for f in found(data)] == [("edi.segment-unexpected", "LIN")]


def test_hl_loops_nest_by_their_parent(x12):

    levels = ["HL*1**S", "HL*2*1*O", "PRF*4711", "HL*3*2*P", "MAN*GM*00", "HL*4*3*I", "HL*5*2*P", "HL*6*1*O"]
    data = x12("BSN*00*S1*20260105*1200", *levels, "CTT*6", set_id="856", functional_id="SH")
    ((one,),) = [list(i.sets) for i in examine(data)]

    def shape(loop):
        return {level.trigger[1]: shape(level) for level in loop.loops("HL")}

    assert shape(one.tree.root) == {"1": {"2": {"3": {"4": {}}, "5": {}}, "6": {}}}


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("REF", ["NX2*01*X"], "edi.segment-undescribed"),
        ("BEG", ["BEG*00*XY*4711**20260105"], "edi.code-undescribed"),
    ],
)
def test_a_gap_of_ours_is_a_warning_that_no_acknowledgement_mentions(x12, found, order_segments, old, new, code):
    (gap,) = found(x12(*replaced(order_segments, old, *new)))
    assert (gap.code, gap.kind, gap.severity, gap.ack_segment, gap.ack_code) == (code, "gap", "warning", None, None)


def test_other_versions_are_read_by_the_nearest(x12, found):
    (nearest,) = found(x12(version="005030").replace(b"*00501*", b"*00503*"))
    assert (nearest.code, nearest.kind) == ("edi.version-nearest", "gap")
    assert found(x12(version="004010VICS")) == []


def test_however_many_versions_files_name_only_a_few_grammars_are_made():
    library = Library()
    made = {id(library.grammar("850", version)) for version in (f"{n:06d}" for n in range(3_000, 9_000, 7))}
    assert len(made) <= 5
    assert library.grammar("850", "004010").exact and not library.grammar("850", "004011").exact
    assert all(library.grammar(f"Z{n:02d}", "004010") is None for n in range(100))


def test_in_a_version_that_is_not_described_what_is_unknown_is_a_gap(x12, found, order_segments):
    data = x12(*replaced(order_segments, "N3", "N3*a*b*c"), version="004030")
    assert [f.code for f in found(data)] == ["edi.version-nearest", "edi.element-undescribed"]


# What a later version may allow: the segments in place of the first that begins so, and what they are in 004010.
LIMITS = [
    ("REF", ["REF*DP*" + "x" * 40], "edi.element-too-long", "edi.element-undescribed"),
    ("REF", ["REF*DP*3>8"], "edi.too-many-components", "edi.element-undescribed"),
    (
        "BEG",
        ["BEG*00*SA*4711**20260105", "CUR*BY*USD", "CUR*SE*USD"],
        "edi.segment-over-maximum",
        "edi.segment-undescribed",
    ),
    ("PO1", ["CUR*BY*USD", "PO1*1*5*EA"], "edi.segment-out-of-sequence", "edi.segment-undescribed"),
    ("N1*", [], "edi.segment-unexpected", "edi.segment-undescribed"),
]
ALWAYS_WRONG = [
    ("PO1", ["QQQ*1"], "edi.segment-unrecognised"),
    ("BEG", [], "edi.segment-missing"),
    ("BEG", ["BEG*00**4711**20260105"], "edi.element-missing"),
    ("BEG", ["BEG*00*SA*4711**20260230"], "edi.date-invalid"),
    ("BEG", ["BEG*00*SA*4711**202601051"], "edi.element-too-long"),
    ("PO1", ["PO1*1*five*EA"], "edi.character-invalid"),
]


@pytest.mark.parametrize(("old", "new", "code", "gap"), LIMITS)
def test_what_a_later_version_may_allow_is_a_gap_where_that_is_not_described(
    x12, found, order_segments, old, new, code, gap
):
    segments = replaced(order_segments, old, *new)
    (fault,) = [f for f in found(x12(*segments)) if f.is_error]
    assert (fault.code, fault.kind) == (code, "standard")
    for version in ("003040", "004010VICS"):
        assert [f.code for f in found(x12(*segments, version=version)) if f.is_error] == [code]
    for version in ("004020", "004060", "005030"):
        findings = found(x12(*segments, version=version))
        kinds = {(f.kind, f.severity, f.ack_segment) for f in findings if f.code.startswith(("edi.s", "edi.ele"))}
        assert kinds <= {("gap", "warning", None)}, version
    told = [f for f in found(x12(*segments, version="004030")) if f.code != "edi.version-nearest"]
    assert [(f.code, f.position) for f in told] == [(gap, fault.position)]
    assert told[0].message == f"{fault.message[:-1]} in 004010, the nearest version described here."


@pytest.mark.parametrize(("old", "new", "code"), ALWAYS_WRONG)
def test_what_is_wrong_in_every_version_is_an_error_in_all(x12, found, order_segments, old, new, code):
    segments = replaced(order_segments, old, *new)
    for version in ("004010", "004030", "005010", "007040"):
        assert code in [f.code for f in found(x12(*segments, version=version)) if f.is_error]


def test_a_segment_whose_end_is_not_described_may_be_longer(x12, found, order_segments):
    received = ("W17*F*20260105*R1", "N1*WH*Depot*91*D1", "W07*12*CA**VN*A-1", "W14*12*12*x")
    open_ended = x12(*received, set_id="944", functional_id="RE")
    assert [(f.code, f.designator) for f in found(open_ended)] == [("edi.element-undescribed", "W1403")]


def test_lengths_follow_the_version(x12, found, order_segments):
    segments = replaced(order_segments, "REF", "REF*DP*" + "x" * 40)
    assert found(x12(*segments, version="005010")) == []
    assert [f.code for f in found(x12(*segments))] == ["edi.element-too-long"]


@pytest.mark.parametrize(
    ("set_id", "version"),
    [(set_id, version) for set_id in SPECIMENS for version in ("004010", "005010") if (set_id, version) != NEWER_ONLY],
)
def test_a_clean_document_of_every_set_has_no_finding(x12, found, set_id, version):
    functional_id, segments = SPECIMENS[set_id]
    assert found(x12(*segments, set_id=set_id, functional_id=functional_id, version=version)) == []


def test_a_repetition_is_found_where_none_is_allowed(x12, found, order_segments):
    data = x12(*replaced(order_segments, "REF", "REF*DP*38^39"), version="005010")
    assert [(f.code, f.ack_code) for f in found(data)] == [("edi.too-many-repetitions", "12")]
    data = x12(*replaced(order_segments, "REF", "REF*DP*A>B"), version="005010")
    assert [(f.code, f.ack_code) for f in found(data)] == [("edi.too-many-components", "13")]


def test_a_run_of_displaced_segments_is_one_finding(x12, found, order_segments):
    data = x12(*order_segments, "REF*DP*1", "REF*DP*2", "REF*DP*3")
    assert [f.code for f in found(data)] == ["edi.segment-out-of-sequence"]


@pytest.mark.parametrize("misspelt", [str.lower, lambda id_: f"{id_} "])
@pytest.mark.parametrize("segment_id", ["BEG", "N1", "PO1"])
def test_an_id_in_small_letters_or_with_blanks_is_one_finding(x12, found, segment_id, misspelt):
    """What follows it is judged as if it were the id that is meant, and a run of them is told once."""
    wrong = misspelt(segment_id)
    data = x12(
        *(s.replace(f"{segment_id}*", f"{wrong}*", 1) for s in [BEG, "N1*ST*Store", "N3*1 Main Street", PO1, PO1])
    )
    (fault,) = found(data)
    assert (fault.code, fault.value) == ("edi.segment-unrecognised", wrong)
    assert fault.message == f"{wrong!r} is not the id of any segment; {segment_id} was expected."


def test_a_displaced_loop_brings_one_finding_and_its_segments_stay_together(x12, found):
    data = x12(BEG, PO1, "CTT*1", "N1*ST*Store", "N3*1 Main Street", "N4*Ames")
    assert [f.code for f in found(data)] == ["edi.segment-out-of-sequence"]


@pytest.mark.parametrize(
    ("segments", "late"),
    [
        ([BEG, "CTT*1", PO1], "PO1"),
        (["REF*DP*38", BEG, PO1], "BEG"),
        (["N1*ST*Store", "N3*1 Main Street", BEG, PO1], "BEG"),
    ],
)
def test_what_stands_too_late_is_not_missing_too(x12, found, segments, late):
    assert [(f.code, f.designator) for f in found(x12(*segments))] == [("edi.segment-out-of-sequence", late)]


def test_a_loop_without_its_first_segment_brings_one_finding(x12, found):
    data = x12(BEG, "N3*1 Main Street", "N4*Ames", "PER*IC*Jo", PO1)
    # PER fits the header too, but there it would stand too late: the loop it is met in wins.
    assert [f.code for f in found(data)] == ["edi.segment-unexpected"]


def test_a_loop_over_its_maximum_is_reported_once(x12, found):
    data = x12(BEG, *["SAC*A*C310***500"] * 27, PO1)
    (fault,) = found(data)
    assert (fault.code, f"{fault.ack_segment}:{fault.ack_code}") == ("edi.loop-over-maximum", "AK304:4")


def test_a_flood_of_faults_is_bounded(x12, found):
    data = x12(BEG, *[f"PO1*{n}*x*EA" for n in range(5_000)])
    assert len(found(data)) == 1_000


@pytest.mark.parametrize("value", ["12", "12.5", "-3", ".5", "12.", "123456789012345", "1234567890.12345", "1E3"])
def test_numbers_of_any_legal_form_are_clean(x12, found, value):
    assert found(x12(BEG, f"PO1*1*{value}*EA")) == []


@pytest.mark.parametrize("value", ["20240229", "20001231", "20260131"])
def test_calendar_dates_are_clean(x12, found, value):
    assert found(x12(BEG, f"DTM*002*{value}", PO1)) == []


def test_every_code_of_the_catalogue_names_a_known_acknowledgement():
    known = {"AK304", "AK403", "AK502", "AK905", "TA1"}
    for code, entry in catalogue().items():
        assert not entry.ack or entry.ack.split(":")[0] in known, code
        assert entry.kind != "gap" or (entry.severity, entry.ack) == ("warning", ""), code


def test_after_a_loop_that_stands_too_late_the_document_goes_on(x12, found, order_segments):
    """Its parts belong to it, and what was met before it is not called missing."""
    data = x12(*order_segments, "N1*BT*Office", "N3*2 Main Street", "N4*Ames")
    assert [(f.code, f.designator, f.position) for f in found(data)] == [("edi.segment-out-of-sequence", "N1", 11)]


def test_findings_are_the_same_without_trees(x12, order_segments):
    data = x12(*order_segments, "REF*DP*1", "N1*BT*Office", "HL*1**S", "QQQ*1")
    with_trees, without = (next(examine(data, trees=trees)).all_findings() for trees in (True, False))
    assert with_trees == without != []
