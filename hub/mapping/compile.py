"""Rows compiled to closures. All that is wrong is collected; nothing is parsed when a document runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from hub.mapping.blocks import CompiledRow, Entry, alone, always_list, joined, object_of
from hub.mapping.calls import CallFault
from hub.mapping.errors import Finding, Position
from hub.mapping.explain import noting
from hub.mapping.expressions import Compiler, Evaluate
from hub.mapping.forms import Field, Form, Formula, Nothing, Object, Repetitions, Test, Text, Together
from hub.mapping.parser import Dialects, parse_condition, parse_expression, parse_path
from hub.mapping.paths import Reader
from hub.mapping.syntax import Path, SyntaxFault
from hub.mapping.template import Row, Rows, Several, Template, Value
from hub.mapping.yaml_source import Scalar

_ELEMENT = re.compile(r"[A-Z][A-Z0-9]{1,2}\d\d(-\d{1,2})?")
_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{1,2}")
_NAME = re.compile(r"\w[\w-]*")


class Read(NamedTuple):
    """A path that a row reads; `place` are the field names from the document's root, None for another root."""

    path: Path
    scalar: Scalar
    target: str
    place: tuple[str, ...] | None

    @property
    def at(self) -> Position:
        return self.scalar.position(self.path.offset)


class Part(NamedTuple):
    """A piece of a mapping, compiled: the closure that explains, and the form that the fast function is made of."""

    run: Evaluate
    form: Form


@dataclass(slots=True)
class RowCompiler:
    """Compiles the rows of a resolved template; `findings` gets every error, with its line and column.

    With `tracing` the closures note in the run where each value came from.
    """

    template: Template
    tracing: bool = False
    findings: list[Finding] = field(default_factory=list)
    targets: dict[str, Position] = field(default_factory=dict)  # every target path, for checks against a schema
    reads: list[Read] = field(default_factory=list)
    lists: set[str] = field(default_factory=set)  # the targets that have `each`
    compiler: Compiler = field(init=False)
    dialects: Dialects = field(init=False)  # of the scope that is being compiled

    def __post_init__(self) -> None:
        self.dialects = Dialects(self.template.source.dialect, self.template.original.dialect)
        constants = {name: scalar.text for name, scalar in self.template.const.items()}
        self.compiler = Compiler(constants, tracing=self.tracing)

    @property
    def tables(self) -> Mapping[str, int]:
        return self.compiler.tables

    def wrong(self, at: Position, code: str, message: str, target: str) -> None:
        self.findings.append(Finding.at(at, f"mapping.{code}", message, target=target))

    # --- blocks

    def block(self, rows: Rows, target: str) -> Part:
        """A block: an object, with `each` a list of them; None when there is nothing in it."""
        around = self.dialects
        entry = self._entry(rows, target)
        body = self._body(rows, target)
        self.dialects = around
        return Part(*entry.around(*body))

    def items(self, rows: Rows, target: str) -> Evaluate:
        """The closure of `split:`: the items or groups themselves."""
        if "each" not in rows.controls or rows.rows or "value" in rows.controls:
            self.wrong(rows.at, "split", "`split` has `each`, and perhaps `when` and `group_by`", target)
        around = self.dialects
        entry = self._entry(rows, target)
        self.dialects = around
        if self.template.source.dialect == "x12" and entry.each is not None:
            path = entry.each[1].path
            if path.root not in ("", "$") or not path.steps or path.steps[-1].kind != "segment":
                at = rows.controls["each"].at
                self.wrong(at, "split", "in EDI, `each` of `split` leads to loops of the set", target)
        return entry.around(lambda here, scope: here, Text(None))[0]

    def _entry(self, rows: Rows, target: str) -> Entry:
        """Compiles the control words in the order they apply; each path moves the scope for what comes after."""
        controls = rows.controls
        entry = Entry()
        if "with" in controls:
            entry.within = self._mover("with", controls["with"], target)
        if "each" in controls:
            self.lists.add(target)
            entry.each = self._mover("each", controls["each"], target)
        if "when" in controls:
            entry.when = self._control("when", controls["when"], target)
        if "group_by" in controls:
            entry.group_by = self._control("group_by", controls["group_by"], target)
            if "each" not in controls:
                self.wrong(controls["group_by"].at, "control", "`group_by` needs an `each`", target)
        return entry

    def _body(self, rows: Rows, target: str) -> Part:
        value = rows.controls.get("value")
        if value is not None:
            if rows.rows:
                self.wrong(value.at, "control", "a block has either `value` or rows", target)
            row = self._filling(value, target, "value")
            return Part(alone(row), row.form)
        if not rows.rows:
            self.wrong(rows.at, "empty-block", "a block without rows", target)
        compiled = [self._row(row, target) for row in rows.rows.values()]
        return Part(object_of(compiled), Object(tuple(Field(row.name, row.required, row.form) for row in compiled)))

    def _row(self, row: Row, above: str) -> CompiledRow:
        target = f"{above}.{row.name}" if above else row.name
        self.targets[target] = row.at
        edi = self.template.target.dialect == "x12"
        segment = edi and bool(_SEGMENT.fullmatch(row.name))
        if edi and not segment and not _ELEMENT.fullmatch(row.name):
            message = f"`{row.name}` is neither an element like BAK01 nor a segment or loop like N1"
            self.wrong(row.at, "designator", message, target)
        elif not row.literal_name and not _NAME.fullmatch(row.name):
            self.wrong(row.at, "target", f"`{row.name}` is no field's name; quote it if it is meant so", target)
        if isinstance(row.value, Scalar):
            if segment:
                self.wrong(row.at, "designator", f"`{row.name}` holds elements: give it a block or a list", target)
            compiled = self._filling(row.value, target, row.name)
            compiled.required, compiled.key = row.required, row.at
            return compiled
        run, form = self._value(row.value, target)
        if segment:
            run, form = always_list(run), Repetitions(form)
        return CompiledRow(row.name, target, row.required, row.at, run, form, key=row.at)

    def _value(self, value: Value, target: str) -> Part:
        """A value that minds its own faults."""
        if isinstance(value, Rows):
            return self.block(value, target)
        if isinstance(value, Several):
            parts = [self._value(item, target) for item in value.items]
            return Part(joined([part.run for part in parts]), Together(tuple(part.form for part in parts)))
        row = self._filling(value, target, target)
        return Part(alone(row), row.form)

    # --- expressions

    def _filling(self, scalar: Scalar, target: str, name: str) -> CompiledRow:
        """What fills a target."""
        row = self._scalar(scalar, target, name)
        if self.tracing:
            row.run = noting(row.run, target, self.lists, row.at)
        return row

    def _scalar(self, scalar: Scalar, target: str, name: str, condition: bool = False) -> CompiledRow:
        """Text, or an expression; what is wrong with that becomes a finding, and it then gives nothing."""
        if scalar.quoted:
            text = scalar.text or None
            return CompiledRow(name, target, False, scalar.at, lambda here, scope: text, Text(text))
        compiler = self.compiler
        compiler.readers.clear()
        run: Evaluate = lambda here, scope: None  # noqa: E731
        form: Form = Nothing()
        try:
            if condition:
                holds = parse_condition(scalar.text, self.dialects)
                run = compiler.condition(holds)
                form = Test(holds, run)
            else:
                node = parse_expression(scalar.text, self.dialects)
                run = compiler.row(node)
                form = Formula(node, run)
        except SyntaxFault as fault:
            self.wrong(scalar.position(fault.offset), "syntax", fault.message, target)
        except CallFault as fault:
            self.wrong(scalar.position(fault.offset), fault.code, fault.message, target)
        readers = tuple(compiler.readers)
        self._read(readers, scalar, target)
        return CompiledRow(name, target, False, scalar.at, run, form, readers)

    def _read(self, readers: tuple[Reader, ...], scalar: Scalar, target: str) -> None:
        for reader in readers:
            path = reader.path
            self.reads.append(Read(path, scalar, target, self.dialects.place_of(path)))

    def _control(self, name: str, scalar: Scalar, target: str) -> CompiledRow:
        if scalar.quoted:
            self.wrong(scalar.at, "control", f"`{name}` is an expression, without quotes around it", target)
        return self._scalar(scalar, target, name, condition=name == "when")

    def _mover(self, name: str, scalar: Scalar, target: str) -> tuple[CompiledRow, Reader] | None:
        """The path of `each` or `with`: a path and nothing more, so that the place of an item can be told."""
        try:
            path = parse_path(scalar.text, self.dialects)
        except SyntaxFault as fault:
            message = f"`{name}` is a path and nothing more: {fault.message}"
            self.wrong(scalar.position(fault.offset), "syntax", message, target)
            return None
        reader = Reader(path, self.compiler.constants)
        self._read((reader,), scalar, target)
        self.dialects = self.dialects.inside(path)
        return CompiledRow(name, target, False, scalar.at, reader.one, Nothing(), (reader,)), reader
