"""What is billed for goods of an order, and the one equation that its total obeys."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields, validate

from hub.documents.base import Address, Exact, Strict, code, key, text
from hub.documents.money import places, rounded
from hub.documents.order import Party

CHARGES = ("discount", "freight", "handling", "shipping_and_handling", "other")
TAXES = ("sales", "vat", "gst", "other")


class Charge(Strict):
    """An allowance (taken off) or a charge (added) on the invoice as a whole. `amount` is never negative."""

    kind = code("allowance", "charge", required=True)
    code = code(*CHARGES, load_default="other")
    description = text(80)
    percent = Exact(allow_none=True, signed=False)
    amount = Exact(required=True, signed=False)


class Tax(Strict):
    """A tax on the invoice as a whole. `basis`: the amount that it is `percent` of, where the issuer says."""

    code = code(*TAXES, load_default="other")
    percent = Exact(allow_none=True, signed=False)
    basis = Exact(allow_none=True)
    amount = Exact(required=True)


class Terms(Strict):
    """Until when it is to be paid, and what is taken off for paying early."""

    net_days = fields.Integer(allow_none=True, validate=validate.Range(min=0, max=999))
    due_on = fields.Date(allow_none=True)
    discount_percent = Exact(allow_none=True, signed=False)
    discount_days = fields.Integer(allow_none=True, validate=validate.Range(min=0, max=999))
    discount_until = fields.Date(allow_none=True)
    description = text(80)


class InvoiceLine(Strict):
    """One line. `quantity` is in `unit`, `unit_price` the price of one; `discount` and `tax` are of the whole line.

    `line` is our own number of it, as we sent it out; `external_line` the number of whoever ordered. `amount`, where it
    is stated, is the quantity at its price less the discount.
    """

    line = text(64)
    external_line = text()
    position = fields.Integer(allow_none=True)
    sku = text(128)
    title = text(512)
    quantity = Exact(required=True, signed=False)
    unit = text(8)
    unit_price = Exact(required=True, signed=False)
    discount = Exact(allow_none=True, signed=False)
    tax = Exact(allow_none=True)
    amount = Exact(allow_none=True)
    identifiers = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)


class InvoiceTotals(Strict):
    """The sums of an invoice, in its currency. See `sums` for what each holds."""

    lines = Exact(allow_none=True)
    allowances = Exact(allow_none=True)
    charges = Exact(allow_none=True)
    tax = Exact(allow_none=True)
    total = Exact(required=True)


class Invoice(Strict):
    """An invoice or, with `kind` credit, a credit note; its amounts are positive in both.

    `reference`: the fulfillment's reference that we sent out, which is how a backend's invoice names its order.
    `taxes_included`: prices hold the tax already, and the total does not add it.
    """

    number = key(35)
    kind = code("invoice", "credit", load_default="invoice")
    issued_on = fields.Date(required=True)
    reference = text(64)
    order_external_id = text()
    order_number = text(80)
    ordered_on = fields.Date(allow_none=True)
    shipment = text()
    shipped_on = fields.Date(allow_none=True)
    carrier = text(64)
    tracking_number = text(128)
    currency = fields.String(allow_none=True, validate=validate.Length(equal=3))
    taxes_included = fields.Boolean(load_default=False)
    ship_to = fields.Nested(Address, allow_none=True)
    bill_to = fields.Nested(Address, allow_none=True)
    parties = fields.List(fields.Nested(Party), load_default=list)
    references = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)
    terms = fields.Nested(Terms, allow_none=True)
    lines = fields.List(fields.Nested(InvoiceLine), required=True, validate=validate.Length(min=1))
    charges = fields.List(fields.Nested(Charge), load_default=list)
    taxes = fields.List(fields.Nested(Tax), load_default=list)
    totals = fields.Nested(InvoiceTotals, required=True)

    def check(self, data: dict[str, Any]) -> None:
        """A line says which line it is, or at least its SKU."""
        for i, line in enumerate(data.get("lines", [])):
            if not any(line.get(name) for name in ("line", "external_line", "sku")):
                raise ValidationError({i: ["Neither line, external_line nor sku."]}, "lines")


def line_amount(line: Mapping[str, Any], decimals: int) -> Decimal:
    """A line's quantity at its price, rounded, less its discount."""
    return rounded(line["quantity"] * line["unit_price"], decimals) - (line.get("discount") or 0)


def sums(invoice: Mapping[str, Any]) -> dict[str, Decimal]:
    """The sums that follow from an invoice's lines, charges and taxes, rounded to its currency; the equation is

    total = lines - allowances + charges + tax, without the tax where the prices include it.

    `lines` are the line amounts after line discounts; `allowances` and `charges` those on the invoice as a whole; `tax`
    that of the lines and of the whole.
    """
    decimals = places(invoice.get("currency"))
    by_kind = {
        kind: sum((each["amount"] for each in invoice["charges"] if each["kind"] == kind), Decimal())
        for kind in ("allowance", "charge")
    }
    found = {
        "lines": sum((line_amount(line, decimals) for line in invoice["lines"]), Decimal()),
        "allowances": by_kind["allowance"],
        "charges": by_kind["charge"],
        "tax": sum(((line.get("tax") or Decimal()) for line in invoice["lines"]), Decimal())
        + sum((each["amount"] for each in invoice["taxes"]), Decimal()),
    }
    found["total"] = found["lines"] - found["allowances"] + found["charges"]
    if not invoice["taxes_included"]:
        found["total"] += found["tax"]
    return {name: rounded(amount, decimals) for name, amount in found.items()}


def total_mismatch(invoice: Mapping[str, Any]) -> Decimal:
    """How far the stated total of a loaded invoice is from what its parts add up to."""
    difference: Decimal = invoice["totals"]["total"] - sums(invoice)["total"]
    return difference
