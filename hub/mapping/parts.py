"""The documents inside one file as documents of their own: each can be kept, read again and mapped by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.edi.tree import Loop, TransactionSet
from hub.mapping.differences import exact_json
from hub.mapping.errors import Finding, MappingError
from hub.mapping.mapping import Mapping
from hub.mapping.runtime import EMPTY, Context, Group

FORMAT = "part"  # what `decode` reads them by


@dataclass(frozen=True, slots=True)
class Part:
    """`body`: `decode(body, "part")` gives it back, rows that belong together as one group. `name`: what its rows have
    in common by `group_by`, such as their order's number; empty where nothing names it."""

    name: str
    body: bytes


def parts(mapping: Mapping, document: Any, context: Context = EMPTY) -> list[Part]:
    """What `split:` takes out of a document; none where it holds nothing.

    Raises MappingError for a file that does not come apart, and for EDI, whose sets are documents already.
    """
    if isinstance(document, (Loop, TransactionSet)):
        message = "the sets of an interchange are documents already"
        raise MappingError([Finding("mapping.split", message, f"{mapping.name}.yaml")])
    return [
        Part(
            "/".join(part.key) if isinstance(part, Group) else "",
            exact_json(part, indent=None).encode(),
        )
        for part in mapping.split(document, context)
    ]
