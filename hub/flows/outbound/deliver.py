"""Make effects happen once: seal, push, settle.

Sealing and settling are one transaction each for a whole batch; between them, outside any transaction, the calls run
side by side. A message that is `sent` has an unknown outcome until it is settled, whatever happens to this process.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Any

from sqlalchemy import Connection, Row
from sqlalchemy.exc import OperationalError

from hub import jobs
from hub.flows.batch import Batch, together_or_apart
from hub.flows.edi import acknowledgements
from hub.flows.outbound import receipts, resends, together
from hub.flows.outbound.seal import Effect, mark_sent, seal_all
from hub.flows.parking import park, unexpected
from hub.flows.problems import Park
from hub.installation import Installation
from hub.jobs import Outcome
from hub.sdk.connector import Absent, Connector, Found, Guarantee, Receipt
from hub.sdk.errors import ConnectorError, Misconfigured, Rejected, Retry, Unauthorised
from hub.store import connections as connection_store
from hub.store import events as event_store
from hub.store import jobs as job_store
from hub.store import messages as message_store
from hub.store.jobs import Job


def deliver(inst: Installation, claimed: Sequence[Job], worker: str, pool: Executor) -> None:
    """Deliver what these jobs name; each ends done, again later, or parked, whatever the others do."""
    effects = together_or_apart(lambda apart: seal_all(inst, claimed, worker, apart))
    list(pool.map(lambda effect: _attempt(inst, effect), effects))
    together_or_apart(lambda apart: _settle_all(inst, effects, worker, apart))


# -- push -----------------------------------------------------------------------------------------------------------


def _attempt(inst: Installation, effect: Effect) -> None:
    """Make the effect happen, or find that it has. Never raises: what became of it is the result."""
    try:
        connector = inst.connector(effect.connection)
        effect.result = _push(inst, connector, effect)
    except Exception as error:
        effect.result = error


def _push(inst: Installation, connector: Connector, effect: Effect) -> Receipt:
    if not effect.doubtful or connector.guarantee is Guarantee.KEY_HONOURED:
        if effect.again:
            return connector.resend(effect.kind, effect.payload, effect.key, effect.again)
        return connector.push(effect.kind, effect.payload, effect.key)
    if connector.guarantee is Guarantee.NEITHER or effect.again:  # to ask would find the first delivery
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
            mark_sent(tx, [effect], inst.now())
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


def _settle_all(inst: Installation, effects: Sequence[Effect], worker: str, apart: bool) -> None:
    with inst.db.write() as tx:
        now = inst.now()
        mine = job_store.mine(tx, [e.job for e in effects])
        batch = Batch(tx, now, apart)
        batch.order.expect(e.job.order_id for e in effects if e.job.order_id)
        messages = message_store.get(tx, [id_ for effect in effects for id_ in effect.message_ids])
        outcomes: list[Outcome] = []
        sent: list[Row[Any]] = []
        for effect in effects:
            if effect.job.id not in mine:
                continue
            message = messages[effect.message_id]
            inside = [messages[one.id] for one in effect.inside]
            if isinstance(effect.result, Receipt):
                sent += resends.arrived(batch, message) if effect.again else inside or [message]
                message_store.keep_answer(batch.rows, message.id, effect.result.raw)
                outcomes.append(_succeeded(batch, inst, effect, message, inside, effect.result))
            elif isinstance(effect.result, Exception):
                outcomes.append(_failed(batch, effect, message, inside, effect.result))
        batch.flush()
        acknowledgements.expect(tx, sent, now)
        jobs.finish(tx, outcomes, worker, now)


def _succeeded(
    batch: Batch, inst: Installation, effect: Effect, message: Row[Any], inside: Sequence[Row[Any]], receipt: Receipt
) -> Outcome:
    """What was sent has arrived; with an interchange, so has each document in it. Of what was sent again the effects
    stand already."""
    if effect.again:
        batch.end(message.id, "done", order_id=message.order_id)
        return jobs.done(effect.job, batch.now)
    if message.kind == together.KIND:
        for one in inside:
            _taken(batch, inst, effect.kind, one, receipt)
        together.arrived(batch, inside)
        batch.end(message.id, "done")
        return jobs.done(effect.job, batch.now)
    problem = _taken(batch, inst, effect.kind, message, receipt)
    if problem is not None:
        return jobs.parked(effect.job, batch.now, problem.problem(), message.mapping_hash)
    return jobs.done(effect.job, batch.now, message.mapping_hash)


def _taken(batch: Batch, inst: Installation, kind: str, message: Row[Any], receipt: Receipt) -> Park | None:
    """The other side has a document: note what follows. Gives the problem of one whose receipt cannot be understood."""
    try:
        with batch.document():
            receipts.apply(batch, inst, kind, message, receipt)
            batch.end(message.id, "done", order_id=message.order_id, mapping_hash=message.mapping_hash)
            if message.acknowledged == acknowledgements.REJECTED:  # the partner's answer was faster than ours
                acknowledgements.rejected(batch, message)
    except OperationalError:
        raise
    except Exception as error:
        problem = error if isinstance(error, Park) else unexpected(error)
        park(batch, message, problem, message.mapping_hash)
        return problem
    return None


def _failed(batch: Batch, effect: Effect, message: Row[Any], inside: Sequence[Row[Any]], error: Exception) -> Outcome:
    job, now = effect.job, batch.now
    if isinstance(error, Unsettled):
        return jobs.later(job, now + dt.timedelta(seconds=error.seconds), {"code": "effect.settling"}, costs=False)
    if isinstance(error, Doubtful):
        problem = Park("effect.doubtful", f"It was sent, but whether it arrived is unknown: {error}.")
        _set_aside(batch, message, inside, problem)
        return jobs.parked(job, now, problem.problem())
    certain = isinstance(error, ConnectorError) and not (isinstance(error, Retry) and error.maybe_done)
    if certain and not effect.doubtful:
        # The other side certainly does not have it: a cancel may still withdraw it, and nobody needs to ask.
        state: dict[str, Any] = {"state": "sealed", "sent_at": None}
        message_store.change(batch.tx, [{"b_id": id_, **state} for id_ in effect.message_ids])
    elif not certain:
        # It was under way until now, however long ago it was sealed: the other side is asked a settle time from here.
        message_store.change(batch.tx, [{"b_id": id_, "state": "sent", "sent_at": now} for id_ in effect.message_ids])
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
        _set_aside(batch, message, inside, Park(code, detail, **facts))
        if isinstance(error, Rejected):
            for one in inside or [message]:
                receipts.refused(batch, effect.kind, one, error)
    return outcome


def _set_aside(batch: Batch, message: Row[Any], inside: Sequence[Row[Any]], problem: Park) -> None:
    """What was sent waits for a person; the documents of an interchange wait with it, and their orders tell so."""
    park(batch, message, problem, message.mapping_hash)
    for one in inside:
        batch.event(
            "delivery.parked",
            order_id=one.order_id,
            message_id=message.id,
            connection_id=message.connection_id,
            code=problem.code,
            detail=problem.detail,
            document=one.kind,
        )


def trouble(tx: Connection, connection: Row[Any], error: ConnectorError, now: dt.datetime) -> None:
    """Pause a connection that its owner must mend, with one alert."""
    connection_store.change(tx, connection.id, trouble=error.code, trouble_detail=error.detail[:500])
    event_store.alert(
        tx, f"connection/{connection.id}/trouble", error.code, f"{connection.name}: {error.detail}", now, connection.id
    )
