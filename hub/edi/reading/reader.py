"""What the readers of both syntaxes have in common: they hand out the parts of a file as these end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar, Generic, NamedTuple, TypeVar

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

    def _note(self, code: str, text: str, offset: int, value: str = "") -> None:
        """Add a finding about a place of the file, unless there are too many."""
        if len(self.findings) < MOST_FINDINGS:
            place = self._source.place(offset)
            self.findings.append(finding(code, text, standard=self.standard, offset=place, value=value))
