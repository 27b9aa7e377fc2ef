"""Fix the bytes of an effect: canonical document, outbound mapping, and for EDI the envelope with its numbers."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from hub.flows import envelopes
from hub.flows.batch import Batch
from hub.flows.problems import Park
from hub.flows.reading import decoded, dump, mapped
from hub.flows.render import RENDER
from hub.flows.translate import Guide
from hub.store import messages as message_store
from hub.store import partners as partner_store
from hub.store.jobs import Job


def render(batch: Batch, guide: Guide, job: Job, order: Row[Any] | None, generation: int) -> tuple[int, bytes] | None:
    """Seal the effect of a job; gives the message's id and its bytes, None when nothing is left to send."""
    if order is None or job.subject_id is None:
        raise Park("order.missing", "The order of this document no longer exists.")
    agreement = None
    if order.partner_id is not None and job.connection_id == order.connection_id:
        agreement = partner_store.agreement(batch.tx, order.partner_id, "out", kind=job.noun)
        if agreement is None:
            raise Park("edi.no-agreement", f"There is no agreement with the partner on sending {job.noun}.")
        if job.noun == "shipment":
            envelopes.label(batch, order.partner_id, job.subject_id)
    schema, make = RENDER[job.noun]
    document = make(batch, order, job.subject_id)
    if document is None or document.get("lines") == []:
        return None
    mapping = guide.mapping(agreement.mapping) if agreement else guide.outbound(job.connection_id, job.noun)
    source = _source(batch, order) if _reads_source(mapping.text) else None
    context = guide.context(job.connection_id, order.partner_id if agreement else None, source)
    values = mapped(dump(schema, document), mapping, context)
    facts: dict[str, Any] = {"format": "json", "partner_id": None}
    if agreement is not None:
        body, facts = envelopes.write(batch, agreement, values, bool(order.test))
    else:
        body = json.dumps(values, default=_plain, ensure_ascii=False, separators=(",", ":")).encode()
    row = {**_row(batch, job, generation), "mapping_hash": mapping.hash, "test": bool(order.test), **facts}
    message_id = message_store.seal(batch.rows, row, body)
    batch.outgoing.forget((job.connection_id, job.noun, job.key))
    return message_id, body


def _row(batch: Batch, job: Job, generation: int) -> dict[str, Any]:
    return {
        "direction": "out",
        "connection_id": job.connection_id,
        "order_id": job.order_id,
        "kind": job.noun,
        "format": "json",
        "external_id": job.key,
        "revision": str(generation),
        "via": "hub",
        "test": False,
        "state": "sealed",
        "subject_id": job.subject_id,
        "at": batch.now,
    }


def set_aside(batch: Batch, job: Job, problem: Park) -> None:
    """A document that could not be written waits for someone, without bytes; a replay writes it anew."""
    before = batch.outgoing.get((job.connection_id, job.noun, job.key))
    generation = 0
    if before is not None:
        generation = int(before.revision) + 1
        batch.end(before.id, "withdrawn", reason="effect.replaced", order_id=job.order_id)
    row = {
        **_row(batch, job, generation),
        "state": "parked",
        "reason": problem.code,
        "problem": problem.problem(),
        "awaits": problem.awaits,
        "settled_at": batch.now,
    }
    message_id = message_store.add_unsealed(batch.rows, row)
    batch.outgoing.forget((job.connection_id, job.noun, job.key))
    batch.event(
        "delivery.parked",
        order_id=job.order_id,
        message_id=message_id,
        connection_id=job.connection_id,
        code=problem.code,
        detail=problem.detail,
        document=job.noun,
    )


def _reads_source(text: str) -> bool:
    """Does a mapping look at the original message? Most do not, and need not have it read."""
    return "source/" in text or "source." in text


def _source(batch: Batch, order: Row[Any]) -> Any:
    """The message that the order came from, as mappings read it."""
    message = message_store.get(batch.tx, [order.message_id])[order.message_id]
    body = message_store.bodies(batch.tx, [order.message_id]).get(order.message_id)
    if body is None:
        raise Park("payload.erased", "The original order has been erased, and this document needs it.")
    return decoded(body, message.format)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    return str(value)
