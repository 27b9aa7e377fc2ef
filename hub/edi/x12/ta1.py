"""Interchange acknowledgements (TA1): whether the envelope of an interchange could be used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub.edi.findings import Finding
from hub.edi.judging.values import is_date, is_time
from hub.edi.x12.acknowledge import FUNCTIONAL_ACKNOWLEDGEMENT, Policy
from hub.edi.x12.envelopes import trailer_missing
from hub.edi.x12.interchange import Interchange
from hub.edi.x12.writer import reply_to, write_segments

NO_FAULT = "000"
UNKNOWN_RECEIVER = "009"
DUPLICATE = "025"
_UNASKED = "ISA14 asks for no TA1; `answer_interchanges` says when there is one."


@dataclass(slots=True)
class InterchangeDecision:
    """What is said of an interchange: `code` A (accepted), E (accepted, an error noted) or R (rejected).

    `note` is the one note code a TA1 has room for, `error` the finding it comes from (None: there is no fault, or the
    caller named the code). `withheld`: why no TA1 is to be sent, `""` where one is owed.
    """

    control_number: str
    code: str
    note: str
    error: Finding | None
    withheld: str

    @property
    def accepted(self) -> bool:
        return self.code != "R"

    @property
    def owed(self) -> bool:
        return not self.withheld


def acknowledge_interchange(
    interchange: Interchange, policy: Policy | None = None, note: str = "", *, rejects: bool = True
) -> InterchangeDecision:
    """Decide on a judged interchange.

    `note` is a code that only the caller can know of: `UNKNOWN_RECEIVER`, `DUPLICATE`, or 006 for a sender nobody
    knows. It rejects, or, where `rejects` is false, is an error noted. Otherwise the first fault that rejects is named,
    else the first. An interchange that consists of acknowledgements is never answered, and neither is one without ISA.
    """
    policy = policy or Policy()
    groups = [f for group in interchange.groups for f in group.findings]
    errors = [f for f in (*interchange.findings, *groups) if f.is_error and f.ack_segment == "TA1"]
    if interchange.torn and not interchange.bare:
        errors.append(trailer_missing(interchange))
    fatal = [f for f in errors if f"TA1:{f.ack_code}" not in policy.accept_interchange]
    named = bool(note) and (rejects or not fatal)
    error = None if named else next(iter(fatal or errors), None)
    code = "R" if fatal or (note and rejects) else "E" if errors or note else "A"
    said = note if named else error.ack_code if error and error.ack_code else NO_FAULT
    return InterchangeDecision(interchange.part(13), code, said, error, _withheld(interchange, policy, code))


def _withheld(interchange: Interchange, policy: Policy, code: str) -> str:
    groups = interchange.groups
    if interchange.bare:
        return "Without ISA there is nobody to answer."
    if interchange.ta1 or (groups and all(g.functional_id == FUNCTIONAL_ACKNOWLEDGEMENT for g in groups)):
        return "Acknowledgements are not acknowledged."
    if policy.interchange == "requested":
        return "" if interchange.part(14) == "1" else _UNASKED
    if policy.interchange == "errors":
        return "" if code != "A" else "A TA1 is sent on errors alone."
    return "" if policy.interchange == "always" else "This partner is sent no TA1."


def write_interchange_answer(
    decision: InterchangeDecision, interchange: Interchange, *, interchange_control_number: int, when: datetime
) -> bytes:
    """The TA1 of a decision as an interchange without groups, in the inbound version and delimiters, to the sender.

    TA102 and TA103 repeat the date and time of the inbound ISA; where these are none, `when` stands in. Raises EdiError
    where the inbound envelope holds no ids to answer to.
    """
    envelope = reply_to(
        interchange, None, interchange_control_number=interchange_control_number, group_control_number=1, when=when
    )
    number = decision.control_number
    number = number if number.isascii() and number.isdigit() else "0"
    date, time = interchange.part(9), interchange.part(10)
    date = date if len(date) == 6 and is_date(date) else f"{when:%y%m%d}"
    time = time if len(time) == 4 and is_time(time) else f"{when:%H%M}"
    return write_segments([("TA1", f"{number:0>9}"[-9:], date, time, decision.code, decision.note)], envelope, groups=0)
