"""Expressions as source: each writes the lines that leave its value in a variable, None when it is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hub.mapping.calls import Bound
from hub.mapping.direct.paths import Paths, Sink, Unsupported
from hub.mapping.direct.source import Mark, Source
from hub.mapping.expressions import ORDER
from hub.mapping.runtime import as_text
from hub.mapping.syntax import (
    Alternatives,
    Choice,
    Comparison,
    Condition,
    Expression,
    Junction,
    ListOf,
    Literal,
    Membership,
    Negation,
    Path,
    Pipeline,
    PositionOf,
    Truth,
)

# A function on a value that is a text already, as Python says it.
_ON_TEXT = {"text": "{}", "upper": "{}.upper()", "lower": "{}.lower()", "trim": "{}.strip()"}


class Expressions(Paths):
    """Writes expressions and conditions; `bound` has the calls by the id of their Call."""

    def __init__(self, source: Source, constants: Mapping[str, Any], head: Mark, bound: Mapping[int, Bound]) -> None:
        super().__init__(source, constants, head)
        self.bound = bound

    def expression(self, node: Expression, clean: bool = False) -> str:
        """The variable or constant with a value: one, or a list after a function that gives many.

        An empty text may stand for a missing value unless `clean`.
        """
        if isinstance(node, Literal):
            return self.source.constant(node.value)
        if isinstance(node, PositionOf):
            return next((place.position for place in reversed(self.places) if place.position), "None")
        if isinstance(node, Path):
            value = self.one(node)
            if clean:
                self.source.line(f"if {value} == '': {value} = None")
            return value
        if isinstance(node, Pipeline):
            return self._pipeline(node)
        if isinstance(node, Alternatives):
            return self._alternatives(node)
        if isinstance(node, Choice):
            return self._choice(node)
        values = self._list(node)
        self.source.line(f"{values} = {values} or None")
        return values

    def _alternatives(self, node: Alternatives) -> str:
        source, result = self.source, self.source.fresh()
        missing = f"if {result} is None or {result} == '':"
        source.line(f"{result} = {self.expression(node.items[0])}")
        for other in node.items[1:]:
            with source.under(missing):
                source.line(f"{result} = {self.expression(other)}")
        source.line(f"if {result} == '': {result} = None")
        return result

    def _choice(self, node: Choice) -> str:
        result = self.source.fresh()
        with self.source.under(f"if {self.condition(node.condition)}:"):
            self.source.line(f"{result} = {self.expression(node.then, clean=True)}")
        with self.source.under("else:"):
            otherwise = self.expression(node.otherwise, clean=True) if node.otherwise is not None else "None"
            self.source.line(f"{result} = {otherwise}")
        return result

    # --- lists

    def _list(self, node: Expression) -> str:
        """A variable with all values of an operand."""
        values = self.source.fresh()
        self.source.line(f"{values} = []")
        self._add(node, values)
        return values

    def _add(self, node: Expression, values: str) -> None:
        """Adds all values of an operand to a list."""
        if isinstance(node, Path):
            self.gather(node, values)
        elif isinstance(node, ListOf):
            for item in node.items:
                self._add(item, values)
        else:
            self._many(node, lambda value: self.source.line(f"{values}.append({value})"))

    def _many(self, node: Expression, sink: Sink) -> None:
        """Writes `sink` for each value of an operand, missing ones left out."""
        if isinstance(node, Path):
            self.each(node, sink)
        elif isinstance(node, ListOf):
            for each in node.items:
                self._many(each, sink)
        elif isinstance(node, Alternatives):
            values = self._list(node.items[0])
            for other in node.items[1:]:
                with self.source.under(f"if not {values}:"):
                    self.source.line(f"{values} = {self._list(other)}")
            self._over(values, sink)
        elif isinstance(node, Literal):
            if node.value is not None and node.value != "":
                sink(self.source.constant(node.value))
        else:
            block, item = self._loop(self.expression(node))
            with block, self.source.under(f"if {item} is not None and {item} != '':"):
                sink(item)

    # --- pipelines

    def _pipeline(self, node: Pipeline) -> str:
        """Calls before one that takes all matches apply to each match."""
        calls = [self.bound[id(call)] for call in node.calls]
        collects = next((i for i, call in enumerate(calls) if call.takes == "all"), None)
        if collects is None:
            value, many = self.expression(node.operand), False
        else:
            value = self._collected(node.operand, calls[:collects])
            many = True
            calls = calls[collects:]
        for call in calls:
            if call.takes == "all":
                value = self._apply_to_all(call, value if many else self._listed(value))
                many = call.gives == "many"
            elif many:
                value = self._collected_again(value, call)
            else:
                value = self._apply(call, value)
                many = call.gives == "many"
        if many:
            self.source.line(f"{value} = {value} or None")
        return value

    def _collected(self, operand: Expression, calls: list[Bound]) -> str:
        """All values of the operand, each through the calls."""
        if not calls:
            return self._list(operand)
        values = self.source.fresh()
        self.source.line(f"{values} = []")
        self._many(operand, lambda value: self._through(value, calls, values))
        return values

    def _collected_again(self, value: str, call: Bound) -> str:
        values = self.source.fresh()
        self.source.line(f"{values} = []")
        self._over(value, lambda item: self._through(item, [call], values))
        return values

    def _through(self, value: str, calls: list[Bound], values: str) -> None:
        """One value through the calls and, unless it gets lost, into a list."""
        source = self.source
        if not calls:
            source.line(f"{values}.append({value})")
            return
        result = source.fresh()
        source.line(f"{result} = {self._call(calls[0], value)}")
        if calls[0].gives == "many":
            self._over(result, lambda item: self._through(item, calls[1:], values))
            return
        with source.under(f"if {result} is not None and {result} != '':"):
            self._through(result, calls[1:], values)

    def _apply_to_all(self, call: Bound, values: str) -> str:
        result = self.source.fresh()
        if len(self.places) > 1:
            self.source.line(f"work += len({values})")
        self.source.line(f"{result} = {self.source.bound(call.run)}({values})")
        return result

    def _listed(self, value: str) -> str:
        values = self.source.fresh()
        self.source.line(f"{values} = [] if {value} is None else {value} if isinstance({value}, list) else [{value}]")
        return values

    def _apply(self, call: Bound, value: str) -> str:
        """On one value; missing stays missing."""
        source, result = self.source, self.source.fresh()
        if call.missing_too:
            source.line(f"{result} = {self._call(call, value)}")
            return result
        with source.under(f"if {value} is not None and {value} != '':"):
            source.line(f"{result} = {self._call(call, value)}")
        source.line(f"else: {result} = {'[]' if call.gives == 'many' else 'None'}")
        return result

    def _call(self, call: Bound, value: str) -> str:
        """The source of a call on a value that is there."""
        function = self.source.bound(call.run)
        if call.reads_tables:
            return f"{function}({value}, context, tables)"
        arguments = [self.expression(argument, clean=True) for argument in call.arguments]
        made = f"{function}({', '.join([value, *arguments])})"
        if call.name in _ON_TEXT:
            return f"{_ON_TEXT[call.name].format(value)} if type({value}) is str else {made}"
        return made

    # --- conditions

    def condition(self, node: Condition) -> str:
        """The source of whether it holds; what it needs is written before."""
        source = self.source
        if isinstance(node, Comparison):
            left, right = self.expression(node.left, clean=True), self.expression(node.right, clean=True)
            if node.operator in ("=", "!="):
                equal = f"({left} == {right} if type({left}) is type({right}) else equal({left}, {right}))"
                return equal if node.operator == "=" else f"(not {equal})"
            return f"{source.bound(ORDER[node.operator])}({left}, {right})"
        if isinstance(node, Membership):
            value = self.expression(node.operand, clean=True)
            wanted = source.constant(frozenset(as_text(v.value) for v in node.values if v.value is not None))
            holds = f"({value} is not None and as_text({value}) in {wanted})"
            return f"(not {holds})" if node.negated else holds
        if isinstance(node, Truth):
            return self._truth(node)
        if isinstance(node, Negation):
            return f"(not {self.condition(node.item)})"
        return self._junction(node)

    def _truth(self, node: Truth) -> str:
        """A path on its own holds when anything it matches is true."""
        if not isinstance(node.operand, Path):
            return f"is_true({self.expression(node.operand)})"
        path, source, found = node.operand, self.source, self.source.fresh()
        place = self.start(path)
        if place is not None and path.named:
            self._walk(place, path.steps, found, "many")
            return f"({found} is True or {found} is not None and {found} is not False and holds({found}))"
        source.line(f"{found} = False")

        def note(value: str) -> None:
            source.line(f"if is_true({value}): {found} = True")

        self.each(path, note)
        return found

    def _junction(self, node: Junction) -> str:
        source, result = self.source, self.source.fresh()
        source.line(f"{result} = {self.condition(node.items[0])}")
        self._rest_of(node, 1, result, f"if {'' if node.operator == 'and' else 'not '}{result}:")
        return result

    def _rest_of(self, node: Junction, first: int, result: str, undecided: str) -> None:
        for item in node.items[first:]:
            with self.source.under(undecided):
                self.source.line(f"{result} = {self.condition(item)}")

    # --- what only closures can

    def or_closure(self, write: Callable[[], str], run: Callable[..., Any]) -> str:
        """The variable that `write` leaves the value in, or that the closure gives it to."""
        written = self.source.written()
        try:
            return write()
        except Unsupported:
            self.source.take_back(written)
        result = self.source.fresh()
        self.source.line(f"{result} = {self.source.bound(run)}({self.places[-1].item}, {self.scope()})")
        return result

    def scope(self) -> str:
        """The Scope of the innermost place, as closures want it."""
        around = "None"
        for place in self.places:
            if not place.scope:
                place.scope = self.source.fresh()
                made = f"Scope({place.item}, run, {around}, {place.reader}, {place.number})"
                place.mark.line(f"{place.scope} = {made}")
            around = place.scope
        return around
