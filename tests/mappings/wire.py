"""What a mapping has made, sent: written into an envelope, and read back without a fault."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from hub.edi.build import build
from hub.edi.edifact import writer as edifact
from hub.edi.tree import TransactionSet
from hub.edi.validation import examine
from hub.edi.x12 import writer as x12
from hub.mapping import Library

FOLDER = Path(__file__).parents[2] / "mappings"
LIBRARY = Library([FOLDER])
NOW = dt.datetime(2026, 3, 4, 9, tzinfo=dt.UTC)


def written(syntax: str, set_id: str, values: dict[str, Any]) -> TransactionSet:
    """The document in its envelope, read back and without a fault."""
    if syntax == "x12":
        document = x12.transaction_set(set_id, build("x12", set_id, "004010", values), "0001")
        data = x12.write([document], x12.Envelope("ZZ", "HUB", "ZZ", "THEM", 1, 1, NOW))
    else:
        message = edifact.message(set_id, build("edifact", set_id, "D96A", values), "1")
        envelope = edifact.Envelope("4012345000016", "4012345000009", "1", NOW, "14", "14")
        data = edifact.write([message], envelope)
    (interchange,) = examine(data)
    assert [f.message for f in interchange.all_findings() if f.is_error] == []
    (one,) = interchange.sets
    assert one.tree is not None
    return one.tree
