"""Lists of what an admin has set up: partners with their ids and agreements, rules, tables."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from hub.store.tables import agreements, connections, lookup_rows, partner_ids, partners, rules


def everyone(tx: Connection) -> list[Row[Any]]:
    """Partners with the name of their connection."""
    statement = (
        select(partners, connections.c.name.label("connection"))
        .join(connections, connections.c.id == partners.c.connection_id)
        .order_by(partners.c.name)
    )
    return list(tx.execute(statement))


def ids(tx: Connection) -> list[Row[Any]]:
    """The ids that partners write under."""
    return list(tx.execute(select(partner_ids).order_by(partner_ids.c.id)))


def agreed(tx: Connection) -> list[Row[Any]]:
    """What was agreed with partners, per set and direction."""
    return list(tx.execute(select(agreements).order_by(agreements.c.direction, agreements.c.set_id)))


def set_acknowledge_hours(tx: Connection, partner_id: int, hours: float | None) -> None:
    """How long after it was sent the partner is to acknowledge a document of ours; None: no deadline."""
    ours = (agreements.c.partner_id == partner_id, agreements.c.direction == "out")
    tx.execute(update(agreements).where(*ours).values(acknowledge_hours=hours))


def all_rules(tx: Connection) -> list[Row[Any]]:
    """Routing rules in their order, with the name of their backend."""
    statement = (
        select(rules, connections.c.name.label("backend"))
        .join(connections, connections.c.id == rules.c.backend_id)
        .order_by(rules.c.position, rules.c.id)
    )
    return list(tx.execute(statement))


def remove_rule(tx: Connection, name: str) -> bool:
    """Take a rule out. False when there is none of that name."""
    return bool(tx.execute(delete(rules).where(rules.c.name == name)).rowcount)


def tables(tx: Connection) -> list[Row[Any]]:
    """Lookup tables kept in the hub: name, number of rows, when last changed."""
    statement = (
        select(lookup_rows.c.table, func.count().label("rows"), func.max(lookup_rows.c.updated_at).label("changed"))
        .group_by(lookup_rows.c.table)
        .order_by(lookup_rows.c.table)
    )
    return list(tx.execute(statement))


def table_rows(tx: Connection, table: str) -> list[Row[Any]]:
    """The rows of one lookup table."""
    return list(tx.execute(select(lookup_rows).where(lookup_rows.c.table == table).order_by(lookup_rows.c.key)))
