"""EDIFACT reader: from bytes to interchanges, groups and messages.

Only the service segments are looked at here, found by one compiled pattern per interchange; the body of a message
stays a byte slice until someone asks for its segments. Nothing in the content raises: what is broken becomes a
finding on the interchange, group or message it belongs to, and the reader goes on at the next one it can find.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from hub.edi.edifact.advice import Start, find_headless, find_start
from hub.edi.edifact.characters import decode, encoding_of, foreign
from hub.edi.edifact.interchange import NO_SEGMENT, Group, Interchange, Message
from hub.edi.edifact.text import parse
from hub.edi.findings import MOST_FINDINGS, Finding, finding
from hub.edi.tree import Segment
from hub.edi.unwrap import Unwrapped, unwrap

_BLANK = b" \t\r\n\x00\x0b\x0c\x1a"


def read(data: bytes, encoding: str = "") -> Reader:
    """Read a file. Iterating gives its interchanges; afterwards `.findings` holds what belongs to none.

    `encoding` is a codec that counts instead of the character set that UNB names.
    """
    return Reader(data, encoding)


class Reader:
    """Iterator over the interchanges of a file, single pass.

    `interchanges` counts what was found so far; 0 at the end means the file is no EDIFACT at all.
    """

    def __init__(self, data: bytes, encoding: str = "") -> None:
        self.findings: list[Finding] = []
        self.interchanges = 0
        self._override = encoding
        self._file: Unwrapped = unwrap(data)
        self._data = self._file.data
        self._iterator = self._interchanges()
        self.findings.extend(self._file.findings)

    def __iter__(self) -> Iterator[Interchange]:
        return self._iterator

    def __next__(self) -> Interchange:
        return next(self._iterator)

    def _interchanges(self) -> Iterator[Interchange]:
        at, end = 3 if self._data.startswith(b"\xef\xbb\xbf") else 0, len(self._data)
        if at:
            self._note("edi.byte-order-mark", "The file starts with a byte order mark, which was skipped.", 0)
        while at < end:
            start = find_start(self._data, at)
            limit = start.offset if start else end
            headless = find_headless(self._data, at, limit)
            if headless is not None:
                start = headless
            if start is not None or self.interchanges:
                self._outside(at, start.offset if start else end)
            if start is None:
                break
            if headless is None:
                following = find_start(self._data, start.header + 3)
                limit = following.offset if following else end
            interchange = self._open(start, limit)
            at = _Scan(self._file, interchange, start.header, limit).run()
            interchange.length = at - interchange.offset
            self.interchanges += 1
            self._file.restore(interchange)
            yield interchange
        if not self.interchanges:
            text = "No UNA, UNB or UNH segment was found: this is not an EDIFACT interchange."
            self.findings.append(finding("edi.interchange-missing", text, standard="edifact"))

    def _open(self, start: Start, limit: int) -> Interchange:
        """An interchange with what its first bytes tell, its header not yet read."""
        interchange = Interchange(start.offset, NO_SEGMENT, start.delimiters, "", start.una, findings=start.findings)
        syntax_id = ""
        if self._data[start.header : start.header + 3] == b"UNB":
            syntax_id = self._data[start.header + 4 : start.header + 8].decode("latin-1")
        else:
            text = "The messages stand without an interchange around them: UNB is missing, so nobody can be answered."
            interchange.findings.append(
                finding("edi.envelope-missing", text, standard="edifact", offset=start.header, segment="UNB")
            )
        interchange.encoding, differs = encoding_of(self._data, start.offset, limit, syntax_id, self._override)
        place = {"offset": start.offset, "segment": "UNB", "value": syntax_id}
        if differs:
            text = f"UNB announces character set {syntax_id}, but the bytes are {interchange.encoding}."
            interchange.findings.append(
                finding("edi.character-set-differs", text, standard="edifact", **place)  # type: ignore[arg-type]
            )
        return interchange

    def _outside(self, start: int, end: int) -> None:
        """Report what lies between two interchanges: blanks are a tolerance, anything else is lost."""
        gap = self._data[start:end]
        kept = gap.strip(_BLANK)
        if kept:
            where = start + gap.find(kept[:1])
            text = f"{len(kept)} bytes stand outside of any interchange and were not read."
            self._note("edi.data-outside-interchange", text, self._file.offset(where), kept[:40].decode("latin-1"))
        elif start == 0 and gap:
            self._note("edi.leading-blanks", "Blanks before the first segment were skipped.", 0)

    def _note(self, code: str, text: str, offset: int, value: str = "") -> None:
        self.findings.append(finding(code, text, standard="edifact", offset=offset, value=value))


@lru_cache(maxsize=64)
def _service_pattern(element: bytes, terminator: bytes) -> re.Pattern[bytes]:
    """Matches the id of a service segment where one may begin: behind a terminator or a blank."""
    mark, end = re.escape(element), re.escape(terminator)
    return re.compile(rb"UN[ZGEHT](?<![^\s\x00" + end + rb"]UN.)(?=" + mark + rb"|" + end + rb")")


@lru_cache(maxsize=64)
def _next_line(element: bytes) -> re.Pattern[bytes]:
    """Matches a line break that stands for the terminator of a service segment."""
    return re.compile(rb"[\r\n]+[ \t]*(?=[A-Z]{3}" + re.escape(element) + rb")")


class _Scan:
    """Cuts one interchange into groups and messages at its service segments."""

    def __init__(self, file: Unwrapped, interchange: Interchange, start: int, limit: int) -> None:
        self.file, self.interchange, self.limit = file, interchange, limit
        self.data = file.data
        self.marks = interchange.delimiters
        self.terminator = self.marks.terminator.encode("latin-1")
        self.release = self.marks.release.encode("latin-1")
        element = self.marks.element.encode("latin-1")
        self.pattern, self.next_line = _service_pattern(element, self.terminator), _next_line(element)
        self.group: Group | None = None
        self.message: Message | None = None
        self.loose = False
        self.edge = self.start = start
        self.known_end = -1
        self.noted: set[str] = set()

    def run(self) -> int:
        """Scan up to the trailer or the next interchange; returns the offset where reading goes on."""
        at = self._header()
        handlers = {b"UNG": self._ung, b"UNH": self._unh, b"UNT": self._unt, b"UNE": self._une}
        while match := self.pattern.search(self.data, at, self.limit):
            start, at = match.start(), match.end()
            if not self._begins(start):
                continue
            stop, after = self._end_of(at)
            segment = self._parse(start, stop)
            self._stray(start)
            if match.group() == b"UNZ":
                self._leave_group(start)
                self.interchange.trailer, self.interchange.trailer_offset = segment, start
                return self._close(after)
            handlers[match.group()](segment, start, after)
            self.edge = at = after
        if self.message is None:
            self._stray(self.limit)
        self._leave_group(self.limit)
        return self._close(self.limit)

    def _header(self) -> int:
        """Read UNB where there is one; returns where the search for service segments begins."""
        if self.data[self.start : self.start + 3] == b"UNB":
            stop, self.edge = self._end_of(self.start + 3)
            self.interchange.header = self._parse(self.start, stop)
        self.interchange.head_length = self.edge - self.interchange.offset
        return self.edge

    def _parse(self, start: int, stop: int) -> Segment:
        text = decode(self.data[start:stop], self.interchange.encoding).rstrip("\r\n")
        if "\n" in text or "\r" in text:
            text = text.replace("\r", "").replace("\n", "")
            self._note("edi.line-break-in-segment", "A line break stands inside a segment; it was taken out.", start)
        return parse(text, self.marks)

    def _begins(self, start: int) -> bool:
        """Whether a segment begins here: behind a terminator, or behind a line break that stands for it."""
        at = start
        while at > self.start and self.data[at - 1] in _BLANK:
            at -= 1
        blanks = self.data[at:start]
        ended = self.data.startswith(self.terminator, at - 1) and not self._released(at - 1)
        if at <= self.edge or ended or self.terminator in blanks:
            if blanks.strip(b"\r\n" + self.terminator):
                self._note("edi.blanks-before-segment", "Blanks before a segment id were skipped.", at)
            return True
        if b"\n" in blanks or b"\r" in blanks:
            self._note("edi.terminator-missing", "A line break stood for a segment terminator.", at)
            return True
        return False

    def _released(self, at: int) -> bool:
        """Whether the character at an offset is data because an odd number of release characters precedes it."""
        count = 0
        while self.release and at - count > self.start and self.data.startswith(self.release, at - count - 1):
            count += 1
        return count % 2 == 1

    def _end_of(self, at: int) -> tuple[int, int]:
        """Where the segment around an offset ends, and where what follows it begins."""
        if self.known_end < at:
            self.known_end = self.data.find(self.terminator, at, self.limit)
            while self.known_end >= 0 and self._released(self.known_end):
                self.known_end = self.data.find(self.terminator, self.known_end + 1, self.limit)
            if self.known_end < 0:
                self.known_end = self.limit
        line = self.next_line.search(self.data, at, self.known_end)
        if line is not None:
            self._note("edi.terminator-missing", "A line break stood for a segment terminator.", line.start())
            return line.start(), line.end()
        return self.known_end, min(self.known_end + 1, self.limit)

    @property
    def _differs(self) -> bool:
        return any(found.code == "edi.character-set-differs" for found in self.interchange.findings)

    def _note(self, code: str, text: str, offset: int) -> None:
        """A tolerance, told where it was first used in this interchange."""
        if code not in self.noted:
            self.noted.add(code)
            self.interchange.findings.append(finding(code, text, standard="edifact", offset=offset))

    def _stray(self, start: int) -> None:
        """Report what stands between messages or groups and belongs to none."""
        if self.message is not None or start <= self.edge:
            return
        between = self.data[self.edge : start].strip(_BLANK + self.terminator)
        if between:
            shown = between[:40].decode("latin-1")
            text = "A segment stands between UNH..UNT messages where only service segments may."
            place = self.data.find(between[:1], self.edge)
            self._on_holder("edi.segment-outside-message", text, place, shown[:3], shown)
        elif self.terminator.strip(_BLANK) and self.terminator in self.data[self.edge : start]:
            text = "Empty segments (two terminators in a row) were skipped; they are not counted."
            self._note("edi.segment-empty", text, self.edge)

    def _on_holder(self, code: str, text: str, offset: int, segment: str, value: str = "") -> None:
        holder = self.group or self.interchange
        if len(holder.findings) < MOST_FINDINGS:
            holder.findings.append(finding(code, text, standard="edifact", offset=offset, segment=segment, value=value))

    def _ung(self, segment: Segment, start: int, after: int) -> None:
        self._leave_group(start)
        self.group = Group(start, segment)
        if self.loose:
            self._mixed(start)
        self.interchange.groups.append(self.group)

    def _unh(self, segment: Segment, start: int, after: int) -> None:
        self._leave_message(start)
        if self.group is None:
            self.group = Group(start)
            self.loose = True
            if self.interchange.groups:
                self._mixed(start)
            self.interchange.groups.append(self.group)
        self.message = Message(start, 0, segment, self.file, self.interchange.encoding, after)
        self.group.sets.append(self.message)

    def _mixed(self, start: int) -> None:
        text = "Messages inside of functional groups and outside of them stand in one interchange."
        self._note("edi.groups-mixed", text, start)

    def _unt(self, segment: Segment, start: int, after: int) -> None:
        if self.message is None:
            text = "UNT closes no message: the UNH before it is missing."
            self._on_holder("edi.message-header-missing", text, start, "UNT")
            return
        self.message.trailer, self.message.trailer_offset = segment, start
        self._leave_message(start, after)

    def _une(self, segment: Segment, start: int, after: int) -> None:
        self._leave_message(start)
        if self.group is None or not self.group.is_real:
            self._on_holder(
                "edi.group-start-missing", "UNE closes no group: the UNG before it is missing.", start, "UNE"
            )
            return
        self.group.trailer, self.group.trailer_offset = segment, start
        self._leave_group(after)

    def _leave_message(self, stop: int, after: int | None = None) -> None:
        if self.message is None:
            return
        self.message.body_stop = stop
        self.message.length = (stop if after is None else after) - self.message.offset
        self.message = None

    def _leave_group(self, stop: int) -> None:
        self._leave_message(stop)
        if self.group is not None:
            self.group.length = stop - self.group.offset
            self.group = None

    def _close(self, stop: int) -> int:
        if self.marks.suffix and self.marks.terminator not in "\r\n":
            text = "A line break follows the segment terminator; it was skipped here and wherever it recurs."
            self._note("edi.line-break-after-terminator", text, self.interchange.offset)
        foreign_to = foreign(self.interchange.syntax_id, self.marks.in_data())
        if foreign_to is not None:
            self._judge_characters(foreign_to, stop)
        return stop

    def _judge_characters(self, foreign_to: re.Pattern[bytes], stop: int) -> None:
        """Report the first character that levels A and B lack: files in them often hold small letters or umlauts."""
        match = foreign_to.search(self.data, self.start, stop)
        if match is not None and (match.group() < b"\x80" or not self._differs):
            syntax_id = self.interchange.syntax_id
            text = f"A character stands here that character set {syntax_id} does not have; it was kept."
            value = match.group().decode("latin-1")
            self.interchange.findings.append(
                finding("edi.character-outside-set", text, standard="edifact", offset=match.start(), value=value)
            )
