"""X12 reader: from a file of any size to interchanges, groups and transaction sets, each handed out as it ends.

Only the control segments are looked at here, found by one compiled pattern per interchange; the body of a set stays
a byte slice until someone asks for its segments. Nothing in the content raises: what is broken becomes a finding on
the interchange, group or set it belongs to, and the reader goes on at the next one it can find.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, TypeAlias

from hub.edi.findings import Finding, finding
from hub.edi.reading import reader as reading
from hub.edi.reading.foreign import resemblance
from hub.edi.reading.reader import BLANK
from hub.edi.reading.source import Input, Source
from hub.edi.reading.starts import Locate, nowhere
from hub.edi.tree import Standard
from hub.edi.x12.interchange import Group, Interchange, RawSet
from hub.edi.x12.isa import IsaHead, find_isa, guess_head
from hub.edi.x12.scan import Scan

_TORN = re.compile(rb"(?<![A-Za-z0-9])ISA([^A-Za-z0-9\s])(?:.{0,20}?\1){3}", re.DOTALL)
"""An ISA of which enough is left to tell it from words around an interchange."""
_UNREADABLE = "An ISA stands here, but it does not have 16 elements of a right length after it."


Part: TypeAlias = reading.Part[Interchange, Group, RawSet]


def read(file: Input, *, encoding: str = "") -> Reader:
    """Read a file, given whole or open for reading bytes. `encoding` counts instead of UTF-8."""
    return Reader(file, encoding)


class Reader(reading.FileReader[Interchange, Group, RawSet]):
    """Reads X12; see `hub.edi.reading.reader`."""

    standard: ClassVar[Standard] = "x12"

    def __init__(self, file: Input | Source, encoding: str = "", start: int = 0, other: Locate = nowhere) -> None:
        super().__init__(file, encoding, start, other)
        self._torn: int | None = None
        self._unread = False

    def parts(self, *, keep: bool = False) -> Iterator[Part]:
        source = self._source
        at = self._skip_mark()
        head = None if self._start else self._guess(at)
        while head is not None or (head := self._next(at)) is not None:
            interchange = self._open(head)
            if interchange.usable:
                scan = Scan(source, interchange, head.end, keep, self._other)
                for group, one in scan.run():
                    yield reading.Part(interchange, group, one)
                at = scan.at
            else:
                at, self._unread = head.end, True
            interchange.length = source.place(at) - interchange.offset
            self.interchanges += 1
            self._ended_with(interchange.delimiters)
            source.release(at)
            yield reading.Part(interchange)
            head = None
        if not self.interchanges and self.stopped is None:
            self.findings.append(self._nothing())

    def _guess(self, at: int) -> IsaHead | None:
        """The head of a file that begins with ST or GS: its delimiters, guessed from there."""
        window = self._source.window
        start = len(window) - len(window[at:].lstrip(BLANK))
        head = guess_head(window, start)
        if head is not None and start > at:
            self._note("edi.leading-blanks", "Blanks before the first segment were skipped.", at)
        return head

    def _next(self, at: int) -> IsaHead | None:
        """The next ISA; what lies before the next interchange is reported: blanks are a tolerance, anything else is
        lost."""
        source = self._source
        lost, first, shown, broken = 0, at, b"", False
        while True:
            head, stop = find_isa(source, at)
            other, sure = self._other(source, at)
            if sure < stop:
                head, stop, self.stopped = None, sure, other
            kept = self._lost(at, stop)
            if kept and not lost:
                first, shown = source.find(kept[:40], at, stop), kept[:40]
            if not broken and (isa := source.search(_TORN, at, stop)) is not None:
                first, broken = source.start + isa.start(), True
                shown = source.cut(first, min(first + 40, stop))
            lost += len(kept)
            if self._torn is None and (torn := source.find(b"ISA", at, stop)) >= 0:
                self._torn = torn
            at = stop
            source.release(at)
            if head is not None or self.stopped is not None or not source.more():
                break
        if self._unread and not broken:
            self._unread = False
        elif lost and (head is not None or self.stopped is not None or self.interchanges):
            if broken:
                code, text = "edi.isa-unreadable", f"{_UNREADABLE} {lost} bytes were not read."
            else:
                code = "edi.data-outside-interchange"
                text = f"{lost} bytes stand outside of any interchange and were not read."
            self._note(code, text, first, shown.decode("latin-1"))
        elif head is not None or self.interchanges:
            self._tell_skipped()
        return head

    def _open(self, head: IsaHead) -> Interchange:
        source = self._source
        offset = source.place(head.start)
        return Interchange(
            offset,
            head.delimiters,
            self._encoding or head.encoding,
            isa=head.elements,
            raw=b"" if head.bare else source.cut(head.start, head.end),
            bare=head.bare,
            usable=head.usable,
            findings=[found._replace(offset=offset) for found in head.findings],
        )

    def _nothing(self) -> Finding:
        if self._torn is None:
            seems = resemblance(self._source.head)
            text = f"No ISA and no UNB segment was found: this is neither X12 nor EDIFACT{seems}."
            return finding("edi.interchange-missing", text)
        return finding("edi.isa-unreadable", _UNREADABLE, offset=self._source.place(self._torn), segment="ISA")
