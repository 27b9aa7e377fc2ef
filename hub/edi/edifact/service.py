"""What service segments look like in bytes: the patterns that the reader finds them by, made once for each dialect."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from hub.edi.delimiters import Delimiters

LONGEST_RUN = 1_000
"""`run_into` looks at no more bytes."""

_NEVER = re.compile(rb"(?!)")


class Patterns(NamedTuple):
    """How the service segments of an interchange are found.

    id            the id of one that begins here
    following     the same of the next one, where it may begin: behind a terminator or a blank
    plain         one with its terminator, where nothing makes doubtful where it ends
    plain_header  a UNH (group 1) with its terminator in which nothing at all is doubtful, as nearly all are written
    plain_trailer the same of a UNT
    run_into      one up to where another one begins right behind its last element
    after_header  the line break that stands for the terminator of a UNH, by what follows it
    after_other   the same of any other one
    """

    id: re.Pattern[bytes]
    following: re.Pattern[bytes]
    plain: re.Pattern[bytes]
    plain_header: re.Pattern[bytes]
    plain_trailer: re.Pattern[bytes]
    run_into: re.Pattern[bytes]
    after_header: re.Pattern[bytes]
    after_other: re.Pattern[bytes]


@lru_cache(maxsize=64)
def patterns(marks: Delimiters) -> Patterns:
    """Those for an interchange with these delimiters."""
    used = (marks.element, marks.component, marks.terminator, marks.release)
    element, component, end, release = (re.escape(one.encode("latin-1")) for one in used)
    return Patterns(
        re.compile(rb"UN[ZGEHT](?=" + element + rb"|" + end + rb")"),
        re.compile(rb"UN[ZGEHT](?<![^\s\x00" + end + rb"]UN.)(?=" + element + rb"|" + end + rb")"),
        re.compile(rb"UN.[^" + end + release + rb"\r\n]*" + end),
        _plain(rb"UNH", rb"{2,3}+", marks),
        _plain(rb"UNT", rb"{2}", marks),
        re.compile(_run_into(element, component, end + release)),
        re.compile(rb"[\r\n]+[ \t]*(?=[A-Z]{3}" + element + rb")"),
        re.compile(rb"[\r\n]+[ \t]*(?=UN[GHTEZ]" + element + rb")"),
    )


def _plain(segment_id: bytes, elements: bytes, marks: Delimiters) -> re.Pattern[bytes]:
    """With so many elements, none of them empty."""
    if marks.problem() or marks.terminator in "\r\n":
        return _NEVER
    used = (marks.suffix, marks.element, marks.component, marks.terminator, marks.in_data())
    suffix, element, component, end, every = (re.escape(one.encode("ascii")) for one in used)
    value = rb"[^" + every + rb"\x00-\x1f\x7f-\xff]++"
    one = rb"(?:" + element + value + rb"(?:" + component + value + rb")*+)"
    return re.compile(suffix + rb"(" + segment_id + one + elements + rb")" + end)


def _run_into(element: bytes, component: bytes, not_inside: bytes) -> bytes:
    """What ends in these letters begins no segment: a UNG is told by its date too, a UNH by the parts of its type."""
    inside = rb"[^" + not_inside + rb"\r\n]"
    value = rb"[^" + element + not_inside + rb"\r\n]"
    reference, value = element + value + rb"{1,14}", element + value + rb"{0,70}+"
    trailer = rb"UN[TE]" + element + rb"[0-9]{1,6}" + reference + rb"?(?=UN[GHTEZ]" + element + rb")"
    date = element + rb"[0-9]{6,8}" + component + rb"[0-9]{4}" + element
    group = rb"G" + element + rb"[A-Z]{6}" + value * 2 + date
    message = rb"H" + reference + element + rb"[A-Z]{6}" + component + rb"[A-Z0-9]{1,3}" + component
    header = rb"UN[BG]" + value * 4 + inside + rb"{1,200}?(?=UN(?:" + group + rb"|" + message + rb"))"
    return trailer + rb"|" + header
