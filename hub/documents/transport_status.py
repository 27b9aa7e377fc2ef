"""Where goods are on their way, as a carrier says it."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate

from hub.documents.base import Instant, Strict, code, key, text

STATES = ("picked_up", "departed", "in_transit", "out_for_delivery", "delivered", "delayed", "failed")


class TransportEvent(Strict):
    """What happened. `reason`: the carrier's own word or code for it."""

    status = code(*STATES, required=True)
    happened_at = Instant(allow_none=True)
    city = text()
    region = text(80)
    country = text(3)
    reason = text()


class TransportStatus(Strict):
    """What a carrier says of one shipment, found by its tracking number or by one of `references`: our reference of the
    fulfillment, the shipper's own id of the shipment."""

    external_id = key()
    tracking_number = text(128)
    references = fields.List(fields.String(validate=validate.Length(min=1, max=255)), load_default=list)
    carrier = text(64)
    events = fields.List(fields.Nested(TransportEvent), required=True, validate=validate.Length(min=1))

    def check(self, data: dict[str, Any]) -> None:
        """It says which shipment it is about."""
        if not data.get("tracking_number") and not data["references"]:
            raise ValidationError(["Neither a tracking number nor a reference."], "references")
