"""What an X12 file consists of: interchanges, groups and transaction sets, as received."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from hub.edi.delimiters import Delimiters
from hub.edi.findings import MOST_FINDINGS, Finding
from hub.edi.numbers import Numbers
from hub.edi.source import Source
from hub.edi.tree import Standard, TransactionSet


@dataclass(slots=True)
class RawSet:
    """One transaction set as received.

    `offset` and `length` slice it out of the file, ST to SE inclusive; `raw` holds these bytes without the
    wrapping of a wrapped file. `header` and `trailer` are the elements of ST and SE (without the ids); `trailer`
    is None when there was none. After `validation.examine` the findings are complete, `tree` holds the structured
    document and `counted` the segments, ST and SE included. `oversize`: too long to be kept, so that nothing of
    its body was read.
    """

    start: int
    header: list[str]
    source: Source = field(repr=False)
    encoding: str
    offset: int
    length: int = 0
    raw: bytes = field(default=b"", repr=False)
    body_start: int = 0
    body_stop: int = 0
    trailer: list[str] | None = None
    trailer_offset: int = 0
    findings: list[Finding] = field(default_factory=list)
    tree: TransactionSet | None = None
    counted: int = 0
    oversize: bool = False

    @property
    def set_id(self) -> str:
        return self.header[0] if self.header else ""

    @property
    def control_number(self) -> str:
        return self.header[1] if len(self.header) > 1 else ""

    @property
    def body(self) -> str:
        """The text between ST and SE, decoded on each call."""
        return decode(self.raw[self.body_start : self.body_stop], self.encoding)

    def place(self, at: int) -> int:
        """The offset in the file of a byte of the body."""
        return self.source.place(self.start + self.body_start + at)


@dataclass(slots=True)
class Group:
    """One functional group. `header` and `trailer` are the elements of GS and GE, without the ids.

    `header` is empty where sets stand outside of any group. `received` counts the sets, also where `sets` does not
    keep them; `raw` holds the bytes of GS.
    """

    offset: int
    header: list[str]
    raw: bytes = b""
    length: int = 0
    trailer: list[str] | None = None
    trailer_offset: int = 0
    sets: list[RawSet] = field(default_factory=list)
    received: int = 0
    numbers: Numbers = field(default_factory=Numbers, repr=False)
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
    """One interchange. `isa` holds its 16 elements, padded as received; `ta1` the elements of each TA1.

    `bare`: the file began with ST or GS, so `isa` is empty text and the delimiters were guessed. `received` counts
    the groups, also where `groups` does not keep them; `raw` holds the bytes of ISA.
    """

    offset: int
    isa: list[str]
    delimiters: Delimiters
    encoding: str
    raw: bytes = b""
    bare: bool = False
    usable: bool = True
    length: int = 0
    trailer: list[str] | None = None
    trailer_offset: int = 0
    groups: list[Group] = field(default_factory=list)
    received: int = 0
    numbers: dict[tuple[str, ...], Numbers] = field(default_factory=dict, repr=False)
    ta1: list[list[str]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    standard: ClassVar[Standard] = "x12"

    @property
    def sender(self) -> tuple[str, str]:
        """Qualifier and id (ISA05, ISA06)."""
        return self.part(5), self.part(6)

    @property
    def receiver(self) -> tuple[str, str]:
        """Qualifier and id (ISA07, ISA08)."""
        return self.part(7), self.part(8)

    @property
    def control_number(self) -> str:
        """ISA13."""
        return self.part(13)

    @property
    def test(self) -> bool:
        """Whether the usage indicator (ISA15) says test."""
        return self.part(15) == "T"

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
        suffix = self.delimiters.suffix.encode()
        return suffix.join([*(head for head in (self.raw, group.raw) if head), one.raw])

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


def note(holder: RawSet | Group | Interchange, found: Finding) -> None:
    """Add a finding, unless there are so many that another one tells nobody anything."""
    if len(holder.findings) < MOST_FINDINGS:
        holder.findings.append(found)


def decode(raw: bytes, encoding: str) -> str:
    """Text of a part of an interchange; Latin-1 where its bytes are not what the rest of the file is in."""
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def is_in(raw: bytes, encoding: str) -> bool:
    """Whether bytes are text of an encoding."""
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
