"""Connections and their flows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, select, update

from hub.store.tables import connections, flows


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
    """Every flow, by (connection, direction, kind), in the order in which they were added."""
    return {(row.connection_id, row.direction, row.kind): row for row in tx.execute(select(flows).order_by(flows.c.id))}


def change_flow(tx: Connection, flow_id: int, **values: Any) -> None:
    """Set columns of one flow."""
    tx.execute(update(flows).where(flows.c.id == flow_id).values(**values))


def counted(tx: Connection, flow_id: int, count: int | None, now: dt.datetime, cursor: Any) -> None:
    """Move a flow's cursor, with what the source says it holds."""
    values: Mapping[str, Any] = {"cursor": cursor, "last_ok_at": now}
    if count is not None:
        values = {**values, "source_count": count, "source_counted_at": now}
    change_flow(tx, flow_id, **values)


def add(tx: Connection, row: Mapping[str, Any]) -> int:
    """Insert a connection."""
    return int(tx.execute(connections.insert().values(**row).returning(connections.c.id)).scalar_one())


def add_flow(tx: Connection, row: Mapping[str, Any]) -> None:
    """Insert a flow."""
    tx.execute(flows.insert().values(**row))
