"""Signs that something needs a person: work that nobody does, documents that wait."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, case, func, select

from hub.store.conditions import owed_acknowledgement, parked_delivery
from hub.store.tables import cancellations, connections, fulfillments, jobs, messages, orders, partners, shipments


@dataclass(slots=True)
class ParkedGroup:
    """Documents of one connection that wait for the same reason, the first of them since `since`. `newest`: some of
    them, as `_documents` has them."""

    connection_id: int
    connection: str
    code: str
    count: int
    since: dt.datetime
    newest: list[Row[Any]] = field(default_factory=list)


NAMED = 3
"""Documents of one cause that are named one by one."""


def work(tx: Connection, since: dt.datetime) -> Any:
    """Counts of jobs: running, silent (their worker stopped renewing its lease), late (due since `since`, and not
    begun), parked; and of messages: parked."""
    running = jobs.c.state == "running"
    late = and_(jobs.c.state == "pending", jobs.c.due_at < since)
    parked = select(func.count()).select_from(messages).where(messages.c.state == "parked").scalar_subquery()

    def counted(condition: Any, name: str) -> Any:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0).label(name)

    return tx.execute(
        select(
            counted(running, "running"),
            counted(and_(running, jobs.c.lease_until < since), "silent"),
            counted(late, "late"),
            counted(jobs.c.state == "parked", "parked"),
            parked.label("messages"),
        ).where(jobs.c.state != "done")
    ).one()


def parked(tx: Connection) -> list[ParkedGroup]:
    """What is parked, by connection and code: documents, and deliveries of which there is no document."""
    names = {row.id: row.name for row in tx.execute(select(connections.c.id, connections.c.name))}
    groups: dict[tuple[int, str], ParkedGroup] = {}

    def add(connection_id: int, code: str, count: int, since: dt.datetime) -> None:
        group = groups.setdefault(
            (connection_id, code), ParkedGroup(connection_id, names[connection_id], code, 0, since)
        )
        group.count += count
        group.since = min(group.since, since)

    since = func.min(func.coalesce(messages.c.settled_at, messages.c.at))
    documents = (
        select(messages.c.connection_id, messages.c.reason, func.count(), since)
        .where(messages.c.state == "parked")
        .group_by(messages.c.connection_id, messages.c.reason)
    )
    for connection_id, reason, count, first in tx.execute(documents):
        add(connection_id, reason or "message.parked", count, first)
    unmade = select(jobs.c.connection_id, jobs.c.error, func.coalesce(jobs.c.finished_at, jobs.c.created_at))
    for connection_id, error, at in tx.execute(unmade.where(parked_delivery())):
        add(connection_id, str((error or {}).get("code", "message.parked")), 1, at)
    for row in _newest_parked(tx):
        groups[row.connection_id, row.reason or "message.parked"].newest.append(row)
    return list(groups.values())


def _newest_parked(tx: Connection) -> list[Row[Any]]:
    """The last documents that were parked on each connection for each reason, newest first."""
    place = func.row_number().over(
        partition_by=(messages.c.connection_id, messages.c.reason), order_by=messages.c.id.desc()
    )
    ranked = select(messages.c.id, place.label("place")).where(messages.c.state == "parked").subquery()
    statement = _documents().join(ranked, ranked.c.id == messages.c.id).where(ranked.c.place <= NAMED)
    return list(tx.execute(statement.order_by(messages.c.id.desc())))


def _documents() -> Select[Any]:
    """Documents with all that names them: their own columns, partner, connection, order_number and shipment (the id of
    the shipment that they tell of), each None where there is none."""
    own = ("id", "connection_id", "direction", "kind", "format", "set_id", "external_id", "reason", "problem")
    numbers = ("interchange", "control", "set_control", "acknowledge_by")
    told = and_(
        messages.c.direction == "out",
        messages.c.kind.in_(["shipment", "tracking"]),
        shipments.c.id == messages.c.subject_id,
    )
    return (
        select(
            *(messages.c[name] for name in (*own, *numbers)),
            partners.c.name.label("partner"),
            connections.c.name.label("connection"),
            func.coalesce(orders.c.number, orders.c.external_id).label("order_number"),
            shipments.c.external_id.label("shipment"),
        )
        .join(connections, connections.c.id == messages.c.connection_id)
        .outerjoin(partners, partners.c.id == messages.c.partner_id)
        .outerjoin(orders, orders.c.id == messages.c.order_id)
        .outerjoin(shipments, told)
    )


def unacknowledged(tx: Connection, now: dt.datetime) -> list[Row[Any]]:
    """What we sent whose acknowledgement is overdue, as `_documents` has it."""
    overdue = _documents().where(owed_acknowledgement(), messages.c.acknowledge_by < now)
    return list(tx.execute(overdue.order_by(messages.c.id)))


def unanswered(tx: Connection, now: dt.datetime) -> list[Row[Any]]:
    """Cancellations that a backend should have answered by now: id, answer_by, connection_id, reference, backend."""
    statement = (
        select(
            cancellations.c.id,
            cancellations.c.answer_by,
            fulfillments.c.connection_id,
            fulfillments.c.reference,
            connections.c.name.label("backend"),
        )
        .join(fulfillments, fulfillments.c.id == cancellations.c.fulfillment_id)
        .join(connections, connections.c.id == fulfillments.c.connection_id)
        .where(cancellations.c.answered_at.is_(None), cancellations.c.answer_by < now)
        .order_by(cancellations.c.id)
    )
    return list(tx.execute(statement))
