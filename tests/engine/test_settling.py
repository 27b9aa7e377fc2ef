"""When the other side is asked what became of an effect: a settle time after the last moment it can have been sent."""

from __future__ import annotations

import pytest

from hub.sdk import Guarantee, Retry
from hub.store import jobs as job_store
from tests.engine.scripted.house import House
from tests.engine.scripted.peer import Effect

both = pytest.mark.parametrize("house", ["sqlite", "postgresql"], indirect=True)


class Killed(BaseException):
    """Ends the process under test as SIGKILL would: nobody catches it, nothing is written."""


@both
def test_the_settle_time_begins_when_an_unanswered_try_ends(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    depot.peer.guarantee, depot.peer.settle_seconds = Guarantee.CAN_BE_ASKED, 30.0
    depot.peer.before_push = lambda effect: house.clock.forward(40)  # the try itself took longer than that
    depot.peer.fail(Retry("no answer", maybe_done=True), when="after")
    house.order(shop)
    house.clock.forward(10)
    house.drain()
    assert depot.peer.asked == 0
    house.clock.forward(25)
    house.drain()
    assert depot.peer.asked == 1
    assert [effect.kind for effect in depot.peer.effects] == ["fulfillment"]
    assert [message.state for message in house.messages(kind="fulfillment")] == ["done"]


@both
def test_the_settle_time_begins_when_a_killed_workers_jobs_are_taken_over(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    depot.peer.guarantee, depot.peer.settle_seconds = Guarantee.CAN_BE_ASKED, 30.0

    def dies(effect: Effect) -> None:
        house.clock.forward(40)
        raise Killed

    depot.peer.before_push = dies
    with pytest.raises(Killed):
        house.order(shop)
    depot.peer.before_push = lambda effect: None
    with house.inst.db.write() as tx:
        job_store.release_expired(tx, house.clock(), worker_prefix="")
    house.clock.forward(10)
    house.drain()
    assert depot.peer.asked == 0
    house.clock.forward(25)
    house.drain()
    assert depot.peer.asked == 1
    assert [effect.kind for effect in depot.peer.effects] == ["fulfillment"]
