"""The counts behind the overview: what flows, what waits for a person, and how both change over time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, and_, case, exists, false, func, or_, select, true
from sqlalchemy.sql import ColumnElement

from hub.store.conditions import connections_of, messages_of, orders_of, parked_delivery
from hub.store.jobs import LIVE
from hub.store.search import message_rows
from hub.store.tables import (
    alerts,
    connections,
    flows,
    holds,
    jobs,
    merchants,
    messages,
    orders,
    settings,
    shipments,
)

Rows = Sequence[Any]


def parked_by_reason(connection: Connection, merchant_id: int | None) -> Rows:
    """Parked messages by cause: reason, total, first and last instant."""
    statement = (
        select(
            messages.c.reason,
            func.count().label("total"),
            func.min(messages.c.at).label("first"),
            func.max(messages.c.at).label("last"),
        )
        .where(messages.c.state == "parked", messages_of(merchant_id))
        .group_by(messages.c.reason)
        .order_by(func.count().desc(), messages.c.reason)
    )
    return connection.execute(statement).all()


def parked_of_reason(connection: Connection, reason: str | None, merchant_id: int | None, limit: int) -> Rows:
    """The newest parked messages of one cause."""
    same = messages.c.reason.is_(None) if reason is None else messages.c.reason == reason
    statement = message_rows().where(messages.c.state == "parked", same, messages_of(merchant_id))
    return connection.execute(statement.order_by(messages.c.id.desc()).limit(limit)).all()


def parked_deliveries(connection: Connection, merchant_id: int | None) -> Rows:
    """Deliveries parked before there was a document, with the names of their order and connection."""
    statement = (
        select(
            jobs.c.id,
            jobs.c.noun,
            jobs.c.error,
            jobs.c.finished_at,
            jobs.c.created_at,
            jobs.c.order_id,
            orders.c.number,
            orders.c.external_id,
            connections.c.name.label("connection"),
        )
        .join(connections, connections.c.id == jobs.c.connection_id)
        .join(orders, orders.c.id == jobs.c.order_id)
        .where(parked_delivery(), orders_of(merchant_id))
        .order_by(jobs.c.id.desc())
    )
    return connection.execute(statement).all()


def open_holds(connection: Connection, merchant_id: int | None) -> Rows:
    """Open holds by code: code, total, first instant."""
    statement = (
        select(
            holds.c.code,
            func.count(func.distinct(holds.c.order_id)).label("total"),
            func.min(holds.c.placed_at).label("first"),
        )
        .join(orders, orders.c.id == holds.c.order_id)
        .where(holds.c.released_at.is_(None), orders_of(merchant_id))
        .group_by(holds.c.code)
        .order_by(func.count().desc(), holds.c.code)
    )
    return connection.execute(statement).all()


def held_orders(connection: Connection, code: str, merchant_id: int | None, limit: int) -> Rows:
    """The newest orders with an open hold of this code: hold id, order id, number, detail, since."""
    statement = (
        select(
            holds.c.id,
            holds.c.order_id,
            orders.c.number,
            orders.c.external_id,
            holds.c.detail,
            holds.c.sticky,
            holds.c.placed_at,
        )
        .join(orders, orders.c.id == holds.c.order_id)
        .where(holds.c.released_at.is_(None), holds.c.code == code, orders_of(merchant_id))
        .order_by(holds.c.id.desc())
        .limit(limit)
    )
    return connection.execute(statement).all()


def attention_count(connection: Connection, merchant_id: int | None) -> int:
    """What the rail shows beside "Needs attention": parked documents and deliveries, and held orders."""
    parked = connection.execute(
        select(func.count()).select_from(messages).where(messages.c.state == "parked", messages_of(merchant_id))
    ).scalar_one()
    held = connection.execute(
        select(func.count(func.distinct(holds.c.order_id)))
        .join(orders, orders.c.id == holds.c.order_id)
        .where(holds.c.released_at.is_(None), orders_of(merchant_id))
    ).scalar_one()
    unmade = connection.execute(
        select(func.count())
        .select_from(jobs.join(orders, orders.c.id == jobs.c.order_id))
        .where(parked_delivery(), orders_of(merchant_id))
    ).scalar_one()
    return int(parked) + int(unmade) + int(held)


def open_alerts(connection: Connection, merchant_id: int | None) -> Rows:
    """Alerts nobody closed, newest first. A limited person sees those of the merchant's connections only."""
    statement = (
        select(alerts, alerts.c.count.label("times"), connections.c.name.label("connection"))
        .outerjoin(connections, connections.c.id == alerts.c.connection_id)
        .where(alerts.c.closed_at.is_(None), connections_of(merchant_id))
        .order_by(alerts.c.id.desc())
    )
    return connection.execute(statement).all()


def backlog(connection: Connection, merchant_id: int | None, now: dt.datetime) -> Any:
    """Live work: pending, running, due (nothing keeps a worker from it), oldest (when the oldest due job was due)."""
    before = jobs.alias()
    older = exists().where(before.c.lane == jobs.c.lane, before.c.id < jobs.c.id, before.c.state.in_(LIVE))
    reachable = and_(
        connections.c.trouble.is_(None),
        or_(connections.c.quiet_until.is_(None), connections.c.quiet_until <= now),
        connections.c.mode != "off",
    )
    sent = ~connections.c.outbound_stopped if not outbound_stopped(connection) else false()
    due = and_(
        jobs.c.state == "pending",
        jobs.c.due_at <= now,
        or_(jobs.c.kind == "translate", reachable),
        or_(jobs.c.kind != "deliver", sent),
        ~older,
    )

    def counted(condition: ColumnElement[bool]) -> Any:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    statement = (
        select(
            counted(jobs.c.state == "pending").label("pending"),
            counted(jobs.c.state == "running").label("running"),
            counted(due).label("due"),
            func.min(case((due, jobs.c.due_at))).label("oldest"),
        )
        .join(connections, connections.c.id == jobs.c.connection_id)
        .where(jobs.c.state.in_(LIVE), connections_of(merchant_id))
    )
    return connection.execute(statement).one()


def flow_rows(connection: Connection, merchant_id: int | None) -> Rows:
    """All flows with their connection's name, mode and trouble."""
    statement = (
        select(
            flows,
            connections.c.name.label("connection"),
            connections.c.type,
            connections.c.mode,
            connections.c.trouble,
            connections.c.trouble_detail,
            connections.c.outbound_stopped,
        )
        .join(connections, connections.c.id == flows.c.connection_id)
        .where(connections_of(merchant_id))
        .order_by(connections.c.name, flows.c.direction, flows.c.kind)
    )
    return connection.execute(statement).all()


def merchant_name(connection: Connection, merchant_id: int) -> str | None:
    """A merchant's name."""
    return connection.execute(select(merchants.c.name).where(merchants.c.id == merchant_id)).scalar_one_or_none()


_SHOWN = (
    "id",
    "name",
    "type",
    "mode",
    "trouble",
    "trouble_detail",
    "outbound_stopped",
    "start_at",
    "quiet_until",
)


def connection_rows(connection: Connection, merchant_id: int | None) -> Rows:
    """All connections by name, without their settings and secrets."""
    statement = select(*(connections.c[name] for name in _SHOWN)).where(connections_of(merchant_id))
    return connection.execute(statement.order_by(connections.c.name)).all()


def outbound_stopped(connection: Connection) -> bool:
    """The one switch that stops all outbound."""
    value = connection.execute(
        select(settings.c.value).where(settings.c.name == "outbound_stopped")
    ).scalar_one_or_none()
    return bool(value)


def first_activity(connection: Connection, merchant_id: int | None) -> dt.datetime | None:
    """When the first message came or went."""
    condition = true() if merchant_id is None else messages_of(merchant_id)
    found: dt.datetime | None = connection.execute(
        select(messages.c.at).where(condition).order_by(messages.c.id).limit(1)
    ).scalar_one_or_none()
    return found


def _spread(
    connection: Connection, column: Any, source: Any, condition: Any, edges: Sequence[dt.datetime]
) -> list[int]:
    sums = [
        func.coalesce(func.sum(case((and_(column >= start, column < end), 1), else_=0)), 0)
        for start, end in zip(edges, edges[1:], strict=False)
    ]
    row = connection.execute(
        select(*sums).select_from(source).where(column >= edges[0], column < edges[-1], condition)
    ).one()
    return [int(value) for value in row]


def over_time(connection: Connection, merchant_id: int | None, edges: Sequence[dt.datetime]) -> dict[str, list[int]]:
    """Counts between each two edges: orders that came, shipments that came, messages that are parked still."""
    with_order = shipments.join(orders, orders.c.id == shipments.c.order_id)
    parked = messages.c.state == "parked"
    return {
        "orders": _spread(connection, orders.c.created_at, orders, orders_of(merchant_id), edges),
        "shipments": _spread(connection, shipments.c.created_at, with_order, orders_of(merchant_id), edges),
        "parked": _spread(connection, messages.c.at, messages, and_(parked, messages_of(merchant_id)), edges),
    }


def progress(connection: Connection) -> Any:
    """How far everything is: `orders`, `parked` documents, `busy` jobs (pulls aside, which never end)."""
    live = jobs.c.state.in_(("pending", "running")) & (jobs.c.kind != "pull")
    return connection.execute(
        select(
            select(func.count()).select_from(orders).scalar_subquery().label("orders"),
            select(func.count()).where(messages.c.state == "parked").scalar_subquery().label("parked"),
            select(func.count()).select_from(jobs).where(live).scalar_subquery().label("busy"),
        )
    ).one()
