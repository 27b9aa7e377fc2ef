"""A mapping file as rows: loaded from YAML, merged along `extends`, and written out again as one resolved text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hub.mapping.errors import Finding, MappingError, Position
from hub.mapping.yaml_source import Block, Node, Scalar, Sequence, parse, quote

MAX_EXTENDS = 8
CONTROLS = ("with", "each", "when", "group_by", "value", "use")
FORMATS = ("json", "csv", "ndjson", "xml", "lines", "x12", "edifact")
HEADER = frozenset(
    ["from", "to", "source", "extends", "remove", "description", "const", "fragments", "tables", "split", "rows"]
)
_PLAIN = re.compile(r"[A-Za-z0-9_.\-]+!?")
_SAFE = re.compile(r"[A-Za-z0-9_$^./(][\w $^./()\[\]|?=!<>,'#*:-]*(?<!:)")
_WORD = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(slots=True)
class Row:
    """A target and what fills it."""

    name: str
    required: bool
    at: Position
    value: Value
    literal_name: bool = False  # the key was quoted


@dataclass(slots=True)
class Rows:
    """A block of rows with its control words (`each`, `when`, ...)."""

    at: Position
    controls: dict[str, Scalar] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)


@dataclass(slots=True)
class Several:
    """A list of expressions and blocks; what they give is put together in one list."""

    items: list[Value]
    at: Position


Value = Scalar | Rows | Several


@dataclass(frozen=True, slots=True)
class Format:
    """`json`, `csv`, `x12 855 004010`, or a canonical kind such as `order`."""

    name: str = ""
    set_id: str = ""
    version: str = ""
    at: Position = field(default=Position(), compare=False, kw_only=True)  # where the file says so

    @property
    def dialect(self) -> str:
        return "x12" if self.name in ("x12", "edifact") else "json"

    @property
    def canonical(self) -> bool:
        return self.name not in FORMATS

    def __str__(self) -> str:
        return " ".join(filter(None, (self.name, self.set_id, self.version)))


@dataclass(slots=True)
class Template:
    """A mapping before it is compiled."""

    file: str
    source: Format = field(default_factory=Format)  # from:
    target: Format = field(default_factory=Format)  # to:
    original: Format = field(default_factory=Format)  # source: what `source.*` is
    description: str = ""
    extends: Scalar | None = None
    remove: list[Scalar] = field(default_factory=list)
    const: dict[str, Scalar] = field(default_factory=dict)
    fragments: dict[str, Rows] = field(default_factory=dict)
    borrowed: dict[str, Scalar] = field(default_factory=dict)  # fragment -> the mapping whose it is
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    split: Rows | None = None
    rows: Rows = field(default_factory=lambda: Rows(Position()))
    findings: list[Finding] = field(default_factory=list)

    def wrong(self, at: Position, code: str, message: str, target: str = "") -> None:
        self.findings.append(Finding.at(at, f"mapping.{code}", message, target=target))


def load(text: str, file: str) -> Template:
    """The file as a template; what is wrong with its form is collected in `findings`."""
    return _Loader(Template(file)).load(parse(text, file))


class _Loader:
    def __init__(self, template: Template) -> None:
        self.template = template

    def load(self, root: Block) -> Template:
        template = self.template
        for key, node in root.entries:
            if key.text not in HEADER:
                template.wrong(key.at, "unknown-key", f"`{key.text}` is no part of a mapping file; it has {_words()}")
            else:
                getattr(self, f"_{key.text}")(node)
        if root.get("rows") is None:
            template.wrong(root.at, "no-rows", "a mapping has `rows:`")
        if not template.extends:
            for name in ("from", "to"):
                if root.get(name) is None:
                    template.wrong(root.at, "no-format", f"`{name}:` is missing")
        return template

    # --- header entries, one method per key

    def _from(self, node: Node) -> None:
        self.template.source = self._format(node)

    def _to(self, node: Node) -> None:
        self.template.target = self._format(node)

    def _source(self, node: Node) -> None:
        self.template.original = self._format(node)

    def _description(self, node: Node) -> None:
        self.template.description = self._scalar(node).text

    def _extends(self, node: Node) -> None:
        self.template.extends = self._scalar(node)

    def _remove(self, node: Node) -> None:
        items = node.items if isinstance(node, Sequence) else [node]
        self.template.remove = [self._scalar(item) for item in items]

    def _const(self, node: Node) -> None:
        for key, value in self._block(node).entries:
            self.template.const[key.text] = self._scalar(value)

    def _fragments(self, node: Node) -> None:
        for key, value in self._block(node).entries:
            if isinstance(value, Scalar):
                self.template.borrowed[key.text] = value
            else:
                self.template.fragments[key.text] = self._rows_of(self._block(value))

    def _tables(self, node: Node) -> None:
        """Tables inside the file, as the resolved text has them."""
        for key, table in self._block(node).entries:
            rows = self.template.tables.setdefault(key.text, {})
            for name, value in self._block(table).entries:
                if isinstance(value, Block):
                    rows[name.text] = {column.text: self._scalar(cell).text for column, cell in value.entries}
                else:
                    rows[name.text] = self._scalar(value).text

    def _split(self, node: Node) -> None:
        self.template.split = self._rows_of(self._block(node))

    def _rows(self, node: Node) -> None:
        self.template.rows = self._rows_of(self._block(node))

    # --- shapes

    def _format(self, node: Node) -> Format:
        scalar = self._scalar(node)
        words = scalar.text.split()
        if not words or len(words) > 3 or not _WORD.fullmatch(words[0]):
            self.template.wrong(
                scalar.at, "format", "a format is json, csv, ndjson, xml, lines, `x12 855 004010` or a canonical kind"
            )
            return Format()
        return Format(*words, at=scalar.at)

    def _scalar(self, node: Node) -> Scalar:
        if isinstance(node, Scalar):
            return node
        self.template.wrong(node.at, "shape", "a single text is wanted here")
        return Scalar("", True, node.at)

    def _block(self, node: Node) -> Block:
        if isinstance(node, Block):
            return node
        if not (isinstance(node, Scalar) and not node.text):
            self.template.wrong(node.at, "shape", "a block of `name: value` lines is wanted here")
        return Block([], node.at)

    def _value(self, node: Node) -> Value:
        if isinstance(node, Block):
            return self._rows_of(node)
        if isinstance(node, Sequence):
            return Several([self._value(item) for item in node.items], node.at)
        return node

    def _rows_of(self, block: Block) -> Rows:
        rows = Rows(block.at)
        for key, node in block.entries:
            if key.text in CONTROLS and not key.quoted:
                rows.controls[key.text] = self._scalar(node)
            else:
                self._add(rows, key, node)
        return rows

    def _add(self, rows: Rows, key: Scalar, node: Node) -> None:
        """Places a row; a dotted key is the same as nested blocks."""
        if key.quoted:
            names, required = [key.text], False
        else:
            names, required = key.text.rstrip("!").split("."), key.text.endswith("!")
        if "" in names:
            self.template.wrong(key.at, "target", f"`{key.text}` is no target")
            return
        for name in names[:-1]:
            inner = rows.rows.setdefault(name, Row(name, False, key.at, Rows(key.at))).value
            if not isinstance(inner, Rows):
                self.template.wrong(key.at, "duplicate-target", f"`{name}` is filled already, as a whole")
                return
            rows = inner
        name, value = names[-1], self._value(node)
        existing = rows.rows.get(name)
        if existing is None:
            rows.rows[name] = Row(name, required, key.at, value, key.quoted)
        elif isinstance(existing.value, Rows) and isinstance(value, Rows):
            for inner_row in value.rows.values():
                if inner_row.name in existing.value.rows:
                    self._duplicate(key.at, f"{key.text}.{inner_row.name}", existing.value.rows[inner_row.name].at)
            existing.value.controls |= value.controls
            existing.value.rows |= value.rows
        else:
            self._duplicate(key.at, key.text, existing.at)

    def _duplicate(self, at: Position, name: str, first: Position) -> None:
        self.template.wrong(at, "duplicate-target", f"`{name}` is filled already, on line {first.line}")


def _words() -> str:
    return ", ".join(sorted(HEADER))


# --- extends


def resolve(template: Template, parent_of: Callable[[str], Template]) -> Template:
    """The template with everything it extends merged in: an override replaces by target path, blocks merge. Fragments
    that are another mapping's are copied from there.

    `parent_of` loads a mapping by name and raises MappingError when there is none.
    """
    chain = _chain(template, parent_of)
    for link in chain:
        _borrow(link, parent_of)
    return _joined(chain)


def _chain(template: Template, parent_of: Callable[[str], Template]) -> list[Template]:
    """The template, what it extends, what that extends and so on."""
    chain = [template]
    while (extends := chain[-1].extends) is not None:
        try:
            parent = parent_of(extends.text)
        except MappingError as error:
            template.wrong(extends.at, "extends", f"cannot extend `{extends.text}`: {error.findings[0].message}")
            break
        if len(chain) > MAX_EXTENDS or any(parent.file == known.file for known in chain):
            template.wrong(extends.at, "extends", "extends itself, or too long a chain of mappings")
            break
        chain.append(parent)
    return chain


def _joined(chain: list[Template]) -> Template:
    result = chain[-1]
    for child in reversed(chain[:-1]):
        result = _merge(result, child)
    return result


def _borrow(template: Template, parent_of: Callable[[str], Template]) -> None:
    """Copies fragments from the mappings that have them. Those must be their own, so that no circle can be closed."""
    for name, owner in template.borrowed.items():
        try:
            fragments = _joined(_chain(parent_of(owner.text), parent_of)).fragments
        except MappingError as error:
            found = error.findings[0].message
            template.wrong(owner.at, "fragment", f"cannot take `{name}` from `{owner.text}`: {found}")
            continue
        if name in fragments:
            template.fragments[name] = fragments[name]
        else:
            template.wrong(owner.at, "fragment", f"`{owner.text}` has no fragment `{name}` of its own")


def _merge(parent: Template, child: Template) -> Template:
    rows = _copy(parent.rows)
    for path in child.remove:
        if not _remove(rows, path.text.split(".")):
            child.wrong(path.at, "remove", f"there is no row `{path.text}` to remove")
    return replace(
        child,
        source=child.source if child.source.name else parent.source,
        target=child.target if child.target.name else parent.target,
        original=child.original if child.original.name else parent.original,
        description=child.description or parent.description,
        extends=None,
        remove=[],
        const={**parent.const, **child.const},
        fragments={**parent.fragments, **child.fragments},
        tables={**parent.tables, **child.tables},
        split=child.split or parent.split,
        rows=_override(rows, child.rows),
        findings=[*parent.findings, *child.findings],
    )


def _copy(rows: Rows) -> Rows:
    copied = {
        name: replace(row, value=_copy(row.value)) if isinstance(row.value, Rows) else row
        for name, row in rows.rows.items()
    }
    return Rows(rows.at, dict(rows.controls), copied)


def _override(base: Rows, over: Rows) -> Rows:
    controls, merged = {**base.controls, **over.controls}, dict(base.rows)
    for name, row in over.rows.items():
        below = merged.get(name)
        if below is not None and isinstance(below.value, Rows) and isinstance(row.value, Rows):
            value: Value = _override(below.value, row.value)
            merged[name] = replace(row, value=value, required=row.required or below.required)
        else:
            merged[name] = row
    if "value" in over.controls:
        merged = dict(over.rows)
    elif over.rows:
        controls.pop("value", None)
    return Rows(over.at, controls, merged)


def _remove(rows: Rows, path: list[str]) -> bool:
    for name in path[:-1]:
        row = rows.rows.get(name)
        if row is None or not isinstance(row.value, Rows):
            return False
        rows = row.value
    return rows.rows.pop(path[-1], None) is not None


def apply_fragments(template: Template) -> None:
    """Puts the rows of `use: NAME` in place; a block's own rows override the fragment's."""
    budget = [2_000]

    def expand(rows: Rows, open_: tuple[str, ...]) -> Rows:
        budget[0] -= 1
        used = rows.controls.get("use")
        if used is not None:
            rows = Rows(rows.at, {k: v for k, v in rows.controls.items() if k != "use"}, rows.rows)
            fragment = template.fragments.get(used.text)
            if fragment is None:
                template.wrong(used.at, "fragment", f"there is no fragment `{used.text}`")
            elif used.text in open_ or budget[0] < 0:
                template.wrong(used.at, "fragment", f"fragment `{used.text}` uses itself, or too many are used")
            else:
                rows = _override(expand(_copy(fragment), (*open_, used.text)), rows)
        inner = {
            name: row if isinstance(row.value, Scalar) else replace(row, value=value(row.value, open_))
            for name, row in rows.rows.items()
        }
        return Rows(rows.at, rows.controls, inner)

    def value(item: Value, open_: tuple[str, ...]) -> Value:
        if isinstance(item, Rows):
            return expand(item, open_)
        return Several([value(i, open_) for i in item.items], item.at) if isinstance(item, Several) else item

    template.rows = expand(template.rows, ())
    template.fragments = {}


# --- the resolved text


def emit(template: Template, tables: Mapping[str, Mapping[str, Any]]) -> str:
    """One self-contained file: no `extends`, no fragments, its tables inside. Reading it gives the same mapping."""
    lines = [f"from: {template.source}", f"to: {template.target}"]
    if template.original.name:
        lines.append(f"source: {template.original}")
    if template.const:
        lines.append("const:")
        lines += [f"  {_key(name)}: {quote(value.text)}" for name, value in template.const.items()]
    if template.split is not None:
        lines += ["split:", *_emit_rows(template.split, "  ")]
    lines += ["rows:", *_emit_rows(template.rows, "  ")]
    if tables:
        lines.append("tables:")
    for name in sorted(tables):
        lines.append(f"  {_key(name)}:" + ("" if tables[name] else " {}"))
        for key in sorted(tables[name]):
            lines += _emit_cell(key, tables[name][key])
    return "\n".join(lines) + "\n"


def _emit_cell(key: str, cell: Any) -> list[str]:
    if isinstance(cell, str):
        return [f"    {quote(key)}: {quote(cell)}"]
    return [f"    {quote(key)}:", *(f"      {_key(column)}: {quote(text)}" for column, text in sorted(cell.items()))]


def _emit_rows(rows: Rows, indent: str) -> list[str]:
    lines: list[str] = []
    for control in CONTROLS:
        if control in rows.controls:
            lines += _emit_value(indent + control, rows.controls[control], indent)
    for row in rows.rows.values():
        name = quote(row.name) if row.literal_name else row.name + "!" * row.required
        lines += _emit_value(indent + name, row.value, indent)
    return lines or [indent + "{}"]


def _emit_value(start: str, value: Value, indent: str) -> list[str]:
    if isinstance(value, Rows):
        return [start + ":", *_emit_rows(value, indent + "  ")]
    if isinstance(value, Several):
        lines = [start + ":" + ("" if value.items else " []")]
        for item in value.items:
            if isinstance(item, Scalar):
                lines.append(f"{indent}  - {_emit_scalar(item, indent + '    ')}")
            elif isinstance(item, Rows):
                inner = _emit_rows(item, indent + "    ")
                lines += [f"{indent}  - {inner[0].lstrip()}", *inner[1:]]
            else:
                lines += [f"{indent}  -", *_emit_value(indent + "    _", item, indent + "    ")[1:]]
        return lines
    return [f"{start}: {_emit_scalar(value, indent + '  ')}"]


def _emit_scalar(scalar: Scalar, indent: str) -> str:
    if scalar.quoted:
        return quote(scalar.text)
    lines = [line.strip() for line in scalar.text.splitlines() if line.strip()]
    if len(lines) == 1 and _SAFE.fullmatch(lines[0]) and ": " not in lines[0] and " #" not in lines[0]:
        return lines[0]
    return "|-\n" + "\n".join(indent + line for line in lines) if lines else quote("")


def _key(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else quote(name)
