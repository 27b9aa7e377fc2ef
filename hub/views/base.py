"""What every read model shares: pages of rows, and the schema of a dataclass."""

from __future__ import annotations

import datetime as dt
import enum
import types
import typing
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar

from marshmallow import Schema
from marshmallow import fields as mf

Row = TypeVar("Row")

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One keyset page. `newer` and `older` are the `after` and `before` of the neighbouring pages, None at an end."""

    rows: list[Row]
    newer: int | None
    older: int | None

    @classmethod
    def of(cls, rows: list[Row], has_newer: bool, has_older: bool) -> Page[Row]:
        """`rows` have an `id` and stand newest first."""
        ids = [row.id for row in rows]  # type: ignore[attr-defined]
        return cls(rows, max(ids) if ids and has_newer else None, min(ids) if ids and has_older else None)


_made: dict[Any, type[Schema]] = {}


def schema_of(view: Any) -> type[Schema]:
    """The marshmallow schema of a read model, made from its annotations, so that a field is declared once.

    Money is a decimal string, instants are ISO 8601 in UTC, enumerations their value.
    """
    if view not in _made:
        hints = typing.get_type_hints(view)
        members = {field.name: _field_of(hints[field.name]) for field in fields(view)}
        _made[view] = Schema.from_dict(members, name=f"{view.__name__}Schema")
    return _made[view]


_SCALARS: dict[type, type[mf.Field[Any]]] = {
    int: mf.Integer,
    str: mf.String,
    bool: mf.Boolean,
    float: mf.Float,
    dt.datetime: mf.AwareDateTime,
    dt.date: mf.Date,
}


def _field_of(hint: Any) -> mf.Field[Any]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        kept = [a for a in arguments if a is not type(None)]
        field = _field_of(kept[0]) if len(kept) == 1 else mf.Raw()
        field.allow_none = True
        return field
    if origin is list:
        return mf.List(_field_of(arguments[0]))
    if origin is dict:
        return mf.Dict(keys=mf.String(), values=_field_of(arguments[1]))
    if hint is Decimal:
        return mf.Decimal(as_string=True)
    if isinstance(hint, type):
        if issubclass(hint, enum.Enum):
            return mf.Enum(hint, by_value=True)
        if hint in _SCALARS:
            return _SCALARS[hint]()
    if is_dataclass(hint):
        return mf.Nested(schema_of(hint))
    return mf.Raw()


def dump(view: Any) -> Any:
    """A read model, or a list of them, as what `json.dumps` takes."""
    if isinstance(view, list):
        return [dump(each) for each in view]
    return schema_of(type(view))().dump(view)
