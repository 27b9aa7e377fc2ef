"""Files wrapped at a fixed column: line breaks that fall anywhere, also inside a segment id or the ISA or UNB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from hub.edi.findings import Finding, finding

_NARROWEST = 20


class Part(Protocol):
    """What has a place in the file: an interchange, a group, a set."""

    offset: int
    length: int
    trailer_offset: int
    findings: list[Finding]


class _Group(Part, Protocol):
    @property
    def sets(self) -> Sequence[Part]: ...


class _Interchange(Part, Protocol):
    @property
    def groups(self) -> Sequence[_Group]: ...


@dataclass(slots=True)
class Unwrapped:
    """File content without its wrapping, able to say where each byte stood in the file."""

    data: bytes
    width: int = 0
    break_length: int = 0
    findings: list[Finding] = field(default_factory=list)

    def offset(self, at: int) -> int:
        """The offset in the file of an offset in `data`."""
        return at + at // self.width * self.break_length if self.width else at

    def cut(self, start: int, stop: int) -> bytes:
        """The bytes between two offsets in the file, without wrapping."""
        if not self.width:
            return self.data[start:stop]
        step = self.width + self.break_length
        first, last = (at - at // step * self.break_length for at in (start, stop))
        return self.data[first:last]

    def restore(self, interchange: _Interchange) -> None:
        """Turn the offsets of a freshly read interchange into offsets in the file, where they differ."""
        if not self.width:
            return
        self._move(interchange)
        for group in interchange.groups:
            self._move(group)
            for one in group.sets:
                self._move(one)

    def _move(self, part: Part) -> None:
        moved = self.offset(part.offset)
        part.length = self.offset(part.offset + part.length) - moved
        part.offset = moved
        part.trailer_offset = self.offset(part.trailer_offset)
        part.findings[:] = [replace(f, offset=self.offset(f.offset)) for f in part.findings]


def unwrap(data: bytes) -> Unwrapped:
    """Remove the line breaks of a file whose lines all have one length; other files stay as they are.

    A file with one segment per line has lines of many lengths, so it is never taken for a wrapped one.
    """
    first = data.find(b"\n")
    if first < 0:
        return Unwrapped(data)
    break_length = 2 if data[first - 1 : first] == b"\r" else 1
    width = first + 1 - break_length
    step = width + break_length
    lines = len(data) // step
    if width < _NARROWEST or lines < 2 or not _uniform(data, width, break_length):
        return Unwrapped(data)
    mark = data[width : width + break_length]
    text = f"The file is wrapped at {width} columns; its line breaks were taken out before reading."
    return Unwrapped(data.replace(mark, b""), width, break_length, [finding("edi.wrapped-lines", text, offset=width)])


def _uniform(data: bytes, width: int, break_length: int) -> bool:
    step = width + break_length
    at_breaks = data[step - 1 :: step]
    if at_breaks.count(b"\n") != len(at_breaks):
        return False
    total = data.count(b"\n")
    last = total == len(at_breaks) + 1 and data.endswith(b"\n")
    if total != len(at_breaks) and not last:
        return False
    ends = {data[at - 1 : at] for at in range(width, len(data), step)}
    return len(ends) > 1
