"""Connections, their flows, partners and agreements: what the flows need to know of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, select, tuple_, update

from hub.store.tables import (
    agreements,
    connections,
    control_numbers,
    flows,
    lookup_rows,
    partner_ids,
    partners,
    rules,
    settings,
    sku_components,
)
from hub.store.upsert import insert

_COMPONENTS = (
    select(sku_components)
    .where(tuple_(sku_components.c.connection_id, sku_components.c.sku).in_(bindparam("keys", expanding=True)))
    .order_by(sku_components.c.id)
)
_LOOKUP = select(lookup_rows.c.value).where(
    lookup_rows.c.table == bindparam("table"), lookup_rows.c.key == bindparam("key")
)


def get(tx: Connection, connection_id: int) -> Row[Any] | None:
    """One connection's row."""
    return tx.execute(select(connections).where(connections.c.id == connection_id)).first()


def by_name(tx: Connection, name: str) -> Row[Any] | None:
    """One connection's row, by the name people gave it."""
    return tx.execute(select(connections).where(connections.c.name == name)).first()


def by_webhook_token(tx: Connection, token: str) -> Row[Any] | None:
    """The connection whose webhook address holds this token."""
    return tx.execute(select(connections).where(connections.c.webhook_token == token)).first()


def everything(tx: Connection) -> dict[int, Row[Any]]:
    """All connections by id: a handful of rows."""
    return {row.id: row for row in tx.execute(select(connections))}


def change(tx: Connection, connection_id: int, **values: Any) -> None:
    """Set columns of one connection."""
    tx.execute(update(connections).where(connections.c.id == connection_id).values(**values))


def flow(tx: Connection, connection_id: int, direction: str, kind: str) -> Row[Any] | None:
    """The flow of one kind in one direction."""
    return tx.execute(
        select(flows).where(
            flows.c.connection_id == connection_id, flows.c.direction == direction, flows.c.kind == kind
        )
    ).first()


def flow_by_id(tx: Connection, flow_id: int) -> Row[Any] | None:
    """One flow's row."""
    return tx.execute(select(flows).where(flows.c.id == flow_id)).first()


def all_flows(tx: Connection) -> dict[tuple[int, str, str], Row[Any]]:
    """Every flow, by (connection, direction, kind)."""
    return {(row.connection_id, row.direction, row.kind): row for row in tx.execute(select(flows))}


def change_flow(tx: Connection, flow_id: int, **values: Any) -> None:
    """Set columns of one flow."""
    tx.execute(update(flows).where(flows.c.id == flow_id).values(**values))


def partner(tx: Connection, partner_id: int) -> Row[Any] | None:
    """One partner's row."""
    return tx.execute(select(partners).where(partners.c.id == partner_id)).first()


def partner_of_envelope(
    tx: Connection, connection_id: int, sender: tuple[str, str], receiver: tuple[str, str], test: bool
) -> Row[Any] | None:
    """The partner who writes under these ids."""
    return tx.execute(
        select(partners)
        .join(partner_ids, partner_ids.c.partner_id == partners.c.id)
        .where(
            partners.c.connection_id == connection_id,
            and_(partner_ids.c.qualifier == sender[0], partner_ids.c.value == sender[1]),
            and_(partner_ids.c.own_qualifier == receiver[0], partner_ids.c.own_value == receiver[1]),
            partner_ids.c.test == test,
        )
    ).first()


def partner_address(tx: Connection, partner_id: int, test: bool) -> Row[Any] | None:
    """The ids to write under to a partner."""
    return tx.execute(
        select(partner_ids).where(partner_ids.c.partner_id == partner_id, partner_ids.c.test == test)
    ).first()


def agreement(tx: Connection, partner_id: int, direction: str, **which: Any) -> Row[Any] | None:
    """The agreement with a partner on one set (`set_id=`) or one kind of document (`kind=`)."""
    conditions = [agreements.c[name] == value for name, value in which.items()]
    return tx.execute(
        select(agreements).where(
            agreements.c.partner_id == partner_id, agreements.c.direction == direction, *conditions
        )
    ).first()


def next_control(tx: Connection, scope: str, largest: int) -> int:
    """Take the next control number of a scope, in the transaction that stores its bearer. Wraps after `largest`."""
    statement = (
        insert(tx, control_numbers)
        .values(scope=scope, last=1)
        .on_conflict_do_update(index_elements=["scope"], set_={"last": control_numbers.c.last % largest + 1})
        .returning(control_numbers.c.last)
    )
    return int(tx.execute(statement).scalar_one())


def routing_rules(tx: Connection) -> list[Row[Any]]:
    """The enabled rules in their order."""
    return list(tx.execute(select(rules).where(rules.c.enabled).order_by(rules.c.position, rules.c.id)))


def components(tx: Connection, keys: Sequence[tuple[int, str]]) -> dict[tuple[int, str], list[tuple[str, int]]]:
    """(backend, our SKU) -> [(its SKU, units per base unit)], where they differ."""
    found: dict[tuple[int, str], list[tuple[str, int]]] = {}
    for row in tx.execute(_COMPONENTS, {"keys": keys}):
        found.setdefault((row.connection_id, row.sku), []).append((row.component_sku, row.quantity))
    return found


def setting(tx: Connection, name: str) -> Any:
    """One fact of the installation."""
    return tx.execute(select(settings.c.value).where(settings.c.name == name)).scalar()


def set_setting(tx: Connection, name: str, value: Any) -> None:
    """Keep one fact of the installation."""
    tx.execute(
        insert(tx, settings)
        .values(name=name, value=value)
        .on_conflict_do_update(index_elements=["name"], set_={"value": value})
    )


def lookup_value(tx: Connection, table: str, key: str) -> str | None:
    """One row of a lookup table kept in the hub."""
    found: str | None = tx.execute(_LOOKUP, {"table": table, "key": key}).scalar()
    return found


def counted(tx: Connection, flow_id: int, count: int | None, now: dt.datetime, cursor: Any) -> None:
    """Move a flow's cursor, with what the source says it holds."""
    values: Mapping[str, Any] = {"cursor": cursor, "last_ok_at": now}
    if count is not None:
        values = {**values, "source_count": count, "source_counted_at": now}
    change_flow(tx, flow_id, **values)


def set_lookup(tx: Connection, table: str, key: str, value: str, now: dt.datetime) -> None:
    """Keep one row of a lookup table."""
    tx.execute(
        insert(tx, lookup_rows)
        .values(table=table, key=key, value=value, updated_at=now)
        .on_conflict_do_update(index_elements=["table", "key"], set_={"value": value, "updated_at": now})
    )


def add(tx: Connection, row: Mapping[str, Any]) -> int:
    """Insert a connection."""
    return int(tx.execute(connections.insert().values(**row).returning(connections.c.id)).scalar_one())


def add_flow(tx: Connection, row: Mapping[str, Any]) -> None:
    """Insert a flow."""
    tx.execute(flows.insert().values(**row))


def add_partner(tx: Connection, row: Mapping[str, Any]) -> int:
    """Insert a partner."""
    return int(tx.execute(partners.insert().values(**row).returning(partners.c.id)).scalar_one())


def add_partner_ids(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the ids that a partner writes under."""
    if rows:
        tx.execute(partner_ids.insert(), [dict(row) for row in rows])


def add_agreements(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert what was agreed with a partner."""
    if rows:
        tx.execute(agreements.insert(), [dict(row) for row in rows])


def add_rule(tx: Connection, row: Mapping[str, Any]) -> int:
    """Insert a routing rule."""
    return int(tx.execute(rules.insert().values(**row).returning(rules.c.id)).scalar_one())
