"""The SQL of jobs: enqueue, claim, finish. What is decided about them stands in `hub.jobs`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)

from hub.store.bulk import change_many, insert_many, insert_new
from hub.store.tables import attempts, connections, flows, jobs, messages
from hub.store.tables import settings as settings_table
from hub.store.types import Instant

PENDING: ColumnElement[str] = literal_column("'pending'")
"""Written out, not bound: SQLite then sees that the index of pending jobs answers, and passes over all others."""
LIVE: tuple[ColumnElement[str], ...] = (PENDING, literal_column("'running'"))
KINDS = ("translate", "deliver", "pull")
"""What is nearly finished is claimed first."""
OUTBOUND_STOPPED = "outbound_stopped"


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work that this process has claimed. `attempts` is the fence that a finish must carry."""

    id: int
    kind: str
    noun: str
    subject_id: int | None
    key: str
    lane: str
    connection_id: int
    order_id: int | None
    message_id: int | None
    external_id: str | None
    attempts: int
    failures: int
    created_at: dt.datetime


_COLUMNS = [jobs.c[name] for name in Job.__dataclass_fields__]


def add(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert jobs, leaving out those whose key is live already. Gives how many were new."""
    return insert_new(tx, jobs, rows)


def live_generations(tx: Connection, key: str) -> dict[str, int]:
    """The newest generation with this key that is pending, and that is running."""
    statement = select(jobs.c.state, func.max(jobs.c.generation).label("generation")).where(
        jobs.c.key == key, jobs.c.state.in_(LIVE)
    )
    return {row.state: row.generation for row in tx.execute(statement.group_by(jobs.c.state))}


_NOW = bindparam("now", type_=Instant)


def _claimable() -> Any:
    """Due, in a lane of which it is the oldest, and of a connection that may be called. Binds `now` and `stopped`."""
    other = jobs.alias("other")
    older = exists().where(other.c.lane == jobs.c.lane, other.c.id < jobs.c.id, other.c.state.in_(LIVE))
    reachable = and_(
        connections.c.trouble.is_(None),
        or_(connections.c.quiet_until.is_(None), connections.c.quiet_until <= _NOW),
        connections.c.mode != "off",
    )
    paused = exists().where(
        flows.c.connection_id == jobs.c.connection_id,
        flows.c.direction == "out",
        flows.c.kind == jobs.c.noun,
        flows.c.paused,
    )
    outbound = and_(~bindparam("stopped", type_=Boolean), ~connections.c.outbound_stopped, ~paused)
    return and_(
        jobs.c.state == PENDING,
        jobs.c.due_at <= _NOW,
        or_(jobs.c.kind == "translate", reachable),
        or_(jobs.c.kind != "deliver", outbound),
        ~older,
    )


SUSPECT = 2
"""Workers that have died with a job in hand before it runs with nothing beside it: the next death is its own."""

_SUSPECT = jobs.c.crashes >= literal_column(str(SUSPECT))
_TRUSTED = jobs.c.crashes < literal_column(str(SUSPECT))


def _claiming(which: Any) -> Any:
    due = (
        select(jobs.c.id)
        .join(connections, connections.c.id == jobs.c.connection_id)
        .where(which, _claimable())
        .order_by(jobs.c.priority, jobs.c.due_at, jobs.c.id)
        .limit(bindparam("limit"))
        .with_for_update(of=jobs, skip_locked=True)
    )
    # As a common table expression it is evaluated once: PostgreSQL may run a subquery again for each row, and then
    # claims more than the limit.
    return (
        update(jobs)
        .where(jobs.c.id.in_(select(due.cte("due").c.id)), jobs.c.state == "pending")
        .values(
            state="running",
            attempts=jobs.c.attempts + 1,
            worker=bindparam("b_worker"),
            lease_until=bindparam("b_lease_until"),
        )
        .returning(*_COLUMNS)
    )


_CLAIM = _claiming(and_(jobs.c.kind == bindparam("b_kind"), _TRUSTED))
_CLAIM_SUSPECT = _claiming(_SUSPECT)


def claim(
    tx: Connection, worker: str, now: dt.datetime, lease_until: dt.datetime, limits: Mapping[str, int]
) -> list[Job]:
    """Claim due jobs, up to a limit of each kind, each the oldest unfinished one of its lane, in (priority, due_at,
    id)."""
    stopped = "deliver" in limits and outbound_stopped(tx)
    shared = {"now": now, "stopped": stopped, "b_worker": worker, "b_lease_until": lease_until}
    claimed: list[Job] = []
    for kind in (kind for kind in KINDS if limits.get(kind)):
        rows = tx.execute(_CLAIM, {**shared, "b_kind": kind, "limit": limits[kind]})
        claimed += sorted((Job(*row) for row in rows), key=lambda job: job.id)
    return claimed


def claim_suspect(tx: Connection, worker: str, now: dt.datetime, lease_until: dt.datetime) -> list[Job]:
    """Claim one due job with which several workers have died, if there is any."""
    values = {"now": now, "stopped": outbound_stopped(tx), "b_worker": worker, "b_lease_until": lease_until, "limit": 1}
    return [Job(*row) for row in tx.execute(_CLAIM_SUSPECT, values)]


_OF = and_(
    jobs.c.kind == "deliver", jobs.c.connection_id == bindparam("b_connection"), jobs.c.noun == bindparam("b_noun")
)
_CLAIM_OF = _claiming(and_(_OF, _TRUSTED))


def claim_of(
    tx: Connection,
    worker: str,
    now: dt.datetime,
    lease_until: dt.datetime,
    connection_id: int,
    noun: str,
    limit: int,
) -> list[Job]:
    """Claim what is due of one kind of document on one connection, for whoever sends many of them together."""
    values = {"now": now, "stopped": outbound_stopped(tx), "b_worker": worker, "b_lease_until": lease_until}
    rows = tx.execute(_CLAIM_OF, {**values, "b_connection": connection_id, "b_noun": noun, "limit": limit})
    return sorted((Job(*row) for row in rows), key=lambda job: job.id)


def _is_due(which: Any) -> Any:
    return exists().where(which, jobs.c.state == PENDING, jobs.c.due_at <= _NOW)


_DUE_KINDS = select(
    *(_is_due(and_(jobs.c.kind == kind, _TRUSTED)).label(kind) for kind in KINDS), _is_due(_SUSPECT).label("suspect")
)
_SUSPECT_WAITS = select(exists(select(jobs.c.id).join(connections).where(_SUSPECT, _claimable())))


def due(tx: Connection, now: dt.datetime) -> tuple[set[str], bool]:
    """The kinds of which a job is due, and whether there is one for `claim_suspect`: so that nobody takes the right to
    write when there is nothing to claim."""
    *kinds, suspect = tx.execute(_DUE_KINDS, {"now": now}).one()
    if suspect:
        suspect = tx.execute(_SUSPECT_WAITS, {"now": now, "stopped": outbound_stopped(tx)}).scalar()
    return {kind for kind, is_due in zip(KINDS, kinds, strict=True) if is_due}, bool(suspect)


_MINE = (
    select(jobs.c.id, jobs.c.attempts)
    .where(jobs.c.id.in_(bindparam("ids", expanding=True)), jobs.c.state == "running")
    .with_for_update()
)
_STOPPED = select(settings_table.c.value).where(settings_table.c.name == OUTBOUND_STOPPED)


def next_due(tx: Connection) -> dt.datetime | None:
    """When the earliest pending job is due."""
    found: dt.datetime | None = tx.execute(select(func.min(jobs.c.due_at)).where(jobs.c.state == "pending")).scalar()
    return found


def mine(tx: Connection, claimed: Iterable[Job]) -> set[int]:
    """Which of the claimed jobs are still ours: running, with the fence we got. Locks them where rows lock."""
    fences = {job.id: job.attempts for job in claimed}
    rows = tx.execute(_MINE, {"ids": sorted(fences)})
    return {row.id for row in rows if fences[row.id] == row.attempts}


def extend(tx: Connection, claimed: Iterable[Job], lease_until: dt.datetime) -> None:
    """The heartbeat: the jobs are still being worked on."""
    rows = [{"b_id": job.id, "b_attempts": job.attempts} for job in claimed]
    if rows:
        tx.execute(
            update(jobs)
            .where(jobs.c.id == bindparam("b_id"), jobs.c.attempts == bindparam("b_attempts"))
            .where(jobs.c.state == "running")
            .values(lease_until=lease_until),
            rows,
        )


def settle(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the outcome of jobs that are ours, with which we have not died.

    Each row: `b_id`, `state`, `due_at`, `failures`, `error`, `finished_at`.
    """
    change_many(tx, jobs, [{**row, "lease_until": None, "crashes": 0} for row in rows])


def record(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append attempts."""
    insert_many(tx, attempts, rows)


def release_expired(tx: Connection, now: dt.datetime, worker_prefix: str | None = None) -> int:
    """Put back jobs whose lease has run out, or, with a prefix, all that such workers hold: they are dead. It is not
    held against a pull, which reads page by page and goes on where it was."""
    dead = jobs.c.lease_until < now if worker_prefix is None else jobs.c.worker.startswith(worker_prefix)
    _were_sending_until(tx, now, dead)
    statement = (
        update(jobs)
        .where(jobs.c.state == "running", dead)
        .values(
            state="pending",
            due_at=now,
            lease_until=None,
            worker=None,
            crashes=jobs.c.crashes + case((jobs.c.kind == "pull", 0), else_=1),
        )
    )
    return int(tx.execute(statement).rowcount)


def _were_sending_until(tx: Connection, now: dt.datetime, dead: Any) -> None:
    """What these workers had in hand may have left at any moment until now, however long ago it was sealed: the time
    in which the other side settles it begins here."""
    in_hand = exists().where(
        jobs.c.state == "running",
        dead,
        jobs.c.kind == "deliver",
        jobs.c.key == messages.c.external_id,
        jobs.c.connection_id == messages.c.connection_id,
    )
    tx.execute(
        update(messages).where(messages.c.state == "sent", messages.c.direction == "out", in_hand).values(sent_at=now)
    )


def crashed(tx: Connection, most: int) -> list[Job]:
    """Waiting jobs with which `most` workers have died."""
    return [Job(*row) for row in tx.execute(select(*_COLUMNS).where(jobs.c.state == PENDING, jobs.c.crashes >= most))]


def wake(tx: Connection, now: dt.datetime, **where: Any) -> int:
    """Make parked or waiting jobs due now, with a fresh count of failures: a person or a new fact asks for it.

    A parked job is left alone where a live one with its key exists.
    """
    other = jobs.alias("other")
    twin = exists().where(other.c.key == jobs.c.key, other.c.generation == jobs.c.generation, other.c.state.in_(LIVE))
    conditions = [jobs.c[name] == value for name, value in where.items()]
    values = {"state": "pending", "due_at": now, "failures": 0, "crashes": 0, "error": None, "finished_at": None}
    waiting = update(jobs).where(*conditions, jobs.c.state == "pending").values(due_at=now, failures=0)
    parked = update(jobs).where(*conditions, jobs.c.state == "parked", ~twin).values(**values)
    return int(tx.execute(waiting).rowcount) + int(tx.execute(parked).rowcount)


def hasten(tx: Connection, connection_id: int, keys: Sequence[str], now: dt.datetime) -> None:
    """Make waiting jobs with these keys due now."""
    tx.execute(
        update(jobs)
        .where(jobs.c.key.in_(keys), jobs.c.connection_id == connection_id, jobs.c.state == PENDING)
        .values(due_at=now)
    )


def bring_forward(tx: Connection, connection_id: int, key: str, due_at: dt.datetime) -> None:
    """Have a waiting job that has not failed come up no later than this."""
    tx.execute(
        update(jobs)
        .where(jobs.c.key == key, jobs.c.connection_id == connection_id, jobs.c.state == PENDING)
        .where(jobs.c.failures == 0, jobs.c.due_at > due_at)
        .values(due_at=due_at)
    )


def outbound_stopped(tx: Connection) -> bool:
    """Has a person stopped all outbound?"""
    return bool(tx.execute(_STOPPED).scalar())


def close(tx: Connection, now: dt.datetime, *, key: str, connection_id: int) -> None:
    """End the job of an effect that a person does not want any more."""
    tx.execute(
        update(jobs)
        .where(jobs.c.key == key, jobs.c.connection_id == connection_id, jobs.c.state.in_(["parked", "pending"]))
        .values(state="done", finished_at=now)
    )
