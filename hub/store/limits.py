"""The token bucket of a connection, a few columns of its row that all workers share."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from hub.store.tables import connections

_COLUMNS = tuple(
    connections.c[name] for name in ("bucket_tokens", "bucket_at", "bucket_rate", "bucket_size", "quiet_until")
)


@dataclass(frozen=True, slots=True)
class Lease:
    """Tokens taken out of the bucket (0: none yet), seconds until asking again makes sense, and the bucket after it."""

    tokens: float
    wait: float
    left: float
    rate: float
    size: float


def lease(
    tx: Connection,
    connection_id: int,
    now: dt.datetime,
    need: float,
    chunk: float,
    unspent: float = 0.0,
    since: dt.datetime | None = None,
) -> Lease:
    """Take `need` tokens and up to `chunk` of them, or none when the bucket does not hold `need`.

    `unspent` tokens of a lease taken at `since` go back first: as if they had never left. After a silence they are
    gone, it has emptied the bucket. A call that costs more than the bucket can ever hold goes when it is full, and the
    bucket then owes the rest.
    """
    row = _locked(tx, connection_id)
    rate, size = row.bucket_rate, row.bucket_size
    quiet = (row.quiet_until - now).total_seconds() if row.quiet_until else 0.0
    if quiet > 0:
        return Lease(0.0, quiet, 0.0, rate, size)
    held = _refilled(row, now)
    if since is not None and (row.quiet_until is None or row.quiet_until < since):
        held = min(size, held + unspent)
    enough = min(need, size)
    taken = max(need, min(chunk, held)) if held >= enough - 1e-9 else 0.0
    if taken or unspent:
        tx.execute(
            update(connections)
            .where(connections.c.id == connection_id)
            .values(bucket_tokens=held - taken, bucket_at=max(now, row.bucket_at))  # clocks of two machines differ
        )
    if not taken:
        return Lease(0.0, (enough - held) / rate, held, rate, size)
    return Lease(taken, 0.0, held - taken, rate, size)


def correct(
    tx: Connection,
    connection_id: int,
    now: dt.datetime,
    *,
    at_most: float | None = None,
    rate: float | None = None,
    size: float | None = None,
) -> None:
    """Believe what the other side says of its bucket: its speed, its size, and that no more than `at_most` is left."""
    row = _locked(tx, connection_id)
    held = _refilled(row, now)
    held = min(held, held if at_most is None else at_most, size or held)
    tx.execute(
        update(connections)
        .where(connections.c.id == connection_id)
        .values(
            bucket_tokens=held,
            bucket_at=max(now, row.bucket_at),
            bucket_rate=rate or row.bucket_rate,
            bucket_size=size or row.bucket_size,
        )
    )


def hold(tx: Connection, connection_id: int, until: dt.datetime) -> None:
    """Nobody calls before `until`; after it calls start at the steady rate, not with a burst."""
    row = _locked(tx, connection_id)
    if row.quiet_until is not None and row.quiet_until >= until:
        return
    tx.execute(
        update(connections)
        .where(connections.c.id == connection_id)
        .values(quiet_until=until, bucket_tokens=min(row.bucket_tokens, 1.0), bucket_at=until)
    )


def _locked(tx: Connection, connection_id: int) -> Any:
    return tx.execute(select(*_COLUMNS).where(connections.c.id == connection_id).with_for_update()).one()


def _refilled(row: Any, now: dt.datetime) -> float:
    passed = max(0.0, (now - row.bucket_at).total_seconds())
    return float(min(row.bucket_size, row.bucket_tokens + passed * row.bucket_rate))
