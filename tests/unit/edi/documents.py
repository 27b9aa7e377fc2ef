"""Valid documents of any set, made at random from its grammar: for what must hold of all sets, not of a specimen."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from hub.edi.grammars.rules import ElementRule, Item, Note, SegmentRule, SetGrammar
from hub.edi.tree import Composite, Element, Loop, Repeats, Segment

Words = Callable[[int, int, bool], str]
"""A text of so many characters at least and at most; without digits where the last is true."""


class Maker:
    """Makes documents of one grammar. `decimal` and `repetition` are marks of the interchange, `""` for none."""

    def __init__(
        self, grammar: SetGrammar, chance: random.Random, words: Words, decimal: str = ".", repetition: str = ""
    ) -> None:
        self.grammar, self.chance, self.words = grammar, chance, words
        self.decimal, self.repetition = decimal, repetition

    def document(self) -> Loop:
        """A tree with all that is mandatory and some of the rest."""
        self._last, self._levels = self.grammar.start, 0
        root = Loop(self.grammar.set_id)
        self._fill(root, self.grammar.root.of, 0)
        return root

    # -- structure --------------------------------------------------------------------------------------------------

    def _fill(self, loop: Loop, items: Sequence[Item], depth: int) -> None:
        for item in items:
            if item.id not in self.grammar.segments and not item.mandatory:
                continue
            for _ in range(self._times(item, depth)):
                # Where a reader would take it for something else that may stand here, it cannot be meant.
                step = self._last.step(item.id)
                if step is None or step.item is not item:
                    break
                self._add(loop, item, depth)

    def _times(self, item: Item, depth: int) -> int:
        if not item.mandatory and self.chance.random() > 0.3 / (depth + 1):
            return 0
        return 2 if item.most != 1 and self.chance.random() < 0.2 else 1

    def _add(self, loop: Loop, item: Item, depth: int) -> None:
        segment = self._segment(self.grammar.segments[item.id])
        if not item.is_loop:
            self._last = item
            loop.children.append(segment)
        elif item.levels is None:
            self._last = item.of[0]
            loop.children.append(inner := Loop(item.name, [segment]))
            self._fill(inner, item.of[1:], depth + 1)
        else:
            self._add_level(loop, item, segment, "", 0)

    def _add_level(self, loop: Loop, item: Item, segment: Segment, parent: str, depth: int) -> None:
        """A level of a tree (HL) and those under it, numbered in their order."""
        self._levels += 1
        own, (number, above) = str(self._levels), item.levels or (0, 0)
        values = [*segment, *[""] * max(0, above + 1 - len(segment))]
        values[number], values[above] = own, parent
        while not values[-1]:
            values.pop()
        self._last = item.of[0]
        loop.children.append(level := Loop(item.name, [tuple(values)]))
        self._fill(level, item.of[1:], depth + 1)
        for _ in range(self.chance.choice((0, 1, 2)) if depth < 3 else 0):
            if (step := self._last.step(item.id)) is not None and step.item is item:
                self._add_level(level, item, self._segment(self.grammar.segments[item.id]), own, depth + 1)

    # -- values -----------------------------------------------------------------------------------------------------

    def _segment(self, rule: SegmentRule) -> Segment:
        return rule.id, *self._row(rule.elements, rule.notes, self._element, fewest=0)

    def _row(self, rules: Sequence[ElementRule], notes: Sequence[Note], make, fewest: int) -> list:
        """Values of a segment or a composite: the mandatory ones, some others, and what its notes ask for."""
        present = [True, *(rule.mandatory or self.chance.random() < 0.3 for rule in rules)]
        while sum(present) - 1 < fewest:
            present[self.chance.randrange(1, len(present))] = True
        for note in list(notes) * len(rules):
            if wrong := note.broken_at(present):
                present[wrong] = note.kind != "E"
        if any(note.broken_at(present) for note in notes) or sum(present) - 1 < fewest:
            return self._row(rules, notes, make, fewest)
        values = [make(rule) if there else "" for rule, there in zip(rules, present[1:], strict=True)]
        while values and not values[-1]:
            values.pop()
        return values

    def _element(self, rule: ElementRule) -> Element:
        if self.repetition and rule.repeats > 1 and self.chance.random() < 0.5:
            return Repeats(self._one(rule) for _ in range(2))
        return self._one(rule)

    def _one(self, rule: ElementRule) -> str | Composite:
        if not rule.components:
            return self._value(rule)
        parts = self._row(rule.components, rule.notes, self._value, fewest=1)
        if rule.period is not None:
            value, form = rule.period
            parts += [""] * (max(rule.period) - len(parts))
            parts[value - 1], parts[form - 1] = "20260105", "102"
        return tuple(parts) if len(parts) > 1 else parts[0]

    def _value(self, rule: ElementRule) -> str:
        if rule.codes:
            return self.chance.choice(sorted(rule.codes))
        if rule.type == "DT":
            return "20260105" if rule.most >= 8 else "260105"
        if rule.type == "TM":
            return "1200"
        if rule.type in "nR" and self.decimal and rule.least == 1 and rule.most > 2 and self.chance.random() < 0.5:
            return f"{self.chance.randint(1, 9)}{self.decimal}{self.chance.randint(1, 9)}"
        if rule.type in "nR" or rule.type.startswith("N"):
            return "".join(self.chance.choices("123456789", k=min(max(rule.least, 2), rule.most)))
        return self.words(rule.least, rule.most, rule.type == "a")
