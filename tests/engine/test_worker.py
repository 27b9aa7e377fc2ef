"""The worker process: what a dead one held comes back, what a living one works on stays its own."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from hub import jobs
from hub.engine import local
from hub.flows import actions
from hub.flows.crashed import take_up
from hub.flows.inbound.translate import translate
from hub.installation import Installation
from hub.sdk import Retry
from hub.store.jobs import Job
from tests.engine.scripted import both
from tests.engine.scripted.house import ACTOR, House


class Beats:
    """Stands for a worker's stop event: lets one round of what runs beside the work go by, then says stop."""

    def __init__(self) -> None:
        self.rounds = 0

    def wait(self, seconds: float) -> bool:
        self.rounds += 1
        return self.rounds > 1


def heartbeat(house: House) -> None:
    """What the worker does beside its work, once."""
    house.worker.stop = Beats()  # type: ignore[assignment]
    house.worker._heartbeat()


def claimed_by_the_dead(house: House) -> None:
    """A worker has claimed all that is due, and dies before it runs any of it."""
    with house.inst.db.write() as tx:
        assert jobs.claim(tx, "elsewhere/1/dead", house.clock.now, {"pull": 9, "translate": 9, "deliver": 9})


@both
def test_story_35_what_a_dead_worker_claimed_is_taken_up_by_another_when_its_lease_ends(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    house.say(shop)
    house.poll()
    claimed_by_the_dead(house)
    heartbeat(house)
    assert house.drain() == 0, "its lease still runs"
    house.clock.forward(jobs.LEASE.total_seconds() + 1)
    heartbeat(house)
    house.drain()
    assert len(depot.peer.of("fulfillment")) == 1 and house.jobs(state="running") == []


@both
def test_story_35_a_dead_workers_lane_is_open_to_what_came_after(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    depot.peer.fail(Retry("busy", after=60, limited=True))
    house.order(shop)
    house.clock.forward(60)
    claimed_by_the_dead(house)
    house.order(shop, cancelled_at="2026-03-02T10:00:00+00:00")
    assert depot.peer.effects == [], "the cancel waits behind its create"
    house.clock.forward(jobs.LEASE.total_seconds() + 1)
    heartbeat(house)
    house.clock.forward(60)
    house.run()
    assert house.jobs(state="running") == house.jobs(state="pending") == []
    order = house.find(shop, "o1")
    assert order is not None and house.sums(order.id).cancelled == 2


@both
def test_story_35_work_that_takes_longer_than_a_lease_is_not_taken_away(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    swept: list[int] = []

    def slow(effect: object) -> None:
        depot.peer.before_push = lambda effect: None
        for _ in range(3):
            house.clock.forward(jobs.LEASE.total_seconds() - 1)
            heartbeat(house)
            with house.inst.db.write() as tx:
                swept.append(take_up(tx, house.clock.now, "test"))

    depot.peer.before_push = slow
    house.order(shop)
    assert swept == [0, 0, 0] and len(depot.peer.pushed) == 1
    assert [row.state for row in house.jobs(kind="deliver")] == ["done"]


def test_story_35_a_starting_worker_takes_up_at_once_what_the_last_one_held(house: House) -> None:
    """The only worker of a database need not wait for leases: whoever held one is dead."""
    shop, depot = house.shop(), house.depot()
    house.say(shop)
    house.poll()
    claimed_by_the_dead(house)
    stop = threading.Event()
    depot.peer.before_push = lambda effect: stop.set()
    given_up = threading.Timer(20, stop.set)
    given_up.start()
    local.run_worker(house.inst, stop)
    given_up.cancel()
    assert len(depot.peer.of("fulfillment")) == 1


class Died(BaseException):
    """The worker's process ends."""


@both
def test_a_document_that_kills_every_worker_is_set_aside_and_takes_nobody_with_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, depot = house.shop(), house.depot()
    for number in ("o1", "o2", "o3"):
        house.say(shop, number)
    house.poll()
    held: list[list[str]] = []

    def deadly(inst: Installation, claimed: Sequence[Job], worker: str) -> None:
        held.append(sorted(job.lane.rsplit("/")[-1] for job in claimed))
        if any(job.lane.endswith("/o2") for job in claimed):
            raise Died
        translate(inst, claimed, worker)

    monkeypatch.setattr(local, "translate", deadly)
    deaths = 0
    while deaths < 20:
        try:
            house.drain()
            break
        except Died:
            deaths += 1
            with house.inst.db.write() as tx:
                take_up(tx, house.clock.now, "next", dead="")
    assert deaths == jobs.MAX_CRASHES
    assert held[:2] == [["o1", "o2", "o3"]] * 2 and all(len(names) == 1 for names in held[2:]), "then one by one"
    parked = [(m.external_id, m.state, m.reason) for m in house.messages(kind="order") if m.state != "done"]
    assert parked == [("o2", "parked", "job.crashed")]
    assert len(depot.peer.of("fulfillment")) == 2

    monkeypatch.setattr(local, "translate", translate)
    (message,) = (m for m in house.messages(kind="order") if m.state == "parked")
    actions.replay_message(house.inst, message.id, ACTOR)
    house.drain()
    assert len(depot.peer.of("fulfillment")) == 3


def test_a_delivery_that_kills_every_worker_is_set_aside(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    shop, depot = house.shop(), house.depot()

    def deadly(inst: Installation, claimed: Sequence[Job], worker: str, pool: object) -> None:
        raise Died

    monkeypatch.setattr(local, "deliver", deadly)
    house.say(shop)
    house.poll()
    for _ in range(jobs.MAX_CRASHES):
        with pytest.raises(Died):
            house.drain()
        with house.inst.db.write() as tx:
            take_up(tx, house.clock.now, "next", dead="")
    house.drain()
    assert [(m.state, m.reason) for m in house.messages(direction="out")] == [("parked", "job.crashed")]
    assert house.jobs(kind="deliver")[0].state == "parked" and depot.peer.pushed == []


def test_a_job_that_outlived_its_worker_is_trusted_again(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    house.say(shop)
    house.poll()
    claimed_by_the_dead(house)
    with house.inst.db.write() as tx:
        take_up(tx, house.clock.now, "next", dead="")
    depot.peer.fail(Retry("busy", after=1))
    house.drain()
    assert [job.crashes for job in house.jobs()] == [0] * len(house.jobs())
