"""What an interchange that came brings, for whoever takes it in: its documents, whether they are accepted, and which
acknowledgements are owed. One face for both syntaxes; `hub.edi.x12.inbound` and `hub.edi.edifact.inbound` fill it in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from typing import Literal, NamedTuple, cast

from hub.edi.findings import Finding, Rule, judged_by
from hub.edi.validation import JudgedInterchange

Duplicate = Literal["", "noted", "refused"]
"""Whether the control number of an interchange was used before, and what its sender is told of that."""

NextNumber = Callable[[str, str], int]
"""Allocates a control number: of a level (`isa`, `gs`, `unb`), and of a functional id where the level has them."""

ACKNOWLEDGEMENTS = frozenset({"997", "999", "TA1", "CONTRL"})
"""Sets that acknowledge what was sent. They are never acknowledged, and need no agreement."""


@dataclass(slots=True, frozen=True)
class Terms:
    """How a partner's interchanges are judged and answered. `strict`: every fault of an envelope rejects what is in
    it; of the sets in `strict_sets` every fault rejects one. `answer` and `interchange` as the partner's profile has
    them."""

    strict: bool = False
    strict_sets: frozenset[str] = frozenset()
    answer: Literal["997", "999"] = "997"
    interchange: Literal["requested", "always", "errors", "never"] = "requested"


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


@dataclass(slots=True)
class Answer:
    """An acknowledgement that is owed: a 997 or 999 of a group, a TA1 or CONTRL of an interchange.

    `subject` is the control number of what it is about, `code` and `note` what it says of that. `documents` are those
    it names; empty for one of the envelope alone. `write` raises EdiError where the inbound envelope cannot be turned
    round.
    """

    set_id: str
    subject: str
    code: str
    note: str
    documents: list[Document]
    write: Callable[[NextNumber, datetime], Written]


@dataclass(slots=True)
class Decision:
    """What becomes of an interchange. `error`: why nothing of it can be taken in, None where it can. `stated`: how many
    documents it says it holds, so that one which was not found is missed."""

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


def apply_rules(
    interchange: JudgedInterchange,
    rules: Mapping[str, Rule],
    rules_of: Callable[[str], Mapping[str, Rule]],
) -> None:
    """Let a partner's rules decide which findings of an interchange count, in place: `rules` on its envelopes,
    `rules_of` a set's id on its sets."""
    for holder in (interchange, *interchange.groups):
        judged_by(holder.findings, rules)
    for one in interchange.sets:
        judged_by(one.findings, rules_of(one.set_id))


def numbered(documents: list[Document]) -> list[Document]:
    """The documents of one group, a number that repeats an earlier one's made unique by its place."""
    seen: set[str] = set()
    for place, one in enumerate(documents, 1):
        if one.number in seen:
            one.number = f"{one.number}#{place}"
        seen.add(one.number)
    return documents
