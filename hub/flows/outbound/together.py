"""Documents that go together: what an agreement gathers until its slot comes, in one interchange with one group.

Every document keeps a message of its own, with its order, its control numbers and what the partner says of it; the
interchange is the message around them, carries the bytes, and has a job of its own to be delivered. The jobs of the
documents end when it has arrived: until then what follows in an order's lane waits behind them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row
from sqlalchemy.exc import OperationalError

from hub import jobs
from hub.edi.tree import TransactionSet
from hub.flows.batch import Batch
from hub.flows.guide import Guide
from hub.flows.outbound import envelopes, writing
from hub.flows.outbound.envelopes import Interchange, Recipient
from hub.flows.parking import unexpected
from hub.flows.problems import Park
from hub.jobs import Outcome
from hub.store import jobs as job_store
from hub.store import messages as message_store
from hub.store.jobs import Job

KIND = "edi"
"""The kind of a message that is a whole interchange."""
MOST = 200
"""Documents in one interchange; what more is due at a slot goes in another one."""
LOOK_AGAIN = dt.timedelta(minutes=10)
"""When a document whose interchange is under way is looked at, should nothing wake it before."""


@dataclass(frozen=True, slots=True)
class Member:
    """A document that is to go in an interchange with others."""

    job: Job
    made: writing.Draft
    to: Recipient


class Gathered:
    """The documents of one transaction that go together."""

    def __init__(self, batch: Batch, guide: Guide, worker: str) -> None:
        self.batch = batch
        self.guide = guide
        self.worker = worker
        self._members: list[Member] = []

    def add(self, member: Member) -> None:
        """Keep a document for its interchange."""
        self._members.append(member)

    def close(self, take: Callable[[Sequence[Job]], None]) -> list[Outcome]:
        """Write the interchanges; gives what became of the documents' jobs.

        `take` seals further jobs: what else is due of the same kind on the same connection comes along, so that a
        slot is one interchange, however many documents a worker claims at once.
        """
        for connection_id, noun in sorted({(one.job.connection_id, one.job.noun) for one in self._members}):
            more = MOST - sum((one.job.connection_id, one.job.noun) == (connection_id, noun) for one in self._members)
            if more > 0:
                lease = self.batch.now + jobs.LEASE
                take(job_store.claim_of(self.batch.tx, self.worker, self.batch.now, lease, connection_id, noun, more))
        interchanges: dict[tuple[object, ...], list[Member]] = {}
        for one in self._members:
            interchanges.setdefault((one.job.noun, one.to.test, *one.to.key), []).append(one)
        return [
            outcome
            for members in interchanges.values()
            for at in range(0, len(members), MOST)
            for outcome in self._written(members[at : at + MOST])
        ]

    def _written(self, members: Sequence[Member]) -> list[Outcome]:
        """One interchange with these documents. Those that cannot be written are set aside by themselves."""
        try:
            with self.batch.document():
                interchange = envelopes.opened(self.batch, self.guide.inst, members[0].to)
        except Park as none:
            return [self._set_aside(one, none) for one in members]
        outcomes: list[Outcome] = []
        documents: dict[int, TransactionSet] = {}
        for one in members:
            try:
                with self.batch.document():
                    message_id, document = self._document(interchange, one, len(documents) + 1)
            except OperationalError:
                raise
            except Exception as error:
                problem = error if isinstance(error, Park) else unexpected(error)
                outcomes.append(self._set_aside(one, problem))
            else:
                documents[message_id] = document
                again = self.batch.now + LOOK_AGAIN
                outcomes.append(jobs.later(one.job, again, {"code": "outbound.in-interchange"}, costs=False))
        if documents:
            with self.batch.document():
                self._interchange(members[0].job, interchange, documents)
        return outcomes

    def _document(self, interchange: Interchange, one: Member, place: int) -> tuple[int, TransactionSet]:
        """Seal one document. Its bytes are its own and those of its envelope, as if nothing else were in it."""
        with writing.writing(one.made.source, one.made.mapping, one.to.agreement):
            document, body, facts = envelopes.one_document(interchange, one.made.values, place)
        return writing.seal(self.batch, one.job, one.made, body, facts), document

    def _interchange(self, job: Job, interchange: Interchange, documents: dict[int, TransactionSet]) -> None:
        """Seal what goes around the documents, and have it delivered."""
        batch = self.batch
        key = f"{interchange.to.agreement.set_id}-{interchange.number:09d}-{min(documents)}"
        row = {
            "direction": "out",
            "connection_id": job.connection_id,
            "kind": KIND,
            "external_id": key,
            "revision": "0",
            "via": "hub",
            "state": "sealed",
            "documents": len(documents),
            "control": str(interchange.number),
            "at": batch.now,
            **interchange.own_facts(),
        }
        message_id = message_store.seal(batch.rows, row, interchange.written(list(documents.values())))
        message_store.change(batch.tx, [{"b_id": id_, "parent_id": message_id} for id_ in documents])
        delivery = jobs.deliver_job(job.noun, message_id, job.connection_id, None, batch.now, message_id=message_id)
        batch.jobs.append({**delivery, "key": key})

    def _set_aside(self, one: Member, problem: Park) -> Outcome:
        writing.set_aside(self.batch, one.job, problem)
        return jobs.parked(one.job, self.batch.now, problem.problem())


def is_inside(job: Job, message: Row[Any]) -> bool:
    """Whether a document of a job goes in an interchange, which another job delivers."""
    return job.message_id is None and message.parent_id is not None


def inside(tx: Connection, message: Row[Any]) -> Sequence[Row[Any]]:
    """The documents of an interchange of ours; nothing for a message that is no interchange."""
    return message_store.inside(tx, message.id) if message.kind == KIND else ()


def arrived(batch: Batch, documents: Sequence[Row[Any]]) -> None:
    """The interchange of these documents has come to its end: their jobs see to theirs now."""
    for connection_id in {one.connection_id for one in documents}:
        keys = [one.external_id for one in documents if one.connection_id == connection_id]
        job_store.hasten(batch.tx, connection_id, keys, batch.now)
