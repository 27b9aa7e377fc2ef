"""What an EDIFACT file consists of: interchanges, groups and messages, as received."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import ClassVar

from hub.edi.numbers import Numbers
from hub.edi.reading.interchange import BaseGroup, BaseInterchange, BaseSet
from hub.edi.tree import Composite, Repeats, Segment, Standard, element

NO_SEGMENT: Segment = ("",)


def components(segment: Segment, number: int) -> Composite:
    """The components of a service segment's element; of a repeated one, those of its first repetition."""
    value = element(segment, number)
    if isinstance(value, Repeats):
        value = value[0]
    return (value,) if isinstance(value, str) else value


def part(segment: Segment, number: int, component: int = 1) -> str:
    """One component of a service segment's element, without blanks around it; `""` when absent."""
    return str(element(segment, number, component)).strip()


@dataclass(slots=True, eq=False)
class Message(BaseSet):
    """One message. `header` and `trailer` are UNH and UNT; `trailer` is None when there was none.

    `control_number` is the message reference number (0062), `set_id` the message type (0065, `ORDERS`), `version` the
    version and release as one word (`D96A`; a blank inside, as some write, does not count).
    """

    header: Segment = field(kw_only=True)
    trailer: Segment | None = None
    control_number: str = field(init=False)
    set_id: str = field(init=False)
    version: str = field(init=False)

    def __post_init__(self) -> None:
        self.control_number = part(self.header, 1)
        kind, version, release, *_ = *components(self.header, 2), "", ""
        self.set_id = kind.strip()
        self.version = (version + release).replace(" ", "")

    @property
    def association(self) -> str:
        """The association assigned code (0057), which names a subset: `EAN008`."""
        return part(self.header, 2, 5)


@dataclass(slots=True, eq=False)
class Group(BaseGroup[Message]):
    """One functional group (UNG to UNE), or, with `NO_SEGMENT` for a header, messages that stand in none.

    `control_number` is the group reference number (0048).
    """

    header: Segment = NO_SEGMENT
    trailer: Segment | None = None
    control_number: str = field(init=False)

    def __post_init__(self) -> None:
        self.control_number = part(self.header, 5)

    @property
    def is_real(self) -> bool:
        """Whether there is a UNG."""
        return self.header is not NO_SEGMENT

    @property
    def functional_id(self) -> str:
        return part(self.header, 1)


@dataclass(slots=True, eq=False)
class Interchange(BaseInterchange[Group, Message]):
    """One interchange. `header` is UNB, `NO_SEGMENT` where it is missing; `una` the text behind these letters.

    `received` counts the groups that have a UNG and `messages` all messages, also where `groups` keeps neither; `raw`
    holds the bytes of UNA and UNB.
    """

    header: Segment = NO_SEGMENT
    una: str = ""
    trailer: Segment | None = None
    messages: int = 0
    numbers: dict[tuple[str, int], Numbers] = field(default_factory=lambda: defaultdict(Numbers), repr=False)
    standard: ClassVar[Standard] = "edifact"

    @property
    def bare(self) -> bool:
        """Whether there is no UNB."""
        return self.header is NO_SEGMENT

    @property
    def sender(self) -> tuple[str, str]:
        """Qualifier (0007, `""` where there is none) and id (0004) of S002."""
        return part(self.header, 2, 2), part(self.header, 2, 1)

    @property
    def receiver(self) -> tuple[str, str]:
        """Qualifier (0007, `""` where there is none) and id (0010) of S003."""
        return part(self.header, 3, 2), part(self.header, 3, 1)

    @property
    def acknowledgement_requested(self) -> bool:
        """Whether a CONTRL is asked for (0031)."""
        return part(self.header, 9) in ("1", "2")

    @property
    def syntax_id(self) -> str:
        return part(self.header, 1, 1)

    @property
    def syntax_version(self) -> str:
        return part(self.header, 1, 2)

    @property
    def control_number(self) -> str:
        """The interchange control reference (0020)."""
        return part(self.header, 5)

    @property
    def test(self) -> bool:
        """Whether the test indicator (0035) is set."""
        return part(self.header, 11) not in ("", "0")

    def envelope(self, group: Group, one: Message | None = None) -> dict[str, str]:
        """The envelope facts of a message (or of the group alone), with the keys `tree.TransactionSet` names."""
        head = self.header
        return {
            "syntax_id": self.syntax_id,
            "syntax_version": self.syntax_version,
            "sender_id": part(head, 2, 1),
            "sender_qualifier": part(head, 2, 2),
            "sender_internal_id": part(head, 2, 3),
            "receiver_id": part(head, 3, 1),
            "receiver_qualifier": part(head, 3, 2),
            "receiver_internal_id": part(head, 3, 3),
            "date": part(head, 4, 1),
            "time": part(head, 4, 2),
            "interchange_control_number": self.control_number,
            "application_reference": part(head, 7),
            "usage": "T" if self.test else "P",
            "functional_id": group.functional_id,
            "group_sender": part(group.header, 2),
            "group_receiver": part(group.header, 3),
            "group_control_number": group.control_number,
            "agency": part(one.header, 2, 4) if one else "",
            "association": one.association if one else "",
        }
