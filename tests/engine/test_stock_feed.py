"""Stock that partners are told by EDI: at each slot all levels that they may see, absolute, and each slot once."""

from __future__ import annotations

from typing import Any

import pytest

from hub.edi.edifact.validation import examine as examine_edifact
from hub.flows.mappings import tables
from hub.flows.outbound import stock_feed
from hub.flows.partners import partners
from hub.sdk import Rejected
from tests.engine.scripted import both
from tests.engine.scripted.dock import says, transaction, warehouse
from tests.engine.scripted.edi import US, partner, segments, sent
from tests.engine.scripted.house import ACTOR, House, Side

HOUR = 3600.0


@pytest.fixture
def dock(house: House) -> Side:
    """A warehouse that has counted its stock in two places."""
    side = house.add("dock", "EDI")
    warehouse(house, side)
    counted = ["LIN*1*VN*MUG", "QTY*33*40*EA", "QTY*17*44*EA", "N1*WH*RENO*91*RENO",
               "LIN*2*VN*MUG", "QTY*33*2*EA", "QTY*17*3*EA", "N1*WH*OHIO*91*OHIO",
               "LIN*3*VN*TEA", "QTY*33*-5*EA", "N1*WH*RENO*91*RENO"]  # fmt: skip
    says(house, side, transaction("846", "BIA*00*DD*S-1*20260303", *counted, "CTT*3"), functional_id="IB")
    return side


@pytest.fixture
def mailbox(house: House, dock: Side) -> Side:
    """The mailbox of a partner who wants to know our stock on the hour."""
    side = house.add("mailbox", "Mailbox")
    partner(house, side, agreements=[])
    agree(house, schedule="0 * * * *")
    return side


def agree(house: House, **settings: str) -> None:
    partners.agree(house.inst, "Buyer", "846", "out", given=settings, actor=ACTOR)
    stock_feed.queue(house.inst)


def slot(house: House, seconds: float = HOUR) -> None:
    """The next slot comes."""
    house.clock.forward(seconds)
    house.drain()
    stock_feed.queue(house.inst)


def told(mailbox: Side) -> list[list[tuple[Any, ...]]]:
    """Per 846: each LIN, QTY and N1 that stands in it."""
    found = []
    for _, tree in sent(mailbox, "846"):
        found.append([tuple(s) for s in tree.root.walk() if s[0] in ("LIN", "QTY", "N1")])
    return found


@both
def test_a_partner_is_told_all_levels_at_each_slot_also_when_nothing_is_new(house: House, mailbox: Side) -> None:
    house.drain()
    assert told(mailbox) == [], "the slot has not come"
    for _ in range(3):
        slot(house)
    levels = [
        ("LIN", "1", "VN", "MUG"), ("QTY", "33", "42", "EA"), ("QTY", "17", "47", "EA"),
        ("LIN", "2", "VN", "TEA"), ("QTY", "33", "0", "EA"),
    ]  # fmt: skip
    first, *others = told(mailbox)
    assert first == levels and others == [levels, levels]
    references = [str(segments(tree, "BIA")[0][3]) for _, tree in sent(mailbox, "846")]
    assert [one.rpartition("-")[2] for one in references] == ["1", "2", "3"]
    assert len({one.control_number for one, _ in sent(mailbox, "846")}) == 3
    assert house.parked() == [] and len(house.events("stock.told")) == 3
    assert stock_feed.queue(house.inst) == 0, "one job waits for the next slot"


def test_a_partner_sees_its_own_items_per_location(house: House, mailbox: Side) -> None:
    tables.set_row(house.inst, "buyer_stock", "MUG", {"value": "100-7"}, actor=ACTOR)
    partners.set_settings(house.inst, "Buyer", {"tables.stock": "buyer_stock"}, ACTOR)
    agree(house, stock="location")
    slot(house)
    agree(house, stock_locations="OHIO")
    slot(house)
    ohio = [("LIN", "1", "VN", "MUG", "IN", "100-7"), ("QTY", "33", "2", "EA"), ("QTY", "17", "3", "EA"),
            ("N1", "WH", "", "92", "OHIO")]  # fmt: skip
    every, one = told(mailbox)
    assert every[:4] == ohio and every[4] == ("LIN", "2", "VN", "MUG", "IN", "100-7") and len(every) == 8
    assert one == ohio


@both
def test_another_schedule_counts_at_once_and_no_agreement_ends_it(house: House, mailbox: Side) -> None:
    agree(house, schedule="0 5 * * *")
    slot(house)
    assert told(mailbox) == []
    agree(house, schedule="0 * * * *")
    slot(house)
    assert len(told(mailbox)) == 1
    partners.end_agreement(house.inst, "Buyer", "846", "out", ACTOR)
    slot(house)
    assert len(told(mailbox)) == 1 and house.parked() == []
    assert stock_feed.queue(house.inst) == 0 and house.jobs(noun="inventory", state="pending") == []


@both
def test_what_could_not_be_delivered_is_replaced_at_the_next_slot(house: House, mailbox: Side) -> None:
    mailbox.peer.fail(Rejected("The mailbox is full."))
    slot(house)
    assert house.parked() == ["connector.rejected"]
    slot(house)
    assert house.parked() == [] and len(told(mailbox)) == 1
    assert [m.state for m in house.messages(kind="inventory", direction="out")] == ["withdrawn", "done"]


def test_a_partner_with_test_ids_alone_is_told_in_test_by_default_each_morning(house: House, dock: Side) -> None:
    side = house.add("mailbox", "Mailbox")
    ids = {"qualifier": "14", "value": "4012345000009", "own_qualifier": "14", "own_value": US, "test": True}
    partners.add_partner(house.inst, side.id, "Europe", ids=[ids], agreements=[], settings={}, actor=ACTOR)
    partners.agree(house.inst, "Europe", "INVRPT", "out", given={}, actor=ACTOR)
    stock_feed.queue(house.inst)
    slot(house, 24 * HOUR)
    (effect,) = side.peer.of("inventory")
    (interchange,) = examine_edifact(effect.payload)
    assert list(interchange.all_findings()) == [] and interchange.test
    (message,) = house.messages(kind="inventory", direction="out")
    assert message.test and message.set_id == "INVRPT"
    assert b"PIA+5+MUG:SA'QTY+33:42:PCE'QTY+17:47:PCE'" in effect.payload
