"""EDI that goes out: by itself or with others, at its time, under the right ids, and once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Row

from hub.edi.edifact.validation import examine as examine_edifact
from hub.edi.x12.validation import examine
from hub.engine import local
from hub.flows import actions
from hub.flows.crashed import take_up
from hub.flows.outbound import deliver, together
from hub.flows.partners import partners
from hub.sdk import Document, Rejected, Retry
from hub.views.messages import message_detail
from hub.views.orders import order_detail
from hub.views.status import Status, Tone
from tests.engine.scripted import both
from tests.engine.scripted.dock import warehouse
from tests.engine.scripted.edi import acknowledgement, interchange, partner, purchase_order, segments, sent
from tests.engine.scripted.edifact import edifact, edifact_order, edifact_partner
from tests.engine.scripted.house import ACTOR, House, Side, package
from tests.engine.scripted.peer import Effect

HOUR = 3600.0


class Killed(BaseException):
    """Ends the process under test as SIGKILL would: nobody catches it, nothing is written."""


@pytest.fixture
def mailbox(house: House) -> Side:
    """The mailbox of a partner that gets its acknowledgements together, on the hour; a depot stands ready."""
    side = house.add("mailbox", "Mailbox")
    house.depot()
    partner(house, side, acknowledge_hours=24)
    agree(house, batch="together", schedule="0 * * * *")
    return side


def agree(house: House, set_id: str = "855", **settings: str) -> None:
    partners.agree(house.inst, "Buyer", set_id, "out", given=settings, actor=ACTOR)


def drop(house: House, mailbox: Side, body: bytes, name: str = "po.edi") -> None:
    """The partner drops a file."""
    mailbox.peer.put(Document("edi", name, body, format="x12"))
    house.run()


def orders(*numbers: str, first: int = 1) -> bytes:
    """An interchange of purchase orders."""
    sets = [purchase_order(number, control=f"{place:04d}") for place, number in enumerate(numbers, 1)]
    return interchange(*sets, number=first)


def slot(house: House) -> None:
    """The next hour comes."""
    house.clock.forward(HOUR)
    house.drain()


def answers(house: House) -> list[Row[Any]]:
    """Our 855s."""
    return house.messages(kind="acknowledgement")


def files(house: House) -> list[Row[Any]]:
    """The interchanges of ours that hold several documents."""
    return [row for row in house.messages(kind="edi") if row.direction == "out"]


def numbers_of(mailbox: Side) -> list[list[str]]:
    """Per interchange of 855s that the partner has, the purchase orders in it."""
    found: list[list[str]] = []
    for effect in mailbox.peer.of("acknowledgement"):
        (one,) = examine(effect.payload)
        assert [f for f in one.all_findings() if f.is_error] == []
        found.append([str(segments(s.tree, "BAK")[0][3]) for s in one.sets if s.tree])
    return found


# -- together -------------------------------------------------------------------------------------------------------


@both
def test_what_is_owed_goes_together_at_its_time(house: House, mailbox: Side) -> None:
    drop(house, mailbox, orders("A1", "A2"))
    drop(house, mailbox, orders("A3", first=2), "more.edi")
    assert numbers_of(mailbox) == [] and answers(house) == [], "nothing is fixed before its time"
    assert len(sent(mailbox, "997")) == 2, "acknowledgements do not wait"
    slot(house)
    assert numbers_of(mailbox) == [["A1", "A2", "A3"]]
    (file,) = files(house)
    ours = answers(house)
    assert (file.state, file.documents) == ("done", 3) and {m.parent_id for m in ours} == {file.id}
    assert [(m.state, m.set_control) for m in ours] == [("done", f"{n:04d}") for n in (1, 2, 3)]
    assert len({m.control for m in ours}) == len({m.interchange for m in ours}) == 1
    assert len({m.order_id for m in ours}) == 3 and all(m.acknowledge_by for m in ours) and not file.acknowledge_by
    assert {job.state for job in house.jobs(kind="deliver")} == {"done"}
    for message in ours:
        (own,) = examine(house.body(message.id))
        assert len(list(own.sets)) == 1, "each keeps its own bytes"
    with house.inst.db.read() as tx:
        shown = message_detail(tx, file.id, None)
    assert shown is not None and [one.id for one in shown.children] == [m.id for m in ours]
    slot(house)
    assert len(files(house)) == 1, "an hour in which nothing is owed sends nothing"


def test_a_slot_is_one_interchange_however_few_a_worker_claims_at_once(
    house: House, mailbox: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "BATCH", 2)
    drop(house, mailbox, orders("A1", "A2", "A3", "A4", "A5"))
    slot(house)
    assert numbers_of(mailbox) == [["A1", "A2", "A3", "A4", "A5"]]


@pytest.mark.parametrize("claimed", [1, 32])
def test_what_is_more_than_one_interchange_holds_goes_in_the_next_one_of_the_same_slot(
    house: House, mailbox: Side, monkeypatch: pytest.MonkeyPatch, claimed: int
) -> None:
    monkeypatch.setattr(local, "BATCH", claimed)
    monkeypatch.setattr(together, "MOST", 2)
    drop(house, mailbox, orders("A1", "A2", "A3", "A4", "A5"))
    slot(house)
    assert numbers_of(mailbox) == [["A1", "A2"], ["A3", "A4"], ["A5"]]
    assert {m.state for m in answers(house)} == {m.state for m in files(house)} == {"done"}


def test_others_of_the_same_connection_are_left_alone(house: House, mailbox: Side) -> None:
    ids = {"qualifier": "ZZ", "value": "OTHER", "own_qualifier": "ZZ", "own_value": "HUB"}
    partners.add_partner(
        house.inst, mailbox.id, "Other", ids=[ids], agreements=partners.standard_agreements(), actor=ACTOR
    )
    partners.agree(house.inst, "Other", "855", "out", given={"schedule": "0 * * * *"}, actor=ACTOR)
    drop(house, mailbox, orders("A1", "A2"))
    drop(house, mailbox, interchange(purchase_order("B1"), sender="OTHER"), "other.edi")
    slot(house)
    assert sorted(numbers_of(mailbox)) == [["A1", "A2"], ["B1"]]
    assert {m.state for m in answers(house)} == {"done"}


def test_each_pair_of_ids_has_an_interchange_of_its_own(house: House, mailbox: Side) -> None:
    ids = {"qualifier": "ZZ", "value": "BUYER2", "own_qualifier": "ZZ", "own_value": "HUB", "test": False}
    partners.add_ids(house.inst, "Buyer", {**ids, "location": None}, ACTOR)
    drop(house, mailbox, orders("A1", "A2"))
    drop(house, mailbox, interchange(purchase_order("B1"), sender="BUYER2"), "other.edi")
    slot(house)
    assert numbers_of(mailbox) == [["A1", "A2"], ["B1"]] and house.parked() == []
    assert len(files(house)) == 2 and len({file.control for file in files(house)}) == 1, "each pair counts by itself"


def test_what_cannot_be_written_holds_up_no_other(house: House, mailbox: Side) -> None:
    agree(house, **{"delimiters.element": "|"})
    drop(house, mailbox, orders("A1", "A|2", "A|3", "A4"))
    slot(house)
    assert numbers_of(mailbox) == [["A1", "A4"]]
    assert house.parked() == ["edi.not-writable"] * 2
    for parked, replacement in zip(house.messages(state="parked"), (" ", "drop"), strict=True):
        assert parked.problem["findings"][0]["code"] == "edi.character-invalid"
        agree(house, replacement=replacement)
        actions.replay_message(house.inst, parked.id, ACTOR)
        house.drain()
    assert numbers_of(mailbox)[1:] == [["A 2"], ["A3"]]


@pytest.mark.parametrize("arrived", [False, True])
def test_story_41_a_worker_killed_while_it_sends_an_interchange_repeats_the_same_bytes(
    house: House, mailbox: Side, arrived: bool
) -> None:
    drop(house, mailbox, orders("A1", "A2"))

    def die(effect: Effect) -> None:
        if arrived:
            mailbox.peer.effects.append(effect)
        raise Killed

    mailbox.peer.before_push = die
    with pytest.raises(Killed):
        slot(house)
    assert {m.state for m in [*answers(house), *files(house)]} == {"sent"}, "their outcome is unknown"
    mailbox.peer.before_push = lambda effect: None
    take_over(house)
    first, second = [e for e in mailbox.peer.pushed if e.kind == "acknowledgement"]
    assert (first.key, first.payload) == (second.key, second.payload)
    assert numbers_of(mailbox) == [["A1", "A2"]]
    assert {m.state for m in [*answers(house), *files(house)]} == {"done"}


def test_a_worker_killed_between_sealing_and_sending_loses_nothing(
    house: House, mailbox: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(house, mailbox, orders("A1", "A2"))
    seal: Callable[..., Any] = deliver.seal_all

    def die(*args: Any) -> None:
        seal(*args)
        raise Killed

    with monkeypatch.context() as killing:
        killing.setattr(deliver, "seal_all", die)
        with pytest.raises(Killed):
            slot(house)
    (file,) = files(house)
    fixed = house.body(file.id)
    assert mailbox.peer.of("acknowledgement") == [] and file.state == "sealed"
    take_over(house)
    assert [effect.payload for effect in mailbox.peer.of("acknowledgement")] == [fixed]
    assert {m.state for m in answers(house)} == {"done"} and len(files(house)) == 1


def take_over(house: House) -> None:
    """Another worker takes up what the dead one held."""
    house.clock.forward(120)
    with house.inst.db.write() as tx:
        take_up(tx, house.clock(), "other", dead="test")
    house.drain()


def test_a_failed_try_is_repeated_with_the_same_bytes(house: House, mailbox: Side) -> None:
    drop(house, mailbox, orders("A1", "A2"))
    mailbox.peer.fail(Retry("no answer"), Retry("no answer", maybe_done=True))
    slot(house)
    assert {m.state for m in answers(house)} == {"sealed"}, "it certainly did not arrive"
    for _ in range(2):
        house.clock.forward(60)
        house.drain()
    assert len({effect.payload for effect in mailbox.peer.pushed if effect.kind == "acknowledgement"}) == 1
    assert numbers_of(mailbox) == [["A1", "A2"]] and {m.state for m in answers(house)} == {"done"}


def status_of(house: House, message: Row[Any]) -> tuple[Tone, str]:
    """What people are shown of a message's state."""
    with house.inst.db.read() as tx:
        shown = message_detail(tx, message.id, None)
    assert shown is not None
    return shown.row.status.tone, shown.row.status.detail


def order_status(house: House, message: Row[Any]) -> Status:
    """What people are shown of the order that a message is about."""
    with house.inst.db.read() as tx:
        shown = order_detail(tx, message.order_id, None)
    assert shown is not None
    return shown.row.status


@both
def test_an_interchange_that_is_refused_waits_as_one_and_is_replayed_as_it_was(house: House, mailbox: Side) -> None:
    drop(house, mailbox, orders("A1", "A2"))
    mailbox.peer.fail(Rejected("the folder is full"))
    slot(house)
    assert house.parked() == ["connector.rejected"], "one matter, though it holds two documents"
    (file,) = files(house)
    told = [row.order_id for row in house.events("delivery.refused")]
    assert sorted(told) == sorted(m.order_id for m in answers(house)), "each order tells of it"
    waits = (Tone.FAILED, "waits with its interchange, which is parked")
    for one in answers(house):
        assert status_of(house, one) == waits and order_status(house, one).tone is Tone.FAILED
    house.clock.forward(24 * HOUR)
    house.drain()
    assert len([e for e in mailbox.peer.pushed if e.kind == "acknowledgement"]) == 1
    actions.replay_message(house.inst, file.id, ACTOR)
    house.drain()
    assert numbers_of(mailbox) == [["A1", "A2"]]
    assert mailbox.peer.of("acknowledgement")[0].payload == house.body(file.id)
    assert house.parked() == [] and {m.state for m in answers(house)} == {"done"}
    for one in answers(house):
        assert status_of(house, one) == (Tone.DONE, "") and order_status(house, one).tone is Tone.FLOWING


def test_an_interchange_that_is_let_be_takes_its_documents_with_it(house: House, mailbox: Side) -> None:
    drop(house, mailbox, orders("A1", "A2"))
    mailbox.peer.fail(Rejected("the folder is full"))
    slot(house)
    (file,) = files(house)
    actions.ignore_message(house.inst, file.id, "told by telephone", ACTOR)
    house.clock.forward(24 * HOUR)
    house.drain()
    assert {m.state for m in [*answers(house), *files(house)]} == {"withdrawn"}
    assert numbers_of(mailbox) == [] and {job.state for job in house.jobs(kind="deliver")} == {"done"}


def test_a_shadowed_connection_is_sent_nothing(house: House, mailbox: Side) -> None:
    drop(house, mailbox, orders("A1", "A2"))
    actions.set_mode(house.inst, mailbox.id, "shadow", ACTOR)
    slot(house)
    assert numbers_of(mailbox) == [] and {(m.state, m.reason) for m in answers(house)} == {("done", "effect.shadow")}


# -- acknowledged ---------------------------------------------------------------------------------------------------


def test_a_997_that_rejects_one_set_leaves_the_others_accepted(house: House, mailbox: Side) -> None:
    drop(house, mailbox, orders("A1", "A2"))
    slot(house)
    group = answers(house)[0].control.split("/")[1]
    said = acknowledgement("PR", int(group), "P").replace(
        "AK9*P*1*1*1", "AK2*855*0001~AK5*A~AK2*855*0002~AK5*R*5~AK9*P*2*2*1"
    )
    said = said.replace("SE*4", "SE*8")
    drop(house, mailbox, interchange(said, number=9, functional_id="FA"), "fa.edi")
    accepted, rejected = answers(house)
    assert (accepted.state, accepted.acknowledged) == ("done", "accepted")
    assert (rejected.state, rejected.reason) == ("parked", "acknowledgement.rejected")
    actions.replay_message(house.inst, rejected.id, ACTOR)
    slot(house)
    assert numbers_of(mailbox) == [["A1", "A2"], ["A2"]]
    assert answers(house)[-1].control != rejected.control and house.parked() == []


def test_a_997_that_rejects_the_group_sets_every_document_aside(house: House, mailbox: Side) -> None:
    drop(house, mailbox, orders("A1", "A2"))
    slot(house)
    group = answers(house)[0].control.split("/")[1]
    drop(house, mailbox, interchange(acknowledgement("PR", int(group), "R"), number=9, functional_id="FA"), "fa.edi")
    assert house.parked() == ["acknowledgement.rejected"] * 2
    assert [file.state for file in files(house)] == ["done"]


# -- by itself, at its time, under the right ids --------------------------------------------------------------------


def test_each_document_can_have_its_own_interchange_at_its_time(house: House, mailbox: Side) -> None:
    agree(house, batch="each")
    drop(house, mailbox, orders("A1", "A2"))
    assert numbers_of(mailbox) == []
    slot(house)
    assert sorted(numbers_of(mailbox)) == [["A1"], ["A2"]] and files(house) == []


def test_the_envelope_is_written_as_the_partner_has_it(house: House, mailbox: Side) -> None:
    agree(house, batch="", schedule="", line_breaks="lf", group_sender="HUBGS", **{"delimiters.terminator": r"\x1c"})
    partners.agree(house.inst, "Buyer", "855", "out", given={"request_acknowledgement": "yes"}, actor=ACTOR,
                   version="005010")  # fmt: skip
    drop(house, mailbox, orders("A1"))
    (effect,) = mailbox.peer.of("acknowledgement")
    (one,) = examine(effect.payload)
    (group,) = one.groups
    assert effect.payload.count(b"\x1c\n") == effect.payload.count(b"\n") and one.part(11) == "^"
    assert (group.version, group.part(2), group.part(3), one.part(14)) == ("005010", "HUBGS", "BUYER", "1")


def test_an_answer_goes_under_the_ids_that_the_order_came_under(house: House, mailbox: Side) -> None:
    agree(house, batch="", schedule="")
    ids = {"qualifier": "ZZ", "value": "BUYER2", "own_qualifier": "ZZ", "own_value": "EAST", "test": False}
    partners.add_ids(house.inst, "Buyer", {**ids, "location": None}, ACTOR)
    drop(house, mailbox, interchange(purchase_order("A1"), sender="BUYER2", receiver="EAST"))
    ((envelope, _),) = sent(mailbox, "855")
    assert (envelope.part(6), envelope.part(8)) == ("EAST", "BUYER2")


def test_a_grammar_of_the_partners_own_counts_when_we_write(house: House, mailbox: Side) -> None:
    root = house.inst.config.mappings[0] / "grammars"
    assert (root / "six_digits" / "x12" / "elements.yaml").is_file()
    agree(house, batch="", schedule="")
    partners.set_settings(house.inst, "Buyer", {"grammars": "six_digits"}, ACTOR)
    drop(house, mailbox, orders("A1", "123456"))
    assert numbers_of(mailbox) == [["123456"]] and "edi.not-writable" in house.parked()


# -- EDIFACT --------------------------------------------------------------------------------------------------------


@pytest.fixture
def european(house: House, mailbox: Side) -> Side:
    """The same mailbox, with a partner who writes EDIFACT and gets answers and despatch advices."""
    edifact_partner(house, mailbox, answered=True, sscc_prefix="4012345")
    agree_in_europe(house, "DESADV", syntax="UNOA:2", una="always", replacement="-", line_breaks="crlf")
    return mailbox


def agree_in_europe(house: House, set_id: str, version: str | None = None, **settings: str) -> None:
    partners.agree(house.inst, "European buyer", set_id, "out", given=settings, actor=ACTOR, version=version)


def european_files(mailbox: Side, kind: str) -> list[bytes]:
    """The partner's files of a kind, each without a fault."""
    for effect in mailbox.peer.of(kind):
        for one in examine_edifact(effect.payload):
            assert [f for f in one.all_findings() if f.is_error] == []
    return [effect.payload for effect in mailbox.peer.of(kind)]


def order_in_europe(house: House, mailbox: Side, *messages: str, number: str = "1") -> None:
    mailbox.peer.put(Document("edi", f"{number}.edi", edifact(*messages, number=number), format="edifact"))
    house.run()


def test_edifact_orders_are_answered_and_despatch_advised(house: House, european: Side) -> None:
    order_in_europe(house, european, edifact_order("A1", extra="PRI+AAA:9.25"))
    ours = answers(house)[0]
    assert (ours.control, ours.set_control, ours.state) == ("ORDRSP/1", "1", "done") and ours.acknowledge_by
    (answer,) = european_files(european, "acknowledgement")
    assert answer.startswith(b"UNB+UNOC:3+HUB:14+BUYER:14+260302:") and b"++++1'UNH+1+ORDRSP:D:96A:UN'" in answer
    depot = house.sides["Depot"]
    row = depot.peer.of("fulfillment")[0].json["lines"][0]
    house.ship(depot, "S1", package("1", {"line": row["line"], "quantity": 2}))
    house.run()
    (advice,) = european_files(european, "shipment")
    assert advice.startswith(b"UNA:+.? '\r\nUNB+UNOA:2+HUB:14+BUYER:14+") and b"GIN+BJ+0401234500000000" in advice
    assert house.parked() == []


def test_edifact_goes_together_with_the_partners_own_marks(house: House, european: Side) -> None:
    agree_in_europe(house, "ORDRSP", "D.01B", batch="together", schedule="0 * * * *", association="EAN009",
                    request_acknowledgement="no", **{"delimiters.decimal": ","})  # fmt: skip
    order_in_europe(house, european, edifact_order("A1", extra="PRI+AAA:9.25"), edifact_order("A2", reference="2"))
    slot(house)
    (file,) = european_files(european, "acknowledgement")
    assert file.startswith(b"UNA:+,? 'UNB+") and b"PRI+AAA:9,25'" in file and b"UNZ+2+1'" in file
    assert file.count(b"ORDRSP:D:01B:UN:EAN009'") == 2 and b"++++1'UNH" not in file
    assert [(m.control, m.set_control, m.state) for m in answers(house)] == [
        ("ORDRSP/1", "1", "done"), ("ORDRSP/1", "2", "done"),
    ]  # fmt: skip


def test_edifact_that_the_character_set_lacks_is_set_aside(house: House, european: Side) -> None:
    agree_in_europe(house, "ORDRSP", syntax="UNOA:2")
    order_in_europe(house, european, edifact_order("a1"))
    assert house.parked() == ["edi.not-writable"] and european_files(european, "acknowledgement") == []


# -- to a warehouse -------------------------------------------------------------------------------------------------


@pytest.fixture
def dock(house: House) -> Side:
    """A warehouse that gets its shipping orders together, on the hour."""
    side = house.add("dock", "Dock")
    warehouse(house, side, schedule="0 * * * *", batch="together")
    return side


def test_a_cancel_never_overtakes_the_interchange_that_its_create_stands_in(house: House, dock: Side) -> None:
    shop = house.shop()
    first = house.order(shop, "o1")
    house.order(shop, "o2")
    dock.peer.fail(Retry("no answer", after=2 * HOUR))
    slot(house)
    assert dock.peer.effects == [] and len(files(house)) == 1
    actions.cancel_order(house.inst, first, "changed his mind", ACTOR)
    slot(house)
    assert dock.peer.effects == [], "the cancel waits behind what it cancels"
    for _ in range(3):
        slot(house)
    assert [effect.kind for effect in dock.peer.effects] == ["fulfillment", "cancellation"]
    assert [[w05[1] for w05 in segments(tree, "W05")] for _, tree in sent(dock, "940")] == [["N"], ["N"], ["F"]]


def test_what_is_cancelled_before_its_slot_is_not_sent(house: House, dock: Side) -> None:
    shop = house.shop()
    order = house.order(shop, "o1")
    house.order(shop, "o2")
    actions.cancel_order(house.inst, order, "changed his mind", ACTOR)
    slot(house)
    assert len(sent(dock, "940")) == 1 and house.sums(order).cancelled == 2
