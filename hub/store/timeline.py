"""Reading one order or one message with everything that belongs to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select, type_coerce

from hub.store.conditions import messages_of, orders_of
from hub.store.search import message_rows, order_rows
from hub.store.tables import (
    attempts,
    cancellations,
    connections,
    events,
    fulfillment_lines,
    fulfillments,
    holds,
    invoice_lines,
    invoices,
    jobs,
    ledger,
    mapping_texts,
    messages,
    order_lines,
    orders,
    package_lines,
    packages,
    payloads,
    payments,
    return_lines,
    returns,
    shipments,
)
from hub.store.types import Exact

Rows = Sequence[Any]


def order(connection: Connection, order_id: int, merchant_id: int | None) -> Row[Any] | None:
    """The order with its list columns and everything its page shows, None where it does not exist for this person."""
    extra = [column for column in orders.c if column.name not in _LISTED]
    statement = order_rows().add_columns(*extra).where(orders.c.id == order_id, orders_of(merchant_id))
    return connection.execute(statement).one_or_none()


_LISTED = frozenset(
    [
        "id",
        "number",
        "external_id",
        "connection_id",
        "channel",
        "ship_country",
        "currency",
        "total",
        "test",
        "placed_at",
        "placed_on",
        "created_at",
        "cancelled_at",
    ]
)


def order_named(connection: Connection, name: str, merchant_id: int | None) -> list[int]:
    """Ids of the orders with this number or external id."""
    bare = name.lstrip("#")
    statement = select(orders.c.id).where(
        orders_of(merchant_id),
        orders.c.number.in_([name, bare, f"#{bare}"]) | (orders.c.external_id == name),
    )
    return list(connection.execute(statement.order_by(orders.c.id)).scalars())


def lines(connection: Connection, order_id: int) -> Rows:
    """The order's lines in the source's order."""
    statement = select(order_lines).where(order_lines.c.order_id == order_id)
    return connection.execute(statement.order_by(order_lines.c.position, order_lines.c.id)).all()


def entries(connection: Connection, order_id: int) -> Rows:
    """The order's ledger: line_id, kind, delta, cause, fulfillment_id, at."""
    statement = select(ledger).join(order_lines, order_lines.c.id == ledger.c.line_id)
    return connection.execute(statement.where(order_lines.c.order_id == order_id).order_by(ledger.c.id)).all()


def order_holds(connection: Connection, order_id: int) -> Rows:
    """Open and released holds."""
    return connection.execute(select(holds).where(holds.c.order_id == order_id).order_by(holds.c.id)).all()


def order_fulfillments(connection: Connection, order_id: int) -> tuple[Rows, Rows]:
    """Fulfillments with their backend's name, and their lines."""
    heads = connection.execute(
        select(fulfillments, connections.c.name.label("backend"))
        .join(connections, connections.c.id == fulfillments.c.connection_id)
        .where(fulfillments.c.order_id == order_id)
        .order_by(fulfillments.c.id)
    ).all()
    parts = connection.execute(
        select(fulfillment_lines)
        .join(fulfillments, fulfillments.c.id == fulfillment_lines.c.fulfillment_id)
        .where(fulfillments.c.order_id == order_id)
        .order_by(fulfillment_lines.c.id)
    ).all()
    return heads, parts


def order_cancellations(connection: Connection, order_id: int) -> Rows:
    """Wishes to take units back."""
    return connection.execute(
        select(cancellations).where(cancellations.c.order_id == order_id).order_by(cancellations.c.id)
    ).all()


def order_shipments(connection: Connection, order_id: int) -> tuple[Rows, Rows, Rows]:
    """Shipments, their packages, the packages' lines."""
    heads = connection.execute(
        select(shipments, connections.c.name.label("backend"))
        .join(connections, connections.c.id == shipments.c.connection_id)
        .where(shipments.c.order_id == order_id)
        .order_by(shipments.c.id)
    ).all()
    of_order = packages.join(shipments, shipments.c.id == packages.c.shipment_id)
    boxes = connection.execute(
        select(packages).select_from(of_order).where(shipments.c.order_id == order_id).order_by(packages.c.id)
    ).all()
    contents = connection.execute(
        select(package_lines)
        .select_from(package_lines.join(of_order, packages.c.id == package_lines.c.package_id))
        .where(shipments.c.order_id == order_id)
        .order_by(package_lines.c.id)
    ).all()
    return heads, boxes, contents


def order_invoices(connection: Connection, order_id: int) -> tuple[Rows, Rows]:
    """Invoices with the name of the backend that issued them (None: the hub did) and what was paid of them, and their
    lines."""
    paid = func.coalesce(func.sum(payments.c.amount), 0)
    heads = connection.execute(
        select(
            invoices,
            connections.c.name.label("backend"),
            type_coerce(paid, Exact()).label("paid"),
            func.count(payments.c.id).label("payments"),
        )
        .outerjoin(connections, connections.c.id == invoices.c.connection_id)
        .outerjoin(payments, payments.c.invoice_id == invoices.c.id)
        .where(invoices.c.order_id == order_id)
        .group_by(invoices.c.id, connections.c.name)
        .order_by(invoices.c.id)
    ).all()
    parts = connection.execute(
        select(invoice_lines)
        .join(invoices, invoices.c.id == invoice_lines.c.invoice_id)
        .where(invoices.c.order_id == order_id)
        .order_by(invoice_lines.c.id)
    ).all()
    return heads, parts


def order_returns(connection: Connection, order_id: int) -> tuple[Rows, Rows]:
    """Returns with the name of who states them, and their lines."""
    heads = connection.execute(
        select(returns, connections.c.name.label("backend"))
        .join(connections, connections.c.id == returns.c.connection_id)
        .where(returns.c.order_id == order_id)
        .order_by(returns.c.id)
    ).all()
    parts = connection.execute(
        select(return_lines)
        .join(returns, returns.c.id == return_lines.c.return_id)
        .where(returns.c.order_id == order_id)
        .order_by(return_lines.c.id)
    ).all()
    return heads, parts


def order_events(connection: Connection, order_id: int) -> Rows:
    """The order's story, oldest first."""
    return _events(connection, events.c.order_id == order_id)


def message_events(connection: Connection, message_id: int) -> Rows:
    """What happened to one message, oldest first."""
    return _events(connection, events.c.message_id == message_id)


def _events(connection: Connection, which: ColumnElement[bool]) -> Rows:
    statement = (
        select(events, connections.c.name.label("connection"))
        .outerjoin(connections, connections.c.id == events.c.connection_id)
        .where(which)
        .order_by(events.c.id)
    )
    return connection.execute(statement).all()


def order_messages(connection: Connection, order_id: int) -> Rows:
    """Every message in and out of the order, oldest first."""
    return _messages(connection, messages.c.order_id == order_id)


def order_jobs(connection: Connection, order_id: int) -> Rows:
    """Work on the order that is not done: pending, running or parked."""
    return _undone(connection, jobs.c.order_id == order_id)


def message(connection: Connection, message_id: int, merchant_id: int | None) -> Row[Any] | None:
    """One message with the names around it, None where it does not exist for this person."""
    statement = message_rows().where(messages.c.id == message_id, messages_of(merchant_id))
    return connection.execute(statement).one_or_none()


def children(connection: Connection, message_id: int) -> Rows:
    """The documents an interchange holds."""
    return _messages(connection, messages.c.parent_id == message_id)


def _messages(connection: Connection, which: ColumnElement[bool]) -> Rows:
    return connection.execute(message_rows().where(which).order_by(messages.c.id)).all()


def message_payloads(connection: Connection, message_id: int) -> Rows:
    """The message's bytes, part by part."""
    statement = select(payloads).where(payloads.c.message_id == message_id)
    return connection.execute(statement.order_by(payloads.c.id)).all()


def message_attempts(connection: Connection, message_id: int) -> Rows:
    """Tries at the message, newest first, with the name of the mapping each used and the number of its version."""
    name, version = (_used(column, attempts.c.mapping_hash, attempts.c.at) for column in ("name", "version"))
    statement = (
        select(attempts, jobs.c.kind.label("job_kind"), name.label("mapping"), version.label("mapping_version"))
        .join(jobs, jobs.c.id == attempts.c.job_id)
        .where(jobs.c.message_id == message_id)
        .order_by(attempts.c.id.desc())
    )
    return connection.execute(statement).all()


def _used(column: str, digest: Any, at: Any) -> Any:
    """Of which mapping, or of which version, a text was when it was used: a rolled back one is used under a second
    number."""
    texts = mapping_texts.c
    return (
        select(texts[column])
        .where(texts.hash == digest, texts.first_used_at <= at)
        .order_by(texts.first_used_at.desc(), texts.version.desc())
        .limit(1)
        .scalar_subquery()
    )


def message_jobs(connection: Connection, message_id: int) -> Rows:
    """Work on the message that is not done."""
    return _undone(connection, jobs.c.message_id == message_id)


def _undone(connection: Connection, which: ColumnElement[bool]) -> Rows:
    return connection.execute(select(jobs).where(which, jobs.c.state != "done").order_by(jobs.c.id)).all()


def same_reason(connection: Connection, reason: str) -> int:
    """How many messages are parked for this reason."""
    statement = (
        select(func.count()).select_from(messages).where(messages.c.state == "parked", messages.c.reason == reason)
    )
    return int(connection.execute(statement).scalar_one())


def mapping_text(connection: Connection, digest: str) -> Row[Any] | None:
    """The resolved text of a mapping by its hash or the beginning of it, as it was used last."""
    statement = select(mapping_texts).where(mapping_texts.c.hash.startswith(digest, autoescape=True))
    newest = (mapping_texts.c.first_used_at.desc(), mapping_texts.c.version.desc())
    return connection.execute(statement.order_by(*newest).limit(1)).one_or_none()
