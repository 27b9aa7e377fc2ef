"""Take in stock: absolute levels with the document they came from, never differences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row

from hub.flows.batch import Batch
from hub.flows.problems import Ignore
from hub.store import shipments as store


def apply(batch: Batch, message: Row[Any], doc: Mapping[str, Any], content: str) -> None:
    """Store the levels of one canonical inventory document. A level counted earlier than the stored one is left out.
    Raises `Ignore` for test data."""
    if message.test:
        raise Ignore("stock.test")
    store.set_levels(
        batch.tx,
        [
            {
                "connection_id": message.connection_id,
                "message_id": message.id,
                "updated_at": batch.now,
                "counted_at": level.get("counted_at"),
                "on_hand": level.get("on_hand"),
                "cause": level.get("cause"),
                **{name: level[name] for name in ("sku", "location", "available")},
            }
            for level in doc["levels"]
        ],
    )
