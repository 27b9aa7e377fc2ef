"""Builds the tree of a transaction set from a plain dict whose keys are designators.

    build("x12", "855", "004010", {
        "BAK01": "00", "BAK02": "AC", "BAK03": "4711", "BAK04": "20260105",
        "REF": [{"REF01": "DP", "REF02": "45"}],
        "N1": [{"N101": "ST", "N102": "Store 7", "N401": "Ames"}],
        "PO1": [{"PO101": "1", "ACK": [{"ACK01": "IA", "ACK02": "5", "ACK03": "EA"}]}],
    })

`BAK01` is element 01 of a segment that stands once in its loop, `REF04-2` component 2 of element 04. A segment or
loop id holds a list of dicts, one per repetition; a loop's dict holds the elements of all its segments and its
inner loops. HL loops nest in each other. HL01, HL02 and the totals are filled in here. In EDIFACT a loop is a
segment group; it goes by the id of its first segment, and where two of a level begin alike by its name (`SG50`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from hub.edi.findings import EdiError
from hub.edi.grammars.library import Library, default_library
from hub.edi.grammars.rules import ElementRule, Item, SetGrammar
from hub.edi.tree import Composite, Element, Loop, Repeats, Segment, Standard

_DESIGNATOR = re.compile(r"([A-Z][A-Z0-9]{1,2})([0-9]{2})(?:-([0-9]{1,2}))?")


def build(
    standard: Standard,
    set_id: str,
    version: str,
    values: Mapping[str, Any],
    library: Library | None = None,
    *,
    decimal: str = ".",
) -> Loop:
    """The tree for `values`, its segments in the order of the grammar.

    Values are text, int, Decimal, bool (Y or N), None or `""` (absent), or a list of these (repetitions). A
    number given for an element with implied decimals is the amount itself: Decimal("9.95") becomes 995. `decimal` is
    the mark with which EDIFACT's numbers are written; values have a point.
    Raises EdiError: `edi.build-set-unknown`, `edi.build-key-unknown`, `edi.build-value-invalid` or
    `edi.build-trigger-missing`, each naming the key by its path (`PO1[2].ACK[1].ACK99`).
    """
    grammar = (library or default_library(standard)).grammar(set_id, version)
    if grammar is None:
        raise EdiError("edi.build-set-unknown", f"there is no grammar for {standard} set {set_id!r}")
    root = Loop(set_id, _Builder(grammar, decimal).loop(grammar.root, values, ""))
    for item in grammar.root.of:
        if item.levels:
            _number_levels(root, item, item.levels)
    _fill_totals(root, grammar)
    return root


class _Builder:
    def __init__(self, grammar: SetGrammar, decimal: str) -> None:
        self.grammar = grammar
        self.decimal = decimal

    def loop(self, loop: Item, values: Mapping[str, Any], path: str) -> list[Segment | Loop]:
        """The children of one repetition of a loop."""
        items: dict[str, Item] = {}
        for item in loop.of:
            items.setdefault(item.name, item)
        names = {item.id: item.name for item in reversed(loop.of) if item.is_loop} | {name: name for name in items}
        if loop.levels:
            names[loop.id] = loop.name
        single: dict[str, dict[str, Any]] = {}
        many: dict[str, list[Any]] = {}
        for key, value in values.items():
            where = f"{path}.{key}" if path else str(key)
            if (key in names or (loop.levels and key == loop.name)) and not isinstance(value, (str, int, Decimal)):
                many.setdefault(names.get(key, key), []).extend(_as_list(value, where))
            else:
                self._sort_in(key, value, loop, names, single, where)
        children: list[Segment | Loop] = []
        for item in items.values():
            children += self._repetitions(loop, item, single.get(item.name), many.get(item.name, []), path)
        if loop.levels:
            children += self._nested_levels(loop, many.get(loop.name, []), path)
        return children

    def _sort_in(
        self, key: str, value: Any, loop: Item, names: dict[str, str], single: dict[str, dict[str, Any]], where: str
    ) -> None:
        match = _DESIGNATOR.fullmatch(key)
        if match is None or match.group(1) not in names:
            raise _error("edi.build-key-unknown", where, "no such segment, loop or element stands at this place")
        own = loop.levels is not None and match.group(1) == loop.id
        if own and loop.levels and int(match.group(2)) in loop.levels:
            raise _error("edi.build-key-unknown", where, "levels are numbered by the builder; leave this out")
        single.setdefault(match.group(1) if own else names[match.group(1)], {})[key] = value

    def _repetitions(
        self, loop: Item, item: Item, single: dict[str, Any] | None, many: list[Any], path: str
    ) -> list[Segment | Loop]:
        """All repetitions of one item: the one given by bare designators, or those of a list."""
        is_trigger = loop.parent is not None and item.index == 0
        if single is not None and many and not (loop.levels and is_trigger):
            raise _error(
                "edi.build-key-unknown", _join(path, item.name), "given as a list and by elements; use one of them"
            )
        if is_trigger:
            built = self._segment(item, single or {}, path)
            if built is None and not loop.levels:
                raise _error("edi.build-trigger-missing", path, f"segment {item.id} opens this loop but has no element")
            return [built or (item.id,)]
        out: list[Segment | Loop] = []
        if single:
            out += self._one(item, single, path)
        for number, values in enumerate(many, 1):
            out += self._one(item, values, f"{_join(path, item.name)}[{number}]")
        return out

    def _one(self, item: Item, values: Mapping[str, Any], path: str) -> list[Segment | Loop]:
        if not isinstance(values, Mapping):
            raise _error("edi.build-value-invalid", path, f"an object was expected, not {type(values).__name__}")
        if item.is_loop:
            if all(value in (None, "", []) for value in values.values()):
                return []
            return [Loop(item.name, self.loop(item, values, path))]
        segment = self._segment(item, values, path)
        return [segment] if segment else []

    def _nested_levels(self, loop: Item, many: list[Any], path: str) -> list[Segment | Loop]:
        return [
            child
            for number, values in enumerate(many, 1)
            for child in self._one(loop, values, f"{_join(path, loop.name)}[{number}]")
        ]

    def _segment(self, item: Item, values: Mapping[str, Any], path: str) -> Segment | None:
        """One segment; None when all its elements are absent."""
        rule = self.grammar.segments.get(item.id)
        if rule is None:
            raise _error("edi.build-key-unknown", path, f"segment {item.id} is not described in the grammar")
        parts: dict[int, Element] = {}
        composites: dict[int, dict[int, str]] = {}
        for key, value in values.items():
            where = f"{path}.{key}" if path else key
            match = _DESIGNATOR.fullmatch(key)
            number = int(match.group(2)) if match and match.group(1) == item.id else 0
            if match is None or not 1 <= number <= len(rule.elements):
                raise _error("edi.build-key-unknown", where, f"segment {item.id} has no such element")
            element = rule.elements[number - 1]
            if match.group(3):
                component = int(match.group(3))
                if component > len(element.components):
                    raise _error("edi.build-key-unknown", where, f"element {number:02d} has no such component")
                text = self._text(value, element.components[component - 1], where)
                composites.setdefault(number, {})[component] = text
            else:
                parts[number] = self._element(value, element, where)
        for number, given in composites.items():
            parts[number] = _composite(given)
        return _assemble(item.id, parts)

    def _element(self, value: Any, element: ElementRule, where: str) -> Element:
        if isinstance(value, list):
            texts = [text for one in value if (text := self._text(one, element, where))]
            return Repeats(texts) if len(texts) > 1 else "".join(texts)
        return self._text(value, element.components[0] if element.components else element, where)

    def _text(self, value: Any, element: ElementRule, where: str) -> str:
        text = _text(value, element, where)
        return text.replace(".", self.decimal) if element.type == "n" else text


def _assemble(segment_id: str, parts: dict[int, Element]) -> Segment | None:
    there = [number for number, value in parts.items() if value]
    if not there:
        return None
    return (segment_id, *(parts.get(number) or "" for number in range(1, max(there) + 1)))


def _composite(given: dict[int, str]) -> str | Composite:
    there = [number for number, text in given.items() if text]
    texts = tuple(given.get(number, "") for number in range(1, max(there, default=0) + 1))
    return texts if len(texts) > 1 else "".join(texts)


def _text(value: Any, element: ElementRule, where: str) -> str:
    """A value in the form its element type is written."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, str):
        return value
    if not isinstance(value, (int, Decimal)):
        raise _error("edi.build-value-invalid", where, f"text or a number was expected, not {type(value).__name__}")
    amount = Decimal(value)
    if not amount.is_finite():
        raise _error("edi.build-value-invalid", where, "a finite number was expected")
    if element.type.startswith("N"):
        amount = amount.scaleb(int(element.type[1:]))
        if amount != amount.to_integral_value():
            raise _error("edi.build-value-invalid", where, f"more decimals than the {element.type[1:]} that fit")
        return str(int(amount))
    return format(amount, "f")


def _as_list(value: Any, where: str) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, Mapping):
        return [value]
    if isinstance(value, list):
        return value
    raise _error("edi.build-value-invalid", where, f"a list of objects was expected, not {type(value).__name__}")


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _error(code: str, path: str, what: str) -> EdiError:
    return EdiError(code, f"{path or 'the document'}: {what}")


def _number_levels(root: Loop, item: Item, levels: tuple[int, int]) -> None:
    """Loops that form a tree count up through the document, and each names the level around it."""
    number = 0
    stack: list[tuple[Loop, str]] = [(loop, "") for loop in reversed(list(root.loops(item.name)))]
    while stack:
        loop, parent = stack.pop()
        number += 1
        trigger = list(loop.trigger) + [""] * (max(levels) + 1 - len(loop.trigger))
        trigger[levels[0]], trigger[levels[1]] = str(number), parent
        loop.children[0] = tuple(trigger)
        stack += [(inner, str(number)) for inner in reversed(list(loop.loops(item.name)))]


def _fill_totals(root: Loop, grammar: SetGrammar) -> None:
    """Give the elements that count segments their value where the caller gave none."""
    for designator, counted in grammar.totals.items():
        segment_id, number = designator[:-2], int(designator[-2:])
        count = sum(segment[0] == counted for segment in root.walk())
        place = _place_of(root, segment_id)
        if place is not None:
            holder, index = place
            old = list(holder.children[index])  # type: ignore[arg-type]
            old += [""] * (number + 1 - len(old))
            old[number] = old[number] or str(count)
            holder.children[index] = tuple(old)
        elif count:
            segment: Segment = (segment_id, *[""] * (number - 1), str(count))
            item = next(i for i in grammar.root.of if i.id == segment_id)
            at = _insertion_point(root, grammar, item)
            root.children.insert(at, Loop(item.name, [segment]) if item.is_loop else segment)


def _place_of(root: Loop, segment_id: str) -> tuple[Loop, int] | None:
    for index, child in enumerate(root.children):
        if isinstance(child, Loop) and child.trigger[0] == segment_id:
            return child, 0
        if isinstance(child, tuple) and child[0] == segment_id:
            return root, index
    return None


def _insertion_point(root: Loop, grammar: SetGrammar, item: Item) -> int:
    later = {i.id for i in grammar.root.of[item.index + 1 :]}
    for index, child in enumerate(root.children):
        if (child.trigger[0] if isinstance(child, Loop) else child[0]) in later:
            return index
    return len(root.children)
