"""Functions over text and over lists of matches."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

from hub.mapping.errors import Fault
from hub.mapping.functions import Parameter, function, simple
from hub.mapping.runtime import MAX_TEXT, as_text, is_true

TextFunction = Callable[[Any], Any]


def bounded(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise Fault("mapping.text-size", f"a text grew past {MAX_TEXT:,} characters")
    return text


simple(as_text, "text", "The value as text.")
simple(lambda v: as_text(v).strip(), "trim", "Without blanks at both ends.")
simple(lambda v: as_text(v).upper(), "upper", "In capitals.")
simple(lambda v: as_text(v).lower(), "lower", "In small letters.")
simple(lambda v: " ".join(as_text(v).split()), "squeeze", "Trimmed, with every run of blanks made one.")
simple(lambda v: re.sub(r"[^0-9]", "", as_text(v)), "digits", "Only its digits 0-9.")
simple(lambda v: len(as_text(v)), "length", "The number of characters.")


@function(Parameter("count", "integer"))
def left(count: int) -> TextFunction:
    """The first characters."""
    return lambda v: as_text(v)[:count]


@function(Parameter("count", "integer"))
def right(count: int) -> TextFunction:
    """The last characters."""
    return lambda v: as_text(v)[-count:] if count else ""


@function(Parameter("start", "integer", low=1), Parameter("count", "integer", default=10_000))
def slice_(start: int, count: int) -> TextFunction:
    """Characters from a place (1 is the first)."""
    return lambda v: as_text(v)[start - 1 : start - 1 + count]


@function(Parameter("old"), Parameter("new"))
def replace(old: str, new: str) -> TextFunction:
    """Every `old` replaced by `new`."""
    if not old:
        raise ValueError("there must be something to replace")

    def run(value: Any) -> str:
        text = as_text(value)
        growth = len(new) - len(old)
        if growth > 0 and len(text) + text.count(old) * growth > MAX_TEXT:
            raise Fault("mapping.text-size", f"a text would grow past {MAX_TEXT:,} characters")
        return text.replace(old, new)

    return run


@function(
    Parameter("width", "integer"),
    Parameter("fill", default=" "),
    Parameter("side", "word", default="right", choices=("left", "right")),
)
def pad(width: int, fill: str, side: str) -> TextFunction:
    """Filled up to a width, on the right or the left."""
    if len(fill) != 1:
        raise ValueError("`fill` is one character")
    if side == "left":
        return lambda v: as_text(v).rjust(width, fill)
    return lambda v: as_text(v).ljust(width, fill)


@function(
    Parameter("characters", default=" "), Parameter("side", "word", default="both", choices=("left", "right", "both"))
)
def strip(characters: str, side: str) -> TextFunction:
    """Without these characters at its ends, as in strip('0', left)."""
    return {
        "left": lambda v: as_text(v).lstrip(characters),
        "right": lambda v: as_text(v).rstrip(characters),
        "both": lambda v: as_text(v).strip(characters),
    }[side]


@function(Parameter("text"))
def prefix(text: str) -> TextFunction:
    """With a text in front."""
    return lambda v: bounded(text + as_text(v))


@function(Parameter("text"))
def suffix(text: str) -> TextFunction:
    """With a text behind."""
    return lambda v: bounded(as_text(v) + text)


@function(Parameter("separator"))
def after(separator: str) -> TextFunction:
    """What stands behind the last separator; the whole text when there is none."""
    _nonempty(separator)
    return lambda v: as_text(v).rpartition(separator)[2]


@function(Parameter("separator"))
def before(separator: str) -> TextFunction:
    """What stands in front of the first separator; the whole text when there is none."""
    _nonempty(separator)
    return lambda v: as_text(v).partition(separator)[0]


@function(Parameter("number", "integer", low=1), Parameter("separator"))
def part(number: int, separator: str) -> TextFunction:
    """One part of a separated text, from 1; missing when there are fewer."""
    _nonempty(separator)

    def run(value: Any) -> str | None:
        parts = as_text(value).split(separator, number)
        return parts[number - 1] or None if len(parts) >= number else None

    return run


@function(Parameter("separator"), gives="many")
def split(separator: str) -> TextFunction:
    """The parts of a separated text, trimmed, without empty ones."""
    _nonempty(separator)
    return lambda v: [part.strip() for part in as_text(v).split(separator) if part.strip()]


@function(Parameter("length", "integer", default=64, low=8, high=64), name="hash")
def hash_(length: int) -> TextFunction:
    """The SHA-256 of the text in UTF-8, as hexadecimal digits; with `length`, so many of them."""
    return lambda v: hashlib.sha256(as_text(v).encode("utf-8", "surrogatepass")).hexdigest()[:length]


@function(Parameter("value", "value"))
def default(**_: Any) -> Callable[[Any, Any], Any]:
    """Another value where this one is missing; the same as `??`."""
    return lambda v, other: other if v is None or v == "" else v


def _nonempty(separator: str) -> None:
    if not separator:
        raise ValueError("the separator is empty")


# --- over all matches of a path


@function(Parameter("separator", default=""), takes="all")
def join(separator: str) -> Callable[[list[Any]], str | None]:
    """All matches as one text, missing ones left out."""
    return lambda values: bounded(separator.join(map(as_text, values))) if values else None


@function(Parameter("number", "integer", low=1), takes="all")
def at(number: int) -> Callable[[list[Any]], Any]:
    """The match at a place, from 1."""
    return lambda values: values[number - 1] if len(values) >= number else None


def _unique(values: list[Any]) -> list[Any]:
    """A text is not the number of that text. Keys are texts: numbers can be chosen so that their hashes collide."""
    seen: dict[tuple[bool, str], Any] = {}
    for value in values:
        seen.setdefault((isinstance(value, str), as_text(value)), value)
    return list(seen.values())


simple(lambda values: values[0] if values else None, "first", "The first match.", takes="all")
simple(lambda values: values[-1] if values else None, "last", "The last match.", takes="all")
simple(len, "count", "How many matches there are; 0 when none.", takes="all")
simple(list, "list", "All matches as a list.", takes="all", gives="many")
simple(_unique, "unique", "The matches without repetitions.", takes="all", gives="many")
simple(lambda values: any(map(is_true, values)), "any", "Whether at least one match is true.", takes="all")
simple(lambda values: all(map(is_true, values)), "all", "Whether every match is true; true when none.", takes="all")
