"""What partners' own settings make of what they send: duplicates, rules, grammars, strictness."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select, update

from hub.errors import Refused
from hub.flows import actions
from hub.flows.partners import partners
from hub.sdk import Document
from hub.store.tables import agreements, orders, partner_ids
from hub.store.tables import partners as partners_table
from tests.engine.scripted import both
from tests.engine.scripted.edi import interchange, partner, purchase_order, segments, sent
from tests.engine.scripted.edifact import edifact, edifact_order, edifact_partner
from tests.engine.scripted.house import ACTOR, House, Side

DAY = 86_400.0


@pytest.fixture
def mailbox(house: House) -> Side:
    """The partners' mailbox; a depot stands ready."""
    side = house.add("mailbox", "Mailbox")
    house.depot()
    return side


def drop(house: House, mailbox: Side, body: bytes, name: str = "one.edi") -> None:
    """The partner drops a file."""
    mailbox.peer.put(Document("edi", name, body, format="edi"))
    house.run()


def agree(house: House, set_id: str, **settings: object) -> None:
    """Settings of the agreement on one set."""
    with house.inst.db.write() as tx:
        tx.execute(update(agreements).where(agreements.c.set_id == set_id).values(settings=settings))


def orders_of(house: House) -> list[str]:
    return [row.number for row in house.rows(select(orders.c.number).order_by(orders.c.id))]


def documents(house: House) -> list[tuple[str, str | None]]:
    return [(m.state, m.reason) for m in house.messages(via="split")]


def requested(*sets: str, number: int = 1) -> bytes:
    """An interchange that asks for a TA1."""
    return interchange(*sets, number=number).replace(b"*0*P*>", b"*1*P*>")


def notes(mailbox: Side) -> list[tuple[str, str]]:
    """Code and note of each TA1 that the partner got."""
    found = [effect.payload.decode().replace("\n", "") for effect in mailbox.peer.effects]
    rows = [text.split("~TA1*")[1].split("~")[0].split("*") for text in found if "~TA1*" in text]
    return [(row[3], row[4]) for row in rows]


# -- duplicates -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "second", "note"),
    [
        ("park", ("parked", "edi.duplicate-control"), ("E", "025")),
        ("ignore", ("ignored", "edi.duplicate-control"), ("R", "025")),
        ("accept", ("done", None), ("A", "000")),
    ],
)
def test_story_42_what_comes_under_used_numbers_is_a_matter_of_the_partner(
    house: House, mailbox: Side, policy: str, second: tuple[str, str | None], note: tuple[str, str]
) -> None:
    partner(house, mailbox, duplicates={"policy": policy})
    drop(house, mailbox, requested(purchase_order("A1")))
    drop(house, mailbox, requested(purchase_order("B1")), "two.edi")
    assert documents(house) == [("done", None), second] and notes(mailbox) == [("A", "000"), note]
    if policy != "accept":
        actions.replay_message(house.inst, house.messages(via="split")[1].id, ACTOR)
        house.drain()
    assert orders_of(house) == ["A1", "B1"], "an operator can take one in"


def test_story_42_a_corrected_document_may_take_the_place_of_a_rejected_one(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    wrong = purchase_order("A2", control="0002").replace("BEG*00*SA*A2**20260302~", "")
    drop(house, mailbox, requested(purchase_order("A1"), wrong))
    drop(house, mailbox, requested(purchase_order("A1"), purchase_order("A2", control="0002")), "corrected.edi")
    assert orders_of(house) == ["A1", "A2"] and house.parked() == ["edi.rejected"]
    assert [segments(tree, "AK9")[0][1] for _, tree in sent(mailbox, "997")] == ["P", "A"]
    assert notes(mailbox) == [("A", "000"), ("A", "000")]
    assert [m.documents for m in house.messages(kind="edi")] == [2, 1], "the first was there before"


def test_a_number_that_stands_twice_in_one_file_is_a_duplicate_too(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    first = requested(purchase_order("A1"))
    drop(house, mailbox, first + first + requested(purchase_order("B1")))
    assert documents(house) == [("done", None), ("parked", "edi.duplicate-control")]
    assert notes(mailbox) == [("A", "000"), ("R", "025"), ("E", "025")]
    assert house.messages(kind="edi")[0].documents == 2 and len(sent(mailbox, "997")) == 2


def test_what_waits_under_used_numbers_is_taken_in_when_it_comes_under_new_ones(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    drop(house, mailbox, interchange(purchase_order("A1")))
    drop(house, mailbox, interchange(purchase_order("B1")), "two.edi")
    drop(house, mailbox, interchange(purchase_order("B1"), number=2), "renumbered.edi")
    assert orders_of(house) == ["A1", "B1"] and house.parked() == ["edi.duplicate-control"]


def test_an_agreement_counts_before_the_partner(house: House, mailbox: Side) -> None:
    partner(house, mailbox, duplicates={"policy": "park"})
    agree(house, "850", duplicates={"policy": "accept"})
    drop(house, mailbox, interchange(purchase_order("A1")))
    drop(house, mailbox, interchange(purchase_order("B1")), "two.edi")
    assert orders_of(house) == ["A1", "B1"]


def test_numbers_are_remembered_for_as_long_as_the_partner_has_it(house: House, mailbox: Side) -> None:
    partner(house, mailbox, duplicates={"days": 30})
    first = interchange(purchase_order("A1"))
    drop(house, mailbox, first)
    house.clock.forward(20 * DAY)
    drop(house, mailbox, interchange(purchase_order("B1")), "two.edi")
    drop(house, mailbox, first, "again.edi")
    assert house.parked() == ["edi.duplicate-control"] and house.messages(kind="edi")[2].reason == "edi.duplicate"
    house.clock.forward(31 * DAY)
    drop(house, mailbox, interchange(purchase_order("C1")), "three.edi")
    assert orders_of(house) == ["A1", "C1"]
    house.clock.forward(31 * DAY)
    drop(house, mailbox, first, "much-later.edi")
    assert house.messages(via="split")[-1].reason == "revision.same", "it is new as a document, and the order is known"


def test_a_test_and_a_real_interchange_may_have_one_number(house: House, mailbox: Side) -> None:
    partner(house, mailbox, test=True)
    drop(house, mailbox, interchange(purchase_order("A1"), usage="T"))
    drop(house, mailbox, interchange(purchase_order("A1")), "two.edi")
    assert documents(house) == [("done", None)] * 2
    tests = house.rows(select(orders.c.test).order_by(orders.c.id))
    assert [row.test for row in tests] == [True, False]


# -- rules ----------------------------------------------------------------------------------------------------------


def test_rules_decide_what_is_an_error_per_partner_and_agreement(house: House, mailbox: Side) -> None:
    partner(house, mailbox, strict=True)
    lengths = ["PER*BD*" + "X" * 61, "TD5*QQ*2*X"]
    drop(house, mailbox, interchange(purchase_order("A1", extra=lengths)))
    rules = {"edi.element-too-short TD503": "ignore", "edi.element-too-long": "error"}
    agree(house, "850", rules=rules)
    drop(house, mailbox, interchange(purchase_order("A2", extra=lengths), number=2), "two.edi")
    agree(house, "850", rules={**rules, "edi.element-too-long": "warning"})
    drop(house, mailbox, interchange(purchase_order("A3", extra=lengths), number=3), "three.edi")
    assert orders_of(house) == ["A3"] and house.parked() == ["edi.rejected"] * 2
    faults = [[ak4[1] for ak4 in segments(tree, "AK4")] for _, tree in sent(mailbox, "997")]
    assert faults == [["2", "3"], ["2"], []]


def test_one_set_may_be_judged_more_strictly_than_the_rest(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    lesser = purchase_order("A1", extra=["TD5*QQ"])
    drop(house, mailbox, interchange(lesser))
    agree(house, "850", strict=True)
    drop(house, mailbox, interchange(lesser.replace("A1", "A2"), number=2), "two.edi")
    assert orders_of(house) == ["A1"] and house.parked() == ["edi.rejected"]


def test_what_only_our_description_lacks_is_never_told_and_may_be_held(house: House, mailbox: Side) -> None:
    partner(house, mailbox, strict=True, rules={"edi.code-undescribed BEG02": "error"})
    drop(house, mailbox, interchange(purchase_order("A1").replace("*SA*", "*QQ*")))
    assert house.parked() == ["edi.against-rules"] and orders_of(house) == []
    assert [segments(tree, "AK9")[0][1] for _, tree in sent(mailbox, "997")] == ["A"]
    actions.replay_message(house.inst, house.messages(state="parked")[0].id, ACTOR)
    house.drain()
    assert orders_of(house) == ["A1"]


def test_rules_reach_the_envelope(house: House, mailbox: Side) -> None:
    partner(house, mailbox, rules={"edi.group-count-wrong": "warning"})
    drop(house, mailbox, interchange(purchase_order("A1")).replace(b"IEA*1*", b"IEA*2*"))
    assert orders_of(house) == ["A1"] and house.parked() == []


def test_a_partner_is_judged_by_grammars_of_its_own(house: House, mailbox: Side) -> None:
    partner(house, mailbox, strict=True, grammars=["short_cities"])
    ids = [{"qualifier": "ZZ", "value": "OTHER", "own_qualifier": "ZZ", "own_value": "HUB"}]
    partners.add_partner(house.inst, mailbox.id, "Other", agreements=partners.standard_agreements(), ids=ids,
                         settings={"strict": True, "currency": "USD"}, actor=ACTOR)  # fmt: skip
    theirs = interchange(purchase_order("B1"), sender="OTHER")
    drop(house, mailbox, interchange(purchase_order("A1")) + theirs)
    assert orders_of(house) == ["B1"] and house.parked() == ["edi.rejected"], "AMES is too long a city for the first"
    ((_, rejected), (_, accepted)) = sent(mailbox, "997")
    assert segments(rejected, "AK4")[0][1:4] == ("1", "19", "5") and segments(accepted, "AK4") == []


def test_a_grammar_that_is_missing_holds_up_its_own_partner_alone(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    with house.inst.db.write() as tx:  # its folder is gone since it was saved
        tx.execute(update(partners_table).values(settings={"grammars": ["not_there"]}))
    edifact_partner(house, mailbox)
    drop(house, mailbox, interchange(purchase_order("A1")))
    drop(house, mailbox, edifact(edifact_order("B1")), "two.edi")
    (parked,) = house.messages(state="parked")
    assert parked.reason == "edi.grammar-invalid" and "not_there" in parked.problem["detail"]
    assert orders_of(house) == ["B1"] and mailbox.peer.of("functional_acknowledgement") == []


# -- what stands beside the documents -------------------------------------------------------------------------------


def test_what_could_not_be_read_beside_the_interchanges_is_told(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    torn = interchange(purchase_order("A2"), number=2)[60:]
    drop(house, mailbox, interchange(purchase_order("A1")) + torn)
    assert orders_of(house) == ["A1"] and house.parked() == ["edi.outside-interchange"]


def test_lines_of_a_network_around_the_interchanges_can_be_ignored(house: House, mailbox: Side) -> None:
    partner(house, mailbox, rules={"edi.data-outside-interchange": "ignore"})
    drop(house, mailbox, b"//BATCH FROM=BUYER TO=HUB//\n" + interchange(purchase_order("A1")))
    assert orders_of(house) == ["A1"] and house.parked() == []


@both
def test_what_no_column_can_hold_stops_nothing(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    odd = purchase_order("A2", control="0" * 80).replace("ST*850", "ST*8\x0050")
    foreign = purchase_order("A3", control="0003", extra=["Z\x00*1"])
    drop(house, mailbox, interchange(purchase_order("A1"), odd, foreign))
    assert orders_of(house) == ["A1"] and house.parked() == ["edi.rejected"] * 2
    assert house.messages(state="parked")[0].set_id == "8?50"
    drop(house, mailbox, interchange(purchase_order("A4"), sender="BU\x00YER"), "two.edi")
    assert "ZZ:BU?YER" in house.messages(kind="edi")[1].problem["detail"]


def test_an_interchange_without_a_document_is_no_duplicate(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    drop(house, mailbox, re.sub(rb"GS\*.*IEA\*1", b"IEA*0", interchange(purchase_order("A1"))))
    assert [m.reason for m in house.messages(kind="edi")] == ["edi.empty"]


def test_story_45_delimiters_version_and_answer_are_those_of_the_document(house: House, mailbox: Side) -> None:
    partner(house, mailbox, answer_interchanges="always")
    newer = interchange(purchase_order("A1")).replace(b"*X*004010~", b"*X*005010~").replace(b"*U*00401*", b"*^*00501*")
    body = newer.replace(b"*", b"|").replace(b"~", b"\x1e")
    drop(house, mailbox, body)
    assert orders_of(house) == ["A1"] and house.parked() == []
    ((envelope, answer),) = sent(mailbox, "997")
    assert (envelope.part(11), envelope.part(12), answer.version) == ("^", "00501", "005010")
    assert (envelope.delimiters.element, envelope.delimiters.terminator) == ("|", "\x1e")
    (_, ta1) = mailbox.peer.of("functional_acknowledgement")
    assert b"TA1|000000001|260302|0900|A|000\x1e" in ta1.payload


def test_an_answer_that_cannot_be_written_holds_up_nothing(house: House, mailbox: Side) -> None:
    edifact_partner(house, mailbox, answer_interchanges="always")
    with house.inst.db.write() as tx:
        tx.execute(update(partner_ids).values(value="KÄUFER"))
    body = edifact(edifact_order("A1"), syntax="UNOB:1").decode().replace("BUYER:14", "KÄUFER:14")
    drop(house, mailbox, body.encode("latin-1"))
    (parked,) = house.messages(state="parked")
    assert orders_of(house) == ["A1"]
    assert (parked.direction, parked.set_id, parked.reason) == ("out", "CONTRL", "edi.not-writable")
    with pytest.raises(Refused) as refused:
        actions.replay_message(house.inst, parked.id, ACTOR)
    assert refused.value.code == "message.written-once"
    actions.ignore_message(house.inst, parked.id, "told by telephone", ACTOR)
    assert house.parked() == []
