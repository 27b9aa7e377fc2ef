"""Alerts about what stands still: one for each cause, counted, and closed when the cause is gone."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import Row, select

from hub import scheduler
from hub.flows import actions, alerts
from hub.sdk import Rejected
from hub.store.tables import alerts as alerts_table
from hub.views.overview import alerts_of, needs_of
from tests.engine.scripted import both
from tests.engine.scripted.house import ACTOR, House, Side, line


def told(house: House) -> list[Row[Any]]:
    """All alerts there ever were, in their order."""
    return house.rows(select(alerts_table, alerts_table.c.count.label("times")).order_by(alerts_table.c.id))


def open_now(house: House) -> list[tuple[str, int]]:
    """Codes and counts of the open alerts."""
    return [(row.code, row.times) for row in told(house) if row.closed_at is None]


def refuse(house: House, shop: Side, depot: Side, *orders: str, code: str = "depot.closed") -> list[int]:
    """The depot refuses these orders of the shop; gives the messages that are parked then."""
    for number in orders:
        depot.peer.fail(Rejected("the depot refuses it", code=code))
        house.order(shop, number)
    return [row.id for row in house.messages(state="parked", direction="out")]


@both
def test_what_is_parked_for_one_cause_is_one_alert_until_none_is_left(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    first = refuse(house, shop, depot, "o1", "o2")
    house.look()
    assert open_now(house) == [("depot.closed", 2)]
    refuse(house, shop, depot, "o3")
    for _ in range(3):
        house.look()
    (alert,) = told(house)
    assert alert.times == 3 and alert.connection_id == depot.id
    assert alert.detail.startswith("Depot: 3 documents are parked. Our fulfillment to Depot, order #o3: ")
    assert alert.cause == f"parked/{depot.id}/depot.closed"
    for message_id in first:
        actions.ignore_message(house.inst, message_id, "entered by hand", ACTOR)
    house.look()
    assert open_now(house) == [("depot.closed", 1)]
    actions.retry_order(house.inst, house.find(shop, "o3").id, ACTOR)  # type: ignore[union-attr]
    house.drain()
    house.look()
    (alert,) = told(house)
    assert house.parked() == [] and alert.closed_at == house.clock.now


def test_an_alert_names_the_newest_documents_and_how_to_see_each_and_all(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    ids = refuse(house, shop, depot, "o1", "o2", "o3", "o4")
    house.look()
    (alert,) = told(house)
    named = [f"Our fulfillment to Depot, order #o{n}: the depot refuses it. See `hub messages show {id_}`."
             for n, id_ in reversed(list(enumerate(ids, 1)))]  # fmt: skip
    rest = "All: `hub messages list --state parked --reason depot.closed`."
    assert alert.detail == " ".join(["Depot: 4 documents are parked.", *named[:3], rest])


@both
def test_each_connection_and_code_is_an_alert_of_its_own(house: House) -> None:
    shop, other, depot = house.shop(), house.shop("Other"), house.depot()
    refuse(house, shop, depot, "o1")
    refuse(house, shop, depot, "o2", code="depot.unknown")
    for side in (shop, other):
        house.order(side, "bad", lines=[line("l1", "MUG", "many")])
    house.look()
    where = {(row.connection_id, row.code) for row in told(house)}
    inbound = {(m.connection_id, m.reason) for m in house.messages(direction="in", state="parked")}
    assert {each for each, _ in inbound} == {shop.id, other.id}
    assert where == inbound | {(depot.id, "depot.closed"), (depot.id, "depot.unknown")}
    assert [times for _, times in open_now(house)] == [1, 1, 1, 1]


@both
def test_what_comes_back_later_is_a_new_alert(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    (message_id,) = refuse(house, shop, depot, "o1")
    house.look()
    actions.ignore_message(house.inst, message_id, "entered by hand", ACTOR)
    house.look()
    refuse(house, shop, depot, "o2")
    house.look()
    assert [row.closed_at is None for row in told(house)] == [False, True]


def test_what_waits_for_less_than_a_minute_calls_nobody(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    (message_id,) = refuse(house, shop, depot, "o1")
    house.look(later=59)
    assert told(house) == []
    actions.ignore_message(house.inst, message_id, "entered by hand", ACTOR)
    house.look()
    assert told(house) == []


def test_while_an_alert_is_open_what_came_just_now_keeps_it_open(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    (message_id,) = refuse(house, shop, depot, "o1")
    house.look()
    house.clock.forward(50)
    refuse(house, shop, depot, "o2")
    actions.ignore_message(house.inst, message_id, "entered by hand", ACTOR)
    house.look(later=9)
    assert len(told(house)) == 1 and open_now(house) == [("depot.closed", 1)]


@both
def test_one_node_looks_in_each_minute(house: House) -> None:
    with ThreadPoolExecutor(4) as nodes:
        assert sorted(nodes.map(lambda _: alerts.look(house.inst), range(4))) == [False, False, False, True]
    house.clock.forward(59)
    assert not alerts.look(house.inst)
    house.clock.forward(1)
    assert alerts.look(house.inst)


def test_the_scheduler_looks_by_itself(house: House) -> None:
    clock = scheduler.Scheduler(house.inst)._clock
    watched = {job.args[0]: job.trigger.interval for job in clock.get_jobs() if job.args}
    assert watched[alerts.look] == dt.timedelta(minutes=1)


def test_the_console_counts_parked_documents_once(house: House) -> None:
    """Their groups stand beside the alerts, on the overview and among what needs attention."""
    shop, depot = house.shop(), house.depot()
    refuse(house, shop, depot, "o1", "o2")
    house.look()
    with house.inst.db.read() as tx:
        assert [(need.kind, need.code, need.count) for need in needs_of(tx, None)] == [("parked", "depot.closed", 2)]
        assert alerts_of(tx, None) == []
