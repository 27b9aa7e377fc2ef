"""What the generated function calls: the less common shapes of JSON, and the segments and loops of EDI."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import Any, cast

from hub.edi.tree import Loop, TransactionSet
from hub.mapping.edi_paths import QUALIFIER, element_values, pair_values, trigger
from hub.mapping.runtime import Context, Group, as_text, envelope_of, is_true

Index = dict[str, Sequence[Any]]
Tests = tuple[tuple[str, int, int, frozenset[str], bool], ...]

_SCALARS = frozenset({str, int, bool, float, Decimal})


class Unusual(Exception):
    """The document has a shape that the generated function leaves to the closures."""


def scalar(value: Any) -> None:
    """A path goes on where this value has nothing: fine for a plain value, unusual for anything else."""
    if type(value) not in _SCALARS:
        raise Unusual


def _flat(nodes: Iterable[Any]) -> list[Any]:
    flat: list[Any] = []
    for node in nodes:
        if isinstance(node, list):
            if any(isinstance(item, list) for item in node):
                raise Unusual
            flat += node
        else:
            flat.append(node)
    return flat


def many(node: Any, keys: Sequence[str]) -> list[Any]:
    """All values that names lead to, through lists."""
    nodes = [node]
    for key in keys:
        inner = []
        for each in _flat(nodes):
            if type(each) is dict:
                inner.append(each.get(key))
            elif each is not None:
                scalar(each)
        nodes = inner
    return [value for value in _flat(nodes) if value is not None and value != ""]


def one(node: Any, keys: Sequence[str]) -> Any:
    """The only value that names lead to."""
    found = many(node, keys)
    if len(found) > 1:
        raise Unusual
    return found[0] if found else None


def common(group: Group, keys: Sequence[str]) -> Any:
    """The value that names lead to in each item of a group that has one."""
    found = many(group, keys)
    if any(value != found[0] for value in found):
        raise Unusual
    return found[0] if found else None


def join_group(groups: dict[tuple[str, ...], Group], key: Any, item: Any, number: int) -> None:
    """Puts an item to those with its key; those without a key are a group too."""
    parts = key if isinstance(key, list) else [] if key is None or key == "" else [key]
    texts = tuple(map(as_text, parts))
    group = groups.setdefault(texts, Group(key=texts))
    group.append(item)
    group.origins.append(number)


def holds(node: Any) -> bool:
    """Whether a path that led here is true."""
    return any(map(is_true, _flat([node])))


def among(value: Any, wanted: Collection[str]) -> bool:
    """Whether a filter's value is one of the wanted texts."""
    return value is not None and type(value) is not dict and as_text(value) in wanted


# --- EDI


def root_of(document: Any) -> Any:
    return document.root if type(document) is TransactionSet else document


def source_of(context: Context) -> Any:
    return root_of(context.source)


def envelope_in(document: Any) -> dict[str, str]:
    return envelope_of(document) if type(document) is TransactionSet else {}


def index(node: Any) -> tuple[Index, Index]:
    """What stands in a loop by id: as an element is looked for (segments first), and as a loop is (loops first)."""
    if type(node) is Loop:
        segments: dict[Any, list[Any]] = {}
        loops: dict[Any, list[Any]] = {}
        for child in node.children:
            if type(child) is tuple:
                segments.setdefault(child[0], []).append(child)
            elif type(child) is Loop:
                name = child.trigger[0]
                loops.setdefault(name, []).append(child)
                if child.id != name:
                    loops.setdefault(child.id, []).append(child)
            else:
                raise Unusual
        if not loops:
            return cast(Index, segments), cast(Index, segments)
        return {**loops, **segments}, {**segments, **loops}
    if node is None:
        return {}, {}
    if type(node) is not tuple:
        raise Unusual
    itself: Index = {node[0]: (node,)}
    return itself, itself


def segments_in(node: Any, name: str) -> Sequence[Any]:
    return index(node)[0].get(name, ())


def loops_in(node: Any, name: str) -> Sequence[Any]:
    return index(node)[1].get(name, ())


def elements(segment: Any, number: int, component: int) -> list[str]:
    """The values of an element of a segment, or of the segment that a loop begins with."""
    return element_values(trigger(segment), number, component)


def elements_at(segment: Any, places: Sequence[tuple[int, int]]) -> list[str]:
    """The values of an element that a segment holds at several places."""
    return [value for number, component in places for value in elements(segment, number, component)]


def element(chosen: Sequence[Any], number: int, component: int) -> str | None:
    """The one value of an element in the segments of its id."""
    if len(chosen) == 1:
        segment = chosen[0] if type(chosen[0]) is tuple else trigger(chosen[0])
        if number >= len(segment):
            return None
        value = segment[number]
        if type(value) is str:
            return value if component < 2 else None
    found = [value for segment in chosen for value in elements(segment, number, component)]
    if len(found) > 1:
        raise Unusual
    return found[0] if found else None


def pairs(node: Any, qualifier: str) -> list[str]:
    """The values behind a qualifier in a segment."""
    return [value for value, _ in pair_values(trigger(node), qualifier)]


def qualified(node: Any, wanted: frozenset[str]) -> bool:
    """Whether the element that identifies a segment or loop is one of the wanted texts."""
    segment = trigger(node)
    number = QUALIFIER.get(segment[0], 1)
    value = segment[number] if number < len(segment) else ""
    if type(value) is str:
        return value in wanted and value != ""
    return any(each in wanted for each in element_values(segment, number, 1))


def element_among(node: Any, name: str, number: int, component: int, wanted: frozenset[str]) -> bool:
    """Whether a named element in a loop or segment has one of the wanted texts."""
    return any(value in wanted for each in segments_in(node, name) for value in elements(each, number, component))
