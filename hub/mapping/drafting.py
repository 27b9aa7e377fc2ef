"""A first draft of a mapping, proposed from a document: by names, kinds of values, and the values themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from marshmallow import Schema, fields, validate

from hub.documents.base import Exact, Instant
from hub.mapping.likeness import how_to_read, names_alike, value_fits, words
from hub.mapping.xml_source import TEXT

MIN_CONFIDENCE = 0.45
MORE_FOR_REQUIRED = 0.3  # a required target chooses before others
MAX_VALUES = 20  # looked at of each field

Names = tuple[str, ...]


@dataclass(slots=True)
class Leaf:
    """A field of the document: its names from the item it belongs to, and values it had."""

    names: Names
    values: list[Any] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Target:
    """A field to fill, with its names from its list's item or from the root."""

    names: Names
    kind: str
    required: bool
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A row of a draft. `confidence` is from 0 to 1."""

    target: Target
    leaf: Leaf
    expression: str
    confidence: float


@dataclass(slots=True)
class Draft:
    """What goes where. `lists` are the target's lists: name, where the items stand, and what goes into them;
    `missing` are the required fields that nothing looks like."""

    rows: list[Proposal]
    lists: list[tuple[str, Names, Draft]]
    missing: list[str]
    group_by: Leaf | None = None  # of a file of rows, the column that says which belong together

    @property
    def weight(self) -> float:
        inner = sum(draft.weight for _, _, draft in self.lists)
        return inner + sum(row.confidence * (2 if row.target.required else 1) for row in self.rows)


def draft(document: Any, schema: Schema) -> Draft:
    """A draft for the kind whose schema this is."""
    if not isinstance(document, list):
        return _draft(document, schema, ())
    leaves, _ = _fields_of(document)
    key = _key_of(leaves, schema)
    varying = _varying(document, key) if key is not None else {leaf.names for leaf in leaves}
    lines = [{name: value for name, value in row.items() if (name,) in varying} for row in document]
    best = max(_lists(lines, schema, [()]), key=lambda each: each[2].weight, default=None)
    rows = _assign([leaf for leaf in leaves if leaf.names not in varying], _targets(schema))
    return Draft(rows, [best] if best is not None else [], _missing(schema, rows), key)


def _key_of(leaves: Sequence[Leaf], schema: Schema) -> Leaf | None:
    """The column that tells which rows of a file belong together: what looks most like the document's own id."""
    wanted = next((target for target in _targets(schema) if target.names == ("external_id",)), None)
    if wanted is None or not leaves:
        return None
    best = max(leaves, key=lambda leaf: _confidence(leaf, wanted))
    return best if _confidence(best, wanted) >= MIN_CONFIDENCE else None


def _varying(rows: list[Any], key: Leaf) -> set[Names]:
    """The columns that differ among rows with the same key; all but the key where no key comes twice."""
    first: dict[Any, dict[str, Any]] = {}
    varying: set[Names] = set()
    for row in rows:
        known = first.setdefault(row.get(key.names[0]), row)
        varying |= {(name,) for name, value in row.items() if known.get(name) != value}
    if len(first) == len(rows):
        varying.update((name,) for row in rows for name in row)
        varying.discard(key.names)
    return varying


def _draft(items: Any, schema: Schema, above: Names) -> Draft:
    """For one object, or for the objects of a list."""
    leaves, inner = _fields_of(items)
    rows = _assign(leaves, _targets(schema))
    lists: list[tuple[str, Names, Draft]] = []
    for name, one in schema.load_fields.items():
        if isinstance(one, fields.List) and isinstance(one.inner, fields.Nested):
            places = [*inner, ()] if one.required and not above else [*inner]
            found = [each for each in _lists(items, schema, places) if each[0] == name]
            if found:
                lists.append(max(found, key=lambda each: each[2].weight))
    return Draft(rows, lists, _missing(schema, rows))


def _lists(items: Any, schema: Schema, places: Sequence[Names]) -> Iterator[tuple[str, Names, Draft]]:
    """Lists of the target that a list of the document could fill: those of which all that is required is found."""
    _, inner = _fields_of(items)
    for name, one in schema.load_fields.items():
        if isinstance(one, fields.List) and isinstance(one.inner, fields.Nested):
            for place in places:
                found = _draft(inner[place] if place else items, one.inner.schema, (*place, name))
                named = {missing for missing in found.missing if missing != "external_id"}
                needed = [
                    n for n, f in one.inner.schema.load_fields.items() if f.required and isinstance(f, fields.List)
                ]
                if found.rows and not named and {n for n, _, _ in found.lists} >= set(needed):
                    yield name, place, found


def _missing(schema: Schema, rows: Sequence[Proposal]) -> list[str]:
    filled = {row.target.names for row in rows}
    return [".".join(t.names) for t in _targets(schema) if t.required and t.names not in filled]


# --- the two sides


def _targets(schema: Schema) -> list[Target]:
    """The fields of a kind that are no lists."""
    return [target for name, one in schema.load_fields.items() for target in _target((name,), one)]


def _target(names: Names, one: Any) -> Iterator[Target]:
    if isinstance(one, fields.Nested):
        for name, inner in one.schema.load_fields.items():
            yield from _target((*names, name), inner)
        return
    kinds = {Exact: "number", Instant: "instant", fields.Date: "date", fields.Integer: "integer"}
    kinds |= {fields.Boolean: "boolean", fields.String: "text"}
    if type(one) in kinds:
        choices = next((tuple(v.choices) for v in one.validators if isinstance(v, validate.OneOf)), ())
        yield Target(names, kinds[type(one)], one.required, choices)


def _fields_of(document: Any) -> tuple[list[Leaf], dict[Names, list[Any]]]:
    """The fields of an object, or of all objects of a list; and its lists of objects, by where they stand."""
    leaves: dict[Names, Leaf] = {}
    lists: dict[Names, list[Any]] = {}

    def walk(node: Any, names: Names) -> None:
        if isinstance(node, dict):
            for name, value in node.items():
                walk(value, (*names, str(name)))
        elif isinstance(node, list):
            if any(isinstance(item, dict) for item in node):
                lists.setdefault(names, []).extend(item for item in node if isinstance(item, dict))
        elif names:
            leaf = leaves.setdefault(names, Leaf(names))
            if node not in (None, "") and len(leaf.values) < MAX_VALUES:
                leaf.values.append(node)

    for each in document if isinstance(document, list) else [document]:
        walk(each, ())
    return list(leaves.values()), lists


# --- who belongs to whom


def _assign(leaves: Sequence[Leaf], targets: Sequence[Target]) -> list[Proposal]:
    """The best pairs first; a target is filled once, a field fills one target of each kind of value."""
    pairs = [(_confidence(leaf, target), i, j) for i, leaf in enumerate(leaves) for j, target in enumerate(targets)]
    rows: dict[int, Proposal] = {}
    used: set[int] = set()
    in_turn = sorted(pairs, key=lambda pair: (-pair[0] - MORE_FOR_REQUIRED * targets[pair[2]].required, *pair[1:]))
    for confidence, i, j in in_turn:
        if confidence >= MIN_CONFIDENCE and i not in used and j not in rows:
            leaf, target = leaves[i], targets[j]
            rows[j] = Proposal(target, leaf, _expression(leaf, target), round(confidence, 2))
            used.add(i)
    return [rows[j] for j in sorted(rows)]


def _confidence(leaf: Leaf, target: Target) -> float:
    names = leaf.names[:-1] if len(leaf.names) > 1 and leaf.names[-1] == TEXT else leaf.names
    alike = names_alike(names, target.names)
    fits = value_fits(leaf.values, target.kind, target.names[-1])
    if target.choices and leaf.values and not all(str(v).lower() in target.choices for v in leaf.values):
        fits = 0.1
    if fits < 0.3:
        return alike * fits
    return 0.7 * alike + 0.3 * fits if alike else 0.0


def _expression(leaf: Leaf, target: Target) -> str:
    path = path_text(leaf.names)
    value = leaf.values[0] if leaf.values else None
    if target.kind in ("instant", "date"):
        call = how_to_read(value, target.kind)
        return f"{path} | {call or ('datetime' if target.kind == 'instant' else 'date')}"
    if target.kind in ("number", "integer"):
        return path + _number_call(leaf, value, target.kind)
    if target.kind == "boolean":
        return path if isinstance(value, bool) else f"{path} | boolean"
    if target.names[-1] == "country" and not (isinstance(value, str) and len(value) == 2 and value.isupper()):
        return f"{path} | country"
    if target.choices:
        return f"{path} | lower"
    return f"{path} | text" if value is not None and not isinstance(value, str) else path


def _number_call(leaf: Leaf, value: Any, kind: str) -> str:
    if kind == "number" and {"cent", "cents", "minor"} & set(words(leaf.names[-1])):
        return " | divide(100, 2)"
    if not isinstance(value, str):
        return ""
    if kind == "integer":
        return " | integer"
    return " | decimal(comma)" if "," in value else " | decimal"


def path_text(names: Names) -> str:
    """Names as a path of the language."""
    plain = [_PLAIN.fullmatch(name) is not None for name in names]
    parts = [
        name if is_plain else "'" + name.replace("'", "''") + "'" for is_plain, name in zip(plain, names, strict=True)
    ]
    return ("." if not plain[0] or names[0] in _RESERVED else "") + ".".join(parts)


_PLAIN = re.compile(r"[^\W\d][\w-]*")
_RESERVED = frozenset(
    ["source", "partner", "connection", "message", "const", "when", "then", "else", "and", "or", "not", "in", "true",
     "false", "null", "position"]
)  # fmt: skip


# --- as a file


def text_of(proposed: Draft, format: str, kind: str) -> str:
    """The draft as a mapping file; behind each row its confidence."""
    lines = [f"from: {format}", f"to: {kind}"]
    if proposed.group_by is not None:
        lines += ["split:", "  each: .", f"  group_by: {path_text(proposed.group_by.names)}"]
    lines += ["rows:", *_block_text(proposed, "  ")]
    return "\n".join(lines) + "\n"


def _block_text(proposed: Draft, indent: str) -> list[str]:
    lines = [f"{indent}# {name}!: nothing looks like it" for name in proposed.missing]
    lines += _rows_text(proposed.rows, indent)
    for name, place, inner in proposed.lists:
        lines += [f"{indent}{name}:", f"{indent}  each: {path_text(place) if place else '.'}"]
        if "external_id" in inner.missing:
            lines.append(f"{indent}  external_id!: position() | text")
            inner.missing.remove("external_id")
        lines += _block_text(inner, indent + "  ")
    return lines


def _rows_text(rows: Sequence[Proposal], indent: str) -> list[str]:
    lines = []
    for row in rows:
        name = ".".join(row.target.names) + "!" * row.target.required
        plain = ": " not in row.expression and " #" not in row.expression and row.expression[0] not in "'\"[{&*!|>%@`"
        if plain:
            lines.append(f"{indent}{name}: {row.expression}  # {row.confidence:.2f}")
        else:
            lines += [f"{indent}# {row.confidence:.2f}", f"{indent}{name}: >-", f"{indent}  {row.expression}"]
    return lines
