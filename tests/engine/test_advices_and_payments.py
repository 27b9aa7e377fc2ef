"""What comes back about our invoices: a partner's application advice, its remittance; and the invoices of backends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from hub.errors import Refused
from hub.flows.invoicing import remittances
from hub.flows.partners.partners import standard_agreements
from hub.store.tables import invoices, payments
from tests.engine.scripted import both
from tests.engine.scripted.edi import interchange, partner, purchase_order, segments, sent
from tests.engine.scripted.house import ACTOR, House, Side
from tests.engine.test_edi_flows import drop, mailbox
from tests.engine.test_invoices import replay, ship

__all__ = ["mailbox"]

ADVICE = {"direction": "in", "set_id": "824", "kind": "advice", "mapping": "x12/824.in"}
REMITTANCE = {"direction": "in", "set_id": "820", "kind": "remittance", "mapping": "x12/820.in"}


@pytest.fixture
def billed(house: House, mailbox: Side) -> Side:
    """The partner has been billed 18.50, as INV-000001."""
    partner(house, mailbox, agreements=[*standard_agreements(), ADVICE, REMITTANCE])
    drop(house, mailbox, interchange(purchase_order("A1")))
    ship(house, "S1", 2)
    return mailbox


def document(set_id: str, *body: str) -> str:
    return "~".join([f"ST*{set_id}*0001", *body, f"SE*{len(body) + 2}*0001"]) + "~"


def say(house: House, side: Side, set_id: str, *body: str, number: int = 9, control: str = "") -> None:
    """The partner drops one document about ours."""
    functional_id = {"824": "AG", "820": "RA"}[set_id]
    data = interchange(document(set_id, *body), number=number, functional_id=functional_id)
    drop(house, side, data, f"{set_id}-{number}.edi")


def invoice_message(house: House) -> Any:
    return house.messages(kind="invoice", direction="out")[-1]


# -- application advice ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["its group and set", "its number"])
def test_a_rejected_invoice_is_parked_with_what_the_partner_says(house: House, billed: Side, name: str) -> None:
    group = invoice_message(house).control.split("/")[1]
    about = f"OTI*TR*TN*NA*****{group}*0001*810" if name == "its group and set" else "OTI*TR*IV*INV-000001"
    say(house, billed, "824", "BGN*44*77*20260303", about, "TED*012*PRICE NOT AS ORDERED*IT1*9")
    message = invoice_message(house)
    assert (message.state, message.reason) == ("parked", "advice.rejected")
    (finding,) = message.problem["findings"]
    assert finding["message"] == "012 at IT1*9: PRICE NOT AS ORDERED"
    replay(house)
    assert house.parked() == [] and len(sent(billed, "810")) == 2
    assert {str(segments(tree, "BIG")[0][2]) for _, tree in sent(billed, "810")} == {"INV-000001"}


def test_an_accepted_document_is_noted_and_goes_on(house: House, billed: Side) -> None:
    say(house, billed, "824", "BGN*44*77*20260303", "OTI*TA*IV*INV-000001", "OTI*TE*SI*S1", "TED*024*LATE")
    assert house.parked() == [] and invoice_message(house).acknowledged == "accepted"
    (notice,) = house.messages(kind="shipment", direction="out")
    assert (notice.acknowledged, notice.state) == ("errors", "done")
    assert [event.data["verdict"] for event in house.events("advice.received")] == ["accepted", "errors"]


def test_a_rejection_that_is_taken_back_releases_the_document(house: House, billed: Side) -> None:
    say(house, billed, "824", "BGN*44*77*20260303", "OTI*TR*IV*INV-000001")
    say(house, billed, "824", "BGN*44*78*20260303", "OTI*TA*IV*INV-000001", number=10)
    assert house.parked() == [] and invoice_message(house).state == "done"


def test_an_advice_about_nothing_of_ours_is_parked_and_changes_nothing(house: House, billed: Side) -> None:
    say(house, billed, "824", "BGN*44*77*20260303", "OTI*TR*IV*INV-000001", "OTI*TR*IV*INV-999999")
    assert house.parked() == ["advice.unmatched"] and invoice_message(house).state == "done"


# -- remittance -----------------------------------------------------------------------------------------------------


def pay(house: House, side: Side, trace: str, total: str, *rows: str, number: int = 9) -> None:
    head = (f"BPR*I*{total}*C*ACH************20260402", f"TRN*1*{trace}", "ENT*1")
    say(house, side, "820", *head, *rows, number=number)


def test_what_is_paid_is_kept_with_the_invoice(house: House, billed: Side) -> None:
    pay(house, billed, "P1", "26.13", "RMR*IV*INV-000001**18.13*18.50*.37", "RMR*IV*ELSEWHERE-5**8")
    (paid,) = house.rows(select(payments))
    assert (paid.amount, paid.discount, paid.reference) == (Decimal("18.13"), Decimal("0.37"), "P1")
    (event,) = house.events("invoice.paid")
    assert event.data["elsewhere"] == 1
    house.look()
    assert house.alerts() == []
    pay(house, billed, "P1", "18.13", "RMR*IV*INV-000001**18.13*18.50*.37", number=10)
    assert len(house.rows(select(payments))) == 1, "the same payment told once more is no second one"


@both
def test_an_amount_that_differs_is_an_alert_until_the_rest_is_paid(house: House, billed: Side) -> None:
    pay(house, billed, "P1", "10.00", "RMR*IV*INV-000001**10.00")
    house.look()
    assert house.alerts() == ["remittance.amount-differs"]
    pay(house, billed, "P2", "8.50", "RMR*IV*INV-000001**8.50", number=10)
    house.look()
    assert house.alerts() == []


def test_a_person_takes_less_for_all(house: House, billed: Side) -> None:
    pay(house, billed, "P1", "18.00", "RMR*IV*INV-000001**18.00")
    order_id = invoice_message(house).order_id
    with pytest.raises(Refused) as refused:
        remittances.settle(house.inst, order_id, "INV-7", "a chargeback", ACTOR)
    assert refused.value.code == "invoice.missing"
    remittances.settle(house.inst, order_id, "INV-000001", "a chargeback", ACTOR)
    house.look()
    assert house.alerts() == [] and house.events("invoice.settled")[0].actor == ACTOR


@pytest.mark.parametrize(
    ("total", "row", "reason"),
    [
        ("18.50", "RMR*IV*NOBODYS**18.50", "remittance.unknown-invoice"),
        ("99.00", "RMR*IV*INV-000001**18.50", "remittance.total-mismatch"),
    ],
)
def test_a_payment_that_makes_no_sense_waits_for_a_person(
    house: House, billed: Side, total: str, row: str, reason: str
) -> None:
    pay(house, billed, "P1", total, row)
    assert house.parked() == [reason] and house.rows(select(payments)) == []


# -- invoices of backends -------------------------------------------------------------------------------------------


def bill(house: House, number: str, *lines: Mapping[str, Any], total: str, **facts: Any) -> None:
    """The depot bills what it was asked to fulfil first."""
    depot = house.sides["Depot"]
    asked = depot.peer.of("fulfillment")[0].json
    rows: Sequence[Mapping[str, Any]] = [{"line": asked["lines"][0]["line"], **line} for line in lines]
    house.tell(depot, "invoice", number, number=number, reference=asked["reference"], lines=rows, total=total, **facts)
    house.run()


def test_a_backends_invoice_is_kept_and_not_billed_on(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    drop(house, mailbox, interchange(purchase_order("A1")))
    bill(house, "D-1", {"quantity": "2", "price": "4"}, total="8")
    assert house.parked() == [] and sent(mailbox, "810") == []
    (kept,) = house.rows(select(invoices))
    assert (kept.number, kept.total, kept.shipment_id) == ("D-1", 8, None)
    ship(house, "S1", 2)
    assert [segments(tree, "TDS")[0][1] for _, tree in sent(mailbox, "810")] == ["1850"], "billed at our own prices"


def test_a_backends_invoice_goes_on_where_its_agreement_says_so(house: House, mailbox: Side) -> None:
    agreed = standard_agreements()
    agreed[-1]["settings"] = {"issued_by": "backend"}
    partner(house, mailbox, agreements=agreed)
    drop(house, mailbox, interchange(purchase_order("A1", "PO1*1*2*CA*90**VN*MUG~PO4*12")))
    ship(house, "S1", 24)
    assert sent(mailbox, "810") == []
    bill(house, "D-1", {"quantity": "24", "price": "7.5"}, total="180")
    ((_, invoice),) = sent(mailbox, "810")
    assert segments(invoice, "BIG")[0][2] == "D-1" and segments(invoice, "TDS")[0][1] == "18000"
    assert segments(invoice, "IT1")[0][1:5] == ("1", "2", "CA", "90"), "in the partner's own unit"
    bill(house, "D-1", {"quantity": "24", "price": "7.5"}, total="180")
    bill(house, "D-2", {"quantity": "24", "price": "7.5"}, total="180")
    assert house.parked() == ["invoice.exceeds-order"] and len(sent(mailbox, "810")) == 1
    bill(house, "C-1", {"quantity": "12", "price": "7.5"}, total="90", type="credit")
    assert segments(sent(mailbox, "810")[1][1], "BIG")[0][7] == "CR"


@pytest.mark.parametrize(
    ("lines", "total", "reason"),
    [
        ([{"quantity": "2", "price": "4"}], "9", "invoice.total-mismatch"),
        ([{"quantity": "2", "price": "4", "line": "999"}], "8", "line.unknown"),
        ([{"quantity": "3", "price": "4"}], "12", "invoice.exceeds-order"),
    ],
)
def test_a_backends_invoice_that_does_not_fit_is_parked(
    house: House, mailbox: Side, lines: list[dict[str, str]], total: str, reason: str
) -> None:
    partner(house, mailbox)
    drop(house, mailbox, interchange(purchase_order("A1")))
    bill(house, "D-1", *lines, total=total)
    assert house.parked() == [reason] and house.rows(select(invoices)) == []


def test_the_same_number_with_other_content_is_told(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    drop(house, mailbox, interchange(purchase_order("A1")))
    bill(house, "D-1", {"quantity": "1", "price": "4"}, total="4")
    bill(house, "D-1", {"quantity": "1", "price": "5"}, total="5")
    assert house.parked() == ["invoice.changed"]
