"""An EDIFACT interchange as JSON, and back to bytes; `hub.edi.convert` does so with whole files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hub.edi.delimiters import Delimiters
from hub.edi.edifact.characters import encode
from hub.edi.edifact.interchange import NO_SEGMENT, Group, Interchange, Message
from hub.edi.edifact.text import written
from hub.edi.json_form import from_json, segment_from_json, segment_to_json, to_json
from hub.edi.tree import Segment, in_document_order

_MARKS = ("element", "component", "terminator", "repetition", "suffix", "release", "decimal")


def interchange_to_json(interchange: Interchange) -> dict[str, Any]:
    """A value that `json.dumps` takes and `interchange_from_json` turns back.

    `una` is the text behind these letters, `""` where there is no UNA. `unb`, `ung`, `unh`, `unt`, `une` and `unz`
    are these segments, null where there is none; a message holds what `json_form.to_json` gives of it.
    """
    marks = interchange.delimiters
    return {
        "standard": "edifact",
        "una": interchange.una,
        "delimiters": {name: getattr(marks, name) for name in _MARKS},
        "encoding": interchange.encoding,
        "unb": _service(interchange.header),
        "groups": [_group(group) for group in interchange.groups],
        "unz": _service(interchange.trailer),
    }


def _service(segment: Segment | None) -> Any:
    return None if segment is None or segment is NO_SEGMENT else segment_to_json(segment)


def _group(group: Group) -> dict[str, Any]:
    return {
        "ung": _service(group.header),
        "sets": [_message(one) for one in group.sets],
        "une": _service(group.trailer),
    }


def _message(one: Message) -> dict[str, Any]:
    return {
        "unh": _service(one.header), "unt": _service(one.trailer), "encoding": one.encoding,
        **(to_json(one.tree) if one.tree else {}),
    }  # fmt: skip


def interchange_from_json(value: Any) -> bytes:
    """The bytes of an interchange's JSON form. What is not of that form raises whatever comes of it: see
    `hub.edi.convert`."""
    marks = Delimiters(**{name: value["delimiters"][name] for name in _MARKS})
    una, codec = value["una"], value["encoding"]
    pieces = [f"UNA{una}{marks.suffix}".encode(codec)] if una else []
    pieces.append(_bytes([value["unb"]], marks, codec))
    for group in value["groups"]:
        pieces.append(_bytes([group["ung"]], marks, codec))
        for one in group["sets"]:
            body = [segment_to_json(segment) for _, segment in in_document_order(from_json(one).root)]
            pieces.append(_bytes([one["unh"]], marks, codec))
            pieces.append(_bytes(body, marks, one["encoding"]))
            pieces.append(_bytes([one["unt"]], marks, codec))
        pieces.append(_bytes([group["une"]], marks, codec))
    pieces.append(_bytes([value["unz"]], marks, codec))
    return b"".join(pieces)


def _bytes(segments: Iterable[Any], marks: Delimiters, codec: str) -> bytes:
    end = marks.terminator + marks.suffix
    there = (segment_from_json(one, "segment") for one in segments if one is not None)
    return encode("".join(written(segment, marks) + end for segment in there), codec)
