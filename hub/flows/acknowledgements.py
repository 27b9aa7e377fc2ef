"""Functional acknowledgements of what we sent: until when each is due, and what it says when it comes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row

from hub.edi.tree import TransactionSet
from hub.edi.x12.received import ReceivedAcknowledgement, read_acknowledgement
from hub.flows.batch import Batch
from hub.flows.problems import Park
from hub.store import messages as message_store
from hub.store import partners as partner_store

SETS = ("997", "999")
MAX_FAULTS = 25


def is_acknowledgement(message: Row[Any]) -> bool:
    """Is this document a partner's functional acknowledgement of what we sent?"""
    return bool(message.via == "split" and message.set_id in SETS)


def expect(tx: Connection, sent: Iterable[Row[Any]], now: dt.datetime) -> None:
    """Note until when partners are to acknowledge what has just been sent, where the agreement names the hours."""
    agreed: dict[tuple[int, str], Row[Any] | None] = {}
    due = []
    for message in sent:
        if message.partner_id is None or message.set_id is None:
            continue
        key = (message.partner_id, message.set_id)
        if key not in agreed:
            agreed[key] = partner_store.agreement(tx, message.partner_id, "out", set_id=message.set_id)
        agreement = agreed[key]
        if agreement is not None and agreement.acknowledge and agreement.acknowledge_hours is not None:
            due.append({"b_id": message.id, "acknowledge_by": now + dt.timedelta(hours=agreement.acknowledge_hours)})
    message_store.change(tx, due)


def acknowledged(batch: Batch, message: Row[Any], tree: TransactionSet) -> Park | None:
    """Find what a functional acknowledgement is about and note its verdict; gives the problem when that is nothing."""
    received = read_acknowledgement(tree)
    control = f"{received.functional_id}/{received.control_number.lstrip('0')}"
    sent = [
        m
        for m in message_store.by_control(batch.tx, message.connection_id, control)
        if m.partner_id == message.partner_id
    ]
    if not sent:
        return Park("acknowledgement.unmatched", f"It acknowledges group {control}, which the partner was not sent.")
    verdict = _verdict(received)
    for each in sent:
        message_store.change(batch.tx, [{"b_id": each.id, "acknowledged": verdict}])
        batch.event("acknowledgement.received", order_id=each.order_id, message_id=each.id, verdict=verdict)
        if verdict == REJECTED and each.state == "done":
            rejected(batch, each, [fault for one in received.sets for fault in one.errors])
        elif verdict != REJECTED and each.state == "parked" and each.reason == "acknowledgement.rejected":
            batch.end(each.id, "done", order_id=each.order_id, mapping_hash=each.mapping_hash)
    return None


REJECTED = "rejected"


def rejected(batch: Batch, message: Row[Any], faults: Sequence[str] = ()) -> None:
    """The partner takes nothing from a document of ours: it waits for a person, who has it written anew. `faults`: what
    the acknowledgement says is wrong with it, in words and without values."""
    code = "acknowledgement.rejected"
    findings = [{"code": code, "message": fault} for fault in faults[:MAX_FAULTS]]
    problem = Park(code, "The partner rejects it.", findings=findings)
    batch.end(
        message.id,
        "parked",
        reason=problem.code,
        problem=problem.problem(),
        order_id=message.order_id,
        mapping_hash=message.mapping_hash,
    )
    batch.event(
        "message.parked",
        order_id=message.order_id,
        message_id=message.id,
        connection_id=message.connection_id,
        code=problem.code,
        document=message.kind,
    )


def _verdict(received: ReceivedAcknowledgement) -> str:
    if not received.accepted or any(not one.accepted for one in received.sets):
        return REJECTED
    return "accepted" if received.code == "A" else "errors"
