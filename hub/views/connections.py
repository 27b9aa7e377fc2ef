"""Connections and flows as people and programs see them. Settings and secrets are not among it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from hub.store import overview
from hub.views.status import Status, of_connection, of_flow


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """One connection. `trouble`: the code of what an admin must mend."""

    id: int
    name: str
    type: str
    mode: str
    status: Status
    trouble: str | None
    trouble_detail: str | None
    outbound_stopped: bool
    start_at: dt.datetime
    quiet_until: dt.datetime | None


@dataclass(frozen=True, slots=True)
class FlowView:
    """One channel in or out of a connection. `schedule` None: as things happen."""

    id: int
    connection_id: int
    connection: str
    direction: str
    kind: str
    schedule: str | None
    timezone: str
    next_due: dt.datetime | None
    last_run: dt.datetime | None
    last_ok: dt.datetime | None
    paused: bool
    status: Status
    mapping: str
    source_count: int | None
    source_counted: dt.datetime | None


def connection_list(connection: Connection, merchant_id: int | None) -> list[ConnectionView]:
    """All connections, by name."""
    same = ["id", "name", "type", "mode", "trouble", "trouble_detail", "outbound_stopped", "start_at", "quiet_until"]
    return [
        ConnectionView(
            **{name: getattr(row, name) for name in same},
            status=of_connection(row.mode, row.trouble, row.outbound_stopped),
        )
        for row in overview.connection_rows(connection, merchant_id)
    ]


def order_sources(connection: Connection, merchant_id: int | None) -> list[ConnectionView]:
    """The connections that orders come from."""
    sources = {
        flow.connection_id
        for flow in flow_list(connection, merchant_id)
        if (flow.direction, flow.kind) == ("in", "order")
    }
    return [each for each in connection_list(connection, merchant_id) if each.id in sources]


def flow_list(connection: Connection, merchant_id: int | None) -> list[FlowView]:
    """All flows, by connection."""
    return [_flow(row) for row in overview.flow_rows(connection, merchant_id)]


def _flow(row: Any) -> FlowView:
    same = [
        "id",
        "connection_id",
        "connection",
        "direction",
        "kind",
        "schedule",
        "timezone",
        "next_due",
        "paused",
        "source_count",
    ]
    return FlowView(
        **{name: getattr(row, name) for name in same},
        last_run=row.last_run_at,
        last_ok=row.last_ok_at,
        status=of_flow(row.mode, row.trouble, row.paused),
        mapping=row.mapping or f"{row.type}/{row.kind}.{row.direction}",
        source_counted=row.source_counted_at,
    )
