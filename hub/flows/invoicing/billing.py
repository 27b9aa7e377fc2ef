"""What the order's source is billed: one invoice for each shipment, owed with it and numbered when it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Row

from hub import jobs
from hub.documents.invoice import Charge, Tax, Terms, line_amount, sums
from hub.documents.money import places
from hub.edi.partner.profile import Profile
from hub.edi.partner.settings import profile
from hub.flows.batch import Batch
from hub.flows.orders.route import due
from hub.flows.problems import Park
from hub.flows.units import source_units
from hub.ledger.billing import remainder, share
from hub.store import invoices as store

HUB, BACKEND = "hub", "backend"
"""Who issues the invoices that a source gets: the setting `issued_by` of its agreement or flow."""

LARGEST_NUMBER = 999_999_999

Document = dict[str, Any]

_CHARGE, _TAX, _TERMS = Charge(), Tax(), Terms()


def issuer(batch: Batch, order: Row[Any]) -> str | None:
    """Whose invoices the order's source is to get: the hub's own or its backends'. None: it takes none."""
    if order.partner_id is not None:
        taken = batch.agreed.get((order.partner_id, "invoice"))
    else:
        taken = batch.flows.get((order.connection_id, "out", "invoice"))
    return None if taken is None else str(taken.settings.get("issued_by", HUB))


def owe(batch: Batch, order: Row[Any], shipment_id: int, units: Mapping[int, int]) -> None:
    """Owe the order's source the invoice of a shipment that has just been counted, where it takes ours.

    `units`: line id -> base units that the shipment completes; each unit is completed once, so it is billed once.
    """
    if issuer(batch, order) != HUB:
        return
    row = {
        "order_id": order.id,
        "shipment_id": shipment_id,
        "kind": "invoice",
        "scope": "",
        "currency": order.currency,
        "created_at": batch.now,
    }
    lines = [{"line_id": line_id, "units": billed} for line_id, billed in units.items()]
    send(batch, order, store.add(batch.rows, row, lines))


def send(batch: Batch, order: Row[Any], invoice_id: int) -> None:
    """Queue an invoice for the order's source."""
    when = due(batch, order.connection_id, "invoice")
    batch.jobs.append(jobs.deliver_job("invoice", invoice_id, order.connection_id, order.id, batch.now, due_at=when))


def invoice(batch: Batch, order: Row[Any], invoice_id: int) -> Document | None:
    """An invoice as the order's source gets it. One of ours gets its number now, and its amounts as the order stands:
    written anew, it keeps the number and the date."""
    row = batch.invoice.get(invoice_id)
    if row is None:
        return None
    lines = batch.lines_of_invoice[row.id]
    if row.shipment_id is None:
        return _document(batch, order, row, lines)
    values, amounts = _issued(batch, order, row, lines)
    document = _document(
        batch, order, _as(row, values), [_as(line, stated) for line, stated in zip(lines, amounts, strict=True)]
    )
    store.change(batch.rows, row.id, {**values, "total": document["totals"]["total"]})
    for line, stated in zip(lines, amounts, strict=True):
        store.change_line(batch.rows, line.id, stated)
    batch.invoice.forget(row.id)
    batch.lines_of_invoice.forget(row.id)
    return document


def _as(row: Row[Any], values: Mapping[str, Any]) -> Any:
    """The row as it stands with these values."""
    return SimpleNamespace(**{**row._asdict(), **values})


def _issued(
    batch: Batch, order: Row[Any], row: Row[Any], lines: Sequence[Row[Any]]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What an invoice of ours states, and each of its lines, by the order's prices. Raises `Park` where a line has
    none."""
    unpriced = [str(line.position or line.external_id) for line in lines if line.ordered_price is None]
    if unpriced:
        raise Park(
            "invoice.price-missing",
            f"The order states no price for line {', '.join(unpriced)}.",
            order_id=order.id,
            lines=unpriced,
        )
    agreed = _profile(batch, order)
    earlier = batch.billed_before.get(row.id)
    currency = order.currency or agreed.currency
    decimals = places(currency)
    charges, taxes = _of_the_order(batch, order) if earlier is None else ([], [])
    values = {"scope": row.scope, "number": row.number, "issued_on": row.issued_on}
    if row.number is None:
        values = _number(batch, order, agreed)
    values |= {"currency": currency, "charges": charges, "taxes": taxes, "terms": dict(agreed.terms) or None}
    return values, [_line(line, (earlier or {}).get(line.line_id, 0), decimals) for line in lines]


def _profile(batch: Batch, order: Row[Any]) -> Profile:
    """The settings of the order's partner; the usual ones where it has none."""
    partner = batch.partner.get(order.partner_id) if order.partner_id is not None else None
    return profile(partner.settings if partner is not None else {})


def _number(batch: Batch, order: Row[Any], agreed: Profile) -> dict[str, Any]:
    """The next number of the merchant's series, and the date where the source is. Test orders count by themselves."""
    prefix = ("TEST-" if order.test else "") + agreed.invoice_prefix
    scope = f"invoice/{order.merchant_id or 0}/{prefix}"[:64]
    number = batch.number(scope, LARGEST_NUMBER)
    return {
        "scope": scope,
        "number": f"{prefix}{number:06d}",
        "issued_on": batch.now.astimezone(agreed.zone).date(),
    }


def _line(line: Row[Any], before: int, decimals: int) -> dict[str, Any]:
    """What one line is billed at: its order's price, and its share of what was agreed for the whole line."""
    quantity, earlier = source_units(line.units, line.pack_factor), Decimal(before) / line.pack_factor

    def part(amount: Decimal | None) -> Decimal | None:
        return None if amount is None else share(amount, line.quantity, earlier, quantity, decimals)

    return {
        "unit_price": line.ordered_price,
        "discount": part(line.ordered_discount),
        "tax": part(line.ordered_tax),
    }


def _of_the_order(batch: Batch, order: Row[Any]) -> tuple[list[Document], list[Document]]:
    """Discount, freight and tax that no line accounts for: (charges, taxes). The order's first invoice bears them."""
    lines = batch.lines_of[order.id]
    discount = remainder(order.discount, [line.discount for line in lines])
    tax = remainder(order.tax, [line.tax for line in lines])
    charges = []
    if discount:
        charges.append({"kind": "allowance", "code": "discount", "amount": f"{discount:f}"})
    if order.shipping:
        charges.append({"kind": "charge", "code": "freight", "amount": f"{order.shipping:f}"})
    return charges, [{"code": "other", "amount": f"{tax:f}"}] if tax else []


def _document(batch: Batch, order: Row[Any], row: Any, lines: Sequence[Any]) -> Document:
    shipment = batch.shipment.get(row.shipment_id) if row.shipment_id is not None else None
    packages = [package for package, _ in batch.packages_of[row.shipment_id]] if shipment is not None else []
    decimals = places(row.currency)
    document: Document = {
        "number": row.number,
        "kind": row.kind,
        "issued_on": row.issued_on,
        "order_external_id": order.external_id,
        "order_number": order.number or order.external_id,
        "ordered_on": order.placed_on or (order.placed_at.date() if order.placed_at else None),
        "currency": row.currency,
        "taxes_included": order.taxes_included,
        "terms": _TERMS.load(row.terms) if row.terms else None,
        "lines": [_billed(line, decimals) for line in lines],
        "charges": [_CHARGE.load(each) for each in row.charges],
        "taxes": [_TAX.load(each) for each in row.taxes],
        **{name: getattr(order, name) for name in ("ship_to", "bill_to", "references")},
        "parties": order.parties or [],
    }
    if shipment is not None:
        document |= {
            "shipment": shipment.external_id,
            "shipped_on": (shipment.shipped_at or shipment.created_at).date(),
            "carrier": shipment.carrier or next((p.carrier for p in packages if p.carrier), None),
            "tracking_number": next((p.tracking_number for p in packages if p.tracking_number), None),
        }
    document["totals"] = sums(document)
    if row.shipment_id is None:
        document["totals"]["total"] = row.total
    return document


def _billed(line: Any, decimals: int) -> Document:
    stated = {
        "line": str(line.line_id),
        "external_line": line.external_id,
        "quantity": source_units(line.units, line.pack_factor),
        **{
            name: getattr(line, name)
            for name in ("position", "sku", "title", "unit", "unit_price", "discount", "tax", "identifiers")
        },
    }
    return {**stated, "amount": line_amount(stated, decimals)}
