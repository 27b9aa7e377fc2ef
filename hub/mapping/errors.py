"""What can be wrong with a mapping or with a document that goes through it.

A finding names the file, the place in it, the target field and the path of the value. It never holds the value
itself: whoever may see the document looks it up with `hub.mapping.value_at`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a mapping file; line and column count from 1, 0 means the file as a whole."""

    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Finding:
    """One error or warning.

    `target` is the dotted target field, `source_path` the path as the row writes it, `value_path` the path from the
    document's root to the very value (itself a path of the language).
    """

    code: str
    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    target: str = ""
    source_path: str = ""
    value_path: str = ""
    severity: str = "error"

    @classmethod
    def at(cls, position: Position, code: str, message: str, **more: str) -> Finding:
        return cls(code, message, position.file, position.line, position.column, **more)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        place = str(Position(self.file, self.line, self.column))
        field = f" {self.target}:" if self.target else ""
        value = f" (value at {self.value_path})" if self.value_path else ""
        return f"{place}:{field} {self.message}{value} [{self.code}]".lstrip(": ")


class MappingError(Exception):
    """A mapping that cannot be used, or a document that it could not map; `findings` says all that is wrong."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings: tuple[Finding, ...] = tuple(findings)
        super().__init__("; ".join(map(str, self.findings[:5])) or "mapping failed")

    @property
    def code(self) -> str:
        return self.findings[0].code if self.findings else "mapping.failed"


class LookupMissing(MappingError):
    """Nothing is wrong but table rows are missing, and the mapping says to park for them.

    `missing` holds every (table, key) the document waits for; `table` and `key` are the first of them. A key is a
    code or a SKU, but it comes from the document, so it stays out of the message.
    """

    def __init__(self, missing: Iterable[tuple[str, str]], findings: Iterable[Finding]) -> None:
        self.missing: tuple[tuple[str, str], ...] = tuple(dict.fromkeys(missing))
        super().__init__(findings)

    @property
    def table(self) -> str:
        return self.missing[0][0]

    @property
    def key(self) -> str:
        return self.missing[0][1]


class DecodeError(MappingError):
    """Bytes that are not what their format says: not JSON, not CSV, too deep."""


# What the standard library raises for a value it cannot work with: a day 32, a number out of range.
BAD_VALUE = (ValueError, ArithmeticError)


class Exhausted(Exception):
    """The bound on work is used up; what has been found stands in the run, and nothing more is looked at."""


class Fault(Exception):
    """What an expression meets while it runs; the row it stands in turns it into a finding."""

    def __init__(self, code: str, message: str, missing: tuple[str, str] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.missing = missing
        self.path: Any = None  # the path whose value is at fault, set by the pipeline that read it
        self.index: int | None = None  # which of its matches, where it has several

    @classmethod
    def bad_value(cls) -> Fault:
        """For what the standard library refuses (`BAD_VALUE`)."""
        return cls("mapping.bad-value", "a function cannot work with this value")
