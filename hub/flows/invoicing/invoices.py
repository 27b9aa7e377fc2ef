"""Take in the invoice of a backend: match its lines to ours, keep it, and pass it on where the order's source is to get
its backends' invoices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row

from hub.documents.invoice import total_mismatch
from hub.flows.batch import Batch
from hub.flows.invoicing import billing
from hub.flows.matching import fulfillment_named, match_line
from hub.flows.problems import Ignore, Park
from hub.flows.reading import dump
from hub.ledger.books import Books
from hub.routing.gate import GateSettings
from hub.store import invoices as store

Document = Mapping[str, Any]


def apply(batch: Batch, message: Row[Any], doc: Document, content: str) -> int:
    """Store one canonical invoice of a backend; gives the order's id. Raises `Park` or `Ignore`."""
    fulfillment = fulfillment_named(batch, message, doc.get("reference"))
    order = batch.order.get(fulfillment.order_id)
    if order is None:
        raise Park("shipment.unknown-reference", "Its order no longer exists.")
    scope = f"connection/{message.connection_id}/{message.partner_id or 0}"
    known = store.named(batch.tx, scope, doc["number"])
    if known is not None:
        if known.content == content:
            raise Ignore("revision.same")
        said = "The backend has sent an invoice of this number with other content."
        raise Park("invoice.changed", said, order_id=order.id)
    _check_total(batch, message, order, doc)
    lines = _match(batch, order, fulfillment, doc)
    kept = dump("invoice", doc)
    row = {
        "order_id": order.id,
        "connection_id": message.connection_id,
        "message_id": message.id,
        "scope": scope,
        "content": content,
        "created_at": batch.now,
        "total": doc["totals"]["total"],
        **{name: doc.get(name) for name in ("kind", "number", "issued_on", "currency")},
        **{name: kept.get(name) for name in ("charges", "taxes", "terms")},
    }
    invoice_id = store.add(batch.rows, row, lines)
    batch.event(
        "invoice.received",
        order_id=order.id,
        message_id=message.id,
        connection_id=message.connection_id,
        number=doc["number"],
        document=doc["kind"],
    )
    if billing.issuer(batch, order) == billing.BACKEND:
        billing.send(batch, order, invoice_id)
    return int(order.id)


def expect(batch: Batch, message: Row[Any], doc: Document) -> None:
    """What taking in this document will ask."""
    batch.fulfillment_named.expect([(message.connection_id, doc.get("reference"))])


def _check_total(batch: Batch, message: Row[Any], order: Row[Any], doc: Document) -> None:
    """The stated total is what the parts add up to, within the tolerance of the connection. Raises `Park`."""
    settings = GateSettings.of(batch.connections[message.connection_id].policy.get("gate", {}))
    difference = total_mismatch(doc)
    if abs(difference) > settings.tolerance:
        raise Park(
            "invoice.total-mismatch",
            f"Its total differs by {difference} from the sum of its parts.",
            order_id=order.id,
        )


def _match(batch: Batch, order: Row[Any], fulfillment: Row[Any], doc: Document) -> list[dict[str, Any]]:
    """The invoice's lines as rows, by our lines. Raises `Park` where a line is not ours, or bills more than was asked
    for and is not cancelled; a credit takes back no more than was billed."""
    asked = batch.lines_of_fulfillment[fulfillment.id]
    billed = store.billed_by(batch.tx, order.id, fulfillment.connection_id)
    parts: Counter[int] = Counter()
    for a in asked:
        parts[a.line_id] += a.units_per
    factors = {line.id: line.pack_factor for line in batch.lines_of[order.id]}
    books = batch.books_of[order.id]
    credit = doc["kind"] == "credit"
    left = {(a.line_id, a.sku): _left(a, billed, books, credit) for a in asked}
    rows = []
    for i, line in enumerate(doc["lines"]):
        path = f"lines[{i}]"
        for n, (line_id, sku, units, _) in enumerate(match_line(line, asked, left, False, path)):
            if parts[line_id] > 1:
                raise Park("invoice.kit", "It bills a component, and what was ordered is the kit.", path=path)
            left[line_id, sku] -= units
            if left[line_id, sku] < 0:
                said = "It credits more than was billed." if credit else "It bills more of a line than was ordered."
                raise Park("invoice.exceeds-order", said, order_id=order.id, path=path)
            # An amount for the whole line stands with the first of our lines that it is about.
            discount, tax = (line.get("discount"), line.get("tax")) if n == 0 else (None, None)
            rows.append(
                {
                    "line_id": line_id,
                    "units": units,
                    "unit_price": round(line["unit_price"] * factors[line_id], 6),
                    "discount": discount,
                    "tax": tax,
                }
            )
    return rows


def _left(asked: Row[Any], billed: Mapping[int, int], books: Books, credit: bool) -> int:
    """Base units of a line that may still be billed, or credited."""
    so_far = billed.get(asked.line_id, 0)
    if credit:
        return so_far
    q = books.line(asked.line_id)
    return q.ordered - q.cancelled - so_far
