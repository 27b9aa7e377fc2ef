"""A mapping tried on a file: its documents, and what becomes of each, judged by the canonical schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from marshmallow import ValidationError

from hub.documents import SCHEMAS
from hub.documents.base import errors_of
from hub.mapping.decode import decode
from hub.mapping.errors import DecodeError, Finding, MappingError
from hub.mapping.mapping import Mapping
from hub.mapping.runtime import Context
from hub.mapping.template import Format

SYNTAXES = ("x12", "edifact")


@dataclass(slots=True)
class Outcome:
    """What became of one document: its value, or the findings that prevented one. `refused` is what the canonical
    schema says against the value: (path, sentence)."""

    value: dict[str, Any] | None = None
    findings: list[Finding] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not self.findings and not self.refused

    @property
    def errors(self) -> list[str]:
        """What is wrong, a line each without values: the target and the code, or the path and the sentence."""
        return [f"{f.target} {f.code}".strip() for f in self.findings] + [f"{p}: {said}" for p, said in self.refused]


def documents(format: Format, body: bytes) -> list[Any]:
    """The documents in a file: each transaction set of an EDI file, else the file as one. Raises DecodeError."""
    if format.name not in SYNTAXES:
        return [decode(body, "json" if format.canonical else format.name)]
    from hub.edi.validation import examine

    interchanges = [one for one in examine(body) if one.standard == format.name]
    if not interchanges:
        raise DecodeError([Finding(f"decode.{format.name}", f"no {format.name.upper()} interchange in it")])
    return [one.tree for interchange in interchanges for one in interchange.sets if one.tree is not None]


def outcomes(mapping: Mapping, documents: Iterable[Any], context: Context) -> Iterator[Outcome]:
    """What becomes of each document, those that `split:` takes out of one by themselves."""
    for document in documents:
        try:
            parts = mapping.split(document, context)
        except MappingError as error:
            yield Outcome(findings=list(error.findings))
            continue
        for part in parts:
            yield outcome(mapping, part, context)


def outcome(mapping: Mapping, document: Any, context: Context) -> Outcome:
    """What becomes of one document."""
    try:
        value = mapping.run(document, context)
    except MappingError as error:
        return Outcome(findings=list(error.findings))
    schema = SCHEMAS.get(mapping.target.name)
    if schema is not None:
        try:
            schema().load(value)
        except ValidationError as error:
            return Outcome(value, [], errors_of(error))
    return Outcome(value)


def context_of(mapping: Mapping, given: bytes | None, source: bytes | None) -> Context:
    """The context from a JSON file with partner, connection, message and tables, and the original message's file."""
    facts = decode(given, "json") if given is not None else {}
    if not isinstance(facts, dict) or not set(facts) <= {"partner", "connection", "message", "tables"}:
        message = "an object with partner, connection, message and tables is wanted"
        raise DecodeError([Finding("mapping.context", message)])
    tables: dict[str, dict[str, Any]] = facts.pop("tables", {})
    original = None
    if source is not None:
        original = next(iter(documents(mapping.original if mapping.original.name else Format("json"), source)), None)
    return Context(source=original, lookup=lambda table, key: tables.get(table, {}).get(key), **facts)
