"""The pattern that runs over clean segments is only a shortcut: it never passes what a closer look finds faulty."""

from __future__ import annotations

import random
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.edi.delimiters import Delimiters
from hub.edi.grammars.library import default_library
from hub.edi.grammars.rules import ElementRule, Note, SegmentRule
from hub.edi.judging.judge import judge_segments
from hub.edi.judging.patterns import clean_run
from hub.edi.judging.segments import SegmentJudge

MARKS = {"x12": Delimiters("*", ">", "~", "^"), "edifact": Delimiters("+", ":", "'", "*", release="?", decimal=",")}
GRAMMARS = [
    default_library(standard).grammar(one, version)
    for standard, sets, versions in [
        ("x12", ("850", "855", "856", "810", "997"), ("004010", "005010")),
        ("edifact", ("ORDERS", "DESADV", "INVOIC"), ("D96A", "D01B")),
    ]
    for one in sets
    for version in versions
]
RULES = [(grammar, rule) for grammar in GRAMMARS if grammar for rule in grammar.segments.values()]


@pytest.fixture(scope="module", autouse=True)
def patterns_at_once():
    """A pattern is made for the first segments already."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SegmentJudge, "patience", 0)
        yield


def good_value(element: ElementRule) -> str:
    if element.codes:
        return sorted(element.codes)[0]
    by_type = {"DT": "20260105", "TM": "1200", "a": "A" * max(element.least, 1)}
    return by_type.get(element.type, "1" * max(element.least, 1))


def segment_of(rule: SegmentRule, marks: Delimiters, chance: random.Random) -> str:
    """A segment of a rule, with values that are right, wrong, missing or too many."""

    def value(element):
        if element.components:
            return marks.component.join(map(value, element.components[: chance.randint(0, len(element.components))]))
        good = good_value(element)
        odd = ["", "", good * 9, f"A{marks.component}B", "-1.5", " x", "20260230", marks.repetition, "?'", "\x07"]
        return chance.choice([good] * chance.choice([4, 40]) + odd)

    elements = rule.elements[: chance.randint(0, len(rule.elements))]
    return marks.element.join([rule.id, *map(value, elements)])


@cache
def judge_of(grammar, marks):
    """With the pattern of all its segments, made once."""
    judge = SegmentJudge(grammar, marks)
    judge.learn(grammar.segments)
    return judge


@settings(max_examples=800)
@given(st.integers(0, len(RULES) - 1), st.randoms(use_true_random=True))
def test_the_pattern_agrees_with_the_closer_look(number, chance):
    grammar, rule = RULES[number]
    marks = MARKS[grammar.standard]
    judge, text = judge_of(grammar, marks), segment_of(rule, marks, chance)
    quick = tuple(fault for _, fault in judge.faults([text])[0])
    assert quick == judge._look_closely(text, rule), text


@pytest.mark.parametrize(
    ("note", "count"),
    [(Note("P", (1, 3)), 4), (Note("P", (2, 3, 4)), 4), (Note("R", (2, 4)), 4), (Note("E", (1, 2, 4)), 4),
     (Note("C", (3, 1)), 3), (Note("C", (2, 1)), 3), (Note("C", (1, 3, 4)), 4), (Note("L", (2, 1, 4)), 4)],
)  # fmt: skip
def test_each_kind_of_note_is_in_the_pattern(note, count):
    rule = SegmentRule("XX", "", tuple(ElementRule("1", "", "AN", 1, 3, False) for _ in range(count)), (note,))
    clean = clean_run([rule], MARKS["x12"])
    for number in range(2**count):
        present = [bool(number >> at & 1) for at in range(count)]
        text = "*".join(["XX", *("ab" if one else "" for one in present)]).rstrip("*") + "~"
        assert (clean.match(text).end() == len(text)) == (note.broken_at([True, *present]) == 0), text


@pytest.mark.parametrize("marks", [Delimiters(".", ">", "~"), Delimiters("-", ">", "~"), Delimiters("*", ",", "~")])
def test_a_delimiter_is_no_part_of_a_number(marks):
    numbers = (ElementRule("1", "", "R", 1, 9, True), ElementRule("2", "", "n", 1, 9, True))
    clean = clean_run([SegmentRule("XX", "", numbers, ())], marks)
    right = marks.element.join(["XX", "1", "2"]) + "~"
    assert clean.match(right).end() == len(right)
    wrong = [["XX", "1"], ["XX", "1", "", "2"], ["XX", "1", f"2{marks.component}5"], ["XX", "", "2"]]
    assert [clean.match(marks.element.join(one) + "~").end() for one in wrong] == [0] * 4


def test_conditions_between_components_are_in_the_pattern():
    judge = SegmentJudge(default_library().grammar("850", "004010"), MARKS["x12"])
    judge.learn(["REF"])
    ((_, fault),) = judge.faults(["REF*ZZ*1**DP>9>IA", "REF*ZZ*1**DP>9>IA>1"])[0]
    assert (fault.code, fault.designator) == ("edi.condition-not-met", "REF04-4")


def test_clean_segments_are_passed_in_one_go(order_segments, monkeypatch):
    judge = SegmentJudge(default_library().grammar("850", "004010"), MARKS["x12"])
    judge.learn(judge.ids(order_segments))
    monkeypatch.setattr(judge, "_look_closely", None)
    assert judge.faults(order_segments) == ([], True)


@pytest.mark.parametrize("patience", [0, 1, 4, 300])
def test_a_segment_gets_one_verdict_before_there_is_a_pattern_and_after(patience):
    judge = SegmentJudge(default_library().grammar("850", "004010"), MARKS["x12"])
    judge.patience = patience
    found = []
    for body in (["PO1*1*x*EA"], ["PID*F", "PO1*1*5*EA*9.25"], ["REF*DP"], ["PO1*1*x*EA", "PID*F", "REF*DP"]):
        judge.learn(judge.ids(body))
        found.append([(at, fault.designator) for at, fault in judge.faults(body)[0]])
    assert found == [[(0, "PO102")], [(0, "PID04")], [(0, "REF02")], [(0, "PO102"), (1, "PID04"), (2, "REF02")]]


def test_sets_that_are_alike_get_a_pattern_too(order_segments, monkeypatch):
    judge = SegmentJudge(default_library().grammar("850", "004010"), MARKS["x12"])
    judge.patience, looked = 3 * len(order_segments), []
    closely = judge._look_closely
    monkeypatch.setattr(judge, "_look_closely", lambda *given: looked.append(given) or closely(*given))
    for number in range(5):
        body = [f"{text}*{number}" if text.startswith("N3*") else text for text in order_segments]
        judge_segments(body, lambda index: index, judge, [], False)
    assert looked and judge._clean.match("".join(f"{text}~" for text in order_segments)).end() > 100


@given(st.lists(st.sampled_from(["PO1*1*5*EA*9.25", "PO1*1*x*EA", "PID*F****Widget", "PID*F", "ZZZ*1", "REF*DP*38"])))
def test_a_fault_is_told_of_its_own_segment(body):
    grammar = default_library().grammar("850", "004010")
    together, alone = (SegmentJudge(grammar, MARKS["x12"]) for _ in range(2))
    together.learn(together.ids(body))
    expected = [(at, f) for at, text in enumerate(body) for _, f in alone.faults([text])[0]]
    assert together.faults(body)[0] == expected


@pytest.mark.parametrize("name", ["HL", "hl", " HL"])
def test_levels_are_numbered_without_a_tree_too(name):
    judge = SegmentJudge(default_library().grammar("856", "004010"), MARKS["x12"])
    body = ["BSN*00*11*20260105*1200", f"{name}*1**S", f"{name}*2*7*O"]
    found = {}
    for trees in (True, False):
        judge_segments(body, lambda index: index, judge, found.setdefault(trees, []), trees)
    assert found[True] == found[False]
    assert "edi.hl-parent-unknown" in {one.code for one in found[False]}


@pytest.mark.parametrize("set_id", ["850", "856"])
def test_what_was_kept_of_one_set_says_the_same_of_the_next(set_id):
    judge = SegmentJudge(default_library().grammar(set_id, "004010"), MARKS["x12"])
    bodies = {
        "850": [["BEG*00*SA*1**20260105", "PO1*1*5*EA"], ["BEG*00*SA*1**20260105", "PO1*1*x*EA"]],
        "856": [["BSN*00*11*20260105*1200", "HL*1**S", "HL*2*1*O"], ["BSN*00*11*20260105*1200", "HL*1**S", "HL*2*7*O"]],
    }[set_id]
    for _ in range(2):
        told = []
        for body in bodies:
            findings = []
            judge_segments(body, lambda index: index, judge, findings, trees=False)
            told.append([(f.code, f.loop, f.position) for f in findings])
        wrong = {"850": ("edi.character-invalid", "PO1", 3), "856": ("edi.hl-parent-unknown", "HL", 4)}[set_id]
        assert told == [[], [wrong]]


@pytest.mark.parametrize(
    "text", ["NAD:BY:4012345000009::9", "QTY:21:12:PCE", "LIN:1::4012345000122:EN", "DTM:2:20260112:102"]
)
def test_where_one_mark_is_two_delimiters_every_segment_is_looked_at_closely(text):
    grammar = default_library("edifact").grammar("ORDERS", "D96A")
    judge = SegmentJudge(grammar, Delimiters(":", ":", "'", release="?"))
    judge.learn(grammar.segments)
    assert tuple(f for _, f in judge.faults([text])[0]) == judge._look_closely(text, grammar.segments[text[:3]])
