"""Where interchanges begin, and which delimiters they use: by their UNA, else by what UNB shows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache

from hub.edi.delimiters import Delimiters
from hub.edi.findings import Finding, finding

LEVEL_B = Delimiters(element="\x1d", component="\x1f", terminator="\x1c")
"""The delimiters that level B of syntax versions 1 and 2 had instead of printable ones."""

_MARK = rb"[\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]"
_START = re.compile(
    rb"(?<![A-Za-z0-9])(?:UNA(" + _MARK + rb"{6})[\s\x00]*(?=[A-Z]{3}" + _MARK + rb")"
    rb"|UNB(?=" + _MARK + rb"[A-Z]{4}" + _MARK + rb"))"
)
_HEADLESS = re.compile(rb"(?<![A-Za-z0-9])(?:UNG|UNH)(?=(" + _MARK + rb")[^\r\n])")
_FAR = 1_000


@dataclass(slots=True)
class Start:
    """Where an interchange begins: at its UNA if it has one (`una` is the text behind these letters), else at UNB.

    `header` is the byte offset of UNB, or of what stands there instead. `guessed` tells that the delimiters were
    taken from the look of the file, because neither UNA nor the defaults fit.
    """

    offset: int
    header: int
    una: str
    delimiters: Delimiters
    findings: list[Finding] = field(default_factory=list)


def find_start(data: bytes, at: int) -> Start | None:
    """The next UNA or UNB at or after a byte offset."""
    match = _START.search(data, at)
    if match is None:
        return None
    una = match.group(1)
    header = match.start() if una is None else match.end()
    return _start(data, match.start(), header, (una or b"").decode("ascii"))


def find_headless(data: bytes, at: int, limit: int) -> Start | None:
    """The first UNG or UNH before `limit`: an interchange that was sent without its UNB."""
    match = _HEADLESS.search(data, at, limit)
    return _start(data, match.start(), match.start(), "") if match else None


def _start(data: bytes, offset: int, header: int, una: str) -> Start:
    separator = data[header + 3 : header + 4].decode("ascii")
    version = _syntax_version(data, header, separator)
    found: list[Finding] = []
    marks = _advised(una, version) if una else _default(data, header, separator, version)
    if una and (marks.problem() or marks.element != separator):
        text = f"UNA names delimiters ({una!r}) that the segments behind it do not use; those found there were taken."
        found.append(finding("edi.service-advice-unusable", text, standard="edifact", offset=offset, segment="UNA"))
        marks = _default(data, header, separator, version)
    elif una and version < "4" and una[4] not in " " + marks.release:
        text = f"UNA names {una[4]!r} as repetition separator, which syntax version {version or '3'} does not have."
        found.append(finding("edi.repetition-ignored", text, standard="edifact", offset=offset, segment="UNA"))
    end = _terminator_of(data, header, marks)
    if end != marks.terminator:
        text = f"Segments end in {end!r}, not in {marks.terminator!r}; what stands in the file was taken."
        found.append(finding("edi.delimiters-guessed", text, standard="edifact", offset=offset, segment="UNB"))
        marks = replace(marks, terminator=end, release="" if end == marks.release else marks.release)
    elif not una and marks not in (LEVEL_B, _plain(version)):
        text = f"There is no UNA, but the file does not use the default delimiters; {separator!r} and so on were taken."
        found.append(finding("edi.delimiters-guessed", text, standard="edifact", offset=offset, segment="UNB"))
    return Start(offset, header, una, _with_suffix(data, header, marks), found)


def _advised(una: str, version: str) -> Delimiters:
    component, element, decimal, release, repetition, terminator = list(una)
    return Delimiters(
        element=element,
        component=component,
        terminator=terminator,
        repetition=repetition.strip(" ") if version >= "4" else "",
        release=release.strip(" "),
        decimal=decimal.strip(" ") or ".",
    )


def _plain(version: str) -> Delimiters:
    """The delimiters of an interchange without UNA; version 4 has a repetition separator."""
    return Delimiters("+", ":", "'", "*" if version >= "4" else "", "", "?", ".")


def _default(data: bytes, header: int, separator: str, version: str) -> Delimiters:
    if separator == LEVEL_B.element:
        return LEVEL_B
    plain = _plain(version)
    component = data[header + 8 : header + 9].decode("latin-1") if data[header : header + 3] == b"UNB" else ""
    if component in ("", separator, plain.terminator, "\r", "\n") or component.isalnum():
        component = plain.component
    if (separator, component) == ("+", ":"):
        return plain
    repetition = plain.repetition if plain.repetition not in (separator, component) else ""
    release = plain.release if plain.release not in (separator, component) else ""
    return replace(plain, element=separator, component=component, repetition=repetition, release=release)


def _syntax_version(data: bytes, header: int, separator: str) -> str:
    """Data element 0002 in UNB, `"3"`; `""` where there is none."""
    match = re.compile(rb"UNB" + re.escape(separator.encode()) + rb"[A-Z]{4}" + _MARK + rb"([1-9])").match(data, header)
    return match.group(1).decode() if match else ""


def _terminator_of(data: bytes, header: int, marks: Delimiters) -> str:
    """The character that ends the first segment: the one expected if it stands there, else what does."""
    window = data[header : header + _FAR]
    after = _second_segment(marks.element).search(window, 3)
    if after is None or marks.terminator.encode("latin-1") in window[: after.end(1)]:
        return marks.terminator
    mark = after.group(1).decode("latin-1")
    return marks.terminator if mark in (marks.element, marks.component) else mark


@lru_cache(maxsize=64)
def _second_segment(element: str) -> re.Pattern[bytes]:
    return re.compile(rb"([^\s\x00A-Za-z0-9]|\n)[\s\x00]*(?:UNG|UNH|BGM|UNZ)" + re.escape(element.encode()))


def _with_suffix(data: bytes, header: int, marks: Delimiters) -> Delimiters:
    end = data.find(marks.terminator.encode("latin-1"), header, header + _FAR)
    after = data[end + 1 : end + 3] if end >= 0 else b""
    return replace(marks, suffix="\r\n" if after == b"\r\n" else "\n" if after[:1] == b"\n" else "")
