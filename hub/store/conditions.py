"""Conditions that several questions share: who may see a row, and what state it is in. Each stands beside the row."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, case, exists, false, func, or_, select, true

from hub.store.tables import (
    agreements,
    connections,
    flows,
    holds,
    invoices,
    jobs,
    ledger,
    messages,
    order_lines,
    orders,
    package_lines,
    packages,
    partners,
    returns,
    shipments,
)

KINDS = ("ordered", "cancelled", "allocated", "shipped", "returned")


def orders_of(merchant_id: int | None) -> ColumnElement[bool]:
    """The orders a person limited to this merchant may see; None: all."""
    return true() if merchant_id is None else orders.c.merchant_id == merchant_id


def messages_of(merchant_id: int | None) -> ColumnElement[bool]:
    """The messages a person limited to this merchant may see: by order, else by partner, else by connection."""
    if merchant_id is None:
        return true()

    # Each looks at the message's row alone, whatever else the statement around it joins.
    def of(table: Any, key: Any) -> Any:
        return select(table.c.merchant_id).where(table.c.id == key).correlate(messages).scalar_subquery()

    owner = case(
        (messages.c.order_id.is_not(None), of(orders, messages.c.order_id)),
        (messages.c.partner_id.is_not(None), of(partners, messages.c.partner_id)),
        else_=of(connections, messages.c.connection_id),
    )
    return owner == merchant_id


def connections_of(merchant_id: int | None) -> ColumnElement[bool]:
    """The connections a person limited to this merchant may see."""
    return true() if merchant_id is None else connections.c.merchant_id == merchant_id


def units_of_order(kind: str) -> Any:
    """Base units of one ledger kind over an order's lines, as a scalar beside the order's row."""
    return (
        select(func.coalesce(func.sum(ledger.c.delta), 0))
        .select_from(ledger.join(order_lines, order_lines.c.id == ledger.c.line_id))
        .where(order_lines.c.order_id == orders.c.id, ledger.c.kind == kind)
        .scalar_subquery()
    )


def open_hold() -> ColumnElement[bool]:
    """The order beside it has a hold that nobody released."""
    return exists().where(holds.c.order_id == orders.c.id, holds.c.released_at.is_(None))


def parked_message() -> ColumnElement[bool]:
    """The order beside it has a message that waits for a person, or that goes in an interchange of ours which does."""
    interchange = messages.alias("interchange")
    waits = exists().where(carried_by(interchange), interchange.c.state == "parked")
    carried = and_(messages.c.state.in_(["sealed", "sent"]), waits)
    return exists().where(messages.c.order_id == orders.c.id, or_(messages.c.state == "parked", carried))


def carried_by(interchange: FromClause) -> ColumnElement[bool]:
    """The message beside it goes in this interchange of ours, with others."""
    return and_(interchange.c.id == messages.c.parent_id, interchange.c.direction == "out")


def parked_delivery() -> ColumnElement[bool]:
    """The job beside it is a delivery that was parked before there was a document to park.

    Where there is one, the document speaks for its delivery; one that a person closed says that nothing is wanted.
    """
    made = exists().where(
        messages.c.connection_id == jobs.c.connection_id,
        messages.c.direction == "out",
        messages.c.external_id == jobs.c.key,
        or_(messages.c.state == "parked", messages.c.reason == "person.ignored"),
    )
    return and_(jobs.c.kind == "deliver", jobs.c.state == "parked", ~made)


def parked_work() -> ColumnElement[bool]:
    """The order beside it has a document or a delivery that waits for a person."""
    return or_(parked_message(), exists().where(jobs.c.order_id == orders.c.id, parked_delivery()))


def owed_acknowledgement() -> ColumnElement[bool]:
    """A partner owes us the acknowledgement of the message beside it, and it has not come. What was withdrawn is
    replaced, or wanted no more."""
    return and_(
        messages.c.acknowledge_by.is_not(None), messages.c.acknowledged.is_(None), messages.c.state != "withdrawn"
    )


def write_back_state(table: Any, kind: str) -> Any:
    """What became of telling the source of the shipment, return or invoice beside it, with its order joined.

    `written back`, `pending`, `parked`, `let be` (a person said so), `not owed` (the source takes no such document, or
    there is nothing to tell), `missing` (owed, and nobody is at it).
    """

    def told(*states: str) -> ColumnElement[bool]:
        return _message_of(table, kind, messages.c.state.in_(states))

    work = (jobs.c.order_id == table.c.order_id, jobs.c.noun == kind, jobs.c.subject_id == table.c.id)
    live = exists().where(*work, jobs.c.kind == "deliver", jobs.c.state.in_(["pending", "running"]))
    return case(
        (or_(told("parked"), exists().where(*work, parked_delivery())), "parked"),
        (or_(told("sealed", "sent"), live), "pending"),
        (told("done"), "written back"),
        (_message_of(table, kind, messages.c.reason == "person.ignored"), "let be"),
        (or_(~_takes(kind), _nothing_to_tell(table)), "not owed"),
        else_="missing",
    )


def _message_of(table: Any, kind: str, condition: Any) -> ColumnElement[bool]:
    return exists().where(
        messages.c.order_id == table.c.order_id,
        messages.c.direction == "out",
        messages.c.kind == kind,
        messages.c.subject_id == table.c.id,
        condition,
    )


def _takes(kind: str) -> Any:
    """The source of the order beside it takes such documents: by agreement with its partner, or by a flow."""
    agreed = exists().where(
        agreements.c.partner_id == orders.c.partner_id, agreements.c.direction == "out", agreements.c.kind == kind
    )
    flowing = exists().where(
        flows.c.connection_id == orders.c.connection_id, flows.c.direction == "out", flows.c.kind == kind
    )
    return case((orders.c.partner_id.is_not(None), agreed), else_=flowing)


def _nothing_to_tell(table: Any) -> ColumnElement[bool]:
    """A shipment that completed no unit, or a return that its source has not opened. Never an invoice."""
    if table is invoices:
        return false()
    if table is returns:
        return table.c.source_return_id.is_(None)
    return ~exists().where(
        packages.c.shipment_id == shipments.c.id, package_lines.c.package_id == packages.c.id, package_lines.c.units > 0
    )


def received_by_backend() -> ColumnElement[bool]:
    """The return beside it, with its order joined, is a backend's receipt of goods, not the source's announcement."""
    return returns.c.connection_id != orders.c.connection_id
