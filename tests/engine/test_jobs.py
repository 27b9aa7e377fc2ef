"""Work rows: lanes, claims, fences, leases, switches; on both databases."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select

from hub import jobs
from hub.sdk.errors import Misconfigured, Rejected, Retry, Unauthorised
from hub.store import connections as connection_store
from hub.store import jobs as store
from hub.store import settings as setting_store
from hub.store.db import Database
from hub.store.jobs import Job
from hub.store.tables import connections, flows
from hub.store.tables import jobs as table

NOW = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
KINDS = ("pull", "translate", "deliver")
SECOND = dt.timedelta(seconds=1)


@pytest.fixture
def db(database: Database) -> Iterator[Database]:
    """A database with two connections, ids 1 and 2."""
    with database.write() as tx:
        for name in ("one", "two"):
            tx.execute(
                insert(connections).values(
                    name=name, type="x", mode="live", settings={}, policy={}, start_at=NOW, webhook_token=name,
                    bucket_tokens=1.0, bucket_at=NOW, bucket_rate=1.0, bucket_size=1.0, created_at=NOW,
                )
            )  # fmt: skip
    yield database


def job(number: int, lane: str = "", kind: str = "deliver", **facts: Any) -> dict[str, Any]:
    row = {"key": f"k/{number}", "lane": lane or f"lane/{number}", "connection_id": 1, "now": NOW, **facts}
    return jobs.describe(kind, "fulfillment", **row)


def put(db: Database, *rows: dict[str, Any]) -> int:
    with db.write() as tx:
        return store.add(tx, rows)


def take(db: Database, now: dt.datetime = NOW, limit: int = 100, kinds: Sequence[str] = KINDS) -> list[Job]:
    with db.write() as tx:
        return jobs.claim(tx, "w", now, dict.fromkeys(kinds, limit))


def keys(found: Sequence[Job]) -> list[str]:
    return [one.key for one in found]


def finish(db: Database, one: Job, now: dt.datetime = NOW) -> None:
    with db.write() as tx:
        assert store.mine(tx, [one]) == {one.id}
        jobs.finish(tx, [jobs.done(one, now)], "w", now)


def test_a_lane_is_first_in_first_out_and_runs_one_at_a_time(db: Database) -> None:
    put(db, job(1, "a"), job(2, "a"), job(3, "b"))
    first = take(db)
    assert keys(first) == ["k/1", "k/3"] and take(db) == []
    finish(db, first[0])
    assert keys(take(db)) == ["k/2"]


def test_a_waiting_job_keeps_its_lane_closed_although_it_is_not_due(db: Database) -> None:
    put(db, job(1, "a", due_at=NOW + 60 * SECOND), job(2, "a"))
    assert take(db) == [], "a cancel never overtakes its create"
    assert keys(take(db, NOW + 60 * SECOND)) == ["k/1"]


def test_a_parked_job_opens_its_lane(db: Database) -> None:
    put(db, job(1, "a"), job(2, "a"))
    (one,) = take(db)
    with db.write() as tx:
        jobs.finish(tx, [jobs.parked(one, NOW, {"code": "x"})], "w", NOW)
    assert keys(take(db)) == ["k/2"]


def test_claims_follow_priority_then_time_then_age(db: Database) -> None:
    put(db, job(1, priority=20), job(2, priority=20, due_at=NOW - SECOND), job(3, priority=10), job(4, priority=20))
    assert [keys(take(db, limit=1))[0] for _ in range(4)] == ["k/3", "k/2", "k/1", "k/4"]


def test_what_is_nearly_finished_goes_first(db: Database) -> None:
    put(db, job(1, kind="pull"), job(2, kind="deliver"), job(3, kind="translate"))
    assert keys(take(db)) == ["k/3", "k/2", "k/1"]


def test_kinds_with_due_work_are_seen_without_claiming_it(db: Database) -> None:
    put(db, job(1, kind="pull"), job(2, kind="deliver", due_at=NOW + SECOND))
    with db.read() as tx:
        assert store.due(tx, NOW) == ({"pull"}, False)
        assert store.due(tx, NOW + SECOND) == ({"pull", "deliver"}, False)
    take(db)
    with db.read() as tx:
        assert store.due(tx, NOW) == (set(), False)


def test_only_the_wanted_kinds_are_claimed(db: Database) -> None:
    put(db, job(1, kind="pull"), job(2))
    assert keys(take(db, kinds=["pull"])) == ["k/1"]


def test_many_workers_never_claim_one_job_twice(db: Database) -> None:
    put(db, *(job(number, f"lane/{number % 40}") for number in range(120)))
    claimed: list[list[int]] = []
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        for _ in range(12):
            found = take(db, limit=8)
            claimed.append([one.id for one in found])
            with db.write() as tx:
                jobs.finish(tx, [jobs.done(one, NOW) for one in found], "w", NOW)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while found := take(db):
        claimed.append([one.id for one in found])
        with db.write() as tx:
            jobs.finish(tx, [jobs.done(one, NOW) for one in found], "w", NOW)
    ids = [id_ for batch in claimed for id_ in batch]
    assert len(ids) == 120 == len(set(ids))


def test_a_lost_lease_cannot_finish(db: Database) -> None:
    put(db, job(1))
    (mine,) = take(db)
    with db.write() as tx:
        assert store.release_expired(tx, NOW + 2 * jobs.LEASE) == 1
    (theirs,) = take(db, NOW + 2 * jobs.LEASE)
    with db.write() as tx:
        assert store.mine(tx, [mine]) == set() and store.mine(tx, [theirs]) == {theirs.id}
        store.extend(tx, [mine], NOW + 9 * jobs.LEASE)
    with db.write() as tx:
        assert store.release_expired(tx, NOW + 4 * jobs.LEASE) == 1, (
            "the old worker's heartbeat does not keep the new one's lease"
        )


def test_story_35_a_job_whose_worker_died_comes_back_when_its_lease_ends(db: Database) -> None:
    put(db, job(1))
    take(db)
    with db.write() as tx:
        assert store.release_expired(tx, NOW + jobs.LEASE) == 0
        assert store.release_expired(tx, NOW + jobs.LEASE + SECOND) == 1
    assert keys(take(db, NOW + jobs.LEASE + SECOND)) == ["k/1"]


def test_story_35_a_heartbeat_keeps_a_lease(db: Database) -> None:
    put(db, job(1))
    claimed = take(db)
    with db.write() as tx:
        store.extend(tx, claimed, NOW + 2 * jobs.LEASE)
        assert store.release_expired(tx, NOW + jobs.LEASE + SECOND) == 0


def test_story_35_a_starting_worker_takes_up_what_a_dead_one_held(db: Database) -> None:
    put(db, job(1))
    take(db)
    with db.write() as tx:
        assert store.release_expired(tx, NOW, worker_prefix="other") == 0
        assert store.release_expired(tx, NOW, worker_prefix="") == 1


def test_a_key_is_live_once(db: Database) -> None:
    assert put(db, job(1)) == 1 and put(db, job(1), job(2)) == 1
    (one, _) = take(db)
    assert put(db, job(1)) == 0, "it is running"
    finish(db, one)
    assert put(db, job(1)) == 1


def enqueue(tx: Connection) -> bool:
    return jobs.fetch(tx, 1, "order", "o1", NOW)


def test_a_new_reason_while_it_runs_waits_for_one_more_run(db: Database) -> None:
    with db.write() as tx:
        assert enqueue(tx) and not enqueue(tx)
    (first,) = take(db)
    with db.write() as tx:
        assert enqueue(tx) and not enqueue(tx)
    assert take(db) == []
    finish(db, first)
    with db.write() as tx:
        assert not enqueue(tx), "one that waits will look after this reason came up"
    (second,) = take(db)
    with db.write() as tx:
        assert enqueue(tx)
    finish(db, second)
    assert len(take(db)) == 1


def test_wake_makes_parked_and_waiting_work_due(db: Database) -> None:
    put(db, job(1), job(2, due_at=NOW + 3600 * SECOND), job(3, connection_id=2, due_at=NOW + 3600 * SECOND))
    (one,) = take(db)
    with db.write() as tx:
        jobs.finish(tx, [jobs.parked(one, NOW, {"code": "x"})], "w", NOW)
        assert store.wake(tx, NOW, connection_id=1) == 2
    assert keys(take(db)) == ["k/1", "k/2"]


def test_wake_leaves_a_parked_job_whose_key_is_live_again(db: Database) -> None:
    put(db, job(1))
    (one,) = take(db)
    with db.write() as tx:
        jobs.finish(tx, [jobs.parked(one, NOW, {"code": "x"})], "w", NOW)
    put(db, job(1))
    with db.write() as tx:
        store.wake(tx, NOW, key="k/1")
    assert [row.state for row in rows(db)] == ["parked", "pending"]


def rows(db: Database) -> list[Any]:
    with db.read() as tx:
        return list(tx.execute(select(table).order_by(table.c.id)))


# -- what keeps work from being claimed -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "claimable"),
    [
        ({"trouble": "connector.unauthorised"}, {"translate"}),
        ({"quiet_until": NOW + SECOND}, {"translate"}),
        ({"quiet_until": NOW}, {"translate", "deliver", "pull"}),
        ({"mode": "off"}, {"translate"}),
        ({"outbound_stopped": True}, {"translate", "pull"}),
        ({"mode": "shadow"}, {"translate", "deliver", "pull"}),
    ],
)
def test_a_connection_keeps_its_own_work_back(db: Database, change: dict[str, Any], claimable: set[str]) -> None:
    put(db, *(job(number, kind=kind) for number, kind in enumerate(KINDS)), job(9, connection_id=2))
    with db.write() as tx:
        connection_store.change(tx, 1, **change)
    found = take(db)
    assert {one.kind for one in found if one.connection_id == 1} == claimable
    assert [one.key for one in found if one.connection_id == 2] == ["k/9"]


def test_one_switch_stops_all_that_goes_out(db: Database) -> None:
    put(db, job(1), job(2, connection_id=2), job(3, kind="pull"), job(4, kind="translate"))
    with db.write() as tx:
        setting_store.put(tx, store.OUTBOUND_STOPPED, True)
    assert sorted(keys(take(db))) == ["k/3", "k/4"]
    with db.write() as tx:
        setting_store.put(tx, store.OUTBOUND_STOPPED, False)
    assert keys(take(db)) == ["k/1", "k/2"]


def test_a_paused_outbound_flow_waits(db: Database) -> None:
    put(db, job(1), job(2, connection_id=2))
    with db.write() as tx:
        tx.execute(
            insert(flows).values(
                connection_id=1, direction="out", kind="fulfillment", timezone="UTC", settings={}, paused=True
            )
        )
    assert keys(take(db)) == ["k/2"]


# -- what an error means --------------------------------------------------------------------------------------------


def one(kind: str = "deliver", failures: int = 0) -> Job:
    return Job(1, kind, "fulfillment", None, "k", "l", 1, None, None, None, 1, failures, NOW)


@pytest.mark.parametrize(
    ("error", "state", "failures", "word"),
    [
        (Rejected("no"), "parked", 0, "parked"),
        (Retry("busy", after=9, limited=True), "pending", 0, "limited"),
        (Unauthorised("expired"), "pending", 0, "limited"),
        (Misconfigured("where"), "pending", 0, "limited"),
        (Retry("broken", after=9), "pending", 1, "retry"),
        (ValueError("a bug"), "pending", 1, "retry"),
    ],
)
def test_an_error_decides_by_who_must_act(error: Exception, state: str, failures: int, word: str) -> None:
    outcome = jobs.failed(one(), NOW, error)
    assert (outcome.state, outcome.failures, outcome.word) == (state, failures, word)
    if isinstance(error, Retry):
        assert outcome.due_at == NOW + 9 * SECOND


def test_a_job_gives_up_and_a_pull_never_does() -> None:
    spent = jobs.MAX_FAILURES - 1
    gave_up = jobs.failed(one(failures=spent), NOW, Retry("x"))
    assert gave_up.state == "parked" and gave_up.error is not None and gave_up.error["code"] == "job.gave-up"
    assert jobs.failed(one("pull", spent), NOW, Retry("x")).state == "pending"


@given(st.integers(0, 10_000), st.sampled_from([jobs.LONGEST_DELAY, jobs.LONGEST_PULL_DELAY]))
def test_back_off_grows_within_bounds(failures: int, longest: float) -> None:
    wait = jobs.backoff(failures, longest)
    expected = min(longest, jobs.FIRST_DELAY * 2 ** min(failures, 20))
    assert 0.75 * expected <= wait <= 1.25 * expected


def test_an_errors_text_is_kept_short() -> None:
    assert len(jobs.error_facts(ValueError("x" * 9000))["detail"]) <= 500
