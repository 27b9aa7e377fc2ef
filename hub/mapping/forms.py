"""The rows of a mapping as a tree, between the file and what runs: closures that explain, or one function that is fast.

Each form has its closure too, for what the fast function leaves to the closures.
"""

from __future__ import annotations

from dataclasses import dataclass

from hub.mapping.expressions import Evaluate
from hub.mapping.paths import Reader
from hub.mapping.syntax import Condition, Expression


@dataclass(frozen=True, slots=True)
class Text:
    """A text in quotes; None when it is empty."""

    value: str | None


@dataclass(frozen=True, slots=True)
class Formula:
    """An expression."""

    node: Expression
    run: Evaluate


@dataclass(frozen=True, slots=True)
class Test:
    """The condition of a `when`."""

    node: Condition
    run: Evaluate


@dataclass(frozen=True, slots=True)
class Field:
    """A target within its object."""

    name: str
    required: bool
    form: Form


@dataclass(frozen=True, slots=True)
class Object:
    """A block's rows."""

    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Together:
    """What several forms give, as one list."""

    items: tuple[Form, ...]


@dataclass(frozen=True, slots=True)
class Repetitions:
    """A segment or loop of an EDI target: always a list."""

    item: Form


@dataclass(frozen=True, slots=True)
class Inside:
    """`with`."""

    reader: Reader
    body: Form


@dataclass(frozen=True, slots=True)
class Repeated:
    """`each`, with its `when` and `group_by`; `closure` is the whole of it."""

    reader: Reader
    when: Test | None
    group_by: Form | None
    body: Form
    closure: Evaluate


@dataclass(frozen=True, slots=True)
class Kept:
    """`when` without `each`."""

    when: Test
    body: Form


@dataclass(frozen=True, slots=True)
class Nothing:
    """What could not be compiled; its mapping never runs."""


Form = Text | Formula | Test | Object | Together | Repetitions | Inside | Repeated | Kept | Nothing
