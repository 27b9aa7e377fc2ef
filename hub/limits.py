"""One budget of calls per connection, whatever number of threads and processes calls.

The bucket stands in the connection's row. A process takes tokens out of it in small leases and spends them from
memory, so that a call costs no commit. What is left of a lease after its time goes back with the next one; what a
process that died had left is lost, which errs on the safe side.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable

from hub.sdk import Retry
from hub.store import limits
from hub.store.db import Database

LEASE_SECONDS = 0.5
"""How much of the steady rate one lease takes, and how long it may be spent; also how soon others' silence is seen."""
FEW = 4
"""A lease is for this many tokens, and for this many of the calls that ask for it, so that not every call commits."""
AHEAD = 0.3
"""A lease of which this part is left, in time or in tokens, is renewed by one caller while the others spend on."""
PATIENCE_SECONDS = 2.0
"""A thread waits this long for tokens; for more, its job goes back and the thread does something else."""
PAUSE_SECONDS = 0.05
"""The shortest wait when the bucket is empty: calls then go in small groups, with one commit each."""


class SharedBudget:
    """`hub.sdk.Budget` over the row of one connection. Used by several threads at once."""

    def __init__(
        self,
        db: Database,
        connection_id: int,
        *,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._db = db
        self._id = connection_id
        self._now = now
        self._sleep = sleep
        self._turn = threading.Lock()  # whoever is at the bucket; who finds no tokens stands behind it
        self._waits = False  # somebody does, and is not overtaken
        self._state = threading.Lock()
        self._tokens = 0.0
        self._until = dt.datetime.min.replace(tzinfo=dt.UTC)
        self._quiet = self._until
        self._last: tuple[limits.Lease, dt.datetime] | None = None

    def take(self, cost: float = 1.0) -> None:
        """Spend `cost` tokens, waiting up to two seconds for them.

        Raises `Retry(limited=True)` with the seconds until it is worth trying again.
        """
        if not self._waits and self._spend(cost):
            self._renew_ahead(cost)
            return
        give_up = self._now() + dt.timedelta(seconds=PATIENCE_SECONDS)
        if not self._turn.acquire(timeout=PATIENCE_SECONDS):
            raise _limited(PATIENCE_SECONDS)
        self._waits = True
        try:
            while not self._spend(cost):
                wait = self._lease(cost)
                if wait > (give_up - self._now()).total_seconds():
                    raise _limited(wait)
                if wait > 0:
                    self._sleep(wait)
        finally:
            self._waits = False
            self._turn.release()

    def observe(self, remaining: float | None, per_second: float | None, capacity: float | None) -> None:
        """Believe the other side's headers. What is left is only ever corrected downwards: calls that are on their
        way have left our bucket and not yet theirs, and what is missing refills by itself.
        """
        now = self._now()
        with self._state:
            if self._last is None:
                return
            seen, at = self._last
            ours = min(seen.size, seen.left + (now - at).total_seconds() * seen.rate)
            leased = self._tokens if now < self._until else 0.0
        rate = per_second if per_second and _differs(per_second, seen.rate) else None
        size = capacity if capacity and _differs(capacity, seen.size) else None
        slack = max(1.0, LEASE_SECONDS * seen.rate, 0.05 * seen.size)
        at_most = max(0.0, remaining - leased) if remaining is not None and remaining < ours + leased - slack else None
        if rate is None and size is None and at_most is None:
            return
        with self._db.write() as tx:
            limits.correct(tx, self._id, now, at_most=at_most, rate=rate, size=size)
        with self._state:
            left = ours if at_most is None else at_most
            self._last = (limits.Lease(0.0, 0.0, left, rate or seen.rate, size or seen.size), now)

    def hold_until(self, seconds: float) -> None:
        """The other side asked for silence: no worker calls for `seconds`."""
        until = self._now() + dt.timedelta(seconds=seconds)
        with self._state:
            self._tokens = 0.0
            self._quiet = max(self._quiet, until)
        with self._db.write() as tx:
            limits.hold(tx, self._id, until)

    def _spend(self, cost: float) -> bool:
        with self._state:
            now = self._now()
            if now < self._quiet or now >= self._until or self._tokens < cost - 1e-9:
                return False
            self._tokens -= cost
            return True

    def _lease(self, cost: float) -> float:
        """Ask the bucket; give the seconds to wait before asking again (0: there are tokens now)."""
        with self._state:
            now = self._now()
            silence = (self._quiet - now).total_seconds()
            if silence > 0:
                return silence
            rate, size = (self._last[0].rate, self._last[0].size) if self._last else (0.0, 0.0)
            unspent, self._tokens = self._tokens, 0.0
            since = self._until - dt.timedelta(seconds=LEASE_SECONDS) if unspent else None
        chunk = _chunk(cost, rate, size)
        with self._db.write() as tx:
            lease = limits.lease(tx, self._id, now, cost, chunk, unspent, since)
        with self._state:
            self._last = (lease, now)
            if lease.tokens <= 0:
                return max(lease.wait, PAUSE_SECONDS)
            if self._quiet <= now:  # else silence was asked for meanwhile, and the tokens are given up
                self._tokens = lease.tokens
                self._until = now + dt.timedelta(seconds=LEASE_SECONDS)
            return 0.0

    def _renew_ahead(self, cost: float) -> None:
        """Ask the bucket while the lease still lasts, so that nobody has to wait for the database."""
        with self._state:
            now = self._now()
            last, tokens, left = self._last, self._tokens, (self._until - now).total_seconds()
        if last is None:
            return
        seen, at = last
        chunk = _chunk(cost, seen.rate, seen.size)
        lasts = tokens > AHEAD * chunk and left > AHEAD * LEASE_SECONDS
        empty = seen.left + (now - at).total_seconds() * seen.rate < AHEAD * chunk
        if lasts or empty or not self._turn.acquire(blocking=False):
            return
        try:
            with self._db.write() as tx:
                lease = limits.lease(tx, self._id, now, 0.0, max(0.0, chunk - tokens))
            with self._state:
                self._last = (lease, now)
                if lease.wait > 0:  # another worker was asked for silence
                    self._tokens = 0.0
                elif self._quiet <= now:
                    self._tokens += lease.tokens
                    self._until = now + dt.timedelta(seconds=LEASE_SECONDS)
        finally:
            self._turn.release()


def _chunk(cost: float, rate: float, size: float) -> float:
    return max(cost, LEASE_SECONDS * rate, min(FEW * max(cost, 1.0), size / 4))


def _limited(wait: float) -> Retry:
    return Retry("the connection's budget of calls is spent", after=wait, limited=True, code="connector.limited")


def _differs(one: float, other: float) -> bool:
    return abs(one - other) > 0.01 * max(abs(one), abs(other))
