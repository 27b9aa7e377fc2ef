"""Where each value of a mapped document came from, what of the source nothing reads, and what nothing fills."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hub.edi.tree import Loop, TransactionSet
from hub.mapping.edi_paths import QUALIFIER
from hub.mapping.errors import Fault, Finding, Position
from hub.mapping.runtime import Scope

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
    steps = [step for each in reads for step in each.path.steps]
    tested = [step for each in steps for test in each.tests for step in test.path]
    read = {f"{step.name}{step.number:02d}" for step in (*steps, *tested) if step.kind == "element"}
    read |= {f"{step.name}{QUALIFIER.get(step.name, 1):02d}" for step in steps if any(not t.path for t in step.tests)}
    paired = {
        before.name
        for each in reads
        for before, step in zip(each.path.steps, each.path.steps[1:], strict=False)
        if step.kind == "pair"
    }
    root = document.root if isinstance(document, TransactionSet) else document
    found: dict[str, None] = {}
    for segment in root.walk():
        for number, value in enumerate(segment[1:], 1):
            name = f"{segment[0]}{number:02d}"
            if value and name not in read and segment[0] not in paired:
                found[name] = None
    return list(found)


def unfilled(explanation: Explanation, fields: FieldTree) -> list[str]:
    """The fields of the target's kind that nothing has filled, dotted."""
    filled = {_plain(origin.target) for origin in explanation.origins}
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
