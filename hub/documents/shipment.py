"""What a backend has sent off, by package and line."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate

from hub.documents.base import Address, Exact, Instant, Strict, code, key, text


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
    """One package. `sscc` is the 18-digit serial shipping container code where the shipper assigns one.
    `tracking_fits`: whether the number has the form of its carrier's numbers, None where nobody knows."""

    external_id = text()
    tracking_number = text(128)
    tracking_url = text(1024)
    tracking_fits = fields.Boolean(allow_none=True)
    carrier = text(64)
    service = text(64)
    sscc = fields.String(allow_none=True, validate=validate.Regexp(r"^\d{18}$"))
    weight_grams = fields.Integer(allow_none=True)
    lines = fields.List(fields.Nested(PackedLine), required=True, validate=validate.Length(min=1))


class ClosedLine(Strict):
    """A line of which the backend ships nothing more. `short`: it has not shipped all of it and gives back the rest;
    false: it has shipped all that it means to have had. `reason`: cancelled, out of stock ..., as the backend puts it.
    """

    line = text(64)
    sku = text(128)
    short = fields.Boolean(load_default=True)
    reason = text(64)


class Shipment(Strict):
    """A shipment. `reference` is the fulfillment's reference that we sent out.

    `purpose`: from a backend that says so, whether it states the shipment, states it anew, or takes it back.

    From a backend that says so, `closed` names the lines that are done with, shipped short or not at all; a document
    with nothing but these has no packages.
    """

    external_id = key()
    reference = key(64)
    purpose = code("original", "change", "replace", "cancel", load_default="original")
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
    packages = fields.List(fields.Nested(Package), load_default=list)
    closed = fields.List(fields.Nested(ClosedLine), load_default=list)

    def check(self, data: dict[str, Any]) -> None:
        """There is something in it, and each line says which one it is, or at least its SKU."""
        packages, closed = data.get("packages", []), data.get("closed", [])
        if not packages and not closed and data.get("purpose") != "cancel":
            raise ValidationError(["Neither a package nor a closed line."], "packages")
        for p, package in enumerate(packages):
            for i, line in enumerate(package["lines"]):
                if not line.get("line") and not line.get("sku"):
                    raise ValidationError({p: {"lines": {i: ["Neither line nor sku."]}}}, "packages")
        for i, line in enumerate(closed):
            if not line.get("line") and not line.get("sku"):
                raise ValidationError({i: ["Neither line nor sku."]}, "closed")
