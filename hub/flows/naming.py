"""Our own numbers of the lines of a fulfillment: they go out with it, and answers match on them."""

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
