"""Paths compiled to closures.

A `Reader` answers three questions about a path: `one` (its value, None when missing, a Fault when several match),
`many` (all its matches) and `locate` (where each match stands, as an absolute path; used for errors only).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

from hub.edi.tree import TransactionSet
from hub.mapping.edi_paths import edi_step
from hub.mapping.errors import Fault
from hub.mapping.runtime import Group, Run, Scope, as_text
from hub.mapping.syntax import Path, Step, Test

One = Callable[[Any, Scope], Any]
Many = Callable[[Any, Scope], list[Any]]
Crumb = tuple[Any, str]  # (the crumb before, this step as written)
Match = tuple[Any, Crumb | None]  # (value, how it was reached)

_WORD = re.compile(r"[^\W\d][\w-]*")


class Reader:
    """A compiled path."""

    __slots__ = ("_constants", "_joins", "_name", "_start", "_steps", "many", "one", "path")

    def __init__(self, path: Path, constants: Mapping[str, Any]) -> None:
        self.path = path
        self._constants = constants
        self._name, self._start = _start(path, constants)
        self._steps: Sequence[StepFunction] = ()
        self._joins: dict[int, _Join] = {}
        keys = tuple([step.name for step in path.steps])
        plain = path.named
        self.one: One = _plain_one(keys, self._single) if plain else self._single
        self.many: Many = _plain_many(keys, self._all) if plain else self._all
        if plain and path.root:
            self.one, self.many = _from(self._start, self.one), _from(self._start, self.many)

    def matches(self, here: Any, scope: Scope) -> list[Match]:
        """All matches, general form: any step, any node."""
        start = self._start(here, scope)
        found: list[Match] = [(start, None)]
        if not self._steps and self.path.steps:
            self._prepare()
        if type(start) is Group and self.path.steps and self.path.steps[0].kind not in _OF_JSON:
            found = _flat(found)  # designators lead through loops and segments, not through lists of them
        for i, step in enumerate(self._steps):
            join = self._joins.get(i)
            found = step(found, scope.run) if join is None else join.matching(found, here, scope)
            scope.run.spend(len(found) + 1)
        return [match for match in _flat(found) if match[0] is not None and match[0] != ""]

    def trace(self) -> None:
        """From now on notes in the run what is read."""
        one, many = self.one, self.many

        def traced_one(here: Any, scope: Scope) -> Any:
            scope.run.reads.append((self, here, scope))
            return one(here, scope)

        def traced_many(here: Any, scope: Scope) -> list[Any]:
            scope.run.reads.append((self, here, scope))
            return many(here, scope)

        self.one, self.many = traced_one, traced_many

    def _prepare(self) -> None:
        """The general form, made when it is first wanted."""
        steps = self.path.steps
        self._joins = {
            i: _Join(step.tests, self._constants) for i, step in enumerate(steps) if any(t.other for t in step.tests)
        }
        self._steps = [_step(step) for step in steps]

    def _all(self, here: Any, scope: Scope) -> list[Any]:
        return [value for value, _ in self.matches(here, scope)]

    def _single(self, here: Any, scope: Scope) -> Any:
        found = self.matches(here, scope)
        if not found:
            return None
        if len(found) > 1:
            grouped = isinstance(self._start(here, scope), Group)
            if not grouped or any(value != found[0][0] for value, _ in found):
                raise self.several(len(found))
        return found[0][0]

    def several(self, count: int) -> Fault:
        fault = Fault(
            "mapping.several",
            f"`{self.path.text}` matches {count} values where one is wanted; narrow it, use `| first`, or `each`",
        )
        fault.path = self
        return fault

    def locate(self, here: Any, scope: Scope, index: int = 0) -> str:
        """The absolute path of match `index`; of the place it was looked for when there is none."""
        found = self.matches(here, scope)
        base = self._base(scope)
        if index >= len(found):
            return base
        steps = _steps_of(found[index][1])
        if steps and steps[0] in ("$", "source"):  # `^HL[O]` has left the scope
            return "".join(steps)
        if isinstance(here, Group) and not self.path.root:
            return _in_group(here, scope, steps)
        return base + "".join(steps)

    def _base(self, scope: Scope) -> str:
        if self.path.root not in ("", "^"):
            return self._name
        at: Scope | None = scope
        for _ in range(self.path.outer):
            at = at.outer if at is not None and at.outer is not None else at
        return location(at)


def location(scope: Scope | None) -> str:
    """Where a scope's item stands, from the document's root."""
    if scope is None or scope.outer is None:
        return "$"
    located: str = scope.reader.locate(scope.outer.here, scope.outer, scope.index)
    return located


def _in_group(group: Group, scope: Scope, steps: list[str]) -> str:
    """A group's first step is the number of the item in it; say where that item really stands."""
    item = int(steps[0].strip("[]")) if steps and re.fullmatch(r"\[\d+\]", steps[0]) else 0
    if scope.outer is None or item >= len(group.origins):
        return "$" + "".join(steps)
    located: str = scope.reader.locate(scope.outer.here, scope.outer, group.origins[item])
    return located + "".join(steps[1:])


def _steps_of(crumb: Crumb | None) -> list[str]:
    steps = []
    while crumb is not None:
        before, text = crumb
        steps.append(text)
        crumb = before
    return steps[::-1]


# --- where a path starts


def _start(path: Path, constants: Mapping[str, Any]) -> tuple[str, One]:
    """The name of the path's root in locations, and how to get there."""
    if path.root == "":
        return "", lambda here, scope: here
    if path.root == "$":
        return "$", lambda here, scope: scope.run.root
    if path.root == "const":
        return "const", lambda here, scope: constants
    if path.root == "^":
        return "", _outer(path.outer)
    return path.root, {
        "source": _source,
        "partner": lambda here, scope: scope.run.context.partner,
        "connection": lambda here, scope: scope.run.context.connection,
        "message": lambda here, scope: scope.run.context.message,
        "envelope": lambda here, scope: scope.run.envelope,
    }[path.root]


def _source(here: Any, scope: Scope) -> Any:
    source = scope.run.context.source
    return source.root if type(source) is TransactionSet else source


def _outer(levels: int) -> One:
    def start(here: Any, scope: Scope) -> Any:
        at: Scope | None = scope
        for _ in range(levels):
            at = at.outer if at is not None else None
        return at.here if at is not None else None

    return start


# --- the common case: names only, through objects


def _from(start: One, read: One) -> One:
    return lambda here, scope: read(start(here, scope), scope)


def _plain_one(keys: tuple[str, ...], slow: One) -> One:
    if len(keys) == 1:
        (key,) = keys

        def one_key(here: Any, scope: Scope) -> Any:
            if type(here) is not dict:
                return slow(here, scope)
            value = here.get(key)
            kind = type(value)
            if kind is str:
                return value or None
            return slow(here, scope) if kind is list else value

        return one_key

    def one(here: Any, scope: Scope) -> Any:
        node = here
        for key in keys:
            if type(node) is not dict:
                return None if node is None else slow(here, scope)
            node = node.get(key)
        kind = type(node)
        if kind is str:
            return node or None
        return slow(here, scope) if kind is list else node

    return one


def _plain_many(keys: tuple[str, ...], slow: Many) -> Many:
    objects = {dict}

    def many(here: Any, scope: Scope) -> list[Any]:
        node = here
        for key in keys:
            if type(node) is not dict:
                return [] if node is None else slow(here, scope)
            node = node.get(key)
        if type(node) is not list:
            return [] if node is None or node == "" else [node]
        if set(map(type, node)) == objects:
            scope.run.spend(len(node))
            return node
        return slow(here, scope)

    return many


# --- steps over JSON-like documents

StepFunction = Callable[[list[Match], Run], list[Match]]

_OF_JSON = ("name", "index", "filter")


def _step(step: Step) -> StepFunction:
    if step.kind == "name":
        return _name_step(step.name)
    if step.kind == "index":
        return _index_step(step.number)
    if step.kind == "filter":
        return _filter_step(step.tests)
    return edi_step(step)


def _flat(found: list[Match]) -> list[Match]:
    """Lists replaced by their items, however deep."""
    if not any(isinstance(value, list) for value, _ in found):
        return found
    flat: list[Match] = []
    open_ = [iter(found)]
    while open_:
        for value, crumb in open_[-1]:
            if isinstance(value, list):
                open_.append(iter([(item, (crumb, f"[{i}]")) for i, item in enumerate(value)]))
                break
            flat.append((value, crumb))
        else:
            open_.pop()
    return flat


def _name_step(name: str) -> StepFunction:
    text = f".{name}" if _WORD.fullmatch(name) else ".'" + name.replace("'", "''") + "'"

    def step(found: list[Match], run: Run) -> list[Match]:
        return [
            (node[name], (crumb, text)) for node, crumb in _flat(found) if isinstance(node, Mapping) and name in node
        ]

    return step


def _index_step(index: int) -> StepFunction:
    def step(found: list[Match], run: Run) -> list[Match]:
        result: list[Match] = []
        for node, crumb in found:
            items = node if isinstance(node, list) else [node]
            if -len(items) <= index < len(items) and node is not None:
                at = (crumb, f"[{index % len(items)}]") if isinstance(node, list) else crumb
                result.append((items[index], at))
        return result

    return step


def _filter_step(tests: tuple[Test, ...]) -> StepFunction:
    compiled = [_test(test) for test in tests]

    def step(found: list[Match], run: Run) -> list[Match]:
        return [match for match in _flat(found) if all(test(match[0], run) for test in compiled)]

    return step


def _test(test: Test) -> Callable[[Any, Run], bool]:
    steps = [_step(step) for step in test.path]
    wanted, negated = frozenset(test.values), test.negated
    return lambda node, run: _among(steps, node, run, wanted) is not negated


def _among(steps: list[StepFunction], node: Any, run: Run, wanted: Container[str]) -> bool:
    """Whether the steps lead from the node to one of the wanted texts."""
    found: list[Match] = [(node, None)]
    for step in steps:
        found = step(found, run)
    flat = _flat(found)
    run.spend(len(flat) + 1)
    return any(as_text(v) in wanted for v, _ in flat if v is not None and not isinstance(v, Mapping))


class _Join:
    """A filter that compares with what the item holds: `[line.id=.id]`."""

    __slots__ = ("_tests",)

    def __init__(self, tests: tuple[Test, ...], constants: Mapping[str, Any]) -> None:
        self._tests = [
            ([_step(step) for step in test.path], test, Reader(test.other, constants) if test.other else None)
            for test in tests
        ]

    def matching(self, found: list[Match], here: Any, scope: Scope) -> list[Match]:
        """Those of `found` that hold, for the item `here`."""
        bound = [
            (steps, test.negated, frozenset(map(as_text, reader.many(here, scope)) if reader else test.values))
            for steps, test, reader in self._tests
        ]
        return [
            match
            for match in _flat(found)
            if all(_among(steps, match[0], scope.run, wanted) is not negated for steps, negated, wanted in bound)
        ]
