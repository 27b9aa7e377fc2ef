"""What follows when the other side has taken a document: the facts that its receipt brings."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row

from hub.edi.partner.settings import profile
from hub.flows.batch import Batch
from hub.flows.naming import numbered
from hub.flows.orders import cancel
from hub.flows.problems import Park
from hub.flows.reading import read
from hub.installation import Installation
from hub.ledger import OutOfBounds
from hub.mapping import Context, MappingError
from hub.sdk.connector import Receipt
from hub.sdk.errors import Rejected
from hub.store import orders as store
from hub.store import partners as partner_store

WORDS = {
    "shipment": "shipment.written_back",
    "tracking": "shipment.tracking-written-back",
    "return": "return.written_back",
    "acknowledgement": "acknowledgement.sent",
    "order_change_acknowledgement": "order.change-answered",
    "invoice": "invoice.sent",
    "inventory": "stock.told",
}
"""What the timeline says of documents whose receipt brings nothing more."""


def apply(batch: Batch, inst: Installation, kind: str, message: Row[Any], receipt: Receipt) -> None:
    """Take over what the receipt of one document means. Raises `Park`."""
    facts: dict[str, Any] = {
        "order_id": message.order_id,
        "message_id": message.id,
        "connection_id": message.connection_id,
        "to": batch.connections[message.connection_id].name,
    }
    if receipt.remote_id:
        facts["remote_id"] = receipt.remote_id
    by_document = message.partner_id is not None
    if kind == "fulfillment" and message.subject_id is not None:
        store.change_fulfillment(batch.rows, message.subject_id, remote_id=receipt.remote_id, accepted_at=batch.now)
        batch.fulfillment.forget(message.subject_id)
        batch.event("fulfillment.sent" if by_document else "fulfillment.accepted", **facts)
    elif kind == "cancellation" and message.subject_id is not None and by_document:
        # That the file was handed over grants nothing: the wish stays open until the partner's document answers it.
        store.answer_cancellation(batch.tx, message.subject_id, answer_by=batch.now + _answer_time(batch, message))
        batch.event("cancellation.sent", **facts)
    elif kind == "cancellation" and message.subject_id is not None:
        granted = _granted(batch, inst, message, receipt)
        _cancelled(batch, message.subject_id, granted, facts)
    elif kind in WORDS:
        batch.event(WORDS[kind], **facts)


def _answer_time(batch: Batch, message: Row[Any]) -> dt.timedelta:
    """How long the partner may take to say what becomes of a cancellation."""
    partner = batch.partner.get(message.partner_id)
    agreed = partner_store.agreement(batch.tx, message.partner_id, "out", set_id=message.set_id)
    settings = profile(partner.settings if partner else {}, agreed.settings if agreed else None)
    return dt.timedelta(hours=settings.answer_hours)


def _granted(batch: Batch, inst: Installation, message: Row[Any], receipt: Receipt) -> dict[str, int]:
    """Our number of a line -> backend units that the backend gave back, as its answer says through the connection's
    mapping."""
    connection = batch.connections[message.connection_id]
    try:
        mapping = inst.mappings.get(f"{connection.type}/cancellation_result.in")
    except MappingError as error:
        raise Park("mapping.broken", str(error)[:500]) from error
    answer = read("cancellation_result", receipt.raw, "json", mapping, Context(connection={"name": connection.name}))
    granted: Counter[str] = Counter()
    for line in answer.document["lines"]:
        granted[line["line"]] += line["cancelled"]
    return granted


def _cancelled(batch: Batch, cancellation_id: int, granted: Mapping[str, int], facts: dict[str, Any]) -> None:
    wish = store.cancellation(batch.tx, cancellation_id)
    if wish is None or wish.answered_at is not None:
        return
    fulfillment = batch.fulfillment.get(wish.fulfillment_id)
    if fulfillment is None or batch.order.get(wish.order_id) is None:
        return
    asked_for = numbered(batch.lines_of_fulfillment[fulfillment.id])
    if granted.keys() - asked_for.keys():
        raise Park(
            "line.unknown", "The backend's answer names a line that it was not asked about.", order_id=wish.order_id
        )
    # A kit is given back when all of its components are.
    take = {
        line_id: min(
            units, *(granted.get(n, 0) // part.units_per for n, part in asked_for.items() if part.line_id == line_id)
        )
        for line_id, units in cancel.pending(wish).items()
    }
    try:
        cancel.grant(batch, wish, take, f"{wish.cause}/{wish.id}", final=True)
    except OutOfBounds as error:
        raise Park(
            "ledger.out-of-bounds",
            f"The backend gave back units that it does not have: {error}.",
            order_id=wish.order_id,
        ) from error
    units, wanted = sum(take.values()), sum(units for _, units in wish.lines)
    batch.event("cancellation.granted", reference=fulfillment.reference, units=units, asked=wanted, **facts)


def refused(batch: Batch, kind: str, message: Row[Any], error: Rejected) -> None:
    """The other side refused a document for good: the timeline says so."""
    batch.event(
        "delivery.refused",
        order_id=message.order_id,
        connection_id=message.connection_id,
        document=kind,
        code=error.code,
        detail=error.detail,
    )
