"""What a backend has sent off, by package and line."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate

from hub.documents.base import Address, Exact, Instant, Strict, key, text


class PackedLine(Strict):
    """Base units of one line in one package. `line` is our line number as we sent it; `sku` where that is all
    the backend gives back; `external_line` and `unit` are filled by the hub for the way out, in the source's unit."""

    line = text(64)
    sku = text(128)
    quantity = Exact(required=True, signed=False)
    external_line = text()
    position = fields.Integer(allow_none=True)
    title = text(512)
    unit = text(8)
    ordered = Exact(allow_none=True)
    identifiers = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)


class Package(Strict):
    """One package. `sscc` is the 18-digit serial shipping container code where the shipper assigns one."""

    external_id = text()
    tracking_number = text(128)
    tracking_url = text(1024)
    carrier = text(64)
    service = text(64)
    sscc = fields.String(allow_none=True, validate=validate.Regexp(r"^\d{18}$"))
    weight_grams = fields.Integer(allow_none=True)
    lines = fields.List(fields.Nested(PackedLine), required=True, validate=validate.Length(min=1))


class Shipment(Strict):
    """A shipment. `reference` is the fulfillment's reference that we sent out."""

    external_id = key()
    reference = key(64)
    shipped_at = Instant(allow_none=True)
    carrier = text(64)
    service = text(64)
    location = text(128)
    order_external_id = text()
    order_number = text(80)
    ordered_on = fields.Date(allow_none=True)
    ship_to = fields.Nested(Address, allow_none=True)
    ship_from = fields.Nested(Address, allow_none=True)
    parties = fields.List(fields.Dict(), load_default=list)
    references = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)
    packages = fields.List(fields.Nested(Package), required=True, validate=validate.Length(min=1))

    def check(self, data: dict[str, Any]) -> None:
        """A packed line says which line it is, or at least its SKU."""
        for p, package in enumerate(data.get("packages", [])):
            for i, line in enumerate(package["lines"]):
                if not line.get("line") and not line.get("sku"):
                    raise ValidationError({p: {"lines": {i: ["Neither line nor sku."]}}}, "packages")
