"""A call after `|`: its arguments bound to the function's parameters, and how it runs on a value."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hub.mapping.errors import Fault
from hub.mapping.functions import FUNCTIONS, Function, Parameter
from hub.mapping.runtime import Context, Scope, Tables, as_text
from hub.mapping.syntax import Alternatives, Argument, Call, Expression, Literal, Path

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
    """A call ready to be put behind an operand.

    `run(value)`, with `arguments` `run(value, *their values)`; `values` evaluates them. Where `reads_tables` it is
    `run(value, context, tables)`.
    """

    name: str
    run: Callable[..., Any]
    arguments: tuple[Expression, ...] = ()
    values: tuple[Evaluate, ...] = ()
    takes: str = "one"
    gives: str = "one"
    reads_tables: bool = False

    @property
    def missing_too(self) -> bool:
        """Whether it runs on a missing value; with any other call a missing value stays missing."""
        return self.name == "default"

    def on_value(self) -> Callable[[Any, Any, Scope], Any]:
        run, values = self.run, self.values
        if self.reads_tables:
            return lambda value, here, scope: run(value, scope.run.context, scope.run.tables)
        if values:
            return lambda value, here, scope: run(value, *[each(here, scope) for each in values])
        return lambda value, here, scope: run(value)

    def apply(self, operand: Evaluate) -> Evaluate:
        """On one value."""
        full, missing_too = self.on_value(), self.missing_too

        def applied(here: Any, scope: Scope) -> Any:
            value = operand(here, scope)
            if not missing_too and (value is None or value == ""):
                return None
            return full(value, here, scope)

        return applied

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


def _meant(name: str) -> str:
    """What a person may have wanted to write: the names like it, or else all there are."""
    known = sorted([*FUNCTIONS, "codes", "lookup"])
    near = difflib.get_close_matches(name.lower(), known, n=3)
    return f"; is {' or '.join(f'`{one}`' for one in near)} meant?" if near else f"; there are {', '.join(known)}"


def bind(call: Call, compiler: Compiler) -> Bound:
    """Checks a call's arguments; raises CallFault."""
    if call.name == "lookup":
        return _lookup(call, compiler)
    if call.name == "codes":
        return _codes(call)
    function = FUNCTIONS.get(call.name)
    if function is None:
        raise CallFault(call.offset, "unknown-function", f"there is no function `{call.name}`{_meant(call.name)}")
    literals: dict[str, Any] = {}
    arguments: list[Expression] = []
    given = _match(call, function)
    for parameter in function.parameters:
        argument = given.get(parameter.name)
        if parameter.kind == "value":
            if argument is not None:
                if argument.value is None:
                    raise CallFault(argument.offset, "argument", f"`{argument.word}` is neither a path nor a number")
                arguments.append(argument.value)
        else:
            literals[parameter.name] = parameter.default if argument is None else _literal(call, parameter, argument)
    try:
        run = function.build(**literals)
    except ValueError as error:
        raise CallFault(call.offset, "argument", f"`{call.name}`: {error}") from None
    values = tuple(map(compiler.expression, arguments))
    return Bound(call.name, run, tuple(arguments), values, function.takes, function.gives)


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


_SETTINGS = ("partner", "connection")
_LOOKUP = (
    "lookup is used like lookup(carriers, fail), lookup(carriers, default='OTHER'), with pass, null or park; "
    "column='name' picks a column"
)


def _lookup(call: Call, compiler: Compiler) -> Bound:
    """lookup(TABLE | partner.NAME | connection.NAME, fail | park | pass | null | default='TEXT' [, column='NAME'])."""
    otherwise: _Otherwise | None = None
    column = ""
    if not call.arguments or call.arguments[0].name:
        raise CallFault(call.offset, "argument", _LOOKUP)
    table = _table(call.arguments[0])
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
    if table.name:
        compiler.tables.setdefault(table.name, call.offset)
    return Bound("lookup", _looker(table, column, otherwise), reads_tables=True)


@dataclass(frozen=True, slots=True)
class _Table:
    """The name of a table: written out, or a setting, in which case `name` is what counts where nothing is set."""

    name: str
    settings: tuple[Path, ...] = ()

    def named(self, context: Context) -> str:
        for path in self.settings:
            found: Any = context.partner if path.root == "partner" else context.connection
            for step in path.steps:
                found = found.get(step.name) if isinstance(found, Mapping) else None
            if found and isinstance(found, str):
                return found
        if not self.name:
            raise Fault("mapping.table-unnamed", f"`{self.settings[0].text}` names no table")
        return self.name


def _table(argument: Argument) -> _Table:
    """TABLE, or partner.NAME or connection.NAME, with `?? 'TABLE'` behind it. No document chooses a table."""
    if argument.literal is not None:
        return _Table(str(argument.literal.value))
    given = argument.value
    items = list(given.items) if isinstance(given, Alternatives) else [given]
    last = items.pop() if len(items) > 1 and isinstance(items[-1], Literal) else None
    settings = tuple(item for item in items if isinstance(item, Path) and item.root in _SETTINGS and item.named)
    if len(settings) < len(items):
        raise CallFault(
            argument.offset, "argument", f"a table is a name, or a setting such as partner.items; {_LOOKUP}"
        )
    return _Table(str(last.value) if isinstance(last, Literal) else "", settings)


def _looker(of: _Table, column: str, otherwise: _Otherwise) -> Callable[..., Any]:
    def look(value: Any, context: Context, tables: Tables) -> Any:
        key = as_text(value)
        table = of.named(context) if of.settings else of.name
        row = context.lookup(table, key)
        if row is None:
            row = tables.get(table, {}).get(key)
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
