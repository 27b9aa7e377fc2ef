"""Where each value of a mapped document came from, what of the source nothing reads, and what nothing fills."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hub.edi.tree import Loop, TransactionSet
from hub.mapping.edi_paths import FIRST_PAIR, QUALIFIER, element_values
from hub.mapping.errors import Fault, Finding, Position
from hub.mapping.runtime import Scope
from hub.mapping.syntax import Step

if TYPE_CHECKING:
    from hub.mapping.check import FieldTree
    from hub.mapping.compile import Read

MAX_ORIGINS = 100_000
MAX_PLACES = 20  # told of one path


@dataclass(frozen=True, slots=True)
class Origin:
    """A value and its way: `target` with the numbers of list items (`lines[1].sku`), `sources` the paths that were
    read for it, each from the document's root; `at` is the row."""

    target: str
    value: Any
    sources: tuple[str, ...]
    at: Position


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a mapping made of a document, value by value."""

    result: dict[str, Any]
    origins: list[Origin]
    findings: list[Finding]


def noting(run: Callable[[Any, Scope], Any], target: str, lists: Set[str], at: Position) -> Callable[[Any, Scope], Any]:
    """The closure of a row that notes the origin of what it gives."""

    def noted(here: Any, scope: Scope) -> Any:
        reads = scope.run.reads
        before = len(reads)
        value = run(here, scope)
        read = reads[before:]
        del reads[before:]
        if value is not None and value != "" and len(scope.run.origins) < MAX_ORIGINS:
            sources = tuple(dict.fromkeys(place for each in read for place in _places(*each)))
            scope.run.origins.append(Origin(_numbered(target, lists, scope), value, sources, at))
        return value

    return noted


def _places(reader: Any, here: Any, scope: Scope) -> list[str]:
    """Where the matches of a path stand; none for a path that found nothing."""
    try:
        count = min(len(reader.matches(here, scope)), MAX_PLACES)
        return [reader.locate(here, scope, i) for i in range(count)]
    except Fault:  # the bound on work is used up
        return []


def _numbered(target: str, lists: Set[str], scope: Scope) -> str:
    """The target with the position of the item in each list around it."""
    positions: list[int] = []
    at: Scope | None = scope
    while at is not None:
        if at.position:
            positions.append(at.position)
        at = at.outer
    names = target.split(".")
    for i in range(len(names)):
        if positions and ".".join(target.split(".")[: i + 1]) in lists:
            names[i] += f"[{positions.pop()}]"
    return ".".join(names)


# --- what is left over


def unread(document: Any, reads: list[Read]) -> list[str]:
    """The fields of a document that no row reads: dotted names, lists left out; for EDI, designators."""
    if isinstance(document, (Loop, TransactionSet)):
        return _unread_elements(document, reads)
    places = {place for read in reads for place in _places_of(read)}
    found: dict[str, None] = {}
    for names in _leaves(document, ()):
        if not any(names[: len(place)] == place for place in places if place):
            found[".".join(names)] = None
    return list(found)


def _places_of(read: Read) -> Iterator[tuple[str, ...]]:
    """Where a path leads, and what its filters look at on the way."""
    if read.place is None:
        return
    yield read.place
    steps = read.path.steps
    before = read.place[: len(read.place) - sum(step.kind == "name" for step in steps)]
    for i, step in enumerate(steps):
        names = tuple(s.name for s in steps[:i] if s.kind == "name")
        for test in step.tests:
            yield (*before, *names, *(s.name for s in test.path if s.kind == "name"))


def _leaves(node: Any, names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(node, dict):
        for name, value in node.items():
            yield from _leaves(value, (*names, name))
    elif isinstance(node, list):
        for item in node:
            yield from _leaves(item, names)
    elif node is not None and node != "":
        yield names


def _unread_elements(document: Any, reads: list[Read]) -> list[str]:
    """Elements by their designators: `SAC05`; `REF[ZZ]/REF02` where others of that element are read, and
    `PO1.pair(CB)` where other pairs of that segment are."""
    read = _Designators(reads)
    root = document.root if isinstance(document, TransactionSet) else document
    found: dict[str, None] = {}
    for segment in root.walk():
        name = str(segment[0])
        qualifier = next(iter(element_values(segment, QUALIFIER.get(name, 1), 1)), "")
        for number, value in enumerate(segment[1:], 1):
            left = read.left_over(name, qualifier, number, value) if value else None
            if left is not None:
                found[left] = None
    return list(found)


class _Designators:
    """What paths read of the segments: elements by the qualifiers under which they are read, pairs by theirs."""

    def __init__(self, reads: list[Read]) -> None:
        self.elements: dict[str, set[str] | None] = {}  # None: whatever the qualifier
        self.pairs: dict[str, set[str]] = {}
        for path in (each.path for each in reads):
            for before, step in zip((None, *path.steps), path.steps, strict=False):
                self._take(before, step)

    def _take(self, before: Step | None, step: Step) -> None:
        if step.kind == "element":
            own = before is not None and before.kind == "segment" and before.name == step.name
            self._add(step.name, step.number, _chosen(before) if own and before is not None else None)
        elif step.kind == "pair" and before is not None:
            self.pairs.setdefault(before.name, set()).add(step.name)
        for test in step.tests:
            if not test.path:
                self._add(step.name, QUALIFIER.get(step.name, 1), None)
            for inner in test.path:
                self._take(None, inner)

    def _add(self, segment: str, number: int, qualifiers: set[str] | None) -> None:
        name = f"{segment}{number:02d}"
        known = self.elements.get(name, set())
        self.elements[name] = None if known is None or qualifiers is None else known | qualifiers

    def left_over(self, segment: str, qualifier: str, number: int, value: Any) -> str | None:
        """How an element is called that nothing reads, None for one that something does."""
        name = f"{segment}{number:02d}"
        if name in self.elements:
            under = self.elements[name]
            return None if under is None or qualifier in under else f"{segment}[{qualifier}]/{name}"
        if segment not in self.pairs:
            return name
        first = FIRST_PAIR.get(segment, 0)
        if not first or isinstance(value, tuple):
            return None  # its pairs may stand anywhere
        if number < first:
            return name
        is_qualifier = (number - first) % 2 == 0
        return f"{segment}.pair({value})" if is_qualifier and value not in self.pairs[segment] else None


def _chosen(step: Step) -> set[str] | None:
    """The qualifiers that a step is for, None for whatever it is not told by."""
    if len(step.tests) != 1 or step.tests[0].path or step.tests[0].negated or step.tests[0].other is not None:
        return None
    return set(step.tests[0].values)


def unfilled(targets: Iterable[str], fields: FieldTree) -> list[str]:
    """The fields of the target's kind that are not among those filled, dotted."""
    filled = {_plain(target) for target in targets}
    return [name for name in _names(fields, "") if not any(f == name or f.startswith(f"{name}.") for f in filled)]


def _plain(target: str) -> str:
    return ".".join(name.partition("[")[0] for name in target.split("."))


def _names(fields: FieldTree, above: str) -> Iterator[str]:
    for name, inner in fields.items():
        path = f"{above}.{name}" if above else name
        if inner:
            yield from _names(inner, path)
        else:
            yield path
