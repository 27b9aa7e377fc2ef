"""Functions over exact numbers, booleans, and the check digits of GS1 keys. Numbers are Decimal throughout."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Context, Decimal
from functools import reduce
from typing import Any

from hub.mapping.errors import Fault
from hub.mapping.functions import Parameter, function, simple
from hub.mapping.runtime import MAX_DIGITS, as_text, check_size

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
_PLAIN = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII).fullmatch  # what nearly every number looks like
ARITHMETIC = Context(prec=2 * MAX_DIGITS)
_ROUNDING = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "down": ROUND_DOWN, "up": ROUND_UP}

NumberFunction = Callable[..., Any]


def number(value: Any) -> Decimal:
    """The value as an exact number; a text with anything but a plain number is a fault."""
    kind = type(value)
    if kind is str and len(value) <= 40 and _PLAIN(value):
        return Decimal(value)
    if kind is Decimal:
        return check_size(value)
    if kind is int:
        return check_size(Decimal(value))
    text = as_text(value).strip()
    if kind is bool or len(text) > 2 * MAX_DIGITS or not text.isascii() or not _NUMBER.fullmatch(text):
        raise Fault("mapping.not-a-number", "not a number")
    return check_size(Decimal(text))


@function(Parameter("mark", "word", default="point", choices=("point", "comma")))
def decimal(mark: str) -> NumberFunction:
    """An exact number. With `comma`, 1.234,50 is read as 1234.50."""
    if mark == "comma":
        return lambda v: number(as_text(v).replace(".", "").replace(",", ".") if isinstance(v, str) else v)
    return number


def _integer(value: Any) -> int:
    exact = number(value)
    if exact != exact.to_integral_value():
        raise Fault("mapping.not-whole", "not a whole number")
    return int(exact)


simple(_integer, "integer", "A whole number; 3.0 is one, 3.5 is a fault.")
simple(lambda v: -number(v), "negate", "The number with its sign changed.")
simple(lambda v: abs(number(v)), "abs", "The number without its sign.")


@function(
    Parameter("places", "integer", high=12), Parameter("mode", "word", default="half_up", choices=tuple(_ROUNDING))
)
def round_(places: int, mode: str) -> NumberFunction:
    """Rounded to a number of decimals."""
    return _rounded(places, _ROUNDING[mode])


def _rounded(places: int, rounding: str) -> NumberFunction:
    exponent = Decimal(1).scaleb(-places)
    return lambda v: number(v).quantize(exponent, rounding=rounding, context=ARITHMETIC)


@function(Parameter("places", "integer", high=12))
def implied_decimals(places: int) -> NumberFunction:
    """Reads a number without its point: with 2 places, 12345 is 123.45."""

    def run(value: Any) -> Decimal:
        text = as_text(value).strip()
        if "." in text:
            raise Fault("mapping.not-a-number", "a number with implied decimals holds no point")
        return number(text).scaleb(-places)

    return run


@function(Parameter("places", "integer", high=12))
def without_point(places: int) -> NumberFunction:
    """Writes a number without its point, rounded half up: with 2 places, 123.45 is 12345."""
    rounded = _rounded(places, ROUND_HALF_UP)
    return lambda v: int(rounded(v).scaleb(places))


def _binary(operate: Callable[[Decimal, Decimal], Decimal]) -> NumberFunction:
    def run(value: Any, other: Any) -> Decimal | None:
        return None if other is None else check_size(operate(number(value), number(other)))

    return run


_OTHER = Parameter("number", "value")


@function(_OTHER)
def add(**_: Any) -> NumberFunction:
    """Plus another number or field; missing when that is missing."""
    return _binary(ARITHMETIC.add)


@function(_OTHER)
def subtract(**_: Any) -> NumberFunction:
    """Minus another number or field."""
    return _binary(ARITHMETIC.subtract)


@function(_OTHER)
def multiply(**_: Any) -> NumberFunction:
    """Times another number or field."""
    return _binary(ARITHMETIC.multiply)


@function(_OTHER, Parameter("places", "integer", default=6, high=12))
def divide(places: int) -> NumberFunction:
    """Divided by another number or field, rounded half up to `places` decimals."""
    exponent = Decimal(1).scaleb(-places)

    def operate(a: Decimal, b: Decimal) -> Decimal:
        if not b:
            raise Fault("mapping.division", "division by zero")
        return ARITHMETIC.divide(a, b).quantize(exponent, rounding=ROUND_HALF_UP, context=ARITHMETIC)

    return _binary(operate)


def _fold(operate: Callable[[list[Decimal]], Decimal]) -> Callable[[list[Any]], Decimal | None]:
    def run(values: list[Any]) -> Decimal | None:
        if not values:
            return None
        return check_size(operate([v if type(v) is Decimal else number(v) for v in values]))

    return run


def _sum(values: list[Decimal]) -> Decimal:
    return reduce(ARITHMETIC.add, values, Decimal(0))


def _product(values: list[Decimal]) -> Decimal:
    return reduce(lambda a, b: check_size(ARITHMETIC.multiply(a, b)), values, Decimal(1))


simple(_fold(_sum), "sum", "The sum of all matches.", takes="all")
simple(_fold(_product), "product", "All matches multiplied.", takes="all")
simple(_fold(min), "min", "The smallest number.", takes="all")
simple(_fold(max), "max", "The largest number.", takes="all")


# --- booleans

_TRUE, _FALSE = frozenset({"true", "t", "yes", "y", "1"}), frozenset({"false", "f", "no", "n", "0"})


def _boolean(value: Any) -> bool:
    text = as_text(value).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise Fault("mapping.not-a-boolean", "neither yes nor no (true/false, yes/no, y/n, t/f, 1/0)")


simple(_boolean, "boolean", "True or false from true/false, yes/no, y/n, t/f, 1/0.")
simple(lambda v: not _boolean(v), "negated", "The opposite of a boolean.")


# --- check digits of GTIN, SSCC and GLN: weights 3 and 1 from the right


def _digits(value: Any) -> str:
    text = as_text(value).strip()
    if not (text.isascii() and text.isdigit()):
        raise Fault("mapping.not-digits", "holds something other than digits")
    return text


def check_digit(digits: str) -> str:
    total = sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits)))
    return str(-total % 10)


def _checked(value: Any) -> str:
    text = _digits(value)
    if len(text) < 2 or check_digit(text[:-1]) != text[-1]:
        raise Fault("mapping.check-digit", "its check digit is wrong")
    return text


simple(
    lambda v: (t := _digits(v)) + check_digit(t), "with_check_digit", "A GTIN, SSCC or GLN body with its check digit."
)
simple(_checked, "checked", "The digits as they are; a wrong check digit is a fault.")


@function(Parameter("length", "integer", default=14, low=8, high=14))
def gtin(length: int) -> NumberFunction:
    """A GTIN in a given length (8, 12, 13, 14): zeros added or taken off in front, check digit verified."""

    def run(value: Any) -> str:
        text = _checked(value).lstrip("0").rjust(length, "0")
        if len(text) > length:
            raise Fault("mapping.gtin", f"does not fit into {length} digits")
        return text

    return run


@function(Parameter("length", "integer", default=18, choices=("18", "20"), low=18, high=20))
def sscc(length: int) -> NumberFunction:
    """An SSCC with its check digit verified; 20 is the form with the application identifier 00."""

    def run(value: Any) -> str:
        text = _digits(value)
        text = text[2:] if len(text) == 20 and text.startswith("00") else text
        if len(text) != 18:
            raise Fault("mapping.sscc", "an SSCC has 18 digits, or 20 with its application identifier 00")
        return "00" * (length == 20) + _checked(text)

    return run
