"""Partners' functional acknowledgements of what they were sent: when they are due, and what they say."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import Row, select, update

from hub.flows import actions, partners
from hub.sdk import Document, Rejected
from hub.store.tables import alerts, messages
from hub.views.messages import message_detail
from hub.views.overview import alerts_of, needs_of
from tests.engine.scripted import both
from tests.engine.scripted.edi import acknowledgement, interchange, partner, purchase_order, sent
from tests.engine.scripted.house import ACTOR, House, Side
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
    assert "Buyer has not acknowledged our 855, group PR/" in alert.detail and f"{due:%Y-%m-%d %H:%M}" in alert.detail
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
    actions.ignore_message(house.inst, parked.id, "a test of theirs", ACTOR)
    house.look()
    assert house.alerts() == []
