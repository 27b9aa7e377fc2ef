"""Whose number an order's number is, and our own numbers of the lines of a fulfillment, on which answers match."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row


def numbered(asked: Sequence[Row[Any]]) -> dict[str, Row[Any]]:
    """Number -> what is asked for, from the rows of one fulfillment in their order.

    A line that goes out as one SKU has its own id; the components of a kit are told apart as `<id>.1`, `<id>.2`.
    """
    components = Counter(row.line_id for row in asked)
    seen: Counter[int] = Counter()
    found = {}
    for row in asked:
        seen[row.line_id] += 1
        several = components[row.line_id] > 1
        found[f"{row.line_id}.{seen[row.line_id]}" if several else str(row.line_id)] = row
    return found


def scope_of(message: Row[Any]) -> str:
    """Whose numbers an order's number is one of: the partner's, and those of its tests apart from the others."""
    return f"{message.partner_id or ''}{'/test' if message.test else ''}"


def awaited(connection_id: int, scope: str, external_id: str) -> str:
    """The name of the fact that an order has come; what waits for it is released by it."""
    return f"order/{connection_id}/{scope}/{external_id}"[:160]
