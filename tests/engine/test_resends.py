"""A partner wants a document again: the same bytes under the same key, and nothing else follows from it."""

from __future__ import annotations

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Row, update

from hub.errors import Refused
from hub.flows import actions
from hub.flows.batch import Batch
from hub.flows.outbound import resends
from hub.flows.partners import partners
from hub.sdk import Document, Rejected, Retry
from hub.store import messages as message_store
from hub.store.tables import payloads
from hub.views.messages import message_detail
from tests.engine.scripted import both
from tests.engine.scripted.edi import acknowledgement, interchange, partner, purchase_order
from tests.engine.scripted.house import ACTOR, House, Side

HOUR = 3600.0


@pytest.fixture
def mailbox(house: House) -> Side:
    """The mailbox of a partner that may take a day to acknowledge; a depot stands ready."""
    side = house.add("mailbox", "Mailbox")
    house.depot()
    partner(house, side, test=True, acknowledge_hours=24)
    return side


def ordered(house: House, mailbox: Side, *numbers: str, usage: str = "P") -> list[Row[Any]]:
    """The partner orders; gives our 855s."""
    sets = [purchase_order(number, control=f"{n:04d}") for n, number in enumerate(numbers, 1)]
    mailbox.peer.put(Document("edi", "po.edi", interchange(*sets, usage=usage), format="x12"))
    house.run()
    return house.messages(kind="acknowledgement")


def says(house: House, mailbox: Side, ours: Row[Any], code: str, number: int) -> None:
    said = acknowledgement("PR", int(ours.control.split("/")[1]), code)
    mailbox.peer.put(Document("edi", f"fa{number}.edi", interchange(said, number=number, functional_id="FA")))
    house.run()


def refused(house: House, message_id: int) -> str:
    with pytest.raises(Refused) as caught:
        actions.resend_message(house.inst, message_id, ACTOR)
    return caught.value.code


def test_story_42_a_document_goes_again_as_it_was_and_is_waited_for_anew(house: House, mailbox: Side) -> None:
    (ours,) = ordered(house, mailbox, "A1")
    says(house, mailbox, ours, "A", 2)
    (first,) = mailbox.peer.of("acknowledgement")
    house.clock.forward(48 * HOUR)
    assert "It goes again" in actions.resend_message(house.inst, ours.id, ACTOR)
    assert refused(house, ours.id) == "message.resend-waits"
    house.drain()
    assert list(mailbox.peer.resent) == [(first.key, 1)]
    assert mailbox.peer.resent[first.key, 1].payload == first.payload == house.body(ours.id)
    assert len(mailbox.peer.of("acknowledgement")) == len(house.events("acknowledgement.sent")) == 1
    (now,) = house.messages(kind="acknowledgement")
    assert (now.state, now.control, now.acknowledged) == ("done", ours.control, None)
    assert now.acknowledge_by == house.clock.now + dt.timedelta(hours=24)
    (asked,) = house.events("message.resend")
    assert (asked.actor, asked.message_id) == (ACTOR, ours.id) and len(house.events("message.resent")) == 1
    says(house, mailbox, ours, "A", 3)
    assert house.messages(id=ours.id)[0].acknowledged == "accepted"
    actions.resend_message(house.inst, ours.id, ACTOR)
    house.drain()
    assert list(mailbox.peer.resent) == [(first.key, 1), (first.key, 2)]


@both
def test_of_two_people_who_ask_at_the_same_instant_the_second_is_told_so(
    house: House, mailbox: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ours,) = ordered(house, mailbox, "A1")
    sealing, seal = threading.Event(), message_store.add

    def add(*given: Any) -> Any:
        sealing.set()
        return seal(*given)

    with ThreadPoolExecutor(1) as second:
        with house.inst.db.write() as tx:
            batch = Batch(tx, house.inst.now())
            connector = house.inst.registry.get(batch.connections[ours.connection_id].type)
            resends.ask(batch, ours, connector, whole=False, actor=ACTOR)
            batch.flush()
            monkeypatch.setattr(message_store, "add", add)
            answer = second.submit(refused, house, ours.id)
            # SQLite lets one in at a time. PostgreSQL lets both in: the second has seen nothing of the first.
            assert house.inst.db.sqlite or sealing.wait(10)
        assert answer.result(10) == "message.resend-waits"
    assert len(house.messages(kind="resend")) == len(house.events("message.resend")) == 1
    house.drain()
    assert len(mailbox.peer.resent) == len(house.events("message.resent")) == 1


def test_a_failed_resend_waits_by_itself_and_goes_once(house: House, mailbox: Side) -> None:
    (ours,) = ordered(house, mailbox, "A1")
    mailbox.peer.fail(Retry("no answer", maybe_done=True), Rejected("the folder is full"))
    actions.resend_message(house.inst, ours.id, ACTOR)
    for _ in range(2):
        house.drain()
        house.clock.forward(60)
    (again,) = house.messages(kind="resend")
    assert (again.state, house.messages(id=ours.id)[0].state) == ("parked", "done")
    actions.replay_message(house.inst, again.id, ACTOR)
    house.drain()
    assert house.parked() == [] and len(mailbox.peer.resent) == 1


def test_what_the_partner_rejected_and_wants_again_is_no_longer_parked(house: House, mailbox: Side) -> None:
    (ours,) = ordered(house, mailbox, "A1")
    says(house, mailbox, ours, "R", 2)
    assert house.parked() == ["acknowledgement.rejected"]
    actions.resend_message(house.inst, ours.id, ACTOR)
    house.drain()
    assert house.parked() == []
    says(house, mailbox, ours, "R", 3)
    assert house.parked() == ["acknowledgement.rejected"], "it is judged anew"


def test_a_document_takes_those_of_its_interchange_with_it_when_somebody_says_so(house: House, mailbox: Side) -> None:
    partners.agree(house.inst, "Buyer", "855", "out", given={"batch": "together", "schedule": "0 * * * *"}, actor=ACTOR)
    ordered(house, mailbox, "A1", "A2")
    house.clock.forward(HOUR)
    house.drain()
    one, other = house.messages(kind="acknowledgement")
    assert refused(house, one.id) == "message.in-interchange"
    with house.inst.db.read() as tx:
        shown = message_detail(tx, one.id, None)
    assert shown is not None and shown.others == 1 and "resend" in shown.can
    assert "All 2 documents" in actions.resend_message(house.inst, one.id, ACTOR, whole=True)
    house.drain()
    (first,) = mailbox.peer.of("acknowledgement")
    assert [effect.payload for effect in mailbox.peer.resent.values()] == [first.payload]
    assert {event.message_id for event in house.events("message.resent")} == {one.id, other.id}


def test_what_was_not_sent_or_not_for_real_is_not_sent_again(house: House, mailbox: Side) -> None:
    mailbox.peer.fail(Rejected("the folder is full"))
    ordered(house, mailbox, "A1")
    (parked,) = house.messages(state="parked")
    came = house.messages(direction="in")[0]
    assert refused(house, parked.id) == "message.not-sent"
    assert refused(house, came.id) == "message.not-resendable"
    assert refused(house, 999) == "message.missing"


def test_nothing_goes_again_in_shadow_mode_nor_without_its_bytes(house: House, mailbox: Side) -> None:
    (ours,) = ordered(house, mailbox, "A1")
    actions.set_mode(house.inst, mailbox.id, "shadow", ACTOR)
    assert refused(house, ours.id) == "effect.shadow"
    actions.set_mode(house.inst, mailbox.id, "live", ACTOR)
    with house.inst.db.write() as tx:
        tx.execute(update(payloads).where(payloads.c.message_id == ours.id).values(body=None))
    assert refused(house, ours.id) == "payload.erased"
    assert house.messages(kind="resend") == [] and mailbox.peer.resent == {}


def test_what_was_sent_in_test_and_what_was_replaced_is_not_sent_again(house: House, mailbox: Side) -> None:
    (ours,) = ordered(house, mailbox, "A1")
    says(house, mailbox, ours, "R", 2)
    actions.replay_message(house.inst, ours.id, ACTOR)
    house.drain()
    assert refused(house, ours.id) == "message.replaced"
    mailbox.peer.put(Document("edi", "t.edi", interchange(purchase_order("T1"), usage="T", number=7), format="x12"))
    house.run()
    tests = [row for row in house.messages(direction="out") if row.test]
    assert tests and {refused(house, row.id) for row in tests} == {"message.sent-in-test"}
