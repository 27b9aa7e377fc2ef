"""X12 reader: from bytes to interchanges, groups and transaction sets.

Only the control segments are looked at here, found by one compiled pattern per interchange; the body of a set
stays a byte slice until someone asks for its segments. Nothing in the content raises: what is broken becomes a
finding on the interchange, group or set it belongs to, and the reader goes on at the next one it can find.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from hub.edi.delimiters import Delimiters
from hub.edi.findings import Finding, finding
from hub.edi.tree import TransactionSet
from hub.edi.unwrap import Unwrapped, unwrap
from hub.edi.x12.isa import ISA_WIDTHS, IsaHead, Source, read_isa

_BLANK = b" \t\r\n\x00\x0b\x0c\x1a"


@dataclass(slots=True)
class RawSet:
    """One transaction set as received.

    `offset` and `length` slice it out of the file, ST to SE inclusive. `header` and `trailer` are the elements
    of ST and SE (without the ids); `trailer` is None when there was none. After `validation.examine` the
    findings are complete, `tree` holds the structured document and `counted` the segments, ST and SE included.
    """

    offset: int
    length: int
    header: list[str]
    file: Unwrapped = field(repr=False)
    encoding: str
    body_start: int
    body_stop: int = 0
    trailer: list[str] | None = None
    trailer_offset: int = 0
    findings: list[Finding] = field(default_factory=list)
    tree: TransactionSet | None = None
    counted: int = 0

    @property
    def set_id(self) -> str:
        return self.header[0] if self.header else ""

    @property
    def control_number(self) -> str:
        return self.header[1] if len(self.header) > 1 else ""

    @property
    def body(self) -> str:
        """The text between ST and SE, decoded on each call: a set by itself keeps no copy of its bytes."""
        return decode(self.file.data[self.body_start : self.body_stop], self.encoding)


@dataclass(slots=True)
class Group:
    """One functional group. `header` and `trailer` are the elements of GS and GE, without the ids."""

    offset: int
    header: list[str]
    length: int = 0
    trailer: list[str] | None = None
    trailer_offset: int = 0
    sets: list[RawSet] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def part(self, number: int) -> str:
        """Element `number` of GS, `""` when absent."""
        return self.header[number - 1] if len(self.header) >= number else ""

    @property
    def functional_id(self) -> str:
        return self.part(1)

    @property
    def control_number(self) -> str:
        return self.part(6)

    @property
    def version(self) -> str:
        return self.part(8)


@dataclass(slots=True)
class Interchange:
    """One interchange. `isa` holds its 16 elements, padded as received; `ta1` the elements of each TA1."""

    offset: int
    isa: list[str]
    delimiters: Delimiters
    encoding: str
    length: int = 0
    trailer: list[str] | None = None
    trailer_offset: int = 0
    groups: list[Group] = field(default_factory=list)
    ta1: list[list[str]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def part(self, number: int) -> str:
        """Element `number` of ISA without its padding."""
        return self.isa[number - 1].strip()

    @property
    def sets(self) -> Iterator[RawSet]:
        for group in self.groups:
            yield from group.sets

    def all_findings(self) -> list[Finding]:
        """Its own findings, then each group's, then each set's."""
        found = list(self.findings)
        for group in self.groups:
            found += group.findings
            for one in group.sets:
                found += one.findings
        return found

    def alone(self, group: Group, one: RawSet) -> bytes:
        """A set with the heads of its envelopes (ISA and GS, no trailers), which can be read by itself.

        These are the bytes as received, except that a wrapped file is unwrapped: its line breaks mean nothing
        once the set is cut out.
        """
        head = one.file.cut(self.offset, self.groups[0].offset)
        group_head = one.file.cut(group.offset, group.sets[0].offset)
        return head + group_head + one.file.cut(one.offset, one.offset + one.length)

    def envelope(self, group: Group) -> dict[str, str]:
        """The envelope facts of a set in `group`, with the keys `tree.TransactionSet` names."""
        return {
            "sender_qualifier": self.part(5),
            "sender_id": self.part(6),
            "receiver_qualifier": self.part(7),
            "receiver_id": self.part(8),
            "usage": self.part(15),
            "interchange_control_number": self.part(13),
            "group_control_number": group.control_number,
            "functional_id": group.functional_id,
            "group_sender": group.part(2).strip(),
            "group_receiver": group.part(3).strip(),
            "date": group.part(4),
            "time": group.part(5),
        }


def read(data: bytes) -> Reader:
    """Read a file. Iterating gives its interchanges; afterwards `.findings` holds what belongs to none."""
    return Reader(data)


class Reader:
    """Iterator over the interchanges of a file, single pass.

    `interchanges` counts what was found so far; 0 at the end means the file is no X12 at all.
    """

    def __init__(self, data: bytes) -> None:
        self.findings: list[Finding] = []
        self.interchanges = 0
        self._file: Unwrapped = unwrap(data)
        self._data: Source = self._file.data
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
            found = find_isa(self._data, at)
            if found is not None or self.interchanges:
                self._outside(at, found[0] if found else end)
            if found is None:
                break
            isa, at = found[1], found[0]
            interchange = Interchange(at, isa.elements, isa.delimiters, isa.encoding, findings=isa.findings)
            following = find_isa(self._data, isa.end)
            limit = following[0] if following else end
            if isa.usable:
                at = _Scan(self._file, interchange, isa.end, limit).run()
            else:
                text = f"The segment terminator found after ISA16 ({isa.delimiters.terminator!r}) cannot be one."
                interchange.findings.append(finding("edi.terminator-unusable", text, offset=at, segment="ISA"))
                at = limit
            interchange.length = at - interchange.offset
            self.interchanges += 1
            self._file.restore(interchange)
            yield interchange
        if not self.interchanges:
            self.findings.append(self._nothing())

    def _nothing(self) -> Finding:
        at = self._data.find(b"ISA")
        if at < 0:
            text = "No ISA segment was found: this is not an X12 interchange."
            return finding("edi.interchange-missing", text)
        text = "An ISA stands here, but it does not have 16 elements of a right length after it."
        return finding("edi.isa-unreadable", text, offset=self._file.offset(at), segment="ISA")

    def _outside(self, start: int, end: int) -> None:
        """Report what lies between two interchanges: blanks are a tolerance, anything else is lost."""
        gap = self._data[start:end]
        kept = gap.strip(_BLANK)
        if kept:
            where = start + gap.find(kept[:1])
            shown = kept[:40].decode("latin-1")
            text = f"{len(kept)} bytes stand outside of any interchange and were not read."
            self.findings.append(
                finding("edi.data-outside-interchange", text, offset=self._file.offset(where), value=shown)
            )
        elif start == 0 and gap:
            self._note("edi.leading-blanks", "Blanks before the ISA segment were skipped.", 0)

    def _note(self, code: str, text: str, offset: int) -> None:
        self.findings.append(finding(code, text, offset=offset))


def decode(raw: bytes, encoding: str) -> str:
    """Text of a part of an interchange; Latin-1 where its bytes are not what the rest of the file is in."""
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def find_isa(data: Source, start: int) -> tuple[int, IsaHead] | None:
    """The next ISA at or after a byte offset that sixteen separators follow.

    One in the middle of a word counts only if it is right in every respect: it may follow a cut-off file.
    """
    at = data.find(b"ISA", start)
    while at >= 0:
        mark = data[at + 3 : at + 4]
        if not mark.isalnum() and mark.strip():
            isa = read_isa(data, at)
            if isa is not None and (at == 0 or not data[at - 1 : at].isalnum() or _exact(isa)):
                return at, isa
        at = data.find(b"ISA", at + 3)
    return None


def _exact(isa: IsaHead) -> bool:
    right = all(len(e) == w for e, w in zip(isa.elements, ISA_WIDTHS, strict=True))
    return right and all(isa.elements[n].isdigit() for n in (8, 9, 11, 12))


@lru_cache(maxsize=64)
def _control_pattern(separator: bytes, terminator: bytes) -> re.Pattern[bytes]:
    """Matches the head of a control segment after a terminator; the next segment's end is searched plainly."""
    return re.compile(
        re.escape(terminator)
        + rb"([\s\x00]*)(IEA|GS|GE|ST|SE|TA1)(?="
        + re.escape(separator)
        + rb"|"
        + re.escape(terminator)
        + rb")"
    )


class _Scan:
    """Cuts one interchange into groups and sets at its control segments."""

    def __init__(self, file: Unwrapped, interchange: Interchange, start: int, limit: int) -> None:
        self.file, self.interchange, self.at, self.limit = file, interchange, start, limit
        self.data = file.data
        marks = interchange.delimiters
        self.separator = marks.element
        self.terminator = marks.terminator.encode(interchange.encoding)
        self.pattern = _control_pattern(marks.element.encode(interchange.encoding), self.terminator)
        self.group: Group | None = None
        self.set: RawSet | None = None
        self.edge = start
        self.indented = False

    def run(self) -> int:
        """Scan up to the trailer or the next interchange; returns the offset where reading goes on."""
        self.at -= len(self.terminator)
        while match := self.pattern.search(self.data, self.at, self.limit):
            start, name = match.start(2), match.group(2)
            stop = self.data.find(self.terminator, match.end(), self.limit)
            closed = stop >= 0
            stop = stop if closed else self.limit
            self.indented = self.indented or self._note_blanks(match)
            elements = self._decode(start, stop).rstrip("\r\n").split(self.separator)[1:]
            self._stray(start)
            after = stop + len(self.terminator) if closed else stop
            handle = getattr(self, "_" + name.decode().lower(), self._ignore)
            if handle(elements, start, after):
                return self._close(after)
            self.edge = after
            self.at = stop
            if not closed:
                break
        return self._end_without_trailer(self.limit)

    def _decode(self, start: int, stop: int) -> str:
        return decode(self.data[start:stop], self.interchange.encoding)

    def _note_blanks(self, match: re.Match[bytes]) -> bool:
        if not match.group(1).strip(b"\r\n"):
            return False
        text = "Blanks before a segment id were skipped."
        self.interchange.findings.append(finding("edi.blanks-before-segment", text, offset=match.start(1)))
        return True

    def _stray(self, start: int) -> None:
        """Report what stands between sets or groups and belongs to none."""
        if self.set is not None or start <= self.edge:
            return
        between = self.data[self.edge : start].strip(_BLANK)
        if between:
            holder = self.group or self.interchange
            shown = between[:40].decode("latin-1")
            text = "A segment stands between ST..SE sets where only control segments may."
            holder.findings.append(
                finding("edi.segment-outside-set", text, offset=self.edge, value=shown, segment=shown[:3])
            )

    def _ignore(self, elements: list[str], start: int, after: int) -> bool:
        return False

    def _ta1(self, elements: list[str], start: int, after: int) -> bool:
        if self.set is None:
            self.interchange.ta1.append(elements)
        return False

    def _gs(self, elements: list[str], start: int, after: int) -> bool:
        self._leave_group(start)
        self.group = Group(start, elements)
        self.interchange.groups.append(self.group)
        return False

    def _st(self, elements: list[str], start: int, after: int) -> bool:
        self._leave_set(start)
        if self.group is None:
            self.group = Group(start, [])
            text = "A transaction set stands outside of a functional group: GS is missing."
            self.group.findings.append(finding("edi.group-header-missing", text, offset=start, segment="GS"))
            self.interchange.groups.append(self.group)
        self.set = RawSet(start, 0, elements, self.file, self.interchange.encoding, after)
        self.group.sets.append(self.set)
        return False

    def _se(self, elements: list[str], start: int, after: int) -> bool:
        if self.set is None:
            holder = self.group or self.interchange
            text = "SE closes no transaction set: the ST before it is missing."
            holder.findings.append(finding("edi.set-header-missing", text, offset=start, segment="SE"))
            return False
        self.set.trailer, self.set.trailer_offset = elements, start
        self._leave_set(start, after)
        return False

    def _ge(self, elements: list[str], start: int, after: int) -> bool:
        self._leave_set(start)
        if self.group is None:
            text = "GE closes no functional group: the GS before it is missing."
            self.interchange.findings.append(finding("edi.group-header-missing", text, offset=start, segment="GE"))
            return False
        self.group.trailer, self.group.trailer_offset = elements, start
        self._leave_group(after)
        return False

    def _iea(self, elements: list[str], start: int, after: int) -> bool:
        self._leave_group(start)
        self.interchange.trailer, self.interchange.trailer_offset = elements, start
        return True

    def _leave_set(self, stop: int, after: int | None = None) -> None:
        if self.set is None:
            return
        self.set.body_stop = stop
        self.set.length = (stop if after is None else after) - self.set.offset
        self.set = None

    def _leave_group(self, stop: int) -> None:
        self._leave_set(stop)
        if self.group is not None:
            self.group.length = stop - self.group.offset
            self.group = None

    def _end_without_trailer(self, stop: int) -> int:
        if self.set is None:
            self._stray(stop)
        self._leave_group(stop)
        return self._close(stop)

    def _close(self, stop: int) -> int:
        if "\n" in self.interchange.delimiters.suffix:
            text = "A line break follows the segment terminator; it was skipped here and wherever it recurs."
            at = self.interchange.offset
            self.interchange.findings.append(finding("edi.line-break-after-terminator", text, offset=at))
        return stop
