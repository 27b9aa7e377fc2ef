"""Functional acknowledgements (997): deciding and writing ours, reading a partner's.

A decision follows from findings alone; a gap of ours never enters into it. Whoever sends the answer allocates
its control numbers and has it written by `write_answer`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from hub.edi.findings import Finding
from hub.edi.tree import Element, Loop, Segment, TransactionSet, element
from hub.edi.x12.interchange import Group, Interchange, RawSet
from hub.edi.x12.writer import reply_to, transaction_set, write

FUNCTIONAL_ACKNOWLEDGEMENT = "FA"
_MOST_CODES = 5
_MOST_NOTES = 500
_MOST_ELEMENT_NOTES = 99
_LONGEST_COPY = 99


@dataclass(slots=True, frozen=True)
class Policy:
    """Which faults reject a set or group; all others accept it with errors noted.

    A fault is named by where a 997 reports it. The default rejects what makes a document unreadable or
    incomplete (envelope of the set, order and presence of segments, mandatory elements) and accepts with
    errors what a person can still make sense of (lengths, codes, dates, conditions).
    """

    reject_set: frozenset[str] = frozenset(
        {"AK502:1", "AK502:2", "AK502:3", "AK502:4", "AK502:6", "AK502:7", "AK502:23",
         "AK304:1", "AK304:2", "AK304:3", "AK304:4", "AK304:5", "AK304:6", "AK304:7", "AK403:1"}
    )  # fmt: skip
    reject_group: frozenset[str] = frozenset({"AK905:1", "AK905:2", "AK905:6", "AK905:19"})


STRICT = Policy(
    reject_set=Policy().reject_set | {f"AK403:{n}" for n in range(2, 14)},
    reject_group=Policy().reject_group | {"AK905:3", "AK905:4", "AK905:5"},
)


@dataclass(slots=True)
class SetDecision:
    """What is said of one set: `code` A (accepted), E (accepted, errors noted) or R (rejected)."""

    set_id: str
    control_number: str
    code: str
    errors: list[Finding]
    codes: list[str]

    @property
    def accepted(self) -> bool:
        return self.code != "R"


@dataclass(slots=True)
class GroupDecision:
    """What is said of a group: `code` A, E, P (partly accepted) or R, and of its sets in order.

    `root` is the body of the 997; None when the group must not be acknowledged (an FA group, or one without
    a GS). When the group as a whole is rejected, so is every set in it.
    """

    functional_id: str
    control_number: str
    version: str
    code: str
    sets: list[SetDecision]
    codes: list[str]
    root: Loop | None = None

    @property
    def accepted(self) -> bool:
        return self.code != "R"


def acknowledge(interchange: Interchange, policy: Policy | None = None) -> list[GroupDecision]:
    """Decide on every group of a judged interchange, in order; see `acknowledge_group`."""
    return [acknowledge_group(group, policy) for group in interchange.groups]


def acknowledge_group(group: Group, policy: Policy | None = None) -> GroupDecision:
    """Decide on a judged group and make the 997 body that says so.

    AK2 loops name every set; AK3 and AK4 only standard errors, in the order of the document.
    """
    policy = policy or Policy()
    sets = [_decide_set(one, policy) for one in group.sets]
    reported = _codes(group.findings, "AK905")
    if any(f"AK905:{code}" in policy.reject_group for code in reported):
        code = "R"
        for one in sets:
            one.code = "R"
    else:
        code = _group_code(sets, bool(reported))
    decision = GroupDecision(
        group.functional_id, group.control_number, group.version, code, sets, reported[:_MOST_CODES]
    )
    if group.header and group.functional_id != FUNCTIONAL_ACKNOWLEDGEMENT:
        decision.root = _body(group, decision)
    return decision


def write_answer(
    decision: GroupDecision,
    interchange: Interchange,
    group: Group,
    *,
    interchange_control_number: int,
    group_control_number: int,
    set_control_number: str = "0001",
    when: datetime,
) -> bytes:
    """The 997 of a decision as an interchange, in the inbound version and delimiters, back to the sender.

    A delimiter in a value that is quoted back becomes a blank. Raises EdiError where the inbound envelope
    holds no ids to answer to, and ValueError for a decision that is not to be answered (`root` is None).
    """
    if decision.root is None:
        raise ValueError("this group must not be acknowledged")
    envelope = reply_to(
        interchange,
        group,
        interchange_control_number=interchange_control_number,
        group_control_number=group_control_number,
        when=when,
    )
    answer = transaction_set("997", decision.root, set_control_number, envelope.version)
    return write([answer], envelope, replacement=" ")


def _group_code(sets: list[SetDecision], noted: bool) -> str:
    rejected = sum(one.code == "R" for one in sets)
    if rejected:
        return "R" if rejected == len(sets) else "P"
    return "E" if noted or any(one.code == "E" for one in sets) else "A"


def _decide_set(one: RawSet, policy: Policy) -> SetDecision:
    errors = [f for f in one.findings if f.is_error and f.ack_segment in ("AK304", "AK403", "AK502")]
    rejected = any(f"{f.ack_segment}:{f.ack_code}" in policy.reject_set for f in errors)
    codes = _codes(errors, "AK502")
    if any(f.ack_segment != "AK502" for f in errors) and "5" not in codes:
        codes.append("5")
    code = "R" if rejected else "E" if errors else "A"
    return SetDecision(one.set_id, one.control_number, code, errors, codes[:_MOST_CODES])


def _codes(findings: Iterable[Finding], where: str) -> list[str]:
    """The distinct codes reported in one place, in the order met."""
    return list(dict.fromkeys(f.ack_code for f in findings if f.ack_segment == where and f.ack_code))


def _body(group: Group, decision: GroupDecision) -> Loop:
    header: list[Element] = ["AK1", _fit(group.functional_id, 2, 2), _digits(group.control_number, 9)]
    root = Loop("997", [tuple(header)])
    for one in decision.sets:
        loop = Loop("AK2", [("AK2", _fit(one.set_id, 3, 3), _fit(one.control_number, 4, 9))])
        loop.children += _notes(one.errors)
        loop.children.append(("AK5", one.code, *one.codes))
        root.children.append(loop)
    accepted = sum(one.accepted for one in decision.sets)
    received = len(decision.sets)
    included = _digits(group.trailer[0], 6) if group.trailer else str(received)
    root.children.append(("AK9", decision.code, included, str(received), str(accepted), *decision.codes))
    return root


def _notes(errors: list[Finding]) -> list[Segment | Loop]:
    """AK3 loops: one per faulty segment and segment code; element faults gather under one with code 8."""
    loops: list[Segment | Loop] = []
    gathered: tuple[int, Loop] | None = None
    for fault in sorted((f for f in errors if f.ack_segment != "AK502"), key=lambda f: f.position):
        if len(loops) >= _MOST_NOTES:
            break
        code = fault.ack_code or ""
        if fault.ack_segment == "AK304":
            loops.append(Loop("AK3", [_ak3(fault, code)]))
            continue
        if gathered is None or gathered[0] != fault.position:
            gathered = fault.position, Loop("AK3", [_ak3(fault, "8")])
            loops.append(gathered[1])
        if len(gathered[1].children) <= _MOST_ELEMENT_NOTES:
            gathered[1].children.append(_ak4(fault))
    return loops


def _ak3(fault: Finding, code: str) -> Segment:
    position = str(min(fault.position, 999_999))
    return ("AK3", _fit(fault.segment, 2, 3), position, _printable(fault.loop)[:4], code)


def _ak4(fault: Finding) -> Segment:
    place: Element = str(fault.element)
    if fault.component:
        place = (str(fault.element), str(fault.component))
    reference = fault.reference if fault.reference.isdigit() else ""
    copy = _printable(fault.value)[:_LONGEST_COPY]
    segment = ("AK4", place, reference, fault.ack_code or "", copy)
    return segment if copy.strip() else segment[:-1]


def _printable(value: str) -> str:
    return "".join(c for c in value if c.isprintable())


def _fit(value: str, least: int, most: int) -> str:
    """A received id in the length its element demands, so that even a nonsense one can be answered."""
    shown = "".join(c for c in value if c.isascii() and c.isalnum())[:most]
    return shown.rjust(least, "0")


def _digits(value: str, most: int) -> str:
    return value if value.isascii() and value.isdigit() and len(value) <= most else "0"


@dataclass(slots=True)
class ReceivedSet:
    """What a partner's 997 says of one set of ours (AK2): `codes` from AK5, `errors` from AK3/AK4 in words."""

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
    """A partner's 997: which group of ours (`functional_id` + `control_number` are its GS01 + GS06) and how.

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
    """Read an inbound 997 tree. What it does not say is left empty; nothing raises on its content."""
    root = document.root
    first = next(root.segments("AK1"), ("AK1",))
    result = ReceivedAcknowledgement(_text(first, 1), _text(first, 2))
    for loop in root.loops("AK2"):
        one = ReceivedSet(_text(loop.trigger, 1), _text(loop.trigger, 2))
        for last in loop.segments("AK5"):
            one.code, one.codes = _text(last, 1), _rest(last, 2)
        one.errors = [text for note in loop.loops("AK3") for text in _in_words(note)]
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
    for one in note.segments("AK4"):
        number, part = str(element(one, 1, 1)), str(element(one, 1, 2))
        place = f"element {number}" + (f" component {part}" if part else "")
        faults.append(f"{where}, {place}: {ELEMENT_ERRORS.get(_text(one, 3), 'error')} ({_text(one, 3)})")
    return faults or [f"{where}: {SEGMENT_ERRORS.get(code, 'error')} ({code})"]


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
