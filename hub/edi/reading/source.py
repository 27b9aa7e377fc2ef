"""A file of any size read piece by piece: a window of bytes that can be searched, cut, and let go.

Offsets count the bytes of the file without its wrapping, from its start; `Source.place` turns one into an offset in
the file.
"""

from __future__ import annotations

import re
from typing import BinaryIO, TypeAlias

from hub.edi.findings import Finding, finding
from hub.edi.reading.foreign import LONGEST_HEAD
from hub.edi.reading.unwrap import Wrapping, wrapping

CHUNK = 1 << 20
"""How many bytes are read at once."""

Input: TypeAlias = bytes | BinaryIO


class Source:
    """`window` holds the bytes at hand, the first of them at offset `start`; `ended` tells that no more will come.

    Bytes that are given whole are one window. A wrapped file is unwrapped as it is read, up to the first line that
    does not fit the others; `findings` tells of the wrapping. `head` keeps the first bytes of the file.
    """

    def __init__(self, file: Input) -> None:
        self._file = None if isinstance(file, bytes) else file
        first = file if isinstance(file, bytes) else self._read(CHUNK)
        self.head = first[:LONGEST_HEAD]
        self.ended = self._file is None or len(first) < CHUNK
        self.start = self._floor = 0
        self._carried = b""
        whole = first if self.ended else first[: max(first.rfind(b"\n"), first.rfind(b"\r")) + 1]
        self._wrapping: Wrapping | None = wrapping(whole)
        self._lines: int | None = None
        self.findings: list[Finding] = []
        self.window = first
        if self._wrapping is not None:
            lead, width, _ = self._wrapping
            text = f"The file is wrapped at {width} columns; its line breaks were taken out before reading."
            self.findings.append(finding("edi.wrapped-lines", text, offset=lead + width))
            if self.ended:
                self.window = self._wrapping.remove(first)
            else:
                self.window = first[:lead]
                self._append(first[lead:], self._wrapping)

    @property
    def stop(self) -> int:
        """The offset behind the last byte at hand."""
        return self.start + len(self.window)

    def place(self, offset: int) -> int:
        """Where a byte stands in the file."""
        if self._wrapping is None or offset < self._wrapping.lead:
            return offset
        lead, width, mark = self._wrapping
        # Behind the last byte there may be no break any more, although its line is full.
        at_end = self.ended and offset == self.stop > lead
        lines = (offset - lead - at_end) // width
        return offset + (lines if self._lines is None else min(lines, self._lines)) * len(mark)

    def cut(self, start: int, stop: int) -> bytes:
        """The bytes between two offsets, both within the window."""
        return self.window[start - self.start : stop - self.start]

    def find(self, mark: bytes, start: int, stop: int) -> int:
        """The offset of the next `mark` between two offsets of the window, -1 when there is none."""
        found = self.window.find(mark, start - self.start, stop - self.start)
        return found if found < 0 else found + self.start

    def last(self, mark: bytes, start: int, stop: int) -> int:
        """The offset of the last `mark` between two offsets of the window, -1 when there is none."""
        found = self.window.rfind(mark, start - self.start, stop - self.start)
        return found if found < 0 else found + self.start

    def search(self, pattern: re.Pattern[bytes], start: int, stop: int) -> re.Match[bytes] | None:
        """A match between two offsets of the window. The match itself counts from the start of the window."""
        return pattern.search(self.window, start - self.start, stop - self.start)

    def match(self, pattern: re.Pattern[bytes], start: int, stop: int) -> re.Match[bytes] | None:
        """A match that begins at the first of two offsets of the window. It counts as that of `search` does."""
        return pattern.match(self.window, start - self.start, stop - self.start)

    def release(self, before: int) -> None:
        """Let go of the bytes before an offset; they leave the window with the next reading."""
        self._floor = max(before, self._floor)

    def more(self) -> bool:
        """Read on; False when the file has ended. What grows is read in ever larger pieces."""
        if self.ended:
            return False
        self.window = self.window[self._floor - self.start :]
        self.start = self._floor
        chunk = self._read(max(CHUNK, len(self.window) // 2))
        self.ended = not chunk
        if self._wrapping is not None and self._lines is None:
            self._append(chunk, self._wrapping)
        else:
            self.window += chunk
        return True

    def _read(self, size: int) -> bytes:
        """So many bytes, fewer only at the end of the file."""
        assert self._file is not None
        pieces = []
        while size > 0 and (piece := self._file.read(size)):
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def _append(self, chunk: bytes, wrapped: Wrapping) -> None:
        """Add a chunk of a wrapped file: whole lines without their breaks, the rest kept for the next chunk."""
        lead, width, mark = wrapped
        raw, step, end = self._carried + chunk, width + len(mark), mark[-1:]
        count = len(raw) // step
        fits = raw[step - 1 : count * step : step].count(end) == count == raw.count(end, 0, count * step)
        if not fits:
            count = next(n for n in range(count) if raw.find(end, n * step, (n + 1) * step) != (n + 1) * step - 1)
        self.window += raw[: count * step].replace(mark, b"")
        self._carried = raw[count * step :]
        if not fits or self.ended:
            self._lines = (self.stop - lead) // width
            self.window += self._carried.rstrip(b"\r\n") if fits else self._carried
            self._carried = b""
