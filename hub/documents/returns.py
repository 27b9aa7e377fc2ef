"""A return: goods on their way back, and what of them the backend has received."""

from __future__ import annotations

from marshmallow import fields, validate

from hub.documents.base import Exact, Instant, Strict, code, key, text


class ReturnLine(Strict):
    """One returned line. `line`: our line number, `external_line`: the source's; `external_id`: the return line's own
    id where the source opened the return. Quantities in base units."""

    external_id = text()
    line = text(64)
    external_line = text()
    sku = text(128)
    quantity = Exact(load_default=None, allow_none=True, signed=False)
    received = Exact(load_default=None, allow_none=True, signed=False)
    condition = text(32)
    reason = text()
    restock = fields.Boolean(allow_none=True)


class Return(Strict):
    """A return as a storefront opens it or as a backend receives it.

    From the storefront: `order_external_id` names the order. From a backend: `reference` is the fulfillment's.
    """

    external_id = key()
    rma = text(80)
    reference = text(64)
    order_external_id = text()
    return_external_id = text()
    status = code("requested", "open", "received", "closed", "declined", "cancelled", load_default="open")
    updated_at = Instant(allow_none=True)
    lines = fields.List(fields.Nested(ReturnLine), required=True, validate=validate.Length(min=1))
