"""The values that settings of partners may have: texts, numbers and lists as a person types them, checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import ValidationError, fields

from hub.edi.findings import catalogue
from hub.schedules import ScheduleError

_ESCAPED = re.compile(r"\\x([0-9A-Fa-f]{2})|\\([nrt])")
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t"}


def readable(check: Callable[[str], object]) -> Callable[[str], None]:
    """A validator out of a function that raises `ScheduleError`."""

    def validator(value: str) -> None:
        try:
            check(value)
        except ScheduleError as error:
            raise ValidationError(error.sentence) from error

    return validator


def codec(name: str) -> None:
    """A text codec that has ASCII in ASCII's place, as delimiters and envelopes need it."""
    ascii_text = "".join(map(chr, range(32, 127)))
    try:
        usable = ascii_text.encode(name).decode("ascii") == ascii_text
    except (LookupError, UnicodeError, TypeError):
        usable = False
    if not usable:
        raise ValidationError("Write a character set such as utf-8, iso8859-1 or cp1252.")


def finding_names(rules: Mapping[str, str]) -> None:
    """Rules whose keys are codes of findings, alone or with a place."""
    for name in rules:
        code, _, place = name.partition(" ")
        if code not in catalogue():
            raise ValidationError(f"There is no finding {code!r}; docs/edi-findings.md lists them all.")
        if place and not re.fullmatch(r"[A-Z][A-Z0-9]{1,2}(?:[0-9]{2}(?:-[0-9]{1,2})?)?", place):
            raise ValidationError(f"{place!r} is no place; write REF, REF02 or REF04-2.")


class Words(fields.Field[list[str]]):
    """A list of texts; one text may hold several, separated by commas."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[str]:
        given = value.split(",") if isinstance(value, str) else value
        if not isinstance(given, (list, tuple)) or not all(isinstance(one, str) for one in given):
            raise ValidationError("Write a list of texts, separated by commas.")
        return [one.strip() for one in given if one.strip()]


class Mark(fields.Field[str]):
    r"""One character; a control character may be written `\x1d` or `\n`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = str(value)
        if escaped := _ESCAPED.fullmatch(text):
            text = _CONTROLS[escaped[2]] if escaped[2] else chr(int(escaped[1], 16))
        if len(text) > 1:
            raise ValidationError(r"Write one character, or a control character as \x1d.")
        return text
