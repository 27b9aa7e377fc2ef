"""The documents inside one file as documents of their own: each can be kept, read again and mapped by itself."""

from __future__ import annotations

from typing import Any

from hub.edi.tree import Loop, TransactionSet
from hub.mapping.differences import exact_json
from hub.mapping.errors import Finding, MappingError
from hub.mapping.mapping import Mapping
from hub.mapping.runtime import EMPTY, Context

FORMAT = "part"  # what `decode` reads them by


def parts(mapping: Mapping, document: Any, context: Context = EMPTY) -> list[bytes]:
    """What `split:` takes out of a document, each part as bytes: `decode(part, "part")` gives it back, rows that
    belong together as one group.

    Raises MappingError for a file that does not come apart, and for EDI, whose sets are documents already.
    """
    if isinstance(document, (Loop, TransactionSet)):
        message = "the sets of an interchange are documents already"
        raise MappingError([Finding("mapping.split", message, f"{mapping.name}.yaml")])
    return [exact_json(part, indent=None).encode() for part in mapping.split(document, context)]
