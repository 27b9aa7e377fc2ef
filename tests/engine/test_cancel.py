"""Taking units back: before the backend has them, after, too late, and more than once."""

from __future__ import annotations

import json

import pytest

from hub.errors import Refused
from hub.flows import actions
from hub.ledger import Quantities
from hub.sdk import Document, Guarantee, Retry, Unauthorised
from hub.views.orders import order_detail
from tests.engine.scripted import both
from tests.engine.scripted.house import ACTOR, House, Side, line, package
from tests.engine.scripted.peer import Effect

CANCELLED = {"cancelled_at": "2026-03-02T10:00:00+00:00"}


@both
def test_a_cancel_before_the_create_is_sent_sends_neither(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    actions.stop_outbound(house.inst, None, ACTOR)
    order = house.order(shop)
    house.order(shop, **CANCELLED)
    actions.start_outbound(house.inst, None, ACTOR)
    house.drain()
    assert depot.peer.pushed == [] and house.sums(order) == Quantities(ordered=2, cancelled=2)
    assert house.jobs(state="pending") == []


def test_part_of_a_create_that_was_not_sent_is_left_out_of_it(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    actions.stop_outbound(house.inst, None, ACTOR)
    order = house.order(shop, lines=[line("a", "MUG", 3), line("b", "TEA", 1)])
    house.order(shop, lines=[line("a", "MUG", 3, cancelled=2), line("b", "TEA", 1, cancelled=1)])
    actions.start_outbound(house.inst, None, ACTOR)
    house.drain()
    (sent,) = depot.peer.effects
    assert [(x["sku"], x["quantity"]) for x in sent.json["lines"]] == [("MUG", 1)]
    assert house.sums(order) == Quantities(ordered=4, cancelled=3, allocated=1)
    with house.inst.db.read() as tx:
        (shown,) = order_detail(tx, order, None).fulfillments
    assert [(x.sku, x.units) for x in shown.lines] == [("MUG", 1)], "the page says what the depot was told"


@pytest.mark.parametrize("error", [Retry("busy", after=600, limited=True), Unauthorised("expired")])
def test_a_create_that_certainly_did_not_arrive_is_withdrawn_with_its_cancel(house: House, error: Exception) -> None:
    shop, depot = house.shop(), house.depot()
    depot.peer.fail(error)
    order = house.order(shop)
    house.order(shop, **CANCELLED)
    actions.clear_trouble(house.inst, depot.id, ACTOR)
    house.clock.forward(1200)
    house.run()
    assert depot.peer.effects == [] and house.sums(order) == Quantities(ordered=2, cancelled=2)
    assert [row.state for row in house.messages(direction="out")] == ["withdrawn"]


def test_a_create_that_certainly_did_not_arrive_is_written_anew_after_a_partial_cancel(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    depot.peer.fail(Retry("busy", after=600, limited=True))
    house.order(shop, lines=[line("a", "MUG", 3)])
    house.order(shop, lines=[line("a", "MUG", 3, cancelled=1)])
    house.clock.forward(1200)
    house.run()
    assert [effect.json["lines"][0]["quantity"] for effect in depot.peer.effects] == [2]
    assert [effect.kind for effect in depot.peer.effects] == ["fulfillment"]


def test_a_create_whose_outcome_is_unknown_is_cancelled_by_asking(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    depot.peer.fail(Retry("no answer", maybe_done=True), when="after")
    order = house.order(shop)
    house.order(shop, **CANCELLED)
    house.clock.forward(60)
    house.run()
    assert [effect.kind for effect in depot.peer.effects] == ["fulfillment", "cancellation"]
    assert house.sums(order) == Quantities(ordered=2, cancelled=2)


@both
def test_a_cancel_after_allocation_is_asked_and_granted(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop)
    house.order(shop, **CANCELLED)
    assert [effect.kind for effect in depot.peer.effects] == ["fulfillment", "cancellation"]
    create, cancel = (effect.json for effect in depot.peer.effects)
    assert cancel["reference"] == create["reference"]
    assert cancel["lines"] == [{"line": create["lines"][0]["line"], "quantity": 2}]
    assert house.sums(order) == Quantities(ordered=2, cancelled=2)
    assert house.events("cancellation.granted")[0].data["units"] == 2


def test_a_cancel_is_granted_in_part(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    depot.peer.grants = lambda asked: {name: units - 1 for name, units in asked.items()}
    order = house.order(shop)
    house.order(shop, **CANCELLED)
    assert house.sums(order) == Quantities(ordered=2, cancelled=1, allocated=1)
    house.ship(depot, "S1", package("1", {"sku": "MUG", "quantity": 1}))
    house.run()
    assert house.sums(order) == Quantities(ordered=2, cancelled=1, shipped=1)


@both
def test_a_cancel_that_races_a_shipment_ends_with_what_the_backend_says(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop, lines=[line("a", "MUG", 3)])

    def ship_two_first(effect: Effect) -> None:
        if effect.kind == "cancellation" and not depot.peer.of("cancellation"):
            house.ship(depot, "S1", package("1", {"sku": "MUG", "quantity": 2}))

    depot.peer.before_push = ship_two_first
    depot.peer.grants = lambda asked: dict.fromkeys(asked, 1)
    house.order(shop, lines=[line("a", "MUG", 3)], **CANCELLED)
    house.run()
    assert house.sums(order) == Quantities(ordered=3, cancelled=1, shipped=2)
    assert house.parked() == [] and len(shop.peer.of("shipment")) == 1


def test_a_shipment_of_what_was_given_back_is_parked(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop)
    house.order(shop, **CANCELLED)
    house.ship(depot, "S1", package("1", {"sku": "MUG", "quantity": 2}))
    house.run()
    assert house.parked() == ["shipment.exceeds-allocation"]
    assert house.sums(order) == Quantities(ordered=2, cancelled=2)


def test_a_cancel_after_everything_shipped_is_too_late(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop)
    house.ship(depot, "S1", package("1", {"sku": "MUG", "quantity": 2}))
    house.run()
    house.order(shop, **CANCELLED)
    assert house.sums(order) == Quantities(ordered=2, shipped=2) and depot.peer.of("cancellation") == []
    assert house.events("cancellation.too-late")[0].data["units"] == 2


@both
def test_story_22_a_cancel_that_echoes_changes_nothing_more(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop)
    actions.cancel_order(house.inst, order, "customer", ACTOR)
    house.drain()
    assert [effect.json["order"] for effect in shop.peer.of("order_cancellation")] == ["o1"]
    for note in ("one", "two", "three"):
        house.order(shop, **CANCELLED, note=note)
    assert house.sums(order) == Quantities(ordered=2, cancelled=2)
    assert len(depot.peer.of("cancellation")) == 1 and len(shop.peer.of("order_cancellation")) == 1
    with pytest.raises(Refused, match="still be cancelled"):
        actions.cancel_order(house.inst, order, "again", ACTOR)


@both
def test_story_22_part_of_an_order_cancelled_and_said_again_and_again_is_cancelled_once(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop, lines=[line("a", "MUG", 5)])
    for note in ("one", "two", "three", "four"):
        house.order(shop, lines=[line("a", "MUG", 5, cancelled=2)], note=note)
        assert house.sums(order) == Quantities(ordered=5, cancelled=2, allocated=3), note
    (asked,) = depot.peer.of("cancellation")
    assert [row["quantity"] for row in asked.json["lines"]] == [2] and shop.peer.of("order_cancellation") == []


def test_a_cancel_asked_twice_before_its_answer_is_asked_once(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop)
    depot.peer.fail(Retry("busy"))
    house.order(shop, **CANCELLED)
    house.order(shop, **CANCELLED, note="once more")
    house.clock.forward(60)
    house.run()
    assert len(depot.peer.of("cancellation")) == 1
    assert house.sums(order) == Quantities(ordered=2, cancelled=2)


@both
@pytest.mark.parametrize(("words", "live"), [([3, 5], 5), ([3, 4], 4), ([3, 6], 6), ([3, 5, 3], 3), ([3, 5, 3, 6], 6)])
def test_what_is_wanted_again_before_the_backend_answered_is_sent_again(
    house: House, words: list[int], live: int
) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop, lines=[line("a", "MUG", 5)])
    actions.stop_outbound(house.inst, None, ACTOR)
    for quantity in words:
        house.order(shop, lines=[line("a", "MUG", quantity)])
    actions.start_outbound(house.inst, None, ACTOR)
    house.clock.forward(60)
    house.run()
    sums = house.sums(order)
    assert sums.allocated == live and not sums.open
    sent = sum(row["quantity"] for effect in depot.peer.of("fulfillment") for row in effect.json["lines"])
    back = sum(row["quantity"] for effect in depot.peer.of("cancellation") for row in effect.json["lines"])
    assert sent - back == live, "what the backend has is what the source wants"


def test_what_a_person_takes_back_is_not_wanted_again_by_the_sources_next_word(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop, lines=[line("a", "MUG", 5)])
    actions.stop_outbound(house.inst, None, ACTOR)
    actions.cancel_order(house.inst, order, "sold out", ACTOR)
    house.order(shop, lines=[line("a", "MUG", 5)], note="hello")
    actions.start_outbound(house.inst, None, ACTOR)
    house.clock.forward(60)
    house.run()
    assert house.sums(order) == Quantities(ordered=5, cancelled=5)
    assert len(depot.peer.of("fulfillment")) == 1


def test_story_22_a_backends_answer_beyond_what_was_asked_stays_within_bounds(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    depot.peer.grants = lambda asked: dict.fromkeys(asked, 428_725)
    order = house.order(shop)
    house.order(shop, lines=[line("o1-1", "MUG", 2, cancelled=1)])
    assert house.sums(order) == Quantities(ordered=2, cancelled=1, allocated=1)


def test_a_cancellation_answer_about_another_line_is_parked(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop)
    depot.peer.answer = lambda effect: b'{"lines": [{"line": "77", "cancelled": 2}]}'
    house.order(shop, **CANCELLED)
    assert house.parked() == ["line.unknown"] and house.sums(order).allocated == 2


def test_a_cancel_by_hand_before_anything_was_sent(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop, payment="pending")
    actions.cancel_order(house.inst, order, "customer", ACTOR)
    house.drain()
    assert depot.peer.pushed == [] and house.sums(order) == Quantities(ordered=2, cancelled=2)
    assert len(shop.peer.of("order_cancellation")) == 1


def test_what_nobody_has_is_closed_short(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop, payment="pending")
    actions.close_short(house.inst, order, ACTOR)
    house.order(shop)
    assert house.sums(order) == Quantities(ordered=2, cancelled=2) and depot.peer.effects == []
    with pytest.raises(Refused, match="Nothing of this order is open"):
        actions.close_short(house.inst, order, ACTOR)


def test_what_was_shipped_outside_is_not_sent(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop, payment="pending")
    actions.mark_shipped_outside(house.inst, order, ACTOR)
    house.order(shop)
    assert house.sums(order) == Quantities(ordered=2, shipped=2) and depot.peer.effects == []


def test_what_is_shipped_elsewhere_after_allocation_is_asked_back(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop)
    house.order(shop, lines=[line("o1-1", "MUG", 2, elsewhere=2)])
    assert len(depot.peer.of("cancellation")) == 1
    assert house.sums(order) == Quantities(ordered=2, shipped=2)


def test_our_own_shipment_said_back_by_the_shop_is_no_second_one(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop)
    house.ship(depot, "S1", package("1", {"sku": "MUG", "quantity": 1}))
    house.run()
    house.order(shop, lines=[line("o1-1", "MUG", 2, elsewhere=1)])
    assert house.sums(order) == Quantities(ordered=2, allocated=1, shipped=1)
    assert depot.peer.of("cancellation") == []


# -- edits ----------------------------------------------------------------------------------------------------------


def edit(house: House, shop: Side, units: int) -> None:
    house.order(shop, lines=[line("a", "MUG", units)])


@both
def test_an_order_edited_up_sends_the_difference(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop, lines=[line("a", "MUG", 2)])
    house.order(shop, lines=[line("a", "MUG", 5), line("b", "TEA", 1)])
    assert [sorted(x["quantity"] for x in e.json["lines"]) for e in depot.peer.of("fulfillment")] == [[2], [1, 3]]
    assert house.sums(order) == Quantities(ordered=6, allocated=6)


def test_an_order_edited_down_asks_the_difference_back(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop, lines=[line("a", "MUG", 5), line("b", "TEA", 1)])
    edit(house, shop, 3)
    assert house.by_line(order) == {
        "a": Quantities(ordered=5, cancelled=2, allocated=3),
        "b": Quantities(ordered=1, cancelled=1),
    }
    (asked,) = depot.peer.of("cancellation")
    assert [x["quantity"] for x in asked.json["lines"]] == [2, 1]


@both
def test_story_27_an_order_edited_down_and_up_again_has_what_the_source_says(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop, lines=[line("a", "MUG", 5)])
    for units in (3, 5, 4, 5):
        edit(house, shop, units)
        sums = house.sums(order)
        assert sums.ordered - sums.cancelled == units == sums.allocated, units
    assert sum(x["quantity"] for e in depot.peer.of("fulfillment") for x in e.json["lines"]) == 5 + 2 + 1


def test_units_cancelled_by_a_person_do_not_come_back_with_the_next_revision(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop, lines=[line("a", "MUG", 5)])
    actions.cancel_order(house.inst, order, "customer", ACTOR)
    house.drain()
    house.order(shop, lines=[line("a", "MUG", 5)], note="another note")
    assert house.sums(order) == Quantities(ordered=5, cancelled=5) and len(depot.peer.of("fulfillment")) == 1


def test_the_newest_fulfilment_gives_back_first(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    house.order(shop, lines=[line("a", "MUG", 2)])
    edit(house, shop, 5)
    edit(house, shop, 3)
    references = [e.json["reference"] for e in depot.peer.of("fulfillment")]
    assert [e.json["reference"] for e in depot.peer.of("cancellation")] == references[1:]


def test_a_cancel_never_overtakes_its_create(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    depot.peer.guarantee = Guarantee.CAN_BE_ASKED
    lost = Retry("no answer", maybe_done=True)
    depot.peer.fail(lost, lost, when="after")
    house.order(shop)
    house.order(shop, **CANCELLED)
    for _ in range(6):
        house.clock.forward(40)
        house.run()
    assert [effect.kind for effect in depot.peer.effects] == ["fulfillment", "cancellation"]


def test_a_change_of_another_kind_costs_the_backend_nothing(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    order = house.order(shop)
    house.order(shop, note="leave at the door")
    assert len(depot.peer.pushed) == 1 and house.sums(order) == Quantities(ordered=2, allocated=2)


def test_raw_documents_stay_as_they_came(house: House) -> None:
    shop = house.shop()
    house.depot()
    body = json.dumps({"id": "o9", "lines": [line("a", "MUG", 1)], "payment": "paid"}, indent=3).encode() + b" \n"
    shop.peer.put(Document("order", "o9", body))
    house.run()
    (message,) = house.messages(kind="order")
    assert house.body(message.id) == body
