"""A supplier who is reached by EDI and ships to the consumer: purchase orders out, answers and ship notices in."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from hub.flows import actions
from hub.ledger import Quantities
from hub.store.tables import invoices
from tests.engine.scripted.dock import SUPPLIER, says, supplier, transaction
from tests.engine.scripted.edi import segments, sent
from tests.engine.scripted.house import ACTOR, House, Side, line

CANCELLED = {"cancelled_at": "2026-03-02T10:00:00+00:00"}
TWO = [line("a", "MUG", 3), line("b", "TEA", 1)]


@pytest.fixture
def dock(house: House) -> Side:
    side = house.add("dock", "EDI")
    supplier(house, side)
    return side


def asked(dock: Side) -> tuple[str, list[str]]:
    """The first purchase order that the supplier was sent: its number, and the numbers of its lines."""
    tree = sent(dock, "850")[0][1]
    return str(segments(tree, "BEG")[0][3]), [str(po1[1]) for po1 in segments(tree, "PO1")]


def hears(house: House, dock: Side, set_id: str, *body: str, number: int = 1) -> None:
    """The supplier sends one set."""
    functional_id = {"855": "PR", "856": "SH", "865": "CA", "810": "IN"}[set_id]
    says(house, dock, transaction(set_id, *body), number=number, functional_id=functional_id, sender=SUPPLIER)


def answer(order: str, kind: str, *lines: str) -> tuple[str, ...]:
    """An 855. Each of `lines`: PO1 and its ACK."""
    return (f"BAK*00*{kind}*{order}*20260302", *(s for one in lines for s in one.split("~")))


def test_a_drop_ship_order_goes_out_as_an_850_and_comes_back_as_an_856(house: House, dock: Side) -> None:
    shop = house.shop()
    order = house.order(shop, lines=TWO)
    number, (mug, tea) = asked(dock)
    ((_, tree),) = sent(dock, "850")
    assert segments(tree, "BEG")[0][2] == "DS" and segments(tree, "N1")[0][1:3] == ("ST", "Ada King")
    hears(house, dock, "855", *answer(number, "AD", f"PO1*{mug}*3*EA**PE*VN*MUG~ACK*IA*3*EA"))
    hears(
        house, dock, "856", "BSN*00*ASN-1*20260304*1130*0001", "HL*1**S", "TD5*B*2*UPSN", "HL*2*1*O", f"PRF*{number}",
        "HL*3*2*P", "MAN*CP*1Z9", "HL*4*3*I", f"LIN*{mug}*VN*MUG", "SN1**3*EA", "HL*5*3*I", f"LIN*{tea}*VN*TEA",
        "SN1**1*EA", "CTT*5", number=2,
    )  # fmt: skip
    assert house.parked() == [] and house.sums(order) == Quantities(ordered=4, shipped=4)
    assert [p["tracking"] for p in shop.peer.of("shipment")[0].json["packages"]] == ["1Z9"]


def test_what_a_supplier_does_not_promise_is_held_and_saying_it_again_changes_nothing(house: House, dock: Side) -> None:
    order = house.order(house.shop(), lines=TWO)
    number, (mug, tea) = asked(dock)
    said = answer(number, "AC", f"PO1*{mug}*3*EA**PE*VN*MUG~ACK*IQ*2*EA", f"PO1*{tea}*1*EA**PE*VN*TEA~ACK*IR*1*EA")
    for control in (1, 2):
        hears(house, dock, "855", *said, number=control)
        assert house.sums(order) == Quantities(ordered=4, allocated=2) and house.parked() == []
    assert house.holds(order) == ["hold.short-shipped"] * 2


def test_a_backordered_line_stays_with_the_supplier(house: House, dock: Side) -> None:
    order = house.order(house.shop())
    number, (mug,) = asked(dock)
    hears(house, dock, "855", *answer(number, "AC", f"PO1*{mug}*2*EA**PE*VN*MUG~ACK*IB*2*EA"))
    assert house.sums(order) == Quantities(ordered=2, allocated=2) and house.holds(order) == []


def test_an_order_that_is_rejected_as_a_whole_comes_back(house: House, dock: Side) -> None:
    order = house.order(house.shop(), lines=TWO)
    hears(house, dock, "855", *answer(asked(dock)[0], "RD"))
    assert house.sums(order).open == 4 and len(house.holds(order)) == 2


@pytest.mark.parametrize(
    ("verdict", "ack", "sums"),
    [
        ("AT", "IA", Quantities(ordered=2, cancelled=2)),
        ("RJ", "IR", Quantities(ordered=2, allocated=2)),
    ],
)
@pytest.mark.parametrize("by_line", [True, False])
def test_a_cancellation_is_an_860_and_the_865_decides(
    house: House, dock: Side, verdict: str, ack: str, sums: Quantities, by_line: bool
) -> None:
    shop = house.shop()
    order = house.order(shop)
    house.order(shop, **CANCELLED)
    number, (mug,) = asked(dock)
    ((_, tree),) = sent(dock, "860")
    assert segments(tree, "BCH")[0][1:4] == ("01", "DS", number)
    assert house.sums(order) == Quantities(ordered=2, allocated=2)
    poc = (f"POC*{mug}*DI*0*0*EA***VN*MUG", f"ACK*{ack}*0*EA") if by_line else ()
    hears(house, dock, "865", f"BCA*01*{verdict}*{number}***20260302****20260303", *poc)
    assert house.parked() == [] and house.sums(order) == sums
    house.look(later=30 * 3600)
    assert "cancellation.unanswered" not in house.alerts()


def test_part_of_a_line_is_taken_back(house: House, dock: Side) -> None:
    shop = house.shop()
    order = house.order(shop, lines=TWO)
    house.order(shop, lines=[line("a", "MUG", 3, cancelled=2), line("b", "TEA", 1, cancelled=1)])
    number, (mug, tea) = asked(dock)
    ((_, tree),) = sent(dock, "860")
    assert [poc[1:4] for poc in segments(tree, "POC")] == [(mug, "CA", "1"), (tea, "DI", "0")]
    hears(
        house, dock, "865", f"BCA*04*AC*{number}***20260302****20260303",
        f"POC*{mug}*CA*3*2*EA***VN*MUG", "ACK*IC*2*EA", f"POC*{tea}*DI*1*0*EA***VN*TEA", "ACK*IR*1*EA",
    )  # fmt: skip
    assert house.parked() == []
    assert {name: (q.cancelled, q.allocated) for name, q in house.by_line(order).items()} == {"a": (1, 2), "b": (0, 1)}


def test_an_855_while_a_cancellation_waits_is_for_a_person_to_read(house: House, dock: Side) -> None:
    shop = house.shop()
    order = house.order(shop)
    house.order(shop, **CANCELLED)
    hears(house, dock, "855", *answer(asked(dock)[0], "RD"))
    assert house.parked() == ["acknowledgement.unclear"]
    actions.answer_cancellation(house.inst, order, False, ACTOR)
    (message,) = house.messages(state="parked")
    actions.replay_message(house.inst, message.id, ACTOR)
    house.drain()
    assert house.parked() == [] and house.sums(order).open == 2


def test_a_supplier_without_860_gets_the_850_again(house: House) -> None:
    dock: Any = house.add("dock", "EDI")
    supplier(house, dock, "850", "855", "856")
    shop = house.shop()
    house.order(shop)
    house.order(shop, **CANCELLED)
    assert [segments(tree, "BEG")[0][1] for _, tree in sent(dock, "850")] == ["00", "01"]


def test_what_a_supplier_bills_is_kept_with_the_order(house: House, dock: Side) -> None:
    order = house.order(house.shop(), lines=TWO)
    number, (mug, tea) = asked(dock)
    lines = (f"IT1*{mug}*3*EA*4.5**VN*MUG", f"IT1*{tea}*1*EA*2**VN*TEA")
    hears(house, dock, "810", f"BIG*20260305*98120**{number}", *lines, "TDS*1800", "SAC*C*D240***250", "CTT*2")
    (kept,) = house.rows(select(invoices))
    assert (kept.order_id, kept.number, kept.total) == (order, "98120", 18)
    hears(house, dock, "810", f"BIG*20260305*98121**{number}", *lines, "TDS*1550", "CTT*2", number=2)
    assert house.parked() == ["invoice.exceeds-order"]
