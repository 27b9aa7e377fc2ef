"""Loading and dumping a canonical document without marshmallow's ceremony around each value.

Made from a schema's fields once. It handles documents that are as they should be; at anything else it gives up
(`NotQuick`, ValidationError) and marshmallow goes through the document from its beginning to say what is wrong. So it
may give up at any time, but never gives another result.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields, missing, validate

Convert = Callable[[Any], Any]
Check = Callable[[dict[str, Any]], None]


class NotQuick(Exception):
    """The document goes through marshmallow itself."""


def refuse(value: Any) -> Any:
    raise NotQuick


def loader(schema: Schema, exact: Mapping[type[Any], Callable[[Any], Convert]]) -> Callable[[Any], dict[str, Any]]:
    """Loads what `schema` loads, unknown fields refused. `exact` has converters for field types of our own."""
    plan = [_plan(name, field, exact) for name, field in schema.load_fields.items()]
    check: Check = schema.check  # type: ignore[attr-defined]

    def load(data: Any) -> dict[str, Any]:
        if type(data) is not dict:
            raise NotQuick
        result: dict[str, Any] = {}
        known = 0
        for name, convert, absent, default in plan:
            value = data.get(name, missing)
            if value is missing:
                if absent is not None:
                    result[name] = absent()
                elif default is not missing:
                    result[name] = default
            else:
                result[name] = convert(value)
                known += 1
        if known != len(data):
            raise NotQuick
        check(result)
        return result

    return load


def _plan(name: str, field: Any, exact: Any) -> tuple[str, Convert, Callable[[], Any] | None, Any]:
    """A field's name, how its value is converted, and what stands where it has none."""
    if field.data_key or field.attribute or field.pre_load or field.post_load:
        raise TypeError(f"{name}: a canonical field has its own name, and no hooks")
    if field.required:
        return name, _converter(field, exact), lambda: refuse(name), missing
    default = field.load_default
    return name, _converter(field, exact), default if callable(default) else None, default


def _converter(field: Any, exact: Any) -> Convert:
    convert = _of_type(field, exact)
    return _or_none(convert) if field.allow_none else convert


def _or_none(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)


def _of_type(field: Any, exact: Any) -> Convert:
    kind = type(field)
    if kind in exact and not field.validators:
        made: Convert = exact[kind](field)
        return made
    if kind is fields.String:
        return _text(field) or field.deserialize
    if kind is fields.Boolean and not field.validators:
        return lambda value: value if type(value) is bool else field.deserialize(value)
    if kind is fields.Integer:
        return _whole(field)
    if kind is fields.Nested and not (field.validators or field.many or field.unknown or field.schema.partial):
        return loader(field.schema, exact)
    if kind is fields.List:
        return _list(field, _converter(field.inner, exact))
    if kind is fields.Dict and type(field.key_field) is type(field.value_field) is fields.String:
        return _texts(field)
    convert: Convert = field.deserialize
    return convert


def _text(field: Any) -> Convert | None:
    """Text with one bound or list of values, or none; None where there are other validators."""
    low, high = 0, 1 << 60
    allowed: frozenset[Any] = frozenset()
    if len(field.validators) > 1:
        return None
    for validator in field.validators:
        if type(validator) is validate.Length:
            low = validator.equal if validator.equal is not None else validator.min or 0
            high = validator.equal if validator.equal is not None else validator.max if validator.max else high
        elif type(validator) is validate.OneOf:
            allowed = frozenset(validator.choices)
        else:
            return None

    def bounded(value: Any) -> Any:
        if type(value) is str and low <= len(value) <= high:
            return value
        raise NotQuick

    def one_of(value: Any) -> Any:
        if type(value) is str and value in allowed:
            return value
        raise NotQuick

    return one_of if allowed else bounded


def _whole(field: Any) -> Convert:
    def convert(value: Any) -> Any:
        if type(value) is not int:
            return field.deserialize(value)
        for validator in field.validators:
            validator(value)
        return value

    return convert


def _list(field: Any, inner: Convert) -> Convert:
    validators = list(field.validators)

    def convert(value: Any) -> Any:
        if type(value) is not list:
            raise NotQuick
        result = [inner(item) for item in value]
        for validator in validators:
            validator(result)
        return result

    return convert


def _texts(field: Any) -> Convert:
    if field.validators or field.key_field.validators or field.value_field.validators:
        unlike: Convert = field.deserialize
        return unlike

    def convert(value: Any) -> Any:
        if type(value) is dict and all(type(k) is str and type(v) is str for k, v in value.items()):
            return dict(value)
        raise NotQuick

    return convert


def decimal_converter(field: Any) -> Convert:
    """For exact numbers: `field.signed`, 12 digits before and 6 after the point, written out."""
    signed, whole = field.signed, 10**12

    def convert(value: Any) -> Any:
        kind = type(value)
        if kind is int and -whole < value < whole and (signed or value >= 0):
            return Decimal(value)
        if kind is Decimal and value.is_finite() and (signed or value >= 0):
            text = str(value)  # a short text without exponent is within bounds, and cheap to look at
            if len(text) <= 12 and "E" not in text and len(text.rpartition(".")[2] if "." in text else "") <= 6:
                return value
        return field.deserialize(value)

    return convert


def instant_converter(field: Any) -> Convert:
    """For points in time; nearly all come as text in UTC."""
    utc, read = dt.UTC, dt.datetime.fromisoformat

    def convert(value: Any) -> Any:
        if type(value) is str:
            try:
                moment = read(value)
            except ValueError:
                raise NotQuick from None
            if moment.tzinfo is utc:
                return moment
        return field.deserialize(value)

    return convert


# --- the way out


def dumper(schema: Schema, exact: Mapping[type[Any], Convert]) -> Callable[[Any], dict[str, Any]]:
    """Dumps what `schema` dumps. `exact` has converters for field types of our own."""
    plan = [(name, _out(field, exact)) for name, field in schema.dump_fields.items()]

    def dump(data: Any) -> dict[str, Any]:
        if type(data) is not dict:
            raise NotQuick
        return {name: convert(data[name]) for name, convert in plan if name in data}

    return dump


def _out(field: Any, exact: Mapping[type[Any], Convert]) -> Convert:
    if field.data_key or field.attribute or field.dump_default is not missing:
        raise TypeError(f"{field.name}: a canonical field has its own name, and no default on the way out")
    return _or_none(_out_of_type(field, exact))


def _out_of_type(field: Any, exact: Mapping[type[Any], Convert]) -> Convert:
    def plain(value: Any) -> Any:
        return field._serialize(value, field.name, None)

    kind = type(field)
    if kind in exact:
        return exact[kind]
    if kind is fields.String:
        return lambda value: value if type(value) is str else plain(value)
    if kind is fields.Integer:
        return lambda value: value if type(value) is int else plain(value)
    if kind is fields.Boolean:
        return lambda value: value if type(value) is bool else plain(value)
    if kind is fields.Nested and not (field.many or field.schema.many):
        return dumper(field.schema, exact)
    if kind is fields.List:
        inner = _or_none(_out_of_type(field.inner, exact))
        return lambda value: [inner(item) for item in value] if type(value) is list else plain(value)
    return plain
