"""One budget of calls per connection, shared by everybody who calls."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import event, insert, select

from hub.limits import SharedBudget
from hub.sdk import Retry
from hub.store.db import Database
from hub.store.tables import connections

START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


@dataclass
class Clock:
    """A clock that moves when somebody sleeps, or is told to."""

    now: dt.datetime = START
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> dt.datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.pass_(seconds)

    def pass_(self, seconds: float) -> None:
        self.now += dt.timedelta(seconds=seconds)

    @property
    def passed(self) -> float:
        return (self.now - START).total_seconds()


def connect(db: Database, name: str = "shop", rate: float = 1.0, size: float = 60.0) -> int:
    with db.write() as tx:
        return tx.execute(
            insert(connections)
            .values(
                name=name, type="acme", mode="live", settings={}, start_at=START, webhook_token=name, created_at=START,
                bucket_tokens=size, bucket_at=START, bucket_rate=rate, bucket_size=size,
            )
            .returning(connections.c.id)
        ).scalar_one()  # fmt: skip


def row(db: Database, connection_id: int) -> Any:
    with db.read() as tx:
        return tx.execute(select(connections).where(connections.c.id == connection_id)).one()


def spend(budget: SharedBudget, clock: Clock, seconds: float) -> int:
    """Call as often as the budget lets us for so long; give the number of calls."""
    calls, end = 0, clock.now + dt.timedelta(seconds=seconds)
    while clock.now < end:
        try:
            budget.take()
            calls += 1
        except Retry as error:
            assert error.limited and error.after and error.after > 0
            clock.pass_(error.after)
    return calls


def test_story_34_sixty_a_minute_is_a_bucket_and_not_one_second_gaps(database: Database) -> None:
    clock = Clock()
    budget = SharedBudget(database, connect(database), now=clock, sleep=clock.sleep)
    for _ in range(60):
        budget.take()
    assert clock.passed == 0, "a full bucket is spent at once"
    assert 58 <= spend(budget, clock, 60) <= 62


def test_story_34_connections_do_not_share(database: Database) -> None:
    clock = Clock()
    first = SharedBudget(database, connect(database, "one", size=5), now=clock, sleep=clock.sleep)
    second = SharedBudget(database, connect(database, "two", size=5), now=clock, sleep=clock.sleep)
    for _ in range(5):
        first.take()
    second.take()
    assert clock.slept == []


@pytest.mark.parametrize(("rate", "size"), [(2.0, 40.0), (50.0, 100.0), (0.5, 1.0), (1000.0, 1000.0)])
def test_story_32_two_workers_never_exceed_the_shared_rate(database: Database, rate: float, size: float) -> None:
    clock = Clock()
    connection_id = connect(database, rate=rate, size=size)
    workers = [SharedBudget(database, connection_id, now=clock, sleep=clock.sleep) for _ in range(2)]
    seconds, calls = min(60.0, 400 / rate), 0
    while clock.passed < seconds:
        for worker in workers:
            try:
                worker.take()
                calls += 1
            except Retry as error:
                clock.pass_(min(error.after or 0, 1.0))
    assert calls <= size + rate * clock.passed + 2, "more than the bucket and its refill"
    assert calls >= 0.8 * (size + rate * clock.passed) - 2, "much less than is allowed"


def test_story_32_silence_asked_of_one_worker_binds_all(database: Database) -> None:
    clock = Clock()
    connection_id = connect(database, rate=10, size=20)
    told, other = (SharedBudget(database, connection_id, now=clock, sleep=clock.sleep) for _ in range(2))
    told.take()
    told.hold_until(30)
    for worker in (told, other):
        with pytest.raises(Retry) as caught:
            worker.take()
        assert caught.value.limited
        assert caught.value.after == pytest.approx(30)
    clock.pass_(30)
    told.take()
    assert spend(other, clock, 10) <= 103, "after the silence calls go on at the rate, without a burst"


def test_a_shorter_silence_does_not_end_a_longer_one(database: Database) -> None:
    clock = Clock()
    connection_id = connect(database)
    budget = SharedBudget(database, connection_id, now=clock, sleep=clock.sleep)
    budget.hold_until(60)
    budget.hold_until(5)
    assert row(database, connection_id).quiet_until == START + dt.timedelta(seconds=60)


def test_story_32_the_other_sides_headers_correct_the_bucket(database: Database) -> None:
    clock = Clock()
    connection_id = connect(database, rate=2, size=40)
    budget = SharedBudget(database, connection_id, now=clock, sleep=clock.sleep)
    budget.take()
    budget.observe(remaining=5, per_second=4, capacity=80)
    shared = row(database, connection_id)
    assert (shared.bucket_rate, shared.bucket_size) == (4, 80)
    assert shared.bucket_tokens <= 5
    calls = 0
    while clock.slept == []:
        budget.take()
        calls += 1
    assert calls <= 6


def test_more_left_than_we_think_is_not_believed(database: Database) -> None:
    clock = Clock()
    connection_id = connect(database, rate=2, size=40)
    budget = SharedBudget(database, connection_id, now=clock, sleep=clock.sleep)
    for _ in range(30):
        budget.take()
    before = row(database, connection_id).bucket_tokens
    budget.observe(remaining=39, per_second=2, capacity=40)
    assert row(database, connection_id).bucket_tokens == before


def test_a_short_wait_is_waited_and_a_long_one_is_a_retry(database: Database) -> None:
    clock = Clock()
    quick = SharedBudget(database, connect(database, "quick", rate=1, size=1), now=clock, sleep=clock.sleep)
    quick.take()
    quick.take()
    assert 0.9 <= sum(clock.slept) <= 1.2
    slow = SharedBudget(database, connect(database, "slow", rate=0.01, size=1), now=clock, sleep=clock.sleep)
    slow.take()
    with pytest.raises(Retry) as caught:
        slow.take()
    assert caught.value.after == pytest.approx(100, abs=5)


def test_a_call_dearer_than_the_bucket_goes_when_it_is_full(database: Database) -> None:
    clock = Clock()
    connection_id = connect(database, rate=10, size=20)
    budget = SharedBudget(database, connection_id, now=clock, sleep=clock.sleep)
    budget.take(25)
    assert row(database, connection_id).bucket_tokens == -5
    with pytest.raises(Retry) as caught:
        budget.take(25)
    assert caught.value.after == pytest.approx(2.5)


def test_a_call_costs_no_commit(database: Database) -> None:
    clock = Clock()
    budget = SharedBudget(database, connect(database, rate=100, size=100), now=clock, sleep=clock.sleep)
    commits: list[Any] = []
    event.listen(database.engine, "commit", commits.append)
    for _ in range(100):
        budget.take()
    assert len(commits) <= 10


def test_a_lease_is_renewed_before_it_is_spent(database: Database) -> None:
    clock = Clock()
    connection_id = connect(database, rate=100, size=1000)
    budget = SharedBudget(database, connection_id, now=clock, sleep=clock.sleep)
    for _ in range(300):
        budget.take()
        clock.pass_(0.005)
    assert clock.slept == []
    with budget._state:
        assert budget._tokens >= 10, "there is always something left for the next caller"
    assert row(database, connection_id).bucket_tokens >= 1000 - 300 + 100 * 1.5 - 60, (
        "what was leased is what was spent"
    )


def test_what_a_slow_caller_leased_and_did_not_spend_goes_back(database: Database) -> None:
    clock = Clock()
    connection_id = connect(database, rate=2, size=40)
    budget = SharedBudget(database, connection_id, now=clock, sleep=clock.sleep)
    for _ in range(30):
        budget.take()
        clock.pass_(1)
    assert row(database, connection_id).bucket_tokens >= 35, "one call a second of two must not empty the bucket"


def test_story_32_leftovers_from_before_a_silence_do_not_come_back(database: Database) -> None:
    clock = Clock()
    connection_id = connect(database, rate=2, size=40)
    told, other = (SharedBudget(database, connection_id, now=clock, sleep=clock.sleep) for _ in range(2))
    told.take()
    other.take()
    clock.pass_(1)
    other.take()
    told.hold_until(10)
    clock.pass_(10)
    before = len(clock.slept)
    other.take()
    other.take()
    assert len(clock.slept) > before
