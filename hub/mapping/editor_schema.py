"""A JSON Schema of mapping files, with which editors complete and check them while one types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.mapping.check import FieldTree
from hub.mapping.functions import FUNCTIONS
from hub.mapping.template import CONTROLS, FORMATS

_HEADER = {
    "from": "What it reads: json, csv, ndjson, xml, lines, `x12 850` or a canonical kind.",
    "to": "What it gives: a canonical kind, json, or `x12 855 004010`.",
    "source": "What `source`, the original message of an outbound mapping, is.",
    "description": "For people.",
    "extends": "The mapping that this one starts from.",
    "remove": "Target paths to take out of it.",
    "const": "Texts, read as const.NAME.",
    "fragments": "Named groups of rows, put in place by `use`; or the name of the mapping that has them.",
    "tables": "Small lookup tables.",
    "split": "How a file with several documents comes apart.",
    "rows": "The targets, each with what fills it.",
}
_CONTROL = {
    "with": "One match of a path becomes the item.",
    "each": "Repeats the block for every match.",
    "when": "Keeps the items, or the block, for which the condition holds.",
    "group_by": "Puts items with an equal key together.",
    "value": "The block gives this value instead of an object.",
    "use": "Brings the rows of a fragment.",
}


def editor_schema(kinds: Mapping[str, FieldTree]) -> dict[str, Any]:
    """The schema, JSON Schema 2020-12. `kinds`: the fields of each canonical kind, offered where `to` names it."""
    functions = ", ".join(sorted([*FUNCTIONS, "codes", "lookup"]))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A mapping, see docs/mapping-language.md",
        "type": "object",
        "required": ["rows"],
        "anyOf": [{"required": ["from", "to"]}, {"required": ["extends"]}],
        "additionalProperties": False,
        "properties": {name: {"description": text, **_header(name, [*kinds])} for name, text in _HEADER.items()},
        "allOf": [
            {
                "if": {"properties": {"to": {"const": kind}}, "required": ["to"]},
                "then": {"properties": {"rows": _targets(fields)}},
            }
            for kind, fields in kinds.items()
        ],
        "$defs": {
            "scalar": {
                "type": ["string", "number", "boolean", "null"],
                "description": f"In quotes text, else an expression. Functions after |: {functions}.",
            },
            "value": {
                "anyOf": [
                    {"$ref": "#/$defs/scalar"},
                    {"$ref": "#/$defs/block"},
                    {"type": "array", "items": {"$ref": "#/$defs/value"}},
                ]
            },
            "block": {
                "type": "object",
                "properties": {
                    name: {"description": _CONTROL[name], "type": ["string", "boolean", "number"]} for name in CONTROLS
                },
                "additionalProperties": {"$ref": "#/$defs/value"},
            },
        },
    }


def _header(name: str, kinds: list[str]) -> dict[str, Any]:
    shapes: dict[str, dict[str, Any]] = {
        "from": _format(kinds),
        "to": _format(kinds),
        "source": _format(kinds),
        "remove": {"type": ["string", "array"], "items": {"type": "string"}},
        "const": {"type": "object", "additionalProperties": {"$ref": "#/$defs/scalar"}},
        "fragments": {
            "type": "object",
            "additionalProperties": {"anyOf": [{"$ref": "#/$defs/block"}, {"type": "string"}]},
        },
        "tables": {"type": "object", "additionalProperties": {"type": "object"}},
        "split": {"$ref": "#/$defs/block", "required": ["each"]},
        "rows": {"$ref": "#/$defs/block"},
    }
    return shapes.get(name, {"type": "string"})


def _format(kinds: list[str]) -> dict[str, Any]:
    plain = [name for name in FORMATS if name not in ("x12", "edifact")]
    return {"type": "string", "anyOf": [{"enum": [*plain, *kinds]}, {"pattern": r"^(x12|edifact)( \w+( \w+)?)?$"}]}


def _targets(fields: FieldTree) -> dict[str, Any]:
    """The fields of a kind, each plain, required (`name!`) and with what is inside it."""
    properties: dict[str, Any] = {}
    for name, inner in fields.items():
        shape: dict[str, Any] = {"$ref": "#/$defs/value"}
        if inner:
            shape["properties"] = _targets(inner)["properties"]
        properties[name] = properties[f"{name}!"] = shape
    return {"properties": properties}
