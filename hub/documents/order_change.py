"""A change of an order: what its source, who placed it, wants otherwise."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate

from hub.documents.base import Address, Exact, Strict, code, key, text
from hub.documents.order import Party, Totals

ACTIONS = ("add", "delete", "change", "more", "fewer", "price", "replace", "none")
"""What happens to a line."""


class ChangedLine(Strict):
    """What happens to one line; what is not stated stays as it is.

    `external_id` is the source's own line id, as in the order; without it the line is the only one with that `sku`.
    `quantity` is what is ordered after the change, in `unit`; a source that says by how much instead fills
    `difference`, which `more` adds and `fewer` takes away. `pack_factor`: base units in one `unit`, needed where the
    unit is another one than the order's.
    """

    external_id = text()
    action = code(*ACTIONS, required=True)
    position = fields.Integer(allow_none=True)
    sku = text(128)
    title = text(512)
    quantity = Exact(allow_none=True, signed=False)
    difference = Exact(allow_none=True, signed=False)
    unit = fields.String(allow_none=True, validate=validate.Length(min=1, max=8))
    pack_factor = Exact(allow_none=True, signed=False)
    unit_price = Exact(allow_none=True)
    identifiers = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)

    def check(self, data: dict[str, Any]) -> None:
        """It says which line it is, and its quantity once."""
        if data["action"] != "add" and not data.get("external_id") and not data.get("sku"):
            raise ValidationError("Neither a line id nor a SKU.", "external_id")
        if data.get("quantity") is not None and data.get("difference") is not None:
            raise ValidationError("Either the quantity or the difference.", "difference")
        if data.get("pack_factor") == 0:
            raise ValidationError("Must be above zero.", "pack_factor")


class OrderChange(Strict):
    """A change of the order `order_external_id` of the same source.

    `purpose`: change (of what is stated, the rest stays), replace (the lines restate the whole order; one that is not
    among them is gone), cancel (nothing of the order is wanted). `number` is the source's own of this change, counted
    up per order where it is a number. `reason`: why it is cancelled.
    """

    order_external_id = key()
    order_number = text(80)
    purpose = code("change", "replace", "cancel", load_default="change")
    number = text(80)
    changed_on = fields.Date(allow_none=True)
    ordered_on = fields.Date(allow_none=True)
    reason = text()
    currency = fields.String(allow_none=True, validate=validate.Length(equal=3))
    totals = fields.Nested(Totals, load_default=dict)
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
    lines = fields.List(fields.Nested(ChangedLine), load_default=list)

    def check(self, data: dict[str, Any]) -> None:
        """An order is replaced by lines, and no line is named twice."""
        if data.get("purpose") == "replace" and not data["lines"]:
            raise ValidationError("It replaces the order by nothing.", "lines")
        ids = [line.get("external_id") for line in data["lines"]]
        for i, external_id in enumerate(ids):
            if external_id and external_id in ids[:i]:
                raise ValidationError({i: {"external_id": ["Another line has this id."]}}, "lines")
