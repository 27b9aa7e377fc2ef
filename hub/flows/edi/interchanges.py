"""EDI that came: find out who sent each interchange of a file, judge it as that partner has it, store its documents
and owe its acknowledgements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row

from hub import jobs
from hub.edi.findings import Finding, judged_by
from hub.edi.grammars.library import GrammarError
from hub.edi.inbound import ACKNOWLEDGEMENTS, Document, Terms, apply_rules, decide, only_acknowledges
from hub.edi.validation import JudgedInterchange, examine
from hub.flows.batch import Batch
from hub.flows.edi import answers, controls, sets
from hub.flows.edi.duplicates import Fate, Memory
from hub.flows.problems import MAX_FINDINGS, Ignore, Park, printable, without_value
from hub.installation import Installation
from hub.store import messages as message_store
from hub.store import partners as partner_store

KIND = "edi"
"""The kind of a message that is a whole EDI file."""


@dataclass(slots=True)
class _Part:
    """One interchange of a file with the partner who sent it, the agreements on its sets, and what is agreed with that
    partner. `refused`: why none of it is taken in."""

    interchange: JudgedInterchange
    partner: Row[Any] | None = None
    terms: Terms = field(default_factory=Terms)
    agreements: dict[str, Row[Any]] = field(default_factory=dict)
    refused: Park | None = None

    @property
    def key(self) -> str:
        """What this interchange is found again by."""
        one = self.interchange
        return controls.interchange(one.sender, one.receiver, one.control_number, one.test)


@dataclass(slots=True)
class Split:
    """A file, judged: its interchanges with their partners, and what is wrong outside of them."""

    parts: list[_Part]
    outside: list[Finding]


# -- who sent it, and what is wrong with it -------------------------------------------------------------------------


def split(inst: Installation, tx: Connection, message: Row[Any], body: bytes) -> Split:
    """Read a file, find out who sent each interchange, and judge it by that partner's grammars and rules. Raises `Park`
    when there is none in it."""
    examination = examine(body, trees=False)
    parts = [_identified(tx, message.connection_id, interchange) for interchange in examination]
    if not parts:
        raise Park(
            "edi.unreadable",
            "The file holds no interchange that can be read.",
            findings=[without_value(f) for f in examination.findings[:MAX_FINDINGS]],
        )
    _judge_by_their_own(inst, parts, body)
    for part in parts:
        apply_rules(part.interchange, part.terms)
    outside = list(examination.findings)
    judged_by(outside, next((part.terms.profile.rules for part in parts if part.partner), {}))
    return Split(parts, [finding for finding in outside if finding.is_error])


def _identified(tx: Connection, connection_id: int, interchange: JudgedInterchange) -> _Part:
    part = _Part(interchange)
    part.partner = _sender(tx, connection_id, interchange)
    if part.partner is None:
        part.refused = _unknown(interchange)
        return part
    try:
        for set_id in {one.set_id for one in interchange.sets}:
            agreement = partner_store.agreement(tx, part.partner.id, "in", set_id=printable(set_id))
            if agreement is not None:
                part.agreements[set_id] = agreement
        part.terms = sets.terms(part.partner, part.agreements)
    except Park as problem:
        part.refused = problem
    return part


def _sender(tx: Connection, connection_id: int, interchange: JudgedInterchange) -> Row[Any] | None:
    """The partner whose ids the envelope has. What came without one can only be from the connection's one partner."""
    if not interchange.bare:
        sender, receiver = map(controls.shown, (interchange.sender, interchange.receiver))
        found = partner_store.of_envelope(tx, connection_id, sender, receiver, interchange.test)
        if found is None and only_acknowledges(interchange):
            # What it speaks of is found by our control numbers; networks answer under ids of their own choice.
            found = partner_store.of_any_ids(tx, connection_id, sender, receiver)
        return found
    there = partner_store.of_connection(tx, connection_id)
    return there[0] if len(there) == 1 else None


def _unknown(interchange: JudgedInterchange) -> Park:
    if interchange.bare:
        detail = "It has no envelope that says who sent it, and this connection has not just one partner."
    else:
        sender, receiver = (":".join(controls.shown(party)) for party in (interchange.sender, interchange.receiver))
        test = " in test" if interchange.test else ""
        detail = f"No partner of this connection writes as {sender} to {receiver}{test}. Add the ids, then replay."
    return Park("edi.unknown-partner", detail, interchange=printable(interchange.control_number))


def _judge_by_their_own(inst: Installation, parts: Sequence[_Part], body: bytes) -> None:
    """Judge anew the interchanges of partners who have grammars of their own, or a character set that counts instead of
    the one their envelopes announce. Who sent an interchange is only known once it has been read."""
    again: dict[tuple[Any, ...], list[JudgedInterchange]] = {}
    for place, part in enumerate(parts):
        said = part.terms.profile
        own = (part.interchange.standard, said.grammars, said.character_set)
        if part.refused or not any(own[1:]):
            continue
        try:
            if own not in again:
                by = sets.manner(inst, said, part.interchange.standard)
                again[own] = list(examine(body, by.grammars, trees=False, encoding=by.encoding))
            part.interchange = again[own][place]
        except GrammarError as error:
            part.refused = sets.broken_grammar(error)
        except Park as problem:
            part.refused = problem


# -- what becomes of it ---------------------------------------------------------------------------------------------


def apply(batch: Batch, message: Row[Any], split: Split) -> Park | Ignore | None:
    """Store the documents of a file and owe its acknowledgements, in one transaction.

    Gives the problem of what could not be taken in, or why nothing follows from the file; None when all is well.
    """
    here: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    taken = [
        _take(batch, message, part, part.partner, place, here[part.key])
        for place, part in enumerate(split.parts)
        if part.refused is None and part.partner is not None
    ]
    message_store.change(batch.tx, [{"b_id": message.id, "documents": sum(one.stated for one in taken)}])
    refused = [part.refused for part in split.parts if part.refused]
    if refused:
        return refused[0]
    if split.outside:
        findings = [without_value(f) for f in split.outside[:MAX_FINDINGS]]
        return Park("edi.outside-interchange", printable(split.outside[0].message), findings=findings)
    if not any(one.stored for one in taken):
        return Ignore("edi.duplicate" if any(one.repeated for one in taken) else "edi.empty")
    return None


@dataclass(slots=True)
class _Taken:
    """What came of an interchange: documents stored now, found to be stored before, and those that it says it brings,
    without such as another file has brought."""

    stored: int = 0
    repeated: int = 0
    stated: int = 0


def _take(
    batch: Batch, message: Row[Any], part: _Part, partner: Row[Any], place: int, here: set[tuple[str, str]]
) -> _Taken:
    """Take in what one interchange brings, and owe what is to be said of it. `here`: see `Memory`."""
    key = "" if part.interchange.bare else part.key
    memory = Memory(batch, message, partner.id, key, part.interchange.test, part.terms.of, here)
    decision = decide(part.interchange, part.terms, memory.recall)
    taken, new = _Taken(), set[int]()
    if decision.error is None:
        rows = [
            (_row(batch, message, part, partner, one, fate), one.raw) for one, fate in memory.fates if not fate.repeated
        ]
        added = message_store.add(batch.tx, rows)
        _follow(batch, added)
        stored = {external_id for _, _, external_id in added}
        new = {id(one) for one, fate in memory.fates if fate.external_id in stored and not fate.repeated}
        repeated = sum(fate.repeated for _, fate in memory.fates)
        here |= {(fate.external_id, fate.revision) for _, fate in memory.fates}
        taken = _Taken(len(added), len(memory.fates) - len(added), decision.stated - repeated)
    else:
        part.refused = Park(
            "edi.interchange-broken",
            printable(decision.error.message),
            interchange=printable(part.interchange.control_number),
            findings=[without_value(f) for f in part.interchange.findings if f.is_error][:MAX_FINDINGS],
        )
    for number, answer in enumerate(decision.answers):
        about = {id(one) for one in answer.documents}
        due = new & about if about else new or decision.error or memory.duplicate
        if due and not answer.withheld:
            answers.owe(batch, message, partner, part.terms.profile, part.interchange, answer, f"{place}-{number}")
    return taken


def _row(batch: Batch, message: Row[Any], part: _Part, partner: Row[Any], one: Document, fate: Fate) -> dict[str, Any]:
    """One document as a message of its own; its bytes are its envelope's and its own, as they came."""
    agreement = part.agreements.get(one.set_id)
    interchange, set_id = part.interchange, printable(one.set_id)[:12]
    row: dict[str, Any] = {
        "direction": "in",
        "connection_id": message.connection_id,
        "partner_id": partner.id,
        "parent_id": message.id,
        "kind": agreement.kind if agreement else set_id,
        "format": interchange.standard,
        "external_id": fate.external_id,
        "revision": fate.revision,
        "via": "split",
        "test": interchange.test,
        "set_id": set_id,
        "control": controls.bounded(f"{interchange.control_number}/{one.group}/{one.number}", 64),
        "interchange": None if interchange.bare else part.key,
        "state": "received",
        "reason": None,
        "problem": None,
        "settled_at": None,
        "at": batch.now,
    }
    problem: dict[str, Any] | None = None
    if not one.accepted:
        kept = [without_value(f) for f in one.errors[:MAX_FINDINGS]]
        detail = printable(_in_short(one.errors)) if one.errors else "Its group was rejected."
        problem = {"code": "edi.rejected", "detail": detail, "findings": kept}
    elif one.set_id not in ACKNOWLEDGEMENTS and agreement is None:
        detail = f"There is no agreement with the partner on set {set_id}. Add one and replay."
        problem = {"code": "edi.no-agreement", "detail": detail}
    elif gaps := [f for f in one.errors if f.kind == "gap"]:
        # An acknowledgement never speaks of what only our description lacks.
        detail = f"The partner's rules make an error of it: {printable(_in_short(gaps))}"
        problem = {"code": "edi.against-rules", "detail": detail, "findings": [without_value(f) for f in gaps]}
    elif fate.code:
        problem = {"code": fate.code, "detail": fate.detail}
    if problem:
        state = "ignored" if problem["code"] == fate.code and fate.ignored else "parked"
        row.update(state=state, reason=problem["code"], problem=problem, settled_at=batch.now)
    return row


def _follow(batch: Batch, added: Sequence[tuple[int, str, str]]) -> None:
    """The new documents of an interchange are read next; what is parked is told."""
    rows = message_store.get(batch.tx, [id_ for id_, _, _ in added])
    for row in rows.values():
        if row.state == "parked":
            batch.event(
                "message.parked",
                message_id=row.id,
                connection_id=row.connection_id,
                code=row.reason,
                document=row.set_id,
            )
        elif row.state == "received":
            # Changes of orders build on each other: a partner's are read one after the other, as they came.
            document = f"{row.partner_id}" if row.kind == "order_change" else row.external_id
            batch.jobs.append(jobs.translate_job(row.id, row.kind, document, row.connection_id, batch.now))


def _in_short(faults: Sequence[Finding]) -> str:
    """The first fault in words, and how many more there are."""
    more = len(faults) - 1
    return f"{faults[0].message} (and {more} more)" if more else faults[0].message
