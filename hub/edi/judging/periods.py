"""Dates, times and periods in the formats of EDIFACT data element 2379: `102` is CCYYMMDD."""

from __future__ import annotations

import re

from hub.edi.judging.values import is_date, is_time

FORMATS = {
    "101": "YYMMDD", "102": "CCYYMMDD", "201": "YYMMDDHHMM", "202": "YYMMDDHHMMSS", "203": "CCYYMMDDHHMM",
    "204": "CCYYMMDDHHMMSS", "303": "CCYYMMDDHHMMZZZ", "304": "CCYYMMDDHHMMSSZZZ", "401": "HHMM", "402": "HHMMSS",
    "602": "CCYY", "609": "YYMM", "610": "CCYYMM", "615": "YYWW", "616": "CCYYWW",
    "713": "YYMMDDHHMMYYMMDDHHMM", "718": "CCYYMMDDCCYYMMDD", "719": "CCYYMMDDHHMMCCYYMMDDHHMM",
}  # fmt: skip
"""The formats whose values are checked, by code; a value in any other is taken as it is."""

_PARTS = re.compile(r"((?:CC)?YYMMDD)|((?:CC)?YY(?:MM|WW)?)|(HHMM(?:SS)?)|(ZZZ)")


def period_fault(value: str, form: str) -> str:
    """What a value should have been by its format code, `""` when it is that or the format is not checked."""
    shape = FORMATS.get(form)
    if not value or shape is None:
        return ""
    right = len(value) == len(shape) and all(
        _is_part(value[part.start() : part.end()], part) for part in _PARTS.finditer(shape)
    )
    return "" if right else f"written {shape}"


def _is_part(text: str, part: re.Match[str]) -> bool:
    day, span, time, zone = part.groups()
    if day:
        return is_date(text)
    if time:
        return is_time(text)
    if zone:
        return text.isascii() and (text.isalnum() or (text[0] in "+-" and text[1:].isdigit()))
    if not (text.isascii() and text.isdigit()):
        return False
    last = {"MM": 12, "WW": 53}.get(span[-2:])
    return last is None or 1 <= int(text[-2:]) <= last
