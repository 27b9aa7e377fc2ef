"""EDIFACT designators by number of the data element: `BGM.C106.1004` instead of `BGM02-1`."""

from __future__ import annotations

import re
from functools import lru_cache

from hub.edi.grammars.library import default_library
from hub.edi.grammars.rules import ElementRule

REFERENCE = re.compile(r"[CS]\d{3}|\d{4}")

Places = tuple[tuple[int, int], ...]


@lru_cache(maxsize=512)
def places(segment_id: str, references: tuple[str, ...]) -> Places:
    """Where a data element stands in a segment, as (element, component) from 1; nothing where it does not.

    `references` is the element alone (`1004`) or with the composite around it (`C106`, `1004`). Directories that
    have an element in a composite where an older one has it alone agree on the place: component 1. An element that
    a segment or composite holds several times has several places.
    """
    library = default_library("edifact")
    for version in library.syntax.versions:
        rule = library.segment(segment_id, version)
        found = tuple(
            (number, component)
            for number, element in enumerate(rule.elements if rule else (), 1)
            for component in _components(element, references)
        )
        if found:
            return found
    return ()


def _components(element: ElementRule, references: tuple[str, ...]) -> list[int]:
    *composite, reference = references
    if composite and composite != [element.reference]:
        return []
    if element.reference == reference:
        return [1]
    return [number for number, part in enumerate(element.components, 1) if part.reference == reference]
