"""Segments as text and as tuples: cutting at delimiters, and the other way round."""

from __future__ import annotations

import re
from functools import lru_cache

from hub.edi.delimiters import Delimiters
from hub.edi.tree import Composite, Element, Repeats, Segment


def parse(text: str, marks: Delimiters) -> Segment:
    """A segment's text (without terminator) as a tree segment.

    Composites and repetitions are told by their separators alone; trailing empty elements are dropped. The id stays
    as it stands, also where something follows it that is no part of an id.
    """
    parts: list[Element]
    if (marks.release and marks.release in text) or (marks.repetition and marks.repetition in text):
        segment_id, *pieces = marks.split(text, marks.element)
        parts = [segment_id, *(_element(piece, marks) for piece in pieces)]
    else:
        segment_id, *pieces = text.split(marks.element)
        parts = [segment_id, *(_trimmed(piece.split(marks.component)) for piece in pieces)]
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return tuple(parts)


def _element(piece: str, marks: Delimiters) -> Element:
    if marks.repetition and marks.repetition in piece:
        pieces = marks.split(piece, marks.repetition)
        if len(pieces) > 1:
            return Repeats(_composite(one, marks) for one in pieces)
    return _composite(piece, marks)


def _composite(piece: str, marks: Delimiters) -> str | Composite:
    return _trimmed([marks.plain(part) for part in marks.split(piece, marks.component)])


def _trimmed(parts: list[str]) -> str | Composite:
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return tuple(parts) if len(parts) > 1 else parts[0]


def written(segment: Segment, marks: Delimiters) -> str:
    """A tree segment as text without terminator, each delimiter in a value behind the release character."""
    parts = [str(segment[0]), *(_written_element(value, marks) for value in segment[1:])]
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return marks.element.join(parts)


def _written_element(value: Element, marks: Delimiters) -> str:
    if isinstance(value, Repeats):
        return marks.repetition.join(_written_element(one, marks) for one in value)
    if isinstance(value, str):
        return marks.escaped(value)
    parts = [marks.escaped(part) for part in value]
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return marks.component.join(parts)


def has_empty_ends(text: str, marks: Delimiters) -> bool:
    """Whether elements or components at an end of a segment's text are empty, so that separators are to be left out."""
    return _empty_end(marks).search(text) is not None and written(parse(text, marks), marks) != text


@lru_cache(maxsize=64)
def _empty_end(marks: Delimiters) -> re.Pattern[str]:
    """Matches where such separators may stand; not all that it matches are ones (a release character may precede)."""
    component, every = re.escape(marks.component), re.escape(marks.element + marks.component + marks.repetition)
    return re.compile(rf"{component}[{every}]|[{every}]\Z")


def odd(marks: Delimiters) -> re.Pattern[str]:
    """Matches in a segment's text what asks for a closer look: line breaks, release characters, empty ends."""
    return re.compile(rf"[\r\n{re.escape(marks.release)}]|{_empty_end(marks).pattern}")


def needless_release(text: str, marks: Delimiters) -> re.Match[str] | None:
    """The first release character in a text that stands before something that needs none (group 1)."""
    if not marks.release or marks.release not in text:
        return None
    found = _released(marks.release).finditer(text)
    return next((match for match in found if match.group(1) not in marks.in_data()), None)


@lru_cache(maxsize=64)
def _released(mark: str) -> re.Pattern[str]:
    return re.compile(re.escape(mark) + "(.?)", re.DOTALL)
