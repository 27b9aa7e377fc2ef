"""The expression syntax: text to a tree of plain dataclasses. The grammar stands in docs/mapping-language.md."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

MAX_DEPTH = 30  # of parentheses, `when` and filters inside each other
MAX_TOKENS = 5_000

KEYWORDS = frozenset(["when", "then", "else", "and", "or", "not", "in", "true", "false", "null"])


class SyntaxFault(Exception):
    """The text is no expression; `offset` is where."""

    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset, self.message = offset, message


# --- the tree -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Literal:
    value: str | int | Decimal | bool | None
    offset: int


@dataclass(frozen=True, slots=True)
class Test:
    """One condition in brackets: a relative path and the texts it may (or must not) be. An empty path means the
    element that identifies a segment or loop: `N1[ST]`. With `other` the texts are what that path leads to from the
    item: `[line.id=.id]`."""

    path: tuple[Step, ...]
    values: tuple[str, ...]
    negated: bool = False
    other: Path | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path.

    kind: `name` (a JSON field), `index` (a list's item), `filter`, `segment` (EDI), `element`, `pair`, `any` (`//`,
    descend to whatever depth) or `up` (the enclosing loop of that name). An element that is named by its number in
    EDIFACT may stand at several `places` of its segment, as (element, component).
    """

    kind: str
    name: str = ""
    number: int = 0
    component: int = 0
    tests: tuple[Test, ...] = ()
    places: tuple[tuple[int, int], ...] = ()
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Path:
    """`root`: `` (relative), `$` (document), `^` with `outer` levels, or a context root such as `partner`."""

    root: str
    outer: int
    steps: tuple[Step, ...]
    offset: int
    text: str
    dotted: bool = False  # written with a leading dot, so the first word is a field in any case

    @property
    def named(self) -> bool:
        """Whether it is made of names only."""
        return bool(self.steps) and all(step.kind == "name" for step in self.steps)


@dataclass(frozen=True, slots=True)
class ListOf:
    """`(a, b, c)`: several operands as one list."""

    items: tuple[Expression, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call. A bare word or number is kept as `word` too: what it means (a choice, a code, a field) is
    up to the function. `value` is None for a word that is no expression."""

    name: str
    value: Expression | None
    word: str | None
    offset: int

    @property
    def literal(self) -> Literal | None:
        """A word as its text, or the literal that stands here."""
        if self.word is not None:
            return Literal(self.word, self.offset)
        return self.value if isinstance(self.value, Literal) else None


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    arguments: tuple[Argument, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Pipeline:
    operand: Expression
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Alternatives:
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    condition: Condition
    then: Expression
    otherwise: Expression | None


@dataclass(frozen=True, slots=True)
class PositionOf:
    """`position()`: the number of the current item in its `each`, from 1."""

    offset: int


Expression = Literal | Path | ListOf | Pipeline | Alternatives | Choice | PositionOf


@dataclass(frozen=True, slots=True)
class Comparison:
    left: Expression
    operator: str  # = != < <= > >=
    right: Expression


@dataclass(frozen=True, slots=True)
class Membership:
    operand: Expression
    values: tuple[Literal, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Truth:
    operand: Expression


@dataclass(frozen=True, slots=True)
class Junction:
    operator: str  # and, or
    items: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    item: Condition


Condition = Comparison | Membership | Truth | Junction | Negation


# --- tokens ---------------------------------------------------------------------------------------------------------


class Token(NamedTuple):
    kind: str  # word, number, text, or the sign itself; `end` at the end
    text: str
    offset: int


_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^'\n]|'')*'|"(?:[^"\n]|"")*")
    | (?P<number>-?\d+(?:\.\d+)?(?![\w-]))
    | (?P<word>\w[\w-]*)
    | (?P<sign>\?\?|!=|<=|>=|//|[|()\[\],.=<>/^$\#*])
    | (?P<bad>\S)
    )""",
    re.VERBOSE,
)


def tokens(text: str) -> list[Token]:
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "bad"
        value, offset = match.group(kind), match.start(kind)
        if kind == "bad":
            what = "this quote is never closed" if value in "'\"" else f"`{value}` has no meaning here"
            raise SyntaxFault(offset, what)
        if kind == "text":
            found.append(Token("text", value[1:-1].replace(value[0] * 2, value[0]), offset))
        else:
            found.append(Token(value if kind == "sign" else kind, value, offset))
        if len(found) > MAX_TOKENS:
            raise SyntaxFault(offset, "the expression is too long")
    found.append(Token("end", "", len(text)))
    return found
