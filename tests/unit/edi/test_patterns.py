"""The compiled pattern of a segment is only a shortcut: it never calls clean what a closer look finds faulty."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.edi.delimiters import Delimiters
from hub.edi.grammar import default_library
from hub.edi.segments import SegmentJudge

MARKS = Delimiters("*", ">", "~", "^")
GRAMMARS = [
    default_library().grammar(one, version) for one in ("850", "855", "856", "997") for version in ("004010", "005010")
]
RULES = [(grammar, rule) for grammar in GRAMMARS if grammar for rule in grammar.segments.values()]


def good_value(element):
    if element.components:
        return good_value(element.components[0])
    if element.codes:
        return sorted(element.codes)[0]
    by_type = {"DT": "20260105", "TM": "1200"}
    return by_type.get(element.type, "1" * max(element.least, 1))


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(RULES), st.data())
def test_the_pattern_agrees_with_the_closer_look(case, data):
    grammar, rule = case
    values = []
    for element in rule.elements[: data.draw(st.integers(0, len(rule.elements)))]:
        good = good_value(element)
        values.append(data.draw(st.sampled_from(["", good, good, good, good * 9, "A>B", "-1.5", " x", "20260230"])))
    text = "*".join([rule.id, *values])
    judge = SegmentJudge(grammar, MARKS)
    _, quick = judge.verdict(text)
    assert quick == judge._faults(text, rule)


def test_clean_segments_take_the_shortcut(order_segments):
    grammar = default_library().grammar("850", "004010")
    judge = SegmentJudge(grammar, MARKS)
    for text in order_segments:
        matcher = judge._matcher(text.split("*")[0])
        assert matcher.pattern(text), text
