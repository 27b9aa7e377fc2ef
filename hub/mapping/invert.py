"""The other direction of a mapping, as far as it can be told, and what does not survive the way there and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.documents import SCHEMAS
from hub.edi.build import build
from hub.edi.findings import EdiError
from hub.edi.tree import Standard, TransactionSet
from hub.mapping.differences import Difference, differences
from hub.mapping.drafting import path_text
from hub.mapping.edi_paths import QUALIFIER
from hub.mapping.errors import Finding, MappingError
from hub.mapping.inverse_calls import NoInverse, inverse
from hub.mapping.mapping import Mapping
from hub.mapping.parser import Dialects, parse_expression, parse_path
from hub.mapping.runtime import Context
from hub.mapping.syntax import Alternatives, Expression, Literal, Path, Pipeline, PositionOf, Step
from hub.mapping.template import CONTROLS, Rows, Several, Value
from hub.mapping.yaml_source import Scalar, quote

WRITTEN = ("json", "x12", "edifact")  # what a mapping can give beside canonical documents

Names = tuple[str, ...]

_VERSIONS: dict[Standard, str] = {"x12": "004010", "edifact": "D96A"}  # where a mapping names none


@dataclass(slots=True)
class _Block:
    """A block of the inverse while it grows: rows by name, and for lists the entries told apart by what they hold."""

    controls: dict[str, str] = field(default_factory=dict)
    rows: dict[str, str | _Block] = field(default_factory=dict)
    lists: dict[str, dict[tuple[str, str], _Block]] = field(default_factory=dict)


def inverse_text(mapping: Mapping) -> str:
    """A mapping file for the other direction; comments say what could not be turned round.

    Raises MappingError where the other direction would write a format that mappings do not write.
    """
    if not (mapping.source.canonical or mapping.source.name in WRITTEN):
        message = f"mappings do not write {mapping.source.name}; only JSON, EDI and canonical documents"
        raise MappingError([Finding("mapping.invert", message, f"{mapping.name}.yaml")])
    writer = _Inverter(Dialects(mapping.source.dialect, mapping.original.dialect))
    root = _Block()
    writer.block(mapping.template.rows, root, (), "")
    head = [f"from: {mapping.target}", f"to: {mapping.source}", "rows:"]
    notes = [f"# {target}: {reason}" for target, reason in writer.left]
    return "\n".join([*head, *_lines(root, "  "), *notes]) + "\n"


class _Inverter:
    def __init__(self, dialects: Dialects) -> None:
        self.dialects = dialects
        self.left: list[tuple[str, str]] = []  # targets that could not be turned round, and why

    def block(self, rows: Rows, out: _Block, above: Names, target: str) -> None:
        """Rows whose item is `out`; `above` is where they stand below the item of the inverse."""
        for row in rows.rows.values():
            name = f"{target}.{row.name}" if target else row.name
            try:
                self.row(row.value, out, (*above, row.name), name)
            except NoInverse as reason:
                self.left.append((name, str(reason)))

    def row(self, value: Value, out: _Block, place: Names, target: str) -> None:
        if isinstance(value, Several):
            raise NoInverse("a list of several things")
        if isinstance(value, Rows):
            self.inner(value, out, place, target)
        elif not value.quoted:
            self.expression(value, out, place)

    def inner(self, rows: Rows, out: _Block, place: Names, target: str) -> None:
        if "value" in rows.controls or "group_by" in rows.controls:
            raise NoInverse("its items are put together, or are no objects")
        mover = next((word for word in ("each", "with") if word in rows.controls), None)
        if mover is None:
            self.block(rows, out, place, target)
            return
        if "each" in rows.controls and "with" in rows.controls:
            raise NoInverse("it has both `with` and `each`")
        path = parse_path(rows.controls[mover].text, self.dialects)
        within = self.place(path, out, last_is_block=True)
        if within.controls or within.rows:
            raise NoInverse(f"`{path.text}` goes to another target already")
        within.controls[mover] = path_text(place)
        around = self.dialects
        self.dialects = around.inside(path)
        self.block(rows, within, (), target)
        self.dialects = around

    def expression(self, scalar: Scalar, out: _Block, place: Names) -> None:
        node = parse_expression(scalar.text, self.dialects)
        path, calls = _turned(node, self.dialects.here != "json")
        if path is None:
            return
        within = self.place(path, out)
        name = _last(path)
        if name in within.rows:
            raise NoInverse(f"`{path.text}` goes to another target already")
        within.rows[name] = " | ".join([path_text(place), *calls])

    def place(self, path: Path, out: _Block, last_is_block: bool = False) -> _Block:
        """The block of the inverse that a path leads into; the field itself is its last step."""
        if path.root:
            raise NoInverse(f"`{path.text}` does not start at the item")
        steps = path.steps if last_is_block else path.steps[:-1]
        block = out
        for i, step in enumerate(steps):
            block = _below(block, step, steps[i + 1 : i + 2])
        if not last_is_block and _last(path) == "":
            raise NoInverse(f"`{path.text}` is no field by itself")
        return block


def _turned(node: Expression, edi: bool) -> tuple[Path | None, list[str]]:
    """The path that a row reads and the calls that undo what it does; no path for what the document does not hold."""
    if isinstance(node, (Literal, PositionOf)):
        return None, []
    if isinstance(node, Path):
        return node, []
    if isinstance(node, Alternatives):
        return _turned(node.items[0], edi)
    if isinstance(node, Pipeline):
        path, calls = _turned(node.operand, edi)
        return path, [*(undo for call in reversed(node.calls) if (undo := inverse(call, edi))), *calls]
    raise NoInverse("made of several fields, or under a condition")


def _last(path: Path) -> str:
    step = path.steps[-1] if path.steps else None
    if step is None or step.kind not in ("name", "element") or len(step.places) > 1:
        return ""
    if step.kind == "name":
        return step.name
    return f"{step.name}{step.number:02d}" + (f"-{step.component}" if step.component else "")


def _below(block: _Block, step: Step, following: Sequence[Step]) -> _Block:
    """The block one step further; a filter or qualifier chooses the entry of a list."""
    if step.kind == "filter":
        return block  # the step before has taken it
    if step.kind not in ("name", "segment"):
        raise NoInverse(f"a path with `{step.kind}` steps does not say where a value goes")
    tests = step.tests or (following[0].tests if following and following[0].kind == "filter" else ())
    if not tests:
        if step.kind == "segment" and step.number > 1:
            raise NoInverse("a place among several says nothing of the others")
        if step.name in block.lists:
            raise NoInverse(f"`{step.name}` goes to another target already")
        inner = block.rows.setdefault(step.name, _Block())
        if not isinstance(inner, _Block):
            raise NoInverse(f"`{step.name}` goes to another target already")
        return inner
    test = tests[0]
    named = len(test.path) == 1 and test.path[0].kind in ("name", "element")
    if len(tests) > 1 or test.negated or test.other or not test.values or not (named or not test.path):
        raise NoInverse("its filter does not say what a new entry would hold")
    number = test.path[0].number if named else QUALIFIER.get(step.name, 1)
    key = test.path[0].name if named and step.kind == "name" else f"{step.name}{number:02d}"
    if step.name in block.rows:
        raise NoInverse(f"`{step.name}` goes to another target already")
    entries = block.lists.setdefault(step.name, {})
    return entries.setdefault((key, test.values[0]), _Block())


# --- as a file


def _key(name: str) -> str:
    plain = name.replace("_", "a").replace("-", "a").isalnum() and name not in CONTROLS
    return name if plain else quote(name)


def _lines(block: _Block, indent: str) -> list[str]:
    lines = [f"{indent}{word}: {path}" for word, path in block.controls.items()]
    for name, row in block.rows.items():
        key = _key(name)
        if isinstance(row, _Block):
            inner = _lines(row, indent + "  ")
            lines += [f"{indent}{key}:", *inner] if inner else []
        elif row[0] in "'\"." or ": " in row or " #" in row:
            lines += [f"{indent}{key}: >-", f"{indent}  {row}"]
        else:
            lines.append(f"{indent}{key}: {row}")
    for name, entries in block.lists.items():
        lines.append(f"{indent}{name}:")
        for (told_by, value), entry in entries.items():
            # An entry with nothing but what tells it apart is left out: it is there when its first field is.
            first = next((row for row in entry.rows.values() if isinstance(row, str)), None)
            if not entry.controls and first is not None:
                entry.controls["when"] = first
            inner = _lines(entry, indent + "    ")
            head = [line for line in inner if line.strip().partition(":")[0] in entry.controls]
            rest = [line for line in inner if line not in head]
            body = [*head, f"{indent}    {_key(told_by)}: {quote(value)}", *rest]
            lines += [f"{indent}  - {body[0].lstrip()}", *body[1:]]
    return lines


# --- there and back


def round_trip(forward: Mapping, back: Mapping, document: Any, context: Context) -> list[Difference]:
    """What is different after a document went through `forward`, `back` and `forward` again. Raises MappingError."""
    once = forward.run(_dumped(forward.source.name, document), context)
    made = back.run(_as_source(back, forward, once), context)
    again = forward.run(_as_source(forward, back, made), context)
    return list(differences(_loaded(forward.target.name, once), _loaded(forward.target.name, again)))


def _dumped(kind: str, value: dict[str, Any]) -> Any:
    schema = SCHEMAS.get(kind)
    return value if schema is None else schema().dump(schema().load(value))


def _loaded(kind: str, value: dict[str, Any]) -> Any:
    schema = SCHEMAS.get(kind)
    return value if schema is None else schema().load(value)


def _as_source(reader: Mapping, writer: Mapping, made: dict[str, Any]) -> Any:
    """What `writer` gave as `reader` reads it: of EDI, the tree."""
    format = writer.target
    if format.dialect == "json":
        return _dumped(format.name, made)
    standard: Standard = "x12" if format.name == "x12" else "edifact"
    set_id, version = format.set_id or reader.source.set_id, format.version or _VERSIONS[standard]
    try:
        return TransactionSet(standard, set_id, version, "0001", build(standard, set_id, version, made))
    except EdiError as error:
        raise MappingError([Finding("mapping.round-trip", str(error), f"{writer.name}.yaml")]) from error
