"""Where values stand in JSON bytes, so that a document can be cut out of an answer, or completed, unchanged.

Bytes are scanned as Latin-1, in which one character is one byte and JSON's own characters are themselves, so that
the standard library's scanner gives byte offsets. Texts read on the way are right where they are ASCII (ids, times).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from hub.sdk.connector import Json

_decode = json.JSONDecoder().raw_decode
_blank = re.compile(r"[ \t\r\n]*").match

Path = Sequence[str | int]
"""Member names and array indexes from the root."""


def cut(body: bytes, path: Path) -> bytes:
    """The bytes of the value at `path`. Raises LookupError where none stands, ValueError where it is not JSON."""
    start, end = _span(body, path)
    return body[start:end]


def replaced(body: bytes, path: Path, value: bytes) -> bytes:
    """`body` with other bytes in the place of the value at `path`. Raises as `cut`."""
    start, end = _span(body, path)
    return body[:start] + value + body[end:]


def extended(body: bytes, path: Path, more: Sequence[bytes]) -> bytes:
    """`body` with further elements, byte for byte, at the end of the array at `path`. Raises as `cut_each`."""
    start, end = _span(body, path)
    if body[start : start + 1] != b"[":
        raise LookupError(path[-1] if path else "the root is not an array")
    inside = body[start + 1 : end - 1].strip()
    return body[:start] + b"[" + b",".join([inside, *more] if inside else more) + b"]" + body[end:]


def cut_each(body: bytes, path: Path) -> list[tuple[Json, bytes]]:
    """Value and bytes of each element of the array at `path`. Raises as `cut`, also where it is no array."""
    text = body.decode("latin-1")
    start = _find(text, path)
    if text[start : start + 1] != "[":
        raise LookupError(path[-1] if path else "the root is not an array")
    return [(value, body[at:end]) for value, at, end in _elements(text, start)]


def _span(body: bytes, path: Path) -> tuple[int, int]:
    text = body.decode("latin-1")
    start = _find(text, path)
    return start, _decode(text, start)[1]


def _find(text: str, path: Path) -> int:
    at = _skip(text, 0)
    for step in path:
        if isinstance(step, int):
            found = (start for number, (_, start, _) in enumerate(_elements(text, at)) if number == step)
        else:
            found = (start for name, start in _members(text, at) if name == step)
        try:
            at = next(found)
        except StopIteration:
            raise LookupError(step) from None
    return at


def _members(text: str, start: int) -> Iterator[tuple[str, int]]:
    """Name and value offset of each member of the object that begins at `start`; of nothing else."""
    if text[start : start + 1] != "{":
        return
    at = _skip(text, start + 1)
    while text[at : at + 1] == '"':
        name, at = _decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        yield name, at
        at = _next(text, _decode(text, at)[1])


def _elements(text: str, start: int) -> Iterator[tuple[Any, int, int]]:
    """Value, start and end of each element of the array that begins at `start`; of nothing else."""
    if text[start : start + 1] != "[":
        return
    at = _skip(text, start + 1)
    while text[at : at + 1] != "]":
        value, end = _decode(text, at)
        yield value, at, end
        at = _next(text, end)


def _next(text: str, end: int) -> int:
    at = _skip(text, end)
    return _skip(text, at + 1) if text[at : at + 1] == "," else at


def _skip(text: str, at: int) -> int:
    found = _blank(text, at)
    return found.end() if found else at
