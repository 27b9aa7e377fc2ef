"""The canonical order: what a storefront or a purchase order asks for."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields, validate

from hub.documents.base import Address, Exact, Instant, Strict, code, key, text

ROLES = (
    "ship_to",
    "bill_to",
    "buyer",
    "ship_from",
    "vendor",
    "mark_for",
    "store",
    "remit_to",
    "warehouse",
)


class Totals(Strict):
    """Money as the source states it, in the shop's currency.

    `total` = `subtotal` - `discount` + `shipping`, plus `tax` unless the order's `taxes_included`
    (prices then hold the tax already). See `hub.routing.gate.total_mismatch`.
    `subtotal` is the sum of the lines before order-level discounts.
    """

    subtotal = Exact(allow_none=True)
    discount = Exact(allow_none=True)
    shipping = Exact(allow_none=True)
    tax = Exact(allow_none=True)
    total = Exact(allow_none=True)
    presentment_total = Exact(allow_none=True)


class Party(Strict):
    """Someone the order names, by role. `id` with its qualifier as the source wrote them."""

    role = code(*ROLES, required=True)
    id = text(80)
    id_qualifier = text(8)
    address = fields.Nested(Address, allow_none=True)


class OrderLine(Strict):
    """One line. `external_id` is the source's own line id; `quantity` is in `unit`, as it was ordered.

    `pack_factor`: base units in one `unit` (a case of 12: 12). `cancelled`: how much of `quantity` the source has
    taken back so far. `fulfilled_elsewhere`: how much of it has shipped without us.
    `ships` False: nothing to send (gift card, download, service).
    """

    external_id = key()
    position = fields.Integer(allow_none=True)
    sku = text(128)
    title = text(512)
    quantity = Exact(required=True, signed=False)
    unit = fields.String(load_default="EA", validate=validate.Length(min=1, max=8))
    pack_factor = Exact(load_default=Decimal(1), signed=False)
    cancelled = Exact(load_default=Decimal(0), signed=False)
    fulfilled_elsewhere = Exact(load_default=Decimal(0), signed=False)
    unit_price = Exact(allow_none=True)
    discount = Exact(allow_none=True)
    tax = Exact(allow_none=True)
    ships = fields.Boolean(load_default=True)
    location = text(128)
    identifiers = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)

    def check(self, data: dict[str, Any]) -> None:
        """Quantities taken away never exceed what was ordered."""
        if data["cancelled"] > data["quantity"]:
            raise ValidationError("More cancelled than ordered.", "cancelled")
        if data["pack_factor"] <= 0:
            raise ValidationError("Must be above zero.", "pack_factor")


class Order(Strict):
    """An order. Its identity is connection + `external_id`.

    `purpose`: original, replace (the source restates the whole order under the same id), cancel.
    `location_lines`: where the source's own system has assigned the lines, by line external id, if it says.
    `source_holds`: reasons the source gives for not shipping (fraud review, its own hold).
    Personal data (addresses, email, phone, note, parties' addresses) is optional throughout.
    """

    external_id = key()
    number = text(80)
    purpose = code("original", "replace", "cancel", load_default="original")
    placed_at = Instant(allow_none=True)
    placed_on = fields.Date(allow_none=True)
    updated_at = Instant(allow_none=True)
    test = fields.Boolean(load_default=False)
    channel = text(64)
    currency = fields.String(allow_none=True, validate=validate.Length(equal=3))
    presentment_currency = fields.String(allow_none=True, validate=validate.Length(equal=3))
    taxes_included = fields.Boolean(load_default=False)
    totals = fields.Nested(Totals, load_default=dict)
    payment = code(
        "paid",
        "pending",
        "authorized",
        "partially_paid",
        "partially_refunded",
        "refunded",
        "voided",
        "expired",
        "terms",
        load_default="terms",
    )
    cancelled_at = Instant(allow_none=True)
    cancel_reason = text()
    source_holds = fields.List(fields.String(), load_default=list)
    email = text()
    phone = text(64)
    note = text(4000)
    ship_to = fields.Nested(Address, allow_none=True)
    bill_to = fields.Nested(Address, allow_none=True)
    parties = fields.List(fields.Nested(Party), load_default=list)
    shipping_method = text(128)
    carrier = text(64)
    ship_not_before = fields.Date(allow_none=True)
    ship_not_after = fields.Date(allow_none=True)
    deliver_by = fields.Date(allow_none=True)
    references = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)
    lines = fields.List(fields.Nested(OrderLine), required=True, validate=validate.Length(min=1))

    def check(self, data: dict[str, Any]) -> None:
        """Two lines of one order never share an id; the same SKU twice is fine."""
        ids = [line["external_id"] for line in data.get("lines", [])]
        for i, external_id in enumerate(ids):
            if external_id in ids[:i]:
                raise ValidationError({i: {"external_id": ["Another line has this id."]}}, "lines")


HEAD = tuple(
    name
    for name in Order().fields
    if name not in ("external_id", "purpose", "updated_at", "totals", "parties", "lines")
)
"""What an order says once, each as a whole: not which one it is, of when it is, or what is kept part by part."""
