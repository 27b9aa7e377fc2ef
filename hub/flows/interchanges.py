"""EDI that came: split an interchange into its documents and answer it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row

from hub import jobs
from hub.edi.findings import Finding
from hub.edi.tree import TransactionSet
from hub.edi.values import as_count
from hub.edi.x12.acknowledge import FUNCTIONAL_ACKNOWLEDGEMENT, acknowledge_group
from hub.edi.x12.interchange import Group, Interchange, RawSet
from hub.edi.x12.ta1 import InterchangeDecision, acknowledge_interchange
from hub.edi.x12.validation import examine
from hub.flows import answers
from hub.flows.batch import Batch
from hub.flows.problems import MAX_FINDINGS, Ignore, Park, without_value
from hub.store import messages as message_store
from hub.store import partners as partner_store

KIND = "edi"
"""The kind of a message that is a whole EDI file."""


@dataclass(slots=True)
class _Part:
    """One interchange of a file with the partner who sent it. `refused`: why none of it is taken in."""

    interchange: Interchange
    partner: Row[Any] | None
    agreements: dict[str, Row[Any] | None] = field(default_factory=dict)
    verdict: InterchangeDecision | None = None
    refused: Park | None = None

    @property
    def test(self) -> bool:
        return self.interchange.part(15) == "T"


@dataclass(slots=True)
class Split:
    """A file, judged: its interchanges with their partners."""

    parts: list[_Part]


def split(tx: Connection, message: Row[Any], body: bytes) -> Split:
    """Read and judge a file, and find out who sent each interchange. Raises `Park` when there is none in it."""
    examination = examine(body)
    parts = [_identify(tx, message.connection_id, interchange) for interchange in examination]
    if not parts:
        raise Park(
            "edi.unreadable",
            "The file holds no interchange that can be read.",
            findings=[without_value(f) for f in examination.findings[:MAX_FINDINGS]],
        )
    return Split(parts)


def _identify(tx: Connection, connection_id: int, interchange: Interchange) -> _Part:
    sender = (interchange.part(5), interchange.part(6))
    receiver = (interchange.part(7), interchange.part(8))
    test = interchange.part(15) == "T"
    partner = partner_store.of_envelope(tx, connection_id, sender, receiver, test)
    part = _Part(interchange, partner)
    if partner is None:
        part.refused = Park(
            "edi.unknown-partner",
            f"No partner of this connection writes as {sender[0]}:{sender[1]} to {receiver[0]}:{receiver[1]}"
            f"{' in test' if test else ''}. Add the ids to a partner and replay.",
            interchange=interchange.part(13),
        )
        return part
    verdict = acknowledge_interchange(interchange, answers.policy(partner))
    if verdict.error is not None and not verdict.accepted:
        fatal = [f for f in interchange.findings if f.is_error and f.ack_segment == "TA1"]
        part.refused = Park(
            "edi.interchange-broken",
            verdict.error.message,
            interchange=interchange.part(13),
            findings=[without_value(f) for f in fatal[:MAX_FINDINGS]],
        )
    part.verdict = verdict
    for set_id in {one.set_id for one in interchange.sets}:
        part.agreements[set_id] = partner_store.agreement(tx, partner.id, "in", set_id=set_id)
    return part


def apply(batch: Batch, message: Row[Any], split: Split) -> Park | None:
    """Store the documents of a file and owe its acknowledgements, in one transaction.

    Gives the problem of the interchanges that could not be taken in, None when there is none. A file that brought
    nothing new raises `Ignore`.
    """
    stored = stated = 0
    for part in split.parts:
        if part.refused is None and part.partner is not None:
            for group in part.interchange.groups:
                new = _take_group(batch, message, part, group)
                stored += new
                stated += _stated(group) if new else 0
    for place, part in enumerate(split.parts):
        if part.verdict is not None and (stored or part.refused):
            answers.to_interchange(batch, message, part.partner, part.interchange, part.verdict, place)
    message_store.change(batch.tx, [{"b_id": message.id, "documents": stated}])
    refused = [part.refused for part in split.parts if part.refused]
    if refused:
        return refused[0]
    if not stored:
        raise Ignore("edi.duplicate")
    return None


def _stated(group: Group) -> int:
    """How many sets a group says it holds (GE01), so that one we failed to find shows up in the books."""
    count = as_count(group.trailer[0].strip()) if group.trailer else None
    return len(group.sets) if count is None else count


def _take_group(batch: Batch, message: Row[Any], part: _Part, group: Group) -> int:
    decision = acknowledge_group(group, answers.policy(part.partner))
    rows = [
        _document(message, part, group, one, numbers, accepted=verdict.accepted, errors=verdict.errors)
        for one, verdict, numbers in zip(group.sets, decision.sets, _numbers(part, group), strict=True)
    ]
    known = message_store.known(batch.tx, message.connection_id, [row["external_id"] for row, _ in rows])
    for row, _ in rows:
        if row["state"] == "received" and row["external_id"] in known:
            row.update(state="parked", reason="edi.duplicate-control", problem=_DUPLICATE, settled_at=batch.now)
    for row, _ in rows:
        row["at"] = batch.now
    added = message_store.add(batch.tx, rows)
    if not added:
        return 0
    _follow(batch, added)
    agreed = [part.agreements.get(one.set_id) for one in group.sets]
    # Owed unless every agreement on the group's sets says otherwise.
    if not agreed or any(agreement is None or agreement.acknowledge for agreement in agreed):
        answers.to_group(batch, message, part.partner, part.interchange, group, decision)
    return len(added)


_DUPLICATE = {
    "code": "edi.duplicate-control",
    "detail": "The partner has used these control numbers before, with other content. Replay accepts it.",
}


def _document(
    message: Row[Any],
    part: _Part,
    group: Group,
    one: RawSet,
    numbers: str,
    *,
    accepted: bool,
    errors: Sequence[Finding],
) -> tuple[dict[str, Any], bytes]:
    """One transaction set as a message of its own; its bytes are its envelope's and its own, as they came."""
    agreement = part.agreements.get(one.set_id)
    row: dict[str, Any] = {
        "direction": "in",
        "connection_id": message.connection_id,
        "partner_id": part.partner.id if part.partner else None,
        "parent_id": message.id,
        "kind": agreement.kind if agreement else one.set_id,
        "format": "x12",
        "external_id": f"{part.partner.id if part.partner else 0}/{group.functional_id}/{numbers}",
        "revision": "/" + hashlib.sha256(one.body.encode()).hexdigest()[:24],
        "via": "split",
        "test": part.test,
        "set_id": one.set_id,
        "control": numbers,
        "state": "received",
        "reason": None,
        "problem": None,
        "settled_at": None,
    }
    problem: dict[str, Any] | None = None
    if not accepted:
        kept = [without_value(f) for f in errors[:MAX_FINDINGS]]
        detail = errors[0].message if errors else "Its group was rejected."
        problem = {"code": "edi.rejected", "detail": detail, "findings": kept}
    elif group.functional_id != FUNCTIONAL_ACKNOWLEDGEMENT and agreement is None:
        detail = f"There is no agreement with the partner on set {one.set_id}. Add one and replay."
        problem = {"code": "edi.no-agreement", "detail": detail}
    if problem:
        row.update(state="parked", reason=problem["code"], problem=problem, settled_at=message.at)
    return row, part.interchange.alone(group, one)


def _numbers(part: _Part, group: Group) -> list[str]:
    """The control numbers of each set of a group; one that repeats an earlier set's number also gets its place."""
    named: dict[str, int] = {}
    for place, one in enumerate(group.sets, 1):
        numbers = f"{part.interchange.part(13)}/{group.control_number}/{one.control_number}"
        named[f"{numbers}#{place}" if numbers in named else numbers] = place
    return list(named)


def _follow(batch: Batch, added: Sequence[tuple[int, str, str]]) -> None:
    """The new documents of a group are read next; what is parked is told."""
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
        else:
            batch.jobs.append(jobs.translate_job(row.id, row.kind, row.external_id, row.connection_id, batch.now))


def only_set(body: bytes) -> TransactionSet:
    """The structured document of one stored transaction set. Raises `Park`."""
    for interchange in examine(body):
        for one in interchange.sets:
            if one.tree is not None:
                return one.tree
    raise Park("edi.unreadable", "The document cannot be read as a transaction set.")
