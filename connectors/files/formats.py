"""The syntax of a file, by its extension or its first bytes."""

from __future__ import annotations

from pathlib import PurePath

BY_EXTENSION = {
    ".json": "json",
    ".csv": "csv",
    ".xml": "xml",
    ".x12": "x12",
    ".edifact": "edifact",
}
_OPENINGS = ((b"ISA", "x12"), (b"UNA", "edifact"), (b"UNB", "edifact"), (b"<", "xml"), (b"{", "json"), (b"[", "json"))
_LEADING = b"\xef\xbb\xbf \t\r\n"


def format_of(name: str, body: bytes, settings: dict[str, str]) -> str:
    """json, x12, edifact, csv or xml; `text` for what nothing tells.

    `settings` (extension to format) decides first, then the usual extensions, then how the file begins: partners
    name EDI files `.edi`, `.txt`, `.850` or not at all.
    """
    extension = PurePath(name).suffix.lower()
    by_name = settings.get(extension) or BY_EXTENSION.get(extension)
    if by_name:
        return by_name
    start = body[:256].lstrip(_LEADING)
    return next((format for opening, format in _OPENINGS if start.startswith(opening)), "text")
