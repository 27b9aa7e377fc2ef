"""The documents inside one as documents of their own: each can be kept, read again and mapped by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.edi.json_form import to_json
from hub.edi.tree import TransactionSet
from hub.mapping.decode import EDI_PART, PART
from hub.mapping.differences import exact_json
from hub.mapping.mapping import Mapping
from hub.mapping.runtime import EMPTY, Context

FORMATS = frozenset({PART, EDI_PART})
"""What `decode` reads them by."""


@dataclass(frozen=True, slots=True)
class Part:
    """`name`: what it has in common by `group_by`, such as an order's number; empty where nothing names it."""

    name: str
    document: Any

    @property
    def format(self) -> str:
        """One of `FORMATS`."""
        return EDI_PART if isinstance(self.document, TransactionSet) else PART

    @property
    def body(self) -> bytes:
        """What `decode(body, format)` gives back, rows that belong together as one group."""
        value = to_json(self.document) if isinstance(self.document, TransactionSet) else self.document
        return exact_json(value, indent=None).encode()


def parts(mapping: Mapping, document: Any, context: Context = EMPTY) -> list[Part]:
    """What `split:` takes out of a document; none where it holds nothing. An EDI set that speaks of one thing is its
    own part. Raises MappingError for a document that does not come apart."""
    return [Part(name, part) for name, part in mapping.named_parts(document, context)]
