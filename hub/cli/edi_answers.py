"""The acknowledgements that `hub edi ack` and `hub edi explain` show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, cast

import click

from hub.edi.findings import EdiError

if TYPE_CHECKING:
    from hub.cli.edi_files import Opened
    from hub.edi.x12.interchange import Group, Interchange


@dataclass(slots=True)
class Answer:
    """One acknowledgement: what it is about, what it says, and its bytes as text or why there are none."""

    subject: str
    facts: dict[str, Any]
    accepted: bool
    document: str
    reason: str
    terminator: str = "~"

    def as_dict(self) -> dict[str, Any]:
        return {**self.facts, "document": self.document or None, "reason": self.reason or None}

    def show(self) -> None:
        """Print the document, or on the error stream why there is none."""
        if self.reason:
            click.echo(f"{self.subject}: {self.reason}", err=True)
        else:
            click.echo(self.document, nl=not self.document.endswith("\n"))


def answers(interchange: Any, opened: Opened, answer: str = "997") -> Iterator[Answer]:
    """What a judged interchange would be answered."""
    if opened.standard == "edifact":
        yield _contrl(interchange)
        return
    from hub.edi.x12.acknowledge import Policy

    policy = Policy(answer=cast(Literal["997", "999"], answer))
    yield from _ta1(interchange, policy)
    for group in interchange.groups:
        yield _group(interchange, group, policy)


def _ta1(interchange: Interchange, policy: Any) -> Iterator[Answer]:
    from hub.edi.x12.ta1 import acknowledge_interchange, write_interchange_answer

    decision = acknowledge_interchange(interchange, policy)
    if not decision.owed:
        return
    subject = f"Interchange {decision.control_number}"
    facts = {"interchange": decision.control_number, "code": decision.code, "codes": [decision.note],
             "accepted": decision.accepted}  # fmt: skip
    try:
        now = datetime.now().astimezone()
        data = write_interchange_answer(decision, interchange, interchange_control_number=1, when=now)
    except EdiError as error:
        yield Answer(subject, facts, decision.accepted, "", f"No TA1 can be written: {error}.")
        return
    text = data.decode(interchange.encoding)
    yield Answer(subject, facts, decision.accepted, text, "", interchange.delimiters.terminator)


def _group(interchange: Interchange, group: Group, policy: Any) -> Answer:
    from hub.edi.x12.acknowledge import acknowledge_group, write_answer

    decision = acknowledge_group(group, policy)
    facts = {
        "functional_id": decision.functional_id,
        "control_number": decision.control_number,
        "version": decision.version,
        "code": decision.code,
        "codes": decision.codes,
        "accepted": decision.accepted,
        "sets": [_set(one) for one in decision.sets],
    }
    accepted = decision.accepted and all(one.accepted for one in decision.sets)
    subject = f"Group {decision.functional_id} {decision.control_number}"
    if decision.root is None:
        reason = "Acknowledgements are not acknowledged." if group.header else "Without GS there is nothing to answer."
        return Answer(subject, facts, accepted, "", reason)
    now = datetime.now().astimezone()
    try:
        data = write_answer(
            decision, interchange, group, interchange_control_number=1, group_control_number=1, when=now
        )
    except EdiError as error:
        return Answer(subject, facts, accepted, "", f"No {decision.answer} can be written: {error}.")
    text = data.decode(interchange.encoding)
    return Answer(subject, facts, accepted, text, "", interchange.delimiters.terminator)


def _contrl(interchange: Any) -> Answer:
    from hub.edi.edifact.acknowledge import acknowledge, write_answer

    decision = acknowledge(interchange)
    facts = {
        "interchange": decision.control_number,
        "code": decision.code,
        "codes": decision.codes,
        "accepted": decision.accepted,
        "sets": [_set(one) for one in decision.sets],
    }
    accepted = decision.accepted and all(one.accepted for one in decision.sets)
    subject = f"Interchange {decision.control_number}"
    if decision.root is None:
        return Answer(subject, facts, accepted, "", "There is nothing to answer, or nobody.")
    try:
        data = write_answer(decision, interchange, control_reference="1", when=datetime.now().astimezone())
    except EdiError as error:
        return Answer(subject, facts, accepted, "", f"No CONTRL can be written: {error}.")
    text = data.decode(interchange.encoding, "replace")
    return Answer(subject, facts, accepted, text, "", interchange.delimiters.terminator)


def _set(one: Any) -> dict[str, Any]:
    return {
        "set_id": one.set_id,
        "control_number": one.control_number,
        "code": one.code,
        "codes": one.codes,
        "accepted": one.accepted,
        "errors": [f.as_dict() for f in one.errors],
    }
