"""Names of people and lines of addresses: told apart by simple rules, fitted into the space that a format has."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

from hub.mapping.functions import Parameter, function, simple
from hub.mapping.runtime import as_text
from hub.mapping.text_functions import bounded

AddressFunction = Callable[..., Any]

# Letters that no accent can be taken off.
_LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D",
     "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ı": "i", "’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-",
     "…": "...", "\u00a0": " "}
)  # fmt: skip


def _ascii(value: Any) -> str:
    plain = bounded(unicodedata.normalize("NFKD", bounded(as_text(value)).translate(_LETTERS)))
    return "".join(c if c.isascii() else "" if unicodedata.combining(c) else "?" for c in plain)


simple(_ascii, "ascii", "Accents taken off, ß as ss and so on; what has no ASCII form becomes ?.")


# --- names: `King, Ada` or `Ada King`


def _names(value: Any) -> tuple[str, str]:
    """Given and family name: by the comma where there is one, else the first word and the rest."""
    text = " ".join(as_text(value).split())
    family, comma, given = text.partition(",")
    if comma:
        return given.strip(), family.strip()
    given, _, family = text.partition(" ")
    return (given, family) if family else ("", given)


simple(lambda v: _names(v)[0], "given_name", "The first word of a name, or what follows its comma.")
simple(lambda v: _names(v)[1], "family_name", "The other words of a name, or what precedes its comma.")


# --- streets: a number is the last word that starts with a digit, else the first that does


def _house_number_at(words: list[str]) -> int | None:
    if len(words) < 2:
        return None
    if words[-1][0].isdigit():
        return len(words) - 1
    if len(words) > 2 and words[-2][0].isdigit() and len(words[-1]) == 1:  # 12 a
        return len(words) - 2
    return 0 if words[0][0].isdigit() else None


def _street(value: Any) -> str:
    words = as_text(value).split()
    at = _house_number_at(words)
    if at is None:
        return " ".join(words)
    return " ".join(words[1:] if at == 0 else words[:at]).rstrip(",")


def _house_number(value: Any) -> str | None:
    words = as_text(value).split()
    at = _house_number_at(words)
    if at is None:
        return None
    return words[0].rstrip(",") if at == 0 else " ".join(words[at:])


simple(_street, "street", "A street line without its house number.")
simple(_house_number, "house_number", "The house number of a street line; missing when it has none.")


@function(Parameter("width", "integer", low=1), gives="many")
def fold(width: int) -> AddressFunction:
    """The text as lines of at most a width, broken between words where it can be."""

    def run(value: Any) -> list[str]:
        lines: list[str] = []
        line = ""
        for word in as_text(value).split():
            if line and len(line) + 1 + len(word) <= width:
                line += " " + word
                continue
            if line:
                lines.append(line)
            whole = (len(word) - 1) // width * width  # of a word longer than a line
            lines += [word[at : at + width] for at in range(0, whole, width)]
            line = word[whole:]
        return [*lines, line] if line else lines

    return run
