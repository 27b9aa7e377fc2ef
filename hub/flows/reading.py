"""From bytes to a canonical document: decode, map, judge. No row is changed here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, ValidationError

from hub.documents import SCHEMAS
from hub.documents.base import errors_of
from hub.edi.tree import STANDARDS
from hub.flows.edi import sets
from hub.flows.problems import Park
from hub.flows.revisions import content_hash
from hub.mapping import Context, LookupMissing, MappingError, decode
from hub.mapping import Mapping as CompiledMapping
from hub.mapping.parts import FORMATS as PARTS

_SCHEMAS: dict[str, Schema] = {kind: schema() for kind, schema in SCHEMAS.items()}

MAX_FINDINGS = 25
"""Findings kept with a message; more help nobody."""

_PLAIN = frozenset({"json", "ndjson", "csv", "xml", "lines"})
"""What a mapping reads that the bytes do not tell for sure."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A document, understood. `content`: the hash by which revisions are compared. `mapping` is what read it."""

    document: dict[str, Any]
    content: str
    mapping: CompiledMapping


def read(
    kind: str, body: bytes, format_: str, mapping: CompiledMapping, context: Context, by: sets.Manner | None = None
) -> Reading:
    """Read one document of `kind`; `by`: how EDI is read. Raises `Park` with where and what, never with a value."""
    return understand(kind, decoded(body, format_, mapping, by), mapping, context)


def understand(kind: str, source: Any, mapping: CompiledMapping, context: Context) -> Reading:
    """What the mapping makes of a decoded document of `kind`, judged. Raises `Park`."""
    return judge(kind, mapped(source, mapping, context), mapping)


def decoded(body: bytes, format_: str, mapping: CompiledMapping | None = None, by: sets.Manner | None = None) -> Any:
    """Bytes of one document as a mapping sees them. What the mapping reads decides over `format_` wherever that only
    rests on how the file is called or begins; `by`: how its sender is read. Raises `Park`."""
    if format_ in STANDARDS:
        return sets.only_set(body, by)
    if mapping is not None and mapping.source.name in _PLAIN and format_ not in PARTS:
        format_ = mapping.source.name
    try:
        return decode(body, format_, **({"encoding": by.encoding} if by and by.encoding else {}))
    except MappingError as error:
        raise Park("document.undecodable", str(error), findings=_findings(error)) from error


def mapped(source: Any, mapping: CompiledMapping, context: Context) -> dict[str, Any]:
    """What the mapping makes of a source. Raises `Park`."""
    with understood(mapping):
        return mapping.run(source, context)


@contextmanager
def understood(mapping: CompiledMapping) -> Iterator[None]:
    """What the mapping says against a document parks it."""
    try:
        yield
    except LookupMissing as error:
        raise Park(
            "mapping.lookup-missing",
            f"Table {error.table} has no row for a value of this document.",
            awaits=lookup_awaited(error.table, error.key),
            table=error.table,
            findings=_findings(error),
        ) from error
    except MappingError as error:
        raise Park("mapping.failed", str(error)[:500], mapping=mapping.name, findings=_findings(error)) from error


def lookup_awaited(table: str, key: str) -> str:
    """The name of the fact that a lookup row has come."""
    return f"lookup/{table}/{key}"[:160]


def judge(kind: str, result: Mapping[str, Any], mapping: CompiledMapping) -> Reading:
    """Load a mapped document by its canonical schema. Raises `Park` with every field that is wrong."""
    try:
        document: dict[str, Any] = _SCHEMAS[kind].load(result)
    except ValidationError as error:
        wrong = errors_of(error)
        path, sentence = wrong[0]
        raise Park(
            "document.invalid",
            f"{path}: {sentence}" + (f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""),
            mapping=mapping.name,
            findings=[
                {"code": "document.invalid", "path": path, "message": sentence}
                for path, sentence in wrong[:MAX_FINDINGS]
            ],
        ) from error
    return Reading(document, content_hash(result), mapping)


def dump(kind: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """A canonical document as outbound mappings read it: text, numbers as text, dates as ISO 8601."""
    dumped: dict[str, Any] = _SCHEMAS[kind].dump(document)
    return dumped


def _findings(error: MappingError) -> list[dict[str, Any]]:
    return [finding.as_dict() for finding in error.findings[:MAX_FINDINGS]]
