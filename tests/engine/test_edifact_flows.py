"""EDIFACT comes in as X12 does: orders, their syntax reports, and what partners' own rules make of them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Row, select, update

from hub.edi.edifact.interchange import Interchange
from hub.edi.edifact.validation import examine
from hub.edi.tree import TransactionSet
from hub.flows.partners.partners import add_partner, standard_agreements
from hub.ledger import Quantities
from hub.sdk import Document
from hub.store.tables import orders
from hub.store.tables import partners as partners_table
from tests.engine.scripted import both
from tests.engine.scripted.edi import interchange as x12_interchange
from tests.engine.scripted.edi import partner as x12_partner
from tests.engine.scripted.edi import purchase_order, segments, sent
from tests.engine.scripted.edifact import THEM, US, edifact, edifact_order, edifact_partner, message
from tests.engine.scripted.house import ACTOR, House, Side, package


@pytest.fixture
def mailbox(house: House) -> Side:
    """The partners' mailbox; a depot stands ready."""
    side = house.add("mailbox", "Mailbox")
    house.depot()
    return side


def drop(house: House, mailbox: Side, body: bytes, name: str = "one.edi") -> None:
    """The partner drops a file."""
    mailbox.peer.put(Document("edi", name, body, format="edifact"))
    house.run()


def reports(mailbox: Side) -> list[tuple[Interchange, TransactionSet]]:
    """The CONTRLs that the partner got, each checked to be without a fault."""
    found = []
    for effect in mailbox.peer.effects:
        for one in examine(effect.payload):
            assert [f for f in one.all_findings() if f.is_error] == []
            found += [(one, s.tree) for s in one.sets if s.set_id == "CONTRL" and s.tree is not None]
    return found


def verdicts(mailbox: Side) -> list[tuple[str, ...]]:
    """What each CONTRL says: our interchange's verdict, its error, then each message's verdict."""
    return [
        (*(str(part) for part in segments(tree, "UCI")[0][4:]), *(str(ucm[3]) for ucm in segments(tree, "UCM")))
        for _, tree in reports(mailbox)
    ]


def number_of(house: House, order_number: str) -> int:
    return house.rows(select(orders.c.id).where(orders.c.number == order_number))[0][0]


@both
def test_orders_are_taken_in_reported_on_and_routed(house: House, mailbox: Side) -> None:
    edifact_partner(house, mailbox)
    body = edifact(edifact_order("A1"), edifact_order("A2", reference="2"), ask=True)
    drop(house, mailbox, body)
    assert house.parked() == [] and len(house.sides["Depot"].peer.of("fulfillment")) == 2
    assert house.sums(number_of(house, "A1")) == Quantities(ordered=2, allocated=2)
    ((envelope, report),) = reports(mailbox)
    assert (envelope.sender, envelope.receiver) == (("14", "HUB"), ("14", "BUYER"))
    assert segments(report, "UCI")[0][1:] == ("1", ("BUYER", "14"), ("HUB", "14"), "7")
    assert [(ucm[1], ucm[3]) for ucm in segments(report, "UCM")] == [("1", "7"), ("2", "7")]
    parent = house.messages(kind="edi")[0]
    documents = house.messages(via="split")
    assert parent.documents == 2 and {m.parent_id for m in documents} == {parent.id}
    assert [(m.format, m.set_id, m.control) for m in documents] == [
        ("edifact", "ORDERS", "1//1"), ("edifact", "ORDERS", "1//2"),
    ]  # fmt: skip
    first = house.body(documents[0].id)
    assert first.startswith(b"UNA:+.? '") and b"UNB+" in first and b"+A1+" in first and b"A2" not in first


def test_a_report_is_sent_where_it_is_asked_for_or_agreed(house: House, mailbox: Side) -> None:
    edifact_partner(house, mailbox)
    drop(house, mailbox, edifact(edifact_order("A1")))
    assert reports(mailbox) == [], "nobody asked for one"
    partner_settings(house, answer_interchanges="always")
    drop(house, mailbox, edifact(edifact_order("A2"), number="2"), "two.edi")
    assert verdicts(mailbox) == [("7", "7")]
    partner_settings(house, answer_interchanges="errors")
    drop(house, mailbox, edifact(edifact_order("A3"), number="3"), "three.edi")
    assert len(reports(mailbox)) == 1


def partner_settings(house: House, **settings: object) -> None:
    with house.inst.db.write() as tx:
        tx.execute(update(partners_table).values(settings={"currency": "EUR", **settings}))


def test_story_48_one_rejected_message_leaves_the_others_and_is_reported(house: House, mailbox: Side) -> None:
    edifact_partner(house, mailbox)
    broken = edifact_order("A2", reference="2").replace("BGM+220+A2+9'", "").replace("UNT+10", "UNT+9")
    body = edifact(edifact_order("A1"), broken, edifact_order("A3", reference="3"), ask=True)
    drop(house, mailbox, body)
    assert house.parked() == ["edi.rejected"] and len(house.sides["Depot"].peer.of("fulfillment")) == 2
    assert verdicts(mailbox) == [("7", "7", "4", "7")]


def test_groups_and_several_interchanges_in_one_file(house: House, mailbox: Side) -> None:
    edifact_partner(house, mailbox)
    body = edifact(edifact_order("A1"), group="G7", ask=True) + edifact(edifact_order("A2"), number="2", ask=True)
    drop(house, mailbox, body)
    assert house.parked() == [] and len(house.sides["Depot"].peer.of("fulfillment")) == 2
    assert [m.control for m in house.messages(via="split")] == ["1/G7/1", "2//1"]
    assert b"UNG+ORDERS+" in house.body(house.messages(via="split")[0].id)
    first, second = (tree for _, tree in reports(mailbox))
    assert [ucf[1] for ucf in segments(first, "UCF")] == ["G7"] and segments(second, "UCF") == []
    assert house.messages(kind="edi")[0].documents == 2


def test_messages_without_an_envelope_are_those_of_the_only_partner(house: House, mailbox: Side) -> None:
    edifact_partner(house, mailbox)
    drop(house, mailbox, edifact_order("A1").encode())
    assert house.parked() == [] and house.sums(number_of(house, "A1")).ordered == 2
    assert reports(mailbox) == [], "there is nobody to answer to"
    drop(house, mailbox, edifact_order("A1").encode(), "again.edi")
    assert house.messages(kind="edi")[1].reason == "edi.duplicate"
    drop(house, mailbox, edifact_order("A2").encode(), "two.edi")
    assert house.parked() == [] and house.sums(number_of(house, "A2")).ordered == 2
    x12_partner(house, mailbox)
    drop(house, mailbox, edifact_order("A3").encode(), "three.edi")
    (parked,) = house.messages(state="parked")
    assert parked.reason == "edi.unknown-partner" and "not just one partner" in parked.problem["detail"]


def test_both_syntaxes_come_through_one_mailbox(house: House, mailbox: Side) -> None:
    edifact_partner(house, mailbox)
    x12_partner(house, mailbox)
    drop(house, mailbox, edifact(edifact_order("A1"), ask=True))
    drop(house, mailbox, x12_interchange(purchase_order("A2")), "x12.edi")
    assert house.parked() == [] and len(house.sides["Depot"].peer.of("fulfillment")) == 2
    assert len(reports(mailbox)) == 1 and len(sent(mailbox, "997")) == 1


def test_one_file_may_hold_both_syntaxes_and_each_is_answered_in_its_own(house: House, mailbox: Side) -> None:
    edifact_partner(house, mailbox)
    x12_partner(house, mailbox)
    body = edifact(edifact_order("A1"), ask=True) + b"\n" + x12_interchange(purchase_order("A2"))
    drop(house, mailbox, body)
    assert house.parked() == [] and len(house.sides["Depot"].peer.of("fulfillment")) == 2
    assert [(m.format, m.set_id) for m in house.messages(via="split")] == [("edifact", "ORDERS"), ("x12", "850")]
    assert len(reports(mailbox)) == 1 and len(sent(mailbox, "997")) == 1
    drop(house, mailbox, body, "again.edi")
    assert house.messages(kind="edi")[1].reason == "edi.duplicate" and len(house.rows(select(orders))) == 2


def test_who_writes_is_told_by_qualifier_id_and_test_indicator(house: House, mailbox: Side) -> None:
    edifact_partner(house, mailbox)
    order = edifact_order("A1")
    others = [edifact(order).replace(b"BUYER:14", b"BUYER:ZZ"), edifact(order).replace(b"HUB:14", b"HUB")]
    for number, body in enumerate([*others, edifact(order, test=True)]):
        drop(house, mailbox, body, f"{number}.edi")
    assert house.parked() == ["edi.unknown-partner"] * 3 and reports(mailbox) == []
    assert "14:BUYER to 14:HUB in test" in house.messages(kind="edi")[2].problem["detail"]


@both
def test_story_39_what_is_resent_is_taken_in_once(house: House, mailbox: Side) -> None:
    edifact_partner(house, mailbox)
    body = edifact(edifact_order("A1"), ask=True)
    drop(house, mailbox, body)
    drop(house, mailbox, body, "again.edi")
    drop(house, mailbox, edifact(edifact_order("A1"), number="2", ask=True), "renumbered.edi")
    assert [m.reason for m in house.messages(kind="edi")] == [None, "edi.duplicate", None]
    assert [m.reason for m in house.messages(via="split")] == [None, "edi.duplicate-content"]
    assert len(house.sides["Depot"].peer.of("fulfillment")) == 1
    assert verdicts(mailbox) == [("7", "7"), ("4", "26"), ("7", "7")]


def test_an_interchange_that_was_cut_off_is_not_taken_in(house: House, mailbox: Side) -> None:
    edifact_partner(house, mailbox)
    drop(house, mailbox, edifact(edifact_order("A1"), ask=True)[:-8])
    assert house.parked() == ["edi.interchange-broken"] and verdicts(mailbox) == [("4", "13")]
    drop(house, mailbox, edifact(edifact_order("A1"), ask=True), "whole.edi")
    assert house.sums(number_of(house, "A1")).ordered == 2


def test_story_46_a_release_character_before_a_terminator_ends_nothing(house: House, mailbox: Side) -> None:
    edifact_partner(house, mailbox)
    drop(house, mailbox, edifact(edifact_order("A1", free="5 ?' 3 ??", quantity=7)))
    assert house.parked() == [] and house.sums(number_of(house, "A1")).ordered == 7
    assert house.rows(select(orders.c.note))[0][0] == "5 ' 3 ?"


def test_story_47_names_are_decoded_by_the_syntax_identifier_or_as_the_partner_has_it(
    house: House, mailbox: Side
) -> None:
    edifact_partner(house, mailbox)
    drop(house, mailbox, edifact(edifact_order("A1", name="Süd"), codec="latin-1"))
    partner_settings(house, character_set="cp852")
    drop(house, mailbox, edifact(edifact_order("A2", name="Süd"), number="2", codec="cp852"), "two.edi")
    assert [effect.json["name"] for effect in house.sides["Depot"].peer.of("fulfillment")] == ["Süd", "Süd"]


def test_an_edifact_partner_is_billed_and_its_refusal_comes_back(house: House, mailbox: Side) -> None:
    aperak = {"direction": "in", "set_id": "APERAK", "kind": "advice", "mapping": "edifact/aperak.in"}
    ids = [{"qualifier": "14", "value": THEM, "own_qualifier": "14", "own_value": US}]
    agreed = [*standard_agreements(standard="edifact"), aperak]
    add_partner(
        house.inst, mailbox.id, "Buyer", ids=ids, agreements=agreed, settings={"sscc_prefix": "0614141"}, actor=ACTOR
    )
    drop(house, mailbox, edifact(edifact_order("A1", extra="PRI+AAA:4.255")))
    depot = house.sides["Depot"]
    row = depot.peer.of("fulfillment")[0].json["lines"][0]
    house.ship(depot, "S1", package("1", {"line": row["line"], "quantity": 2}))
    house.run()
    assert house.parked() == []
    (effect,) = mailbox.peer.of("invoice")
    ((tree,),) = [[s.tree for s in one.sets if s.tree is not None] for one in examine(effect.payload)]
    assert segments(tree, "BGM")[0][1:3] == ("380", "INV-000001")
    assert ("77", "8.51") in [moa[1] for moa in segments(tree, "MOA")]
    refusal = message("APERAK", "BGM+305+R1+9+RE", "RFF+IV:INV-000001", "ERC+12", "FTX+AAO+++Net price differs")
    drop(house, mailbox, edifact(refusal, number="2"), "two.edi")
    (parked,) = house.messages(state="parked")
    assert (parked.kind, parked.reason) == ("invoice", "advice.rejected")
    assert parked.problem["findings"][0]["message"] == "12: Net price differs"


# -- partners' syntax reports of what we sent ------------------------------------------------------------------------


def syntax_report(number: str, verdict: str, *messages: str, own: str) -> bytes:
    """The partner's CONTRL of an interchange of ours."""
    body = [f"UCI+{number}+HUB:14+BUYER:14+{verdict}", *messages]
    return edifact(message("CONTRL", *body, version="D:3:UN"), number=own)


def answered(house: House, mailbox: Side, number: str) -> Row[Any]:
    """The partner orders; gives our answer, which goes in interchange `number` of ours."""
    edifact_partner(house, mailbox, answered=True)
    drop(house, mailbox, edifact(edifact_order("A1"), number=number))
    (ours,) = house.messages(kind="acknowledgement")
    assert (ours.state, ours.set_id, ours.interchange) == ("done", "ORDRSP", "14:HUB>14:BUYER/1")
    assert ours.acknowledge_by is not None
    return ours


@pytest.mark.parametrize(
    ("verdict", "messages", "noted"),
    [
        ("7", ["UCM+1+ORDRSP:D:96A:UN+7"], "accepted"),
        ("7", [], "accepted"),
        ("7", ["UCM+1+ORDRSP:D:96A:UN+7", "UCS+4", "UCD+12+2:1"], "errors"),
        ("7", ["UCM+1+ORDRSP:D:96A:UN+4", "UCS+4", "UCD+12+2:1"], "rejected"),
        ("4+23", [], "rejected"),
        ("8", [], None),
    ],
)
def test_a_syntax_report_is_matched_with_what_was_sent(
    house: House, mailbox: Side, verdict: str, messages: list[str], noted: str | None
) -> None:
    ours = answered(house, mailbox, "41")
    drop(house, mailbox, syntax_report("1", verdict, *messages, own="42"), "contrl.edi")
    (row,) = house.messages(id=ours.id)
    assert row.acknowledged == noted and len(house.events("acknowledgement.received")) == 1
    assert house.parked() == (["acknowledgement.rejected"] if noted == "rejected" else [])
    assert reports(mailbox) == [], "a CONTRL is not answered"
    if noted == "rejected":
        assert len(row.problem["findings"]) == 1


def test_a_syntax_report_of_nothing_we_sent_is_parked(house: House, mailbox: Side) -> None:
    answered(house, mailbox, "41")
    drop(house, mailbox, syntax_report("99", "7", own="42"), "contrl.edi")
    (parked,) = house.messages(state="parked")
    assert parked.reason == "acknowledgement.unmatched" and "interchange 99" in parked.problem["detail"]


def test_story_51_the_same_syntax_report_is_read_once(house: House, mailbox: Side) -> None:
    answered(house, mailbox, "41")
    said = syntax_report("1", "7", "UCM+1+ORDRSP:D:96A:UN+7", own="42")
    for name in ("contrl.edi", "again.edi"):
        drop(house, mailbox, said, name)
    drop(house, mailbox, syntax_report("1", "7", own="43"), "shorter.edi")
    assert len(house.events("acknowledgement.received")) == 1
    assert [m.reason for m in house.messages(set_id="CONTRL", direction="in")] == [None, "acknowledgement.repeated"]


def test_what_no_syntax_report_came_for_is_overdue(house: House, mailbox: Side) -> None:
    answered(house, mailbox, "41")
    house.look(later=25 * 3600.0)
    assert house.alerts() == ["acknowledgement.overdue"]
    drop(house, mailbox, syntax_report("1", "8", own="42"), "received.edi")
    house.look()
    assert house.alerts() == ["acknowledgement.overdue"], "that it arrived is not yet a verdict"
    drop(house, mailbox, syntax_report("1", "7", own="43"), "contrl.edi")
    house.look()
    assert house.alerts() == []
