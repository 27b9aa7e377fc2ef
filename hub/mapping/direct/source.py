"""The text of a generated function while it is written.

No text of a mapping ever becomes source: whatever it names or holds is bound to a name of ours (`k7`) and the source
says that name only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

MAX_LINES = 20_000
MAX_LOOPS = 15  # inside each other; Python itself allows 20
MAX_DEPTH = 80  # of indentation; Python itself allows 100


class Unwritable(Exception):
    """The mapping is too large or too deep for a function; its closures run it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the source that is filled later."""

    depth: int
    lines: list[str]

    def line(self, text: str) -> None:
        self.lines.append(" " * (self.depth + 1) + text)


class Source:
    """Lines of Python and what their names are bound to.

    `with source.under("if v1:"):` indents what is written inside.
    """

    def __init__(self, names: dict[str, Any]) -> None:
        self._lines: list[str | list[str]] = []  # a list: what was prepared at a mark
        self.names = names
        self._constants: dict[tuple[type, Any], str] = {}
        self._bound: dict[int, str] = {}
        self._count = 0
        self._open: list[bool] = []  # whether what is open is a loop

    def line(self, text: str) -> None:
        self._lines.append(" " * (len(self._open) + 1) + text)

    def under(self, header: str) -> Source:
        self.line(header)
        self._open.append(header.startswith("for "))
        if len(self._open) > MAX_DEPTH or len(self._lines) > MAX_LINES or sum(self._open) > MAX_LOOPS:
            raise Unwritable
        return self

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.pop()

    def fresh(self) -> str:
        """A local variable that is not used yet."""
        self._count += 1
        return f"v{self._count}"

    def constant(self, value: Any) -> str:
        """The name of a constant; values that are alike share it."""
        key = (type(value), str(value) if isinstance(value, Decimal) else value)  # 1.0 and 1.00 are not alike
        if key not in self._constants:
            self._constants[key] = name = f"k{len(self._constants)}"
            self.names[name] = value
        return self._constants[key]

    def bound(self, thing: Any) -> str:
        """The name of a function or an object of ours."""
        if id(thing) not in self._bound:
            self._bound[id(thing)] = name = f"f{len(self._bound)}"
            self.names[name] = thing
        return self._bound[id(thing)]

    def mark(self) -> Mark:
        """This place, to write to later."""
        mark = Mark(len(self._open), [])
        self._lines.append(mark.lines)
        return mark

    @contextmanager
    def at(self, mark: Mark) -> Iterator[None]:
        """What is written inside goes to the mark."""
        here = self._lines, self._open
        self._lines, self._open = [], [False] * mark.depth
        try:
            yield
            mark.lines.extend(self.text().split("\n"))
        finally:
            self._lines, self._open = here

    def text(self) -> str:
        parts = ([part] if isinstance(part, str) else part for part in self._lines)
        return "\n".join(line for part in parts for line in part)

    def written(self) -> int:
        """How much is written, for `take_back`."""
        return len(self._lines)

    def take_back(self, written: int) -> None:
        del self._lines[written:]


@dataclass(slots=True)
class Place:
    """What relative paths are relative to, as variables of the function."""

    item: str
    mark: Mark  # where what it needs is prepared
    reader: str = "None"
    number: str = "0"  # the item's place among the matches, from 0
    position: str = ""  # `position()`, in a block with `each`
    scope: str = ""  # the variable with its Scope, once a closure needs one
    index: str = ""  # the variables with its segments and loops, once a path needs them
    checked: bool = False  # that it is an object
    grouped: bool = False  # it is what `group_by` put together
