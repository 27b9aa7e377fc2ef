"""Calls backwards: what undoes each function of the language, where anything does."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from hub.mapping.syntax import Argument, Call, Literal


class NoInverse(Exception):
    """Why something cannot be turned round."""


# These only tidy up: what has been tidied stays as it is when it goes through them again.
TIDYING = frozenset(
    ["text", "trim", "squeeze", "upper", "lower", "decimal", "integer", "boolean", "round", "country", "region",
     "checked", "gtin", "sscc", "first", "list", "unique", "default", "ascii"]
)  # fmt: skip


def inverse(call: Call, edi: bool) -> str:
    """The call that undoes this one, empty when none is needed; `edi` where dates are written as in EDI.

    Raises NoInverse.
    """
    if call.name in TIDYING:
        return ""
    if edi and call.name == "date" and not call.arguments:
        return "format_date('YYYYMMDD')"
    undo = _UNDO.get(call.name)
    if undo is None:
        raise NoInverse(f"nothing undoes `{call.name}`")
    return undo(call)


def _literal(argument: Argument) -> str:
    """An argument as it is written: a word, or a literal."""
    literal = argument.literal
    if literal is None:
        raise NoInverse("an argument is read from a path")
    return argument.word if argument.word is not None else written(literal)


def written(literal: Literal) -> str:
    """A literal as text of the language."""
    if isinstance(literal.value, bool) or literal.value is None:
        return {True: "true", False: "false", None: "null"}[literal.value]
    if isinstance(literal.value, (int, Decimal)):
        return format(literal.value, "f") if isinstance(literal.value, Decimal) else str(literal.value)
    return "'" + literal.value.replace("'", "''") + "'"


def _same_arguments(name: str) -> Callable[[Call], str]:
    def undo(call: Call) -> str:
        arguments = [(f"{a.name}=" if a.name else "") + _literal(a) for a in call.arguments]
        return f"{name}({', '.join(arguments)})" if arguments else name

    return undo


def _date(call: Call) -> str:
    return _same_arguments("format_date")(call) if call.arguments and not call.arguments[0].name else ""


def _format_date(call: Call) -> str:
    pattern = _literal(call.arguments[0])
    if "HH" not in pattern:
        return f"date({pattern})"
    zones = [_literal(argument) for argument in call.arguments[1:]]
    return f"datetime({pattern}, zone={zones[0] if zones else written(Literal('UTC', 0))})"


def _codes(call: Call) -> str:
    back: dict[str, str] = {}
    for argument in call.arguments:
        literal = argument.literal
        if argument.name != "else" and literal is not None and isinstance(literal.value, (str, int)):
            back.setdefault(str(literal.value), argument.name)
    if not back:
        raise NoInverse("its codes have no values")
    pairs = [f"{written(Literal(value, 0))}={written(Literal(code, 0))}" for value, code in back.items()]
    return f"codes({', '.join(pairs)})"


def _convert(call: Call) -> str:
    if len(call.arguments) != 2 or call.arguments[0].word is not None:
        raise NoInverse("the unit is read from a path")
    unit = call.arguments[0].literal
    if unit is None or not isinstance(unit.value, str):
        raise NoInverse("the unit is read from a path")
    return f"convert({written(Literal(_literal(call.arguments[1]), 0))}, {unit.value})"


def _with_number(name: str) -> Callable[[Call], str]:
    return lambda call: f"{name}({_literal(call.arguments[0])})"


_UNDO: dict[str, Callable[[Call], str]] = {
    "date": _date,
    "datetime": _date,
    "format_date": _format_date,
    "implied_decimals": _same_arguments("without_point"),
    "without_point": _same_arguments("implied_decimals"),
    "negate": _same_arguments("negate"),
    "negated": _same_arguments("negated"),
    "from_minor": _same_arguments("to_minor"),
    "to_minor": _same_arguments("from_minor"),
    "add": _with_number("subtract"),
    "subtract": _with_number("add"),
    "multiply": _with_number("divide"),
    "divide": _with_number("multiply"),
    "prefix": _same_arguments("after"),
    "suffix": _same_arguments("before"),
    "codes": _codes,
    "convert": _convert,
}
