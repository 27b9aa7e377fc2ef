"""Deliver's first transaction: what each job is to send is read from the present state, and its bytes are fixed.

A job ends in an effect to be made, or in an outcome: done with nothing to send, later, or parked. Documents that an
agreement sends together end in an effect of their own, see `hub.flows.outbound.together`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row
from sqlalchemy.exc import OperationalError

from hub import jobs
from hub.flows.batch import Batch
from hub.flows.guide import Guide
from hub.flows.orders import change_answers
from hub.flows.outbound import resends, stock_feed, together, writing
from hub.flows.parking import unexpected
from hub.flows.problems import Park
from hub.installation import Installation
from hub.jobs import Outcome
from hub.schedules import next_slot
from hub.sdk.connector import Receipt
from hub.store import jobs as job_store
from hub.store import messages as message_store
from hub.store import orders as order_store
from hub.store.jobs import Job


@dataclass(slots=True)
class Effect:
    """One effect under way. `doubtful`: an earlier try may have made it happen. `inside`: the messages of the documents
    of an interchange, which come to the same end. `again`: how often it was made anew, this time included; 0 for
    the first time."""

    job: Job
    message_id: int
    kind: str
    key: str
    payload: bytes
    connection: Row[Any]
    doubtful: bool
    sent_before: dt.datetime | None
    inside: Sequence[Row[Any]] = ()
    again: int = 0
    result: Receipt | Exception | None = None

    @property
    def message_ids(self) -> list[int]:
        """All messages that this is about."""
        return [self.message_id, *(one.id for one in self.inside)]


def seal_all(inst: Installation, claimed: Sequence[Job], worker: str, apart: bool) -> list[Effect]:
    """Fix what these jobs send and write down that it is being sent; gives the effects to be made."""
    with inst.db.write() as tx:
        now = inst.now()
        mine = job_store.mine(tx, claimed)
        batch = Batch(tx, now, apart)
        sealing = _Sealing(batch, Guide(inst, tx, batch), worker)
        sealing.take([job for job in claimed if job.id in mine])
        sealing.outcomes += sealing.gathered.close(lambda more: sealing.take(more, along=True))
        sealing.guide.remember(tx, now)
        batch.flush()
        mark_sent(tx, [e for e in sealing.effects if not e.doubtful], now)
        jobs.finish(tx, sealing.outcomes, worker, now)
    return sealing.effects


def mark_sent(tx: Connection, effects: Sequence[Effect], now: dt.datetime) -> None:
    """Write "sent, outcome unknown" before it is sent."""
    message_store.change(
        tx, [{"b_id": id_, "state": "sent", "sent_at": now} for effect in effects for id_ in effect.message_ids]
    )


LOOK_AGAIN = dt.timedelta(seconds=30)
"""When work that was claimed just before a person stopped it, or its order was held, is looked at again."""


class _Sealing:
    """The jobs of one transaction, and what has become of them so far."""

    def __init__(self, batch: Batch, guide: Guide, worker: str) -> None:
        self.batch = batch
        self.guide = guide
        self.gathered = together.Gathered(batch, guide, worker)
        self.effects: list[Effect] = []
        self.outcomes: list[Outcome] = []

    def take(self, claimed: Sequence[Job], *, along: bool = False) -> None:
        """Seal what each of these jobs is to send, whatever becomes of the others. `along`: they were claimed for those
        of them that go together with others; the rest is given back."""
        self._expect(claimed)
        tx = self.batch.tx
        sealed = message_store.get(tx, [job.message_id for job in claimed if job.message_id])
        held = order_store.held(tx, [job.order_id for job in claimed if job.order_id and job.noun == "fulfillment"])
        for job in claimed:
            waits = self._waits(job, job.noun == "fulfillment" and job.order_id in held)
            if waits:
                self.outcomes.append(waits)
                continue
            try:
                with self.batch.document():
                    found = self._seal(job, sealed.get(job.message_id or 0))
            except OperationalError:
                raise
            except Exception as error:
                problem = error if isinstance(error, Park) else unexpected(error)
                writing.set_aside(self.batch, job, problem)
                found = jobs.parked(job, self.batch.now, problem.problem())
            if isinstance(found, Effect) and along:
                self.outcomes.append(jobs.later(job, self.batch.now, {"code": "outbound.apart"}, costs=False))
            elif isinstance(found, Effect):
                self.effects.append(found)
            elif isinstance(found, Outcome):
                self.outcomes.append(found)
            else:
                self.gathered.add(found)

    def _expect(self, claimed: Sequence[Job]) -> None:
        """What delivering these will ask."""
        batch = self.batch
        orders = [job.order_id for job in claimed if job.order_id]
        batch.order.expect(orders)
        batch.books_of.expect(orders)
        batch.outgoing.expect((job.connection_id, job.noun, job.key) for job in claimed if not job.message_id)
        for job in claimed:
            if job.subject_id is not None and job.noun == "fulfillment":
                batch.fulfillment.expect([job.subject_id])
                batch.lines_of_fulfillment.expect([job.subject_id])
            elif job.subject_id is not None and job.noun in ("shipment", "tracking"):
                batch.shipment.expect([job.subject_id])
            elif job.subject_id is not None and job.noun == "invoice":
                batch.invoice.expect([job.subject_id])

    def _waits(self, job: Job, held: bool) -> Outcome | None:
        """Why a delivery must not go now, although it could be claimed. What a person decides counts until the sealing;
        an answer may wait for what it is about."""
        batch = self.batch
        connection = batch.connections[job.connection_id]
        flow = batch.flows.get((job.connection_id, "out", job.noun))
        code = ""
        if connection.mode == "off":
            code = "outbound.off"
        elif connection.outbound_stopped or batch.outbound_stopped:
            code = "outbound.stopped"
        elif flow is not None and flow.paused:
            code = "outbound.paused"
        elif held:
            code = "outbound.held"
        if code:
            return jobs.later(job, batch.now + LOOK_AGAIN, {"code": code}, costs=False)
        until = change_answers.waits_until(batch, job)
        return jobs.later(job, until, {"code": "answer.awaits-backend"}, costs=False) if until else None

    def _seal(self, job: Job, sealed: Row[Any] | None) -> Effect | Outcome | together.Member:
        """Find the bytes of an effect, or fix them now."""
        batch = self.batch
        message = sealed or batch.outgoing.get((job.connection_id, job.noun, job.key))
        if message is not None and message.kind == resends.KIND:
            return self._again(job, message)
        # What was sealed when its cause was stored (a functional acknowledgement) is never written a second time.
        anew = message is not None and message.state in ("parked", "withdrawn") and message.sent_at is None
        if message is None or (anew and job.message_id is None) or stock_feed.is_past(job, message):
            return self._write(job, message)
        if message.state in ("done", "withdrawn"):
            return jobs.done(job, batch.now)
        if together.is_inside(job, message):
            return jobs.later(job, batch.now + together.LOOK_AGAIN, {"code": "outbound.in-interchange"}, costs=False)
        return self._live(self._sealed(job, message, message, inside=together.inside(batch.tx, message)))

    def _again(self, job: Job, message: Row[Any]) -> Effect | Outcome:
        """Send what was sent before, under its key."""
        batch = self.batch
        if message.state in ("done", "withdrawn"):
            return jobs.done(job, batch.now)
        delivery = resends.begin(batch, message)
        if delivery is None:
            batch.end(message.id, "withdrawn", reason="effect.replaced", order_id=message.order_id)
            return jobs.done(job, batch.now)
        return self._live(self._sealed(job, message, delivery.message, again=int(message.revision)))

    def _sealed(
        self, job: Job, message: Row[Any], named: Row[Any], inside: Sequence[Row[Any]] = (), again: int = 0
    ) -> Effect:
        """The effect that sends the sealed bytes of a message, under the key of the document that it is `named` as."""
        return Effect(
            job,
            message.id,
            job.noun,
            _key(named.external_id, int(named.revision)),
            message_store.bodies(self.batch.tx, [message.id])[message.id],
            self.batch.connections[job.connection_id],
            doubtful=message.sent_at is not None,
            sent_before=message.sent_at,
            inside=inside,
            again=again,
        )

    def _write(self, job: Job, before: Row[Any] | None) -> Effect | Outcome | together.Member:
        """Read the wanted state and fix its bytes, or leave them to the next slot of its agreement."""
        batch = self.batch
        order = batch.order.get(job.order_id) if job.order_id else None
        if order is None and job.noun not in writing.WITHOUT_ORDER:
            raise Park("order.missing", "The order of this document no longer exists.")
        to = writing.recipient(batch, job, order)
        if order is None and to is None:
            return jobs.done(job, batch.now)
        if to is not None and to.profile.schedule:
            slot = next_slot(to.profile.schedule, to.profile.timezone, job.created_at)
            if slot > batch.now:
                return jobs.later(job, slot, {"code": "outbound.scheduled"}, costs=False)
        generation = 0 if before is None else int(before.revision) + 1
        made = writing.draft(batch, self.guide, job, order, to, generation)
        if before is not None and before.state != "done":
            reason = "effect.replaced" if made else "effect.withdrawn"
            batch.end(before.id, "withdrawn", reason=reason, order_id=job.order_id)
        if made is None:
            return jobs.done(job, batch.now)
        if to is not None and to.profile.batch == "together":
            return together.Member(job, made, to)
        payload, facts = writing.written(batch, self.guide, made)
        message_id = writing.seal(batch, job, made, payload, facts)
        connection = batch.connections[job.connection_id]
        return self._live(
            Effect(job, message_id, job.noun, _key(job.key, generation), payload, connection, False, None)
        )

    def _live(self, effect: Effect) -> Effect | Outcome:
        """In shadow mode everything happens but the push. What may have been sent before it is still settled."""
        if effect.connection.mode == "live" or effect.doubtful:
            return effect
        for id_, order_id in [(effect.message_id, effect.job.order_id), *((m.id, m.order_id) for m in effect.inside)]:
            self.batch.end(id_, "done", reason="effect.shadow", order_id=order_id)
            self.batch.event("delivery.shadow", order_id=order_id, message_id=id_, document=effect.kind)
        return jobs.done(effect.job, self.batch.now)


def _key(key: str, generation: int) -> str:
    """What is written anew is another effect: the other side must not take it for a repetition of the first."""
    return f"{key}~{generation}" if generation else key
