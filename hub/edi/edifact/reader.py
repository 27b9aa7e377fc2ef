"""EDIFACT reader: from a file of any size to interchanges, groups and messages, each handed out as it ends.

Only the service segments are looked at here, found by one compiled pattern per interchange; the body of a message
stays a byte slice until someone asks for its segments. Nothing in the content raises: what is broken becomes a
finding on the interchange, group or message it belongs to, and the reader goes on at the next one it can find.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, TypeAlias

from hub.edi.edifact.advice import Start, locate, locate_headless, start_at
from hub.edi.edifact.characters import DEFAULT_CODEC
from hub.edi.edifact.interchange import Group, Interchange, Message
from hub.edi.edifact.scan import Scan
from hub.edi.findings import finding
from hub.edi.reading import reader as reading
from hub.edi.reading.foreign import resemblance
from hub.edi.reading.interchange import note
from hub.edi.reading.source import Input
from hub.edi.tree import Standard

Part: TypeAlias = reading.Part[Interchange, Group, Message]


def read(file: Input, *, encoding: str = "") -> Reader:
    """Read a file, given whole or open for reading bytes. Iterating gives its interchanges.

    `encoding` is a codec that counts instead of the character set that UNB names.
    """
    return Reader(file, encoding)


class Reader(reading.FileReader[Interchange, Group, Message]):
    """Reads EDIFACT; see `hub.edi.reading.reader`."""

    standard: ClassVar[Standard] = "edifact"

    def parts(self, *, keep: bool = False) -> Iterator[Part]:
        source = self._source
        at = self._skip_mark()
        while (start := self._next(at)) is not None:
            interchange = self._open(start)
            scan = Scan(source, interchange, start.header, keep, self._encoding, self._other)
            for group, one in scan.run():
                yield reading.Part(interchange, group, one)
            at = scan.at
            interchange.length = source.place(at) - interchange.offset
            self.interchanges += 1
            self._ended_with(interchange.delimiters)
            source.release(at)
            yield reading.Part(interchange)
        if not self.interchanges and self.stopped is None:
            seems = resemblance(source.head)
            text = f"No UNA, UNB or UNH segment was found: this is not an EDIFACT interchange{seems}."
            self.findings.append(finding("edi.interchange-missing", text, standard="edifact"))

    def _next(self, at: int) -> Start | None:
        """The next interchange of this syntax; what lies before the next one of any is reported: blanks are a
        tolerance, anything else is lost."""
        source = self._source
        lost, first, shown = 0, at, b""
        while True:
            found, stop = locate(source, at)
            other, sure = self._other(source, at)
            if sure < stop:
                found, stop = None, sure
            headless = locate_headless(source, at, stop)
            if headless is not None:
                found = stop = headless
            elif sure == stop:
                self.stopped = other
            kept = self._lost(at, stop)
            if kept and not lost:
                first, shown = source.find(kept[:40], at, stop), kept[:40]
            lost += len(kept)
            at = stop
            source.release(at)
            if found is not None or self.stopped is not None or not source.more():
                break
        if lost and (found is not None or self.stopped is not None or self.interchanges):
            text = f"{lost} bytes stand outside of any interchange and were not read."
            self._note("edi.data-outside-interchange", text, first, shown.decode("latin-1"))
        elif found is not None or self.interchanges:
            self._tell_skipped()
        return None if found is None else start_at(source, found)

    def _open(self, start: Start) -> Interchange:
        source = self._source
        offset = source.place(start.offset)
        interchange = Interchange(offset, start.delimiters, DEFAULT_CODEC, una=start.una, findings=start.findings)
        if source.cut(start.header, start.header + 3) != b"UNB":
            text = "The messages stand without an interchange around them: UNB is missing, so nobody can be answered."
            place = source.place(start.header)
            note(interchange, finding("edi.envelope-missing", text, standard="edifact", offset=place, segment="UNB"))
        return interchange
