"""The ISA segment of an X12 interchange: how it is found, and the delimiters that it names."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from hub.edi.delimiters import Delimiters
from hub.edi.findings import Finding, finding
from hub.edi.reading.interchange import decode
from hub.edi.reading.source import Source
from hub.edi.reading.starts import Found

ISA_ELEMENTS = 16
ISA_WIDTHS = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)
LONGEST_ISA = 900
"""So many bytes from an ISA on tell whether it is one: its own, padded by far too much, and the next segment."""
_LONGEST_HEAD = 400
_GROUP_OR_SET = re.compile(
    rb"(?:ST([^A-Za-z0-9\s])[0-9A-Z]{3}\1[A-Za-z0-9]{1,9}(?:\1[A-Za-z0-9]{1,35})?"
    rb"|GS([^A-Za-z0-9\s])[A-Z0-9]{2}(?:\2[^\2\r\n]{0,40}?){6}\2[A-Za-z0-9]{1,12})([^A-Za-z0-9 ])"
)
_SHORT_ELEMENTS = ((1, 2), (3, 2), (5, 2), (7, 2), (11, 5), (12, 5), (15, 2))


class IsaHead(NamedTuple):
    """An ISA as found: its elements (padded as received), its delimiters, where it starts and ends.

    `bare`: there is none, the delimiters were guessed from the GS or ST at `start`, which is also the end.
    """

    elements: list[str]
    delimiters: Delimiters
    start: int
    end: int
    encoding: str
    findings: list[Finding]
    usable: bool = True
    bare: bool = False


def find_isa(source: Source, start: int) -> tuple[IsaHead | None, int]:
    """The next ISA of the window at or after an offset, and the offset up to which there is none.

    One that the window may hold a part of only is left for when more was read. One in the middle of a word, or where a
    value stands, counts only if it is right in every respect: it may follow a cut-off file.
    """
    sure = source.stop if source.ended else source.stop - LONGEST_ISA
    data, base, at = source.window, source.start, start
    while 0 <= (at := source.find(b"ISA", at, source.stop)) < sure:
        mark = data[at - base + 3 : at - base + 4]
        if mark.strip() and (not mark.isalnum() or _is_fixed(data, at - base, mark)):
            isa = read_isa(data, at - base)
            before = data[at - base - 1 : at - base] if at > base else b""
            if isa is not None and (not before.isalnum() and before != mark or _is_exact(isa)):
                return isa._replace(start=isa.start + base, end=isa.end + base), at
        at += 3
    return None, max(start, sure)


def _is_fixed(data: bytes, start: int, mark: bytes) -> bool:
    """Whether a letter or digit stands wherever an ISA of fixed width has its separator, and between no two of them."""
    at = start + 3
    for width in ISA_WIDTHS[:-1]:
        if data[at : at + 1] != mark or mark in data[at + 1 : at + 1 + width]:
            return False
        at += 1 + width
    return data[at : at + 1] == mark


def locate(source: Source, at: int) -> Found:
    """The next ISA as `hub.edi.reading.starts` wants it."""
    isa, sure = find_isa(source, at)
    return (isa.start if isa else None), sure


def _is_exact(isa: IsaHead) -> bool:
    right = all(len(e) == w for e, w in zip(isa.elements, ISA_WIDTHS, strict=True))
    return right and all(isa.elements[n].isdigit() for n in (8, 9, 11, 12))


def guess_head(data: bytes, start: int) -> IsaHead | None:
    """The delimiters of a file that begins with GS or ST, its interchange envelope left off.

    No component separator can be seen there, so none is assumed. None where neither segment stands.
    """
    match = _GROUP_OR_SET.match(data, start)
    if match is None:
        return None
    separator, terminator = match.group(1) or match.group(2), _character(data, match.start(3))
    if separator == terminator:
        return None
    encoding = "utf-8" if _is_utf8(terminator) else "latin-1"
    suffix = _suffix(data, match.start(3) + len(terminator))
    marks = Delimiters(separator.decode("latin-1"), "", terminator.decode(encoding), "", suffix)
    name = "GS" if match.group(2) else "ST"
    text = f"The file begins with {name}: there is no interchange envelope, and its delimiters were guessed from here."
    head = IsaHead([""] * ISA_ELEMENTS, marks, start, start, encoding, [], bare=True)
    head.findings.append(finding("edi.envelope-missing", text, offset=start, segment=name))
    return head


def _character(data: bytes, at: int) -> bytes:
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


def read_isa(data: bytes, start: int) -> IsaHead | None:
    """Read the ISA at a byte offset, or None when sixteen separators do not follow or data only looks like it.

    The 16 separators are counted, so collapsed or over-long padding does no harm beyond a warning.
    """
    separator = _character(data, start + 3)
    head = bytes(data[start : start + _LONGEST_HEAD])
    pieces = head.split(separator, ISA_ELEMENTS)
    if not separator or len(pieces) <= ISA_ELEMENTS or not _plausible(pieces):
        return None
    at = start + len(head) - len(pieces[-1])
    following = data.find(b"ISA" + separator, start + 3, at)
    if following >= 0 and _is_fixed(data, following, separator):
        return None  # cut off, and its elements are those of the next one
    component, terminator, end, warnings = _tail(data, at, separator)
    raw = [separator, component, terminator]
    encoding = "utf-8" if all(_is_utf8(d) for d in raw) else "latin-1"
    broken = any(b"\n" in piece for piece in pieces[1:ISA_ELEMENTS])
    elements = [_text(p, encoding) for p in pieces[1:ISA_ELEMENTS]]
    elements.append(data[at : end - len(terminator)].decode(encoding, "replace"))
    marks = [d.decode(encoding, "replace") for d in raw]
    delimiters = Delimiters(marks[0], marks[1], marks[2], _repetition(elements, marks), _suffix(data, end))
    isa = IsaHead(elements, delimiters, start, end, encoding, [])
    isa.findings.extend(found._replace(offset=start) for found in warnings)
    if broken:
        text = "A line break stands inside ISA; it was taken out."
        isa.findings.append(finding("edi.line-break-in-segment", text, offset=start, segment="ISA"))
    _judge_width(isa)
    return _judged_marks(isa)


def _judged_marks(isa: IsaHead) -> IsaHead:
    """An ISA that is usable only if its separators are; without the component separator the rest can still be read.

    Its findings say which of them cannot serve.
    """
    marks = isa.delimiters
    place: dict[str, Any] = {"offset": isa.start, "segment": "ISA"}
    if marks.element.isalnum():
        text = f"The element separator is {marks.element!r}, which stands in values too."
        isa.findings.append(finding("edi.separator-unusable", text, **place, value=marks.element))
        return isa._replace(usable=False)
    if marks.terminator.isalnum() or marks.terminator in ("", " ", marks.element, marks.component):
        text = f"The segment terminator found after ISA16 ({marks.terminator!r}) cannot be one. Nothing more was read."
        if marks.component == "&" and marks.terminator in "agl#":
            text = "ISA16 was rewritten for a web page, where '&gt;' stands for '>'; nothing behind it was read."
        isa.findings.append(finding("edi.terminator-unusable", text, **place))
        return isa._replace(usable=False)
    if marks.component == marks.element or marks.component.isalnum() or marks.component == " ":
        text = f"The component separator in ISA16 is {marks.component!r}; it was taken for none."
        found = finding("edi.separator-unusable", text, ack="TA1:027", **place, element=16, value=marks.component)
        isa.findings.append(found)
        return isa._replace(delimiters=marks._replace(component=""))
    return isa


def _plausible(pieces: list[bytes]) -> bool:
    """Whether this is an ISA rather than data that happens to say so: no element longer than it may be."""
    if any(len(pieces[n].strip()) > most for n, most in _SHORT_ELEMENTS):
        return False
    return not any(re.search(rb"[^A-Za-z0-9 ]ISA$", piece) for piece in pieces[1:ISA_ELEMENTS])


def _text(raw: bytes, encoding: str) -> str:
    return decode(raw, encoding).replace("\r", "").replace("\n", "")


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _tail(data: bytes, at: int, separator: bytes) -> tuple[bytes, bytes, int, list[Finding]]:
    """Component separator and terminator, which follow the sixteenth element separator, and where they end."""
    first = _character(data, at)
    second = _character(data, at + len(first))
    after = bytes(data[at + len(first) : at + len(first) + 400])
    if line := re.match(rb"[ \t]+([\r\n])", after):
        text = "Blanks between ISA16 and the line break that ends the segment were skipped."
        skipped = finding("edi.blanks-before-segment", text, segment="ISA")
        return first, line.group(1), at + len(first) + line.end(), [skipped]
    missing = first in (b"\r", b"\n") or bool(re.match(rb"(?:GS|TA1|IEA)" + re.escape(separator), after))
    if not missing and second in (b"\r", b"\n"):
        line = re.match(rb"[\r\n]+(?:GS|TA1|IEA)" + re.escape(separator) + rb"[^\r\n]*", after)
        missing = bool(line and line.group().endswith(first))
    if missing:
        text = "ISA16 is empty: the interchange names no component separator, so no element is split."
        return b"", first, at + len(first), [finding("edi.component-separator-missing", text, segment="ISA")]
    mark = rb"[!-/:-@\[-`{-~]"
    marks = re.compile(rb"(" + mark + rb"{2,5})(" + mark + rb")[\r\n]*(?:GS|TA1|IEA)" + re.escape(separator))
    several = marks.match(data, at)
    if several and several.group(2) not in several.group(1) + separator:
        text = "ISA16 holds more than one character; its first was taken for the component separator."
        place: dict[str, Any] = {"segment": "ISA", "element": 16, "value": several.group(1).decode("latin-1")}
        found = finding("edi.isa-element-invalid", text, ack="TA1:027", **place)
        return first, several.group(2), several.end(2), [found]
    return first, second, at + len(first) + len(second), []


def _repetition(elements: list[str], taken: list[str]) -> str:
    """ISA11 is the repetition separator from version 00402 on; before that it names the standard."""
    mark, version = elements[10].strip(" "), elements[11].strip()  # a separator may be what Python takes for a blank
    if len(mark) == 1 and not mark.isalnum() and version >= "00402" and mark not in taken:
        return mark
    return ""


def _suffix(data: bytes, end: int) -> str:
    after = bytes(data[end : end + 2])
    return "\r\n" if after == b"\r\n" else "\n" if after[:1] == b"\n" else ""


def _judge_width(isa: IsaHead) -> None:
    wrong = [n for n, (e, w) in enumerate(zip(isa.elements, ISA_WIDTHS, strict=True), 1) if len(e) != w]
    if wrong in ([], [16]):
        return
    listed = ", ".join(f"ISA{n:02d}" for n in wrong)
    text = f"ISA is not of fixed width ({listed}); its 16 separators were counted instead."
    isa.findings.append(finding("edi.isa-not-fixed-width", text, offset=isa.start, segment="ISA"))
