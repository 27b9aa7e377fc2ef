"""Acknowledgements that a partner sends: what a 997, a 999 or a TA1 says of what we sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.edi.tree import Loop, Segment, TransactionSet, element


@dataclass(slots=True)
class ReceivedSet:
    """What a 997 or 999 says of one set of ours (AK2): `codes` from AK5, `errors` from AK3 and AK4 in words."""

    set_id: str
    control_number: str
    code: str = ""
    codes: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def accepted(self) -> bool:
        return self.code in ("A", "E")


@dataclass(slots=True)
class ReceivedAcknowledgement:
    """A partner's 997 or 999: which group of ours (`functional_id` + `control_number` are its GS01 + GS06) and how.

    `code` is AK901. A set that AK2 does not name shares the group's fate: use `accepts`.
    """

    functional_id: str
    control_number: str
    code: str = ""
    included: str = ""
    received: str = ""
    accepted_count: str = ""
    codes: list[str] = field(default_factory=list)
    sets: list[ReceivedSet] = field(default_factory=list)

    @property
    def accepted(self) -> bool:
        """Whether the whole group was accepted (with or without errors noted)."""
        return self.code in ("A", "E")

    def accepts(self, set_id: str, control_number: str) -> bool:
        """Whether one of our sets was accepted."""
        for one in self.sets:
            if (one.set_id, one.control_number) == (set_id, control_number):
                return one.accepted
        return self.accepted


def read_acknowledgement(document: TransactionSet) -> ReceivedAcknowledgement:
    """Read the tree of an inbound 997 or 999. What it does not say is left empty; nothing raises on its content."""
    root = document.root
    first = next(root.segments("AK1"), ("AK1",))
    result = ReceivedAcknowledgement(_text(first, 1), _text(first, 2))
    for loop in root.loops("AK2"):
        one = ReceivedSet(_text(loop.trigger, 1), _text(loop.trigger, 2))
        for last in (*loop.segments("AK5"), *loop.segments("IK5")):
            one.code, one.codes = _text(last, 1), _rest(last, 2)
        notes = (*loop.loops("AK3"), *loop.loops("IK3"))
        one.errors = [text for note in notes for text in _in_words(note)]
        result.sets.append(one)
    for last in root.segments("AK9"):
        result.code, result.codes = _text(last, 1), _rest(last, 5)
        result.included, result.received, result.accepted_count = (_text(last, n) for n in (2, 3, 4))
    return result


def _text(segment: Segment, number: int) -> str:
    return str(element(segment, number, 1))


def _rest(segment: Segment, start: int) -> list[str]:
    return [code for n in range(start, len(segment)) if (code := _text(segment, n))]


def _in_words(note: Loop) -> list[str]:
    """One sentence per AK4, or one for an AK3 that stands alone."""
    segment, position, code = (_text(note.trigger, n) for n in (1, 2, 4))
    where = f"segment {position} ({segment})"
    faults = []
    for one in (*note.segments("AK4"), *(inner.trigger for inner in note.loops("IK4"))):
        number, part = str(element(one, 1, 1)), str(element(one, 1, 2))
        place = f"element {number}" + (f" component {part}" if part else "")
        faults.append(f"{where}, {place}: {ELEMENT_ERRORS.get(_text(one, 3), 'error')} ({_text(one, 3)})")
    return faults or [f"{where}: {SEGMENT_ERRORS.get(code, 'error')} ({code})"]


@dataclass(slots=True, frozen=True)
class ReceivedInterchangeAcknowledgement:
    """A partner's TA1: which interchange of ours (its ISA13), `code` A, E or R, and the note code ("000": no fault)."""

    control_number: str
    date: str
    time: str
    code: str
    note: str

    @property
    def accepted(self) -> bool:
        return self.code in ("A", "E")


def read_interchange_acknowledgement(elements: Sequence[str]) -> ReceivedInterchangeAcknowledgement:
    """Read the elements of a TA1 (`Interchange.ta1`). What it does not say is left empty."""
    five = [text.strip() for text in (*elements, "", "", "", "", "")[:5]]
    return ReceivedInterchangeAcknowledgement(*five)


SEGMENT_ERRORS = {
    "1": "unrecognised segment id", "2": "unexpected segment", "3": "mandatory segment missing",
    "4": "loop occurs too often", "5": "segment occurs too often", "6": "segment not in this set",
    "7": "segment out of sequence", "8": "segment has element errors",
}  # fmt: skip
ELEMENT_ERRORS = {
    "1": "mandatory element missing", "2": "conditional element missing", "3": "too many elements",
    "4": "value too short", "5": "value too long", "6": "invalid character", "7": "invalid code",
    "8": "invalid date", "9": "invalid time", "10": "exclusion condition broken",
    "12": "too many repetitions", "13": "too many components",
}  # fmt: skip
INTERCHANGE_NOTES = {
    "001": "IEA02 is not ISA13", "002": "ISA11 names an unsupported standard", "003": "unsupported version in ISA12",
    "004": "invalid segment terminator", "005": "invalid sender qualifier", "006": "invalid or unknown sender",
    "007": "invalid receiver qualifier", "008": "invalid receiver", "009": "the receiver is unknown",
    "010": "invalid authorisation qualifier", "011": "invalid authorisation", "012": "invalid security qualifier",
    "013": "invalid security information", "014": "invalid date in ISA09", "015": "invalid time in ISA10",
    "016": "invalid ISA11", "017": "invalid version in ISA12", "018": "invalid control number",
    "019": "invalid ISA14", "020": "invalid usage indicator", "021": "wrong number of groups",
    "022": "invalid structure", "023": "the file ends before IEA", "024": "invalid content", "025": "received before",
    "026": "invalid element separator", "027": "invalid component separator", "028": "invalid delivery date",
    "029": "invalid delivery time", "030": "invalid delivery time code", "031": "invalid grade of service",
}  # fmt: skip
