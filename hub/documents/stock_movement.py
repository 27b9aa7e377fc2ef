"""What a warehouse tells of its stock beside the levels: goods received, counts corrected, goods on their way."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate

from hub.documents.base import Exact, Instant, Strict, code, key, text


class MovedLine(Strict):
    """Base units of one SKU; `quantity` is negative where an adjustment took units away. `line`: our line number, where
    goods come back of an order that we gave to this warehouse."""

    line = text(64)
    sku = text(128)
    quantity = Exact(required=True)
    condition = text(32)
    reason = text()

    def check(self, data: dict[str, Any]) -> None:
        """It says what was moved."""
        if not data.get("line") and not data.get("sku"):
            raise ValidationError("Neither line nor sku.", "sku")


class StockMovement(Strict):
    """One document about stock. It never changes a level: levels are stated as absolute counts by `Inventory`.

    `movement`: receipt (goods have come in), adjustment (a count was corrected), announced (goods are on their way).
    A receipt that names `rma`, a return, or `reference`, a fulfillment of ours, is that return's receipt. Of an
    announcement `reference` is the number of whoever ordered the goods to be moved.

    How goods come: `transport_method` is a code of X12 element 91 (M road, R rail, A air, S ocean, U parcel ...),
    `carrier` its SCAC (element 140), `routing` the route or the carrier's name in words (element 387).
    """

    external_id = key()
    movement = code("receipt", "adjustment", "announced", required=True)
    rma = text(80)
    reference = text(64)
    location = text(128)
    moved_at = Instant(allow_none=True)
    transport_method = text(2)
    carrier = text(64)
    routing = text()
    lines = fields.List(fields.Nested(MovedLine), required=True, validate=validate.Length(min=1))
