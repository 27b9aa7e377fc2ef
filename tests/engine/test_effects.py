"""What goes out: once, in order, by each guarantee; and what stops it."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from sqlalchemy import select

from hub.flows import actions
from hub.flows.crashed import take_up
from hub.jobs import MAX_FAILURES
from hub.ledger import Quantities
from hub.sdk import Guarantee, Misconfigured, Rejected, Retry, Unauthorised
from hub.store.tables import events as events_table
from hub.store.tables import payloads
from tests.engine.scripted import both
from tests.engine.scripted.house import ACTOR, House, Side, line, package
from tests.engine.scripted.peer import Effect

LOST = Retry("no answer", maybe_done=True)


# -- doubtful effects -----------------------------------------------------------------------------------------------


@both
def test_story_41_a_key_that_is_honoured_is_sent_again_and_counts_once(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    depot.peer.fail(LOST, when="after")
    house.order(shop)
    (message,) = house.messages(kind="fulfillment")
    assert message.state == "sent", "its outcome is unknown, and that is written down before it is sent"
    house.clock.forward(60)
    house.run()
    first, second = depot.peer.pushed
    assert (first.key, first.payload) == (second.key, second.payload) and len(depot.peer.effects) == 1
    assert house.messages(kind="fulfillment")[0].state == "done"


@both
@pytest.mark.parametrize("happened", ["after", "before"])
def test_story_41_a_side_that_can_be_asked_is_asked_after_a_settle_time(house: House, happened: str) -> None:
    shop, depot = house.shop(), house.depot()
    depot.peer.guarantee, depot.peer.settle_seconds = Guarantee.CAN_BE_ASKED, 300
    depot.peer.fail(LOST, when=happened)
    house.order(shop)
    house.clock.forward(60)
    house.run()
    assert depot.peer.asked == 0 and len(depot.peer.pushed) == 1, "it may still be under way"
    (job,) = house.jobs(kind="deliver", noun="fulfillment")
    assert job.due_at - house.clock.now <= dt.timedelta(seconds=300) and job.failures == 1
    house.clock.forward(300)
    house.run()
    assert depot.peer.asked == 1 and len(depot.peer.effects) == 1
    assert len(depot.peer.pushed) == (1 if happened == "after" else 2)
    assert house.messages(kind="fulfillment")[0].state == "done"


def test_story_41_what_the_other_side_cannot_tell_waits_for_a_person(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    depot.peer.guarantee, depot.peer.finds = Guarantee.CAN_BE_ASKED, "unknown"
    depot.peer.fail(LOST, when="after")
    house.order(shop)
    house.clock.forward(60)
    house.run()
    assert house.parked() == ["effect.doubtful"] and len(depot.peer.pushed) == 1
    house.clock.forward(86400)
    house.run()
    assert len(depot.peer.pushed) == 1


@both
def test_story_41_without_any_guarantee_nothing_doubtful_is_sent_twice(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    depot.peer.guarantee = Guarantee.NEITHER
    depot.peer.fail(LOST, when="after")
    order = house.order(shop)
    house.clock.forward(60)
    house.run()
    assert house.parked() == ["effect.doubtful"] and len(depot.peer.pushed) == 1
    actions.retry_order(house.inst, order, ACTOR)
    house.drain()
    assert len(depot.peer.pushed) == 1, "a retry does not settle the doubt"
    (message,) = house.messages(state="parked")
    actions.replay_message(house.inst, message.id, ACTOR)
    house.drain()
    assert len(depot.peer.pushed) == 2 and house.parked() == []


def test_a_sure_failure_is_sent_again_also_without_a_guarantee(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    depot.peer.guarantee = Guarantee.NEITHER
    depot.peer.fail(Retry("refused to connect"))
    house.order(shop)
    house.clock.forward(60)
    house.run()
    assert len(depot.peer.effects) == 1 and house.parked() == []


def test_any_other_fault_of_a_connector_is_a_doubt(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    depot.peer.guarantee = Guarantee.NEITHER
    depot.peer.fail(KeyError("token 4711"), when="after")
    house.order(shop)
    house.clock.forward(60)
    house.run()
    assert house.parked() == ["effect.doubtful"] and len(depot.peer.pushed) == 1


def test_every_try_sends_the_same_bytes_whatever_has_changed(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    depot.peer.fail(LOST)
    house.order(shop)
    house.order(shop, ship_to={"name": "Grace Hopper", "country": "US"})
    house.clock.forward(60)
    house.run()
    assert len({effect.payload for effect in depot.peer.pushed}) == 1
    assert json.loads(depot.peer.effects[0].payload)["name"] == "Ada King"


def test_a_replay_writes_anew_under_a_new_key(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    depot.peer.fail(Rejected("the name is too short", field="name"))
    house.order(shop)
    house.order(shop, ship_to={"name": "Grace Hopper", "country": "US"})
    (message,) = house.messages(state="parked")
    assert message.reason == "connector.rejected" and message.problem["field"] == "name"
    actions.replay_message(house.inst, message.id, ACTOR)
    house.drain()
    first, second = depot.peer.pushed
    assert first.key != second.key and json.loads(second.payload)["name"] == "Grace Hopper"
    assert [m.state for m in house.messages(kind="fulfillment")] == ["withdrawn", "done"]


def test_the_answer_and_what_it_was_written_from_are_kept_beside_what_was_sent(house: House) -> None:
    shop = house.shop()
    house.depot()
    house.order(shop)
    (message,) = house.messages(kind="fulfillment")
    parts = house.rows(select(payloads).where(payloads.c.message_id == message.id).order_by(payloads.c.id))
    assert [row.part for row in parts] == ["body", "canonical", "answer"] and parts[2].body == b'{"taken": true}'
    assert json.loads(parts[1].body)["lines"][0]["sku"] == "MUG"


# -- errors, by who must act ----------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("error", [Unauthorised("the token has expired"), Misconfigured("no such address")])
def test_a_connection_in_trouble_pauses_with_one_alert_and_loses_nothing(house: House, error: Exception) -> None:
    shop, depot = house.shop(), house.depot()
    depot.peer.fail(error)
    for number in range(3):
        house.order(shop, f"o{number}")
    house.clock.forward(86400)
    house.run()
    assert house.connection(depot).trouble == error.code and house.alerts() == [error.code]  # type: ignore[attr-defined]
    assert len(depot.peer.pushed) <= 3 and depot.peer.effects == [] and house.parked() == []
    actions.clear_trouble(house.inst, depot.id, ACTOR)
    house.drain()
    assert len(depot.peer.effects) == 3 and house.alerts() == []


def test_a_source_in_trouble_is_not_polled_until_mended(house: House) -> None:
    shop = house.shop()
    house.depot()
    shop.peer.pull_faults.append(Unauthorised("scope missing"))
    house.order(shop)
    polls = shop.peer.calls["pull order"]
    house.clock.forward(3600)
    house.run()
    assert shop.peer.calls["pull order"] == polls and house.alerts() == ["connector.unauthorised"]
    actions.clear_trouble(house.inst, shop.id, ACTOR)
    house.run()
    assert house.find(shop, "o1") is not None


def test_story_32_a_limit_moves_the_time_and_costs_no_attempt(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    depot.peer.fail(*[Retry("slow down", after=120, limited=True)] * 20)
    house.order(shop)
    for _ in range(20):
        (job,) = house.jobs(kind="deliver")
        assert job.state == "pending" and job.failures == 0
        assert job.due_at == house.clock.now + dt.timedelta(seconds=120)
        house.clock.forward(120)
        house.run()
    assert len(depot.peer.effects) == 1
    assert {a.outcome for a in house.attempts(house.jobs(kind="deliver")[0].id)} == {"limited", "done"}


def test_story_50_what_always_fails_is_given_up_and_shows(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    depot.peer.fail(*[Retry("broken pipe")] * 100)
    house.order(shop)
    for _ in range(MAX_FAILURES + 5):
        house.clock.forward(5000)
        house.run()
    assert len(depot.peer.pushed) == MAX_FAILURES and house.parked() == ["job.gave-up"]


def test_story_50_a_final_error_is_not_tried_again(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    depot.peer.fail(Rejected("unknown SKU"))
    order = house.order(shop)
    house.clock.forward(86400)
    house.run()
    assert len(depot.peer.pushed) == 1 and house.parked() == ["connector.rejected"]
    assert house.events("delivery.refused")[0].data["detail"] == "unknown SKU"
    assert house.sums(order).allocated == 2
    actions.retry_order(house.inst, order, ACTOR)
    house.drain()
    assert len(depot.peer.effects) == 1


def test_story_50_a_flow_that_keeps_failing_raises_one_alert_and_closes_it(house: House) -> None:
    shop = house.shop()
    house.depot()
    shop.peer.pull_faults.extend([Retry("no route", code="connector.server-error")] * 10)
    for _ in range(5):
        house.run()
        house.clock.forward(400)
    assert set(house.alerts()) == {"connector.server-error"} and len(house.alerts()) <= 2
    shop.peer.pull_faults.clear()
    for _ in range(2):
        house.clock.forward(400)
        house.run()
    assert house.alerts() == []


def test_one_poisoned_delivery_stops_no_other(house: House) -> None:
    shop, depot = house.shop(), house.depot()

    def poison(effect) -> None:  # type: ignore[no-untyped-def]
        if effect.json["order"] == "#o1":
            raise Rejected("never")

    depot.peer.before_push = poison
    for number in range(4):
        house.say(shop, f"o{number}")
    house.run()
    assert {effect.json["order"] for effect in depot.peer.effects} == {"#o0", "#o2", "#o3"}


def test_a_document_that_cannot_be_written_is_set_aside_alone(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    for number in range(3):
        country = {"lines": [line("a", "MUG", 1, pack="12")]} if number == 1 else {}
        house.say(shop, f"o{number}", **country)
    house.run()
    for number, effect in enumerate(list(depot.peer.of("fulfillment"))):
        row = effect.json["lines"][0]
        units = 6 if row["quantity"] == 12 else row["quantity"]
        house.ship(depot, f"S{number}", package("1", {"line": row["line"], "quantity": units}),
                   reference=effect.json["reference"])  # fmt: skip
    house.run()
    assert house.parked() == ["line.not-whole-units"] and len(shop.peer.of("shipment")) == 2


# -- switches -------------------------------------------------------------------------------------------------------


@both
def test_story_17_shadow_mode_does_everything_but_the_push(house: House) -> None:
    shop, depot = house.shop(), house.depot(mode="shadow")
    order = house.order(shop)
    assert depot.peer.pushed == [] and house.sums(order) == Quantities(ordered=2, allocated=2)
    (message,) = house.messages(kind="fulfillment")
    assert (message.state, message.reason) == ("done", "effect.shadow") and house.body(message.id)


def test_a_connection_that_is_off_is_neither_pulled_nor_pushed(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    actions.set_mode(house.inst, depot.id, "off", ACTOR)
    house.order(shop)
    assert depot.peer.pushed == [] and depot.peer.calls["pull shipment"] == 0
    actions.set_mode(house.inst, depot.id, "live", ACTOR)
    house.run()
    assert len(depot.peer.effects) == 1


@pytest.mark.parametrize("which", ["all", "one"])
def test_outbound_stops_and_starts_with_one_switch(house: House, which: str) -> None:
    shop, depot = house.shop(), house.depot()
    target = None if which == "all" else depot.id
    actions.stop_outbound(house.inst, target, ACTOR)
    order = house.order(shop)
    assert depot.peer.pushed == [] and house.sums(order).allocated == 2, "what comes in is still taken in"
    actions.start_outbound(house.inst, target, ACTOR)
    house.drain()
    assert len(depot.peer.effects) == 1
    assert [row.kind for row in house.rows(select(events_table).where(events_table.c.actor == ACTOR))][-2:] == [
        "outbound.stopped",
        "outbound.started",
    ]


# -- killed on the way ----------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The worker's process is gone; no code of it runs any more."""


def killed_while_sending(house: House, guarantee: Guarantee, *, arrived: bool) -> Side:
    """A worker dies in the middle of an order's push; another has taken its work over."""
    shop, depot = house.shop(), house.depot()
    depot.peer.guarantee = guarantee

    def die(effect: Effect) -> None:
        (message,) = house.messages(kind="fulfillment")
        assert (message.state, message.settled_at) == ("sent", None), "its outcome is unknown, and that stands already"
        depot.peer.before_push = lambda effect: None
        if arrived:
            depot.peer.effects.append(effect)
        raise Killed

    depot.peer.before_push = die
    with pytest.raises(Killed):
        house.order(shop)
    assert house.jobs(kind="deliver")[0].state == "running"
    house.clock.forward(120)
    with house.inst.db.write() as tx:
        assert take_up(tx, house.clock.now, "test") == 1
    house.run()
    return depot


def test_story_41_a_worker_killed_while_sending_repeats_the_same_bytes_where_the_key_is_honoured(house: House) -> None:
    depot = killed_while_sending(house, Guarantee.KEY_HONOURED, arrived=True)
    first, second = depot.peer.pushed
    assert (first.key, first.payload) == (second.key, second.payload) and len(depot.peer.effects) == 1
    assert house.messages(kind="fulfillment")[0].state == "done"


@both
@pytest.mark.parametrize("arrived", [True, False])
def test_story_41_a_worker_killed_while_sending_has_the_other_side_asked(house: House, arrived: bool) -> None:
    depot = killed_while_sending(house, Guarantee.CAN_BE_ASKED, arrived=arrived)
    assert len(depot.peer.pushed) == 1 and house.messages(kind="fulfillment")[0].state == "sent"
    house.clock.forward(60)
    house.run()
    assert depot.peer.asked == 1 and len(depot.peer.effects) == 1
    assert len(depot.peer.pushed) == (1 if arrived else 2)
    assert house.messages(kind="fulfillment")[0].state == "done"


def test_story_41_a_worker_killed_while_sending_leaves_a_doubt_that_a_person_settles(house: House) -> None:
    depot = killed_while_sending(house, Guarantee.NEITHER, arrived=True)
    assert house.parked() == ["effect.doubtful"] and len(depot.peer.pushed) == 1
