"""The worker process: what a dead one held comes back, what a living one works on stays its own."""

from __future__ import annotations

import threading

from hub import jobs
from hub.engine import local
from hub.sdk import Retry
from tests.engine.scripted import both
from tests.engine.scripted.house import House


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
                swept.append(jobs.sweep(tx, house.clock.now))

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
