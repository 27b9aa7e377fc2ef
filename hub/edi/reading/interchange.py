"""What a file of either syntax consists of, as received: interchanges, groups and sets. Each syntax adds its own.

Each of them is one of a kind: two that say the same are not equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from hub.edi.delimiters import Delimiters
from hub.edi.findings import MOST_FINDINGS, Finding
from hub.edi.reading.source import Source
from hub.edi.tree import TransactionSet

S = TypeVar("S", bound="BaseSet")
G = TypeVar("G", bound="BaseGroup[Any]")


@dataclass(slots=True, eq=False)
class BaseSet:
    """One transaction set or message.

    `offset` and `length` slice it out of the file, header to trailer inclusive; `raw` holds these bytes without the
    wrapping of a wrapped file. Once it is judged the findings are complete, `tree` holds the structured document and
    `counted` the segments, header and trailer included. `oversize`: too long to be kept, so that nothing of its body
    was read.
    """

    start: int
    source: Source = field(repr=False)
    encoding: str
    offset: int
    length: int = 0
    raw: bytes = field(default=b"", repr=False)
    body_start: int = 0
    body_stop: int = 0
    trailer_offset: int = 0
    findings: list[Finding] = field(default_factory=list)
    tree: TransactionSet | None = None
    counted: int = 0
    oversize: bool = False

    @property
    def body(self) -> str:
        """The text between header and trailer, decoded on each call."""
        return decode(self.raw[self.body_start : self.body_stop], self.encoding)

    def place(self, at: int) -> int:
        """The offset in the file of a byte of the body."""
        return self.source.place(self.start + self.body_start + at)


@dataclass(slots=True, eq=False)
class BaseGroup(Generic[S]):
    """One functional group. `received` counts its sets, also where `sets` does not keep them; `raw` holds the bytes of
    its head."""

    offset: int
    raw: bytes = b""
    length: int = 0
    trailer_offset: int = 0
    sets: list[S] = field(default_factory=list)
    received: int = 0
    findings: list[Finding] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class BaseInterchange(Generic[G, S]):
    """One interchange. `received` counts its groups, also where `groups` does not keep them; `raw` holds the bytes of
    its head."""

    offset: int
    delimiters: Delimiters
    encoding: str
    raw: bytes = b""
    length: int = 0
    trailer_offset: int = 0
    groups: list[G] = field(default_factory=list)
    received: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def sets(self) -> Iterator[S]:
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

    def alone(self, group: G, one: S) -> bytes:
        """A set with the heads of its envelopes, without trailers, which can be read by itself.

        These are the bytes as received, except that a wrapped file is unwrapped: its line breaks mean nothing
        once the set is cut out.
        """
        suffix = self.delimiters.suffix.encode()
        return suffix.join([*(head for head in (self.raw, group.raw) if head), one.raw])


class Holder(Protocol):
    """What findings are about: a set, a group or an interchange."""

    findings: list[Finding]


def note(holder: Holder, found: Finding) -> None:
    """Add a finding, unless there are so many that another one tells nobody anything."""
    if len(holder.findings) < MOST_FINDINGS:
        holder.findings.append(found)


def decode(raw: bytes, encoding: str) -> str:
    """Text of a part of an interchange; Latin-1 where its bytes are not what the rest of it is in."""
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
