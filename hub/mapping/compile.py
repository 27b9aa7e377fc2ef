"""Rows compiled to closures. All that is wrong is collected; nothing is parsed when a document runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.mapping.calls import CallFault
from hub.mapping.errors import Fault, Finding, Position
from hub.mapping.expressions import Compiler, Evaluate
from hub.mapping.parser import Dialects, parse_condition, parse_expression
from hub.mapping.paths import Reader, location
from hub.mapping.runtime import Group, Scope, as_text
from hub.mapping.syntax import Path, SyntaxFault
from hub.mapping.template import Row, Rows, Several, Template, Value
from hub.mapping.yaml_source import Scalar

_ELEMENT = re.compile(r"[A-Z][A-Z0-9]{1,2}\d\d(-\d{1,2})?")
_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{1,2}")
_NAME = re.compile(r"\w[\w-]*")

Errors = list[tuple[Finding, Fault]]


@dataclass(frozen=True, slots=True)
class CompiledRow:
    """A row ready to run. `fill(here, scope, errors)` gives its value, None to leave the target out."""

    name: str
    target: str
    required: bool
    at: Position
    fill: Callable[[Any, Scope, Errors], Any]


@dataclass(slots=True)
class RowCompiler:
    """Compiles the rows of a resolved template; `findings` gets every error, with its line and column."""

    template: Template
    findings: list[Finding] = field(default_factory=list)
    targets: dict[str, Position] = field(default_factory=dict)  # every target path, for checks against a schema
    paths: list[tuple[Path, Position, str]] = field(default_factory=list)  # every path read, for checks
    compiler: Compiler = field(init=False)
    dialects: Dialects = field(init=False)  # of the scope that is being compiled

    def __post_init__(self) -> None:
        self.dialects = Dialects(self.template.source.dialect, self.template.original.dialect)
        constants = {name: scalar.text for name, scalar in self.template.const.items()}
        self.compiler = Compiler(constants)

    @property
    def tables(self) -> Mapping[str, int]:
        return self.compiler.tables

    def wrong(self, at: Position, code: str, message: str, target: str) -> None:
        self.findings.append(Finding.at(at, f"mapping.{code}", message, target=target))

    # --- blocks

    def block(self, rows: Rows, target: str) -> Callable[[Any, Scope, Errors], Any]:
        """A block's closure: an object, or with `each` a list of them."""
        around = self.dialects
        entry = self._entry(rows, target)
        body = self._body(rows, target)
        self.dialects = around
        return entry.around(body)

    def items(self, rows: Rows, target: str) -> Callable[[Any, Scope, Errors], Any]:
        """The closure of `split:`: the items or groups themselves."""
        if "each" not in rows.controls or rows.rows or "value" in rows.controls:
            self.wrong(rows.at, "split", "`split` has `each`, and perhaps `when` and `group_by`", target)
        around = self.dialects
        entry = self._entry(rows, target)
        self.dialects = around
        return entry.around(lambda here, scope, errors: here)

    def _entry(self, rows: Rows, target: str) -> _Entry:
        """Compiles the control words in the order they apply; each path moves the scope for what comes after."""
        entry = _Entry(
            with_=self._reader(rows, "with", target),
            each=self._reader(rows, "each", target),
            when=self._control(rows, "when", target),
            group_by=self._control(rows, "group_by", target),
            at=rows.at,
            target=target,
        )
        if entry.group_by and not entry.each:
            self.wrong(rows.controls["group_by"].at, "control", "`group_by` needs an `each`", target)
        return entry

    def _body(self, rows: Rows, target: str) -> Callable[[Any, Scope, Errors], Any]:
        value = rows.controls.get("value")
        if value is not None:
            if rows.rows:
                self.wrong(value.at, "control", "a block has either `value` or rows", target)
            return self._scalar(value, target)
        compiled = [self._row(row, target) for row in rows.rows.values()]
        if not compiled:
            self.wrong(rows.at, "empty-block", "a block without rows", target)

        plan = [(row.name, row.fill, row) for row in compiled]

        def build(here: Any, scope: Scope, errors: Errors) -> dict[str, Any] | None:
            result: dict[str, Any] = {}
            before = len(errors)
            for name, fill, row in plan:
                value = fill(here, scope, errors)
                if value is not None:
                    result[name] = value
                elif row.required and len(errors) == before:
                    errors.append(_required(row, scope))
            return result or None

        return build

    def _row(self, row: Row, above: str) -> CompiledRow:
        target = f"{above}.{row.name}" if above else row.name
        self.targets[target] = row.at
        edi = self.template.target.dialect == "x12"
        if edi and not (_ELEMENT.fullmatch(row.name) or _SEGMENT.fullmatch(row.name)):
            message = f"`{row.name}` is neither an element like BAK01 nor a segment or loop like N1"
            self.wrong(row.at, "designator", message, target)
        elif not row.literal_name and not _NAME.fullmatch(row.name):
            self.wrong(row.at, "target", f"`{row.name}` is no field's name; quote it if it is meant so", target)
        fill = self._value(row.value, target)
        if edi and _SEGMENT.fullmatch(row.name):
            if isinstance(row.value, Scalar):
                self.wrong(row.at, "designator", f"`{row.name}` holds elements: give it a block or a list", target)
            fill = _as_list(fill)
        return CompiledRow(row.name, target, row.required, row.at, fill)

    def _value(self, value: Value, target: str) -> Callable[[Any, Scope, Errors], Any]:
        if isinstance(value, Rows):
            return self.block(value, target)
        if isinstance(value, Several):
            return _joined([self._value(item, target) for item in value.items])
        return self._scalar(value, target)

    # --- expressions

    def _scalar(self, scalar: Scalar, target: str) -> Callable[[Any, Scope, Errors], Any]:
        if scalar.quoted:
            text = scalar.text or None
            return lambda here, scope, errors: text
        run = self._compiled(scalar, target, condition=False)
        readers = tuple(self.compiler.readers)
        at = scalar.at

        def fill(here: Any, scope: Scope, errors: Errors) -> Any:
            try:
                value = run(here, scope)
            except Fault as fault:
                errors.append(_fault(fault, here, scope, at, target, readers))
                return None
            return value if value != "" else None

        return fill

    def _compiled(self, scalar: Scalar, target: str, condition: bool) -> Evaluate:
        """An expression or a condition; what is wrong with it becomes a finding, and it then gives nothing."""
        self.compiler.readers.clear()
        try:
            if condition:
                run = self.compiler.condition(parse_condition(scalar.text, self.dialects))
            else:
                run = self.compiler.expression(parse_expression(scalar.text, self.dialects))
        except SyntaxFault as fault:
            self.wrong(scalar.position(fault.offset), "syntax", fault.message, target)
        except CallFault as fault:
            self.wrong(scalar.position(fault.offset), fault.code, fault.message, target)
        else:
            for reader in self.compiler.readers:
                self.paths.append((reader.path, scalar.position(reader.path.offset), target))
            return run
        return lambda here, scope: None

    def _control(self, rows: Rows, name: str, target: str) -> Evaluate | None:
        scalar = rows.controls.get(name)
        if scalar is None:
            return None
        if scalar.quoted:
            self.wrong(scalar.at, "control", f"`{name}` is an expression, without quotes around it", target)
        return self._compiled(scalar, target, condition=name == "when")

    def _reader(self, rows: Rows, name: str, target: str) -> Reader | None:
        """The path of `each` or `with`: a path and nothing more, so that an item's own path can be told."""
        run = self._control(rows, name, target)
        if run is None:
            return None
        readers = self.compiler.readers
        if len(readers) == 1 and readers[0].path.text.strip() == rows.controls[name].text.strip():
            self.dialects = self.dialects.inside(readers[0].path)
            return readers[0]
        if not self.findings or self.findings[-1].target != target:
            self.wrong(rows.controls[name].at, "control", f"`{name}` is a path and nothing more", target)
        return None


@dataclass(slots=True)
class _Entry:
    """What stands around a block's rows: where it is, how often, and whether."""

    with_: Reader | None
    each: Reader | None
    when: Evaluate | None
    group_by: Evaluate | None
    at: Position
    target: str

    def around(self, build: Callable[[Any, Scope, Errors], Any]) -> Callable[[Any, Scope, Errors], Any]:
        if self.each is not None:
            inner = self._guarded(self._repeat(build, self.each))
        elif self.when is not None:
            inner = self._guarded(self._conditional(build, self.when))
        else:
            inner = build
        return self._guarded(self._within(inner, self.with_)) if self.with_ is not None else inner

    def _guarded(self, run: Callable[[Any, Scope, Errors], Any]) -> Callable[[Any, Scope, Errors], Any]:
        readers = tuple(reader for reader in (self.with_, self.each) if reader is not None)

        def guarded(here: Any, scope: Scope, errors: Errors) -> Any:
            try:
                return run(here, scope, errors)
            except Fault as fault:
                errors.append(_fault(fault, here, scope, self.at, self.target, readers[:1]))
                return None

        return guarded

    def _within(self, build: Callable[..., Any], reader: Reader) -> Callable[[Any, Scope, Errors], Any]:
        one = reader.one

        def within(here: Any, scope: Scope, errors: Errors) -> Any:
            inner = one(here, scope)
            return None if inner is None else build(inner, Scope(inner, scope.run, scope, reader), errors)

        return within

    def _conditional(self, build: Callable[..., Any], when: Evaluate) -> Callable[[Any, Scope, Errors], Any]:
        return lambda here, scope, errors: build(here, scope, errors) if when(here, scope) else None

    def _repeat(self, build: Callable[..., Any], reader: Reader) -> Callable[[Any, Scope, Errors], Any]:
        many, when, group_by = reader.many, self.when, self.group_by

        def repeat(here: Any, scope: Scope, errors: Errors) -> list[Any] | None:
            run = scope.run
            scopes = [Scope(item, run, scope, reader, i) for i, item in enumerate(many(here, scope))]
            run.spend(len(scopes))
            if when is not None:
                scopes = [inner for inner in scopes if when(inner.here, inner)]
            if group_by is not None:
                scopes = _grouped(scopes, group_by, scope, reader)
            result: list[Any] = []
            for position, inner in enumerate(scopes, 1):
                inner.position = position
                value = build(inner.here, inner, errors)
                if value is not None:
                    result.append(value)
            return result or None

        return repeat


def _grouped(scopes: list[Scope], group_by: Evaluate, outer: Scope, reader: Reader) -> list[Scope]:
    """One scope per key, in the order the keys first come; items without a key stand alone together."""
    groups: dict[Any, list[Scope]] = {}
    for scope in scopes:
        key = group_by(scope.here, scope)
        if isinstance(key, list):
            name: Any = tuple(map(as_text, key))
        else:
            name = None if key is None else as_text(key)
        groups.setdefault(name, []).append(scope)
    return [
        Scope(Group([s.here for s in group], [s.index for s in group]), outer.run, outer, reader, group[0].index)
        for group in groups.values()
    ]


def _as_list(fill: Callable[[Any, Scope, Errors], Any]) -> Callable[[Any, Scope, Errors], Any]:
    """A segment or loop of an EDI target is always a list of its repetitions."""

    def listed(here: Any, scope: Scope, errors: Errors) -> Any:
        value = fill(here, scope, errors)
        return [value] if isinstance(value, dict) else value

    return listed


def _joined(items: list[Callable[[Any, Scope, Errors], Any]]) -> Callable[[Any, Scope, Errors], Any]:
    def joined(here: Any, scope: Scope, errors: Errors) -> list[Any] | None:
        result: list[Any] = []
        for item in items:
            value = item(here, scope, errors)
            if isinstance(value, list):
                result += value
            elif value is not None:
                result.append(value)
        return result or None

    return joined


# --- findings of a run


def _fault(
    fault: Fault, here: Any, scope: Scope, at: Position, target: str, readers: tuple[Reader, ...]
) -> tuple[Finding, Fault]:
    reader = fault.path if fault.path is not None else (readers[0] if readers else None)
    source_path = value_path = ""
    if reader is not None:
        source_path = reader.path.text
        try:
            value_path = reader.locate(here, scope, fault.index or 0)
        except Fault:  # the bound on work is used up: the source path must do
            value_path = ""
    finding = Finding.at(at, fault.code, fault.message, target=target, source_path=source_path, value_path=value_path)
    return finding, fault


def _required(row: CompiledRow, scope: Scope) -> tuple[Finding, Fault]:
    fault = Fault("mapping.required", f"`{row.name}` is required and nothing fills it")
    try:
        place = location(scope)
    except Fault:
        place = ""
    return Finding.at(row.at, fault.code, fault.message, target=row.target, value_path=place), fault
