"""What counts between us and a trading partner, for one agreement (a set in one direction) or for all of them.

`hub.edi.partner.settings` makes profiles of what was set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from zoneinfo import ZoneInfo

from hub.edi.delimiters import USUAL, Delimiters
from hub.edi.findings import Rule
from hub.edi.tree import Standard

LINE_BREAKS = {"none": "", "lf": "\n", "crlf": "\r\n"}
"""What follows each segment, by the name of the setting."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The settings that count for one agreement, or for a partner as a whole; each with what it is when nobody says.

    `duplicate_days`: for how long control numbers are remembered, None for ever. `rules`: finding code, alone or with
    its place (`edi.element-too-long REF02`). `grammars`: folders in
    `grammars/` of the mappings' folder. `character_set`: a codec that counts instead of the one the envelope
    announces, `""` for none. `replacement`: what stands for a character that cannot be sent, None where such a
    document is refused. `request_acknowledgement`: ISA14 and UNB 0031, None for what is usual in the syntax.
    """

    strict: bool = False
    duplicates: Literal["park", "ignore", "accept"] = "park"
    duplicate_days: int | None = None
    rules: Mapping[str, Rule] = field(default_factory=dict)
    grammars: tuple[str, ...] = ()
    answer: Literal["997", "999"] = "997"
    answer_interchanges: Literal["requested", "always", "errors", "never"] = "requested"
    batch: Literal["each", "together"] = "each"
    schedule: str | None = None
    timezone: str = "UTC"
    currency: str | None = None
    sscc_prefix: str | None = None
    tables: Mapping[str, str] = field(default_factory=dict)
    issued_by: Literal["hub", "backend"] = "hub"
    invoice_prefix: str = "INV-"
    remit_to: str | None = None
    terms: Mapping[str, Any] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)
    line_breaks: Literal["none", "lf", "crlf"] = "none"
    character_set: str = ""
    replacement: str | None = None
    syntax: str = "UNOC:3"
    una: Literal["needed", "always", "never"] = "needed"
    association: str = ""
    group_sender: str = ""
    group_receiver: str = ""
    request_acknowledgement: bool | None = None
    settle_hours: float | None = None
    locations: tuple[str, ...] = ()
    answer_hours: float = 24.0
    stock: Literal["total", "location"] = "total"
    stock_locations: tuple[str, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the times that are written to the partner, and of its schedules."""
        return ZoneInfo(self.timezone)

    @property
    def syntax_id(self) -> str:
        """EDIFACT: the syntax identifier of UNB, `UNOC`."""
        return self.syntax.partition(":")[0]

    @property
    def syntax_version(self) -> str:
        """EDIFACT: the version number of the syntax, `3`."""
        return self.syntax.partition(":")[2]

    def delimiters(self, standard: Standard, version: str) -> Delimiters:
        """The delimiters to write with; `version` is the set's, since later ones need a repetition separator."""
        base = USUAL[standard]
        repeats = version >= "00402" if standard == "x12" else self.syntax_version == "4"
        repetition = ("^" if standard == "x12" else "*") if repeats else ""
        return Delimiters(
            element=self.marks.get("element", base.element),
            component=self.marks.get("component", base.component),
            terminator=self.marks.get("terminator", base.terminator),
            repetition=self.marks.get("repetition", repetition) if repeats else "",
            suffix=LINE_BREAKS[self.line_breaks],
            release=self.marks.get("release", base.release) if standard == "edifact" else "",
            decimal=self.marks.get("decimal", base.decimal) if standard == "edifact" else ".",
        )
