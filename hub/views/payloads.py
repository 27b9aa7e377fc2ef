"""Bytes as a person reads them: EDI with a segment on each line, JSON indented, anything else as it is."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass
from typing import Any

from hub.edi.json_form import from_json
from hub.edi.tree import Element, Repeats, in_document_order
from hub.edi.x12.isa import read_isa
from hub.mapping.decode import EDI_PART

LONGEST = 200_000
"""Characters shown on a page; the whole is there as a download."""


@dataclass(frozen=True, slots=True)
class PayloadView:
    """One part of a message: body, envelope, answer, result or canonical. `text` is None once it was erased."""

    id: int
    part: str
    format: str
    size: int
    sha256: str
    erased: dt.datetime | None
    text: str | None
    cut: bool


def shown(row: Any, form: str, family: list[Any]) -> PayloadView:
    """A payload row as a person reads it. `family`: payload rows that may hold the interchange's header."""
    if row.body is None:
        return PayloadView(row.id, row.part, form, row.size, row.sha256, row.erased_at, None, False)
    if row.part in ("answer", "canonical"):
        form = ""  # the other side answers as it likes, and what a document is written from is never in its format
    text, form = readable(row.body, form, [other.body for other in family if other.body])
    return PayloadView(row.id, row.part, form, row.size, row.sha256, row.erased_at, text[:LONGEST], len(text) > LONGEST)


def readable(body: bytes, form: str, family: list[bytes]) -> tuple[str, str]:
    """The text to show and what it is: `edi`, `json` or `text`. Nothing is added but line breaks and indentation, and
    to what was cut out of an EDI set, which is kept without delimiters, the usual ones."""
    text = _decoded(body)
    if form == "x12":
        return _on_lines(text, _x12_terminator([body, *family])), "edi"
    if form == "edifact":
        return _on_lines(text, _edifact_terminator(text)), "edi"
    if form == EDI_PART:
        return _segments(text), "edi"
    if form == "json" or text.lstrip()[:1] in ("{", "["):
        try:
            json.loads(text)
        except ValueError:
            return text, "text"
        return _indented(text), "json"
    return text, "text"


def _segments(text: str) -> str:
    document = from_json(json.loads(text))
    mark = "*" if document.standard == "x12" else "+"
    return "\n".join(mark.join(map(_element, segment)) for _, segment in in_document_order(document.root))


def _element(value: Element) -> str:
    if isinstance(value, Repeats):
        return "^".join(map(_element, value))
    return value if isinstance(value, str) else ":".join(value)


_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def _indented(text: str) -> str:
    """Valid JSON with line breaks: the pieces stay as they came, so 12.10 stays 12.10."""
    written: list[str] = []
    depth, before = 0, ""
    for match in _JSON_TOKEN.finditer(text):
        piece = match.group()
        if piece in "}]":
            depth -= 1
            written.append("" if before in "{[" and before else "\n" + "  " * depth)
        elif before in ("{", "[", ","):
            written.append("\n" + "  " * depth)
        written.append(": " if piece == ":" else piece)
        depth += piece in "{["
        before = piece
    return "".join(written)


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("latin-1")


def _x12_terminator(bodies: list[bytes]) -> str:
    for body in bodies:
        start = body.find(b"ISA")
        head = read_isa(body, start) if start >= 0 else None
        if head is not None and head.usable:
            return head.delimiters.terminator
    return "~"


def _edifact_terminator(text: str) -> str:
    service = re.match(r"\s*UNA.{5}(.)", text, re.DOTALL)
    return service.group(1) if service else "'"


def _on_lines(text: str, terminator: str) -> str:
    if terminator in ("\r", "\n"):
        return text
    end = re.escape(terminator)
    # An EDIFACT release character takes the next one with it, another release character too.
    body = rf"(?:\?.|[^?{end}])*" if terminator == "'" else rf"[^{end}]*"
    return "\n".join(
        piece.strip("\r\n") for piece in re.findall(rf"{body}{end}|{body}$", text, re.DOTALL) if piece.strip()
    )
