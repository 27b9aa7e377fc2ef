"""What a payer says it has paid, invoice by invoice."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from marshmallow import fields, validate

from hub.documents.base import Exact, Strict, key


class PaidInvoice(Strict):
    """One invoice by its number. `amount`: what is paid of it, below zero where a credit note is set off; `discount`:
    what the payer has taken off for paying early."""

    invoice = key(35)
    amount = Exact(required=True)
    discount = Exact(load_default=Decimal(0), signed=False)


class Remittance(Strict):
    """One payment. `number`: the payer's own, by which a repetition is known. `adjustments`: what it adds to or takes
    off the sum of the invoices."""

    number = key(50)
    paid_on = fields.Date(required=True)
    currency = fields.String(allow_none=True, validate=validate.Length(equal=3))
    invoices = fields.List(fields.Nested(PaidInvoice), required=True, validate=validate.Length(min=1))
    adjustments = Exact(load_default=Decimal(0))
    total = Exact(required=True)


def total_mismatch(remittance: Mapping[str, Any]) -> Decimal:
    """How far the total is from the sum of what is paid and the adjustments."""
    paid = sum((each["amount"] for each in remittance["invoices"]), Decimal())
    difference: Decimal = remittance["total"] - paid - remittance["adjustments"]
    return difference
