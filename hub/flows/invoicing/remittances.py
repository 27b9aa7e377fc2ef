"""Take in what a payer says it has paid, and note it with our invoices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from hub.documents.remittance import total_mismatch
from hub.errors import Refused
from hub.flows.batch import Batch
from hub.flows.problems import Park
from hub.installation import Installation
from hub.store import events as event_store
from hub.store import invoices as store

Document = Mapping[str, Any]


def apply(batch: Batch, message: Row[Any], doc: Document, content: str) -> int | None:
    """Note what one canonical remittance pays; gives the order where it is about one only. Raises `Park`.

    Invoices that the hub does not know were issued elsewhere, and are told in the events of those that it knows.
    """
    difference = total_mismatch(doc)
    if difference:
        raise Park("remittance.total-mismatch", f"Its total differs by {difference} from what it says of each invoice.")
    paid: dict[str, tuple[Decimal, Decimal]] = defaultdict(lambda: (Decimal(), Decimal()))
    for each in doc["invoices"]:
        amount, discount = paid[each["invoice"]]
        paid[each["invoice"]] = (amount + each["amount"], discount + each["discount"])
    known = {row.number: row for row in store.to_source(batch.tx, message.connection_id, message.partner_id, [*paid])}
    if not known:
        raise Park("remittance.unknown-invoice", "None of the invoices that it pays was issued for this payer.")
    rows = [
        {
            "invoice_id": row.id,
            "message_id": message.id,
            "reference": doc["number"],
            "paid_on": doc["paid_on"],
            "amount": paid[number][0],
            "discount": paid[number][1],
        }
        for number, row in known.items()
    ]
    store.pay(batch.tx, rows)
    for number, row in known.items():
        batch.event(
            "invoice.paid",
            order_id=row.order_id,
            message_id=message.id,
            connection_id=message.connection_id,
            number=number,
            amount=f"{paid[number][0]:f}",
            currency=row.currency,
            elsewhere=(len(paid) - len(known)) or None,
        )
    orders = {row.order_id for row in known.values()}
    return int(orders.pop()) if len(orders) == 1 else None


def settle(inst: Installation, order_id: int, number: str, reason: str, actor: str) -> str:
    """A person takes what was paid of an invoice for all that will be. Answers with one sentence; raises `Refused`."""
    now = inst.now()
    with inst.db.write() as tx:
        found = store.of_order(tx, order_id, number)
        if not found:
            raise Refused("invoice.missing", f"The order has no invoice {number!r}; `hub orders show` lists them.")
        for row in found:
            store.settle(tx, row.id, now)
        event = event_store.event("invoice.settled", now, order_id=order_id, actor=actor, number=number, reason=reason)
        event_store.add(tx, event)
    return f"Invoice {number} is settled: an amount that differs is no longer told."
