"""What control segments look like in bytes: the patterns that the reader finds them by, made once for each dialect."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from hub.edi.delimiters import Delimiters

BLANKS = b" \t\r\n\x00\x0b\x0c"

_OTHER = rb"(?:GS|ST|SE|GE|IEA)"
_NEVER = re.compile(rb"(?!)")


class Patterns(NamedTuple):
    """How the control segments of an interchange are found.

    head          the blanks (group 1) and the id (2) of one that begins here
    following     the same of the next one behind a terminator
    plain_header  an ST with its terminator in which nothing is doubtful, as nearly all are written; group 1: elements
    plain_trailer the same of an SE
    late_trailer  an SE (group 1) behind a line break at the end of a set
    next_line     the line break in a control segment behind which another one begins
    run_into      a control segment up to where another one begins right behind its last element
    """

    head: re.Pattern[bytes]
    following: re.Pattern[bytes]
    plain_header: re.Pattern[bytes]
    plain_trailer: re.Pattern[bytes]
    late_trailer: re.Pattern[bytes]
    next_line: re.Pattern[bytes]
    run_into: re.Pattern[bytes]


@lru_cache(maxsize=64)
def patterns(marks: Delimiters, encoding: str) -> Patterns:
    """Those for an interchange with these delimiters, in this encoding."""
    terminator = marks.terminator.encode(encoding, "replace")
    mark, end = re.escape(marks.element.encode(encoding, "replace")), re.escape(terminator)
    blanks = re.escape(bytes(b for b in BLANKS if b != terminator[-1]))
    head = rb"([" + blanks + rb"]*)([Ii][Ee][Aa]|[Gg][SsEe]|[Ss][TtEe]|[Tt][Aa]1)(?=" + mark + rb"|" + end + rb")"
    late = rb"[\r\n][ \t]*(SE" + mark + rb"[0-9]{1,10}" + mark + rb"[A-Za-z0-9]{1,9})(?:" + end + rb")?[ \t\r\n]*\Z"
    before_last = rb"(?:[SG]E" + mark + rb"[0-9]{1,10}|GS(?:" + mark + rb"[^" + mark + rb"]{0,70}+){7})"
    return Patterns(
        re.compile(head),
        # What cannot begin one is passed over at its first byte: most segments of a set are none.
        re.compile(end + rb"(?=[IGSTigst" + blanks + rb"])" + head),
        _plain(rb"ST", rb"{1,2}+", marks),
        _plain(rb"SE", rb"", marks),
        re.compile(late),
        re.compile(rb"[\r\n]+(?=[ \t]*" + _OTHER + mark + rb")"),
        re.compile(before_last + mark + rb"[A-Za-z0-9]{1,12}?(?=" + _OTHER + mark + rb")"),
    )


def _plain(segment_id: bytes, more: bytes, marks: Delimiters) -> re.Pattern[bytes]:
    """With two elements, or so many `more` behind the first."""
    if marks.problem():
        return _NEVER
    suffix, mark, end = (re.escape(one.encode("ascii")) for one in (marks.suffix, marks.element, marks.terminator))
    value = rb"[^" + mark + end + rb"\x00- \x7f-\xff]*+"
    return re.compile(suffix + segment_id + mark + rb"(" + value + rb"(?:" + mark + value + rb")" + more + rb")" + end)
