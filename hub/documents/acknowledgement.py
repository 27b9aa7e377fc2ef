"""What we answer to an order, line by line."""

from __future__ import annotations

from marshmallow import fields, validate

from hub.documents.base import Exact, Strict, code, key, text


class AcknowledgedLine(Strict):
    """One line's answer. `status`: accepted, changed, backordered, rejected. Quantities in the unit as ordered."""

    external_line = key()
    position = fields.Integer(allow_none=True)
    sku = text(128)
    title = text(512)
    status = code("accepted", "changed", "backordered", "rejected", required=True)
    ordered = Exact(required=True)
    quantity = Exact(required=True)
    unit = text(8)
    unit_price = Exact(allow_none=True)
    reason = text()
    identifiers = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)


class Acknowledgement(Strict):
    """The business answer to an order: accepted as a whole, with changes, or rejected."""

    order_external_id = key()
    order_number = text(80)
    ordered_on = fields.Date(allow_none=True)
    acknowledged_on = fields.Date(required=True)
    status = code("accepted", "changed", "rejected", required=True)
    references = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)
    lines = fields.List(fields.Nested(AcknowledgedLine), required=True, validate=validate.Length(min=1))
