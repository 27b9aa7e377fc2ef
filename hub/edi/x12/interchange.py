"""What an X12 file consists of: interchanges, groups and transaction sets, as received."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from hub.edi.numbers import Numbers
from hub.edi.reading.interchange import BaseGroup, BaseInterchange, BaseSet
from hub.edi.tree import Standard


@dataclass(slots=True, eq=False)
class RawSet(BaseSet):
    """One transaction set. `header` and `trailer` are the elements of ST and SE (without the ids); `trailer` is None
    when there was none. `cut_off`: its interchange ends in the middle of it. `set_id` and `control_number` are ST01
    and ST02."""

    header: list[str] = field(kw_only=True)
    trailer: list[str] | None = None
    cut_off: bool = False
    set_id: str = field(init=False)
    control_number: str = field(init=False)

    def __post_init__(self) -> None:
        self.set_id, self.control_number = [*self.header, "", ""][:2]


@dataclass(slots=True, eq=False)
class Group(BaseGroup[RawSet]):
    """One functional group. `header` and `trailer` are the elements of GS and GE, without the ids; `header` is empty
    where sets stand outside of any group, or where GS stands alone.

    `torn`: it ends where its last set ends without SE. `instead`: the segment that stands where its trailer was
    expected. `headless` counts SEs without their ST.
    """

    header: list[str] = field(kw_only=True)
    trailer: list[str] | None = None
    torn: bool = False
    instead: str = ""
    headless: int = 0
    numbers: Numbers = field(default_factory=Numbers, repr=False)

    @property
    def is_real(self) -> bool:
        """Whether there is a GS."""
        return bool(self.raw)

    def part(self, number: int) -> str:
        """Element `number` of GS, `""` when absent."""
        return self.header[number - 1] if len(self.header) >= number else ""

    @property
    def functional_id(self) -> str:
        """GS01, in capitals."""
        return self.part(1).upper()

    @property
    def control_number(self) -> str:
        return self.part(6)

    @property
    def version(self) -> str:
        return self.part(8)


@dataclass(slots=True, eq=False)
class Interchange(BaseInterchange[Group, RawSet]):
    """One interchange. `isa` holds its 16 elements, padded as received; `ta1` the elements of each TA1.

    `bare`: the file began with ST or GS, so `isa` is empty text and the delimiters were guessed. `torn`: it ends where
    its last group ends without GE. `instead`: the segment that stands where its trailer was expected.
    """

    isa: list[str] = field(kw_only=True)
    bare: bool = False
    usable: bool = True
    trailer: list[str] | None = None
    torn: bool = False
    instead: str = ""
    numbers: dict[tuple[str, ...], Numbers] = field(default_factory=dict, repr=False)
    ta1: list[list[str]] = field(default_factory=list)
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


def shown(instead: str) -> str:
    """The end of a sentence about a control segment that is missing."""
    return f"; {instead!r} stands where it was expected" if instead else ""
