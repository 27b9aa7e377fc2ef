"""A partner's document that a person refuses, and what the partner is told of it."""

from __future__ import annotations

from typing import Any

import pytest

from hub.edi.validation import examine
from hub.errors import Refused
from hub.flows import actions
from hub.flows.partners import partners
from hub.sdk import Document
from tests.engine.scripted import both
from tests.engine.scripted.edi import interchange, partner, purchase_order, segments, sent
from tests.engine.scripted.edifact import edifact, edifact_order, edifact_partner
from tests.engine.scripted.house import ACTOR, House, Side
from tests.engine.test_edi_flows import drop, mailbox

__all__ = ["mailbox"]

WHY = "The price of line 1 is not the one agreed on in the contract of last December"


def contradicted(house: House, mailbox: Side) -> Any:
    """An order came, and another one under its number, which waits for a person: its message."""
    drop(house, mailbox, interchange(purchase_order("A1")))
    drop(house, mailbox, interchange(purchase_order("A1", "PO1*1*7*EA*9.25**VN*MUG"), number=2, group=52), "again.edi")
    assert house.parked() == ["order.same-number"]
    return next(m for m in house.messages(direction="in") if m.state == "parked")


@both
def test_a_refused_document_is_closed_and_its_partner_told_why(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    partners.agree(house.inst, "Buyer", "824", "out", given={}, actor=ACTOR)
    message = contradicted(house, mailbox)
    actions.refuse_message(house.inst, message.id, WHY, ACTOR)
    house.run()
    ((_, tree),) = sent(mailbox, "824")
    (bgn,), (oti,), (ted,), (nte,) = (segments(tree, one) for one in ("BGN", "OTI", "TED", "NTE"))
    assert bgn[2] == f"REFUSED-{message.id}"
    assert (oti[1], oti[8:11]) == ("TR", ("52", "0001", "850")) and f"{ted[2]} {nte[2]}" == WHY
    (refused,) = [m for m in house.messages(direction="in") if m.id == message.id]
    assert (refused.state, refused.reason) == ("ignored", "person.ignored") and house.parked() == []
    assert [e.data["reason"] for e in house.events("message.refused")] == [WHY]
    with pytest.raises(Refused) as again:
        actions.refuse_message(house.inst, message.id, WHY, ACTOR)
    assert again.value.code == "message.not-waiting"


def test_an_aperak_names_the_document_by_its_number(house: House) -> None:
    side = house.add("mailbox", "Mailbox")
    edifact_partner(house, side)
    partners.agree(house.inst, "European buyer", "APERAK", "out", given={}, actor=ACTOR)
    for number, quantity in enumerate((2, 7), 1):
        file = edifact(edifact_order("4711", quantity=quantity), number=str(number))
        side.peer.put(Document("edi", f"{number}.edi", file, format="edifact"))
        house.run()
    (message,) = [m for m in house.messages(direction="in") if m.state == "parked"]
    actions.refuse_message(house.inst, message.id, WHY, ACTOR)
    house.run()
    trees = [one.tree for effect in side.peer.effects for i in examine(effect.payload) for one in i.sets]
    (aperak,) = [tree for tree in trees if tree is not None and tree.set_id == "APERAK"]
    body = [tuple(segment) for segment in aperak.root.walk()]
    assert ("RFF", ("ACW", "4711")) in body and next(s for s in body if s[0] == "BGM")[3] == "27"


def test_nothing_happens_where_the_partner_cannot_be_told(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    message = contradicted(house, mailbox)
    with pytest.raises(Refused) as untold:
        actions.refuse_message(house.inst, message.id, WHY, ACTOR)
    assert untold.value.code == "message.no-advice" and house.parked() == ["order.same-number"]
    with pytest.raises(Refused) as long:
        actions.refuse_message(house.inst, message.id, WHY * 5, ACTOR)
    assert long.value.code == "message.reason-too-long"
    house.run()
    assert sent(mailbox, "824") == []


def test_an_advice_or_an_order_of_a_shop_cannot_be_refused(house: House, mailbox: Side) -> None:
    partner(house, mailbox, agreements=[
        *partners.standard_agreements(),
        {"direction": "in", "set_id": "824", "kind": "advice", "mapping": "x12/824.in"},
        {"direction": "out", "set_id": "824", "kind": "advice", "mapping": "x12/824.out"},
    ])  # fmt: skip
    body = ["ST*824*0001", "BGN*44*77*20260303", "OTI*TR*IV*NOWHERE", "SE*4*0001"]
    drop(house, mailbox, interchange("~".join(body) + "~", number=9, functional_id="AG"))
    (message,) = [m for m in house.messages(direction="in") if m.state == "parked"]
    with pytest.raises(Refused) as refused:
        actions.refuse_message(house.inst, message.id, WHY, ACTOR)
    assert refused.value.code == "message.not-refusable"
