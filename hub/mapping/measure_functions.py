"""Units of weight, length and volume, and the small units of money. All factors are exact by definition."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hub.documents.money import places
from hub.mapping.errors import Fault
from hub.mapping.functions import Parameter, function
from hub.mapping.number_functions import ARITHMETIC, number
from hub.mapping.runtime import as_text, check_size

MeasureFunction = Callable[..., Any]

# What one of a unit is in the first of its kind: gram, millimetre, millilitre.
WEIGHT = {
    "g": "1", "kg": "1000", "mg": "0.001", "t": "1000000", "oz": "28.349523125", "lb": "453.59237",
}  # fmt: skip
LENGTH = {
    "mm": "1", "cm": "10", "m": "1000", "in": "25.4", "ft": "304.8", "yd": "914.4",
}  # fmt: skip
VOLUME = {
    "ml": "1", "cl": "10", "l": "1000", "floz": "29.5735295625", "pt": "473.176473", "qt": "946.352946",
    "gal": "3785.411784",
}  # fmt: skip
_KINDS = (WEIGHT, LENGTH, VOLUME)

# How documents write them: words, and the codes of X12 (element 355) and UN/ECE recommendation 20.
_WRITTEN = {
    "g": "g gr grm gram grams gramme grammes", "kg": "kg kgm kilo kilos kilogram kilograms",
    "mg": "mg mgm me milligram milligrams", "t": "t tne tonne tonnes mt", "oz": "oz onz ounce ounces",
    "lb": "lb lbs lbr pound pounds", "mm": "mm mmt millimeter millimeters millimetre millimetres",
    "cm": "cm cmt centimeter centimeters centimetre centimetres", "m": "m mtr mr meter meters metre metres",
    "in": "in inh inch inches", "ft": "ft fot foot feet", "yd": "yd yrd yard yards",
    "ml": "ml mlt milliliter milliliters millilitre millilitres", "cl": "cl clt centiliter centilitre",
    "l": "l ltr lt liter liters litre litres", "floz": "floz oza fo", "pt": "pt pti pint pints",
    "qt": "qt qtd quart quarts", "gal": "gal gll ga gallon gallons",
}  # fmt: skip
_UNITS = {word: unit for unit, words in _WRITTEN.items() for word in words.split()}


@function(Parameter("unit", "value"), Parameter("to", "word", choices=tuple(_WRITTEN)))
def convert(to: str) -> MeasureFunction:
    """An amount in one unit, which may be a field, as an amount in another; unrounded."""
    kind = next(units for units in _KINDS if to in units)
    divisor = Decimal(kind[to])

    def run(value: Any, unit: Any) -> Decimal | None:
        if unit is None:
            return None
        known = _UNITS.get(as_text(unit).strip().lower().replace(" ", "").rstrip("."))
        if known is None or known not in kind:
            raise Fault("mapping.unit", f"not a unit that can be converted to {to}")
        amount = ARITHMETIC.multiply(number(value), Decimal(kind[known]))
        return check_size(_short(ARITHMETIC.divide(amount, divisor)))

    return run


def _short(amount: Decimal) -> Decimal:
    """At most twelve decimals, and no zeros behind them."""
    rounded = amount.quantize(Decimal("1E-12"), context=ARITHMETIC).normalize(ARITHMETIC)
    whole = rounded == rounded.to_integral_value()
    return rounded.quantize(Decimal(1), context=ARITHMETIC) if whole else rounded


def _places(currency: Any) -> int:
    code = as_text(currency).strip().upper()
    if len(code) != 3 or not (code.isascii() and code.isalpha()):
        raise Fault("mapping.currency", "not a currency's code of three letters")
    return places(code)


@function(Parameter("currency", "value"))
def from_minor(**_: Any) -> MeasureFunction:
    """An amount in the currency's small unit as an amount of money: 1999 cents are 19.99, 1999 yen are 1999."""
    return lambda v, currency: None if currency is None else number(v).scaleb(-_places(currency))


@function(Parameter("currency", "value"))
def to_minor(**_: Any) -> MeasureFunction:
    """An amount of money in the currency's small unit; an amount with more decimals than that is a fault."""

    def run(value: Any, currency: Any) -> int | None:
        if currency is None:
            return None
        amount = number(value).scaleb(_places(currency))
        if amount != amount.to_integral_value():
            raise Fault("mapping.not-whole", "the amount has more decimals than its currency")
        return int(amount)

    return run
