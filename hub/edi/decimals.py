"""The decimal mark of EDIFACT's numbers, which is no part of what they say."""

from __future__ import annotations

from hub.edi.grammars.rules import ElementRule, SetGrammar
from hub.edi.tree import Element, Repeats, Segment


def with_mark(segment: Segment, grammar: SetGrammar, before: str, after: str) -> Segment:
    """A segment whose numbers have the mark `after` where they had `before`; other texts keep theirs."""
    rule = grammar.segments.get(str(segment[0]))
    if rule is None or before == after:
        return segment
    rest = segment[1 + len(rule.elements) :]
    values = zip(segment[1:], rule.elements, strict=False)
    return (segment[0], *(_marked(value, one, before, after) for value, one in values), *rest)


def _marked(value: Element, rule: ElementRule, before: str, after: str) -> Element:
    if isinstance(value, Repeats):
        return Repeats(_marked(one, rule, before, after) for one in value)  # type: ignore[misc]  # never of repetitions
    if isinstance(value, tuple):
        parts = zip(value, rule.components, strict=False)
        known = [str(_marked(one, part, before, after)) for one, part in parts]
        return (*known, *map(str, value[len(known) :]))
    first = rule.components[0] if rule.components else rule
    return value.replace(before, after) if first.type == "n" else value
