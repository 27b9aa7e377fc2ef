"""What routing reads: the rules, and the SKU cross-reference of each backend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select, tuple_

from hub.store.tables import connections, rules, sku_components

_COMPONENTS = (
    select(sku_components)
    .where(tuple_(sku_components.c.connection_id, sku_components.c.sku).in_(bindparam("keys", expanding=True)))
    .order_by(sku_components.c.id)
)


def enabled(tx: Connection) -> list[Row[Any]]:
    """The enabled rules in their order."""
    return list(tx.execute(select(rules).where(rules.c.enabled).order_by(rules.c.position, rules.c.id)))


def everything(tx: Connection) -> list[Row[Any]]:
    """Routing rules in their order, with the name of their backend."""
    statement = (
        select(rules, connections.c.name.label("backend"))
        .join(connections, connections.c.id == rules.c.backend_id)
        .order_by(rules.c.position, rules.c.id)
    )
    return list(tx.execute(statement))


def add(tx: Connection, row: Mapping[str, Any]) -> int:
    """Insert a routing rule."""
    return int(tx.execute(rules.insert().values(**row).returning(rules.c.id)).scalar_one())


def remove(tx: Connection, name: str) -> bool:
    """Take a rule out. False when there is none of that name."""
    return bool(tx.execute(delete(rules).where(rules.c.name == name)).rowcount)


def components(tx: Connection, keys: Sequence[tuple[int, str]]) -> dict[tuple[int, str], list[tuple[str, int]]]:
    """(backend, our SKU) -> [(its SKU, units per base unit)], where they differ."""
    found: dict[tuple[int, str], list[tuple[str, int]]] = {}
    for row in tx.execute(_COMPONENTS, {"keys": keys}):
        found.setdefault((row.connection_id, row.sku), []).append((row.component_sku, row.quantity))
    return found
