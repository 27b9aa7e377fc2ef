"""Whether a text has one of the forms that a pattern describes, such as a carrier's tracking numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from hub.mapping.errors import Fault
from hub.mapping.functions import Parameter, function
from hub.mapping.runtime import as_text

MAX_FORM = 200  # characters that one form may stand for
MAX_PATTERN = 1_000  # characters of a pattern: it may come from a document

_PART = re.compile(r"([#@*]|[0-9A-Z])(?:\{([0-9]{1,3})\})?")
_DIGITS = frozenset("0123456789")
_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_CLASSES = {"#": _DIGITS, "@": _LETTERS, "*": _DIGITS | _LETTERS}


@function(Parameter("pattern", "value"))
def fits() -> Callable[[Any, Any], Any]:
    """Whether it has one of the forms of a pattern; missing where there is no pattern."""

    def run(value: Any, pattern: Any) -> bool | None:
        if pattern is None or pattern == "":
            return None
        written = as_text(pattern)
        if len(written) > MAX_PATTERN:
            raise Fault("mapping.text-size", f"a pattern has at most {MAX_PATTERN:,} characters")
        text = re.sub(r"[\s-]", "", as_text(value)).upper()
        return any(
            len(form) == len(text) and all(character in allowed for character, allowed in zip(text, form, strict=True))
            for form in _forms(written)
        )

    return run


@lru_cache(maxsize=1024)
def _forms(pattern: str) -> tuple[tuple[frozenset[str], ...], ...]:
    """For each form of a pattern which characters may stand where."""
    return tuple(_form(word) for word in pattern.upper().split())


def _form(word: str) -> tuple[frozenset[str], ...]:
    places: list[frozenset[str]] = []
    at = 0
    while at < len(word):
        part = _PART.match(word, at)
        count = int(part[2] or 1) if part else 0
        if part is None or len(places) + count > MAX_FORM:
            raise Fault("mapping.bad-value", "a form is letters, digits, `#`, `@` and `*`, each with `{times}` or none")
        places += [_CLASSES.get(part[1], frozenset(part[1]))] * count
        at = part.end()
    return tuple(places)
