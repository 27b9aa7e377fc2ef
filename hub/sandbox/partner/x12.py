"""The partner's own small X12: writes interchanges, reads back what the hub answers.

It knows no grammar. It takes delimiters from the ISA, checks envelopes and counts, and leaves the meaning of a set to
`answers.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

Segment = list[str]

ELEMENT, COMPONENT, TERMINATOR = "*", ">", "~"


@dataclass
class Party:
    """An interchange id with its qualifier, as in ISA05/06."""

    qualifier: str
    identity: str


def write_set(code: str, control: str, body: list[Segment], declared: int | None = None) -> list[Segment]:
    """ST .. SE around `body`. `declared` writes a wrong SE01 on purpose."""
    count = len(body) + 2 if declared is None else declared
    return [["ST", code, control], *body, ["SE", str(count), control]]


def write_group(
    functional: str, sender: Party, receiver: Party, control: int, when: datetime, sets: list[list[Segment]]
) -> list[Segment]:
    head = ["GS", functional, sender.identity, receiver.identity, when.strftime("%Y%m%d"), when.strftime("%H%M"),
            str(control), "X", "004010"]  # fmt: skip
    return [head, *(segment for one in sets for segment in one), ["GE", str(len(sets)), str(control)]]


def write_interchange(
    sender: Party, receiver: Party, control: int, when: datetime, groups: list[list[Segment]], test: bool = False
) -> bytes:
    isa = ["ISA", "00", " " * 10, "00", " " * 10, sender.qualifier, sender.identity.ljust(15), receiver.qualifier,
           receiver.identity.ljust(15), when.strftime("%y%m%d"), when.strftime("%H%M"), "U", "00401",
           f"{control:09d}", "0", "T" if test else "P", COMPONENT]  # fmt: skip
    segments = [isa, *(segment for group in groups for segment in group), ["IEA", str(len(groups)), f"{control:09d}"]]
    return "".join(ELEMENT.join(segment).rstrip(ELEMENT) + TERMINATOR + "\n" for segment in segments).encode("latin-1")


@dataclass
class TransactionSet:
    code: str
    control: str
    segments: list[Segment]


@dataclass
class Group:
    header: Segment
    sets: list[TransactionSet] = field(default_factory=list)


@dataclass
class Interchange:
    header: Segment
    groups: list[Group] = field(default_factory=list)

    @property
    def control(self) -> str:
        return self.header[13]


class Unreadable(Exception):
    """The bytes are not an X12 interchange."""


def read(data: bytes) -> tuple[list[Interchange], list[str]]:
    """The interchanges in `data` and every fault of their envelopes, counts and control numbers."""
    text = data.decode("latin-1")
    faults: list[str] = []
    found: list[Interchange] = []
    while text := text.lstrip("\r\n \0"):
        if not text.startswith("ISA") or len(text) < 106:
            raise Unreadable(f"expected an ISA of 106 characters, found {text[:20]!r}")
        element, terminator = text[3], text[105]
        header = text[:105].split(element)
        if len(header) != 17:
            raise Unreadable(f"ISA has {len(header) - 1} elements, not 16")
        end = text.find(f"IEA{element}")
        stop = text.find(terminator, end)
        if end < 0 or stop < 0:
            raise Unreadable("the interchange has no IEA")
        segments = [part.strip("\r\n").split(element) for part in text[106:stop].split(terminator) if part.strip()]
        found.append(_interchange(header, segments, faults))
        text = text[stop + 1 :]
    return found, faults


def _interchange(header: Segment, segments: list[Segment], faults: list[str]) -> Interchange:
    made = Interchange(header)
    where = f"interchange {made.control}"
    group: Group | None = None
    current: TransactionSet | None = None
    for segment in segments:
        tag = segment[0]
        if tag == "GS":
            group = Group(segment)
            made.groups.append(group)
        elif tag == "GE" and group is not None:
            _expect(faults, f"{where} GE01", _at(segment, 1), str(len(group.sets)))
            _expect(faults, f"{where} GE02", _at(segment, 2), _at(group.header, 6))
            group = None
        elif tag == "IEA":
            _expect(faults, f"{where} IEA01", _at(segment, 1), str(len(made.groups)))
            _expect(faults, f"{where} IEA02", _at(segment, 2), made.control)
        elif tag == "ST":
            current = TransactionSet(_at(segment, 1), _at(segment, 2), [segment])
            if group is None:
                faults.append(f"{where}: ST {current.control} stands outside a group")
            else:
                group.sets.append(current)
        elif current is not None:
            current.segments.append(segment)
            if tag == "SE":
                _expect(faults, f"{where} SE01 of {current.control}", _at(segment, 1), str(len(current.segments)))
                _expect(faults, f"{where} SE02", _at(segment, 2), current.control)
                current = None
        else:
            faults.append(f"{where}: {tag} stands outside a set")
    if current is not None or group is not None:
        faults.append(f"{where}: a set or group is not closed")
    return made


def _expect(faults: list[str], where: str, found: str, wanted: str) -> None:
    same = int(found) == int(wanted) if found.isdigit() and wanted.isdigit() else found == wanted
    if not same:
        faults.append(f"{where} is {found!r}, should be {wanted!r}")


def _at(segment: Segment, position: int) -> str:
    return segment[position] if position < len(segment) else ""


def at(segment: Segment | None, position: int) -> str:
    """An element by its position (BEG03 is 3), empty when it or the segment is not there."""
    return "" if segment is None else _at(segment, position)


def sscc_valid(text: str) -> bool:
    """An SSCC-18, with or without its application identifier 00."""
    digits = text[2:] if len(text) == 20 and text.startswith("00") else text
    if len(digits) != 18 or not digits.isdigit():
        return False
    body = [int(digit) for digit in reversed(digits[:-1])]
    return -(3 * sum(body[0::2]) + sum(body[1::2])) % 10 == int(digits[-1])
