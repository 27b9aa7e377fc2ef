"""What the seller answers to an order or to a change of it, line by line."""

from __future__ import annotations

from marshmallow import fields, validate

from hub.documents.base import Exact, Strict, code, key, text
from hub.documents.order_change import ACTIONS


class AcknowledgedLine(Strict):
    """One line's answer. `status`: accepted, changed, backordered, rejected. Quantities in the unit as ordered.

    `ordered` is what was asked for, `quantity` what comes of it. In the answer to a change, `action` is what was to
    happen to the line and `before` how much of it had been ordered until then.
    """

    external_line = key()
    position = fields.Integer(allow_none=True)
    sku = text(128)
    title = text(512)
    status = code("accepted", "changed", "backordered", "rejected", required=True)
    action = fields.String(allow_none=True, validate=validate.OneOf(ACTIONS))
    before = Exact(allow_none=True)
    ordered = Exact(required=True)
    quantity = Exact(required=True)
    unit = text(8)
    unit_price = Exact(allow_none=True)
    reason = text()
    identifiers = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)


class Acknowledgement(Strict):
    """The business answer: accepted as a whole, with changes, or rejected.

    `answers`: what it answers, the order or a change of it; `change_number` and `changed_on` are that change's.
    `too_late`: fields of the order's head that could not be changed any more. Without lines the answer holds for all.
    """

    order_external_id = key()
    order_number = text(80)
    ordered_on = fields.Date(allow_none=True)
    acknowledged_on = fields.Date(required=True)
    answers = code("order", "change", "replace", "cancel", load_default="order")
    change_number = text(80)
    changed_on = fields.Date(allow_none=True)
    status = code("accepted", "changed", "rejected", required=True)
    too_late = fields.List(fields.String(), load_default=list)
    references = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)
    lines = fields.List(fields.Nested(AcknowledgedLine), load_default=list)
