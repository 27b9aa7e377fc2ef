"""Checks a mapping against what it reads and fills."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from hub.mapping.errors import Finding, MappingError, Position
from hub.mapping.library import Library
from hub.mapping.mapping import Mapping
from hub.mapping.template import FORMATS, Format

# A canonical kind's fields: a name's own fields, or None where anything may follow.
FieldTree = dict[str, Any]
FieldsOf = Callable[[str], FieldTree | None]


def check(library: Library, name: str, fields_of: FieldsOf | None = None) -> tuple[Mapping | None, list[Finding]]:
    """Compiles a mapping and says everything that is wrong or doubtful.

    `fields_of(kind)` gives a canonical kind's fields, None for a kind it does not know; see `schema_fields`.
    """
    try:
        mapping = library.get(name)
    except MappingError as error:
        return None, list(error.findings)
    findings: list[Finding] = []
    if fields_of is not None:
        findings += _targets(mapping, fields_of)
        findings += _sources(mapping, fields_of)
    return mapping, findings


def _targets(mapping: Mapping, fields_of: FieldsOf) -> Iterable[Finding]:
    if not mapping.target.canonical:
        return
    fields = fields_of(mapping.target.name)
    if fields is None:
        yield _no_kind(mapping.target)
        return
    reported: set[str] = set()
    for target, at in mapping.targets.items():
        unknown = _unknown(fields, target.split("."))
        if unknown is not None and unknown not in reported:
            reported.add(unknown)
            yield _warning(at, "unknown-target", f"`{mapping.target.name}` has no field `{unknown}`", target)


def _sources(mapping: Mapping, fields_of: FieldsOf) -> Iterable[Finding]:
    """Paths into a canonical document that it cannot have."""
    if not mapping.source.canonical:
        return
    fields = fields_of(mapping.source.name)
    if fields is None:
        yield _no_kind(mapping.source)
        return
    for read in mapping.reads:
        unknown = _unknown(fields, list(read.place or ()))
        if unknown is not None:
            yield _warning(read.at, "unknown-source", f"`{mapping.source.name}` has no field `{unknown}`", read.target)


def _no_kind(named: Format) -> Finding:
    formats = ", ".join(f"`{name}`" for name in FORMATS)
    return _warning(named.at, "unknown-kind", f"`{named.name}` is no canonical kind, and none of {formats}", "")


def _unknown(fields: FieldTree | None, names: list[str]) -> str | None:
    """The first part of the path that the tree does not have."""
    for i, name in enumerate(names):
        if fields is None:
            return None
        if name not in fields:
            return ".".join(names[: i + 1])
        fields = fields[name]
    return None


def _warning(at: Position, code: str, message: str, target: str) -> Finding:
    return Finding.at(at, f"mapping.{code}", message, target=target, severity="warning")


def schema_fields(kind: str) -> FieldTree | None:
    """The fields of a canonical kind, from the schemas in `hub.documents`."""
    from hub.documents import SCHEMAS

    schema = SCHEMAS.get(kind)
    return None if schema is None else field_tree(schema)


def field_tree(schema: type[Any]) -> FieldTree:
    """The field names of a marshmallow schema, nested schemas and lists of them followed."""
    return {(f.data_key or name): _inner(f) for name, f in schema().fields.items()}


def _inner(schema_field: Any) -> FieldTree | None:
    from marshmallow import fields

    while isinstance(schema_field, fields.List):
        schema_field = schema_field.inner
    if isinstance(schema_field, fields.Nested):
        return {(f.data_key or name): _inner(f) for name, f in schema_field.schema.fields.items()}
    return None if isinstance(schema_field, (fields.Dict, fields.Raw)) else {}
