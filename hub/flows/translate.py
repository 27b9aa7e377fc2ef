"""Read stored messages: identify, decode, map, judge, and store what they say. In batches, a savepoint each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import structlog
from sqlalchemy import Connection, Row
from sqlalchemy.exc import OperationalError

from hub import jobs
from hub.edi.reports import Report
from hub.flows import (
    acknowledgements,
    advices,
    confirmations,
    interchanges,
    inventory,
    invoices,
    order_changes,
    orders,
    parts,
    remittances,
    returns,
    sets,
    shipments,
    stock_movements,
    transport,
)
from hub.flows.batch import Batch, together_or_apart
from hub.flows.problems import Ignore, Park
from hub.flows.reading import Reading, read
from hub.installation import Installation
from hub.jobs import Outcome
from hub.log import frames
from hub.mapping import Context, MappingError
from hub.mapping import Mapping as CompiledMapping
from hub.mapping.parts import FORMAT as PART
from hub.mapping.parts import Part
from hub.store import connections as connection_store
from hub.store import jobs as job_store
from hub.store import lookups as lookup_store
from hub.store import mappings as mapping_store
from hub.store import messages as message_store
from hub.store import partners as partner_store
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
    "stock_movement": stock_movements.apply,
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
                by = guide.manner(task.message)
                if parts.comes_apart(task.message, mapping):
                    task.parts = parts.cut(task.message, task.body, mapping, context, by)
                else:
                    task.reading = read(task.kind, task.body, task.message.format, mapping, context, by)
    except (Park, Ignore) as problem:
        task.problem = problem
    except OperationalError:
        raise
    except Exception as error:
        task.problem = unexpected(error)


def unexpected(error: Exception) -> Park:
    """A fault of ours: it takes only this document aside, with what a report of it needs."""
    log.error("document.unexpected", error=type(error).__name__, frames=frames(error))
    return Park("document.unexpected", f"The hub could not handle it: {type(error).__name__}. Please report this.")


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
                parts.apply(batch, message, task.parts)
            if task.reading is not None:
                order_id = APPLY[task.kind](batch, message, task.reading.document, task.reading.content)
                if task.kind != message.kind:  # its agreement came after it
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


def park(
    batch: Batch,
    message: Row[Any],
    problem: Park,
    mapping_hash: str | None = None,
    tables: Mapping[str, int] | None = None,
) -> None:
    """The document waits for someone, with its reason; a retry of its job is a person's or a new fact's to ask for."""
    order_id = problem.facts.get("order_id") or message.order_id or _order_of(batch, message)
    batch.end(
        message.id,
        "parked",
        reason=problem.code,
        problem=problem.problem(),
        awaits=problem.awaits,
        order_id=order_id,
        mapping_hash=mapping_hash,
        tables=tables,
    )
    batch.event(
        "message.parked",
        message_id=message.id,
        order_id=order_id,
        connection_id=message.connection_id,
        code=problem.code,
        document=message.kind,
    )


def _order_of(batch: Batch, message: Row[Any]) -> int | None:
    """The order that a document which could not be read is a revision of, where its own id tells."""
    if message.direction != "in" or message.kind != "order":
        return None
    order = batch.order_named.get((message.connection_id, orders.scope_of(message), message.external_id))
    return None if order is None else int(order.id)


class Guide:
    """Which mapping reads or writes a document, and what it may see, for the length of one batch."""

    def __init__(self, inst: Installation, tx: Connection) -> None:
        self.inst = inst
        self.tx = tx
        self._connections = connection_store.everything(tx)
        self._flows = connection_store.all_flows(tx)
        self._partners: dict[int, Row[Any]] = {}
        self._agreements: dict[tuple[int, str, str], Row[Any] | None] = {}
        self._manners: dict[tuple[int, str], sets.Manner] = {}
        self._mappings: dict[str, CompiledMapping] = {}
        self._looked_up: dict[tuple[str, str], dict[str, str] | None] = {}
        self._tables_asked: dict[str, int] = {}
        self.library = inst.mappings_at(tx)

    def inbound(self, message: Row[Any]) -> tuple[str, CompiledMapping, Context]:
        """For a document that came: what kind it is, what reads it, and what that may see. Raises `Park` when no
        mapping fits."""
        connection = self._connections[message.connection_id]
        if message.partner_id is not None and message.set_id is not None:
            agreement = self.agreement(message.partner_id, "in", message.set_id)
            kind, name = (agreement.kind, agreement.mapping) if agreement else (message.kind, None)
        else:
            kind = message.kind
            flow = self._flows.get((connection.id, "in", message.kind))
            name = flow.mapping if flow and flow.mapping else f"{connection.type}/{message.kind}.in"
        if name is None:
            raise Park("edi.no-agreement", f"There is no agreement with the partner on set {message.set_id}.")
        return kind, self.mapping(name), self.context(message.connection_id, message.partner_id)

    def manner(self, message: Row[Any]) -> sets.Manner | None:
        """How a document of this sender is read; None as usual. Raises `Park`."""
        if message.format not in sets.FORMATS:
            encoding = self._connections[message.connection_id].policy.get("character_set")
            return sets.Manner(None, encoding) if encoding and message.format != PART else None
        if message.partner_id is None:
            return None
        key = (message.partner_id, message.format)
        if key not in self._manners:
            said = sets.profile_of(self._partner_row(message.partner_id).settings)
            self._manners[key] = sets.manner(self.inst, said, message.format)
        return self._manners[key]

    def outbound(self, connection_id: int, kind: str) -> CompiledMapping:
        """For a document that goes to a connection without a partner."""
        connection = self._connections[connection_id]
        flow = self._flows.get((connection_id, "out", kind))
        return self.mapping(flow.mapping if flow and flow.mapping else f"{connection.type}/{kind}.out")

    def agreement(self, partner_id: int, direction: str, set_id: str) -> Row[Any] | None:
        """What was agreed with a partner on one set."""
        key = (partner_id, direction, set_id)
        if key not in self._agreements:
            self._agreements[key] = partner_store.agreement(self.tx, partner_id, direction, set_id=set_id)
        return self._agreements[key]

    def mapping(self, name: str) -> CompiledMapping:
        """A compiled mapping. Raises `Park` when it is missing or wrong."""
        if name not in self._mappings:
            try:
                self._mappings[name] = self.library.get(name)
            except MappingError as error:
                raise Park("mapping.broken", f"Mapping {name} cannot be used: {error}"[:500], mapping=name) from error
        return self._mappings[name]

    def context(self, connection_id: int, partner_id: int | None, source: Any = None) -> Context:
        """What a mapping may read besides its document."""
        connection = self._connections[connection_id]
        return Context(
            source=source,
            partner=self._partner(partner_id) if partner_id is not None else {},
            connection={**connection.policy, **connection.settings, "name": connection.name, "type": connection.type},
            lookup=self._lookup,
        )

    @contextmanager
    def noting_tables(self) -> Iterator[Mapping[str, int]]:
        """Which lookup tables mappings ask meanwhile, with their present versions, 0 for one that has no row here."""
        self._tables_asked = {}
        yield self._tables_asked

    def _lookup(self, table: str, key: str) -> dict[str, str] | None:
        version = self._tables_asked[table] = self._versions.get(table, 0)
        if not version:
            return None
        if (table, key) not in self._looked_up:
            self._looked_up[table, key] = lookup_store.cells(self.tx, table, key)
        return self._looked_up[table, key]

    @cached_property
    def _versions(self) -> dict[str, int]:
        return lookup_store.current_versions(self.tx)

    def _partner(self, partner_id: int) -> dict[str, Any]:
        row = self._partner_row(partner_id)
        return {"id": row.id, "name": row.name, **row.settings}

    def _partner_row(self, partner_id: int) -> Row[Any]:
        if partner_id not in self._partners:
            row = partner_store.get(self.tx, partner_id)
            if row is None:
                raise Park("edi.unknown-partner", "The partner of this document no longer exists.")
            self._partners[partner_id] = row
        return self._partners[partner_id]

    def remember(self, tx: Connection, now: Any) -> None:
        """Keep the text of each mapping that was used, so that its results can be explained later."""
        for name, mapping in self._mappings.items():
            used = (mapping.hash, name, mapping.version)
            if used in self.inst.remembered:
                continue
            if not mapping_store.remember(tx, *used, mapping.text, now):
                self.inst.remembered.add(used)  # only what a committed transaction has stored is known to be
