"""Changes of purchase orders: applied once and in their order, as far as that is still possible, and answered."""

from __future__ import annotations

import itertools

import pytest
from sqlalchemy import select

from hub.flows import actions
from hub.flows.partners import partners
from hub.ledger import Quantities
from hub.sdk import Document, Rejected
from hub.store.tables import orders
from tests.engine.scripted import both
from tests.engine.scripted.edi import interchange, partner, purchase_order, segments, sent
from tests.engine.scripted.edifact import edifact, edifact_order, message
from tests.engine.scripted.house import ACTOR, House, Side, package

TWO_LINES = ("PO1*1*5*EA*9.25**VN*MUG", "PO1*2*3*EA*4**VN*TEA")
_numbers = itertools.count(100)


@pytest.fixture
def mailbox(house: House) -> Side:
    """The mailbox of a partner who sends changes; a depot stands ready."""
    side = house.add("mailbox", "Mailbox")
    house.depot()
    partner(house, side)
    return side


def drop(house: House, mailbox: Side, *sets: str, functional_id: str = "PC") -> None:
    """The partner drops one file."""
    number = next(_numbers)
    body = interchange(*sets, number=number, functional_id=functional_id)
    mailbox.peer.put(Document("edi", f"{number}.edi", body, format="x12"))
    house.run()


def change(
    order: str, *lines: str, purpose: str = "04", number: str = "", head: str = "", control: str = "0001"
) -> str:
    """An 860 with its ST and SE."""
    body = [
        f"ST*860*{control}",
        f"BCH*{purpose}*SA*{order}**{number}*20260302*****20260303",
        *(segment for segment in head.split("~") if segment),
        *(segment for line in lines for segment in line.split("~")),
        f"CTT*{len(lines)}",
    ]
    return "~".join([*body, f"SE*{len(body) + 1}*{control}"]) + "~"


def ordered(house: House, mailbox: Side, *lines: str, number: str = "A1") -> int:
    """The partner orders; gives the hub's id of the order."""
    drop(house, mailbox, purchase_order(number, *(lines or TWO_LINES)), functional_id="PO")
    return order_named(house, number)


def order_named(house: House, number: str) -> int:
    return int(house.rows(select(orders.c.id).where(orders.c.number == number))[0][0])


def answers(mailbox: Side) -> list[tuple[str, list[tuple[str, ...]]]]:
    """The 865s that the partner got: the verdict, and of each line its number, change, quantities, code and text."""
    found = []
    for _, tree in sent(mailbox, "865"):
        lines = [
            (*(str(poc[i]) for i in (1, 2, 3, 4)), str(ack[1]))
            for poc, ack in zip(segments(tree, "POC"), segments(tree, "ACK"), strict=True)
        ]
        found.append((str(segments(tree, "BCA")[0][2]), lines))
    return found


def live(house: House, order_id: int) -> dict[str, int]:
    """What is still on order of each line."""
    return {line: sums.ordered - sums.cancelled for line, sums in house.by_line(order_id).items()}


@both
def test_a_change_is_applied_line_by_line_and_answered_once(house: House, mailbox: Side) -> None:
    order = ordered(house, mailbox)
    drop(house, mailbox, change("A1", "POC*1*QD*4*4*EA*9.25**VN*MUG", "POC*2*QI*7*7*EA", "POC*3*AI*2*2*EA*1**VN*CUP"))
    assert house.parked() == [] and live(house, order) == {"1": 4, "2": 7, "3": 2}
    depot = house.sides["Depot"]
    assert sorted(effect.kind for effect in depot.peer.effects) == ["cancellation", "fulfillment", "fulfillment"]
    more = depot.peer.of("fulfillment")[1].json["lines"]
    assert {line["sku"]: line["quantity"] for line in more} == {"TEA": 4, "CUP": 2}, "what is more goes out by itself"
    assert house.sums(order).allocated == 13
    assert answers(mailbox) == [
        ("AD", [("1", "QD", "4", "4", "IA"), ("2", "QI", "7", "7", "IA"), ("3", "AI", "2", "2", "IA")])
    ]
    assert len(sent(mailbox, "855")) == 1


def test_a_whole_order_is_cancelled(house: House, mailbox: Side) -> None:
    order = ordered(house, mailbox)
    drop(house, mailbox, change("A1", purpose="01"))
    assert house.sums(order) == Quantities(ordered=8, cancelled=8)
    assert answers(mailbox) == [("AD", [("1", "DI", "0", "0", "ID"), ("2", "DI", "0", "0", "ID")])]


def test_an_order_is_replaced_and_what_is_not_named_is_gone(house: House, mailbox: Side) -> None:
    order = ordered(house, mailbox)
    drop(house, mailbox, change("A1", "POC*2*RZ*1*1*EA*5**VN*TEA", purpose="05"))
    assert live(house, order) == {"1": 0, "2": 1}
    assert answers(mailbox) == [("AD", [("2", "RZ", "1", "1", "IA"), ("1", "DI", "0", "0", "ID")])]


@both
def test_what_has_shipped_is_not_taken_back_and_the_answer_says_so(house: House, mailbox: Side) -> None:
    order = ordered(house, mailbox)
    depot = house.sides["Depot"]
    mug = depot.peer.of("fulfillment")[0].json["lines"][0]["line"]
    house.ship(depot, "S1", package("1", {"line": mug, "quantity": 4}))
    house.run()
    drop(house, mailbox, change("A1", "POC*1*QD*2*2*EA", "POC*2*DI"))
    assert live(house, order) == {"1": 4, "2": 0}, "four have shipped, the fifth comes back"
    assert answers(mailbox) == [("AC", [("1", "QD", "2", "4", "IQ"), ("2", "DI", "0", "0", "ID")])]
    (event,) = house.events("cancellation.too-late")
    assert event.data == {"line": "1", "units": 2}
    drop(house, mailbox, change("A1", "POC*2*QI*1*1*EA"))
    assert live(house, order) == {"1": 4, "2": 1}, "the other line is left as it stands"
    assert len(house.events("cancellation.too-late")) == 1


def test_what_a_backend_does_not_give_back_stands_in_the_answer(house: House, mailbox: Side) -> None:
    order = ordered(house, mailbox)
    house.sides["Depot"].peer.grants = lambda asked: dict.fromkeys(asked, 0)
    drop(house, mailbox, change("A1", "POC*1*QD*2*2*EA", "POC*2*NC"))
    assert live(house, order) == {"1": 5, "2": 3}
    assert answers(mailbox) == [("RD", [("1", "QD", "2", "5", "IR")])]


# -- in order, and once ---------------------------------------------------------------------------------------------


@both
def test_changes_before_their_order_wait_for_it_and_follow_each_other(house: House, mailbox: Side) -> None:
    drop(house, mailbox, change("A1", "POC*1*QD*4*4*EA"), change("A1", "POC*1*QD*1*1*EA", control="0002"))
    assert house.parked() == ["order.original-missing"] * 2
    order = ordered(house, mailbox)
    assert house.parked() == [] and live(house, order) == {"1": 1, "2": 3}
    assert [lines for _, lines in answers(mailbox)] == [[("1", "QD", "4", "4", "IA")], [("1", "QD", "1", "1", "IA")]]


def test_a_change_that_comes_again_is_the_same_one(house: House, mailbox: Side) -> None:
    order = ordered(house, mailbox)
    for clerk in ("ANN", "BOB"):
        drop(house, mailbox, change("A1", "POC*1*QD*4*4*EA", number="1", head=f"PER*BD*{clerk}"))
    assert [m.reason for m in house.messages(kind="order_change")] == [None, "revision.same"]
    drop(house, mailbox, change("A1", "POC*1*QI*6*6*EA", number="2"))
    drop(house, mailbox, change("A1", "POC*1*QD*4*4*EA", number="1", head="PER*BD*EVE"))
    assert live(house, order)["1"] == 6 and len(answers(mailbox)) == 2 and house.parked() == []


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (("QD*4*4", "2"), ("QD*1*1", "1"), "change.out-of-sequence"),
        (("QD*4*4", "1"), ("QD*1*1", "1"), "change.same-number"),
    ],
)
def test_a_change_whose_turn_it_is_not_waits_for_a_person(
    house: House, mailbox: Side, first: tuple[str, str], second: tuple[str, str], reason: str
) -> None:
    order = ordered(house, mailbox)
    for quantity, number in (first, second):
        drop(house, mailbox, change("A1", f"POC*1*{quantity}*EA", number=number))
    assert house.parked() == [reason] and live(house, order)["1"] == 4
    actions.replay_message(house.inst, house.messages(state="parked")[0].id, ACTOR)
    house.drain()
    assert house.parked() == [] and live(house, order)["1"] == 1 and len(answers(mailbox)) == 2


def test_a_change_like_an_earlier_one_that_is_not_the_last_is_asked_about(house: House, mailbox: Side) -> None:
    order = ordered(house, mailbox)
    for quantity, clerk in (("QD*4*4", "ANN"), ("QI*6*6", "ANN"), ("QD*4*4", "BOB")):
        drop(house, mailbox, change("A1", f"POC*1*{quantity}*EA", head=f"PER*BD*{clerk}"))
    assert house.parked() == ["change.seen-before"] and live(house, order)["1"] == 6


def test_a_repeated_order_after_a_change_is_still_the_same_order(house: House, mailbox: Side) -> None:
    order = ordered(house, mailbox)
    drop(house, mailbox, change("A1", "POC*1*QD*4*4*EA"))
    ordered(house, mailbox)
    assert house.parked() == [] and live(house, order)["1"] == 4


def test_a_line_that_was_taken_out_stays_out_when_another_changes(house: House, mailbox: Side) -> None:
    order = ordered(house, mailbox)
    drop(house, mailbox, change("A1", "POC*2*DI"))
    drop(house, mailbox, change("A1", "POC*1*QD*4*4*EA"))
    assert live(house, order) == {"1": 4, "2": 0}
    drop(house, mailbox, change("A1", "POC*2*AI*2*2*EA*4**VN*TEA"))
    assert live(house, order) == {"1": 4, "2": 2}, "and comes back when it is added"


# -- when the answer goes -------------------------------------------------------------------------------------------


def test_the_answer_waits_for_the_backend(house: House, mailbox: Side) -> None:
    ordered(house, mailbox)
    actions.stop_outbound(house.inst, house.sides["Depot"].id, ACTOR)
    drop(house, mailbox, change("A1", "POC*1*QD*2*2*EA"))
    assert answers(mailbox) == []
    actions.start_outbound(house.inst, house.sides["Depot"].id, ACTOR)
    house.drain()
    assert answers(mailbox) == [("AD", [("1", "QD", "2", "2", "IA")])]


def test_the_answer_waits_no_longer_than_was_agreed(house: House) -> None:
    side = house.add("mailbox", "Mailbox")
    depot = house.depot()
    partner(house, side, settle_hours=2)
    order = ordered(house, side)
    actions.stop_outbound(house.inst, depot.id, ACTOR)
    drop(house, side, change("A1", "POC*1*QD*2*2*EA"))
    assert answers(side) == []
    house.clock.forward(2 * 3600)
    house.drain()
    assert answers(side) == [("RD", [("1", "QD", "2", "5", "IR")])]
    actions.start_outbound(house.inst, depot.id, ACTOR)
    house.drain()
    assert live(house, order)["1"] == 2 and len(answers(side)) == 1, "it came back after all; nothing is said twice"


def test_a_person_who_gives_up_a_take_back_lets_the_answer_go(house: House, mailbox: Side) -> None:
    ordered(house, mailbox)
    depot = house.sides["Depot"]
    depot.peer.fail(Rejected("it cannot be cancelled any more"))
    drop(house, mailbox, change("A1", "POC*1*QD*2*2*EA"))
    assert house.parked() != [] and answers(mailbox) == []
    (refused,) = house.messages(kind="cancellation", state="parked")
    actions.ignore_message(house.inst, refused.id, "they do not", ACTOR)
    house.drain()
    assert answers(mailbox) == [("RD", [("1", "QD", "2", "5", "IR")])]


def test_the_answer_to_one_change_is_not_about_the_next(house: House, mailbox: Side) -> None:
    ordered(house, mailbox)
    actions.stop_outbound(house.inst, house.sides["Depot"].id, ACTOR)
    drop(house, mailbox, change("A1", "POC*1*QD*2*2*EA"))
    drop(house, mailbox, change("A1", "POC*1*QI*4*4*EA"))
    actions.start_outbound(house.inst, house.sides["Depot"].id, ACTOR)
    house.drain()
    assert answers(mailbox) == [("AD", [("1", "QD", "2", "2", "IA")]), ("AD", [("1", "QI", "4", "4", "IA")])]


# -- the head of the order, and what cannot be done -----------------------------------------------------------------


def test_a_new_address_reaches_what_has_not_been_sent(house: House, mailbox: Side) -> None:
    actions.stop_outbound(house.inst, house.sides["Depot"].id, ACTOR)
    order = ordered(house, mailbox)
    drop(house, mailbox, change("A1", head="DTM*002*20260401~N1*ST*STORE 9*92*0009~N3*9 OAK ST~N4*OMAHA*NE*68007"))
    actions.start_outbound(house.inst, house.sides["Depot"].id, ACTOR)
    house.drain()
    (row,) = house.rows(select(orders).where(orders.c.id == order))
    assert row.ship_to["city"] == "OMAHA" and str(row.deliver_by) == "2026-04-01"
    assert house.sides["Depot"].peer.of("fulfillment")[0].json["name"] == "STORE 9"
    assert answers(mailbox) == [("AK", [])], "there is no line to answer"


def test_a_new_address_is_too_late_for_what_has_been_sent(house: House, mailbox: Side) -> None:
    ordered(house, mailbox)
    drop(house, mailbox, change("A1", "POC*2*QI*4*4*EA", head="N1*ST*STORE 9*92*0009~N3*9 OAK ST~N4*OMAHA*NE*68007"))
    first, more = house.sides["Depot"].peer.of("fulfillment")
    assert (first.json["name"], more.json["name"]) == ("STORE 7", "STORE 9")
    ((_, answer),) = sent(mailbox, "865")
    assert segments(answer, "BCA")[0][2] == "AC" and segments(answer, "MSG")[0][1] == "ship_to"
    assert [event.data["changes"] for event in house.events("order.too-late")] == ["ship_to"]


@pytest.mark.parametrize(
    "line",
    [
        "POC*9*QD*1*1*EA",
        "POC*1*AI*1*1*EA*1**VN*MUG",
        "POC*1*QI*2*2*EA",
        "POC*1*QD*9*9*EA",
        "POC*1*RZ",
        "POC*1*CA*1*1*CA",
        "POC*1*CA*5*5*EA*9.25**VN*CUP",
    ],
    ids=["unknown", "there-already", "more-is-less", "less-is-more", "no-quantity", "other-unit", "other-item"],
)
def test_a_line_that_cannot_be_changed_is_refused_and_the_others_are_changed(
    house: House, mailbox: Side, line: str
) -> None:
    order = ordered(house, mailbox)
    drop(house, mailbox, change("A1", line, "POC*2*QD*1*1*EA"))
    assert house.parked() == [] and live(house, order) == {"1": 5, "2": 1}
    ((verdict, lines),) = answers(mailbox)
    assert verdict == "AC" and [one[4] for one in lines] == ["IR", "IA"]
    assert len(house.events("order.line-kept")) == 1


def test_a_change_of_price_changes_no_quantity(house: House, mailbox: Side) -> None:
    order = ordered(house, mailbox)
    drop(house, mailbox, change("A1", "POC*1*PC*5*5*EA*8.5"))
    assert str(house.lines(order)["1"].unit_price) == "8.5" and live(house, order)["1"] == 5
    assert answers(mailbox) == [("AD", [("1", "PC", "5", "5", "IA")])]


# -- EDIFACT --------------------------------------------------------------------------------------------------------


def test_an_ordchg_is_applied_and_answered_with_an_ordrsp(house: House) -> None:
    side = house.add("mailbox", "Mailbox")
    house.depot()
    partners.add_partner(
        house.inst,
        side.id,
        "European buyer",
        ids=[{"qualifier": "14", "value": "BUYER", "own_qualifier": "14", "own_value": "HUB"}],
        agreements=[
            {"direction": "in", "set_id": "ORDERS", "kind": "order", "mapping": "edifact/orders.in", "version": "D96A"},
            {"direction": "in", "set_id": "ORDCHG", "kind": "order_change", "mapping": "edifact/ordchg.in",
             "version": "D96A"},
            {"direction": "out", "set_id": "ORDRSP", "kind": "acknowledgement", "mapping": "edifact/ordrsp.out",
             "version": "D96A"},
        ],
        actor=ACTOR,
    )  # fmt: skip
    changed = message(
        "ORDCHG", "BGM+230+C-1+4", "DTM+137:20260303:102", "RFF+ON:A1", "LIN+1+3", "QTY+21:1:PCE", "RFF+ON:A1:1",
        "LIN+2+1", "PIA+1+TEA:SA", "QTY+21:4:PCE", "UNS+S", "CNT+2:2",
    )  # fmt: skip
    for number, one in enumerate((edifact_order("A1"), changed), 1):
        body = edifact(one, number=str(number))
        side.peer.put(Document("edi", f"{number}.edi", body, format="edifact"))
        house.run()
    assert house.parked() == [] and live(house, order_named(house, "A1")) == {"1": 1, "2": 4}
    answer = next(effect.payload for effect in side.peer.effects if effect.kind == "order_change_acknowledgement")
    assert b"BGM+231+A1+29'" in answer and b"RFF+PP:C-1'" in answer
    assert b"LIN+1+5'" in answer and b"QTY+113:1:PCE'" in answer and b"QTY+113:4:PCE'" in answer
    assert [effect.kind for effect in side.peer.effects].count("acknowledgement") == 1
