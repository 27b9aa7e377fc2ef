"""Serial shipping container codes (SSCC-18), as GS1's general specifications define them."""

from __future__ import annotations


def check_digit(digits: str) -> str:
    """The GS1 check digit of a string of digits: weights 3 and 1 in turn from the right.

    Raises ValueError for anything but digits.
    """
    if not digits or not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"a check digit needs digits, not {digits!r}")
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def build(prefix: str, serial: int, extension: str = "0") -> str:
    """An SSCC of 18 digits from extension digit, GS1 company prefix (7 to 10 digits) and serial number.

    Raises ValueError when the prefix or the extension is none, or the serial does not fit what they leave.
    """
    if not (prefix.isascii() and prefix.isdigit() and 7 <= len(prefix) <= 10):
        raise ValueError(f"a GS1 company prefix has 7 to 10 digits, not {prefix!r}")
    if not (len(extension) == 1 and extension.isascii() and extension.isdigit()):
        raise ValueError(f"the extension digit is one digit, not {extension!r}")
    room = 16 - len(prefix)
    if not 0 <= serial < 10**room:
        raise ValueError(f"serial {serial} does not fit the {room} digits that prefix {prefix} leaves")
    body = f"{extension}{prefix}{serial:0{room}d}"
    return body + check_digit(body)


def is_valid(code: str) -> bool:
    """Whether this is an SSCC: 18 digits, or 20 with its application identifier 00 in front."""
    if len(code) == 20 and code.startswith("00"):
        code = code[2:]
    return len(code) == 18 and code.isascii() and code.isdigit() and check_digit(code[:-1]) == code[-1]
