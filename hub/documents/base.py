"""What the canonical schemas share: exact numbers, instants and local dates, addresses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, types, validate, validates_schema

from hub.documents import quick


def exact_text(number: Decimal) -> str:
    """The number digit by digit."""
    return format(number, "f")


def instant_text(instant: dt.datetime) -> str:
    """The instant in UTC, with a Z."""
    return instant.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


class Exact(fields.Field[Decimal]):
    """A Decimal that never was a float. Loads text, integers and Decimals; dumps plain text.

    `digits`/`places` bound what every store can keep: 18 digits, 6 of them after the point.
    """

    default_error_messages = {
        "invalid": "Not an exact number.",
        "float": "A float is not exact; parse JSON numbers as Decimal.",
        "range": "At most 12 digits before and 6 after the decimal point.",
        "negative": "Must not be negative.",
    }

    def __init__(self, *, signed: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.signed = signed

    def _serialize(self, value: Decimal | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else exact_text(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        if isinstance(value, bool):
            raise self.make_error("invalid")
        if isinstance(value, float):
            raise self.make_error("float")
        try:
            number = value if isinstance(value, Decimal) else Decimal(str(value).strip())
        except InvalidOperation:
            raise self.make_error("invalid") from None
        if not number.is_finite():
            raise self.make_error("invalid")
        exponent = number.as_tuple().exponent
        too_fine = isinstance(exponent, int) and exponent < -6 and number != round(number, 6)
        if abs(number) >= Decimal(10) ** 12 or too_fine:
            raise self.make_error("range")
        if not self.signed and number < 0:
            raise self.make_error("negative")
        return number


class Instant(fields.Field[dt.datetime]):
    """A point in time, aware, kept as UTC. A time without an offset is refused: a mapping must name its zone."""

    default_error_messages = {
        "invalid": "Not an ISO 8601 date and time.",
        "naive": "The time has no zone; name it in the mapping.",
    }

    def _serialize(self, value: dt.datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else instant_text(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dt.datetime:
        try:
            instant = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(str(value))
        except ValueError:
            raise self.make_error("invalid") from None
        if instant.tzinfo is None:
            raise self.make_error("naive")
        return instant.astimezone(dt.UTC)


class Strict(Schema):
    """Unknown fields are errors: a mapping that fills a field nobody reads is a mistake worth telling.

    What fields alone cannot say is said in `check`; there are no other hooks, see `hub.documents.quick`.
    """

    class Meta:
        unknown = RAISE
        dateformat = "iso"

    def check(self, data: dict[str, Any]) -> None:
        """Raises ValidationError when fields that are right by themselves do not fit together."""

    @validates_schema
    def fits_together(self, data: dict[str, Any], **kwargs: Any) -> None:
        self.check(data)

    @cached_property
    def _quick(self) -> Callable[[Any], dict[str, Any]]:
        return quick.loader(self, {Exact: quick.decimal_converter, Instant: quick.instant_converter})

    @cached_property
    def _quick_dump(self) -> Callable[[Any], dict[str, Any]]:
        return quick.dumper(self, {Exact: exact_text, Instant: instant_text})

    def dump(self, obj: Any, *, many: bool | None = None) -> Any:
        if not (self.many if many is None else many):
            try:
                return self._quick_dump(obj)
            except quick.NotQuick:
                pass
        return super().dump(obj, many=many)

    def load(
        self,
        data: Any,
        *,
        many: bool | None = None,
        partial: bool | types.StrSequenceOrSet | None = None,
        unknown: types.UnknownOption | None = None,
    ) -> Any:
        if many is partial is unknown is None and not self.many and self.partial is None:
            try:
                return self._quick(data)
            except (quick.NotQuick, ValidationError):
                pass  # marshmallow says what is wrong, or finds that nothing is
        return super().load(data, many=many, partial=partial, unknown=unknown)


def text(size: int = 255, **kwargs: Any) -> fields.String:
    """An optional text of bounded length."""
    kwargs.setdefault("allow_none", True)
    return fields.String(validate=validate.Length(max=size), **kwargs)


def key(size: int = 255) -> fields.String:
    """A required text that identifies something."""
    return fields.String(required=True, validate=validate.Length(min=1, max=size))


def code(*values: str, **kwargs: Any) -> fields.String:
    """A text out of a closed list."""
    return fields.String(validate=validate.OneOf(values), **kwargs)


class Address(Strict):
    """A postal address with its person. Every field is optional; `country` is ISO 3166-1 alpha-2."""

    name = text()
    company = text()
    address1 = text()
    address2 = text()
    city = text()
    region = text(80)
    postal_code = text(32)
    country = fields.String(allow_none=True, validate=validate.Length(equal=2))
    phone = text(64)
    email = text()


def errors_of(error: ValidationError) -> list[tuple[str, str]]:
    """Flatten marshmallow's messages to (path, sentence): `[("lines.2.sku", "Missing data ...")]`."""
    found: list[tuple[str, str]] = []

    def walk(path: str, node: Any) -> None:
        if isinstance(node, dict):
            for name, child in node.items():
                walk(f"{path}.{name}" if path else str(name), child)
        elif isinstance(node, list):
            for child in node:
                walk(path, child)
        else:
            found.append((path, str(node)))

    walk("", error.messages)
    return found
