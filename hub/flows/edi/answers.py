"""What we answer to EDI that came: interchange (TA1), functional (997, 999) and syntax acknowledgements (CONTRL),
sealed in the transaction that stores the documents, before anything is mapped."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from hub import jobs
from hub.edi.findings import EdiError
from hub.edi.inbound import Answer, Written
from hub.edi.partner.profile import Profile
from hub.edi.validation import JudgedInterchange
from hub.flows.batch import Batch
from hub.flows.edi import controls
from hub.flows.problems import MAX_FINDINGS, Park, without_value
from hub.store import messages as message_store

KIND = "functional_acknowledgement"
FINAL = ("acknowledgement.rejected", "edi.not-writable")
"""Why an answer waits that is not written a second time: it says what was found when the document came."""


def owe(
    batch: Batch,
    message: Row[Any],
    partner: Row[Any],
    said: Profile,
    interchange: JudgedInterchange,
    answer: Answer,
    place: str,
) -> None:
    """Seal an acknowledgement and queue its delivery. `place`: which one of its file's it is; what is read again is not
    answered again. One that cannot be written waits for a person, and holds up nothing."""
    key = f"{answer.set_id}-{partner.id}-{message.id}-{place}"
    if batch.outgoing.get((message.connection_id, KIND, key)) is not None:
        return
    ours, theirs = interchange.receiver, interchange.sender
    row = {
        "direction": "out",
        "connection_id": message.connection_id,
        "partner_id": partner.id,
        "parent_id": message.id,
        "kind": KIND,
        "format": interchange.standard,
        "external_id": key,
        "revision": "0",
        "via": "hub",
        "test": interchange.test,
        "set_id": answer.set_id,
        "state": "sealed",
        "at": batch.now,
    }

    def number(level: str, functional_id: str) -> int:
        scope = f"{level}/{':'.join(ours)}/{':'.join(theirs)}"
        return controls.number(batch, f"{scope}/{functional_id}" if functional_id else scope)

    try:
        written = answer.write(number, batch.now.astimezone(said.zone))
    except EdiError as error:
        _set_aside(batch, row, error)
        return
    row["interchange"] = controls.interchange(ours, theirs, written.interchange, interchange.test)
    _seal(batch, row, written)
    batch.event(
        "acknowledgement.owed" if answer.documents else "acknowledgement.interchange-owed",
        message_id=message.id,
        connection_id=message.connection_id,
        verdict=answer.code,
        **_told(answer),
    )


def _told(answer: Answer) -> dict[str, Any]:
    """What an event says of an acknowledgement besides its verdict."""
    if not answer.documents:
        return {"interchange": answer.subject, "note": next(iter(answer.codes), "")}
    accepted = sum(one.accepted for one in answer.documents)
    return {"group": answer.subject, "sets": len(answer.documents), "accepted": accepted}


def _seal(batch: Batch, row: dict[str, Any], written: Written) -> None:
    facts = {"control": written.control or None, "set_control": written.set_control or None}
    message_id = message_store.seal(batch.rows, {**row, **facts}, written.body)
    batch.outgoing.forget((row["connection_id"], KIND, row["external_id"]))
    job = jobs.deliver_job(KIND, message_id, row["connection_id"], None, batch.now, message_id=message_id)
    batch.jobs.append({**job, "key": row["external_id"]})


def _set_aside(batch: Batch, row: dict[str, Any], error: EdiError) -> None:
    findings = [without_value(f) for f in error.findings[:MAX_FINDINGS]]
    problem = Park("edi.not-writable", str(error)[:500], findings=findings)
    parked = {"state": "parked", "reason": problem.code, "problem": problem.problem(), "settled_at": batch.now}
    message_id = message_store.add_unsealed(batch.rows, {**row, **parked})
    batch.event(
        "message.parked",
        message_id=message_id,
        connection_id=row["connection_id"],
        code=problem.code,
        document=row["set_id"],
    )
