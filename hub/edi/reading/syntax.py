"""Which syntax a file is in: X12 or EDIFACT."""

from __future__ import annotations

import re

from hub.edi.tree import Standard

_LOOKED_AT = 65_536
_AT_START = re.compile(rb"(?:\xef\xbb\xbf)?[\s\x00]*(?:(ISA|GS|ST)|(UNA|UNB|UNG|UNH))(?![A-Za-z0-9])")
_ANYWHERE = re.compile(rb"(?:(\bISA)(?![\sA-Za-z0-9])|(\bUNA(?=.{5,8}UN[BGH])|\bUN[BH]\+))", re.DOTALL)


def detect(head: bytes) -> Standard | None:
    """The syntax of a file by its first bytes; None when neither is met in the first 64 KiB.

    Files may begin with a service segment, with a header whose envelope was left off (`ST`, `UNH`), or with bytes
    that are no EDI at all: then the first interchange after them decides.
    """
    found = _AT_START.match(head) or _ANYWHERE.search(head, 0, _LOOKED_AT)
    if found is None:
        return None
    return "x12" if found.group(1) else "edifact"
