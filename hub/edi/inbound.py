"""What an interchange that came brings, for whoever takes it in: its documents, whether they are accepted, and which
acknowledgements are owed. One face for both syntaxes; `hub.edi.x12.inbound` and `hub.edi.edifact.inbound` fill it in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from typing import Literal, NamedTuple, Protocol, cast

from hub.edi.findings import Finding, judged_by
from hub.edi.partner.profile import Profile
from hub.edi.validation import JudgedInterchange, JudgedSet

Duplicate = Literal["", "noted", "refused"]
"""Whether the control number of an interchange was used before, and what its sender is told of that."""

NextNumber = Callable[[str, str], int]
"""Allocates a control number: of a level (`isa`, `gs`, `unb`), and of a functional id where the level has them."""

ACKNOWLEDGEMENTS = frozenset({"997", "999", "TA1", "CONTRL"})
"""Sets that acknowledge what was sent. They are never acknowledged, and need no agreement."""


def only_acknowledges(interchange: JudgedInterchange) -> bool:
    """Whether an interchange brings nothing but acknowledgements."""
    return {one.set_id for one in interchange.sets} <= ACKNOWLEDGEMENTS


@dataclass(slots=True, frozen=True)
class Terms:
    """What was agreed with who sends interchanges, and so how they are judged and answered.

    `profile` counts for their envelopes, and for sets on which nothing was agreed; `agreed` for each other set, by its
    id. The sets in `unacknowledged` are not acknowledged.
    """

    profile: Profile = field(default_factory=Profile)
    agreed: Mapping[str, Profile] = field(default_factory=dict)
    unacknowledged: frozenset[str] = frozenset()

    def of(self, set_id: str) -> Profile:
        """The settings that count for a set."""
        return self.agreed.get(set_id, self.profile)

    def strict_sets(self, interchange: JudgedInterchange) -> frozenset[str]:
        """The sets of an interchange that any fault rejects."""
        return frozenset(one.set_id for one in interchange.sets if self.of(one.set_id).strict)

    def withholds(self, documents: Sequence[Document]) -> str:
        """Why documents get no acknowledgement, `""` where one of them is to have one."""
        if documents and all(one.set_id in self.unacknowledged for one in documents):
            return "It was agreed that these sets are not acknowledged."
        return ""


@dataclass(slots=True)
class Document:
    """One transaction set, message or TA1 that came. `group` and `number` are its control numbers, the number made
    unique within its group. `content` is what it says, without its envelope; `raw` its bytes with the heads of its
    envelopes, which can be read by themselves. `errors`: see `hub.edi.findings`."""

    set_id: str
    functional_id: str
    group: str
    number: str
    content: str = field(repr=False)
    raw: bytes = field(repr=False)
    accepted: bool = True
    errors: list[Finding] = field(default_factory=list)


class Written(NamedTuple):
    """An acknowledgement as it goes out, with its own control numbers. `control`: what an acknowledgement of it would
    name."""

    body: bytes
    interchange: int
    control: str
    set_control: str


class SetVerdict(Protocol):
    """What an acknowledgement says of one set, with the faults that it names."""

    set_id: str
    control_number: str
    code: str
    codes: list[str]
    errors: list[Finding]

    @property
    def accepted(self) -> bool: ...


@dataclass(slots=True)
class Answer:
    """An acknowledgement: a 997 or 999 of a group, a TA1 or CONTRL of an interchange. It is owed, unless `withheld`
    says why not.

    `subject` is the control number of what it is about (of a group, with `functional_id` and `version`), `code` and
    `codes` what it says of that, `sets` what it says of the sets in it. `documents` are those it names; empty for one
    of the envelope alone. `write` raises EdiError where the inbound envelope cannot be turned round.
    """

    set_id: str
    subject: str
    code: str
    codes: list[str]
    accepted: bool
    sets: Sequence[SetVerdict]
    documents: list[Document]
    write: Callable[[NextNumber, datetime], Written]
    withheld: str = ""
    functional_id: str = ""
    version: str = ""


@dataclass(slots=True)
class Decision:
    """What becomes of an interchange. `error`: why nothing of it can be taken in, None where it can. `answers`: see
    there, also those that are withheld. `stated`: how many documents it says it holds, so that one which was not found
    is missed."""

    error: Finding | None
    answers: list[Answer]
    stated: int


Seen = Callable[[Sequence[Document]], Duplicate]
"""Tells, of the documents of an interchange, whether it came before."""


def decide(interchange: JudgedInterchange, terms: Terms, seen: Seen) -> Decision:
    """Decide on a judged interchange; `seen` is told its documents. Nothing is owed to a bare one, nor for
    acknowledgements."""
    module = import_module(f"hub.edi.{interchange.standard}.inbound")
    return cast(Decision, module.decide(interchange, terms, seen))


def apply_rules(interchange: JudgedInterchange, terms: Terms) -> None:
    """Let a partner's rules decide which findings of an interchange count, in place."""
    for holder in (interchange, *interchange.groups):
        judged_by(holder.findings, terms.profile.rules)
    for one in interchange.sets:
        judged_by(one.findings, terms.of(one.set_id).rules)


def document(
    one: JudgedSet, verdict: SetVerdict, *, functional_id: str, group: str, content: str, raw: bytes
) -> Document:
    """A judged set as a document that came."""
    errors = [f for f in one.findings if f.is_error]
    return Document(one.set_id, functional_id, group, one.control_number, content, raw, verdict.accepted, errors)


def numbered(given: Iterable[Document]) -> list[Document]:
    """The documents of one group, a number that repeats an earlier one's made unique by its place."""
    seen: set[str] = set()
    documents = list(given)
    for place, one in enumerate(documents, 1):
        if one.number in seen:
            one.number = f"{one.number}#{place}"
        seen.add(one.number)
    return documents
