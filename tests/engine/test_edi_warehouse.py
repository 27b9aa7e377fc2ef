"""A warehouse that is reached by EDI: orders out, advices in, and everything that does not ship."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from hub.errors import Refused
from hub.flows import actions, setup
from hub.ledger import Quantities
from hub.store.tables import cancellations
from tests.engine.scripted import both
from tests.engine.scripted.dock import WAREHOUSE, advice, says, warehouse
from tests.engine.scripted.edi import acknowledgement, segments, sent
from tests.engine.scripted.house import ACTOR, House, Side, line

CANCELLED = {"cancelled_at": "2026-03-02T10:00:00+00:00"}
TWO = [line("a", "MUG", 3), line("b", "TEA", 1)]


@pytest.fixture
def dock(house: House) -> Side:
    side = house.add("dock", "EDI")
    warehouse(house, side, hours=4)
    return side


def asked(dock: Side, place: int = -1) -> tuple[str, str, list[tuple[str, str, str]]]:
    """A 940 that the warehouse was sent: W0501, our reference, [(our line number, SKU, quantity)]."""
    tree = sent(dock, "940")[place][1]
    w05 = segments(tree, "W05")[0]
    numbers = [str(n9[2]) for n9 in segments(tree, "N9") if n9[1] == "LI"]
    lines = [(number, str(w01[5]), str(w01[1])) for number, w01 in zip(numbers, segments(tree, "W01"), strict=True)]
    return str(w05[1]), str(w05[2]), lines


def w12(number: str, sku: str, status: str, ordered: int | str, shipped: int | str, mark: str = "") -> str:
    """A line of a shipping advice, in a package with this mark."""
    return (f"MAN*CP*{mark}~" if mark else "") + f"W12*{status}*{ordered}*{shipped}**EA**VN*{sku}~N9*LI*{number}"


@both
def test_an_order_goes_out_as_a_940_and_comes_back_as_a_945(house: House, dock: Side) -> None:
    shop = house.shop()
    order = house.order(shop, lines=TWO)
    purpose, reference, ((mug, *_), (tea, *_)) = asked(dock)
    assert purpose == "N"
    ((envelope, tree),) = sent(dock, "940")
    assert envelope.part(6).strip() == "HUB" and envelope.part(8).strip() == WAREHOUSE and envelope.part(15) == "P"
    assert [n4[1:5] for n4 in segments(tree, "N4")] == [("Austin", "", "", "US")]
    says(house, dock, advice(reference, w12(mug, "MUG", "CC", 3, 3, "1Z1"), w12(tea, "TEA", "CC", 1, 1, "1Z2")))
    assert house.parked() == [] and house.holds(order) == []
    assert house.sums(order) == Quantities(ordered=4, shipped=4)
    (told,) = shop.peer.of("shipment")
    assert [p["tracking"] for p in told.json["packages"]] == ["1Z1", "1Z2"]
    assert len(sent(dock, "997")) == 1, "their advice is acknowledged"


def test_lines_of_one_sku_are_told_apart_by_our_numbers(house: House, dock: Side) -> None:
    order = house.order(house.shop(), lines=[line("a", "MUG", 2), line("b", "MUG", 5)])
    _, reference, ((first, *_), (second, *_)) = asked(dock)
    says(house, dock, advice(reference, w12(second, "MUG", "BP", 5, 4)))
    sums = house.by_line(order)
    assert (sums["a"].shipped, sums["b"].shipped) == (0, 4) and first != second


def test_without_numbers_a_sku_on_two_lines_waits_for_a_person(house: House, dock: Side) -> None:
    house.order(house.shop(), lines=[line("a", "MUG", 2), line("b", "MUG", 5)])
    says(house, dock, advice(asked(dock)[1], "W12*BP*7*4**EA**VN*MUG"))
    assert house.parked() == ["line.ambiguous"]


# -- what does not ship ---------------------------------------------------------------------------------------------


@both
def test_what_a_warehouse_ships_short_is_held_until_a_person_decides(house: House, dock: Side) -> None:
    order = house.order(house.shop(), lines=TWO)
    _, reference, ((mug, *_), (tea, *_)) = asked(dock)
    says(house, dock, advice(reference, w12(mug, "MUG", "CP", 3, 1), w12(tea, "TEA", "DS", 1, 0)))
    assert house.sums(order) == Quantities(ordered=4, shipped=1) and house.sums(order).open == 3
    assert house.holds(order) == ["hold.short-shipped", "hold.short-shipped"]
    actions.retry_order(house.inst, order, ACTOR)
    house.drain()
    assert len(sent(dock, "940")) == 1, "it is not offered again by itself"
    actions.release_hold(house.inst, house.hold(order, "hold.short-shipped"), ACTOR)
    house.drain()
    purpose, again, lines = asked(dock)
    assert purpose == "N" and again != reference and [(sku, n) for _, sku, n in lines] == [("MUG", "2"), ("TEA", "1")]


def test_what_a_warehouse_ships_short_is_cancelled_where_that_is_the_policy(house: House, dock: Side) -> None:
    setup.set_policy(house.inst, dock.id, {"shortfall": "cancel"}, ACTOR)
    shop = house.shop()
    order = house.order(shop)
    _, reference, ((mug, *_),) = asked(dock)
    says(house, dock, advice(reference, w12(mug, "MUG", "CU", "", 0)))
    assert house.sums(order) == Quantities(ordered=2, cancelled=2) and house.holds(order) == []
    assert len(shop.peer.of("order_cancellation")) == 1


def test_a_backorder_stays_with_the_warehouse(house: House, dock: Side) -> None:
    order = house.order(house.shop())
    _, reference, ((mug, *_),) = asked(dock)
    says(house, dock, advice(reference, w12(mug, "MUG", "BP", 2, 1)))
    assert house.sums(order) == Quantities(ordered=2, shipped=1, allocated=1) and house.holds(order) == []
    says(house, dock, advice(reference, w12(mug, "MUG", "CC", 1, 1), shipment="S-2"), number=2)
    assert house.sums(order) == Quantities(ordered=2, shipped=2)


def test_an_advice_that_comes_again_changes_nothing(house: House, dock: Side) -> None:
    order = house.order(house.shop())
    _, reference, ((mug, *_),) = asked(dock)
    short = advice(reference, w12(mug, "MUG", "CP", 2, 1))
    says(house, dock, short)
    says(house, dock, short.replace("20260303", "20260304"), number=2)
    nothing = advice(reference, w12(mug, "MUG", "CU", 2, 0), shipment="")
    says(house, dock, nothing, number=3)
    assert [m.reason for m in house.messages(kind="shipment", direction="in")] == [
        None,
        "revision.same",
        "revision.same",
    ]
    assert house.sums(order) == Quantities(ordered=2, shipped=1) and house.sums(order).open == 1
    assert house.holds(order) == ["hold.short-shipped"]


# -- cancellations --------------------------------------------------------------------------------------------------


@both
def test_story_22_a_cancellation_is_granted_by_the_warehouses_document_and_not_by_its_receipt(
    house: House, dock: Side
) -> None:
    shop = house.shop()
    order = house.order(shop)
    house.order(shop, **CANCELLED)
    purpose, reference, ((mug, _, quantity),) = asked(dock)
    assert (purpose, quantity) == ("F", "2") and reference == asked(dock, 0)[1]
    assert house.sums(order) == Quantities(ordered=2, allocated=2), "a file that was handed over grants nothing"
    house.look(later=23 * 3600)
    assert "cancellation.unanswered" not in house.alerts()
    house.look(later=2 * 3600)
    assert "cancellation.unanswered" in house.alerts()
    says(house, dock, advice(reference, w12(mug, "MUG", "CU", 2, 0)))
    assert house.sums(order) == Quantities(ordered=2, cancelled=2) and house.holds(order) == []
    says(house, dock, advice(reference, w12(mug, "MUG", "CU", 2, 0)), number=2)
    assert house.sums(order) == Quantities(ordered=2, cancelled=2), "an echo cancels nothing more"
    house.look()
    assert "cancellation.unanswered" not in house.alerts()


def test_part_of_an_order_is_cancelled_by_stating_what_is_left(house: House, dock: Side) -> None:
    shop = house.shop()
    order = house.order(shop, lines=TWO)
    house.order(shop, lines=[line("a", "MUG", 3, cancelled=2), line("b", "TEA", 1, cancelled=1)])
    purpose, reference, ((mug, _, mugs), (tea, _, teas)) = asked(dock)
    assert (purpose, mugs, teas) == ("R", "1", "0")
    says(house, dock, advice(reference, w12(mug, "MUG", "CC", 1, 1)))
    assert house.sums(order) == Quantities(ordered=4, cancelled=2, shipped=1, allocated=1)
    says(house, dock, advice(reference, w12(tea, "TEA", "CU", 0, 0), shipment="S-2"), number=2)
    assert house.sums(order) == Quantities(ordered=4, cancelled=3, shipped=1)
    (wish,) = house.rows(select(cancellations))
    assert wish.answered_at is not None and sorted(n for _, n in wish.granted) == [1, 2]


def test_what_ships_in_spite_of_its_cancellation_is_told_as_too_late(house: House, dock: Side) -> None:
    shop = house.shop()
    order = house.order(shop)
    house.order(shop, **CANCELLED)
    _, reference, ((mug, *_),) = asked(dock)
    says(house, dock, advice(reference, w12(mug, "MUG", "CC", 2, 2)))
    assert house.sums(order) == Quantities(ordered=2, shipped=2)
    assert [e.data["units"] for e in house.events("cancellation.refused")] == [2]
    house.look(later=48 * 3600)
    assert "cancellation.unanswered" not in house.alerts()


def test_units_that_are_wanted_again_meanwhile_go_out_anew(house: House, dock: Side) -> None:
    shop = house.shop()
    order = house.order(shop)
    house.order(shop, lines=[line("o1-1", "MUG", 2, cancelled=2)])
    house.order(shop, lines=[line("o1-1", "MUG", 2, cancelled=1)])
    _, reference, ((mug, *_),) = asked(dock)
    says(house, dock, advice(reference, w12(mug, "MUG", "CU", 2, 0)))
    assert house.sums(order) == Quantities(ordered=2, cancelled=1, allocated=1)
    assert asked(dock)[0] == "N" and asked(dock)[1] != reference


# -- acknowledgements, test data, several warehouses ----------------------------------------------------------------


def test_a_940_that_is_not_acknowledged_in_time_is_an_alert(house: House, dock: Side) -> None:
    house.order(house.shop())
    (message,) = house.messages(kind="fulfillment")
    house.look(later=5 * 3600)
    assert house.alerts() == ["acknowledgement.overdue"]
    group = int(message.control.split("/")[1])
    says(house, dock, acknowledgement("OW", group), functional_id="FA")
    house.look()
    assert house.alerts() == []


def test_a_rejected_940_waits_for_a_person_who_has_it_written_anew(house: House, dock: Side) -> None:
    house.order(house.shop())
    (message,) = house.messages(kind="fulfillment")
    says(house, dock, acknowledgement("OW", int(message.control.split("/")[1]), "R"), functional_id="FA")
    assert house.parked() == ["acknowledgement.rejected"]
    actions.replay_message(house.inst, message.id, ACTOR)
    house.drain()
    assert len(sent(dock, "940")) == 2 and asked(dock, 0) == asked(dock, 1) and house.parked() == []


def test_what_a_warehouse_has_rejected_it_is_not_asked_to_give_back(house: House, dock: Side) -> None:
    shop = house.shop()
    order = house.order(shop)
    (message,) = house.messages(kind="fulfillment")
    says(house, dock, acknowledgement("OW", int(message.control.split("/")[1]), "R"), functional_id="FA")
    house.order(shop, **CANCELLED)
    assert house.sums(order) == Quantities(ordered=2, cancelled=2) and len(sent(dock, "940")) == 1


def test_a_cancellation_of_what_has_shipped_before_it_was_sent_ends(house: House, dock: Side) -> None:
    shop = house.shop()
    order = house.order(shop)
    _, reference, ((mug, *_),) = asked(dock)
    actions.stop_outbound(house.inst, None, ACTOR)
    house.order(shop, **CANCELLED)
    says(house, dock, advice(reference, w12(mug, "MUG", "CC", 2, 2)))
    actions.start_outbound(house.inst, None, ACTOR)
    house.drain()
    (wish,) = house.rows(select(cancellations))
    assert wish.answered_at is not None and house.sums(order) == Quantities(ordered=2, shipped=2)
    assert len(sent(dock, "940")) == 1


def test_what_is_said_in_test_or_by_another_partner_ships_nothing(house: House) -> None:
    dock = house.add("dock", "EDI")
    warehouse(house, dock, test=True, locations=["EAST"])
    warehouse(house, dock, id_="OTHER", locations=["WEST"])
    setup.add_rule(house.inst, "east", dock.id, {}, location="EAST", actor=ACTOR)
    order = house.order(house.shop())
    _, reference, ((mug, *_),) = asked(dock)
    shipped = advice(reference, w12(mug, "MUG", "CC", 2, 2))
    says(house, dock, shipped, usage="T")
    says(house, dock, shipped, number=2, sender="OTHER")
    assert house.parked() == ["shipment.unknown-reference"] * 2
    assert house.sums(order) == Quantities(ordered=2, allocated=2)
    says(house, dock, shipped, number=3)
    assert house.sums(order) == Quantities(ordered=2, shipped=2)


@pytest.mark.parametrize(("location", "receiver"), [("EAST", WAREHOUSE), ("WEST", "OTHER"), ("NORTH", None)])
def test_the_location_says_which_of_several_warehouses_is_meant(
    house: House, location: str, receiver: str | None
) -> None:
    dock = house.add("dock", "EDI")
    warehouse(house, dock, locations=["EAST"])
    warehouse(house, dock, id_="OTHER", locations=["WEST"])
    setup.add_rule(house.inst, "there", dock.id, {}, location=location, actor=ACTOR)
    house.order(house.shop())
    assert [one.part(8).strip() for one, _ in sent(dock, "940")] == ([receiver] if receiver else [])
    assert house.parked() == ([] if receiver else ["edi.backend-unclear"])


@pytest.mark.parametrize(
    ("granted", "sums"),
    [(True, Quantities(ordered=2, cancelled=2)), (False, Quantities(ordered=2, allocated=2))],
)
def test_a_person_may_say_what_the_warehouse_told_on_the_telephone(
    house: House, dock: Side, granted: bool, sums: Quantities
) -> None:
    shop = house.shop()
    order = house.order(shop)
    house.order(shop, **CANCELLED)
    actions.answer_cancellation(house.inst, order, granted, ACTOR)
    assert house.sums(order) == sums
    with pytest.raises(Refused, match="No cancellation"):
        actions.answer_cancellation(house.inst, order, granted, ACTOR)
