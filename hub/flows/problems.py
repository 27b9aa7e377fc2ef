"""How a document ends when it does not end well: parked for someone, or ignored for a reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.edi.findings import Finding

MAX_FINDINGS = 25
"""How many findings are kept with a document; its bytes say the rest."""


class Park(Exception):
    """The document waits, with a reason a person can act on.

    `code` is stable and has a page in docs/errors.md. `facts` say where (paths, ids, findings), never a personal value.
    `awaits` names the fact that releases it by itself when it comes. Of a document that could not be written: `source`
    is what its mapping reads, which is kept with the message, and `columns` say there which mapping, and to whom.
    """

    def __init__(self, code: str, detail: str, *, awaits: str | None = None, **facts: Any) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.awaits = awaits
        self.facts: Mapping[str, Any] = facts
        self.source: Mapping[str, Any] | None = None
        self.columns: dict[str, Any] = {}

    def problem(self) -> dict[str, Any]:
        """As it is kept with the message."""
        return {"code": self.code, "detail": self.detail, **self.facts}


class Ignore(Exception):
    """The document is recorded and nothing follows from it, but that its source is asked anew where `refetch`."""

    def __init__(self, code: str, *, refetch: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.refetch = refetch


def without_value(finding: Finding) -> dict[str, Any]:
    """A finding without the value it is about: that is looked up in the payload."""
    facts = {name: value for name, value in finding.as_dict().items() if name != "value"}
    return {name: printable(value) if isinstance(value, str) else value for name, value in facts.items()}


def printable(text: str) -> str:
    """What a document says, as it can be stored: databases take no zero bytes, and people read none."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)
