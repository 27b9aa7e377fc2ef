"""The segments of one message between UNH and UNT, cut out of its text, and where each stands in the file."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import accumulate
from typing import Any

from hub.edi.delimiters import Delimiters
from hub.edi.edifact.interchange import Message
from hub.edi.edifact.text import needless_release
from hub.edi.findings import MOST_FINDINGS, finding
from hub.edi.grammars.library import Library
from hub.edi.reading.interchange import note

_BLANK = "\r\n\t\0 "


class Body:
    """`segments` holds the text of each, without terminator and still escaped.

    What had to be tolerated is reported on the message. Cutting is plain splitting as long as there are only line
    breaks between segments; only a body with anything else in it is looked at more closely.
    """

    def __init__(self, one: Message, marks: Delimiters, library: Library) -> None:
        self._one = one
        self._marks = marks
        self._starts: list[int] | None = None
        text = one.body
        self.segments = marks.split(text, marks.terminator)
        broken = "\n" in text or "\r" in text
        if broken or "\t" in text or "\0" in text or " " in (text[:1], text[-1:]):
            stripped = [piece.strip("\r\n\t\0").lstrip(_BLANK) for piece in self.segments]
            if stripped != self.segments and not marks.suffix:
                message = "Blanks or line breaks between segments were skipped."
                note(one, finding("edi.blanks-before-segment", message, standard="edifact", offset=one.offset))
            self.segments = stripped
        if not self.segments[-1]:
            self.segments.pop()
        if not all(self.segments) or (broken and any("\n" in s or "\r" in s for s in self.segments)):
            self._cut_closely(text, library)
        if needless := needless_release(text, marks):
            self._tell_release(text, needless)

    def offset(self, index: int) -> int:
        """The byte offset in the file of a segment; for the index behind the last one, where the body ends."""
        one = self._one
        if index >= len(self.segments):
            return one.place(one.body_stop - one.body_start)
        if self._starts is None:
            text = one.body
            pieces = self._marks.split(text, self._marks.terminator)
            ends = accumulate(len(piece) + 1 for piece in pieces)
            starts = [0, *ends]
            blank = [len(piece) - len(piece.lstrip(_BLANK)) for piece in pieces]
            self._starts = self._in_bytes(text, [at + skip for at, skip in zip(starts, blank, strict=False)])
        return one.place(self._starts[index])

    def _in_bytes(self, text: str, starts: list[int]) -> list[int]:
        """Byte offsets from character offsets (rising) in the body, in one pass."""
        one = self._one
        if len(text) == one.body_stop - one.body_start:
            return starts
        found, reached, size = [], 0, 0
        for start in starts:
            size += len(text[reached:start].encode(one.encoding))
            reached = start
            found.append(size)
        return found

    def _cut_closely(self, text: str, library: Library) -> None:
        """Cut also at a line break before a segment id (a lost terminator); drop other line breaks."""
        self.segments = []
        starts: list[int] = []
        notes: list[tuple[str, str, int, int]] = []
        at = 0
        for piece in self._marks.split(text, self._marks.terminator):
            for start, stop, lost in self._pieces(piece, library):
                segment = piece[start:stop].strip("\r\n\t\0")
                number = len(self.segments) + 2
                if lost:
                    text_ = "A line break stood for a segment terminator."
                    notes.append(("edi.terminator-missing", text_, number, at + start))
                if "\n" in segment or "\r" in segment:
                    segment = segment.replace("\r", "").replace("\n", "")
                    text_ = "A line break stands inside a segment; it was taken out."
                    notes.append(("edi.line-break-in-segment", text_, number, at + start))
                self.segments.append(segment)
                starts.append(at + start)
            if not piece.strip(_BLANK) and at + len(piece) < len(text):
                text_ = "An empty segment (two terminators in a row) was skipped; it is not counted."
                notes.append(("edi.segment-empty", text_, len(self.segments) + 2, at + len(piece)))
            at += len(piece) + 1
        self._starts = self._in_bytes(text, starts)
        places = self._in_bytes(text, [place for *_, place in notes])
        for (code, message, number, _), place in zip(notes[:MOST_FINDINGS], places, strict=False):
            where: dict[str, Any] = {"offset": self._one.place(place), "position": number}
            self._one.findings.append(finding(code, message, standard="edifact", **where))

    def _tell_release(self, text: str, needless: re.Match[str]) -> None:
        (place,) = self._in_bytes(text, [needless.start()])
        number = len(self._marks.split(text[: needless.start()], self._marks.terminator)) + 1
        message = f"A release character stands before {needless.group(1)!r}, which needs none; it was taken out."
        where: dict[str, Any] = {"offset": self._one.place(place), "position": number}
        note(self._one, finding("edi.release-needless", message, standard="edifact", **where))

    def _pieces(self, piece: str, library: Library) -> list[tuple[int, int, bool]]:
        """Where segments begin and end in what stands between two terminators; the last says: terminator lost."""
        start = len(piece) - len(piece.lstrip(_BLANK))
        if start == len(piece):
            return []
        found: list[tuple[int, int, bool]] = []
        lost = False
        for line in _next_line(self._marks.element).finditer(piece, start):
            if line.group(1) in library.segment_ids:
                found.append((start, line.start(), lost))
                start, lost = line.start(1), True
        return [*found, (start, len(piece), lost)]


@lru_cache(maxsize=64)
def _next_line(element: str) -> re.Pattern[str]:
    return re.compile(rf"[\r\n]+[ \t]*([A-Z]{{3}})(?={re.escape(element)})")
