"""Where the next interchange begins, in a file that may change its syntax from one to the next."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from hub.edi.reading.source import Source

_WHOLE_HEAD = re.compile(
    rb"ISA(.)..\1.{10}\1..\1.{10}\1..\1.{15}\1..\1.{15}\1\d{6}\1\d{4}\1.\1\d{5}\1\d{9}\1.\1[PTI]\1.."
    rb"[\r\n]{0,2}(?:GS|TA1)\1"
    rb"|(?:UNA.{6}[\r\n]{0,2})?UNB(.)UNO[A-Z].[1-4]\2.{10,300}?[\r\n]{0,2}UN[GH]\2",
    re.DOTALL,
)
"""The head of an interchange with what begins in it: no text says that, so it needs no segment end before it."""
_LONGEST_HEAD = 400
_BLANK = b" \t\r\n\x00\x0b\x0c\x1a"

Found: TypeAlias = tuple[int | None, int]
"""The offset of the next interchange, None where the window holds none, and up to where there is none for certain."""

Locate: TypeAlias = Callable[[Source, int], Found]
"""Finds the next interchange of one syntax in the window, at or after an offset."""


def nowhere(source: Source, at: int) -> Found:
    """For a file that holds one syntax."""
    return None, source.stop


def nearer(one: Found, other: Found) -> Found:
    """Which of two syntaxes comes next. One that may have the other before it is left for when more was read."""
    sure = min(one[1], other[1])
    return (sure if sure in (one[0], other[0]) else None), sure


def behind(locate: Locate, terminator: bytes) -> Locate:
    """Finds what stands where a segment may begin: behind a terminator or a line break, or where an interchange that
    was cut off runs into a whole head. Text that quotes no more than the beginning of an interchange of the other
    syntax ends none of this one."""

    def found(source: Source, at: int) -> Found:
        start, sure = locate(source, at)
        while start is not None and not _begins(source, start, terminator):
            if source.match(_WHOLE_HEAD, start, source.stop) is not None:
                break
            if not source.ended and source.stop - start < _LONGEST_HEAD:
                return None, start
            start, sure = locate(source, start + 3)
        return start, sure

    return found


def _begins(source: Source, start: int, terminator: bytes) -> bool:
    at = start
    while at > source.start and source.cut(at - 1, at) in _BLANK:
        at -= 1
    blanks = source.cut(at, start)
    before = source.cut(max(at - len(terminator), source.start), at)
    return before == terminator or terminator in blanks or b"\n" in blanks or b"\r" in blanks
