"""Where values stand in JSON bytes, so that a document can be cut out of a response, or completed, unchanged.

Bytes are scanned as Latin-1, in which one character is one byte and JSON's own characters are themselves; so the
standard library's scanner gives byte offsets. Texts read this way are only compared when they are ASCII (ids, times).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_decode = json.JSONDecoder().raw_decode
_blank = re.compile(r"[ \t\r\n]*").match

Span = tuple[int, int]


def _skip(text: str, at: int) -> int:
    found = _blank(text, at)
    assert found is not None  # the pattern matches the empty string
    return found.end()


def members(text: str, start: int) -> Iterator[tuple[str, int]]:
    """Key and value offset of each member of the object that begins at `start`."""
    at = _skip(text, start + 1)
    while text[at] != "}":
        key, at = _decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        yield key, at
        at = _next(text, _decode(text, at)[1])


def elements(text: str, start: int) -> Iterator[tuple[Any, int, int]]:
    """Value, start and end of each element of the array that begins at `start`."""
    at = _skip(text, start + 1)
    while text[at] != "]":
        value, end = _decode(text, at)
        yield value, at, end
        at = _next(text, end)


def _next(text: str, end: int) -> int:
    at = _skip(text, end)
    return _skip(text, at + 1) if text[at] == "," else at


def find(text: str, path: tuple[str | int, ...]) -> int:
    """The offset of the value at `path`. Raises LookupError when nothing stands there."""
    at = _skip(text, 0)
    for step in path:
        at = _nth(text, at, step) if isinstance(step, int) else _member(text, at, step)
    return at


def _nth(text: str, start: int, index: int) -> int:
    if text[start] == "[":
        for number, (_, at, _end) in enumerate(elements(text, start)):
            if number == index:
                return at
    raise LookupError(index)


def _member(text: str, start: int, name: str) -> int:
    if text[start] == "{":
        for key, at in members(text, start):
            if key == name:
                return at
    raise LookupError(name)


def span(body: bytes, path: tuple[str | int, ...]) -> Span:
    """Where the value at `path` stands in `body`."""
    text = body.decode("latin-1")
    start = find(text, path)
    return start, _decode(text, start)[1]


def cut(body: bytes, path: tuple[str | int, ...]) -> bytes:
    """The bytes of the value at `path`."""
    start, end = span(body, path)
    return body[start:end]


def cut_each(body: bytes, path: tuple[str | int, ...]) -> list[tuple[Any, bytes]]:
    """Value and bytes of each element of the array at `path`."""
    text = body.decode("latin-1")
    return [(value, body[start:end]) for value, start, end in elements(text, find(text, path))]


def replaced(body: bytes, path: tuple[str | int, ...], value: bytes) -> bytes:
    """`body` with other bytes in the place of the value at `path`."""
    start, end = span(body, path)
    return body[:start] + value + body[end:]


def extended(body: bytes, path: tuple[str | int, ...], more: list[bytes]) -> bytes:
    """`body` with further elements at the end of the array at `path`."""
    if not more:
        return body
    start, end = span(body, path)
    inside = body[start + 1 : end - 1].strip()
    joined = b",".join([inside, *more] if inside else more)
    return body[:start] + b"[" + joined + b"]" + body[end:]
