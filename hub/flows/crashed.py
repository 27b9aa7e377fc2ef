"""Take up what dead workers held. A job with which one worker after the other died is set aside for a person."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from hub import jobs
from hub.flows.batch import Batch
from hub.flows.outbound import writing
from hub.flows.parking import park
from hub.flows.problems import Park
from hub.store import jobs as job_store
from hub.store import messages as message_store
from hub.store.jobs import Job


def take_up(tx: Connection, now: dt.datetime, worker: str, dead: str | None = None) -> int:
    """Put back the jobs of workers that have gone silent, or of all whose name begins with `dead`; gives how many."""
    released = job_store.release_expired(tx, now, worker_prefix=dead)
    crashed = job_store.crashed(tx, jobs.MAX_CRASHES) if released else []
    batch = Batch(tx, now)
    for job in crashed:
        _set_aside(batch, job)
    batch.flush()
    jobs.finish(tx, [jobs.parked(job, now, PROBLEM.problem()) for job in crashed], worker, now)
    return released


PROBLEM = Park(
    "job.crashed",
    f"{jobs.MAX_CRASHES} workers ended while they worked on this, the last ones on nothing else. Replay it once the "
    "cause is gone: too little memory, say, or a fault of the hub that an update mends.",
)


def _set_aside(batch: Batch, job: Job) -> None:
    message = message_store.get(batch.tx, [job.message_id]).get(job.message_id) if job.message_id else None
    if message is None and job.kind == "deliver":
        message = batch.outgoing.get((job.connection_id, job.noun, job.key))
    if message is not None:
        park(batch, message, PROBLEM, message.mapping_hash)
    elif job.kind == "deliver":
        writing.set_aside(batch, job, PROBLEM)
