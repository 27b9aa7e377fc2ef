"""What the readers of both syntaxes have in common: they hand out the parts of a file as these end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar, Generic, NamedTuple, TypeVar

from hub.edi.delimiters import Delimiters
from hub.edi.findings import MOST_FINDINGS, Finding, finding
from hub.edi.reading.interchange import Holder
from hub.edi.reading.source import Input, Source
from hub.edi.reading.starts import Locate, nowhere
from hub.edi.tree import Standard

BLANK = b" \t\r\n\x00\x0b\x0c\x1a"
"""Bytes that mean nothing between interchanges."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

N = TypeVar("N", bound=Holder)
G = TypeVar("G", bound=Holder)
S = TypeVar("S", bound=Holder)


class Part(NamedTuple, Generic[N, G, S]):
    """What has just ended: a set or message (all three), a group (the first two) or an interchange (the first)."""

    interchange: N
    group: G | None = None
    set: S | None = None


class FileReader(ABC, Generic[N, G, S]):
    """Iterator over the interchanges of a file, single pass, each with its groups and sets.

    `parts` hands out the sets, groups and interchanges as they end and keeps none of them. Afterwards `findings`
    holds what belongs to no interchange. `interchanges` counts what was found so far; 0 at the end means that the
    file is not of this syntax at all. Where `other` finds an interchange of the other syntax the reader ends: `stopped`
    is its offset, and a reader of that syntax takes the source on from there, its `start`.
    """

    standard: ClassVar[Standard]

    def __init__(self, file: Input | Source, encoding: str = "", start: int = 0, other: Locate = nowhere) -> None:
        self.interchanges = 0
        self.stopped: int | None = None
        self._source = file if isinstance(file, Source) else Source(file)
        self._encoding, self._start, self._other = encoding, start, other
        self.findings: list[Finding] = self._source.findings
        self._terminator, self._suffix = b"", ""
        self._skipped: tuple[str, str, int] | None = None
        self._iterator = (part.interchange for part in self.parts(keep=True) if part.group is None)

    def __iter__(self) -> Iterator[N]:
        return self._iterator

    def __next__(self) -> N:
        return next(self._iterator)

    @abstractmethod
    def parts(self, *, keep: bool = False) -> Iterator[Part[N, G, S]]:
        """Each set, then the group that held it, then the interchange; with `keep` they also hold one another."""

    def _skip_mark(self) -> int:
        """Where reading begins: at the start of the file behind a byte order mark."""
        if self._start or not self._source.window.startswith(_BYTE_ORDER_MARK):
            return self._start
        self._note("edi.byte-order-mark", "The file starts with a byte order mark, which was skipped.", 0)
        return len(_BYTE_ORDER_MARK)

    def _ended_with(self, marks: Delimiters) -> None:
        """An interchange has ended; what follows may hold more of its terminators and line breaks."""
        self._terminator, self._suffix = marks.terminator.encode("latin-1", "replace"), marks.suffix

    def _lost(self, start: int, stop: int) -> bytes:
        """What stands between two offsets, outside of interchanges, beside what is tolerated there."""
        text = self._source.cut(start, stop)
        kept = text.replace(_BYTE_ORDER_MARK, b"").strip(BLANK + self._terminator)
        if kept or not text or self._skipped:
            return kept
        if _BYTE_ORDER_MARK in text:
            code, message = (
                "edi.byte-order-mark",
                "A byte order mark stands outside of any interchange; it was skipped.",
            )
        elif self._terminator.strip(BLANK) and self._terminator in text:
            code, message = "edi.segment-empty", "Terminators that end no segment stand behind an interchange."
        elif not self.interchanges:
            code, message = "edi.leading-blanks", "Blanks before the first segment were skipped."
        elif text.strip(b"\r\n") or not self._suffix:
            code, message = (
                "edi.blanks-outside-interchange",
                "Blanks or line breaks behind an interchange were skipped, here and elsewhere.",
            )
        else:
            return kept
        self._skipped = code, message, start
        return kept

    def _tell_skipped(self) -> None:
        """Report, once in a file, what was tolerated before an interchange or behind the last one."""
        skipped, self._skipped = self._skipped, None
        if skipped is not None and all(found.code != skipped[0] for found in self.findings):
            self._note(*skipped)

    def _note(self, code: str, text: str, offset: int, value: str = "") -> None:
        """Add a finding about a place of the file, unless there are too many."""
        if len(self.findings) < MOST_FINDINGS:
            place = self._source.place(offset)
            self.findings.append(finding(code, text, standard=self.standard, offset=place, value=value))
