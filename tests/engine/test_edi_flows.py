"""Purchase orders in, acknowledgements and ship notices out, and every way in which a file can be wrong."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from hub.edi.partner.sscc import is_valid
from hub.flows import actions
from hub.flows.edi import answers
from hub.flows.mappings import tables
from hub.flows.partners import partners
from hub.ledger import Quantities
from hub.sdk import Document, Rejected
from hub.store.tables import control_numbers, orders
from tests.engine.scripted import both
from tests.engine.scripted.edi import acknowledgement, interchange, partner, purchase_order, segments, sent
from tests.engine.scripted.house import ACTOR, House, Side, package


def drop(house: House, mailbox: Side, body: bytes, name: str = "one.edi") -> None:
    """The partner drops a file."""
    mailbox.peer.put(Document("edi", name, body, format="x12"))
    house.run()


@pytest.fixture
def mailbox(house: House) -> Side:
    """The partner's mailbox; a depot stands ready."""
    side = house.add("mailbox", "Mailbox")
    house.depot()
    return side


def order_of(house: House, number: str) -> int:
    return house.rows(select(orders.c.id).where(orders.c.number == number))[0][0]


@both
def test_purchase_orders_are_split_acknowledged_answered_and_shipped(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    drop(house, mailbox, interchange(purchase_order("A1"), purchase_order("A2", control="0002")))
    depot = house.sides["Depot"]
    assert len(depot.peer.of("fulfillment")) == 2 and house.parked() == []
    ((envelope, answer),) = sent(mailbox, "997")
    assert envelope.part(6).strip() == "HUB" and envelope.part(15) == "P"
    assert segments(answer, "AK9")[0][1:] == ("A", "2", "2", "2")
    assert [segments(tree, "BAK")[0][2:4] for _, tree in sent(mailbox, "855")] == [("AD", "A1"), ("AD", "A2")]
    for number, effect in enumerate(list(depot.peer.of("fulfillment"))):
        row = effect.json["lines"][0]
        house.ship(depot, f"S{number}", package("1", {"line": row["line"], "quantity": 2}),
                   reference=effect.json["reference"])  # fmt: skip
    house.run()
    notices = [tree for _, tree in sent(mailbox, "856")]
    assert [segments(tree, "PRF")[0][1] for tree in notices] == ["A1", "A2"]
    labels = [str(man[2]) for tree in notices for man in segments(tree, "MAN") if man[1] == "GM"]
    assert len(set(labels)) == 2 and all(is_valid(label[2:]) for label in labels)
    parent = house.messages(kind="edi")[0]
    assert parent.documents == 2 and {m.parent_id for m in house.messages(via="split")} == {parent.id}


@both
def test_the_acknowledgement_is_sealed_with_the_documents(
    house: House, mailbox: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner(house, mailbox)

    def fails(*args: object) -> None:
        raise RuntimeError("after the documents were stored")

    with monkeypatch.context() as broken:
        broken.setattr(answers, "owe", fails)
        drop(house, mailbox, interchange(purchase_order("A1")))
    assert house.messages(via="split") == [] and house.messages(direction="out") == []
    (parked,) = house.messages(state="parked")
    actions.replay_message(house.inst, parked.id, ACTOR)
    house.drain()
    assert len(sent(mailbox, "997")) == 1 and len(house.messages(via="split")) == 1


def test_an_acknowledgement_never_changes_with_a_mapping_failure_or_a_replay(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    drop(house, mailbox, interchange(purchase_order("A1", "PO1*1*2*EA*9.25**IN*77")))
    assert house.parked() == ["mapping.lookup-missing"] and len(sent(mailbox, "997")) == 1
    tables.set_row(house.inst, "buyer_items", "77", "MUG", ACTOR)
    house.drain()
    assert house.parked() == [] and len(sent(mailbox, "997")) == 1 and len(sent(mailbox, "855")) == 1


@both
def test_story_48_one_rejected_set_leaves_the_others_and_is_answered(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    broken = purchase_order("A2", control="0002").replace("BEG*00*SA*A2**20260302~", "")
    drop(house, mailbox, interchange(purchase_order("A1"), broken, purchase_order("A3", control="0003")))
    assert house.parked() == ["edi.rejected"]
    assert len(house.sides["Depot"].peer.of("fulfillment")) == 2
    ((_, answer),) = sent(mailbox, "997")
    assert [ak5[1] for ak5 in segments(answer, "AK5")] == ["A", "R", "A"]
    assert segments(answer, "AK9")[0][1] == "P"


@both
def test_story_48_an_unknown_partner_is_named_and_the_file_is_kept(house: House, mailbox: Side) -> None:
    body = interchange(purchase_order("A1"))
    drop(house, mailbox, body)
    (message,) = house.messages(state="parked")
    assert message.reason == "edi.unknown-partner" and "ZZ:BUYER" in message.problem["detail"]
    assert house.body(message.id) == body and mailbox.peer.effects == []
    partner(house, mailbox)
    actions.replay_message(house.inst, message.id, ACTOR)
    house.drain()
    assert house.parked() == [] and len(sent(mailbox, "997")) == 1


def test_story_15_a_purchase_order_without_any_party_is_an_order(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    nobody = purchase_order("A1").replace("N1*ST*STORE 7*92*0007~N3*1 MAIN ST~N4*AMES*IA*50010~", "")
    drop(house, mailbox, interchange(nobody.replace("SE*8", "SE*5")))
    assert house.parked() == [] and len(house.sides["Depot"].peer.of("fulfillment")) == 1
    assert len(sent(mailbox, "855")) == 1


def test_a_set_without_agreement_is_parked_and_acknowledged(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    other = purchase_order("A1").replace("ST*850", "ST*875")
    drop(house, mailbox, interchange(other))
    assert set(house.parked()) <= {"edi.no-agreement", "edi.rejected"} and len(house.parked()) == 1


@both
def test_story_48_one_unknown_partner_in_a_file_holds_up_no_other(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    theirs = interchange(purchase_order("A1"), number=7, sender="STRANGER")
    drop(house, mailbox, theirs + interchange(purchase_order("A2"), number=8))
    assert house.parked() == ["edi.unknown-partner"] and order_of(house, "A2")
    assert len(house.sides["Depot"].peer.of("fulfillment")) == 1
    ((envelope, _),) = sent(mailbox, "997")
    assert envelope.part(8).strip() == "BUYER", "nobody answers a stranger"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"PO;4711;MUG;2\n", "edi.unreadable"),
        (b"\x00\xff not text at all", "edi.unreadable"),
        (b" \r\n", "edi.unreadable"),
        (interchange(purchase_order("A1"))[:-20], "edi.interchange-broken"),
        (interchange(purchase_order("A1"), sender="STRANGER"), "edi.unknown-partner"),
        (interchange(purchase_order("A1").replace("~BEG*00*SA*A1**20260302", "")), "edi.rejected"),
    ],
    ids=["no-edi", "no-text", "blank", "cut-off", "stranger", "no-beg"],
)
def test_story_44_bytes_are_kept_before_any_check(house: House, mailbox: Side, body: bytes, reason: str) -> None:
    partner(house, mailbox)
    drop(house, mailbox, body)
    (message,) = house.messages(kind="edi")
    assert house.body(message.id) == body and house.parked() == [reason]


@both
def test_a_resent_interchange_is_taken_in_once(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    body = interchange(purchase_order("A1"))
    drop(house, mailbox, body)
    drop(house, mailbox, body, "again.edi")
    assert [m.reason for m in house.messages(kind="edi")] == [None, "edi.duplicate"]
    assert len(house.sides["Depot"].peer.of("fulfillment")) == 1 and len(sent(mailbox, "997")) == 1


def test_the_same_control_numbers_with_other_content_wait_for_a_person(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    drop(house, mailbox, interchange(purchase_order("A1")))
    drop(house, mailbox, interchange(purchase_order("B1")), "other.edi")
    assert house.parked() == ["edi.duplicate-control"]
    (message,) = house.messages(state="parked")
    actions.replay_message(house.inst, message.id, ACTOR)
    house.drain()
    assert house.parked() == [] and order_of(house, "B1")


def test_the_same_order_under_new_control_numbers_is_the_same_order(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    drop(house, mailbox, interchange(purchase_order("A1")))
    drop(house, mailbox, interchange(purchase_order("A1"), number=2), "two.edi")
    assert house.parked() == [] and house.messages(via="split")[1].reason == "edi.duplicate-content"
    drop(house, mailbox, interchange(purchase_order("A1", "PO1*1*5*EA*9.25**VN*MUG"), number=3), "three.edi")
    assert house.parked() == ["order.same-number"]
    drop(house, mailbox,
         interchange(purchase_order("A1", "PO1*1*5*EA*9.25**VN*MUG", purpose="05"), number=4), "four.edi")  # fmt: skip
    assert house.sums(order_of(house, "A1")) == Quantities(ordered=5, allocated=5)


def test_a_cancel_before_its_order_waits_for_it(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    drop(house, mailbox, interchange(purchase_order("A1", purpose="01")))
    assert house.parked() == ["order.original-missing"]
    drop(house, mailbox, interchange(purchase_order("A1"), number=2), "two.edi")
    assert house.parked() == [] and house.sums(order_of(house, "A1")).cancelled == 2
    assert house.sides["Depot"].peer.of("fulfillment") == []


# -- test data ------------------------------------------------------------------------------------------------------


@both
def test_test_data_never_becomes_production(house: House, mailbox: Side) -> None:
    partner(house, mailbox, test=True)
    drop(house, mailbox, interchange(purchase_order("A1")))
    real = order_of(house, "A1")
    replaced = purchase_order("A1", "PO1*1*9*EA*9.25**VN*MUG", purpose="05")
    drop(house, mailbox, interchange(replaced, number=2, usage="T"), "test.edi")
    assert house.sums(real) == Quantities(ordered=2, allocated=2), "the order of the same number is untouched"
    (test,) = house.rows(select(orders).where(orders.c.test))
    assert test.id != real and house.holds(test.id) == ["hold.test-order"]
    assert len(house.sides["Depot"].peer.of("fulfillment")) == 1
    assert [one.part(15) for one, _ in sent(mailbox, "997")] == ["P", "T"]


def test_test_data_stays_test_data_whatever_the_mapping_says(house: House, mailbox: Side, tmp_path) -> None:  # type: ignore[no-untyped-def]
    partner(house, mailbox, test=True)
    (tmp_path / "x12").mkdir()
    (tmp_path / "x12" / "850.in.yaml").write_text("extends: base/850\nremove: [test]\nrows: {}\n")
    (tmp_path / "base").mkdir()
    shipped = house.inst.mappings.find("x12/850.in")
    (tmp_path / "base" / "850.yaml").write_text(shipped.read_text())
    house.inst.mappings.paths.insert(0, tmp_path)
    house.inst.mappings.reload()
    drop(house, mailbox, interchange(purchase_order("A1"), usage="T"))
    assert house.holds(order_of(house, "A1")) == ["hold.test-order"]


def test_test_data_of_a_partner_that_agreed_on_none_is_refused(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    drop(house, mailbox, interchange(purchase_order("A1"), usage="T"))
    assert house.parked() == ["edi.unknown-partner"]


# -- acknowledgements of ours ---------------------------------------------------------------------------------------


def group_of(house: House, kind: str) -> int:
    (message,) = house.messages(direction="out", kind=kind)
    return int(message.control.split("/")[1])


@pytest.mark.parametrize(("code", "verdict"), [("A", "accepted"), ("E", "errors"), ("R", "rejected")])
def test_a_997_is_matched_with_what_was_sent(house: House, mailbox: Side, code: str, verdict: str) -> None:
    partner(house, mailbox)
    drop(house, mailbox, interchange(purchase_order("A1")))
    said = acknowledgement("PR", group_of(house, "acknowledgement"), code)
    drop(house, mailbox, interchange(said, number=2, functional_id="FA"), "fa.edi")
    (message,) = house.messages(kind="acknowledgement")
    assert message.acknowledged == verdict
    assert house.parked() == (["acknowledgement.rejected"] if code == "R" else [])
    assert len(sent(mailbox, "997")) == 1, "a 997 is not answered"


@both
def test_story_51_the_same_997_is_read_once(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    drop(house, mailbox, interchange(purchase_order("A1")))
    body = interchange(acknowledgement("PR", group_of(house, "acknowledgement")), number=2, functional_id="FA")
    for name in ("fa.edi", "fa2.edi"):
        drop(house, mailbox, body, name)
    assert len(house.events("acknowledgement.received")) == 1
    assert [m.reason for m in house.messages(kind="edi")] == [None, None, "edi.duplicate"]


def test_story_51_our_own_997_read_again_is_no_partners(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    drop(house, mailbox, interchange(purchase_order("A1")))
    own = next(effect.payload for effect in mailbox.peer.effects if effect.kind == "functional_acknowledgement")
    drop(house, mailbox, own, "own.edi")
    assert house.parked() == ["edi.unknown-partner"] and len(sent(mailbox, "997")) == 1


def test_a_997_about_nothing_we_sent_is_parked(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    drop(house, mailbox, interchange(acknowledgement("PR", 99), functional_id="FA"))
    assert house.parked() == ["acknowledgement.unmatched"]


def test_a_997_that_was_refused_is_sent_again_as_it_was(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    mailbox.peer.fail(Rejected("the folder is full"))
    drop(house, mailbox, interchange(purchase_order("A1")))
    (message,) = house.messages(state="parked")
    assert message.kind == "functional_acknowledgement"
    actions.replay_message(house.inst, message.id, ACTOR)
    house.drain()
    assert house.parked() == [] and len(sent(mailbox, "997")) == 1
    pushed = [e for e in mailbox.peer.pushed if e.kind == "functional_acknowledgement"]
    assert len({e.payload for e in pushed}) == 1


# -- numbers and units ----------------------------------------------------------------------------------------------


def test_control_numbers_count_up_per_receiver(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    for number in range(1, 4):
        drop(house, mailbox, interchange(purchase_order(f"A{number}"), number=number), f"{number}.edi")
    numbers = [int(one.part(13)) for set_id in ("997", "855") for one, _ in sent(mailbox, set_id)]
    assert sorted(numbers) == list(range(1, 7)), "none is left out, none is used twice"
    assert 6 in [row.last for row in house.rows(select(control_numbers))]


def test_control_numbers_begin_again_behind_the_largest(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    drop(house, mailbox, interchange(purchase_order("A1")))
    with house.inst.db.write() as tx:
        tx.execute(update(control_numbers).values(last=999_999_999))
    drop(house, mailbox, interchange(purchase_order("A2"), number=2), "two.edi")
    numbers = [int(one.part(13)) for set_id in ("997", "855") for one, _ in sent(mailbox, set_id)]
    assert sorted(numbers) == [1, 1, 2, 2] and house.parked() == []
    assert {m.control for m in house.messages(direction="out") if m.control} == {"FA/1", "PR/1"}


def test_an_sscc_is_not_given_twice(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    drop(house, mailbox, interchange(purchase_order("A1", "PO1*1*6*EA*1**VN*MUG")))
    depot = house.sides["Depot"]
    row = depot.peer.of("fulfillment")[0].json["lines"][0]
    for number in range(3):
        one, two = ({"line": row["line"], "quantity": 1} for _ in range(2))
        house.ship(depot, f"S{number}", package("1", one), package("2", two))
        house.run()
    labels = [man[2] for _, tree in sent(mailbox, "856") for man in segments(tree, "MAN") if man[1] == "GM"]
    assert len(labels) == 6 == len(set(labels))


@both
def test_answers_go_back_in_the_partners_unit(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    drop(house, mailbox, interchange(purchase_order("A1", "PO1*1*3*CA*90**VN*MUG~PO4*12")))
    depot = house.sides["Depot"]
    assert depot.peer.of("fulfillment")[0].json["lines"][0]["quantity"] == 36
    assert house.sums(order_of(house, "A1")).ordered == 36
    ((_, answer),) = sent(mailbox, "855")
    assert segments(answer, "ACK")[0][1:4] == ("IA", "3", "CA")
    row = depot.peer.of("fulfillment")[0].json["lines"][0]
    house.ship(depot, "S1", package("1", {"line": row["line"], "quantity": 24}))
    house.run()
    ((_, notice),) = sent(mailbox, "856")
    assert segments(notice, "SN1")[0][2:4] == ("2", "CA")


def test_part_of_a_pack_cannot_be_told_and_is_parked(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    drop(house, mailbox, interchange(purchase_order("A1", "PO1*1*1*CA*90**VN*MUG~PO4*12")))
    depot = house.sides["Depot"]
    row = depot.peer.of("fulfillment")[0].json["lines"][0]
    house.ship(depot, "S1", package("1", {"line": row["line"], "quantity": 6}))
    house.run()
    assert house.parked() == ["line.not-whole-units"] * 2, "neither the ship notice nor the invoice"
    assert sent(mailbox, "856") == []
    assert house.sums(order_of(house, "A1")).shipped == 6, "what happened is counted all the same"


def test_a_quantity_that_is_no_number_of_base_units_is_parked(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    drop(house, mailbox, interchange(purchase_order("A1", "PO1*1*0.5*EA*90**VN*MUG")))
    assert house.parked() == ["line.not-whole-units"] and len(sent(mailbox, "997")) == 1


def test_partners_of_two_mailboxes_with_equal_numbers_keep_apart(house: House, mailbox: Side) -> None:
    other = house.add("mailbox", "Second")
    partner(house, mailbox)
    ids = [{"qualifier": "ZZ", "value": "BUYER2", "own_qualifier": "ZZ", "own_value": "HUB"}]
    agreements = partners.standard_agreements()
    partners.add_partner(house.inst, other.id, "Other", agreements=agreements, ids=ids, actor=ACTOR)
    drop(house, mailbox, interchange(purchase_order("A1")))
    drop(house, other, interchange(purchase_order("A1"), sender="BUYER2"))
    assert len(house.rows(select(orders))) == 2 and house.parked() == []
    assert len(sent(mailbox, "997")) == 1 == len(sent(other, "997"))


@both
def test_a_partner_who_requests_it_gets_an_interchange_acknowledgement_once(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    body = interchange(purchase_order("A1"))
    drop(house, mailbox, body)
    assert interchange_answers(mailbox) == [], "nobody asked for one"
    requested = interchange(purchase_order("A2"), number=2).replace(b"000000002*0*P", b"000000002*1*P")
    drop(house, mailbox, requested, "two.edi")
    drop(house, mailbox, requested, "two-again.edi")
    assert interchange_answers(mailbox) == [("000000002", "A", "000"), ("000000002", "R", "025")]
    assert len(sent(mailbox, "997")) == 2


def test_a_broken_interchange_is_rejected_in_words_its_sender_understands(house: House, mailbox: Side) -> None:
    partner(house, mailbox, answer_interchanges="errors")
    drop(house, mailbox, interchange(purchase_order("A1")).replace(b"IEA*1*000000001", b"IEA*1*000000009"))
    assert interchange_answers(mailbox) == [("000000001", "R", "001")]
    assert house.parked() == ["edi.interchange-broken"]
    (message,) = house.messages(kind="edi")
    actions.replay_message(house.inst, message.id, ACTOR)
    house.run()
    assert len(interchange_answers(mailbox)) == 1, "what is read again is not answered again"


def interchange_answers(mailbox: Side) -> list[tuple[str, str, str]]:
    """The TA1s that the partner got: of which interchange, its code and its note."""
    rows = [
        effect.payload.decode() for effect in mailbox.peer.effects if b"~TA1*" in effect.payload.replace(b"\n", b"")
    ]
    found = [row.replace("\n", "").split("~TA1*")[1].split("~")[0].split("*") for row in rows]
    return [(row[0], row[3], row[4]) for row in found]


def test_a_partner_is_answered_with_the_set_that_it_wants(house: House, mailbox: Side) -> None:
    partner(house, mailbox, answer="999")
    newer = interchange(purchase_order("A1")).replace(b"*X*004010~", b"*X*005010~").replace(b"*00401*", b"*00501*")
    drop(house, mailbox, newer)
    assert len(sent(mailbox, "999")) == 1 and sent(mailbox, "997") == []


@pytest.mark.parametrize(("strict", "reasons"), [(False, []), (True, ["edi.rejected"])])
def test_a_strict_partner_has_a_document_with_any_fault_rejected(
    house: House, mailbox: Side, strict: bool, reasons: list[str]
) -> None:
    partner(house, mailbox, strict=strict)
    drop(house, mailbox, interchange(purchase_order("A1", extra=["TD5*QQ"])))
    assert house.parked() == reasons
