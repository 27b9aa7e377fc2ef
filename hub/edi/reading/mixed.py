"""Reads a file that may hold interchanges of both syntaxes, one after the other, each by the reader of its own."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any, TypeAlias, cast

from hub.edi.reading.reader import FileReader, Part
from hub.edi.reading.starts import Locate
from hub.edi.reading.syntax import detect
from hub.edi.tree import Standard

_OTHER: dict[Standard, Standard] = {"x12": "edifact", "edifact": "x12"}
_LOCATE: dict[Standard, str] = {"x12": "hub.edi.x12.isa", "edifact": "hub.edi.edifact.advice"}

AnyPart: TypeAlias = Part[Any, Any, Any]


class MixedReader(FileReader[Any, Any, Any]):
    """Reads both syntaxes; see `hub.edi.reading.reader`. A file in neither is read as X12, which says what it lacks."""

    def parts(self, *, keep: bool = False) -> Iterator[AnyPart]:
        standard: Standard = detect(self._source.window) or "x12"
        at: int | None = self._start
        while at is not None:
            reader = self._reader(standard, at)
            for part in reader.parts(keep=keep):
                self.interchanges += part.group is None
                yield part
            at, standard = reader.stopped, _OTHER[standard]

    def _reader(self, standard: Standard, start: int) -> FileReader[Any, Any, Any]:
        other = cast(Locate, import_module(_LOCATE[_OTHER[standard]]).locate)
        made = import_module(f"hub.edi.{standard}.reader").Reader(self._source, self._encoding, start, other)
        return cast(FileReader[Any, Any, Any], made)
