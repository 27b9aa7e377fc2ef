"""One compiled pattern that runs over all the surely clean segments of a set at once.

It accepts only what is surely clean; a segment it stops at is looked at closely, which may still find it clean (a
number of unusual form, say). Whoever judges a large file spends nearly all time here, so one call of the engine of
regular expressions takes in as many segments as it can: a call per segment costs more than the matching itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import combinations, pairwise
from typing import NamedTuple

from hub.edi.delimiters import Delimiters
from hub.edi.grammars.rules import ElementRule, Note, SegmentRule
from hub.edi.judging.values import DATE, MINUTE, TIME


def clean_run(rules: Iterable[SegmentRule], marks: Delimiters) -> re.Pattern[str]:
    """Matches as many segments in a row, each with its terminator, as are surely clean by one of the rules.

    Nothing of it backtracks into a segment that was taken, and a value never holds a delimiter.
    """
    return re.compile("(?:" + "|".join(_segment(rule, marks) for rule in rules) + ")*+")


def _segment(rule: SegmentRule, marks: Delimiters) -> str:
    built_in = _adjacent_notes(rule)
    others = [note for note in rule.notes if note not in built_in.values()]
    end = "" if not rule.elements else f"(?<![{re.escape(marks.element + marks.component)}])"
    text = _Row.elements(marks).conditions(others) + _elements(rule, 1, built_in, marks)
    return re.escape(rule.id) + text + end + re.escape(marks.terminator)


# -- syntax notes -----------------------------------------------------------------------------------------------------


def _adjacent_notes(rule: SegmentRule) -> dict[int, Note]:
    """The notes built into the elements' own pattern, by their first element: P and C over two optional neighbours.

    Each element takes part in one at most; C only where the later element needs the earlier one. They are by far the
    most frequent ones, and as conditions of their own they would cost more than all else.
    """
    chosen: dict[int, Note] = {}
    taken: set[int] = set()
    for note in rule.notes:
        low, high = min(note.numbers), max(note.numbers)
        fits = len(note.numbers) == 2 and high == low + 1 and not taken & {low, high}
        fits = fits and (note.kind == "P" or (note.kind == "C" and note.numbers == (high, low)))
        if fits and not rule.elements[low - 1].mandatory and not rule.elements[high - 1].mandatory:
            chosen[low] = note
            taken |= {low, high}
    return chosen


class _Row(NamedTuple):
    """Elements or components in a row, as patterns: what stands before the first, between two, and within one."""

    lead: str
    separator: str
    character: str

    @classmethod
    def elements(cls, marks: Delimiters) -> _Row:
        separator = re.escape(marks.element)
        return cls(separator, separator, f"[^{separator}{re.escape(marks.terminator)}]")

    @classmethod
    def components(cls, marks: Delimiters) -> _Row:
        return cls("", re.escape(marks.component), f"[^{re.escape(marks.in_data())}]")

    def up_to(self, number: int) -> str:
        """All before the value of a place; does not match where the row ends earlier."""
        return self.lead + self.skip(number - 1)

    def skip(self, count: int) -> str:
        """So many values, each with the separator behind it."""
        return f"{self.character}*+{self.separator}" * count

    def conditions(self, notes: Iterable[Note]) -> str:
        """The notes, looked at ahead of the row. Those that a value brings about only concern a row long enough to
        have it, which few are."""
        notes = list(notes)
        text = "".join(self._condition(note) for note in notes if note.kind == "R")
        rest = [note for note in notes if note.kind != "R"]
        if not rest:
            return text
        first = min(note.numbers[0] if note.kind in "CL" else min(note.numbers) for note in rest)
        return f"{text}(?:(?!{self.up_to(first)})|{''.join(map(self._condition, rest))})"

    def _condition(self, note: Note) -> str:
        """What must be ahead for a note to be kept; see `Note.broken_at`."""
        if note.kind == "R":
            return self._any(sorted(note.numbers))
        there = [f"(?={self.up_to(number)}{self.character})" for number in note.numbers]
        absent = [f"(?!{self.up_to(number)}{self.character})" for number in note.numbers]
        if note.kind == "E":
            return "".join(f"(?!{one}{other})" for one, other in combinations(there, 2))
        if note.kind == "P":
            return f"(?:{''.join(there)}|{''.join(absent)})"
        needed = "" if note.kind == "C" else "|"
        return f"(?:{absent[0]}|{needed.join(there[1:])})"

    def _any(self, numbers: list[int]) -> str:
        """One at least of these places has a value: looked for in one go."""
        text = self.character
        for number, following in reversed(list(pairwise(numbers))):
            text = f"(?:{self.character}|{self.skip(following - number)}{text})"
        return f"(?={self.up_to(numbers[0])}{text})"


# -- elements ---------------------------------------------------------------------------------------------------------


def _elements(rule: SegmentRule, number: int, notes: dict[int, Note], marks: Delimiters) -> str:
    """Pattern of elements `number` and on, each with its separator; what may be left off is optional."""
    if number > len(rule.elements):
        return ""
    separator = re.escape(marks.element)
    element = rule.elements[number - 1]
    own, note = _value(element, marks), notes.get(number)
    noted = any(number in one.numbers for one in rule.notes)
    needed = any(e.mandatory for e in rule.elements[number - 1 :])
    if note is None:
        text = separator + (own if element.mandatory else _maybe(own) if noted else _value_or_none(element, marks))
        text += _elements(rule, number + 1, notes, marks)
        return text if needed else _maybe(text)
    partner = _value(rule.elements[number], marks)
    partner = partner if note.kind == "P" else _maybe(partner)
    text = f"{separator}(?:{own}{separator}{partner}|{separator})"
    text += _elements(rule, number + 2, notes, marks)
    if note.kind == "C":
        text = f"(?:{text}|{separator}{own})" if not needed else text
    return text if needed else _maybe(text)


def _maybe(text: str) -> str:
    """What may be left off. A branch with nothing in it costs half of what a question mark does."""
    return f"(?:{text}|)"


def _value(element: ElementRule, marks: Delimiters) -> str:
    """A pattern that only clean values match (not every clean value does; an escaped or repeated one never does)."""
    if element.period and marks.component:
        return _dated(element, element.period, marks)
    if element.components:
        return _composite(element, marks)
    least, most = element.least, element.most
    if element.codes:
        return _one_of(element.codes)
    if element.type == "DT" and most == 8:
        return DATE
    if element.type == "TM" and (least, most) == (4, 8):
        return TIME
    if element.type == "n" or element.type == "R" or element.type.startswith("N"):
        return _number(element, marks)
    return _character(element, marks, " ") + _times(_character(element, marks), least - 1, most - 1)


def _value_or_none(element: ElementRule, marks: Delimiters) -> str:
    """A pattern for a place that may stay empty. Blanks alone count as nothing, so text is taken here as it comes."""
    if _is_text(element) and element.least <= 1:
        return _times(_character(element, marks), 0, element.most)
    free = element.components and not element.notes and not element.period
    if free and marks.component and not any(one.mandatory for one in element.components):
        return f"{_components(element, 0, marks)}(?<!{re.escape(marks.component)})"
    return _maybe(_value(element, marks))


def _is_text(element: ElementRule) -> bool:
    return not element.components and not element.codes and element.type in ("AN", "ID", "an", "a")


def _character(element: ElementRule, marks: Delimiters, but: str = "") -> str:
    """One character of a text."""
    digits = "0-9" if element.type == "a" else ""
    return f"[^{re.escape(marks.in_data())}{digits}\\x00-\\x1f\\x7f{but}]"


def _number(element: ElementRule, marks: Delimiters) -> str:
    """Digits, and where the type has them a sign and decimals, unless these characters are delimiters here."""
    least, most = element.least, element.most
    sign = "" if "-" in marks.in_data() else "-?+"
    points = {"R": ".", "n": ".,"}.get(element.type, "")
    point = "".join(mark for mark in points if mark not in marks.in_data())
    after = min(4, most // 3)
    if least > 1 or not after or not point:
        return sign + _times("[0-9]", least, most)
    return sign + _times("[0-9]", 1, most - after) + _maybe(f"[{point}]" + _times("[0-9]", 1, after))


def _one_of(codes: Iterable[str]) -> str:
    """Any of the codes, by their common beginnings: twenty that are tried one by one would cost more than the rest."""
    ends: dict[str, list[str]] = {}
    for code in sorted(filter(None, codes)):
        ends.setdefault(code[0], []).append(code[1:])
    plain = "".join(first for first, rest in ends.items() if rest == [""])
    one = f"[{re.escape(plain)}]" if plain else ""
    longer = [re.escape(first) + _one_of(rest) for first, rest in ends.items() if rest != [""]]
    if not longer:
        return f"{one}?+" if "" in codes else one
    return f"(?:{'|'.join([*[one] * bool(one), *longer, *[''] * ('' in codes)])})"


def _times(character: str, least: int, most: int) -> str:
    """So many of a character, and none given back: what follows a value is never part of it."""
    return character if least == most == 1 else f"{character}{{{least},{most}}}+" if most else ""


def _dated(element: ElementRule, period: tuple[int, int], marks: Delimiters) -> str:
    """A composite with a date in the two formats that nearly all use (102 and 203); others are looked at closely."""
    texts = [_value(component, marks) for component in element.components]
    choices = []
    for value, form in ((DATE, "102"), (DATE + MINUTE, "203")):
        texts[period[0] - 1], texts[period[1] - 1] = value, form
        choices.append(re.escape(marks.component).join(texts))
    return "(?:" + "|".join(choices) + ")"


def _composite(element: ElementRule, marks: Delimiters) -> str:
    """The components: one at least, and the last that is there is not empty."""
    text = _components(element, 0, marks)
    if marks.component:
        text = _Row.components(marks).conditions(element.notes) + text
    return f"{text}(?<![{re.escape(marks.element + marks.component)}])"


def _components(element: ElementRule, index: int, marks: Delimiters) -> str:
    component = element.components[index]
    own = _value(component, marks)
    text = own if component.mandatory else _maybe(own) if element.mandatory else _value_or_none(component, marks)
    if not marks.component or index + 1 == len(element.components):
        return text
    rest = re.escape(marks.component) + _components(element, index + 1, marks)
    needed = any(c.mandatory for c in element.components[index + 1 :])
    return text + (rest if needed else _maybe(rest))
