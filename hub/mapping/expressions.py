"""Expressions compiled to closures `f(here, scope) -> value`; None is a missing value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hub.mapping import (  # noqa: F401  (they register)
    address_functions,
    date_functions,
    measure_functions,
    number_functions,
    place_functions,
    shape_functions,
    text_functions,
)
from hub.mapping.calls import Bound, bind
from hub.mapping.errors import BAD_VALUE, Fault
from hub.mapping.number_functions import number
from hub.mapping.paths import Reader
from hub.mapping.runtime import Scope, as_text, is_true
from hub.mapping.syntax import (
    Alternatives,
    Call,
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

Evaluate = Callable[[Any, Scope], Any]


@dataclass(slots=True)
class Compiler:
    """Compiles the expressions of one mapping.

    `readers` collects the paths met since the caller last emptied it, `tables` the names of the tables read.
    """

    constants: Mapping[str, Any] = field(default_factory=dict)
    readers: list[Reader] = field(default_factory=list)
    tables: dict[str, int] = field(default_factory=dict)
    bound: dict[int, Bound] = field(default_factory=dict)  # by the id of their Call
    tracing: bool = False

    def reader(self, path: Path) -> Reader:
        reader = Reader(path, self.constants)
        if self.tracing:
            reader.trace()
        self.readers.append(reader)
        return reader

    def row(self, node: Expression) -> Evaluate:
        """The expression of a whole row. Its first reader is the one a fault is about, so nothing need say which."""
        return self._pipeline(node, blame=False) if isinstance(node, Pipeline) else self.expression(node)

    def expression(self, node: Expression) -> Evaluate:
        """The value of a row: one value, or a list after a function that gives many."""
        if isinstance(node, Literal):
            value = node.value
            return lambda here, scope: value
        if isinstance(node, Path):
            return self.reader(node).one
        if isinstance(node, PositionOf):
            return _position
        if isinstance(node, Pipeline):
            return self._pipeline(node)
        if isinstance(node, Alternatives):
            return _alternatives([self.expression(item) for item in node.items])
        if isinstance(node, Choice):
            return self._choice(node)
        many = self.many(node)
        return lambda here, scope: many(here, scope) or None

    def many(self, node: Expression) -> Evaluate:
        """All values of an operand as a list, missing ones left out."""
        if isinstance(node, Path):
            return self.reader(node).many
        if isinstance(node, ListOf):
            return _chained([self.many(item) for item in node.items])
        if isinstance(node, Alternatives):
            return _first_list([self.many(item) for item in node.items])
        one = self.expression(node)

        def as_list(here: Any, scope: Scope) -> list[Any]:
            value = one(here, scope)
            if isinstance(value, list):
                return value
            return [] if value is None or value == "" else [value]

        return as_list

    def _choice(self, node: Choice) -> Evaluate:
        condition, then = self.condition(node.condition), self.expression(node.then)
        otherwise = self.expression(node.otherwise) if node.otherwise is not None else None

        def choose(here: Any, scope: Scope) -> Any:
            if condition(here, scope):
                return then(here, scope)
            return otherwise(here, scope) if otherwise is not None else None

        return choose

    # --- pipelines

    def bind(self, call: Call) -> Bound:
        bound = self.bound[id(call)] = bind(call, self)
        return bound

    def _pipeline(self, node: Pipeline, blame: bool = True) -> Evaluate:
        """Calls before one that takes all matches apply to each match."""
        before = len(self.readers)
        bound = [self.bind(call) for call in node.calls]
        collects = next((i for i, call in enumerate(bound) if call.takes == "all"), None)
        many = collects is not None
        run = self.many(node.operand) if many else self.expression(node.operand)
        for call in bound:
            if call.takes == "all":
                run = call.collect(run) if many else call.collect(_listed(run))
            elif many:
                run = call.each(run)
            else:
                run = call.apply(run) if call.gives == "one" else _listed(call.apply(run))
            many = call.gives == "many" or (many and call.takes == "one")
        if many:
            run = _non_empty(run)
        if not isinstance(node.operand, Path):
            return run
        operand = self.readers.pop()
        self.readers.insert(before, operand)
        return _blaming(run, operand) if blame else run

    # --- conditions

    def condition(self, node: Condition) -> Evaluate:
        if isinstance(node, Comparison):
            return _comparison(self.expression(node.left), node.operator, self.expression(node.right))
        if isinstance(node, Membership):
            return self._membership(node)
        if isinstance(node, Truth):
            return self._truth(node)
        if isinstance(node, Negation):
            item = self.condition(node.item)
            return lambda here, scope: not item(here, scope)
        return _junction(node, [self.condition(item) for item in node.items])

    def _truth(self, node: Truth) -> Evaluate:
        """A path on its own holds when anything it matches is true."""
        if isinstance(node.operand, Path):
            many = self.reader(node.operand).many
            return lambda here, scope: any(map(is_true, many(here, scope)))
        value = self.expression(node.operand)
        return lambda here, scope: is_true(value(here, scope))

    def _membership(self, node: Membership) -> Evaluate:
        value, negated = self.expression(node.operand), node.negated
        wanted = frozenset(as_text(item.value) for item in node.values if item.value is not None)

        def holds(here: Any, scope: Scope) -> bool:
            found = value(here, scope)
            return (found is not None and as_text(found) in wanted) is not negated

        return holds


def _position(here: Any, scope: Scope) -> int | None:
    at: Scope | None = scope
    while at is not None and not at.position:
        at = at.outer
    return at.position if at is not None else None


def _alternatives(items: list[Evaluate]) -> Evaluate:
    def first(here: Any, scope: Scope) -> Any:
        for item in items:
            value = item(here, scope)
            if value is not None and value != "":
                return value
        return None

    return first


def _chained(items: list[Evaluate]) -> Evaluate:
    return lambda here, scope: [value for item in items for value in item(here, scope)]


def _first_list(items: list[Evaluate]) -> Evaluate:
    return lambda here, scope: next((found for item in items if (found := item(here, scope))), [])


def _listed(run: Evaluate) -> Evaluate:
    def listed(here: Any, scope: Scope) -> list[Any]:
        value = run(here, scope)
        if value is None:
            return []
        return value if isinstance(value, list) else [value]

    return listed


def _non_empty(run: Evaluate) -> Evaluate:
    return lambda here, scope: run(here, scope) or None


def _blaming(run: Evaluate, operand: Reader) -> Evaluate:
    """A fault in a pipeline is about the value its path read."""

    def blamed(here: Any, scope: Scope) -> Any:
        try:
            return run(here, scope)
        except Fault as fault:
            if fault.path is None:
                fault.path = operand
            raise
        except BAD_VALUE:
            bad = Fault.bad_value()
            bad.path = operand
            raise bad from None

    return blamed


def _junction(node: Junction, items: list[Evaluate]) -> Evaluate:
    if node.operator == "and":
        return lambda here, scope: all(item(here, scope) for item in items)
    return lambda here, scope: any(item(here, scope) for item in items)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """As numbers when one side is a number, else as text; nothing holds for a missing value."""

    def holds(a: Any, b: Any) -> bool:
        if a is None or b is None:
            return False
        if _numeric(a) or _numeric(b):
            return compare(number(a), number(b))
        return compare(as_text(a), as_text(b))

    return holds


ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": _ordered(lambda a, b: a < b),
    "<=": _ordered(lambda a, b: a <= b),
    ">": _ordered(lambda a, b: a > b),
    ">=": _ordered(lambda a, b: a >= b),
}


def _comparison(left: Evaluate, operator: str, right: Evaluate) -> Evaluate:
    if operator in ("=", "!="):
        wanted = operator == "="
        return lambda here, scope: equal(left(here, scope), right(here, scope)) is wanted
    holds = ORDER[operator]
    return lambda here, scope: holds(left(here, scope), right(here, scope))


def _numeric(value: Any) -> bool:
    return isinstance(value, (int, Decimal, float)) and not isinstance(value, bool)


def equal(a: Any, b: Any) -> bool:
    """Numbers compare as numbers when both sides are one, everything else as text; missing equals missing."""
    if a is None or b is None:
        return a is b
    if type(a) is type(b):
        return bool(a == b)
    if _numeric(a) and _numeric(b):
        return number(a) == number(b)
    return as_text(a) == as_text(b)
