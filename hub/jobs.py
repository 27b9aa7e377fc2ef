"""What is decided about jobs: how work is described, when a failed try comes again, when a person must look.

Three kinds serve every document in both directions: `pull`, `translate` and `deliver`. A lane is first in, first out,
so a cancel never overtakes its create; lanes are narrow, so that one poisoned order never stops a shop.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from hub.sdk.errors import ConnectorError, Rejected, Retry
from hub.store import jobs as store
from hub.store.jobs import Job

LEASE = dt.timedelta(seconds=60)
MAX_FAILURES = 12
MAX_CRASHES = 5
"""Workers that die with a job in hand before a person must look: the first ones may have died of something else."""
FIRST_DELAY = 2.0
LONGEST_DELAY = 3600.0
LONGEST_PULL_DELAY = 300.0

PRIORITY = {"translate": 10, "deliver": 20, "pull": 30}
"""What is nearly finished goes first, so that a backlog does not pile up in the middle."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one try. `state`: done, pending (again at `due_at`) or parked."""

    job: Job
    state: str
    due_at: dt.datetime
    failures: int
    error: Mapping[str, Any] | None = None
    mapping_hash: str | None = None
    word: str = "done"


def describe(
    kind: str,
    noun: str,
    *,
    key: str,
    lane: str,
    connection_id: int,
    now: dt.datetime,
    due_at: dt.datetime | None = None,
    subject_id: int | None = None,
    order_id: int | None = None,
    message_id: int | None = None,
    external_id: str | None = None,
    priority: int | None = None,
    generation: int = 0,
) -> dict[str, Any]:
    """A new job as a row for `hub.store.jobs.add`."""
    return {
        "kind": kind,
        "noun": noun,
        "subject_id": subject_id,
        "key": key,
        "generation": generation,
        "lane": lane,
        "connection_id": connection_id,
        "order_id": order_id,
        "message_id": message_id,
        "external_id": external_id,
        "priority": PRIORITY[kind] if priority is None else priority,
        "state": "pending",
        "due_at": due_at or now,
        "attempts": 0,
        "failures": 0,
        "created_at": now,
    }


def enqueue(tx: Connection, kind: str, noun: str, *, again: bool = False, **facts: Any) -> bool:
    """Add one job unless one with its key is live. `again`: see `add_again`."""
    row = describe(kind, noun, **facts)
    return add_again(tx, row) if again else store.add(tx, [row]) == 1


def add_again(tx: Connection, row: Mapping[str, Any]) -> bool:
    """Add a described job unless one with its key is pending. A running one does not count, since it may have looked
    before the reason for this one came up; the new one follows it in the lane."""
    live = store.live_generations(tx, row["key"])
    if "pending" in live:
        return False
    return store.add(tx, [{**row, "generation": live.get("running", -1) + 1}]) == 1


def pull(tx: Connection, flow: Row[Any], now: dt.datetime) -> bool:
    """Ask the other side what is new for a flow, unless that is under way or waits already."""
    return enqueue(
        tx,
        "pull",
        flow.kind,
        key=f"pull/{flow.id}",
        lane=f"pull/{flow.connection_id}/{flow.kind}",
        connection_id=flow.connection_id,
        subject_id=flow.id,
        now=now,
    )


def translate_job(message_id: int, kind: str, external_id: str, connection_id: int, now: dt.datetime) -> dict[str, Any]:
    """Read one stored message. Its lane holds all revisions of one document, in the order in which they came."""
    return describe(
        "translate",
        kind,
        key=f"translate/{message_id}",
        lane=f"translate/{connection_id}/{kind}/{external_id}"[:160],
        connection_id=connection_id,
        message_id=message_id,
        now=now,
    )


def fetch(tx: Connection, connection_id: int, kind: str, external_id: str, now: dt.datetime) -> bool:
    """Ask the source for the present state of one document."""
    key = f"fetch/{connection_id}/{kind}/{external_id}"
    return enqueue(
        tx,
        "pull",
        kind,
        again=True,
        key=key[:200],
        lane=key[:160],
        connection_id=connection_id,
        external_id=external_id,
        priority=PRIORITY["translate"],
        now=now,
    )


def deliver_job(
    noun: str,
    subject_id: int,
    connection_id: int,
    order_id: int | None,
    now: dt.datetime,
    *,
    due_at: dt.datetime | None = None,
    message_id: int | None = None,
    generation: int = 0,
) -> dict[str, Any]:
    """Make one effect on the other side. Its lane is the order's on that side."""
    lane = f"deliver/{connection_id}/{order_id}" if order_id else f"deliver/{connection_id}/{noun}/{subject_id}"
    return describe(
        "deliver",
        noun,
        key=f"{noun}/{subject_id}",
        lane=lane,
        connection_id=connection_id,
        subject_id=subject_id,
        order_id=order_id,
        message_id=message_id,
        generation=generation,
        now=now,
        due_at=due_at,
    )


def claim(tx: Connection, worker: str, now: dt.datetime, limits: Mapping[str, int]) -> list[Job]:
    """Claim due work for `worker` for the length of a lease: up to a limit of each kind."""
    return store.claim(tx, worker, now, now + LEASE, limits)


def done(job: Job, now: dt.datetime, mapping_hash: str | None = None) -> Outcome:
    """The job has reached its end."""
    return Outcome(job, "done", now, job.failures, mapping_hash=mapping_hash)


def parked(job: Job, now: dt.datetime, error: Mapping[str, Any], mapping_hash: str | None = None) -> Outcome:
    """Nothing more happens until a person, or the fact that is missing, wakes it."""
    return Outcome(job, "parked", now, job.failures, error, mapping_hash, "parked")


def later(job: Job, due_at: dt.datetime, error: Mapping[str, Any], *, costs: bool = True) -> Outcome:
    """Try again at `due_at`; `costs` False when the try was no fault (a limit, a settle time)."""
    failures = job.failures + 1 if costs else job.failures
    return Outcome(job, "pending", due_at, failures, error, word="retry" if costs else "limited")


def failed(job: Job, now: dt.datetime, error: Exception) -> Outcome:
    """Decide what an error means for the job. Errors that a connection's owner must mend wait without cost."""
    facts = error_facts(error)
    of_flow = job.kind == "pull" and job.external_id is None
    if isinstance(error, Rejected) and not of_flow:
        return parked(job, now, facts)
    if isinstance(error, Retry) and error.limited:
        return later(job, now + dt.timedelta(seconds=error.after or FIRST_DELAY), facts, costs=False)
    if isinstance(error, ConnectorError) and not isinstance(error, Retry):
        return later(job, now, facts, costs=False)
    if job.failures + 1 >= MAX_FAILURES and job.kind != "pull":
        return parked(job, now, {**facts, "code": "job.gave-up", "cause": facts["code"]})
    longest = LONGEST_PULL_DELAY if job.kind == "pull" else LONGEST_DELAY
    after = error.after if isinstance(error, Retry) and error.after is not None else backoff(job.failures, longest)
    return later(job, now + dt.timedelta(seconds=after), facts)


def backoff(failures: int, longest: float = LONGEST_DELAY) -> float:
    """Seconds until the next try: doubling, with jitter so that many do not come back at once."""
    return min(longest, FIRST_DELAY * 2.0 ** min(failures, 20)) * random.uniform(0.75, 1.25)


def error_facts(error: Exception) -> dict[str, Any]:
    """What is kept of an error: a stable code and a sentence, never a payload's values."""
    if isinstance(error, ConnectorError):
        facts: dict[str, Any] = {"code": error.code, "detail": error.detail}
        if isinstance(error, Rejected) and error.field:
            facts["field"] = error.field
        return facts
    return {"code": "job.unexpected", "detail": f"{type(error).__name__}; the log says where."}


def finish(tx: Connection, outcomes: Sequence[Outcome], worker: str, now: dt.datetime) -> None:
    """Write outcomes and attempts. Call it in the transaction that stores the results, for jobs that are ours."""
    store.settle(
        tx,
        [
            {
                "b_id": o.job.id,
                "state": o.state,
                "due_at": o.due_at,
                "failures": o.failures,
                "error": dict(o.error) if o.error else None,
                "finished_at": None if o.state == "pending" else now,
            }
            for o in outcomes
        ],
    )
    store.record(
        tx,
        [
            {
                "job_id": o.job.id,
                "number": o.job.attempts,
                "worker": worker,
                "at": now,
                "outcome": o.word,
                "mapping_hash": o.mapping_hash,
                "error": dict(o.error) if o.error else None,
            }
            for o in outcomes
        ],
    )
