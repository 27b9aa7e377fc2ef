"""Character sets by the syntax identifier of UNB (`UNOA` to `UNOY`), and what real files do instead."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from hub.edi.delimiters import Delimiters
from hub.edi.reading.interchange import is_in

CODECS = {
    "UNOA": "ascii", "UNOB": "ascii", "UNOC": "iso8859-1", "UNOD": "iso8859-2", "UNOE": "iso8859-5",
    "UNOF": "iso8859-7", "UNOG": "iso8859-3", "UNOH": "iso8859-4", "UNOI": "iso8859-6", "UNOJ": "iso8859-8",
    "UNOK": "iso8859-9", "UNOL": "iso8859-15", "UNOW": "utf-8", "UNOX": "utf-8", "UNOY": "utf-8",
}  # fmt: skip
"""Codec by syntax identifier. UNOX and UNOY allow code extension; in practice their files are UTF-8."""

DEFAULT_CODEC = "iso8859-1"
"""What is read where the envelope does not say what it is in."""

_LEVELS = {
    "UNOA": rb"A-Z0-9 .,\-()/='+:?!\"%&*;<>",
    "UNOB": rb"A-Za-z0-9 .,\-()/='+:?!\"%&*;<>\x1c\x1d\x1f",
}


class Encoding(NamedTuple):
    """The codec a text is read with; `differs` tells that its bytes are not in what UNB announces."""

    codec: str
    differs: bool = False


def encoding_of(raw: bytes, syntax_id: str, override: str = "") -> Encoding:
    """How to decode the bytes of a message or a service segment.

    A partner's `override` counts without a look. Otherwise UNB's set is taken, except where non-ASCII bytes are
    not of it: text in a single-byte set is hardly ever valid UTF-8 by chance, so bytes that are valid UTF-8
    throughout are taken for it, and what is neither for Latin-1.
    """
    if override:
        return Encoding(override)
    announced = CODECS.get(syntax_id, "ascii")
    if raw.isascii():
        return Encoding(DEFAULT_CODEC if announced == "ascii" else announced)
    if is_in(raw, "utf-8"):
        return Encoding("utf-8", announced != "utf-8" and syntax_id in CODECS)
    if not is_in(raw, announced):
        return Encoding(DEFAULT_CODEC, syntax_id in CODECS)
    return Encoding(announced)


def encode(text: str, codec: str) -> bytes:
    """The bytes that `decode` made this text of."""
    try:
        return text.encode(codec)
    except UnicodeEncodeError:
        return text.encode(DEFAULT_CODEC)


def foreign(syntax_id: str, delimiters: str) -> re.Pattern[bytes] | None:
    """Matches a byte that levels A and B do not have; None for every other set. Line breaks are no data."""
    level = _LEVELS.get(syntax_id)
    return re.compile(b"[^" + level + re.escape(delimiters.encode("ascii")) + rb"\r\n]") if level else None


@lru_cache(maxsize=64)
def forbidden(syntax_id: str, codec: str, marks: Delimiters) -> re.Pattern[str]:
    """Matches a character that cannot be written: a control character, one that the character set lacks, or a
    delimiter where there is no release character."""
    unreleased = "" if marks.release else re.escape(marks.in_data())
    level = _LEVELS.get(syntax_id)
    if level is not None:
        kept = level.decode("ascii") + re.escape(marks.in_data())
        outside = rf"[^{kept}]|[\x00-\x1f{unreleased}]"
    elif codec == "utf-8":
        outside = rf"[\x00-\x1f\x7f\ud800-\udfff{unreleased}]"
    else:
        known = "".join(c for c in map(chr, range(0x80, 0x2500)) if fits(c, codec))
        outside = rf"[\x00-\x1f\x7f{unreleased}]|[^\x20-\x7e{re.escape(known)}]"
    return re.compile(outside)


def fits(text: str, codec: str) -> bool:
    """Whether a text can be written in a codec and holds no control character."""
    try:
        text.encode(codec)
    except UnicodeEncodeError:
        return False
    return not any(c < " " or c == "\x7f" for c in text)
