"""Functional acknowledgements (997 and 999): deciding and writing ours.

A decision follows from findings alone; a gap of ours never enters into it. Whoever sends the answer allocates
its control numbers and has it written by `write_answer`. The acknowledgement of an interchange is in `ta1`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from hub.edi.findings import Finding, reported
from hub.edi.tree import Element, Loop, Segment
from hub.edi.x12.interchange import Group, Interchange, RawSet
from hub.edi.x12.writer import answer_version, reply_to, transaction_set, write

FUNCTIONAL_ACKNOWLEDGEMENT = "FA"
ACKNOWLEDGEMENT_SETS = ("997", "999")
_MOST_CODES = 5
_NO_TRAILER = "3"
_MOST_NOTES = 500
_MOST_ELEMENT_NOTES = 99
_LONGEST_COPY = 99


@dataclass(slots=True, frozen=True)
class Policy:
    """How a partner is answered, and which faults reject an interchange, group or set; all others accept it with
    errors noted.

    A fault is named by where an acknowledgement reports it, in the words of a 997 also where a 999 is sent. The
    default rejects what makes a document unreadable or incomplete (envelope of the set, order and presence of
    segments, mandatory elements) and accepts with errors what a person can still make sense of (lengths, codes,
    dates, conditions). `answer` is the set that answers: `"999"` counts from version 005010 on, where there is one;
    before it a 997 is sent. `interchange` tells when a TA1 is sent: `"requested"` (ISA14 is 1), `"always"`,
    `"errors"` or `"never"`. Of the sets in `strict_sets` every fault rejects one.
    """

    reject_set: frozenset[str] = frozenset(
        {"AK502:1", "AK502:2", "AK502:3", "AK502:4", "AK502:6", "AK502:7", "AK502:23",
         "AK304:1", "AK304:2", "AK304:3", "AK304:4", "AK304:5", "AK304:6", "AK304:7", "AK403:1"}
    )  # fmt: skip
    reject_group: frozenset[str] = frozenset({"AK905:1", "AK905:2", "AK905:6", "AK905:19"})
    accept_interchange: frozenset[str] = frozenset({"TA1:022", "TA1:024"})
    answer: Literal["997", "999"] = "997"
    interchange: Literal["requested", "always", "errors", "never"] = "requested"
    strict_sets: frozenset[str] = frozenset()


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

    `root` is the body of the acknowledgement and `answer` its set; `root` is None when the group must not be
    acknowledged (an FA group, or one without a GS). When the group as a whole is rejected, so is every set in it.
    """

    functional_id: str
    control_number: str
    version: str
    code: str
    sets: list[SetDecision]
    codes: list[str]
    root: Loop | None = None
    answer: str = "997"

    @property
    def accepted(self) -> bool:
        return self.code != "R"


def acknowledge(interchange: Interchange, policy: Policy | None = None) -> list[GroupDecision]:
    """Decide on every group of a judged interchange, in order; see `acknowledge_group`."""
    return [acknowledge_group(group, policy) for group in interchange.groups]


def acknowledge_group(group: Group, policy: Policy | None = None) -> GroupDecision:
    """Decide on a judged group and make the body of the 997 or 999 that says so.

    AK2 loops name every set; AK3 and AK4 (IK3 and IK4) only standard errors, in the order of the document.
    """
    policy = policy or Policy()
    sets = [_decide_set(one, policy) for one in group.sets]
    codes = reported(group.findings, "AK905")
    if group.torn and _NO_TRAILER not in codes:
        codes.append(_NO_TRAILER)
    if any(f"AK905:{code}" in policy.reject_group for code in codes):
        code = "R"
        for one in sets:
            one.code = "R"
    else:
        code = _group_code(sets, bool(codes))
    decision = GroupDecision(group.functional_id, group.control_number, group.version, code, sets, codes[:_MOST_CODES])
    if group.is_real and group.functional_id != FUNCTIONAL_ACKNOWLEDGEMENT:
        newer = policy.answer == "999" and answer_version(group.version) >= "005010"
        decision.answer = "999" if newer else "997"
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
    """The answer to a group as an interchange, in the inbound version and delimiters, back to the sender.

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
    answer = transaction_set(decision.answer, decision.root, set_control_number, envelope.version)
    return write([answer], envelope, replacement=" ")


def _group_code(sets: list[SetDecision], noted: bool) -> str:
    rejected = sum(one.code == "R" for one in sets)
    if rejected:
        return "R" if rejected == len(sets) else "P"
    return "E" if noted or any(one.code == "E" for one in sets) else "A"


def _decide_set(one: RawSet, policy: Policy) -> SetDecision:
    errors = [f for f in one.findings if f.is_error and f.ack_segment in ("AK304", "AK403", "AK502")]
    rejected = any(f"{f.ack_segment}:{f.ack_code}" in policy.reject_set for f in errors)
    codes = reported(errors, "AK502")
    if any(f.ack_segment != "AK502" for f in errors) and "5" not in codes:
        codes.append("5")
    code = "R" if rejected or (errors and one.set_id in policy.strict_sets) else "E" if errors else "A"
    return SetDecision(one.set_id, one.control_number, code, errors, codes[:_MOST_CODES])


def _body(group: Group, decision: GroupDecision) -> Loop:
    newer = decision.answer == "999"
    header: list[Element] = ["AK1", _fit(group.functional_id, 2, 2), _digits(group.control_number, 9)]
    if newer:
        header.append(group.version[:12])
    root = Loop(decision.answer, [tuple(header)])
    for one in decision.sets:
        loop = Loop("AK2", [("AK2", _fit(one.set_id, 3, 3), _fit(one.control_number, 4, 9))])
        loop.children += _notes(one.errors, newer)
        loop.children.append(("IK5" if newer else "AK5", one.code, *one.codes))
        root.children.append(loop)
    accepted = sum(one.accepted for one in decision.sets)
    received = len(decision.sets)
    included = _digits(group.trailer[0], 6) if group.trailer else str(received)
    root.children.append(("AK9", decision.code, included, str(received), str(accepted), *decision.codes))
    return root


def _notes(errors: list[Finding], newer: bool) -> list[Segment | Loop]:
    """AK3 loops: one per faulty segment and segment code; element faults gather under one with code 8.

    In a 999 they are IK3 loops, and each IK4 is a loop too.
    """
    loops: list[Segment | Loop] = []
    gathered: tuple[int, Loop] | None = None
    for fault in sorted((f for f in errors if f.ack_segment != "AK502"), key=lambda f: f.position):
        if len(loops) >= _MOST_NOTES:
            break
        code = fault.ack_code or ""
        if fault.ack_segment == "AK304":
            loops.append(_segment_note(fault, code, newer))
            continue
        if gathered is None or gathered[0] != fault.position:
            gathered = fault.position, _segment_note(fault, "8", newer)
            loops.append(gathered[1])
        if len(gathered[1].children) <= _MOST_ELEMENT_NOTES:
            segment = _element_note(fault, newer)
            gathered[1].children.append(Loop("IK4", [segment]) if newer else segment)
    return loops


def _segment_note(fault: Finding, code: str, newer: bool) -> Loop:
    name = "IK3" if newer else "AK3"
    position = str(min(fault.position, 999_999))
    return Loop(name, [(name, _fit(fault.segment, 2, 3), position, _printable(fault.loop)[:4], code)])


def _element_note(fault: Finding, newer: bool) -> Segment:
    place: Element = str(fault.element)
    if fault.component:
        place = (str(fault.element), str(fault.component))
    reference = fault.reference if fault.reference.isdigit() else ""
    copy = _printable(fault.value)[:_LONGEST_COPY]
    segment = ("IK4" if newer else "AK4", place, reference, fault.ack_code or "", copy)
    return segment if copy.strip() else segment[:-1]


def _printable(value: str) -> str:
    return "".join(c for c in value if c.isprintable())


def _fit(value: str, least: int, most: int) -> str:
    """A received id in the length its element demands, so that even a nonsense one can be answered."""
    shown = "".join(c for c in value if c.isascii() and c.isalnum())[:most]
    return shown.rjust(least, "0")


def _digits(value: str, most: int) -> str:
    return value if value.isascii() and value.isdigit() and len(value) <= most else "0"
