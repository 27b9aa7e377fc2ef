"""Syntax reports (CONTRL): deciding and writing ours.

A decision follows from findings alone; a gap of ours never enters into it. Whoever sends the answer allocates its
references and has it written by `write_answer`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from hub.edi.edifact.interchange import NO_SEGMENT, Group, Interchange, Message
from hub.edi.edifact.validation import CONTRL, contrl_version
from hub.edi.edifact.writer import message, reply_to, write
from hub.edi.findings import Finding, reported
from hub.edi.tree import Element, Loop, Segment, element

REJECTED, ACKNOWLEDGED = "4", "7"
_MOST_SEGMENTS = 999
_MOST_ELEMENTS = 99
_MISSING = "13"


@dataclass(slots=True, frozen=True)
class Policy:
    """Which faults reject a message, a group or an interchange; all others are reported and accepted.

    A fault is named by where a CONTRL reports it. The default rejects what makes a document unreadable or
    incomplete (references and counts of the message, order and presence of segments, mandatory elements) and
    accepts what a person can still make sense of (lengths, codes, dates). Of the interchange it rejects what says
    that it may not be whole or not for us. Of the messages in `strict_sets` every fault rejects one.
    """

    reject_message: frozenset[str] = frozenset(
        {
            "UCM:12",
            "UCM:13",
            "UCM:15",
            "UCM:18",
            "UCM:26",
            "UCM:28",
            "UCM:29",
            "UCS:13",
            "UCS:15",
            "UCS:35",
            "UCS:36",
            "UCD:13",
        }
    )
    reject_group: frozenset[str] = frozenset({"UCF:13", "UCF:26"})
    reject_interchange: frozenset[str] = frozenset({"UCI:2", "UCI:7", "UCI:13", "UCI:23", "UCI:25", "UCI:26"})
    strict_sets: frozenset[str] = frozenset()


STRICT = Policy(
    reject_message=Policy().reject_message | {f"{s}:{n}" for s in ("UCM", "UCS", "UCD") for n in range(12, 52)},
    reject_group=Policy().reject_group | {f"UCF:{n}" for n in range(12, 52)},
    reject_interchange=Policy().reject_interchange | {f"UCI:{n}" for n in range(12, 52)},
)


@dataclass(slots=True)
class MessageDecision:
    """What is said of one message: `code` 7 (acknowledged, errors may be noted) or 4 (rejected).

    `codes` are the faults of the message as a whole, `errors` those of its segments and elements too.
    """

    header: Segment
    set_id: str
    control_number: str
    code: str
    errors: list[Finding]
    codes: list[str]

    @property
    def accepted(self) -> bool:
        return self.code != REJECTED


@dataclass(slots=True)
class GroupDecision:
    """What is said of a functional group, or of the messages in none; when it is rejected, so are they all."""

    group: Group
    code: str
    sets: list[MessageDecision]
    codes: list[str]


@dataclass(slots=True)
class InterchangeDecision:
    """What is said of an interchange: `code` 7 or 4; when it is rejected, so is everything in it.

    `root` is the body of the CONTRL; None when there must be none: the interchange holds nothing but CONTRL, or
    does not say whom to answer.
    """

    control_number: str
    code: str
    groups: list[GroupDecision]
    codes: list[str]
    root: Loop | None = None

    @property
    def accepted(self) -> bool:
        return self.code != REJECTED

    @property
    def sets(self) -> list[MessageDecision]:
        return [one for group in self.groups for one in group.sets]


def acknowledge(
    interchange: Interchange, policy: Policy | None = None, extra: Iterable[str] = ()
) -> InterchangeDecision:
    """Decide on a judged interchange and make the body of the CONTRL that says so.

    `extra` are codes of data element 0085 that only the caller can know, such as 7 (not for us), 23 (sender
    unknown) or 26 (received before). Each message is named; segments and elements only where they have errors. A
    CONTRL in the interchange is left out: it is never answered.
    """
    policy = policy or Policy()
    codes = [*extra, *reported(interchange.findings, "UCI")]
    groups = [_decide_group(group, policy) for group in interchange.groups]
    code = REJECTED if any(f"UCI:{one}" in policy.reject_interchange for one in codes) else ACKNOWLEDGED
    if code == REJECTED:
        for group in groups:
            _reject(group)
    decision = InterchangeDecision(interchange.control_number, code, groups, codes)
    answerable = interchange.header is not NO_SEGMENT and any(one.set_id != CONTRL for one in decision.sets)
    if answerable or (interchange.header is not NO_SEGMENT and not decision.sets):
        decision.root = _body(interchange, decision)
    return decision


def write_answer(
    decision: InterchangeDecision, interchange: Interchange, *, control_reference: str, when: datetime,
    message_reference: str = "1",
) -> bytes:  # fmt: skip
    """The CONTRL of a decision as an interchange, in the inbound syntax version and delimiters, back to the sender.

    A character that the inbound character set lacks becomes a blank. Raises EdiError where the inbound envelope
    holds no ids to answer to, and ValueError for a decision that is not to be answered (`root` is None).
    """
    if decision.root is None:
        raise ValueError("this interchange must not be acknowledged")
    envelope = reply_to(interchange, control_reference=control_reference, when=when)
    answer = message(CONTRL, decision.root, message_reference, contrl_version(envelope.syntax_version))
    return write([answer], envelope, replacement=" ")


def _reject(group: GroupDecision) -> None:
    group.code = REJECTED
    for one in group.sets:
        one.code = REJECTED


def _decide_group(group: Group, policy: Policy) -> GroupDecision:
    codes = reported(group.findings, "UCF")
    decision = GroupDecision(group, ACKNOWLEDGED, [_decide_message(one, policy) for one in group.sets], codes)
    if any(f"UCF:{code}" in policy.reject_group for code in codes):
        _reject(decision)
    return decision


def _decide_message(one: Message, policy: Policy) -> MessageDecision:
    errors = [f for f in one.findings if f.is_error and f.ack_segment in ("UCM", "UCS", "UCD")]
    rejected = any(f"{f.ack_segment}:{f.ack_code}" in policy.reject_message for f in errors)
    code = REJECTED if rejected or (errors and one.set_id in policy.strict_sets) else ACKNOWLEDGED
    return MessageDecision(one.header, one.set_id, one.control_number, code, errors, reported(errors, "UCM"))


def _body(interchange: Interchange, decision: InterchangeDecision) -> Loop:
    unb = interchange.header
    start: Segment = (
        "UCI", _fit(interchange.control_number, 14), element(unb, 2) or "0", element(unb, 3) or "0", decision.code,
        *decision.codes[:1],
    )  # fmt: skip
    root = Loop(CONTRL, [start])
    loose = [group for group in decision.groups if not group.group.is_real]
    grouped = [group for group in decision.groups if group.group.is_real]
    for group in loose if decision.accepted else []:
        root.children += [_response(one, "SG1", "SG2") for one in group.sets if one.set_id != CONTRL]
    root.children += [_group_response(group) for group in (grouped if decision.accepted else [])]
    return root


def _group_response(decision: GroupDecision) -> Loop:
    ung = decision.group.header
    start: Segment = (
        "UCF", _fit(decision.group.control_number, 14), element(ung, 2) or "0", element(ung, 3) or "0", decision.code,
        *decision.codes[:1],
    )  # fmt: skip
    loop = Loop("SG3", [start])
    if decision.code != REJECTED:
        loop.children += [_response(one, "SG4", "SG5") for one in decision.sets if one.set_id != CONTRL]
    return loop


def _response(one: MessageDecision, name: str, inner: str) -> Loop:
    identifier = tuple(_fit(str(element(one.header, 2, n)), most) for n, most in ((1, 6), (2, 3), (3, 3), (4, 3)))
    association = str(element(one.header, 2, 5))[:6]
    start: Segment = (
        "UCM", _fit(one.control_number, 14), (*identifier, association), one.code, *one.codes[:1],
    )  # fmt: skip
    return Loop(name, [start, *_segment_errors(one.errors, inner)])


def _segment_errors(errors: list[Finding], name: str) -> list[Segment | Loop]:
    """UCS groups: one per faulty segment and segment code; element faults gather under one without a code.

    A missing segment is reported at the last one before the place where it should stand.
    """
    loops: list[Segment | Loop] = []
    gathered: tuple[int, Loop] | None = None
    for fault in sorted((f for f in errors if f.ack_segment != "UCM"), key=lambda f: f.position):
        if len(loops) >= _MOST_SEGMENTS:
            break
        code = fault.ack_code or ""
        if fault.ack_segment == "UCS":
            before = code == _MISSING and fault.position > 1
            loops.append(Loop(name, [("UCS", str(fault.position - before), code)]))
            continue
        if gathered is None or gathered[0] != fault.position:
            gathered = fault.position, Loop(name, [("UCS", str(fault.position))])
            loops.append(gathered[1])
        if len(gathered[1].children) <= _MOST_ELEMENTS:
            gathered[1].children.append(_element_error(fault))
    return loops


def _element_error(fault: Finding) -> Segment:
    # Element positions count the segment's tag as the first.
    number = str(fault.element + 1)
    place: Element = (number, str(fault.component)) if fault.component else number
    return ("UCD", fault.ack_code or "", place)


def _fit(value: str, most: int) -> str:
    """A received id in the length its element has, so that even a nonsense one can be answered."""
    return value[:most].strip() or "0"
