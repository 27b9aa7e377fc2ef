"""Make effects happen once: seal, push, settle.

Sealing and settling are one transaction each for a whole batch; between them, outside any transaction, the calls run
side by side. A message that is `sent` has an unknown outcome until it is settled, whatever happens to this process.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row
from sqlalchemy.exc import OperationalError

from hub import jobs
from hub.flows import acknowledgements, change_answers, outbound, receipts
from hub.flows.batch import Batch, together_or_apart
from hub.flows.problems import Park
from hub.flows.translate import Guide, park, unexpected
from hub.installation import Installation
from hub.jobs import Outcome
from hub.sdk.connector import Absent, Connector, Found, Guarantee, Receipt
from hub.sdk.errors import ConnectorError, Misconfigured, Rejected, Retry, Unauthorised
from hub.store import connections as connection_store
from hub.store import events as event_store
from hub.store import jobs as job_store
from hub.store import messages as message_store
from hub.store import orders as order_store
from hub.store.jobs import Job


@dataclass(slots=True)
class _Effect:
    """One effect under way. `doubtful`: an earlier try may have made it happen."""

    job: Job
    message_id: int
    kind: str
    key: str
    payload: bytes
    connection: Row[Any]
    doubtful: bool
    sent_before: dt.datetime | None
    result: Receipt | Exception | None = None


def deliver(inst: Installation, claimed: Sequence[Job], worker: str, pool: Executor) -> None:
    """Deliver what these jobs name; each ends done, again later, or parked, whatever the others do."""
    effects = together_or_apart(lambda apart: _seal_all(inst, claimed, worker, apart))
    list(pool.map(lambda effect: _attempt(inst, effect), effects))
    together_or_apart(lambda apart: _settle_all(inst, effects, worker, apart))


# -- seal -----------------------------------------------------------------------------------------------------------


def _seal_all(inst: Installation, claimed: Sequence[Job], worker: str, apart: bool) -> list[_Effect]:
    effects: list[_Effect] = []
    outcomes: list[Outcome] = []
    with inst.db.write() as tx:
        now = inst.now()
        mine = job_store.mine(tx, claimed)
        batch = Batch(tx, now, apart)
        _expect(batch, claimed)
        guide = Guide(inst, tx)
        sealed = message_store.get(tx, [job.message_id for job in claimed if job.message_id])
        held = order_store.held(tx, [job.order_id for job in claimed if job.order_id and job.noun == "fulfillment"])
        for job in claimed:
            if job.id not in mine:
                continue
            waits = _waits(batch, job, job.noun == "fulfillment" and job.order_id in held)
            if waits:
                outcomes.append(jobs.later(job, now + LOOK_AGAIN, {"code": waits}, costs=False))
                continue
            until = change_answers.waits_until(batch, job)
            if until is not None:
                outcomes.append(jobs.later(job, until, {"code": "answer.awaits-backend"}, costs=False))
                continue
            try:
                with batch.document():
                    effect = _seal(batch, guide, job, sealed.get(job.message_id or 0))
            except OperationalError:
                raise
            except Exception as error:
                problem = error if isinstance(error, Park) else unexpected(error)
                outbound.set_aside(batch, job, problem)
                outcomes.append(jobs.parked(job, now, problem.problem()))
                continue
            if effect is None:
                outcomes.append(jobs.done(job, now))
            else:
                effects.append(effect)
        guide.remember(tx, now)
        batch.flush()
        _mark_sent(tx, [e for e in effects if not e.doubtful], now)
        jobs.finish(tx, outcomes, worker, now)
    return effects


def _expect(batch: Batch, claimed: Sequence[Job]) -> None:
    """What delivering these will ask."""
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


LOOK_AGAIN = dt.timedelta(seconds=30)
"""When work that was claimed just before a person stopped it, or its order was held, is looked at again."""


def _waits(batch: Batch, job: Job, held: bool) -> str | None:
    """Why a delivery must not go now, although it could be claimed: what a person decides counts until the sealing."""
    connection = batch.connections[job.connection_id]
    flow = batch.flows.get((job.connection_id, "out", job.noun))
    if connection.mode == "off":
        return "outbound.off"
    if connection.outbound_stopped or batch.outbound_stopped:
        return "outbound.stopped"
    if flow is not None and flow.paused:
        return "outbound.paused"
    return "outbound.held" if held else None


def _seal(batch: Batch, guide: Guide, job: Job, sealed: Row[Any] | None) -> _Effect | None:
    """Find the bytes of an effect, or fix them now. None when there is nothing to send."""
    connection = batch.connections[job.connection_id]
    order = batch.order.get(job.order_id) if job.order_id else None
    message = sealed or batch.outgoing.get((job.connection_id, job.noun, job.key))
    # What was sealed when its cause was stored (a functional acknowledgement) is never written a second time.
    anew = message is not None and message.state in ("parked", "withdrawn") and message.sent_at is None
    if message is None or (anew and job.message_id is None):
        generation = 0 if message is None else int(message.revision) + 1
        made = outbound.render(batch, guide, job, order, generation)
        if message is not None:
            reason = "effect.replaced" if made else "effect.withdrawn"
            batch.end(message.id, "withdrawn", reason=reason, order_id=job.order_id)
        if made is None:
            return None
        message_id, payload = made
        key = _key(job.key, generation)
        return _live(batch, _Effect(job, message_id, job.noun, key, payload, connection, False, None))
    if message.state in ("done", "withdrawn"):
        return None
    payload = message_store.bodies(batch.tx, [message.id])[message.id]
    doubtful = message.sent_at is not None
    effect = _Effect(
        job,
        message.id,
        message.kind,
        _key(message.external_id, int(message.revision)),
        payload,
        connection,
        doubtful,
        message.sent_at,
    )
    return _live(batch, effect)


def _key(key: str, generation: int) -> str:
    """What is written anew is another effect: the other side must not take it for a repetition of the first."""
    return f"{key}~{generation}" if generation else key


def _live(batch: Batch, effect: _Effect) -> _Effect | None:
    """In shadow mode everything happens but the push. What may have been sent before it is still settled."""
    if effect.connection.mode == "live" or effect.doubtful:
        return effect
    batch.end(effect.message_id, "done", reason="effect.shadow", order_id=effect.job.order_id)
    batch.event("delivery.shadow", order_id=effect.job.order_id, message_id=effect.message_id, document=effect.kind)
    return None


def _mark_sent(tx: Connection, effects: Sequence[_Effect], now: dt.datetime) -> None:
    message_store.change(tx, [{"b_id": e.message_id, "state": "sent", "sent_at": now} for e in effects])


# -- push -----------------------------------------------------------------------------------------------------------


def _attempt(inst: Installation, effect: _Effect) -> None:
    """Make the effect happen, or find that it has. Never raises: what became of it is the result."""
    try:
        connector = inst.connector(effect.connection)
        effect.result = _push(inst, connector, effect)
    except Exception as error:
        effect.result = error


def _push(inst: Installation, connector: Connector, effect: _Effect) -> Receipt:
    if not effect.doubtful or connector.guarantee is Guarantee.KEY_HONOURED:
        return connector.push(effect.kind, effect.payload, effect.key)
    if connector.guarantee is Guarantee.NEITHER:
        raise Doubtful("the connection can neither be asked nor told twice")
    settled = (effect.sent_before or inst.now()) + dt.timedelta(seconds=connector.settle_seconds)
    wait = (settled - inst.now()).total_seconds()
    if wait > 0:
        raise Unsettled(wait)
    found = connector.find(effect.kind, effect.payload, effect.key)
    if isinstance(found, Found):
        return found.receipt
    if isinstance(found, Absent):
        with inst.db.write() as tx:
            _mark_sent(tx, [effect], inst.now())
        return connector.push(effect.kind, effect.payload, effect.key)
    raise Doubtful(found.detail or "the other side cannot tell")


class Doubtful(Exception):
    """Whether the effect happened cannot be found out by us: a person must say."""


class Unsettled(Exception):
    """The effect may still be under way on the other side; `seconds` until it is worth asking."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"settling for {seconds:.0f} s")
        self.seconds = seconds


# -- settle ---------------------------------------------------------------------------------------------------------


def _settle_all(inst: Installation, effects: Sequence[_Effect], worker: str, apart: bool) -> None:
    with inst.db.write() as tx:
        now = inst.now()
        mine = job_store.mine(tx, [e.job for e in effects])
        batch = Batch(tx, now, apart)
        batch.order.expect(e.job.order_id for e in effects if e.job.order_id)
        messages = message_store.get(tx, [e.message_id for e in effects])
        outcomes: list[Outcome] = []
        sent: list[Row[Any]] = []
        for effect in effects:
            if effect.job.id not in mine:
                continue
            message = messages[effect.message_id]
            if isinstance(effect.result, Receipt):
                sent.append(message)
                message_store.keep_answer(batch.rows, message.id, effect.result.raw)
                outcomes.append(_succeeded(batch, inst, effect, message, effect.result))
            elif isinstance(effect.result, Exception):
                outcomes.append(_failed(batch, effect, message, effect.result))
        batch.flush()
        acknowledgements.expect(tx, sent, now)
        jobs.finish(tx, outcomes, worker, now)


def _succeeded(batch: Batch, inst: Installation, effect: _Effect, message: Row[Any], receipt: Receipt) -> Outcome:
    try:
        with batch.document():
            receipts.apply(batch, inst, effect.kind, effect.job, message, receipt)
            batch.end(message.id, "done", order_id=message.order_id, mapping_hash=message.mapping_hash)
            if message.acknowledged == acknowledgements.REJECTED:  # the partner's answer was faster than ours
                acknowledgements.rejected(batch, message)
    except OperationalError:
        raise
    except Exception as error:
        problem = error if isinstance(error, Park) else unexpected(error)
        park(batch, message, problem, message.mapping_hash)
        return jobs.parked(effect.job, batch.now, problem.problem(), message.mapping_hash)
    return jobs.done(effect.job, batch.now, message.mapping_hash)


def _failed(batch: Batch, effect: _Effect, message: Row[Any], error: Exception) -> Outcome:
    job, now = effect.job, batch.now
    if isinstance(error, Unsettled):
        return jobs.later(job, now + dt.timedelta(seconds=error.seconds), {"code": "effect.settling"}, costs=False)
    if isinstance(error, Doubtful):
        problem = Park("effect.doubtful", f"It was sent, but whether it arrived is unknown: {error}.")
        park(batch, message, problem, message.mapping_hash)
        return jobs.parked(job, now, problem.problem())
    certain = isinstance(error, ConnectorError) and not (isinstance(error, Retry) and error.maybe_done)
    if certain and not effect.doubtful:
        # The other side certainly does not have it: a cancel may still withdraw it, and nobody needs to ask.
        message_store.change(batch.tx, [{"b_id": message.id, "state": "sealed", "sent_at": None}])
    elif not certain:
        # It was under way until now, however long ago it was sealed: the other side is asked a settle time from here.
        message_store.change(batch.tx, [{"b_id": message.id, "state": "sent", "sent_at": now}])
    if isinstance(error, Rejected):
        message_store.keep_answer(batch.rows, message.id, error.answer)
    outcome = jobs.failed(job, now, error)
    if isinstance(error, (Unauthorised, Misconfigured)):
        trouble(batch.tx, effect.connection, error, now)
    if outcome.state == "parked":
        facts = dict(outcome.error or {})
        facts.pop("code", None)
        code = str((outcome.error or {}).get("code", "connector.rejected"))
        detail = str(facts.pop("detail", "The other side refused it."))
        park(batch, message, Park(code, detail, **facts), message.mapping_hash)
        if isinstance(error, Rejected):
            receipts.refused(batch, effect.kind, job, error)
    return outcome


def trouble(tx: Connection, connection: Row[Any], error: ConnectorError, now: dt.datetime) -> None:
    """Pause a connection that its owner must mend, with one alert."""
    connection_store.change(tx, connection.id, trouble=error.code, trouble_detail=error.detail[:500])
    event_store.alert(
        tx, f"connection/{connection.id}/trouble", error.code, f"{connection.name}: {error.detail}", now, connection.id
    )
