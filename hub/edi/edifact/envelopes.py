"""Judges UNB/UNZ, UNG/UNE and UNH/UNT: references, counts, dates and ids of the envelopes."""

from __future__ import annotations

import re
from typing import Any

from hub.edi.edifact.characters import CODECS
from hub.edi.edifact.interchange import Group, Interchange, Message, part
from hub.edi.findings import Finding, finding
from hub.edi.tree import Segment
from hub.edi.values import as_count, is_date, is_time

_SYNTAX_VERSIONS = ("1", "2", "3", "4")


def judge_envelopes(interchange: Interchange) -> None:
    """Add the envelope findings of an interchange, its groups and their messages (the count in UNT excepted)."""
    if len(interchange.header) > 1:
        _judge_unb(interchange)
    _judge_unz(interchange)
    groups: set[str] = set()
    messages: set[tuple[str, str]] = set()
    for group in interchange.groups:
        if group.is_real:
            _judge_group(group, groups)
        for one in group.sets:
            _judge_message(group, one, messages)


def _add(findings: list[Finding], code: str, text: str, segment: Segment, offset: int, **place: Any) -> None:
    findings.append(finding(code, text, standard="edifact", segment=str(segment[0]), offset=offset, **place))


def _judge_unb(interchange: Interchange) -> None:
    unb, at, found = interchange.header, interchange.offset, interchange.findings
    syntax_id, version = interchange.syntax_id, interchange.syntax_version
    if syntax_id not in CODECS or version not in _SYNTAX_VERSIONS:
        text = f"Syntax {syntax_id}:{version} is not described here; it was read as one of UN/ECE's."
        _add(found, "edi.syntax-undescribed", text, unb, at, element=1, value=f"{syntax_id}:{version}")
    for number, who in ((2, "sender"), (3, "recipient")):
        if not part(unb, number):
            text = f"UNB{number:02d} names no {who}; the interchange cannot be told from others or answered."
            _add(found, "edi.interchange-party-missing", text, unb, at, element=number)
    if not interchange.control_number:
        text = "UNB05 is missing: the interchange has no control reference."
        _add(found, "edi.interchange-reference-missing", text, unb, at, element=5)
    date, time = part(unb, 4, 1), part(unb, 4, 2)
    if not is_date(date) or not is_time(time):
        text = "UNB04 is not a date and time written YYMMDD and HHMM."
        _add(found, "edi.interchange-date-invalid", text, unb, at, element=4, value=f"{date}:{time}")
    elif (len(date) == 8) != (version == "4"):
        expected = "CCYYMMDD" if version == "4" else "YYMMDD"
        text = f"The date in UNB04 is not written {expected}, as syntax version {version} has it; it was understood."
        _add(found, "edi.interchange-date-form", text, unb, at, element=4, component=1, value=date)


def _judge_unz(interchange: Interchange) -> None:
    found = interchange.findings
    if interchange.trailer is None:
        if len(interchange.header) > 1:
            end = interchange.offset + interchange.length
            text = "The interchange ends without UNZ; the file may be cut off."
            _add(found, "edi.interchange-end-missing", text, ("UNZ",), end)
        return
    unz, at = interchange.trailer, interchange.trailer_offset
    real = [group for group in interchange.groups if group.is_real]
    there = len(real) or sum(len(group.sets) for group in interchange.groups)
    what = "functional groups" if real else "messages"
    if as_count(part(unz, 1)) != there:
        text = f"UNZ01 does not give the number of {what}; there are {there}."
        _add(found, "edi.interchange-count-wrong", text, unz, at, element=1, value=part(unz, 1))
    if part(unz, 2) != interchange.control_number:
        text = "UNZ02 is not the control reference that UNB05 gives."
        _add(found, "edi.interchange-reference-mismatch", text, unz, at, element=2, value=part(unz, 2))


def _judge_group(group: Group, seen: set[str]) -> None:
    ung, found = group.header, group.findings
    if not group.control_number:
        text = "UNG05 is missing: the group has no reference."
        _add(found, "edi.group-reference-missing", text, ung, group.offset, element=5)
    elif group.control_number in seen:
        text = "UNG05 repeats the reference of an earlier group."
        _add(found, "edi.group-reference-repeated", text, ung, group.offset, element=5, value=group.control_number)
    seen.add(group.control_number)
    if group.trailer is None:
        _add(found, "edi.group-end-missing", "The group has no UNE; it may be cut off.", ung, group.offset)
        return
    une, at = group.trailer, group.trailer_offset
    if as_count(part(une, 1)) != len(group.sets):
        text = f"UNE01 does not give the number of messages; there are {len(group.sets)}."
        _add(found, "edi.message-count-wrong", text, une, at, element=1, value=part(une, 1))
    if part(une, 2) != group.control_number:
        text = "UNE02 is not the reference that UNG05 gives."
        _add(found, "edi.group-reference-mismatch", text, une, at, element=2, value=part(une, 2))


def _judge_message(group: Group, one: Message, seen: set[tuple[str, str]]) -> None:
    unh, found = one.header, one.findings
    place: dict[str, Any] = {"position": 1}
    if not one.control_number:
        text = "UNH01 is missing: the message has no reference."
        _add(found, "edi.message-reference-missing", text, unh, one.offset, element=1, **place)
    elif (group.control_number, one.control_number) in seen:
        text = "UNH01 repeats the reference of an earlier message."
        value = one.control_number
        _add(found, "edi.message-reference-repeated", text, unh, one.offset, element=1, value=value, **place)
    seen.add((group.control_number, one.control_number))
    if not re.fullmatch(r"[A-Z0-9]{1,6}", one.set_id):
        text = "UNH02 names no message type such as ORDERS."
        _add(found, "edi.message-type-invalid", text, unh, one.offset, element=2, value=one.set_id, **place)
    if one.trailer is None:
        text = "The message ends without UNT; the next message, group or the file's end follows."
        _add(found, "edi.message-end-missing", text, ("UNT",), one.offset + one.length)
    elif part(one.trailer, 2) != one.control_number:
        text, value = "UNT02 is not the reference that UNH01 gives.", part(one.trailer, 2)
        _add(found, "edi.message-reference-mismatch", text, one.trailer, one.trailer_offset, element=2, value=value)
