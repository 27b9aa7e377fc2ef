"""The JSON form of a transaction set, without loss.

A segment is an array: its id, then its elements; a composite is an array of strings, repetitions are an object
`{"repeats": [...]}`. A loop is an object `{"loop": id, "children": [...]}`, with `"order"` where it has one.
"""

from __future__ import annotations

from typing import Any, cast

from hub.edi.findings import EdiError
from hub.edi.tree import Element, Loop, Repeats, Segment, Standard, TransactionSet


def to_json(document: TransactionSet) -> dict[str, Any]:
    """A value that `json.dumps` takes and `from_json` turns back into an equal document."""
    return {
        "standard": document.standard,
        "set_id": document.set_id,
        "version": document.version,
        "control_number": document.control_number,
        "envelope": dict(document.envelope),
        "root": _loop_out(document.root),
    }


def from_json(value: Any) -> TransactionSet:
    """The document of a JSON form; raises EdiError `edi.json-form-invalid` with the place that is wrong."""
    try:
        standard = value["standard"]
        if standard not in ("x12", "edifact"):
            raise _invalid("standard", "'x12' or 'edifact' was expected")
        texts = {key: _text(value[key], key) for key in ("set_id", "version", "control_number")}
        envelope = {_text(k, "envelope"): _text(v, f"envelope.{k}") for k, v in value["envelope"].items()}
        return TransactionSet(
            cast(Standard, standard), **texts, root=_loop_in(value["root"], "root"), envelope=envelope
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise _invalid("document", f"not of the form that to_json gives ({error!r})") from error


def _invalid(where: str, what: str) -> EdiError:
    return EdiError("edi.json-form-invalid", f"{where}: {what}")


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise _invalid(where, f"text was expected, not {type(value).__name__}")
    return value


def _loop_out(loop: Loop) -> dict[str, Any]:
    children = [_loop_out(child) if isinstance(child, Loop) else segment_to_json(child) for child in loop.children]
    return {"loop": loop.id, **({"order": loop.order} if loop.order else {}), "children": children}


def segment_to_json(segment: Segment) -> list[Any]:
    """A segment as an array."""
    return [_element_out(one) for one in segment]


def segment_from_json(value: Any, where: str) -> Segment:
    """The segment of an array; `where` is its place, for an error."""
    return (_text(value[0], where), *(_element_in(one, where) for one in value[1:]))


def _element_out(value: Element) -> Any:
    if isinstance(value, Repeats):
        return {"repeats": [_element_out(one) for one in value]}
    return list(value) if isinstance(value, tuple) else value


def _loop_in(value: Any, where: str) -> Loop:
    children: list[Segment | Loop] = []
    for number, child in enumerate(value["children"]):
        place = f"{where}.children[{number}]"
        if isinstance(child, dict):
            children.append(_loop_in(child, place))
        elif isinstance(child, list) and child:
            children.append(segment_from_json(child, place))
        else:
            raise _invalid(place, "a segment (array) or a loop (object) was expected")
    order = value.get("order", 0)
    if not isinstance(order, int):
        raise _invalid(f"{where}.order", f"a number was expected, not {type(order).__name__}")
    return Loop(_text(value["loop"], f"{where}.loop"), children, order)


def _element_in(value: Any, where: str) -> Element:
    if isinstance(value, dict):
        return Repeats(_composite_in(one, where) for one in value["repeats"])
    return _composite_in(value, where)


def _composite_in(value: Any, where: str) -> str | tuple[str, ...]:
    if isinstance(value, list):
        return tuple(_text(one, where) for one in value)
    return _text(value, where)
