"""What the sources of orders wanted otherwise, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, select

from hub.store.gather import Gather
from hub.store.tables import order_changes


def add(rows: Gather, row: Mapping[str, Any]) -> int:
    """Insert a change that has been applied; gives its id."""
    return rows.add(order_changes, row)


def of_order(tx: Connection, order_id: int) -> list[Row[Any]]:
    """The changes of an order in the order in which they were applied."""
    statement = select(order_changes).where(order_changes.c.order_id == order_id)
    return list(tx.execute(statement.order_by(order_changes.c.id)))
