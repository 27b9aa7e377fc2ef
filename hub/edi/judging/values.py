"""Data element types: what is wrong with a value, in words.

X12 has AN (text), ID (code), N0 to N9 (number with implied decimals), R (number with a decimal point), DT and TM;
EDIFACT has an (text), a (text without digits) and n (number with the interchange's decimal mark).
"""

from __future__ import annotations

import re
from calendar import monthrange

from hub.edi.grammars.rules import ElementRule

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NUMBER = re.compile(r"-?[0-9]+")
_DECIMAL = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:E-?[0-9]+)?")
_MARKED = re.compile(r"-?[0-9]+(?:[.,][0-9]+)?")
_ALPHABETIC = re.compile(r"[^0-9]*")
DATE = r"[12][0-9]{3}(?:(?:0[1-9]|1[0-2])(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])(?:29|30)|(?:0[13578]|1[02])31)"
MINUTE = r"(?:[01][0-9]|2[0-3])[0-5][0-9]"
TIME = MINUTE + r"(?:[0-5][0-9](?:[0-9]{1,2})?)?"
_TIME_ONLY = re.compile(TIME)


def judge_value(element: ElementRule, value: str, strict: bool, decimal: str = ".") -> tuple[str, str] | None:
    """The finding code and the rest of the sentence for a value that is wrong, None for a right one.

    `decimal` is the decimal mark of the interchange, for type n.
    """
    if _CONTROL.search(value):
        return "edi.character-invalid", "holds a control character; only printable characters are allowed."
    if element.type in ("DT", "TM"):
        return _judge_moment(element, value)
    if element.type == "n":
        fault = _judge_marked(element, value, decimal)
    elif element.type == "R" or element.type.startswith("N"):
        fault = _judge_number(element, value)
    elif element.type == "a" and not _ALPHABETIC.fullmatch(value):
        fault = "edi.character-type-invalid", "holds a digit; only letters and signs are allowed."
    else:
        fault = _judge_length(element, len(value), "characters")
    return fault or _judge_code(element, value, strict)


def _judge_length(element: ElementRule, length: int, what: str) -> tuple[str, str] | None:
    span = f"{element.least}" if element.least == element.most else f"{element.least} to {element.most}"
    if length > element.most:
        return "edi.element-too-long", f"has {length} {what}; {span} are allowed."
    if length < element.least:
        return "edi.element-too-short", f"has {length} {what}; {span} are required."
    return None


def _judge_number(element: ElementRule, value: str) -> tuple[str, str] | None:
    whole = element.type != "R"
    if not (_NUMBER if whole else _DECIMAL).fullmatch(value):
        expected = "a whole number such as 12" if whole else "a number such as 12 or 12.5"
        return "edi.character-invalid", f"is not a number; {expected} was expected."
    digits = sum(c.isdigit() for c in value.partition("E")[0])
    return _judge_length(element, digits, "digits")


def _judge_marked(element: ElementRule, value: str, decimal: str) -> tuple[str, str] | None:
    """EDIFACT counts neither the sign nor the decimal mark; both marks are understood wherever they stand."""
    if not _MARKED.fullmatch(value):
        return "edi.character-type-invalid", f"is not a number; one such as 12 or 12{decimal}5 was expected."
    return _judge_length(element, sum(c.isdigit() for c in value), "digits")


def _judge_code(element: ElementRule, value: str, strict: bool) -> tuple[str, str] | None:
    if not element.codes or value in element.codes:
        return None
    if element.closed and strict:
        few = sorted(element.codes)
        listed = ", ".join(few) if len(few) <= 12 else f"{', '.join(few[:10])} and {len(few) - 10} more"
        return "edi.code-invalid", f"is not a code of data element {element.reference}; allowed are {listed}."
    return "edi.code-undescribed", f"is a code that our list of data element {element.reference} does not have."


def _judge_moment(element: ElementRule, value: str) -> tuple[str, str] | None:
    is_day = element.type == "DT"
    shape = ("YYMMDD" if element.most == 6 else "CCYYMMDD") if is_day else "HHMM, HHMMSS or HHMMSSDD"
    fault = _judge_length(element, len(value), "characters")
    if fault:
        return fault[0], f"{fault[1][:-1]}, written {shape}."
    if element.type == "TM":
        if _TIME_ONLY.fullmatch(value):
            return None
        return "edi.time-invalid", f"is not a time of day; {shape} was expected."
    if is_date(value):
        return None
    return "edi.date-invalid", f"is not a date of the calendar; {shape} was expected."


def as_count(text: str) -> int | None:
    """The number that a count or control number is; None for anything but up to 18 plain digits."""
    return int(text) if len(text) <= 18 and text.isascii() and text.isdigit() else None


def is_date(value: str) -> bool:
    """Whether this is a calendar date written CCYYMMDD or YYMMDD (then of this century)."""
    if not (value.isascii() and value.isdigit() and len(value) in (6, 8)):
        return False
    year, month, day = int(value[:-4]), int(value[-4:-2]), int(value[-2:])
    year += 2000 if len(value) == 6 else 0
    return year > 0 and 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]


def is_time(value: str) -> bool:
    """Whether this is a time of day written HHMM, HHMMSS, HHMMSSD or HHMMSSDD."""
    return bool(_TIME_ONLY.fullmatch(value))
