"""What partners are billed: one invoice for each shipment, every unit and every amount once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import event, select, update

from hub.flows import actions
from hub.flows.partners.partners import standard_agreements
from hub.ledger.completeness import Row
from hub.sdk import Rejected
from hub.store.tables import invoice_lines, invoices, messages
from hub.views.completeness import completeness
from tests.engine.scripted.edi import interchange, partner, purchase_order, segments, sent
from tests.engine.scripted.house import ACTOR, House, Side, package
from tests.engine.test_edi_flows import drop, mailbox

__all__ = ["mailbox"]


def ship(house: House, id_: str, quantity: int, *, line: int = 0, at: int = 0) -> None:
    """The depot ships units of one line of one of its fulfillments."""
    depot = house.sides["Depot"]
    asked = depot.peer.of("fulfillment")[at].json
    row = asked["lines"][line]
    house.ship(depot, id_, package(id_, {"line": row["line"], "quantity": quantity}), reference=asked["reference"])
    house.run()


def totals(mailbox: Side) -> list[str]:
    return [str(segments(tree, "TDS")[0][1]) for _, tree in sent(mailbox, "810")]


def test_a_shipment_is_billed_by_the_orders_prices(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    drop(house, mailbox, interchange(purchase_order("A1", "PO1*1*5*EA*9.255**VN*MUG")))
    assert sent(mailbox, "810") == [], "what has not shipped is not billed"
    ship(house, "S1", 2)
    ((_, invoice),) = sent(mailbox, "810")
    big = segments(invoice, "BIG")[0]
    assert (big[1], big[2], big[4]) == ("20260302", "INV-000001", "A1")
    assert segments(invoice, "IT1")[0][1:5] == ("1", "2", "EA", "9.255")
    assert totals(mailbox) == ["1851"], "two implied decimals"
    ship(house, "S2", 3)
    assert [segments(tree, "BIG")[0][2] for _, tree in sent(mailbox, "810")] == ["INV-000001", "INV-000002"]
    assert totals(mailbox) == ["1851", "2777"]
    billed = house.rows(select(invoice_lines.c.units).order_by(invoice_lines.c.id))
    assert [row.units for row in billed] == [2, 3]


def test_many_invoices_cost_a_few_statements_each(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    counts = []
    for number, orders in enumerate((2, 8), 1):
        sets = [purchase_order(f"{number}-{n}", control=f"{n:04d}") for n in range(1, orders + 1)]
        drop(house, mailbox, interchange(*sets, number=number), f"{number}.edi")
        for n, effect in enumerate(house.sides["Depot"].peer.of("fulfillment")[-orders:]):
            line = effect.json["lines"][0]
            one = package(f"{number}-{n}", {"line": line["line"], "quantity": line["quantity"]})
            house.ship(house.sides["Depot"], f"{number}-{n}", one, reference=effect.json["reference"])
        seen: list[str] = []

        def count(connection: Any, cursor: Any, statement: str, *rest: Any, into: list[str] = seen) -> None:
            into += [statement] if "invoice" in statement and "SELECT" in statement else []

        event.listen(house.inst.db.engine, "before_cursor_execute", count)
        house.run()
        event.remove(house.inst.db.engine, "before_cursor_execute", count)
        counts.append(len(seen))
    assert len(sent(mailbox, "810")) == 10
    assert counts[1] == counts[0], "what they say is read for all of them together"


def test_a_line_without_a_price_parks_the_invoice_and_takes_no_number(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    drop(house, mailbox, interchange(purchase_order("A1", "PO1*1*2*EA***VN*MUG")))
    ship(house, "S1", 2)
    assert house.parked() == ["invoice.price-missing"] and len(sent(mailbox, "856")) == 1
    (row,) = house.rows(select(invoices))
    assert row.number is None
    priced = purchase_order("A1", "PO1*1*2*EA*4**VN*MUG", purpose="05")
    drop(house, mailbox, interchange(priced, number=2), "two.edi")
    replay(house)
    assert house.parked() == [] and totals(mailbox) == ["800"]
    assert house.rows(select(invoices))[0].number == "INV-000001"


def replay(house: House) -> None:
    """A person has what is parked written anew."""
    for message in house.messages(state="parked"):
        actions.replay_message(house.inst, message.id, ACTOR)
    house.drain()


def test_freight_and_discount_of_the_order_stand_on_its_first_invoice(
    house: House, mailbox: Side, tmp_path: Path
) -> None:
    """The partner states them in its purchase order, and its mapping reads them."""
    own = "extends: x12/850.in\nrows:\n  totals:\n" + "".join(
        f"    {field}: SAC[SAC01={kind}]/SAC05 | first | implied_decimals(2)\n"
        for field, kind in (("discount", "A"), ("shipping", "C"))
    )
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "850.in.yaml").write_text(own)
    house.inst.mappings.paths.insert(0, tmp_path)
    house.inst.mappings.reload()
    agreed = [{**row, "mapping": "own/850.in"} if row["set_id"] == "850" else row for row in standard_agreements()]
    partner(house, mailbox, agreements=agreed)
    drop(house, mailbox, interchange(purchase_order(
        "A1", "PO1*1*3*EA*10**VN*MUG", extra=["SAC*A*C310***250", "SAC*C*D240***700"])))  # fmt: skip
    for number in range(3):
        ship(house, f"S{number}", 1)
    assert totals(mailbox) == ["1450", "1000", "1000"], "30.00 less 2.50 plus 7.00, billed once"
    assert [len(segments(tree, "SAC")) for _, tree in sent(mailbox, "810")] == [2, 0, 0]


def test_story_41_an_invoice_written_anew_keeps_its_number_and_date(house: House, mailbox: Side) -> None:
    """The other side refuses the file; the price was wrong as well, and is put right before the replay."""
    partner(house, mailbox)
    drop(house, mailbox, interchange(purchase_order("A1")))
    mailbox.peer.fail(Rejected("the folder is full"), Rejected("the folder is full"))
    ship(house, "S1", 2)
    assert sent(mailbox, "810") == [] and len(house.parked()) == 2
    (owed,) = house.rows(select(invoices))
    assert owed.number == "INV-000001"
    drop(house, mailbox, interchange(purchase_order("A1", "PO1*1*2*EA*9**VN*MUG", purpose="05"), number=2), "two.edi")
    house.clock.forward(3 * 86400)
    replay(house)
    ((_, invoice),) = sent(mailbox, "810")
    assert segments(invoice, "BIG")[0][1:3] == ("20260302", "INV-000001") and totals(mailbox) == ["1800"]
    assert house.rows(select(invoices))[0].total == 18


def test_story_26_an_invoice_that_has_not_gone_out_is_told(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    drop(house, mailbox, interchange(purchase_order("A1")))
    ship(house, "S1", 2)
    assert row_of(house).verdict == "closed" and row_of(house).parts["written back"] == 1
    with house.inst.db.write() as tx:  # what no defect of ours may hide: it is owed, and nobody is at it
        tx.execute(update(messages).where(messages.c.kind == "invoice").values(state="withdrawn"))
    assert row_of(house).verdict == "open" and row_of(house).expected == 1


def row_of(house: House) -> Row:
    with house.inst.db.read() as tx:
        (found,) = [row for row in completeness(tx, None, house.clock.now) if row.noun == "invoices"]
    return found


def test_an_invoice_counts_packs_as_they_were_ordered(house: House, mailbox: Side) -> None:
    partner(house, mailbox)
    drop(house, mailbox, interchange(purchase_order("A1", "PO1*1*3*CA*90.12**VN*MUG~PO4*12")))
    ship(house, "S1", 24)
    ((_, invoice),) = sent(mailbox, "810")
    assert segments(invoice, "IT1")[0][2:5] == ("2", "CA", "90.12") and totals(mailbox) == ["18024"]


def test_a_partner_without_an_agreement_is_not_billed(house: House, mailbox: Side) -> None:
    partner(house, mailbox, agreements=[row for row in standard_agreements() if row["set_id"] != "810"])
    drop(house, mailbox, interchange(purchase_order("A1")))
    ship(house, "S1", 2)
    assert house.rows(select(invoices)) == [] and sent(mailbox, "810") == []
