"""Judges UNB/UNZ, UNG/UNE and UNH/UNT: references, counts, dates and ids of the envelopes."""

from __future__ import annotations

import re
from typing import Any

from hub.edi.edifact.characters import CODECS
from hub.edi.edifact.interchange import NO_SEGMENT, Group, Interchange, Message, part
from hub.edi.findings import Finding, finding
from hub.edi.judging.values import as_count, is_date, is_time
from hub.edi.tree import Segment

_MESSAGE_TYPE = re.compile(r"[A-Z0-9]{1,6}")
_SYNTAX_VERSIONS = ("1", "2", "3", "4")


def judge_interchange(interchange: Interchange) -> None:
    """Add the findings of UNB and UNZ, when all between them has been read."""
    if interchange.header is not NO_SEGMENT:
        _judge_unb(interchange)
    _judge_unz(interchange)


def _add(findings: list[Finding], code: str, text: str, segment: Segment, offset: int, **place: Any) -> None:
    findings.append(finding(code, text, standard="edifact", segment=str(segment[0]), offset=offset, **place))


def _judge_unb(interchange: Interchange) -> None:
    unb, at, found = interchange.header, interchange.offset, interchange.findings
    syntax_id, version = interchange.syntax_id, interchange.syntax_version
    if syntax_id not in CODECS or version not in _SYNTAX_VERSIONS:
        text = f"Syntax {syntax_id}:{version} is not described here; it was read as one of UN/ECE's."
        if syntax_id in CODECS and not version:
            text = f"UNB01 gives no version of syntax {syntax_id}, such as {syntax_id}:3; it was read as one before 4."
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
        if interchange.header is not NO_SEGMENT:
            end = interchange.offset + interchange.length
            text = "The interchange ends without UNZ; the file may be cut off."
            _add(found, "edi.interchange-end-missing", text, ("UNZ",), end)
        return
    unz, at = interchange.trailer, interchange.trailer_offset
    there = interchange.received or interchange.messages
    what = "functional groups" if interchange.received else "messages"
    if as_count(part(unz, 1)) != there:
        text = f"UNZ01 does not give the number of {what}; there are {there}."
        _add(found, "edi.interchange-count-wrong", text, unz, at, element=1, value=part(unz, 1))
    if interchange.control_number and part(unz, 2) != interchange.control_number:
        text = "UNZ02 is not the control reference that UNB05 gives."
        _add(found, "edi.interchange-reference-mismatch", text, unz, at, element=2, value=part(unz, 2))


def judge_group(interchange: Interchange, group: Group) -> None:
    """Add the findings of UNG and UNE, when all between them has been read."""
    if not group.is_real:
        return
    ung, found, number = group.header, group.findings, group.control_number
    if not number:
        text = "UNG05 is missing: the group has no reference."
        _add(found, "edi.group-reference-missing", text, ung, group.offset, element=5)
    elif interchange.numbers["", len(number)].seen(number):
        text = "UNG05 repeats the reference of an earlier group."
        _add(found, "edi.group-reference-repeated", text, ung, group.offset, element=5, value=number)
    if group.trailer is None:
        _add(found, "edi.group-end-missing", "The group has no UNE; it may be cut off.", ung, group.offset)
        return
    une, at = group.trailer, group.trailer_offset
    if as_count(part(une, 1)) != group.received:
        text = f"UNE01 does not give the number of messages; there are {group.received}."
        _add(found, "edi.message-count-wrong", text, une, at, element=1, value=part(une, 1))
    if number and part(une, 2) != number:
        text = "UNE02 is not the reference that UNG05 gives."
        _add(found, "edi.group-reference-mismatch", text, une, at, element=2, value=part(une, 2))


def judge_message_envelope(interchange: Interchange, group: Group, one: Message) -> None:
    """Add the findings of UNH and UNT, the count in UNT excepted."""
    unh, found, number = one.header, one.findings, one.control_number
    scope = (f"{group.control_number}/", len(number))
    if not number:
        text = "UNH01 is missing: the message has no reference."
        _add(found, "edi.message-reference-missing", text, unh, one.offset, element=1, position=1)
    elif interchange.numbers[scope].seen(number):
        text = "UNH01 repeats the reference of an earlier message."
        _add(found, "edi.message-reference-repeated", text, unh, one.offset, element=1, value=number, position=1)
    if not _MESSAGE_TYPE.fullmatch(one.set_id):
        text = "UNH02 names no message type such as ORDERS."
        _add(found, "edi.message-type-invalid", text, unh, one.offset, element=2, value=one.set_id, position=1)
    if one.trailer is None:
        text = "The message ends without UNT; the next message, group or the file's end follows."
        _add(found, "edi.message-end-missing", text, ("UNT",), one.offset + one.length)
    elif number and part(one.trailer, 2) != number:
        text, value = "UNT02 is not the reference that UNH01 gives.", part(one.trailer, 2)
        _add(found, "edi.message-reference-mismatch", text, one.trailer, one.trailer_offset, element=2, value=value)
