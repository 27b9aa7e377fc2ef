"""What we ask of a backend: make this fulfillment, or cancel it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from marshmallow import ValidationError, fields, validate

from hub.documents.base import Address, Exact, Instant, Strict, code, key, text
from hub.documents.order import HEAD, Party

MARKED = ("mark_for", "store", "buyer")
"""The roles of those whose goods these are, beyond the place where they are unloaded: cartons are labelled for them."""


class FulfillmentLine(Strict):
    """`line` is our own line number and goes out with every order; answers match on it. `quantity` in base units; 0
    only where a change says that nothing of the line is wanted any more. `identifiers` are the order line's: UPC, the
    buyer's own number, or what a mapping of the partner has put there."""

    line = key(64)
    sku = key(128)
    title = text(512)
    quantity = fields.Integer(required=True, validate=validate.Range(min=0))
    unit_price = Exact(allow_none=True)
    identifiers = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)


class Fulfillment(Strict):
    """The part of an order that one backend has. `reference` is ours, unique, and the key of the effect.

    `parties`: of those whom the order names, whose cartons these are (`MARKED`): the store behind the dock.
    `purpose`: a backend that is told of cancellations by the same kind of document gets it again as a `change`, with
    what is still wanted of every line, or as a `cancel` of the whole, with what it was asked for.
    """

    reference = key(64)
    purpose = code("original", "change", "cancel", load_default="original")
    order_number = text(80)
    ordered_on = fields.Date(allow_none=True)
    placed_at = Instant(allow_none=True)
    currency = text(3)
    ship_to = fields.Nested(Address, allow_none=True)
    parties = fields.List(fields.Nested(Party), load_default=list)
    email = text()
    phone = text(64)
    note = text(4000)
    shipping_method = text(128)
    carrier = text(64)
    location = text(128)
    ship_not_before = fields.Date(allow_none=True)
    ship_not_after = fields.Date(allow_none=True)
    deliver_by = fields.Date(allow_none=True)
    references = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)
    lines = fields.List(fields.Nested(FulfillmentLine), required=True, validate=validate.Length(min=1))

    def check(self, data: dict[str, Any]) -> None:
        """Only a change says that nothing of a line is wanted."""
        if data.get("purpose") != "change":
            for i, line in enumerate(data.get("lines", [])):
                if line["quantity"] == 0:
                    raise ValidationError({i: {"quantity": ["Must be greater than 0."]}}, "lines")


TOLD = tuple(name for name in HEAD if name in Fulfillment().fields)
"""What a backend is told of an order's head as it is."""


def marked(parties: Sequence[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """What it is told of the parties whom an order names."""
    return [party for party in parties or () if party["role"] in MARKED]


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
