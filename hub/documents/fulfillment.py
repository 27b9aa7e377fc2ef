"""What we ask of a backend: make this fulfillment, or cancel it."""

from __future__ import annotations

from marshmallow import fields, validate

from hub.documents.base import Address, Exact, Instant, Strict, key, text


class FulfillmentLine(Strict):
    """`line` is our own line number and goes out with every order; answers match on it. `quantity` in base units."""

    line = key(64)
    sku = key(128)
    title = text(512)
    quantity = fields.Integer(required=True, validate=validate.Range(min=1))
    unit_price = Exact(allow_none=True)


class Fulfillment(Strict):
    """The part of an order that one backend has. `reference` is ours, unique, and the key of the effect."""

    reference = key(64)
    order_number = text(80)
    placed_at = Instant(allow_none=True)
    currency = text(3)
    ship_to = fields.Nested(Address, allow_none=True)
    email = text()
    phone = text(64)
    note = text(4000)
    shipping_method = text(128)
    carrier = text(64)
    location = text(128)
    ship_not_before = fields.Date(allow_none=True)
    ship_not_after = fields.Date(allow_none=True)
    references = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)
    lines = fields.List(fields.Nested(FulfillmentLine), required=True, validate=validate.Length(min=1))


class CancellationLine(Strict):
    """How many base units of a line to take back."""

    line = key(64)
    quantity = fields.Integer(required=True, validate=validate.Range(min=1))


class Cancellation(Strict):
    """Take back units of a fulfillment. `key` makes a repeated request the same request."""

    reference = key(64)
    key = key(128)
    reason = text()
    lines = fields.List(fields.Nested(CancellationLine), required=True, validate=validate.Length(min=1))


class CancelledLine(Strict):
    """What the backend did with one line of a cancellation."""

    line = key(64)
    cancelled = fields.Integer(required=True, validate=validate.Range(min=0))


class CancellationResult(Strict):
    """A backend's answer to a cancellation: per line, how many base units it gave back."""

    lines = fields.List(fields.Nested(CancelledLine), required=True)
