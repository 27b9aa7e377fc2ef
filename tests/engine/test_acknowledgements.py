"""Partners' functional acknowledgements of what they were sent: when they are due, and what they say."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from sqlalchemy import Row, select, update

from hub.edi.x12.reader import read
from hub.flows import actions
from hub.flows.partners import partners
from hub.sdk import Document, Rejected
from hub.store.tables import alerts, control_numbers, messages
from hub.views.messages import message_detail
from hub.views.overview import alerts_of, needs_of
from tests.engine.scripted import both
from tests.engine.scripted.edi import acknowledgement, interchange, partner, purchase_order, sent
from tests.engine.scripted.house import ACTOR, House, Side, package
from tests.engine.scripted.peer import Effect

HOUR = 3600.0


@pytest.fixture
def mailbox(house: House) -> Side:
    """The mailbox of a partner that may take a day to acknowledge; a depot stands ready."""
    side = house.add("mailbox", "Mailbox")
    house.depot()
    partner(house, side, acknowledge_hours=24)
    return side


def drop(house: House, mailbox: Side, body: bytes, name: str) -> None:
    """The partner drops a file."""
    mailbox.peer.put(Document("edi", name, body, format="x12"))
    house.run()


def answer(house: House, mailbox: Side, message: Row[Any], code: str = "A", number: int = 2) -> None:
    """The partner acknowledges a document of ours."""
    said = acknowledgement("PR", int(message.control.split("/")[1]), code)
    drop(house, mailbox, interchange(said, number=number, functional_id="FA"), f"fa{number}.edi")


def ordered(house: House, mailbox: Side) -> Row[Any]:
    """The partner orders; gives our 855."""
    drop(house, mailbox, interchange(purchase_order("A1")), "po.edi")
    return house.messages(kind="acknowledgement")[-1]


@both
def test_what_is_not_acknowledged_in_time_is_one_alert_until_it_is(house: House, mailbox: Side) -> None:
    ours = ordered(house, mailbox)
    due = ours.sent_at + dt.timedelta(hours=24)
    assert ours.acknowledge_by == due and ours.acknowledged is None
    assert [m.acknowledge_by for m in house.messages(kind="functional_acknowledgement")] == [None]
    house.look(later=23 * HOUR)
    assert house.alerts() == []
    house.look(later=HOUR)
    for _ in range(3):
        house.look()
    (alert,) = house.rows(select(alerts, alerts.c.count.label("times")))
    assert (alert.code, alert.cause, alert.times) == ("acknowledgement.overdue", f"overdue/{ours.id}", 1)
    assert alert.detail == (
        "Buyer has not acknowledged this in time: Our 855 to Buyer, order A1, interchange 2, group 1, set 0001."
        f" It was due {due:%Y-%m-%d %H:%M} UTC. See `hub messages show {ours.id}`."
    )
    answer(house, mailbox, ours)
    house.look()
    assert house.alerts() == [] and house.messages(id=ours.id)[0].acknowledged == "accepted"


@both
def test_each_document_is_overdue_by_itself(house: House, mailbox: Side) -> None:
    ordered(house, mailbox)
    drop(house, mailbox, interchange(purchase_order("A2"), number=5), "po2.edi")
    first, second = house.messages(kind="acknowledgement")
    house.look(later=25 * HOUR)
    assert house.alerts() == ["acknowledgement.overdue"] * 2
    answer(house, mailbox, first)
    house.look()
    (left,) = house.rows(select(alerts.c.cause).where(alerts.c.closed_at.is_(None)))
    assert left.cause == f"overdue/{second.id}"


def test_nobody_waits_where_no_time_was_agreed(house: House, mailbox: Side) -> None:
    partners.set_acknowledge_hours(house.inst, "Buyer", None, ACTOR)
    assert ordered(house, mailbox).acknowledge_by is None


def test_nothing_is_owed_for_what_was_not_sent(house: House, mailbox: Side) -> None:
    actions.set_mode(house.inst, mailbox.id, "shadow", ACTOR)
    assert ordered(house, mailbox).acknowledge_by is None


def test_the_time_runs_from_when_it_arrived(house: House, mailbox: Side) -> None:
    mailbox.peer.fail(Rejected("the folder is full"), Rejected("the folder is full"))
    refused = ordered(house, mailbox)
    assert (refused.state, refused.acknowledge_by) == ("parked", None)
    house.clock.forward(10 * HOUR)
    actions.replay_message(house.inst, refused.id, ACTOR)
    house.drain()
    assert house.messages(kind="acknowledgement")[-1].acknowledge_by == house.clock.now + dt.timedelta(hours=24)


@both
def test_what_the_partner_rejects_waits_and_is_written_anew(house: House, mailbox: Side) -> None:
    ours = ordered(house, mailbox)
    answer(house, mailbox, ours, "R")
    assert house.parked() == ["acknowledgement.rejected"]
    house.look()
    assert house.alerts() == ["acknowledgement.rejected"]
    house.clock.forward(48 * HOUR)
    actions.replay_message(house.inst, ours.id, ACTOR)
    house.drain()
    before, now = house.messages(kind="acknowledgement")
    assert (before.state, before.reason, now.state) == ("withdrawn", "effect.replaced", "done")
    assert before.control != now.control and len(sent(mailbox, "855")) == 2
    house.look()
    assert house.alerts() == [], "the one that took its place is not due yet"
    answer(house, mailbox, now, number=3)
    assert house.messages(id=now.id)[0].acknowledged == "accepted" and house.parked() == []


def test_an_alert_about_a_rejected_ship_notice_names_it_as_both_sides_know_it(house: House, mailbox: Side) -> None:
    ordered(house, mailbox)
    depot = house.sides["Depot"]
    (asked,) = depot.peer.of("fulfillment")
    house.ship(depot, "S-9", package("1", {"line": asked.json["lines"][0]["line"], "quantity": 2}))
    house.run()
    (ours,) = house.messages(set_id="856")
    said = acknowledgement("SH", 1, "R")
    drop(house, mailbox, interchange(said, number=2, functional_id="FA"), "fa.edi")
    house.look()
    (detail,) = house.rows(select(alerts.c.detail))[0]
    numbers = f"interchange {ours.interchange.rpartition('/')[2]}, group 1, set 0001"
    named = f"Our 856 to Buyer, order A1, shipment S-9, {numbers}: The partner rejects it."
    assert f"{named} See `hub messages show {ours.id}`." in detail


def test_a_rejection_says_what_is_wrong_without_the_value(house: House, mailbox: Side) -> None:
    ours = ordered(house, mailbox)
    notes = ["AK2*855*0001", "AK3*BAK*2**8", "AK4*3*324*7*AUGUSTA", "AK5*R*5"]
    said = ["ST*997*0001", f"AK1*PR*{ours.control.split('/')[1]}", *notes, "AK9*R*1*1*0", "SE*8*0001"]
    drop(house, mailbox, interchange("~".join(said) + "~", number=2, functional_id="FA"), "fa.edi")
    with house.inst.db.read() as tx:
        found = message_detail(tx, ours.id, None)
    assert found is not None and found.row.reason == "acknowledgement.rejected" and "replay" in found.can
    assert [each.message for each in found.findings] == ["segment 2 (BAK), element 3: invalid code (7)"]


def test_overdue_documents_are_one_line_of_the_overview(house: House, mailbox: Side) -> None:
    for number in (1, 2):
        drop(house, mailbox, interchange(purchase_order(f"A{number}"), number=number), f"{number}.edi")
    house.look(later=25 * HOUR)
    with house.inst.db.read() as tx:
        assert [(need.kind, need.code, need.count) for need in needs_of(tx, None)] == [
            ("alert", "acknowledgement.overdue", 2)
        ]
        assert len(alerts_of(tx, None)) == 2


def test_what_the_partner_accepts_after_all_is_done(house: House, mailbox: Side) -> None:
    ours = ordered(house, mailbox)
    answer(house, mailbox, ours, "R")
    answer(house, mailbox, ours, "A", number=3)
    assert house.parked() == [] and house.messages(id=ours.id)[0].state == "done"


@both
def test_an_acknowledgement_that_is_faster_than_our_own_transaction_counts(house: House, mailbox: Side) -> None:
    def reject(effect: Effect) -> None:
        with house.inst.db.write() as tx:
            tx.execute(update(messages).where(messages.c.kind == "acknowledgement").values(acknowledged="rejected"))

    mailbox.peer.before_push = reject
    ours = ordered(house, mailbox)
    assert (ours.state, ours.reason) == ("parked", "acknowledgement.rejected")


def test_what_a_person_lets_be_is_overdue_no_more(house: House, mailbox: Side) -> None:
    ours = ordered(house, mailbox)
    answer(house, mailbox, ours, "R")
    with house.inst.db.write() as tx:
        tx.execute(update(messages).where(messages.c.id == ours.id).values(acknowledged=None))
    house.look(later=25 * HOUR)
    assert house.alerts() == ["acknowledgement.rejected", "acknowledgement.overdue"]
    actions.ignore_message(house.inst, ours.id, "settled by telephone", ACTOR)
    house.look()
    assert house.alerts() == []


@both
def test_an_acknowledgement_of_nothing_is_an_alert_until_somebody_looked(house: House, mailbox: Side) -> None:
    drop(house, mailbox, interchange(acknowledgement("PR", 99), functional_id="FA"), "fa.edi")
    (parked,) = house.messages(state="parked")
    house.look()
    assert house.alerts() == ["acknowledgement.unmatched"] and "PR/99" in parked.problem["detail"]
    (detail,) = house.rows(select(alerts.c.detail))[0]
    named = "The 997 from Buyer, interchange 000000001, group 1, set 0001: "
    assert named in detail and f"{parked.problem['detail']} See `hub messages show {parked.id}`." in detail
    actions.ignore_message(house.inst, parked.id, "a test of theirs", ACTOR)
    house.look()
    assert house.alerts() == []


def test_story_40_each_partner_has_its_own_time(house: House, mailbox: Side) -> None:
    ids = [{"qualifier": "ZZ", "value": "SLOW", "own_qualifier": "ZZ", "own_value": "HUB"}]
    agreed = partners.standard_agreements(72)
    partners.add_partner(house.inst, mailbox.id, "Slow", ids=ids, agreements=agreed, settings={}, actor=ACTOR)
    mailbox.peer.put(Document("edi", "one.edi", interchange(purchase_order("A1")), format="x12"))
    drop(house, mailbox, interchange(purchase_order("B1"), sender="SLOW"), "two.edi")
    house.look(later=25 * HOUR)
    (alert,) = house.rows(select(alerts.c.detail).where(alerts.c.closed_at.is_(None)))
    assert alert.detail.startswith("Buyer has not")
    house.look(later=48 * HOUR)
    assert house.alerts() == ["acknowledgement.overdue"] * 2


@both
def test_story_51_the_same_words_under_other_numbers_are_no_news(house: House, mailbox: Side) -> None:
    ours = ordered(house, mailbox)
    answer(house, mailbox, ours)
    answer(house, mailbox, ours, number=3)
    accepted = acknowledgement("PR", int(ours.control.split("/")[1]), control="0777").replace("*1*1*1", "*1*01*1")
    drop(house, mailbox, interchange(accepted, number=4, functional_id="FA"), "fa4.edi")
    said = house.messages(set_id="997", direction="in")
    assert [m.reason for m in said] == [None, "acknowledgement.repeated", "acknowledgement.repeated"]
    assert len(house.events("acknowledgement.received")) == 1


def test_a_999_with_its_contexts_is_read_like_a_997(house: House, mailbox: Side) -> None:
    ours = ordered(house, mailbox)
    group = ours.control.split("/")[1]
    notes = ["IK3*BAK*2**8", "CTX*SITUATIONAL TRIGGER*BAK*2**3", "CTX*PO NUMBER:A1", "IK4*3*324*7*A1", "IK5*R*5"]
    said = ["ST*999*0001*005010X231", f"AK1*PR*{group}*005010", "AK2*855*0001", *notes, "AK9*R*1*1*0", "SE*10*0001"]
    body = interchange("~".join(said) + "~", number=2, functional_id="FA").replace(b"*004010~", b"*005010~", 1)
    drop(house, mailbox, body.replace(b"*U*00401*", b"*^*00501*").replace(b"*0*P*>", b"*0*P*:"), "fa.edi")
    (rejected,) = house.messages(state="parked")
    assert (rejected.id, rejected.reason) == (ours.id, "acknowledgement.rejected")
    assert [f["message"] for f in rejected.problem["findings"]] == ["segment 2 (BAK), element 3: invalid code (7)"]


def interchange_acknowledgement(
    number: str, when: tuple[str, str], code: str, note: str = "000", *, own: int = 7
) -> bytes:
    """The partner's TA1 of an interchange of ours, in one of its own."""
    ta1 = f"TA1*{number}*{when[0]}*{when[1]}*{code}*{note}~"
    around = interchange("", number=own, functional_id="FA")
    return re.sub(rb"GS\*.*GE\*[^~]*~IEA\*1", ta1.encode() + b"IEA*0", around)


def isa_of(house: House, message: Row[Any]) -> tuple[str, tuple[str, str]]:
    """The control number of our interchange, its date and its time."""
    (found,) = read(house.body(message.id))
    return found.part(13), (found.part(9), found.part(10))


@both
def test_an_interchange_that_the_partner_cannot_use_is_rejected_with_all_in_it(house: House, mailbox: Side) -> None:
    ours = ordered(house, mailbox)
    number, when = isa_of(house, ours)
    drop(house, mailbox, interchange_acknowledgement(number, when, "A"), "ta1.edi")
    (row,) = house.messages(id=ours.id)
    assert row.acknowledged is None and row.state == "done", "that it arrived says nothing of what is in it"
    assert len(house.events("acknowledgement.received")) == 1 and house.parked() == []
    drop(house, mailbox, interchange_acknowledgement(number, when, "R", "006", own=8), "ta1-2.edi")
    (row,) = house.messages(state="parked")
    assert (row.id, row.reason, row.acknowledged) == (ours.id, "acknowledgement.rejected", "rejected")
    assert [f["message"] for f in row.problem["findings"]] == ["invalid or unknown sender (006)"]
    assert sent(mailbox, "997") != [] and len(house.messages(set_id="TA1", direction="out")) == 0


def second_ids(house: House, **ids: object) -> None:
    """Agree on another pair of ids with the partner."""
    other = {"qualifier": "ZZ", "value": "BUYER2", "own_qualifier": "ZZ", "own_value": "EAST", "test": False}
    partners.add_ids(house.inst, "Buyer", {**other, "location": None, **ids}, ACTOR)


@both
@pytest.mark.parametrize(("sender", "receiver", "usage"), [("BUYER2", "HUB", "P"), ("BUYER", "EAST", "T")])
def test_an_acknowledgement_under_other_ids_of_the_partner_is_matched(
    house: House, mailbox: Side, sender: str, receiver: str, usage: str
) -> None:
    second_ids(house)
    ours = ordered(house, mailbox)
    said = acknowledgement("PR", int(ours.control.split("/")[1]))
    under = {"sender": sender, "receiver": receiver, "usage": usage}
    drop(house, mailbox, interchange(said, number=2, functional_id="FA", **under), "fa.edi")
    assert house.parked() == [] and house.messages(id=ours.id)[0].acknowledged == "accepted"
    number, when = isa_of(house, ours)
    note = interchange_acknowledgement(number, when, "R", "006").replace(
        b"BUYER          *ZZ*HUB   ", b"BUYER2         *ZZ*EAST  "
    )
    drop(house, mailbox, note, "ta1.edi")
    assert [(row.id, row.acknowledged) for row in house.messages(state="parked")] == [(ours.id, "rejected")]
    drop(house, mailbox, interchange(purchase_order("A2"), number=7, **under), "po2.edi")
    assert house.messages(kind="edi")[-1].reason == "edi.unknown-partner", "orders come under agreed pairs alone"


def test_a_number_that_two_pairs_of_ids_have_used_is_told_by_the_ids(house: House, mailbox: Side) -> None:
    second_ids(house)
    here = ordered(house, mailbox)
    drop(house, mailbox, interchange(purchase_order("A2"), sender="BUYER2", receiver="EAST"), "po2.edi")
    there = house.messages(kind="acknowledgement")[1]
    assert here.control == there.control and here.interchange != there.interchange
    said = acknowledgement("PR", int(there.control.split("/")[1]), "R")
    drop(house, mailbox, interchange(said, number=3, functional_id="FA", sender="BUYER2", receiver="EAST"), "fa.edi")
    assert [row.id for row in house.messages(state="parked")] == [there.id]
    drop(house, mailbox, interchange(said, number=4, functional_id="FA", sender="BUYER2"), "fa2.edi")
    assert house.messages(set_id="997", direction="in")[1].reason == "acknowledgement.unmatched"
    assert house.messages(id=here.id)[0].acknowledged is None


def test_a_ta1_about_nothing_we_sent_is_parked(house: House, mailbox: Side) -> None:
    _, when = isa_of(house, ordered(house, mailbox))
    drop(house, mailbox, interchange_acknowledgement("000000099", when, "A"), "ta1.edi")
    (parked,) = house.messages(state="parked")
    assert parked.reason == "acknowledgement.unmatched" and "000000099" in parked.problem["detail"]


def test_a_number_that_was_used_again_is_told_by_its_time(house: House, mailbox: Side) -> None:
    first = ordered(house, mailbox)
    house.clock.forward(HOUR)
    drop(house, mailbox, interchange(purchase_order("A2"), number=2), "two.edi")
    second = house.messages(kind="acknowledgement")[1]
    with house.inst.db.write() as tx:
        tx.execute(update(messages).where(messages.c.id == second.id).values(interchange=first.interchange))
    _, when = isa_of(house, second)
    drop(house, mailbox, interchange_acknowledgement(isa_of(house, first)[0], when, "R", "018"), "ta1.edi")
    assert [row.id for row in house.messages(state="parked")] == [second.id]


def test_when_the_numbers_have_begun_again_the_newest_document_is_meant(house: House, mailbox: Side) -> None:
    first = ordered(house, mailbox)
    with house.inst.db.write() as tx:
        tx.execute(update(control_numbers).values(last=999_999_999))
    drop(house, mailbox, interchange(purchase_order("A2"), number=2), "two.edi")
    second = house.messages(kind="acknowledgement")[1]
    assert (second.control, second.set_control) == (first.control, first.set_control)
    answer(house, mailbox, second, number=3)
    assert [row.acknowledged for row in house.messages(kind="acknowledgement")] == [None, "accepted"]


def test_only_the_rejected_set_of_a_group_waits(house: House, mailbox: Side) -> None:
    first = ordered(house, mailbox)
    drop(house, mailbox, interchange(purchase_order("A2"), number=2), "two.edi")
    second = house.messages(kind="acknowledgement")[1]
    with house.inst.db.write() as tx:  # as one that is sent together with the first
        values = {"control": first.control, "set_control": "0002"}
        tx.execute(update(messages).where(messages.c.id == second.id).values(values))
    notes = ["AK2*855*0001", "AK5*E*5", "AK2*855*2", "AK5*R*5", "AK9*P*2*2*1"]
    said = ["ST*997*0001", f"AK1*PR*{first.control.split('/')[1]}", *notes, "SE*8*0001"]
    drop(house, mailbox, interchange("~".join(said) + "~", number=3, functional_id="FA"), "fa.edi")
    assert [row.acknowledged for row in house.messages(kind="acknowledgement")] == ["errors", "rejected"]
    assert [row.id for row in house.messages(state="parked")] == [second.id]
