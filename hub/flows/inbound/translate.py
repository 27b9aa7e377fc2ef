"""Read stored messages: identify, decode, map, judge, and store what they say. In batches, a savepoint each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection, Row
from sqlalchemy.exc import OperationalError

from hub import jobs
from hub.edi.reports import Report
from hub.flows.batch import Batch, together_or_apart
from hub.flows.edi import acknowledgements, advices, interchanges
from hub.flows.fulfilment import confirmations, returns, shipments, transport
from hub.flows.guide import Guide
from hub.flows.inbound import parts
from hub.flows.invoicing import invoices, remittances
from hub.flows.orders import order_changes, orders
from hub.flows.parking import park, unexpected
from hub.flows.problems import Ignore, Park
from hub.flows.reading import Reading, decoded, understand
from hub.flows.stock import inventory, movements
from hub.installation import Installation
from hub.jobs import Outcome
from hub.mapping.parts import Part
from hub.store import jobs as job_store
from hub.store import lookups as lookup_store
from hub.store import messages as message_store
from hub.store.jobs import Job

log = structlog.get_logger()

Apply = Callable[[Batch, Row[Any], Mapping[str, Any], str], int | None]

APPLY: dict[str, Apply] = {
    "order": orders.apply,
    "order_change": order_changes.apply,
    "shipment": shipments.apply,
    "acknowledgement": confirmations.apply,
    "return": returns.apply,
    "inventory": inventory.apply,
    "invoice": invoices.apply,
    "remittance": remittances.apply,
    "advice": advices.apply,
    "stock_movement": movements.apply,
    "transport_status": transport.apply,
}
"""What stores a canonical document of each kind."""

EXPECT = {
    "order": orders.expect,
    "order_change": order_changes.expect,
    "shipment": shipments.expect,
    "acknowledgement": confirmations.expect,
    "return": returns.expect,
    "invoice": invoices.expect,
}
"""What says beforehand which questions storing such a document will ask of the database."""


@dataclass(slots=True)
class _Task:
    """A job with its message and what became of reading it."""

    job: Job
    message: Row[Any]
    body: bytes | None
    reading: Reading | None = None
    split: interchanges.Split | None = None
    parts: list[Part] | None = None
    acknowledgement: Report | None = None
    kind: str = ""
    problem: Park | Ignore | None = None
    used: str | None = None
    """Hash of the mapping that read it, or failed to."""
    tables: Mapping[str, int] | None = None
    """The lookup tables that it asked, with their versions."""
    taken_in: bool = False


def translate(inst: Installation, claimed: Sequence[Job], worker: str) -> None:
    """Translate the messages of these jobs; each ends done, ignored or parked, whatever the others do."""
    with inst.db.read() as tx:
        tasks = _load(tx, claimed)
        guide = Guide(inst, tx)
        for task in tasks:
            _read(guide, task)
    together_or_apart(lambda apart: _store_all(inst, guide, tasks, worker, apart))


def _store_all(inst: Installation, guide: Guide, tasks: Sequence[_Task], worker: str, apart: bool) -> None:
    with inst.db.write() as tx:
        now = inst.now()
        mine = job_store.mine(tx, [task.job for task in tasks])
        batch = Batch(tx, now, apart)
        for task in tasks:
            if task.reading is not None and task.kind in EXPECT:
                EXPECT[task.kind](batch, task.message, task.reading.document)
        outcomes = [_store(batch, task, now) for task in tasks if task.job.id in mine]
        guide.remember(tx, now)
        batch.flush()
        message_store.supersede(tx, [_document(task.message) for task in tasks if task.taken_in], now)
        jobs.finish(tx, outcomes, worker, now)


def _document(message: Row[Any]) -> dict[str, Any]:
    return {
        "b_connection": message.connection_id,
        "b_kind": message.kind,
        "b_external": message.external_id,
        "b_revised": message.revised_at,
    }


def _load(tx: Connection, claimed: Sequence[Job]) -> list[_Task]:
    ids = [job.message_id for job in claimed if job.message_id is not None]
    rows = message_store.get(tx, ids)
    bodies = message_store.bodies(tx, ids)
    return [
        _Task(job, rows[job.message_id], bodies.get(job.message_id))
        for job in claimed
        if job.message_id is not None and job.message_id in rows
    ]


def _read(guide: Guide, task: _Task) -> None:
    try:
        if task.body is None:
            raise Park("payload.erased", "Its content has been erased, so it can no longer be read.")
        if task.message.kind == interchanges.KIND:
            task.split = interchanges.split(guide.inst, guide.tx, task.message, task.body)
        elif acknowledgements.is_acknowledgement(task.message):
            by = guide.manner(task.message)
            task.acknowledgement = acknowledgements.read_report(task.message, task.body, by)
        else:
            task.kind, mapping, context = guide.inbound(task.message)
            task.used = mapping.hash
            with guide.noting_tables() as task.tables:
                document = decoded(task.body, task.message.format, mapping, guide.manner(task.message))
                task.parts = parts.cut(task.message, document, mapping, context)
                if task.parts is None:
                    task.reading = understand(task.kind, document, mapping, context)
    except (Park, Ignore) as problem:
        task.problem = problem
    except OperationalError:
        raise
    except Exception as error:
        task.problem = unexpected(error)


def _store(batch: Batch, task: _Task, now: Any) -> Outcome:
    message = task.message
    used: dict[str, Any] = {"mapping_hash": task.used, "tables": task.tables}
    task.taken_in = False
    if _overtaken(batch, task):
        return jobs.later(task.job, now, {}, costs=False)
    try:
        if task.problem:
            raise task.problem
        with batch.document():
            order_id = None
            ended = interchanges.apply(batch, message, task.split) if task.split else None
            if task.acknowledgement is not None:
                ended = acknowledgements.acknowledged(batch, message, task.acknowledgement)
            if task.parts is not None:
                parts.apply(batch, message, task.kind, task.parts)
            if task.reading is not None:
                order_id = APPLY[task.kind](batch, message, task.reading.document, task.reading.content)
            if task.kind not in ("", message.kind):  # its agreement came after it
                message_store.change(batch.tx, [{"b_id": message.id, "kind": task.kind}])
            if ended is None:
                batch.end(message.id, "done", order_id=order_id or message.order_id, **used)
                task.taken_in = True
            elif isinstance(ended, Ignore):
                batch.end(message.id, "ignored", reason=ended.code)
            else:
                park(batch, message, ended)
    except Ignore as ignored:
        batch.end(message.id, "ignored", reason=ignored.code, order_id=message.order_id, **used)
        if ignored.refetch:
            jobs.fetch(batch.tx, message.connection_id, message.kind, message.external_id, now)
    except Park as problem:
        park(batch, message, problem, **used)
    except OperationalError:
        raise
    except Exception as error:
        park(batch, message, unexpected(error), **used)
    return jobs.done(task.job, now, task.used)


def _overtaken(batch: Batch, task: _Task) -> bool:
    """Whether a row has come that the document would be parked for, but that its mapping had not seen. Whoever added
    it has found no document to release."""
    if not isinstance(task.problem, Park) or not task.problem.awaits or not task.tables:
        return False
    now = lookup_store.versions_held(batch.tx, list(task.tables))
    return any(now.get(table, 0) != seen for table, seen in task.tables.items())
