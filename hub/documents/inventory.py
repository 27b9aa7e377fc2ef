"""Stock as a backend counts it, and as a partner is told it: absolute levels, never differences."""

from __future__ import annotations

from marshmallow import fields, validate

from hub.documents.base import Instant, Strict, key, text


class InventoryLevel(Strict):
    """Base units of one SKU in one location, or in all where none is named. `cause` says what the source names as the
    level's origin; `item` is the number of the partner who is told of it."""

    sku = key(128)
    item = text()
    location = fields.String(load_default="", validate=validate.Length(max=128))
    available = fields.Integer(required=True)
    on_hand = fields.Integer(allow_none=True)
    counted_at = Instant(allow_none=True)
    cause = text()


class Inventory(Strict):
    """A document of levels: a snapshot of everything, or those that changed. What we send has a `reference` and the
    instant at which it was put together."""

    reference = text()
    reported_at = Instant(allow_none=True)
    levels = fields.List(fields.Nested(InventoryLevel), required=True)
    snapshot = fields.Boolean(load_default=False)
