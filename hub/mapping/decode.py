"""Bytes to documents: JSON with exact numbers, NDJSON, CSV, XML, lines of text. EDI has its own reader in `hub.edi`."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal, InvalidOperation
from typing import Any

from hub.edi.json_form import from_json
from hub.mapping.errors import DecodeError, Finding
from hub.mapping.runtime import Group
from hub.mapping.xml_source import read_xml

MAX_ROWS = 1_000_000
PART, EDI_PART = "part", "edi-part"
"""Formats of what was taken out of a document; see `hub.mapping.parts`."""


def decode(body: bytes, format: str, *, encoding: str = "utf-8-sig", delimiter: str | None = None) -> Any:
    """The document in the bytes, by format (`json`, `ndjson`, `csv`, `xml`, `lines`) or content type.

    JSON: numbers with a point are Decimal. CSV: a list of dicts by header; the delimiter (comma, semicolon, tab or
    bar) is read from the header line unless given. XML: see `hub.mapping.xml_source`; its own declaration says the
    encoding. Lines: a list of `{"number": 1, "text": ...}`, empty lines left out. `part` and `edi-part` are what
    `hub.mapping.parts` took out of a document. Raises DecodeError.
    """
    kind = format.partition(";")[0].strip().lower()
    if kind == "xml" or kind.endswith(("/xml", "+xml")):
        return read_xml(body)
    text = _text(body, encoding)
    if kind in ("ndjson", "application/x-ndjson", "application/jsonl"):
        return [_json(line, number) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if kind == PART:
        value = _json(text, 1)
        return Group(value, range(len(value))) if isinstance(value, list) else value
    if kind == EDI_PART:
        return from_json(_json(text, 1))
    if kind == "json" or kind.endswith(("/json", "+json")):
        return _json(text, 1)
    if kind in ("csv", "text/csv", "tsv", "text/tab-separated-values"):
        return _csv(text, delimiter)
    if kind in ("lines", "text", "text/plain"):
        return _lines(text)
    raise DecodeError([Finding("decode.format", f"`{kind}` is not json, ndjson, csv, xml or lines")])


def _lines(text: str) -> list[dict[str, Any]]:
    numbered = enumerate(text.split("\n"), 1)
    lines = [{"number": n, "text": line.rstrip("\r")} for n, line in numbered if line.strip()]
    if len(lines) > MAX_ROWS:
        raise DecodeError([Finding("decode.lines", f"more than {MAX_ROWS:,} lines", line=MAX_ROWS)])
    return lines


def _text(body: bytes, encoding: str) -> str:
    try:
        return body.decode(encoding)
    except UnicodeDecodeError as error:
        message = f"byte {error.start} is not {encoding.removesuffix('-sig')}"
        raise DecodeError([Finding("decode.encoding", message)]) from None
    except LookupError:
        raise DecodeError([Finding("decode.encoding", f"there is no encoding `{encoding}`")]) from None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _json(text: str, line: int) -> Any:
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse)
    except RecursionError:
        raise DecodeError([Finding("decode.too-deep", "the JSON is nested too deep", line=line)]) from None
    except json.JSONDecodeError as error:
        at = line + error.lineno - 1
        raise DecodeError([Finding("decode.json", f"not JSON: {error.msg}", "", at, error.colno)]) from None
    except (ValueError, InvalidOperation):
        raise DecodeError([Finding("decode.number", "the JSON holds a number that is none", line=line)]) from None


def _csv(text: str, delimiter: str | None) -> list[dict[str, str]]:
    header_line = text.partition("\n")[0]
    chosen = delimiter or max(",;\t|", key=header_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=chosen, strict=True)
    rows: list[dict[str, str]] = []
    try:
        header = [name.strip() for name in next(reader, [])]
        if not any(header) or len(set(header)) != len(header):
            raise DecodeError([Finding("decode.csv", "the first line names each column once", line=1, column=1)])
        for cells in reader:
            if not any(cells):
                continue
            if len(cells) > len(header) and any(cells[len(header) :]):
                message = f"{len(cells)} columns where the header has {len(header)}"
                raise DecodeError([Finding("decode.csv", message, line=reader.line_num, column=1)])
            rows.append(dict(zip(header, cells, strict=False)))
            if len(rows) > MAX_ROWS:
                raise DecodeError([Finding("decode.csv", f"more than {MAX_ROWS:,} rows", line=reader.line_num)])
    except csv.Error as error:
        raise DecodeError([Finding("decode.csv", f"not CSV: {error}", line=reader.line_num, column=1)]) from None
    return rows
