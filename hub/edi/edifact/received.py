"""What a partner's CONTRL says of an interchange of ours."""

from __future__ import annotations

from dataclasses import dataclass, field

from hub.edi.meaning import code_meanings
from hub.edi.tree import Loop, Segment, TransactionSet, element


@dataclass(slots=True)
class ReceivedMessage:
    """What it says of one message (UCM): `code` is 0083, `errors` from UCM, UCS and UCD in words."""

    set_id: str
    control_number: str
    code: str = ""
    group: str = ""
    errors: list[str] = field(default_factory=list)

    @property
    def accepted(self) -> bool:
        return self.code in ("7", "8")


@dataclass(slots=True)
class ReceivedAcknowledgement:
    """A partner's CONTRL: which interchange of ours (`control_number` is its 0020) and how.

    `code` is 0083 of UCI: 4 rejected, 7 acknowledged, 8 received only. A message that no UCM names shares the fate
    of its group, or of the interchange: use `accepts`.
    """

    control_number: str
    code: str = ""
    errors: list[str] = field(default_factory=list)
    groups: dict[str, str] = field(default_factory=dict)
    sets: list[ReceivedMessage] = field(default_factory=list)

    @property
    def accepted(self) -> bool:
        """Whether the interchange as a whole was accepted; single messages of it may still be rejected."""
        return self.code == "7"

    @property
    def receipt_only(self) -> bool:
        """Whether it only says that the interchange arrived: the verdict is still to come."""
        return self.code == "8"

    def accepts(self, set_id: str, control_number: str, group: str = "") -> bool:
        """Whether one of our messages was accepted; `group` is the reference of the group it stood in."""
        if not self.accepted:
            return False
        for one in self.sets:
            if (one.set_id, one.control_number, one.group) == (set_id, control_number, group):
                return one.accepted
        return self.groups.get(group, self.code) == "7"


def read_acknowledgement(document: TransactionSet) -> ReceivedAcknowledgement:
    """Read an inbound CONTRL tree. What it does not say is left empty; nothing raises on its content."""
    root = document.root
    start = next(root.segments("UCI"), ("UCI",))
    result = ReceivedAcknowledgement(_text(start, 1), _text(start, 4), _errors(start, 5))
    result.sets = [_message(loop, "") for loop in root.loops("SG1")]
    for loop in root.loops("SG3"):
        reference = _text(loop.trigger, 1)
        result.groups[reference] = _text(loop.trigger, 4)
        result.errors += [f"group {reference}: {text}" for text in _errors(loop.trigger, 5)]
        result.sets += [_message(inner, reference) for inner in loop.loops("SG4")]
    return result


def _message(loop: Loop, group: str) -> ReceivedMessage:
    start = loop.trigger
    one = ReceivedMessage(_text(start, 2), _text(start, 1), _text(start, 3), group, _errors(start, 4))
    for inner in (*loop.loops("SG2"), *loop.loops("SG5")):
        where = f"segment {_text(inner.trigger, 1)}"
        faults = [f"{where}: {text}" for text in _errors(inner.trigger, 2)]
        for fault in inner.segments("UCD"):
            number, component = _text(fault, 2), str(element(fault, 2, 2))
            place = f", element {int(number) - 1 if number.isdecimal() else number}"
            place += f" component {component}" if component else ""
            faults += [f"{where}{place}: {text}" for text in _errors(fault, 1)]
        one.errors += faults
    return one


def _errors(segment: Segment, number: int) -> list[str]:
    """The syntax error (0085) of a segment in words, with what it points at; empty when there is none."""
    code = _text(segment, number)
    if not code:
        return []
    service = _text(segment, number + 1) if segment[0] != "UCD" and segment[0] != "UCS" else ""
    meaning = code_meanings("edifact")["0085"].get(code, "error")
    return [f"{meaning} ({code})" + (f" in {service}" if service else "")]


def _text(segment: Segment, number: int) -> str:
    return str(element(segment, number, 1))
