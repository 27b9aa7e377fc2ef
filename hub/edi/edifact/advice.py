"""Where interchanges begin, and which delimiters they use: by their UNA, else by what UNB shows."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from hub.edi.delimiters import Delimiters
from hub.edi.findings import Finding, finding
from hub.edi.reading.source import Source
from hub.edi.reading.starts import Found

LEVEL_B = Delimiters(element="\x1d", component="\x1f", terminator="\x1c")
"""The delimiters that level B of syntax versions 1 and 2 had instead of printable ones."""

_MARK = rb"[\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]"
_SYNTAX = _MARK + rb"UNO[A-Z]" + _MARK + rb"[1-4]" + _MARK
# Each begins with letters, so that the engine goes through a file in strides; the look behind them comes later. In the
# middle of a word one counts where a syntax identifier shows it: it follows an interchange that was cut off.
_START = re.compile(
    rb"UN(?:A(?:(?<![A-Za-z0-9]UNA)|(?=" + _MARK + rb"{6}[\r\n]{0,2}UNB" + _SYNTAX + rb"))"
    rb"(" + _MARK + rb"{6})[\s\x00]{0,200}(?=[A-Z]{3}" + _MARK + rb")"
    rb"|B(?:(?<![A-Za-z0-9]UNB)(?=" + _MARK + rb"[A-Z]{4}" + _MARK + rb")|(?=" + _SYNTAX + rb")))"
)
_HEADLESS = re.compile(rb"UN[GH](?<![A-Za-z0-9]UN.)(?=(" + _MARK + rb")[^\r\n])")
_LONGEST_START = 256
_FAR = 1_000
"""Bytes behind the beginning of an interchange that are looked at to tell its delimiters."""


class Start(NamedTuple):
    """Where an interchange begins: at its UNA if it has one (`una` is the text behind these letters), else at UNB.

    `header` is the offset of UNB, or of what stands there instead. `findings` tell where
    neither UNA nor the defaults fit, so that the delimiters were taken from the look of the file.
    """

    offset: int
    header: int
    una: str
    delimiters: Delimiters
    findings: list[Finding]


def locate(source: Source, at: int) -> Found:
    """The offset of the next UNA or UNB in the window, and up to where it is certain that there is none before."""
    match = source.search(_START, at, source.stop)
    if match is not None:
        return match.start() + source.start, match.start() + source.start
    return None, source.stop if source.ended else max(at, source.stop - _LONGEST_START)


def locate_headless(source: Source, at: int, limit: int) -> int | None:
    """The offset of the first UNG or UNH before `limit`: an interchange that was sent without its UNB."""
    match = source.search(_HEADLESS, at, limit)
    return None if match is None else match.start() + source.start


def start_at(source: Source, offset: int) -> Start:
    """What the bytes at the beginning of an interchange tell. Reads on as far as that needs."""
    source.release(offset)
    while source.stop - offset < _FAR and source.more():
        pass
    window, at = source.window, offset - source.start
    match = _START.match(window, at)
    una = match.group(1) if match is not None else None
    header = match.end() if match is not None and una is not None else at
    advice = (una or b"").decode("ascii")
    marks, findings = _delimiters(window, header, advice, source.place(offset))
    blanks = b"" if match is None or una is None else window[match.end(1) : header]
    if blanks.strip(b"\r\n") or (blanks and not marks.suffix):
        place = source.place(header + source.start)
        text = "Blanks or line breaks between UNA and UNB were skipped."
        findings.append(finding("edi.blanks-before-segment", text, standard="edifact", offset=place, segment="UNB"))
    return Start(offset, header + source.start, advice, marks, findings)


def _delimiters(data: bytes, header: int, una: str, place: int) -> tuple[Delimiters, list[Finding]]:
    """The delimiters of the interchange whose UNB stands at `header`, and what had to be tolerated to tell them."""
    separator = data[header + 3 : header + 4].decode("ascii")
    version = _syntax_version(data, header, separator)
    found: list[Finding] = []
    marks = _advised(una, version) if una else _default(data, header, separator, version)
    if una and (marks.problem() or marks.element != separator):
        text = f"UNA names delimiters ({una!r}) that the segments behind it do not use; those found there were taken."
        found.append(finding("edi.service-advice-unusable", text, standard="edifact", offset=place, segment="UNA"))
        marks = _default(data, header, separator, version)
    elif una and version < "4" and una[4] not in " " + marks.release:
        text = f"UNA names {una[4]!r} as repetition separator, which syntax version {version or '3'} does not have."
        found.append(finding("edi.repetition-ignored", text, standard="edifact", offset=place, segment="UNA"))
    end = _terminator_of(data, header, marks)
    if end != marks.terminator:
        text = f"Segments end in {end!r}, not in {marks.terminator!r}; what stands in the file was taken."
        found.append(finding("edi.delimiters-guessed", text, standard="edifact", offset=place, segment="UNB"))
        marks = marks._replace(terminator=end, release="" if end == marks.release else marks.release)
    elif not una and marks not in (LEVEL_B, _plain(version)):
        text = f"There is no UNA, but the file does not use the default delimiters; {separator!r} and so on were taken."
        found.append(finding("edi.delimiters-guessed", text, standard="edifact", offset=place, segment="UNB"))
    return _with_suffix(data, header, marks), found


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
    if component in ("", separator, plain.terminator, "\r", "\n") or component.isalnum() or not component.isascii():
        component = plain.component
    if (separator, component) == ("+", ":"):
        return plain
    repetition = plain.repetition if plain.repetition not in (separator, component) else ""
    release = plain.release if plain.release not in (separator, component) else ""
    return plain._replace(element=separator, component=component, repetition=repetition, release=release)


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
    return re.compile(rb"([^\s\x00A-Za-z0-9\x80-\xff]|\n)[\s\x00]*(?:UNG|UNH|BGM|UNZ)" + re.escape(element.encode()))


def _with_suffix(data: bytes, header: int, marks: Delimiters) -> Delimiters:
    end = data.find(marks.terminator.encode("latin-1"), header, header + _FAR)
    after = data[end + 1 : end + 3] if end >= 0 else b""
    return marks._replace(suffix="\r\n" if after == b"\r\n" else "\n" if after[:1] == b"\n" else "")
