"""An X12 interchange as JSON, and back to bytes; `hub.edi.convert` does so with whole files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.edi.delimiters import Delimiters
from hub.edi.json_form import from_json, to_json
from hub.edi.tree import Element, Repeats, Segment, in_document_order
from hub.edi.x12.interchange import Group, Interchange, RawSet

_MARKS = ("element", "component", "repetition", "terminator", "suffix")


def interchange_to_json(interchange: Interchange) -> dict[str, Any]:
    """A value that `json.dumps` takes and `interchange_from_json` turns back.

    `isa`, `gs`, `st`, `se`, `ge` and `iea` are the elements of these segments without their ids, null where there is
    none; a set holds what `json_form.to_json` gives of it.
    """
    marks = interchange.delimiters
    return {
        "standard": "x12",
        "delimiters": {name: getattr(marks, name) for name in _MARKS},
        "encoding": interchange.encoding,
        "isa": None if interchange.bare else interchange.isa,
        "ta1": interchange.ta1,
        "groups": [_group(group) for group in interchange.groups],
        "iea": interchange.trailer,
    }


def _group(group: Group) -> dict[str, Any]:
    return {
        "gs": group.header if group.is_real else None,
        "sets": [_set(one) for one in group.sets],
        "ge": group.trailer,
    }


def _set(one: RawSet) -> dict[str, Any]:
    return {"st": one.header, "se": one.trailer, **(to_json(one.tree) if one.tree else {})}


def interchange_from_json(value: Any) -> bytes:
    """The bytes of an interchange's JSON form. What is not of that form raises whatever comes of it: see
    `hub.edi.convert`."""
    marks = Delimiters(**{name: value["delimiters"][name] for name in _MARKS})
    lines = [*_control("ISA", value["isa"]), *(line for one in value["ta1"] for line in _control("TA1", one))]
    for group in value["groups"]:
        lines += _control("GS", group["gs"])
        for one in group["sets"]:
            body = [_line(segment, marks) for _, segment in in_document_order(from_json(one).root)]
            lines += [*_control("ST", one["st"]), *body, *_control("SE", one["se"])]
        lines += _control("GE", group["ge"])
    lines += _control("IEA", value["iea"])
    end = marks.terminator + marks.suffix
    return "".join(marks.element.join(line) + end for line in lines).encode(value["encoding"])


def _control(name: str, elements: Sequence[str] | None) -> list[list[str]]:
    return [] if elements is None else [[name, *elements]]


def _line(segment: Segment, marks: Delimiters) -> list[str]:
    return [_text(one, marks) for one in segment]


def _text(value: Element, marks: Delimiters) -> str:
    if isinstance(value, Repeats):
        return marks.repetition.join(_text(one, marks) for one in value)
    return value if isinstance(value, str) else marks.component.join(value)
