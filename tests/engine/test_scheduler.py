"""The scheduler: each due slot becomes one pull job, whatever number of nodes tick."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from hub.scheduler import Scheduler, tick
from hub.store import schedule
from hub.store.db import Database
from hub.store.tables import alerts, connections, flows, jobs
from tests.conftest import REPOSITORY

START = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


class Node:
    """What the scheduler needs of an installation, with a clock of its own."""

    def __init__(self, url: Any) -> None:
        self.db = Database(url.render_as_string(hide_password=False))
        self.time = START

    def now(self) -> dt.datetime:
        return self.time


def connect(db: Database, mode: str = "live") -> int:
    with db.write() as tx:
        return tx.execute(
            insert(connections)
            .values(
                name=mode, type="acme", mode=mode, settings={}, start_at=START, webhook_token=mode, created_at=START,
                bucket_tokens=1, bucket_at=START, bucket_rate=1, bucket_size=1,
            )
            .returning(connections.c.id)
        ).scalar_one()  # fmt: skip


def flow(db: Database, connection_id: int, kind: str, schedule: str | None = "every 1m", **values: Any) -> int:
    facts = {"direction": "in", "timezone": "UTC", "next_due": START, "settings": {}, "paused": False, **values}
    with db.write() as tx:
        return tx.execute(
            insert(flows)
            .values(connection_id=connection_id, kind=kind, schedule=schedule, **facts)
            .returning(flows.c.id)
        ).scalar_one()


def pulls(db: Database) -> list[tuple[str, int]]:
    with db.read() as tx:
        return [(row.noun, row.subject_id) for row in tx.execute(select(jobs).order_by(jobs.c.id))]


def finish_all(db: Database) -> None:
    with db.write() as tx:
        tx.execute(update(jobs).values(state="done"))


def test_story_36_four_schedulers_make_no_duplicates(database: Database) -> None:
    connection_id = connect(database)
    flow_ids = [flow(database, connection_id, f"kind{number}") for number in range(5)]
    nodes = [Node(database.url) for _ in range(4)]
    made: list[int] = []
    for minute in range(6):
        barrier = threading.Barrier(len(nodes))

        def run(node: Node, when: dt.datetime, barrier: threading.Barrier = barrier) -> None:
            node.time = when
            barrier.wait()
            made.append(tick(node))  # type: ignore[arg-type]

        when = START + dt.timedelta(minutes=minute, seconds=5)
        threads = [threading.Thread(target=run, args=(node, when)) for node in nodes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        finish_all(database)  # so that a second job for the same slot would not be kept out by the first
    for node in nodes:
        node.db.close()
    assert len(made) == 24
    assert sum(made) == 30
    assert sorted(pulls(database)) == sorted((f"kind{n}", id_) for n, id_ in enumerate(flow_ids) for _ in range(6))


def test_story_36_a_slot_seen_due_by_two_schedulers_is_won_by_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second looked before the first had won, and acts after the first one's job is done."""
    flow(database, connect(database), "order")
    with database.read() as tx:
        seen = schedule.due(tx, START)
    first, second = (SimpleNamespace(db=database, now=lambda: START) for _ in range(2))
    assert tick(first) == 1  # type: ignore[arg-type]
    finish_all(database)
    monkeypatch.setattr(schedule, "due", lambda tx, now: seen)
    assert tick(second) == 0  # type: ignore[arg-type]
    assert len(pulls(database)) == 1


def test_story_36_the_web_process_has_no_scheduler() -> None:
    """However many of them run: the clock is not even loaded there."""
    code = "import sys, hub.web; sys.exit('apscheduler' in sys.modules or 'hub.scheduler' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY).returncode == 0


def test_story_36_missed_slots_become_one_job_and_a_live_job_is_not_doubled(database: Database) -> None:
    flow_id = flow(database, connect(database), "order", next_due=START - dt.timedelta(days=3))
    node = SimpleNamespace(db=database, now=lambda: START)
    assert tick(node) == 1  # type: ignore[arg-type]
    assert tick(node) == 0  # type: ignore[arg-type]
    node.now = lambda: START + dt.timedelta(minutes=10)
    assert tick(node) == 0, "the first pull has not run yet"  # type: ignore[arg-type]
    assert pulls(database) == [("order", flow_id)]
    with database.read() as tx:
        assert tx.execute(select(flows.c.next_due)).scalar_one() == START + dt.timedelta(minutes=11)


def test_only_what_should_run_runs(database: Database) -> None:
    live, off = connect(database), connect(database, "off")
    expected = [flow(database, live, "order"), flow(database, live, "never-yet", next_due=None)]
    flow(database, live, "paused", paused=True)
    flow(database, live, "as-it-happens", schedule=None)
    outward = flow(database, live, "outward", direction="out")
    flow(database, live, "later", next_due=START + dt.timedelta(seconds=1))
    flow(database, off, "order")
    assert tick(SimpleNamespace(db=database, now=lambda: START)) == 2  # type: ignore[arg-type]
    assert [id_ for _, id_ in pulls(database)] == expected
    with database.read() as tx:
        moved = tx.execute(select(flows.c.next_due).where(flows.c.id == outward)).scalar_one()
    assert moved == START + dt.timedelta(minutes=1), "what goes out is due with its flow's next slot"


def test_an_unreadable_schedule_is_told_and_stops_no_other(database: Database) -> None:
    connection_id = connect(database)
    flow(database, connection_id, "broken", schedule="whenever")
    flow(database, connection_id, "order")
    assert tick(SimpleNamespace(db=database, now=lambda: START)) == 1  # type: ignore[arg-type]
    assert [noun for noun, _ in pulls(database)] == ["order"]
    with database.read() as tx:
        alert = tx.execute(select(alerts)).one()
    assert (alert.code, alert.connection_id) == ("schedule.invalid", connection_id)


def test_story_4_the_clock_of_a_worker_looks_for_mended_mappings(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened = threading.Event()
    monkeypatch.setattr("hub.scheduler.read_mended", lambda installation: happened.set())
    monkeypatch.setattr("hub.scheduler.MENDED_MINUTES", 0.001)
    scheduler = Scheduler(SimpleNamespace(db=database, now=lambda: START))  # type: ignore[arg-type]
    scheduler.start()
    assert happened.wait(timeout=20)
    scheduler.stop()


def test_the_clock_ticks_in_the_background_and_outlives_an_error(database: Database) -> None:
    flow(database, connect(database), "order")
    calls: list[int] = []
    happened = threading.Event()

    def now() -> dt.datetime:
        calls.append(1)
        if len(calls) == 1:
            raise OSError("the network is away for a moment")
        if len(calls) > 2:
            happened.set()
        return START

    scheduler = Scheduler(SimpleNamespace(db=database, now=now), seconds=0.05)  # type: ignore[arg-type]
    scheduler.start()
    assert happened.wait(timeout=20)
    scheduler.stop()
    assert [noun for noun, _ in pulls(database)] == ["order"]
