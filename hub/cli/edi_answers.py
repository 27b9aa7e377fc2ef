"""The acknowledgements that `hub edi ack` and `hub edi explain` show: those that the hub would send."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from hub.edi import inbound
from hub.edi.findings import EdiError

if TYPE_CHECKING:
    from hub.cli.edi_files import Opened
    from hub.edi.validation import JudgedInterchange


@dataclass(slots=True)
class Shown:
    """One acknowledgement: what it is about, what it says, and its bytes as text or why there are none."""

    said: inbound.Answer
    document: str
    reason: str
    terminator: str

    @property
    def subject(self) -> str:
        """What it is about, in words."""
        if self.said.set_id in ("997", "999"):
            return " ".join(("Group", self.said.functional_id, self.said.subject)).rstrip()
        return f"Interchange {self.said.subject}".rstrip()

    @property
    def accepted(self) -> bool:
        """Whether nothing is rejected."""
        return self.said.accepted and all(one.accepted for one in self.said.sets)

    def as_dict(self) -> dict[str, Any]:
        said = self.said
        about: dict[str, Any] = {"interchange": said.subject}
        if said.set_id in ("997", "999"):
            about = {"functional_id": said.functional_id, "control_number": said.subject, "version": said.version}
        return {
            "answer": said.set_id,
            **about,
            "code": said.code,
            "codes": said.codes,
            "accepted": said.accepted,
            "sets": [_set(one) for one in said.sets],
            "document": self.document or None,
            "reason": self.reason or None,
        }

    def show(self) -> None:
        """Print the document, or on the error stream why there is none."""
        if self.reason:
            click.echo(f"{self.subject}: {self.reason}", err=True)
        else:
            click.echo(self.document, nl=not self.document.endswith("\n"))


def answers(interchange: JudgedInterchange, opened: Opened) -> Iterator[Shown]:
    """What a judged interchange would be answered, had it come for the first time. All control numbers are 1."""
    when = datetime.now(opened.terms.profile.zone)
    for said in inbound.decide(interchange, opened.terms, lambda _: "").answers:
        document, reason = "", said.withheld
        if not reason:
            try:
                written = said.write(lambda *_: 1, when)
                document = written.body.decode(interchange.encoding, "replace")
            except EdiError as error:
                reason = f"No {said.set_id} can be written: {error}."
        yield Shown(said, document, reason, interchange.delimiters.terminator)


def _set(one: inbound.SetVerdict) -> dict[str, Any]:
    return {
        "set_id": one.set_id,
        "control_number": one.control_number,
        "code": one.code,
        "codes": one.codes,
        "accepted": one.accepted,
        "errors": [f.as_dict() for f in one.errors],
    }
