"""Judging segments by their rules: a pattern passes over clean ones, a closer look says what is wrong with others."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from hub.edi.delimiters import Delimiters
from hub.edi.findings import MOST_FINDINGS, Finding
from hub.edi.grammars.rules import ElementRule, SegmentRule, SetGrammar
from hub.edi.judging.outline import Outline
from hub.edi.judging.patterns import clean_run
from hub.edi.judging.periods import period_fault
from hub.edi.judging.repair import likely_cause
from hub.edi.judging.values import judge_value
from hub.edi.tree import Composite, Element, Repeats, Segment

if TYPE_CHECKING:
    from hub.edi.judging.controls import Totals

_KEPT_JUDGES = 16
_KEPT_VERDICTS = 5_000
_KEPT_LENGTH = 120


def judge_for(grammar: SetGrammar, delimiters: Delimiters) -> SegmentJudge:
    """The judge for a grammar and delimiters; one instance, so that its patterns and verdicts are reused."""
    judge = grammar.shared.get(delimiters)
    if judge is None:
        if len(grammar.shared) >= _KEPT_JUDGES:
            del grammar.shared[next(iter(grammar.shared))]
        judge = grammar.shared[delimiters] = SegmentJudge(grammar, delimiters)
    assert isinstance(judge, SegmentJudge)
    return judge


class SegmentJudge:
    """Judges and splits the segments of one set type; keeps the verdicts on short texts that recur.

    `kept_outlines` are for `judge.judge_segments`; `patience` is the number of segments that are looked at one by one
    before a pattern is made for them.
    """

    patience = 100

    def __init__(self, grammar: SetGrammar, delimiters: Delimiters) -> None:
        self.grammar = grammar
        self.delimiters = delimiters
        self._finding = grammar.finding
        self.kept_outlines: dict[tuple[str, ...], tuple[Outline, Totals]] = {}
        self._met: set[str] = set()
        self._described: set[str] = set()
        self._looked = 0
        self._longest_id = max(map(len, grammar.segments), default=0)
        self._sound = not delimiters.problem()  # a broken file may have one mark twice: no pattern can tell these apart
        self._clean = re.compile("")
        self._alone: dict[str, re.Pattern[str]] = {}
        self._kept: dict[str, tuple[Finding, ...]] = {}

    def ids(self, segments: Sequence[str]) -> tuple[str, ...]:
        """The id of each segment."""
        marks = self.delimiters
        found = [text.partition(marks.element)[0] for text in segments]
        if marks.release and marks.release in "".join(found):
            found = [marks.split(text, marks.element)[0] for text in segments]
        return tuple(found)

    def learn(self, ids: Collection[str]) -> None:
        """Take the segments of a set into the pattern of clean ones, once it pays to make that."""
        self._met |= self.grammar.segments.keys() & set(ids)

    def _make_pattern(self) -> None:
        """At first of the segments that were met, as most files have but a few; when more are met, of all that the set
        may have."""
        self._described = set(self.grammar.segments) if self._described else set(self._met)
        rules = [self.grammar.segments[one] for one in sorted(self._described)]
        self._clean = clean_run(rules, self.delimiters)
        self._looked = 0

    def heads(self, segments: Sequence[str]) -> tuple[str, ...]:
        """The beginning of each segment. That of a surely clean one tells its id, and takes a third of the time."""
        size = self._longest_id
        return tuple([text[:size] for text in segments])

    def faults(self, segments: Sequence[str]) -> tuple[list[tuple[int, Finding]], bool]:
        """What is wrong inside of segments, each by the index of its segment, not yet placed (`Finding.at`); and
        whether all of them are surely clean, so that none had to be looked at closely."""
        if self._looked >= self.patience and self._sound and not self._met <= self._described:
            self._make_pattern()
        mark = self.delimiters.terminator
        text, run = mark.join([*segments, ""]), self._clean.match
        found: list[tuple[int, Finding]] = []
        index = at = 0
        while True:
            match = run(text, at)
            assert match is not None
            if match.end() == len(text) or len(found) >= MOST_FINDINGS:
                return found, not at
            index += text.count(mark, at, match.end())
            self._looked += 1
            found += [(index, fault) for fault in self._verdict(segments[index])]
            at = match.end() + len(segments[index]) + 1
            index += 1

    def _verdict(self, text: str) -> tuple[Finding, ...]:
        """The faults of a segment that the pattern did not take for clean; kept, as partners repeat theirs."""
        known = self._kept.get(text)
        if known is None:
            rule = self.grammar.segments.get(text.partition(self.delimiters.element)[0])
            known = self._look_closely(text, rule) if rule else ()
            if len(text) <= _KEPT_LENGTH:
                if len(self._kept) >= _KEPT_VERDICTS:
                    self._kept.clear()
                self._kept[text] = known
        return known

    def split(self, text: str) -> Segment:
        """A segment's text as a tree segment; composites and repetitions where the rule has them.

        Where there is a release character, a separator that none precedes is one, whatever the rule says.
        """
        marks = self.delimiters
        parts: list[Element] = list(marks.split(text, marks.element))
        while len(parts) > 1 and not parts[-1]:
            parts.pop()
        composed = bool(marks.component) and marks.component in text
        repeated = bool(marks.repetition) and marks.repetition in text
        if composed or repeated or (marks.release and marks.release in text):
            rule = self.grammar.segments.get(str(parts[0]))
            for number in range(1, len(parts)):
                parts[number] = self._structured(str(parts[number]), rule, number)
        return tuple(parts)

    def _structured(self, value: str, rule: SegmentRule | None, number: int) -> Element:
        element = rule.elements[number - 1] if rule and number <= len(rule.elements) else None
        mark = self.delimiters.repetition
        if mark and mark in value and (element is None or element.repeats > 1 or self.delimiters.release):
            pieces = self.delimiters.split(value, mark)
            if len(pieces) > 1:
                return Repeats(self._composed(one, element) for one in pieces)
        return self._composed(value, element)

    def _composed(self, value: str, element: ElementRule | None) -> str | Composite:
        marks = self.delimiters
        simple = element is not None and not element.components and not marks.release
        if not marks.component or marks.component not in value or simple:
            return marks.plain(value)
        parts = [marks.plain(part) for part in marks.split(value, marks.component)]
        while len(parts) > 1 and not parts[-1]:
            parts.pop()
        return tuple(parts) if len(parts) > 1 else parts[0]

    def _look_closely(self, text: str, rule: SegmentRule) -> tuple[Finding, ...]:
        parts = self.delimiters.split(text, self.delimiters.element)
        found: list[Finding] = []
        if len(parts) > 1 and not parts[-1]:
            message = f"{rule.id} ends in empty elements; their separators are to be left out."
            found.append(self._finding("edi.trailing-separators", message, segment=rule.id))
            while len(parts) > 1 and not parts[-1]:
                parts.pop()
        for number, element in enumerate(rule.elements, 1):
            self._judge_element(rule, number, element, parts[number] if number < len(parts) else "", found)
        self._judge_notes(rule, parts, found)
        if len(parts) - 1 > len(rule.elements):
            found.append(self._too_many(rule, parts))
        return tuple(self._one_cause(rule, parts, [self._classed(one, rule) for one in found]))

    def _classed(self, found: Finding, rule: SegmentRule) -> Finding:
        element = rule.elements[found.element - 1] if 0 < found.element <= len(rule.elements) else None
        partner = rule.partner or (element is not None and element.partner)
        if element is not None and element.type in ("DT", "TM") and not partner:
            return found  # no version has dates and times of another form
        return self.grammar.classed(found, partner)

    def _one_cause(self, rule: SegmentRule, parts: list[str], found: list[Finding]) -> list[Finding]:
        """Where one separator explains all faults of a segment, they are one: the first, with what explains it.

        One that leaves a mandatory element missing goes first, as that rejects the set, then one element too many.
        Otherwise what a faulty element calls for is told once that element is mended.
        """
        faults = [one for one in found if one.is_error]
        if not faults:
            return found
        cause = likely_cause(
            parts, [one.code for one in faults], self.delimiters.element, self.grammar.known_ids, self._surely_clean
        )
        if not cause:
            wrong = {one.element for one in faults if one.code != "edi.condition-not-met"}
            called_for = {n for note in rule.notes if wrong.intersection(note.numbers) for n in note.numbers} - wrong
            return [one for one in found if one.code != "edi.condition-not-met" or one.element not in called_for]
        codes = ("edi.element-missing", "edi.too-many-elements")
        kept = next((one for code in codes for one in faults if one.code == code), faults[0])
        told = kept._replace(message=f"{kept.message[:-1]}; {cause}.")
        return [told if one is kept else one for one in found if one is kept or not one.is_error]

    def _surely_clean(self, segments: list[list[str]]) -> bool:
        """Whether each of the segments is clean by its own pattern, whatever has been learned so far, and no value of
        theirs begins with a blank, as one does that was cut off another."""
        marks = self.delimiters
        for parts in segments:
            rule = self.grammar.segments.get(parts[0])
            if rule is None or any(part.startswith(" ") for part in parts):
                return False
            pattern = self._alone.get(rule.id) or self._alone.setdefault(rule.id, clean_run([rule], marks))
            if not pattern.fullmatch(marks.element.join(parts) + marks.terminator):
                return False
        return True

    def _too_many(self, rule: SegmentRule, parts: list[str]) -> Finding:
        number = len(rule.elements) + 1
        place: dict[str, Any] = {"segment": rule.id, "element": number, "value": parts[number]}
        if self.grammar.strict and not rule.open:
            message = f"{rule.id} ({rule.name}) has {len(parts) - 1} elements; at most {number - 1} are allowed."
            return self._finding("edi.too-many-elements", message, **place)
        message = f"{rule.id}{number:02d} is not described here for this version and was not checked."
        return self._finding("edi.element-undescribed", message, **place)

    def _judge_element(
        self, rule: SegmentRule, number: int, element: ElementRule, value: str, found: list[Finding]
    ) -> None:
        name = f"{rule.id}{number:02d} ({element.name})"
        place: dict[str, Any] = {"segment": rule.id, "element": number, "reference": element.reference}
        if not value.strip():
            if element.mandatory:
                found.append(self._finding("edi.element-missing", f"{name} is missing; it is mandatory.", **place))
            return
        mark = self.delimiters.repetition
        values = self.delimiters.split(value, mark) if mark else [value]
        if len(values) > element.repeats:
            message = f"{name} is repeated {len(values)} times; {element.repeats} is the most allowed."
            found.append(self._finding("edi.too-many-repetitions", message, **place, value=value))
            return
        for repetition, one in enumerate(values, 1):
            at: dict[str, Any] = {**place, "repetition": repetition if len(values) > 1 else 0}
            if element.components:
                self._judge_composite(name, element, one, at, found)
            else:
                self._judge_simple(name, element, one, at, found)

    def _judge_simple(
        self, name: str, element: ElementRule, value: str, place: dict[str, Any], found: list[Finding]
    ) -> None:
        mark = self.delimiters.component
        if not place.get("component") and mark and len(self.delimiters.split(value, mark)) > 1:
            message = f"{name} holds the component separator {mark!r}, but it has no components."
            newer = self.grammar.version >= "005010"
            ack = "AK403:13" if newer else "AK403:6"
            found.append(self._finding("edi.too-many-components", message, ack=ack, **place, value=value))
            return
        value = self.delimiters.plain(value)
        fault = judge_value(element, value, self.grammar.strict, self.delimiters.decimal)
        if fault:
            code, expected = fault
            found.append(self._finding(code, f"{name} {expected}", **place, value=value))

    def _judge_composite(
        self, name: str, element: ElementRule, value: str, place: dict[str, Any], found: list[Finding]
    ) -> None:
        mark = self.delimiters.component
        parts = self.delimiters.split(value, mark) if mark else [value]
        if len(parts) > 1 and not parts[-1]:
            message = f"{name} ends in empty components; their separators are to be left out."
            found.append(self._finding("edi.trailing-separators", message, **place))
            while len(parts) > 1 and not parts[-1]:
                parts.pop()
        for number, component in enumerate(element.components, 1):
            at: dict[str, Any] = {**place, "component": number, "reference": component.reference}
            label = f"{name} component {number} ({component.name})"
            one = parts[number - 1] if number <= len(parts) else ""
            if one:
                self._judge_simple(label, component, one, at, found)
            elif component.mandatory:
                found.append(self._finding("edi.element-missing", f"{label} is missing; it is mandatory.", **at))
        for note in element.notes:
            number = note.broken_at([True, *(bool(p) for p in parts)])
            if number:
                message = f"{name} breaks a rule: {note.text.replace('element', 'component')}."
                at = {
                    **place,
                    "component": number,
                    "reference": element.components[number - 1].reference,
                }
                found.append(self._finding("edi.condition-not-met", message, **at))
        if len(parts) > len(element.components):
            message = f"{name} has {len(parts)} components; at most {len(element.components)} are allowed."
            ack = "AK403:13" if self.grammar.version >= "005010" else "AK403:3"
            found.append(self._finding("edi.too-many-components", message, ack=ack, **place, value=value))
        elif element.period and not any(f.component in element.period for f in found):
            self._judge_period(name, element, [*map(self.delimiters.plain, parts), ""], place, found)

    def _judge_period(
        self, name: str, element: ElementRule, parts: list[str], place: dict[str, Any], found: list[Finding]
    ) -> None:
        """A date, time or period is written as the code beside it says."""
        assert element.period is not None
        number, form = (min(place, len(parts)) for place in element.period)
        expected = period_fault(parts[number - 1], parts[form - 1])
        if expected:
            rule = element.components[number - 1]
            at = {**place, "component": number, "reference": rule.reference, "value": parts[number - 1]}
            message = f"{name} component {number} ({rule.name}) is not {expected}, as its format code says."
            found.append(self._finding("edi.date-invalid", message, **at))

    def _judge_notes(self, rule: SegmentRule, parts: list[str], found: list[Finding]) -> None:
        present = [bool(p.strip()) for p in parts]
        reported = {f.element for f in found if f.is_error}
        for note in sorted(rule.notes, key=lambda note: note.kind == "R"):
            number = note.broken_at(present)
            if not number or number in reported or (note.kind == "R" and reported.intersection(note.numbers)):
                continue
            reported.add(number)
            code = "edi.exclusion-broken" if note.kind == "E" else "edi.condition-not-met"
            element = rule.elements[number - 1]
            value = parts[number] if number < len(parts) else ""
            message = f"{rule.id}{number:02d} ({element.name}) breaks a rule of {rule.id}: {note.text}."
            place: dict[str, Any] = {
                "segment": rule.id,
                "element": number,
                "reference": element.reference,
                "value": value,
            }
            found.append(self._finding(code, message, **place))
