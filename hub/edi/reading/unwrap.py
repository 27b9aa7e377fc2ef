"""Files wrapped at a fixed column: line breaks that fall anywhere, also inside a segment id or the ISA or UNB."""

from __future__ import annotations

import re
from typing import NamedTuple

_NARROWEST = 20
_LEAD = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n\x00]*")


class Wrapping(NamedTuple):
    """Lines of `width` bytes that each end in `mark`, behind `lead` bytes that belong to none of them."""

    lead: int
    width: int
    mark: bytes

    def remove(self, data: bytes) -> bytes:
        """File content without its wrapping."""
        return data[: self.lead] + data[self.lead :].replace(self.mark, b"")


def wrapping(data: bytes) -> Wrapping | None:
    """How a file is wrapped whose lines all have one length; None for other files.

    The first line may follow a byte order mark or blanks. A file with one segment per line has lines of many lengths,
    so it is never taken for a wrapped one.
    """
    lead = _LEAD.match(data)
    for start in sorted({0, lead.end() if lead else 0}):
        lines = data[start:]
        end = b"\n" if b"\n" in lines else b"\r"
        first = lines.find(end)
        mark = b"\r\n" if end == b"\n" and lines[first - 1 : first] == b"\r" else end
        width = first + 1 - len(mark)
        if width >= _NARROWEST and len(lines) >= 2 * (width + len(mark)) and _uniform(lines, width, mark):
            return Wrapping(start, width, mark)
    return None


def _uniform(data: bytes, width: int, mark: bytes) -> bool:
    step, end, lines = width + len(mark), mark[-1:], data.rstrip(b"\r\n\x1a")
    at_breaks = lines[step - 1 :: step]
    if not at_breaks.count(end) == len(at_breaks) == lines.count(end):
        return False
    return len({lines[at - 1 : at] for at in range(width, len(lines) + 1, step)}) > 1
