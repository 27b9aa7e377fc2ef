"""The closed list of functions that may stand after `|`.

A function is declared with what it takes (`one` value, or `all` matches of its path), what it gives, and its
parameters; `build` gets the arguments once, when the mapping is compiled, and returns what runs on each value.
Nothing here reads a clock, a file or an attribute of a value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Built = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """kind: `text` (quoted), `integer`, `word` (one of `choices`) or `value` (an expression, evaluated per run)."""

    name: str
    kind: str = "text"
    default: Any = ...
    choices: tuple[str, ...] = ()
    low: int = 0
    high: int = 10_000

    @property
    def required(self) -> bool:
        return self.default is ...


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the language.

    `build(**literals)` returns `f(value)`, or `f(value, *values)` where there are `value` parameters.
    """

    name: str
    build: Callable[..., Built]
    parameters: tuple[Parameter, ...] = ()
    takes: str = "one"
    gives: str = "one"
    summary: str = ""

    @property
    def signature(self) -> str:
        if not self.parameters:
            return self.name
        shown = (p.name if p.required else f"{p.name}={p.default!r}" for p in self.parameters)
        return f"{self.name}({', '.join(shown)})"


FUNCTIONS: dict[str, Function] = {}


def function(
    *parameters: Parameter, takes: str = "one", gives: str = "one", name: str = ""
) -> Callable[[Callable[..., Built]], Callable[..., Built]]:
    """Registers a builder under its own name (a trailing underscore is dropped)."""

    def register(build: Callable[..., Built]) -> Callable[..., Built]:
        called = name or build.__name__.rstrip("_")
        summary = (build.__doc__ or "").strip().split("\n")[0]
        FUNCTIONS[called] = Function(called, build, parameters, takes, gives, summary)
        return build

    return register


def simple(run: Built, name: str, summary: str, takes: str = "one", gives: str = "one") -> None:
    """Registers a function without parameters."""
    FUNCTIONS[name] = Function(name, lambda: run, (), takes, gives, summary)
