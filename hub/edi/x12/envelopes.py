"""Judges ISA/IEA, GS/GE and ST/SE: control numbers, counts, dates and ids of the envelopes."""

from __future__ import annotations

import re
from typing import Any

from hub.edi.findings import Finding, finding
from hub.edi.grammars.library import Library
from hub.edi.judging.values import as_count, is_date, is_time
from hub.edi.numbers import Numbers
from hub.edi.reading.interchange import note
from hub.edi.x12.interchange import Group, Interchange, RawSet, shown

# TA1 codes by the number of the ISA element that is wrong.
_ISA_CODES = {
    1: "010",
    2: "011",
    3: "012",
    4: "013",
    5: "005",
    6: "006",
    7: "007",
    8: "008",
    9: "014",
    10: "015",
    11: "016",
    12: "017",
    13: "018",
    14: "019",
    15: "020",
    16: "027",
}
_CODE_PATTERNS = {
    1: r"[0-9A-Z]{2}",
    3: r"[0-9A-Z]{2}",
    5: r"[0-9A-Z]{2}",
    6: r".+",
    7: r"[0-9A-Z]{2}",
    8: r".+",
    12: r"[0-9]{5}",
    13: r"[0-9]{9}",
    14: r"[01]",
    15: r"[PTI]",
}
_TA1 = (
    (r"[0-9]{9}", "a control number of nine digits"),
    (r"[0-9]{6}", "a date written YYMMDD"),
    (r"[0-9]{4}", "a time written HHMM"),
    (r"[AER]", "A, E or R"),
    (r"0[0-3][0-9]", "a note code of three digits from 000 to 031"),
)
_SET_ID = re.compile(r"[0-9A-Z]{3}").fullmatch
_SET_NUMBER = re.compile(r"[!-~]{4,9}").fullmatch
_EXPECTED = {
    1: "a two-character qualifier",
    3: "a two-character qualifier",
    5: "a two-character qualifier",
    6: "the sender's id",
    7: "a two-character qualifier",
    8: "the receiver's id",
    9: "a date written YYMMDD",
    10: "a time written HHMM",
    12: "a version of five digits such as 00401",
    13: "a control number of nine digits",
    14: "0 or 1",
    15: "P, T or I",
}


def judge_interchange(interchange: Interchange) -> None:
    """Add the findings of an interchange's own envelope, once all of it was read."""
    if interchange.bare:
        return
    _judge_isa(interchange)
    if interchange.usable:
        _judge_iea(interchange)
    for elements in interchange.ta1:
        _judge_ta1(interchange, elements)


def trailer_missing(interchange: Interchange) -> Finding:
    """The fault of an interchange without IEA. Where it is torn, what ends with it has a finding of this fault."""
    why = shown(interchange.instead) or "; the file may be cut off"
    text, end = f"The interchange ends without IEA{why}.", interchange.offset + interchange.length
    return finding("edi.interchange-trailer-missing", text, segment="IEA", offset=end)


def judge_group(interchange: Interchange, group: Group) -> None:
    """Add the findings of a group's own envelope, once all of it was read."""
    if group.is_real:
        _judge_gs(group)
        scope = (group.functional_id, group.part(2), group.part(3))
        if interchange.numbers.setdefault(scope, Numbers()).seen(group.control_number):
            _on_group(group, "edi.group-control-repeated", 6, "repeats an earlier group's control number.")
    _judge_ge(group)


def judge_set_envelope(group: Group, one: RawSet, library: Library) -> None:
    """Add the findings of ST and SE (SE01 excepted), the sets before it in its group being judged already."""
    _judge_set(group, one, library)
    if group.numbers.seen(one.control_number):
        text = "ST02 repeats the control number of an earlier set of this group."
        _on_set(one, "edi.set-control-repeated", text, 2, one.control_number)


def _judge_isa(interchange: Interchange) -> None:
    place: dict[str, Any] = {"offset": interchange.offset, "segment": "ISA"}
    for number, expected in _EXPECTED.items():
        value = interchange.part(number)
        if number == 9:
            right = len(value) == 6 and is_date(value)
        elif number == 10:
            right = len(value) == 4 and is_time(value)
        else:
            right = re.fullmatch(_CODE_PATTERNS[number], value) is not None
        if right:
            continue
        code = "edi.control-number-invalid" if number == 13 else "edi.isa-element-invalid"
        interchange.findings.append(
            finding(
                code,
                f"ISA{number:02d} is not {expected}.",
                ack=f"TA1:{_ISA_CODES[number]}",
                element=number,
                value=value,
                **place,
            )
        )
    version, mark = interchange.part(12), interchange.part(11)
    if re.fullmatch(_CODE_PATTERNS[12], version) and not "00200" <= version < "00900":
        text = "ISA12 names no version of the interchange's control segments; one such as 00401 or 00501 was expected."
        note(interchange, finding("edi.isa-version-unknown", text, element=12, value=version, **place))
    if version < "00402" and mark != "U":
        text = "ISA11 is 'U' up to version 00401; what stands there was not taken for a repetition separator."
        interchange.findings.append(finding("edi.isa11-ignored", text, element=11, value=mark, **place))
    elif version >= "00402" and not interchange.delimiters.repetition:
        text = "ISA11 is no usable repetition separator, so no element was taken for a repeated one."
        interchange.findings.append(finding("edi.isa11-ignored", text, element=11, value=mark, **place))


def _judge_ta1(interchange: Interchange, elements: list[str]) -> None:
    for number, (pattern, expected) in enumerate(_TA1, 1):
        value = elements[number - 1] if number <= len(elements) else ""
        if not re.fullmatch(pattern, value):
            text = f"TA1{number:02d} is not {expected}."
            place: dict[str, Any] = {"offset": interchange.offset, "segment": "TA1", "element": number, "value": value}
            note(interchange, finding("edi.ta1-invalid", text, **place))


def _judge_iea(interchange: Interchange) -> None:
    found = interchange.findings
    if interchange.trailer is None:
        if not interchange.torn:
            found.append(trailer_missing(interchange))
        return
    count, number = _two(interchange.trailer)
    place: dict[str, Any] = {"offset": interchange.trailer_offset, "segment": "IEA"}
    if as_count(count) != interchange.received:
        text = f"IEA01 does not give the number of groups; there are {interchange.received}."
        found.append(finding("edi.group-count-wrong", text, element=1, value=count, **place))
    if not _same(number, interchange.part(13)):
        text = "IEA02 is not the control number that ISA13 gives."
        found.append(finding("edi.interchange-control-mismatch", text, element=2, value=number, **place))


def _judge_ge(group: Group) -> None:
    if group.trailer is None:
        if group.is_real and not group.torn:
            _on_group(
                group, "edi.group-trailer-missing", 0, f"has no GE{shown(group.instead) or '; it may be cut off'}."
            )
        return
    count, number = _two(group.trailer)
    place: dict[str, Any] = {"offset": group.trailer_offset, "segment": "GE"}
    if as_count(count) not in (group.received, group.received + group.headless):
        text = f"GE01 does not give the number of transaction sets; there are {group.received}."
        note(group, finding("edi.set-count-wrong", text, element=1, value=count, **place))
    if group.is_real and not _same(number, group.control_number):
        text = "GE02 is not the control number that GS06 gives."
        note(group, finding("edi.group-control-mismatch", text, element=2, value=number, **place))


def _judge_gs(group: Group) -> None:
    # That GS01 is in small letters is no other fault than that GS is.
    if not re.fullmatch(r"[A-Z0-9]{2}", group.functional_id if group.raw.startswith(b"gs") else group.part(1)):
        _on_group(group, "edi.group-not-supported", 1, "is not a functional identifier of two characters.")
    if not re.fullmatch(r"[0-9]{1,9}", group.control_number):
        _on_group(group, "edi.group-control-invalid", 6, "is not a control number of one to nine digits.")
    if not re.match(r"[0-9]{6}", group.version):
        _on_group(group, "edi.group-version-invalid", 8, "is not a version such as 004010.")
    if not is_date(group.part(4)):
        _on_group(group, "edi.group-date-invalid", 4, "is not a date written CCYYMMDD.")
    if not is_time(group.part(5)):
        _on_group(group, "edi.group-date-invalid", 5, "is not a time of day written HHMM or HHMMSS.")


def _judge_set(group: Group, one: RawSet, library: Library) -> None:
    if not _SET_ID(one.set_id):
        _on_set(one, "edi.set-id-invalid", "ST01 is not a transaction set id of three characters.", 1, one.set_id)
    elif group.functional_id and (owner := library.functional_id(one.set_id)) not in ("", group.functional_id):
        text = f"Set {one.set_id} belongs in a group {owner}, not in the group it stands in."
        _on_set(one, "edi.set-in-wrong-group", text, 1, one.set_id)
    if not _SET_NUMBER(one.control_number):
        text = "ST02 is not a control number of four to nine characters."
        _on_set(one, "edi.set-control-invalid", text, 2, one.control_number)
    if one.trailer is None:
        place: dict[str, Any] = {"offset": one.offset + one.length, "segment": "SE"}
        text = "The transaction set ends without SE; another control segment stands where it was expected."
        if one.cut_off:
            text = "The interchange ends in the middle of this transaction set, before SE; the file was cut off."
        one.findings.append(finding("edi.set-trailer-missing", text, **place))
    elif not _same(number := _two(one.trailer)[1], one.control_number):
        text = "SE02 is not the control number that ST02 gives."
        place = {"offset": one.trailer_offset, "segment": "SE", "element": 2, "value": number}
        one.findings.append(finding("edi.set-control-mismatch", text, reference="329", **place))


def _on_group(group: Group, code: str, number: int, text: str) -> None:
    subject = f"GS{number:02d}" if number else "The group"
    group.findings.append(
        finding(
            code,
            f"{subject} {text}",
            offset=group.offset,
            segment="GS",
            element=number,
            value=group.part(number) if number else "",
        )
    )


def _on_set(one: RawSet, code: str, text: str, number: int, value: str) -> None:
    one.findings.append(finding(code, text, offset=one.offset, position=1, segment="ST", element=number, value=value))


def _two(elements: list[str]) -> tuple[str, str]:
    first, second = [*elements, "", ""][:2]
    return first.strip(), second.strip()


def _same(trailer: str, header: str) -> bool:
    """Control numbers agree as written; leading zeros are no difference."""
    return trailer == header or (as_count(trailer) is not None and as_count(trailer) == as_count(header))
