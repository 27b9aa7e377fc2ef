"""X12 reader: from a file of any size to interchanges, groups and transaction sets, each handed out as it ends.

Only the control segments are looked at here, found by one compiled pattern per interchange; the body of a set stays
a byte slice until someone asks for its segments. Nothing in the content raises: what is broken becomes a finding on
the interchange, group or set it belongs to, and the reader goes on at the next one it can find.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TypeAlias

from hub.edi import examination
from hub.edi.findings import MOST_FINDINGS, Finding, finding
from hub.edi.source import Input, Source
from hub.edi.x12.interchange import Group, Interchange, RawSet
from hub.edi.x12.isa import IsaHead, find_isa, guess_head
from hub.edi.x12.scan import Scan

_BLANK = b" \t\r\n\x00\x0b\x0c\x1a"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_TORN = re.compile(rb"(?<![A-Za-z0-9])ISA([^A-Za-z0-9\s])(?:.{0,20}?\1){3}", re.DOTALL)
"""An ISA of which enough is left to tell it from words around an interchange."""
_UNREADABLE = "An ISA stands here, but it does not have 16 elements of a right length after it."


Part: TypeAlias = examination.Part[Interchange, Group, RawSet]


def read(file: Input, *, encoding: str = "") -> Reader:
    """Read a file, given whole or open for reading bytes. `encoding` counts instead of UTF-8."""
    return Reader(file, encoding)


class Reader:
    """Iterator over the interchanges of a file, single pass, each with its groups and sets.

    `parts` hands out the sets, groups and interchanges as they end and keeps none of them. Afterwards `findings`
    holds what belongs to no interchange. `interchanges` counts what was found so far; 0 at the end means that the
    file is no X12 at all.
    """

    def __init__(self, file: Input, encoding: str = "") -> None:
        self.interchanges = 0
        self._source = Source(file)
        self._encoding = encoding
        self.findings: list[Finding] = list(self._source.findings)
        self._iterator = (part.interchange for part in self.parts(keep=True) if part.group is None)
        self._torn: int | None = None

    def __iter__(self) -> Iterator[Interchange]:
        return self._iterator

    def __next__(self) -> Interchange:
        return next(self._iterator)

    def parts(self, *, keep: bool = False) -> Iterator[Part]:
        """Each set, then the group that held it, then the interchange; with `keep` they also hold one another."""
        source = self._source
        at = self._skip_mark()
        head = self._guess(at)
        while head is not None or (head := self._next(at)) is not None:
            interchange = self._open(head)
            if interchange.usable:
                scan = Scan(source, interchange, head.end, keep)
                for group, one in scan.run():
                    yield examination.Part(interchange, group, one)
                at = scan.at
            else:
                at = head.end
            interchange.length = source.place(at) - interchange.offset
            self.interchanges += 1
            source.release(at)
            yield examination.Part(interchange)
            head = None
        if not self.interchanges:
            self.findings.append(self._nothing())

    def _skip_mark(self) -> int:
        if not self._source.window.startswith(_BYTE_ORDER_MARK):
            return 0
        self._note("edi.byte-order-mark", "The file starts with a byte order mark, which was skipped.", 0)
        return len(_BYTE_ORDER_MARK)

    def _guess(self, at: int) -> IsaHead | None:
        """The head of a file that begins with ST or GS: its delimiters, guessed from there."""
        window = self._source.window
        start = len(window) - len(window[at:].lstrip(_BLANK))
        head = guess_head(window, start)
        if head is not None and start > at:
            self._note("edi.leading-blanks", "Blanks before the first segment were skipped.", at)
        return head

    def _next(self, at: int) -> IsaHead | None:
        """The next ISA; what lies before it is reported: blanks are a tolerance, anything else is lost."""
        source, beginning = self._source, at
        lost, first, shown, broken = 0, at, b"", False
        while True:
            head, stop = find_isa(source, at)
            kept = source.cut(at, stop).strip(_BLANK)
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
            if head is not None or not source.more():
                break
        if lost and (head is not None or self.interchanges):
            if broken:
                code, text = "edi.isa-unreadable", f"{_UNREADABLE} {lost} bytes were not read."
            else:
                code = "edi.data-outside-interchange"
                text = f"{lost} bytes stand outside of any interchange and were not read."
            self._note(code, text, first, shown.decode("latin-1"))
        elif head is not None and beginning == 0 < at:
            self._note("edi.leading-blanks", "Blanks before the ISA segment were skipped.", 0)
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
            findings=[replace(found, offset=offset) for found in head.findings],
        )

    def _nothing(self) -> Finding:
        if self._torn is None:
            text = "No ISA segment was found: this is not an X12 interchange."
            return finding("edi.interchange-missing", text)
        return finding("edi.isa-unreadable", _UNREADABLE, offset=self._source.place(self._torn), segment="ISA")

    def _note(self, code: str, text: str, offset: int, value: str = "") -> None:
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(finding(code, text, offset=self._source.place(offset), value=value))
