"""The segments of one set between ST and SE, cut out of its text, and where each stands in the file."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from hub.edi.findings import finding
from hub.edi.grammar import Library
from hub.edi.x12.reader import Interchange, RawSet

_BLANK = "\r\n\t\0 "


class Body:
    """`segments` holds the text of each, without terminator; what had to be tolerated is reported on the set.

    Cutting is plain splitting as long as there are only line breaks between segments; only a body with
    anything else in it is looked at more closely.
    """

    def __init__(self, interchange: Interchange, one: RawSet, library: Library) -> None:
        self._one = one
        self._offsets: list[int] = []
        self._terminator = interchange.delimiters.terminator
        text = one.body
        self.segments = text.split(self._terminator)
        if text.startswith(" ") or any(blank in text for blank in ("\n", "\r", "\t", "\0", self._terminator + " ")):
            self.segments = [piece.strip("\r\n\t\0").lstrip(_BLANK) for piece in self.segments]
        if not self.segments[-1]:
            self.segments.pop()
        if "" in self.segments or any("\n" in s or "\r" in s for s in self.segments):
            self._cut_closely(text, interchange.delimiters.element, library)

    def offset(self, index: int) -> int:
        """The byte offset in the file of a segment; for the index behind the last one, where the body ends."""
        if index >= len(self.segments):
            return self._one.file.offset(self._one.body_stop)
        if not self._offsets:
            self._measure([(m.start(), m.end()) for m in _pieces(self._terminator).finditer(self._one.body)])
        return self._one.file.offset(self._one.body_start + self._offsets[index])

    def _measure(self, spans: list[tuple[int, int]]) -> None:
        """Byte offsets from character spans in the body, in one pass."""
        text, encoding = self._one.body, self._one.encoding
        if text.isascii() or len(text) == self._one.body_stop - self._one.body_start:
            self._offsets = [start for start, _ in spans]
            return
        reached = size = 0
        for start, _ in spans:
            size += len(text[reached:start].encode(encoding))
            reached = start
            self._offsets.append(size)

    def _cut_closely(self, text: str, separator: str, library: Library) -> None:
        """Cut also at a line break before a segment id (a lost terminator); drop other line breaks."""
        spans: list[tuple[int, int]] = []
        for piece in _pieces(self._terminator).finditer(text):
            start = piece.start()
            for lost in _lost_terminators(separator).finditer(text, start, piece.end()):
                if lost.group(1) in library.segment_ids and lost.start() > start:
                    spans.append((start, lost.start()))
                    start = lost.start(1)
                    self._note("edi.terminator-missing", "A line break stood for a segment terminator.", start)
            spans.append((start, piece.end()))
        self.segments = []
        for start, stop in spans:
            segment = text[start:stop].strip("\r\n\t\0")
            if "\n" in segment or "\r" in segment:
                segment = segment.replace("\r", "").replace("\n", "")
                message = "A line break stands inside a segment; it was taken out."
                self._note("edi.line-break-in-segment", message, start)
            self.segments.append(segment)
        empty = re.search(re.escape(self._terminator) + r"\s*" + re.escape(self._terminator), text)
        if empty or text.lstrip(_BLANK).startswith(self._terminator):
            message = "Empty segments (two terminators in a row) were skipped; they are not counted."
            self._note("edi.segment-empty", message, empty.start() if empty else 0)
        self._measure(spans)

    def _note(self, code: str, message: str, at: int) -> None:
        text = self._one.body
        size = at if text.isascii() else len(text[:at].encode(self._one.encoding, "replace"))
        place: dict[str, Any] = {"offset": self._one.file.offset(self._one.body_start + size)}
        position = text.count(self._terminator, 0, at) + 2
        self._one.findings.append(finding(code, message, position=position, **place))


@lru_cache(maxsize=64)
def _pieces(terminator: str) -> re.Pattern[str]:
    """Matches each segment that has any text, from its id on."""
    mark = re.escape(terminator)
    return re.compile(rf"[^{mark}\r\n\t\0 ][^{mark}]*", re.DOTALL)


@lru_cache(maxsize=64)
def _lost_terminators(separator: str) -> re.Pattern[str]:
    return re.compile(rf"[\r\n]+([A-Z][A-Z0-9]{{1,2}}){re.escape(separator)}")
