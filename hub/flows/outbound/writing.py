"""Fix the bytes of an effect: canonical document, outbound mapping, and for EDI the envelope with its numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy import Row

from hub.edi.partner.settings import profile
from hub.flows.batch import Batch
from hub.flows.guide import Guide
from hub.flows.orders import change_answers
from hub.flows.outbound import envelopes, refusals, stock_feed
from hub.flows.outbound.envelopes import Recipient
from hub.flows.outbound.render import RENDER, restated
from hub.flows.problems import Park
from hub.flows.reading import decoded, dump, mapped
from hub.mapping import Mapping as CompiledMapping
from hub.store import messages as message_store
from hub.store import orders as order_store
from hub.store.jobs import Job


class WithoutOrder(Protocol):
    """What makes a document that goes to a partner and is not about an order."""

    def recipient(self, batch: Batch, job: Job, /) -> Recipient | None:
        """The partner; None where it is no longer to be told. Raises `Park`."""

    def document(self, batch: Batch, job: Job, to: Recipient, generation: int, /) -> dict[str, Any] | None:
        """The canonical document; None where there is nothing to tell."""


WITHOUT_ORDER: Mapping[str, WithoutOrder] = {stock_feed.KIND: stock_feed, refusals.KIND: refusals}
"""By noun."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A document as its mapping has made it, before its bytes are fixed. `row`: the columns of its message; `source`:
    the canonical document that the mapping read. `to`: the partner whom it goes to in an envelope, None where it goes
    to a connection with a format of its own."""

    row: Mapping[str, Any]
    mapping: CompiledMapping
    source: Mapping[str, Any]
    values: Mapping[str, Any]
    to: Recipient | None


def recipient(batch: Batch, job: Job, order: Row[Any] | None) -> Recipient | None:
    """The partner whom a job's document goes to in an envelope; None where it goes to a connection with a format of its
    own, or where stock is no longer to be told. Raises `Park`."""
    if order is None:
        return WITHOUT_ORDER[job.noun].recipient(batch, job)
    agreement = _agreed(batch, job, order)
    if agreement is None:
        return None
    located = {"fulfillment": batch.fulfillment, "shipment": batch.shipment}.get(job.noun)
    subject = located.get(job.subject_id) if located is not None and job.subject_id is not None else None
    own = order if agreement.partner_id == order.partner_id else None
    location = subject.location if subject else None
    return envelopes.recipient(batch, agreement, test=bool(order.test), location=location, own_order=own)


def draft(
    batch: Batch, guide: Guide, job: Job, order: Row[Any] | None, to: Recipient | None, generation: int
) -> Draft | None:
    """The present state of what a job is to send; None when nothing is left to send. Raises `Park`."""
    if job.subject_id is None:
        raise Park("order.missing", "The order of this document no longer exists.")
    agreement = to.agreement if to is not None else None
    if agreement is not None and job.noun == "shipment":
        envelopes.label(batch, agreement.partner_id, job.subject_id)
    mapping = guide.mapping(agreement.mapping) if agreement else guide.outbound(job.connection_id, job.noun)
    schema, document = job.noun, None
    if order is not None:
        # A cancellation may be told as the fulfillment anew, as what is left of it.
        anew = job.noun == "cancellation" and mapping.source.name == "fulfillment"
        schema, make = ("fulfillment", restated) if anew else RENDER[job.noun]
        document = make(batch, order, job.subject_id)
    elif to is not None:
        document = WITHOUT_ORDER[job.noun].document(batch, job, to, generation)
    if document is None:
        return None
    source = None
    if order is not None and reads_source(mapping.text):
        source = original(batch.original[order.message_id], guide)
    context = guide.context(job.connection_id, agreement.partner_id if agreement else None, source)
    canonical = dump(schema, document)
    with writing(canonical, mapping, agreement):
        values = mapped(canonical, mapping, context)
    test = bool(order.test) if order is not None else to is not None and to.test
    row = {**_row(batch, job, generation), "mapping_hash": mapping.hash, "test": test}
    return Draft(row, mapping, canonical, values, to)


def written(batch: Batch, guide: Guide, made: Draft) -> tuple[bytes, dict[str, Any]]:
    """The bytes of a document that goes by itself, and the columns that its envelope gives its message."""
    if made.to is not None:
        with writing(made.source, made.mapping, made.to.agreement):
            return envelopes.write(batch, guide.inst, made.to, made.values)
    return json.dumps(made.values, default=_plain, ensure_ascii=False, separators=(",", ":")).encode(), {}


@contextmanager
def writing(source: Mapping[str, Any], mapping: CompiledMapping, agreement: Row[Any] | None) -> Iterator[None]:
    """A document that cannot be written is set aside with what it was to be written from, by which mapping, and to whom
    it was to go."""
    try:
        yield
    except Park as problem:
        problem.source, problem.columns = source, {"mapping_hash": mapping.hash}
        problem.facts = {**problem.facts, "mapping": mapping.name}
        if agreement is not None:
            problem.columns |= {"partner_id": agreement.partner_id, "set_id": agreement.set_id}
        raise


def seal(batch: Batch, job: Job, made: Draft, body: bytes, facts: Mapping[str, Any]) -> int:
    """Store a document with the bytes that every try will send; gives its message's id."""
    message_id = message_store.seal(batch.rows, {**made.row, **facts}, body)
    _keep(batch, message_id, made.source)
    batch.outgoing.forget((job.connection_id, job.noun, job.key))
    return message_id


def _agreed(batch: Batch, job: Job, order: Row[Any]) -> Row[Any] | None:
    """What was agreed on this document with the partner whom it goes to; None where it goes to no partner but to a
    connection with a format of its own. Raises `Park`."""
    if job.noun == "fulfillment":
        return _backend(batch, job)
    if job.noun == "cancellation":
        partner_id = _had_the_fulfillment(batch, job)
    else:
        partner_id = order.partner_id if job.connection_id == order.connection_id else None
    if partner_id is None:
        return None
    agreement = batch.agreed.get((partner_id, job.noun))
    if agreement is None and job.noun == "cancellation":
        agreement = batch.agreed.get((partner_id, "fulfillment"))
    if agreement is None and job.noun == change_answers.KIND:
        agreement = change_answers.agreement(batch, partner_id)
    if agreement is None:
        raise Park("edi.no-agreement", f"There is no agreement with the partner on sending {job.noun}.")
    return agreement


def _backend(batch: Batch, job: Job) -> Row[Any] | None:
    """The agreement with the warehouse or supplier on a connection that has the fulfillment's location."""
    found = batch.fulfilling_partners.get(job.connection_id, [])
    if len(found) > 1:
        row = batch.fulfillment.get(job.subject_id or 0)
        location = row.location if row is not None else None
        found = [one for one in found if location in profile(one.partner_settings).locations]
        if len(found) != 1:
            raise Park(
                "edi.backend-unclear",
                f"{len(found) or 'None'} of the connection's partners have the location {location or 'of this order'}."
                " Name it in the routing rule and in the `locations` of one partner.",
            )
    return found[0] if found else None


def _had_the_fulfillment(batch: Batch, job: Job) -> int | None:
    """The partner who was sent the fulfillment that is to be cancelled."""
    wish = order_store.cancellation(batch.tx, job.subject_id or 0)
    if wish is None:
        return None
    sent = batch.outgoing.get((job.connection_id, "fulfillment", f"fulfillment/{wish.fulfillment_id}"))
    return sent.partner_id if sent is not None else None


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
        if before.state != "done":
            batch.end(before.id, "withdrawn", reason="effect.replaced", order_id=job.order_id)
    row = {
        **_row(batch, job, generation),
        "state": "parked",
        "reason": problem.code,
        "problem": problem.problem(),
        "awaits": problem.awaits,
        "settled_at": batch.now,
        **problem.columns,
    }
    message_id = message_store.add_unsealed(batch.rows, row)
    if problem.source is not None:
        _keep(batch, message_id, problem.source)
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


_CANONICAL = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str)
"""A canonical document has its numbers and dates as text already."""


def _keep(batch: Batch, message_id: int, source: Mapping[str, Any]) -> None:
    message_store.keep_source(batch.rows, message_id, _CANONICAL.encode(source).encode())


def reads_source(text: str) -> bool:
    """Does a mapping look at the original message? Most do not, and need not have it read."""
    return "source/" in text or "source." in text


def original(stored: tuple[Row[Any], bytes | None], guide: Guide) -> Any:
    """The message that an order came from, with its body, as mappings read it. Raises `Park`."""
    message, body = stored
    if body is None:
        raise Park("payload.erased", "The original order has been erased, and this document needs it.")
    return decoded(body, message.format, by=guide.manner(message))


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    return str(value)
