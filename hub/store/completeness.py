"""The counts behind the completeness table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, case, exists, func, or_, select

from hub.store.conditions import (
    connections_of,
    messages_of,
    orders_of,
    received_by_backend,
    write_back_state,
)
from hub.store.tables import (
    connections,
    flows,
    holds,
    invoices,
    ledger,
    messages,
    order_lines,
    orders,
    returns,
    shipments,
)

STATES = ("received", "parked", "done", "ignored")
"""A document has the state of that of its revisions which stands first here."""

_RANK = case(*((messages.c.state == state, rank) for rank, state in enumerate(STATES)), else_=len(STATES))


def inbound_flows(tx: Connection, merchant_id: int | None) -> Sequence[Any]:
    """Inbound flows: id, connection_id, connection, kind, source_count, counted_at, last_run_at."""
    statement = (
        select(
            flows.c.id,
            flows.c.connection_id,
            connections.c.name.label("connection"),
            flows.c.kind,
            flows.c.source_count,
            flows.c.source_counted_at.label("counted_at"),
            flows.c.last_run_at,
        )
        .join(connections, connections.c.id == flows.c.connection_id)
        .where(flows.c.direction == "in", connections_of(merchant_id))
        .order_by(connections.c.name, flows.c.kind)
    )
    return tx.execute(statement).all()


def documents(tx: Connection, merchant_id: int | None) -> Sequence[Any]:
    """Documents that came by themselves, whatever their revisions: connection_id, kind, state, total, and `uncounted`,
    how many of them first came after their flow's source was counted."""
    each = (
        select(
            messages.c.connection_id,
            messages.c.kind,
            func.min(_RANK).label("rank"),
            func.min(messages.c.at).label("first"),
        )
        .where(messages.c.direction == "in", messages.c.parent_id.is_(None), messages_of(merchant_id))
        .group_by(messages.c.connection_id, messages.c.kind, messages.c.external_id)
        .subquery()
    )
    flow = and_(flows.c.connection_id == each.c.connection_id, flows.c.kind == each.c.kind, flows.c.direction == "in")
    late = case((each.c.first > flows.c.source_counted_at, 1), else_=0)
    statement = (
        select(
            each.c.connection_id,
            each.c.kind,
            each.c.rank,
            func.count().label("total"),
            func.sum(late).label("uncounted"),
        )
        .join(flows, flow)
        .group_by(each.c.connection_id, each.c.kind, each.c.rank)
    )
    return tx.execute(statement).all()


def documents_in_files(tx: Connection, merchant_id: int | None) -> Sequence[Any]:
    """Documents that came inside a file: connection, connection_id, kind, state, total, and `uncounted`, how many of
    them stand in files of another kind, such as interchanges, which do not say how many of each they hold."""
    file = messages.alias()
    statement = (
        select(
            connections.c.name.label("connection"),
            messages.c.connection_id,
            messages.c.kind,
            messages.c.state,
            func.count().label("total"),
            func.sum(case((file.c.kind != messages.c.kind, 1), else_=0)).label("uncounted"),
        )
        .join(connections, connections.c.id == messages.c.connection_id)
        .join(file, file.c.id == messages.c.parent_id)
        .where(messages.c.parent_id > 0, messages.c.direction == "in", messages_of(merchant_id))  # a range of an index
        .group_by(connections.c.name, messages.c.connection_id, messages.c.kind, messages.c.state)
        .order_by(connections.c.name, messages.c.kind)
    )
    return tx.execute(statement).all()


def held_by_files(tx: Connection, merchant_id: int | None) -> dict[tuple[int, str], int]:
    """How many documents the files of each (connection, kind) were found to hold when they were cut."""
    statement = (
        select(messages.c.connection_id, messages.c.kind, func.sum(messages.c.documents).label("total"))
        .where(messages.c.direction == "in", messages.c.documents.is_not(None), messages_of(merchant_id))
        .group_by(messages.c.connection_id, messages.c.kind)
    )
    return {(row.connection_id, row.kind): int(row.total) for row in tx.execute(statement)}


def units(tx: Connection, merchant_id: int | None) -> dict[str, int]:
    """Base units of each ledger kind over all orders."""
    statement = select(ledger.c.kind, func.sum(ledger.c.delta).label("units")).group_by(ledger.c.kind)
    if merchant_id is not None:
        statement = (
            statement.join(order_lines, order_lines.c.id == ledger.c.line_id)
            .join(orders, orders.c.id == order_lines.c.order_id)
            .where(orders_of(merchant_id))
        )
    return {row.kind: int(row.units) for row in tx.execute(statement)}


def held_units(tx: Connection, merchant_id: int | None) -> int:
    """Base units that nobody has yet and that an open hold, on the line or on its order, keeps back."""
    held = exists().where(
        holds.c.order_id == order_lines.c.order_id,
        or_(holds.c.line_id.is_(None), holds.c.line_id == order_lines.c.id),
        holds.c.released_at.is_(None),
    )
    sign = case(
        (ledger.c.kind == "ordered", 1), (ledger.c.kind.in_(["cancelled", "allocated", "shipped"]), -1), else_=0
    )
    statement = (
        select(func.coalesce(func.sum(ledger.c.delta * sign), 0))
        .select_from(ledger)
        .join(order_lines, order_lines.c.id == ledger.c.line_id)
        .join(orders, orders.c.id == order_lines.c.order_id)
        # The orders are found by their holds, which are few; their lines and the ledger by the orders.
        .where(orders.c.id.in_(select(holds.c.order_id).where(holds.c.released_at.is_(None))))
        .where(held, orders_of(merchant_id))
    )
    return int(tx.execute(statement).scalar_one())


def _told(tx: Connection, table: Any, kind: str, condition: Any) -> dict[str, int]:
    each = (
        select(write_back_state(table, kind).label("state"))
        .select_from(table.join(orders, orders.c.id == table.c.order_id))
        .where(condition)
        .subquery()
    )
    return {
        row.state: row.total for row in tx.execute(select(each.c.state, func.count().label("total")).group_by("state"))
    }


def shipments_told(tx: Connection, merchant_id: int | None) -> dict[str, int]:
    """Shipments by the state of their write-back (`hub.store.conditions.write_back_state`)."""
    return _told(tx, shipments, "shipment", orders_of(merchant_id))


def returns_told(tx: Connection, merchant_id: int | None) -> dict[str, int]:
    """Returns that a backend has received, by the state of their write-back."""
    return _told(tx, returns, "return", and_(received_by_backend(), orders_of(merchant_id)))


def invoices_told(tx: Connection, merchant_id: int | None) -> dict[str, int]:
    """Invoices by what became of sending them to the order's source."""
    return _told(tx, invoices, "invoice", orders_of(merchant_id))


def _owed(states: Mapping[str, int]) -> tuple[int, int]:
    written = states.get("written back", 0)
    return written + states.get("pending", 0) + states.get("missing", 0), written


def shipment_write_backs(tx: Connection, merchant_id: int | None) -> tuple[int, int]:
    """Shipments that their source is to be told of and that wait for no person; of these written back."""
    return _owed(shipments_told(tx, merchant_id))


def return_write_backs(tx: Connection, merchant_id: int | None) -> tuple[int, int]:
    """Returns that their source is to be told of and that wait for no person; of these written back."""
    return _owed(returns_told(tx, merchant_id))


def invoice_write_backs(tx: Connection, merchant_id: int | None) -> tuple[int, int]:
    """Invoices that their order's source is to get and that wait for no person; of these sent."""
    return _owed(invoices_told(tx, merchant_id))


def acknowledgements_sent(tx: Connection, merchant_id: int | None) -> dict[str, int]:
    """Acknowledgements of ours by state: sealed, sent, done, parked. Withdrawn ones were replaced."""
    kinds = ("functional_acknowledgement", "acknowledgement")
    statement = (
        select(messages.c.state, func.count().label("total"))
        .where(
            messages.c.direction == "out",
            messages.c.kind.in_(kinds),
            messages.c.state != "withdrawn",
            messages_of(merchant_id),
        )
        .group_by(messages.c.state)
    )
    return {row.state: row.total for row in tx.execute(statement)}


def acknowledgements_due(tx: Connection, merchant_id: int | None, now: dt.datetime) -> Any:
    """Acknowledgements that partners owe us: total, received, rejected, overdue."""
    statement = select(
        func.count().label("total"),
        func.count(messages.c.acknowledged).label("received"),
        func.coalesce(func.sum(case((messages.c.acknowledged == "rejected", 1), else_=0)), 0).label("rejected"),
        func.coalesce(
            func.sum(case((and_(messages.c.acknowledged.is_(None), messages.c.acknowledge_by < now), 1), else_=0)), 0
        ).label("overdue"),
    ).where(
        messages.c.direction == "out",
        messages.c.acknowledge_by.is_not(None),
        messages.c.state != "withdrawn",
        messages_of(merchant_id),
    )
    return tx.execute(statement).one()
