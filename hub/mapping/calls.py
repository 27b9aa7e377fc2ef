"""A call after `|`: its arguments bound to the function's parameters, and how it runs on a value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hub.mapping.errors import Fault
from hub.mapping.functions import FUNCTIONS, Function, Parameter
from hub.mapping.runtime import Scope, as_text
from hub.mapping.syntax import Argument, Call

if TYPE_CHECKING:
    from hub.mapping.expressions import Compiler

Evaluate = Callable[[Any, Scope], Any]

MISSING_WORDS = ("fail", "park", "pass", "null")


class CallFault(Exception):
    """A call that is wrong in itself: no such function, an argument too many."""

    def __init__(self, offset: int, code: str, message: str) -> None:
        super().__init__(message)
        self.offset, self.code, self.message = offset, code, message


@dataclass(slots=True)
class Bound:
    """A call ready to be put behind an operand. `run(value, here, scope)`; `values` is set when it needs the scope."""

    name: str
    run: Callable[..., Any]
    values: tuple[Evaluate, ...] = ()
    takes: str = "one"
    gives: str = "one"
    scoped: bool = False  # run takes (value, here, scope)

    @property
    def plain(self) -> bool:
        """One value in, one out, nothing else read."""
        return not self.scoped and not self.values and self.takes == self.gives == "one" and self.name != "default"

    def on_value(self) -> Callable[[Any, Any, Scope], Any]:
        run, values = self.run, self.values
        if self.scoped:
            return run
        if values:
            return lambda value, here, scope: run(value, *[each(here, scope) for each in values])
        return lambda value, here, scope: run(value)

    def apply(self, operand: Evaluate) -> Evaluate:
        """On one value; a missing value stays missing, except for `default`."""
        run, missing_too = self.run, self.name == "default"
        if self.scoped or self.values:
            full = self.on_value()

            def scoped(here: Any, scope: Scope) -> Any:
                value = operand(here, scope)
                return full(value, here, scope) if value is not None or missing_too else None

            return scoped

        def plain(here: Any, scope: Scope) -> Any:
            value = operand(here, scope)
            return None if value is None else run(value)

        return plain

    def each(self, operand: Evaluate) -> Evaluate:
        """On every value of a list, results that are lists put together."""
        full, spread = self.on_value(), self.gives == "many"

        def mapped(here: Any, scope: Scope) -> list[Any]:
            results: list[Any] = []
            for i, value in enumerate(operand(here, scope)):
                try:
                    result = full(value, here, scope)
                except Fault as fault:
                    fault.index = i if fault.index is None else fault.index
                    raise
                if spread:
                    results += result
                elif result is not None and result != "":
                    results.append(result)
            return results

        return mapped

    def collect(self, operand: Evaluate) -> Evaluate:
        """On the list of all matches."""
        run = self.run

        def collected(here: Any, scope: Scope) -> Any:
            values = operand(here, scope)
            scope.run.spend(len(values))
            return run(values)

        return collected


def fused(calls: list[Bound]) -> list[Bound]:
    """Neighbouring calls that need nothing but their value as one call: one closure less for each document."""
    result: list[Bound] = []
    for call in calls:
        if result and result[-1].plain and call.plain:
            result[-1] = Bound(call.name, _then(result[-1].run, call.run))
        else:
            result.append(call)
    return result


def _then(first: Callable[..., Any], second: Callable[..., Any]) -> Callable[[Any], Any]:
    def both(value: Any) -> Any:
        value = first(value)
        return None if value is None or value == "" else second(value)

    return both


def bind(call: Call, compiler: Compiler) -> Bound:
    """Checks a call's arguments; raises CallFault."""
    if call.name == "lookup":
        return _lookup(call, compiler)
    if call.name == "codes":
        return _codes(call)
    function = FUNCTIONS.get(call.name)
    if function is None:
        known = ", ".join(sorted([*FUNCTIONS, "codes", "lookup"]))
        raise CallFault(call.offset, "unknown-function", f"there is no function `{call.name}`; there are {known}")
    literals: dict[str, Any] = {}
    values: list[Evaluate] = []
    given = _match(call, function)
    for parameter in function.parameters:
        argument = given.get(parameter.name)
        if parameter.kind == "value":
            if argument is not None:
                if argument.value is None:
                    raise CallFault(argument.offset, "argument", f"`{argument.word}` is neither a path nor a number")
                values.append(compiler.expression(argument.value))
        else:
            literals[parameter.name] = parameter.default if argument is None else _literal(call, parameter, argument)
    try:
        return Bound(call.name, function.build(**literals), tuple(values), function.takes, function.gives)
    except ValueError as error:
        raise CallFault(call.offset, "argument", f"`{call.name}`: {error}") from None


def _match(call: Call, function: Function) -> dict[str, Argument]:
    """Arguments by parameter name, positional ones first."""
    given: dict[str, Argument] = {}
    names = [parameter.name for parameter in function.parameters]
    for i, argument in enumerate(call.arguments):
        name = argument.name or (names[i] if i < len(names) else "")
        if name not in names or name in given:
            raise CallFault(argument.offset, "argument", f"`{call.name}` is used like {function.signature}")
        given[name] = argument
    for parameter in function.parameters:
        if parameter.required and parameter.name not in given:
            raise CallFault(call.offset, "argument", f"`{call.name}` is used like {function.signature}")
    return given


def _literal(call: Call, parameter: Parameter, argument: Argument) -> Any:
    value, name = argument.literal, f"`{parameter.name}` of `{call.name}`"
    if value is None:
        raise CallFault(argument.offset, "argument", f"{name} is written out, not read from a path")
    if parameter.kind == "integer":
        text = str(value.value)
        if not text.lstrip("-").isdecimal() or not text.isascii() or len(text) > 9:
            raise CallFault(argument.offset, "argument", f"{name} is a whole number")
        if not parameter.low <= int(text) <= parameter.high:
            raise CallFault(argument.offset, "argument", f"{name} is from {parameter.low} to {parameter.high}")
        if parameter.choices and text not in parameter.choices:
            raise CallFault(argument.offset, "argument", f"{name} is one of {', '.join(parameter.choices)}")
        return int(text)
    if parameter.kind == "word":
        if value.value not in parameter.choices:
            raise CallFault(argument.offset, "argument", f"{name} is one of {', '.join(parameter.choices)}")
        return value.value
    if not isinstance(value.value, str) or argument.word is not None:
        raise CallFault(argument.offset, "argument", f"{name} is a text in quotes")
    return value.value


# --- codes and lookup: what happens to a value they do not know is part of the call


@dataclass(frozen=True, slots=True)
class _Otherwise:
    """fail, park, pass (the value itself), null, or `text`."""

    how: str
    text: Any = None


def _otherwise(argument: Argument, words: tuple[str, ...]) -> _Otherwise:
    value = argument.literal
    if value is not None and (value.value is None or argument.word in words):
        return _Otherwise("null" if value.value is None else str(value.value))
    if value is not None:
        return _Otherwise("default", value.value)
    raise CallFault(argument.offset, "argument", f"if missing: {', '.join(words)}, or a text in quotes")


def _codes(call: Call) -> Bound:
    """codes(00=original, 05=replace, else=fail)."""
    table: dict[str, Any] = {}
    otherwise = _Otherwise("fail")
    for argument in call.arguments:
        if not argument.name:
            raise CallFault(argument.offset, "argument", "codes are written like codes(00=original, else='other')")
        if argument.name == "else":
            otherwise = _otherwise(argument, ("fail", "pass", "null"))
        elif argument.literal is None:
            raise CallFault(argument.offset, "argument", "a code becomes a text or a number, not a path")
        elif argument.name in table:
            raise CallFault(argument.offset, "argument", f"the code {argument.name} stands here twice")
        else:
            table[argument.name] = argument.literal.value
    if not table:
        raise CallFault(call.offset, "argument", "codes are written like codes(00=original, else='other')")

    def run(value: Any) -> Any:
        text = as_text(value)
        if text in table:
            return table[text]
        if otherwise.how == "fail":
            raise Fault("mapping.code-unknown", f"not one of the codes {', '.join(table)}")
        return value if otherwise.how == "pass" else otherwise.text

    return Bound("codes", run)


_LOOKUP = (
    "lookup is used like lookup(carriers, fail), lookup(carriers, default='OTHER'), with pass, null or park; "
    "column='name' picks a column"
)


def _lookup(call: Call, compiler: Compiler) -> Bound:
    """lookup(TABLE, fail | park | pass | null | default='TEXT' [, column='NAME'])."""
    otherwise: _Otherwise | None = None
    column = ""
    first = call.arguments[0].literal if call.arguments else None
    if first is None or call.arguments[0].name:
        raise CallFault(call.offset, "argument", _LOOKUP)
    table = str(first.value)
    for argument in call.arguments[1:]:
        literal = argument.literal
        if argument.name == "column" and literal is not None:
            column = str(literal.value)
        elif argument.name == "default" and otherwise is None and literal is not None:
            otherwise = _Otherwise("default", literal.value)
        elif not argument.name and otherwise is None:
            otherwise = _otherwise(argument, MISSING_WORDS)
            if otherwise.how == "default":
                raise CallFault(argument.offset, "argument", _LOOKUP)
        else:
            raise CallFault(argument.offset, "argument", _LOOKUP)
    if otherwise is None:
        raise CallFault(call.offset, "argument", f"say what to do when the row is missing: {_LOOKUP}")
    compiler.tables.setdefault(table, call.offset)
    return Bound("lookup", _looker(table, column, otherwise), scoped=True)


def _looker(table: str, column: str, otherwise: _Otherwise) -> Callable[..., Any]:
    def look(value: Any, here: Any, scope: Scope) -> Any:
        key = as_text(value)
        row = scope.run.context.lookup(table, key)
        if row is None:
            row = scope.run.tables.get(table, {}).get(key)
        if isinstance(row, dict):
            row = row.get(column or "value")
        if row is not None and row != "":
            return row
        if otherwise.how == "fail":
            raise Fault("mapping.lookup-missing", f"table `{table}` has no row for this value")
        if otherwise.how == "park":
            raise Fault("mapping.lookup-parked", f"table `{table}` has no row for this value yet", (table, key))
        return value if otherwise.how == "pass" else otherwise.text

    return look
