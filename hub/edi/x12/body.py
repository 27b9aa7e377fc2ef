"""The segments of one set between ST and SE, cut out of its text, and where each stands in the file."""

from __future__ import annotations

import re
from functools import lru_cache

from hub.edi.delimiters import Delimiters
from hub.edi.findings import finding
from hub.edi.grammars.library import Library
from hub.edi.reading.interchange import is_in, note
from hub.edi.x12.interchange import RawSet

_BLANK = "\r\n\t\0 "
_MOST_NOTES = 20


class Body:
    """`segments` holds the text of each, without terminator; what had to be tolerated is reported on the set.

    Cutting is plain splitting as long as there are only line breaks between segments; only a body with
    anything else in it is looked at more closely. `complete`: the last segment ends in a terminator.
    """

    def __init__(self, one: RawSet, marks: Delimiters, library: Library) -> None:
        self._one = one
        self._offsets: list[int] = []
        self._terminator = marks.terminator
        self._text, self._encoding = one.body, one.encoding
        text = self._text
        if not text.isascii() and not is_in(one.raw[one.body_start : one.body_stop], one.encoding):
            self._encoding = "latin-1"
            message = f"The text of the set is not {one.encoding}; it was read as Latin-1."
            note(one, finding("edi.encoding-guessed", message, offset=one.offset, position=1, segment="ST"))
        self.segments = text.split(self._terminator)
        self.complete = not self.segments[-1].strip(_BLANK)
        broken = "\n" in text or "\r" in text
        lines = self._terminator in "\r\n" and " " + self._terminator in text
        if broken or lines or "\t" in text or "\0" in text or self._terminator + " " in text or text.startswith(" "):
            # Where lines end segments, blanks at the end of a line are seen by nobody and are no part of a value.
            edge = _BLANK if self._terminator in "\r\n" else "\r\n\t\0"
            stripped = [piece.strip(edge).lstrip(_BLANK) for piece in self.segments]
            if not marks.suffix and stripped != self.segments:
                message = "Blanks or line breaks between segments were skipped."
                note(one, finding("edi.blanks-before-segment", message, offset=one.offset, position=1, segment="ST"))
            self.segments = stripped
        if not self.segments[-1]:
            self.segments.pop()
        if "" in self.segments or (broken and any("\n" in s or "\r" in s for s in self.segments)):
            self._cut_closely(marks.element, library)

    def offset(self, index: int) -> int:
        """The byte offset in the file of a segment; for the index behind the last one, where the body ends."""
        if index >= len(self.segments):
            return self._one.place(self._one.body_stop - self._one.body_start)
        if not self._offsets:
            self._measure([m.start() for m in _pieces(self._terminator).finditer(self._text)])
        return self._one.place(self._offsets[index])

    def _measure(self, starts: list[int]) -> None:
        """Byte offsets from character offsets in the body, in one pass."""
        text = self._text
        if text.isascii() or self._encoding == "latin-1":
            self._offsets = starts
            return
        reached = size = 0
        for start in starts:
            size += len(text[reached:start].encode(self._encoding))
            reached = start
            self._offsets.append(size)

    def _cut_closely(self, separator: str, library: Library) -> None:
        """Cut also at a line break before a segment id (a lost terminator); drop other line breaks."""
        text = self._text
        starts: list[int] = []
        self.segments = []
        broken: list[int] = []
        lost: list[int] = []
        for piece in _pieces(self._terminator).finditer(text):
            start = piece.start()
            for found in _lost_terminators(separator).finditer(text, start, piece.end()):
                if found.group(1) in library.segment_ids and found.start() > start:
                    self._keep(start, found.start(), starts, broken)
                    start = found.start(1)
                    lost.append(len(self.segments))
            self._keep(start, piece.end(), starts, broken)
        self._measure(starts)
        for index in lost[:_MOST_NOTES]:
            self._note("edi.terminator-missing", "A line break stood for a segment terminator.", index)
        for index in broken[:_MOST_NOTES]:
            self._note("edi.line-break-in-segment", "A line break stands inside a segment; it was taken out.", index)
        self._note_empty()

    def _keep(self, start: int, stop: int, starts: list[int], broken: list[int]) -> None:
        segment = self._text[start:stop].strip("\r\n\t\0")
        if "\n" in segment or "\r" in segment:
            segment = segment.replace("\r", "").replace("\n", "")
            broken.append(len(self.segments))
        starts.append(start)
        self.segments.append(segment)

    def _note_empty(self) -> None:
        text, mark = self._text, re.escape(self._terminator)
        empty = re.search(rf"(?:\A|{mark})[\r\n\t\0 ]*{mark}", text)
        if empty:
            message = "Empty segments (two terminators in a row) were skipped; they are not counted."
            size = len(text[: empty.start()].encode(self._encoding))
            position = sum(1 for at in self._offsets if at < size) + 2
            place = self._one.place(size)
            note(self._one, finding("edi.segment-empty", message, offset=place, position=position))

    def _note(self, code: str, message: str, index: int) -> None:
        note(self._one, finding(code, message, offset=self.offset(index), position=index + 2))


@lru_cache(maxsize=64)
def _pieces(terminator: str) -> re.Pattern[str]:
    """Matches each segment that has any text, from its id on."""
    mark = re.escape(terminator)
    return re.compile(rf"[^{mark}\r\n\t\0 ][^{mark}]*", re.DOTALL)


@lru_cache(maxsize=64)
def _lost_terminators(separator: str) -> re.Pattern[str]:
    """A line break before what looks like a segment id; possessive, so that a run of them is looked at once."""
    return re.compile(rf"(?<![\r\n])[\r\n][\r\n\t ]*+([A-Z][A-Z0-9]{{1,2}}){re.escape(separator)}")
