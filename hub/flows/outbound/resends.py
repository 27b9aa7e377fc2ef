"""A document of ours that a partner asks for once more: what was sealed goes again, with the same bytes, name and
control numbers. Nothing follows from it here but that its acknowledgement is waited for anew.

It is delivered as a message of its own, with a copy of the bytes, so that its tries and its end stand apart from those
of the first delivery. Where the document went in an interchange with others, all of that goes again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from hub import jobs
from hub.errors import Refused
from hub.flows.batch import Batch
from hub.flows.outbound import together
from hub.sdk.connector import Connector
from hub.store import messages as message_store

KIND = "resend"
"""The kind of a message that is a further delivery of another one, which is its subject."""
FORMATS = ("x12", "edifact")
REJECTED = ("acknowledgement.rejected", "advice.rejected")
"""Why a document is parked that has arrived."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What was delivered as one: `message` holds the bytes; `documents` are in them, or `message` itself alone."""

    message: Row[Any]
    documents: Sequence[Row[Any]]

    @property
    def noun(self) -> str:
        """As what it went."""
        return str(self.documents[0].kind)


def delivery_of(tx: Connection, message: Row[Any]) -> Delivery | None:
    """The delivery that a message was part of; of a further one, the first. None where nothing of it is wanted."""
    if message.kind == KIND:
        message = message_store.get(tx, [message.subject_id])[message.subject_id]
    if message.direction == "out" and message.parent_id is not None:
        around = message_store.get(tx, [message.parent_id])[message.parent_id]
        message = around if around.kind == together.KIND and around.direction == "out" else message
    documents = together.inside(tx, message) if message.kind == together.KIND else [message]
    return Delivery(message, documents) if documents else None


def is_sendable(row: Any) -> bool:
    """Whether a message has gone to a partner as EDI, not in test, and is still what counts."""
    arrived = row.state == "done" or (row.state == "parked" and row.reason in REJECTED)
    edi = row.direction == "out" and row.format in FORMATS and row.kind != KIND
    return bool(edi and arrived and not row.test and row.reason != "effect.shadow")


def ask(batch: Batch, message: Row[Any], connector: type[Connector], *, whole: bool, actor: str) -> int:
    """Queue a further delivery of what a message went in; gives the number of documents. Raises `Refused`, also where
    others would go with it and nobody has said that they may (`whole`)."""
    delivery = delivery_of(batch.tx, message)
    body = _bytes(batch, message, delivery, connector)
    assert delivery is not None
    sent, others = delivery.message, len(delivery.documents) - 1
    if others and not whole and message.id != sent.id:
        raise Refused(
            "message.in-interchange",
            f"It went in one interchange with {others} other document{'s' if others > 1 else ''}, which would all go"
            f" again: `hub messages resend {message.id} --whole`.",
        )
    message_id = _seal(batch, sent, body)
    batch.jobs.append(_job(batch, delivery, message_id))
    for one in {row.id: row for row in (*delivery.documents, sent)}.values():
        facts = {"message_id": one.id, "order_id": one.order_id, "connection_id": one.connection_id}
        batch.event("message.resend", actor=actor, document=one.set_id, resend=message_id, **facts)
    return others + 1


def _bytes(batch: Batch, message: Row[Any], delivery: Delivery | None, connector: type[Connector]) -> bytes:
    """The bytes that go again. Raises `Refused` where there are none, or may not go."""
    if message.direction != "out" or message.format not in FORMATS:
        raise Refused("message.not-resendable", "Only EDI that we sent can be sent again as it was.")
    if not connector.resends:
        raise Refused("message.not-resendable", f"A connection of type {connector.type} cannot deliver twice.")
    sent = delivery.message if delivery is not None else message
    if sent.state == "withdrawn" or delivery is None or len(delivery.documents) < (sent.documents or 1):
        raise Refused("message.replaced", "It, or a document that went with it, is wanted no more or was replaced.")
    if sent.test:
        raise Refused("message.sent-in-test", "It was sent in test. Test again with a new document.")
    if not is_sendable(sent):
        raise Refused("message.not-sent", "It has not been sent. What waits goes by itself or by a replay.")
    if batch.connections[sent.connection_id].mode == "shadow":
        raise Refused("effect.shadow", "The connection is in shadow mode: nothing is sent.")
    body = message_store.bodies(batch.tx, [sent.id]).get(sent.id)
    if body is None:
        raise Refused("payload.erased", f"The bytes of message {sent.id} are not kept any more.")
    return body


def _seal(batch: Batch, sent: Row[Any], body: bytes) -> int:
    """Store what goes; gives its id. Raises `Refused` while an earlier time is not settled, also where somebody else
    asks at this moment: whichever is stored second finds the first."""
    effect = (sent.connection_id, KIND, _key(sent))
    before = batch.outgoing.get(effect)
    if before is None or before.state in ("done", "withdrawn"):
        times = 1 if before is None else int(before.revision) + 1
        for message_id, _, _ in message_store.add(batch.tx, [(_row(batch, sent, times), body)]):
            return message_id
        before = batch.outgoing[effect]
    raise Refused("message.resend-waits", f"It is being sent again already: message {before.id}.")


def _key(sent: Row[Any]) -> str:
    return f"{KIND}/{sent.id}"


def _row(batch: Batch, sent: Row[Any], times: int) -> dict[str, Any]:
    same = ("direction", "connection_id", "partner_id", "order_id", "format", "set_id", "test", "documents")
    return {
        **{name: getattr(sent, name) for name in same},
        "kind": KIND,
        "external_id": _key(sent),
        "revision": str(times),
        "via": "hub",
        "state": "sealed",
        "subject_id": sent.id,
        "at": batch.now,
    }


def _job(batch: Batch, delivery: Delivery, message_id: int) -> dict[str, Any]:
    sent = delivery.message
    return jobs.describe(
        "deliver",
        delivery.noun,
        key=_key(sent),
        lane=f"deliver/{sent.connection_id}/{sent.order_id or _key(sent)}",
        connection_id=sent.connection_id,
        order_id=sent.order_id,
        message_id=message_id,
        now=batch.now,
    )


def begin(batch: Batch, message: Row[Any]) -> Delivery | None:
    """A further delivery is about to be made: what was said of the first one counts no more. None where it was replaced
    since somebody asked for it."""
    delivery = delivery_of(batch.tx, message)
    if delivery is None or delivery.message.state == "withdrawn":
        return None
    waits = {"acknowledged": None, "acknowledge_by": None}
    message_store.change(batch.tx, [{"b_id": one.id, **waits} for one in delivery.documents])
    return delivery


def arrived(batch: Batch, message: Row[Any]) -> Sequence[Row[Any]]:
    """A further delivery has arrived; gives its documents, whose acknowledgement is waited for anew."""
    delivery = delivery_of(batch.tx, message)
    documents = [one for one in delivery.documents if one.state != "withdrawn"] if delivery is not None else []
    to = batch.connections[message.connection_id].name
    for one in documents:
        if one.state == "parked":
            batch.end(one.id, "done", order_id=one.order_id, mapping_hash=one.mapping_hash)
        facts = {"message_id": one.id, "order_id": one.order_id, "connection_id": one.connection_id}
        batch.event("message.resent", document=one.set_id, to=to, resend=message.id, **facts)
    return documents
