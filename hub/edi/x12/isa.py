"""The ISA segment of an X12 interchange: how it is found, and the delimiters that it names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from hub.edi.delimiters import Delimiters
from hub.edi.findings import Finding, finding

Source: TypeAlias = bytes

ISA_ELEMENTS = 16
ISA_WIDTHS = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)
_LONGEST_ISA = 400
_SHORT_ELEMENTS = ((1, 2), (3, 2), (5, 2), (7, 2), (11, 5), (12, 5), (15, 2))


@dataclass(slots=True)
class IsaHead:
    """An ISA as found: its elements (padded as received), its delimiters, where it ends."""

    elements: list[str]
    delimiters: Delimiters
    end: int
    encoding: str
    findings: list[Finding]
    usable: bool = True


def _character(data: Source, at: int) -> bytes:
    """One character at a byte offset; several bytes when they are one UTF-8 character."""
    first = data[at : at + 1]
    if first >= b"\xc2":
        for width in (2, 3, 4):
            try:
                if len(data[at : at + width].decode("utf-8")) == 1:
                    return data[at : at + width]
            except UnicodeDecodeError:
                continue
    return first


def read_isa(data: Source, start: int) -> IsaHead | None:
    """Read the ISA at a byte offset, or None when sixteen separators do not follow or data only looks like it.

    The 16 separators are counted, so collapsed or over-long padding does no harm beyond a warning.
    """
    separator = _character(data, start + 3)
    head = bytes(data[start : start + _LONGEST_ISA])
    pieces = head.split(separator, ISA_ELEMENTS)
    if not separator or len(pieces) <= ISA_ELEMENTS or not _plausible(pieces):
        return None
    at = start + len(head) - len(pieces[-1])
    component, terminator, warnings = _tail(data, at, separator)
    end = at + len(component) + len(terminator)
    raw = [separator, component, terminator]
    encoding = "utf-8" if all(_is_utf8(d) for d in raw) else "latin-1"
    broken = any(b"\n" in piece for piece in pieces[1:ISA_ELEMENTS])
    elements = [_text(p, encoding) for p in pieces[1:ISA_ELEMENTS]]
    elements.append(component.decode(encoding, "replace"))
    marks = [d.decode(encoding, "replace") for d in raw]
    delimiters = Delimiters(marks[0], marks[1], marks[2], _repetition(elements, marks), _suffix(data, end))
    isa = IsaHead(elements, delimiters, end, encoding, [])
    isa.findings.extend(finding(code, text, offset=start, segment="ISA") for code, text in warnings)
    if broken:
        text = "A line break stands inside ISA; it was taken out."
        isa.findings.append(finding("edi.line-break-in-segment", text, offset=start, segment="ISA"))
    _judge_width(isa, start)
    if delimiters.terminator.isalnum() or delimiters.terminator in ("", " ", marks[0], marks[1]):
        isa.usable = False
    return isa


def _plausible(pieces: list[bytes]) -> bool:
    """Whether this is an ISA rather than data that happens to say so: no element longer than it may be."""
    if any(len(pieces[n].strip()) > most for n, most in _SHORT_ELEMENTS):
        return False
    return not any(re.search(rb"[^A-Za-z0-9 ]ISA$", piece) for piece in pieces[1:ISA_ELEMENTS])


def _text(raw: bytes, encoding: str) -> str:
    return raw.decode(encoding, "replace").replace("\r", "").replace("\n", "")


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _tail(data: Source, at: int, separator: bytes) -> tuple[bytes, bytes, list[tuple[str, str]]]:
    """Component separator and terminator, which follow the sixteenth element separator."""
    first = _character(data, at)
    second = _character(data, at + len(first))
    after = bytes(data[at + len(first) : at + len(first) + 400])
    missing = first in (b"\r", b"\n") or bool(re.match(rb"(?:GS|TA1|IEA)" + re.escape(separator), after))
    if not missing and second in (b"\r", b"\n"):
        line = re.match(rb"[\r\n]+(?:GS|TA1|IEA)" + re.escape(separator) + rb"[^\r\n]*", after)
        missing = bool(line and line.group().endswith(first))
    if missing:
        text = "ISA16 is empty: the interchange names no component separator, so no element is split."
        return b"", first, [("edi.component-separator-missing", text)]
    return first, second, []


def _repetition(elements: list[str], taken: list[str]) -> str:
    """ISA11 is the repetition separator from version 00402 on; before that it names the standard."""
    mark, version = elements[10].strip(), elements[11].strip()
    if len(mark) == 1 and not mark.isalnum() and version >= "00402" and mark not in taken:
        return mark
    return ""


def _suffix(data: Source, end: int) -> str:
    after = bytes(data[end : end + 2])
    return "\r\n" if after == b"\r\n" else "\n" if after[:1] == b"\n" else ""


def _judge_width(isa: IsaHead, start: int) -> None:
    wrong = [n for n, (e, w) in enumerate(zip(isa.elements, ISA_WIDTHS, strict=True), 1) if len(e) != w]
    if wrong in ([], [16]):
        return
    listed = ", ".join(f"ISA{n:02d}" for n in wrong)
    text = f"ISA is not of fixed width ({listed}); its 16 separators were counted instead."
    isa.findings.append(finding("edi.isa-not-fixed-width", text, offset=start, segment="ISA"))
