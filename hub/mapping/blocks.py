"""What a compiled block does when it runs: its rows one by one, its repetitions, and findings instead of faults."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from hub.mapping.errors import BAD_VALUE, Exhausted, Fault, Finding, Position
from hub.mapping.expressions import Evaluate
from hub.mapping.forms import Form, Inside, Kept, Repeated, Test
from hub.mapping.paths import Reader, location
from hub.mapping.runtime import MAX_FINDINGS, TOO_MUCH_WORK, Group, Scope, as_text


@dataclass(slots=True)
class CompiledRow:
    """A row ready to run.

    `run` gives its value or None; it may raise a Fault, which is about the first of `readers` unless it says otherwise.
    """

    name: str
    target: str
    required: bool
    at: Position
    run: Evaluate
    form: Form
    readers: Sequence[Reader] = ()
    key: Position = Position()  # where the target stands

    def failed(self, error: Exception, here: Any, scope: Scope) -> None:
        """Turns what an expression raised into a finding of the run."""
        fault = error if isinstance(error, Fault) else Fault.bad_value()
        reader = fault.path if fault.path is not None else next(iter(self.readers), None)
        source_path = value_path = ""
        if reader is not None:
            source_path = reader.path.text
        if reader is not None and len(scope.run.errors) < MAX_FINDINGS:  # telling a place walks the path again
            value_path = _place(lambda: reader.locate(here, scope, fault.index or 0))
        scope.run.errors.append(
            (
                Finding.at(
                    self.at,
                    fault.code,
                    fault.message,
                    target=self.target,
                    source_path=source_path,
                    value_path=value_path,
                ),
                fault,
            )
        )
        if fault.code == TOO_MUCH_WORK:
            raise Exhausted

    def missing(self, scope: Scope, before: int) -> None:
        """Nothing filled a required row from what it reads; silent when the reason has been found already, since
        `before`."""
        inside = self.target + "."
        known = (finding.target for finding, _ in scope.run.errors[before:])
        if any(target == self.target or target.startswith(inside) for target in known):
            return
        read = list(dict.fromkeys(reader.path.text for reader in self.readers))
        told = f" from {' or '.join(f'`{text}`' for text in read)}" if read else ""
        fault = Fault("mapping.required", f"`{self.name}` is required and nothing fills it{told}")
        place = _place(lambda: location(scope)) if len(scope.run.errors) < MAX_FINDINGS else ""
        named = {"target": self.target, "source_path": "".join(read[:1]), "value_path": place}
        finding = Finding.at(self.key, fault.code, fault.message, **named)
        scope.run.errors.append((finding, fault))


def _place(locate: Callable[[], str]) -> str:
    try:
        return locate()
    except Fault:  # the bound on work is used up: the row and its path must do
        return ""


def object_of(rows: Sequence[CompiledRow]) -> Evaluate:
    """An object with a field for each row that has a value; None when none has."""
    plan = [(row.name, row.run, row) for row in rows]

    def build(here: Any, scope: Scope) -> dict[str, Any] | None:
        result: dict[str, Any] = {}
        before = len(scope.run.errors)
        for name, run, row in plan:
            try:
                value = run(here, scope)
            except (Fault, *BAD_VALUE) as error:
                row.failed(error, here, scope)
                continue
            if value is not None and value != "":
                result[name] = value
            elif row.required:
                row.missing(scope, before)
        return result or None

    return build


def alone(row: CompiledRow) -> Evaluate:
    """A row's value where it stands by itself, in a list or as the `value` of a block."""
    run = row.run

    def value(here: Any, scope: Scope) -> Any:
        try:
            found = run(here, scope)
        except (Fault, *BAD_VALUE) as error:
            row.failed(error, here, scope)
            return None
        return found if found != "" else None

    return value


def joined(items: Sequence[Evaluate]) -> Evaluate:
    """What several items give as one list."""

    def run(here: Any, scope: Scope) -> list[Any] | None:
        result: list[Any] = []
        for item in items:
            value = item(here, scope)
            if isinstance(value, list):
                result += value
            elif value is not None:
                result.append(value)
        return result or None

    return run


def always_list(run: Evaluate) -> Evaluate:
    """A segment or loop of an EDI target is always a list of its repetitions."""

    def listed(here: Any, scope: Scope) -> Any:
        value = run(here, scope)
        return [value] if isinstance(value, dict) else value

    return listed


@dataclass(slots=True)
class Entry:
    """The control words of a block, compiled; each is a row of its own, so that its faults name its line."""

    within: tuple[CompiledRow, Reader] | None = None
    each: tuple[CompiledRow, Reader] | None = None
    when: CompiledRow | None = None
    group_by: CompiledRow | None = None

    def around(self, build: Evaluate, form: Form) -> tuple[Evaluate, Form]:
        """The block's closure and form: the body where it applies."""
        when = self.when.form if self.when is not None and isinstance(self.when.form, Test) else None
        if self.each is not None:
            build = _repeat(build, *self.each, self.when, self.group_by)
            key = self.group_by.form if self.group_by is not None else None
            form = Repeated(self.each[1], when, key, form, build)
        elif self.when is not None:
            build = _conditional(build, alone(self.when))
            form = Kept(when, form) if when is not None else form
        if self.within is not None:
            build = _within(build, *self.within)
            form = Inside(self.within[1], form)
        return build, form


def _conditional(build: Evaluate, when: Evaluate) -> Evaluate:
    return lambda here, scope: build(here, scope) if when(here, scope) else None


def _within(build: Evaluate, row: CompiledRow, reader: Reader) -> Evaluate:
    one = alone(row)

    def within(here: Any, scope: Scope) -> Any:
        inner = one(here, scope)
        return None if inner is None else build(inner, Scope(inner, scope.run, scope, reader))

    return within


def _repeat(
    build: Evaluate, row: CompiledRow, reader: Reader, when: CompiledRow | None, group_by: CompiledRow | None
) -> Evaluate:
    holds = alone(when) if when is not None else None

    def repeat(here: Any, scope: Scope) -> list[Any] | None:
        run = scope.run
        try:
            found = reader.many(here, scope)
            run.spend(len(found))
        except Fault as fault:
            row.failed(fault, here, scope)
            return None
        scopes: Iterable[Scope] = [Scope(item, run, scope, reader, i) for i, item in enumerate(found)]
        if holds is not None:
            scopes = [inner for inner in scopes if holds(inner.here, inner)]
        if group_by is not None:
            scopes = _grouped(scopes, group_by, scope, reader)
        result: list[Any] = []
        for position, inner in enumerate(scopes, 1):
            inner.position = position
            value = build(inner.here, inner)
            if value is not None:
                result.append(value)
        return result or None

    return repeat


def _grouped(scopes: Iterable[Scope], group_by: CompiledRow, outer: Scope, reader: Reader) -> list[Scope]:
    """One scope per key, in the order in which the keys first come; the items without a key make one group."""
    key_of = alone(group_by)
    groups: dict[tuple[str, ...], list[Scope]] = {}
    for scope in scopes:
        try:
            key = key_of(scope.here, scope)
            parts = key if isinstance(key, list) else [] if key is None else [key]
            groups.setdefault(tuple(map(as_text, parts)), []).append(scope)
        except Fault as fault:
            group_by.failed(fault, scope.here, scope)
    return [
        Scope(Group([s.here for s in group], [s.index for s in group], key), outer.run, outer, reader, group[0].index)
        for key, group in groups.items()
    ]
