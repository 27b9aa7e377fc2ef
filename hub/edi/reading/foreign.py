"""What a file seems to be that holds no interchange, told by its first bytes, and what to do about it."""

from __future__ import annotations

LONGEST_HEAD = 64
"""So many bytes from the beginning of a file are enough."""

_IDS = ("ISA", "GS", "ST", "UNA", "UNB", "UNG", "UNH")
_SIGNATURES = (
    (b"\x1f\x8b", "compressed by gzip; unpack it first"),
    (b"PK\x03\x04", "a ZIP archive; unpack it first"),
    (b"%PDF", "a PDF; ask for the file that it was printed from"),
    (b"-----BEGIN PGP", "encrypted by PGP; decrypt it first"),
    (b"{", "JSON; a mapping for that format reads it"),
    (b"[", "JSON; a mapping for that format reads it"),
    (b"<", "XML or a web page; a mapping for that format reads XML"),
)
_CONVERT = "convert it to UTF-8 or Latin-1 first, or have it transferred as text"


def resemblance(head: bytes) -> str:
    """The second half of a sentence such as `; it seems to be a ZIP archive; unpack it first`, or `""`."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    seems = next((what for signature, what in _SIGNATURES if start.startswith(signature)), "")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or any(_spread(head, one) for one in _IDS):
        seems = f"in UTF-16; {_CONVERT}"
    elif head.decode("cp037").lstrip().startswith(_IDS):
        seems = f"in EBCDIC, as mainframes write; {_CONVERT}"
    return f"; it seems to be {seems}" if seems else ""


def _spread(head: bytes, text: str) -> bool:
    """Whether a text stands at the beginning with two bytes a character."""
    return head.startswith((text.encode("utf-16-le"), text.encode("utf-16-be")))
