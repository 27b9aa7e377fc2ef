"""Finding orders and messages: the conditions behind the filters, and one page of rows at a time.

A page is keyset paged on the id, which grows with arrival: `before` gives older rows, `after` newer ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, exists, false, func, or_, select, true

from hub.store.tables import (
    connections,
    fulfillments,
    holds,
    jobs,
    ledger,
    messages,
    order_lines,
    orders,
    packages,
    partners,
    returns,
    shipments,
)

KINDS = ("ordered", "cancelled", "allocated", "shipped", "returned")


@dataclass(frozen=True, slots=True)
class OrderQuery:
    """Which orders: `state` is one of the five status words, `has` a quantity or `held`, `unaccounted`, `unwritten`."""

    text: str = ""
    state: str = ""
    has: str = ""
    connection_id: int | None = None
    merchant_id: int | None = None
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True)
class MessageQuery:
    """Which messages. `unacknowledged` asks for outbound ones whose acknowledgement is still owed to us."""

    text: str = ""
    state: str = ""
    direction: str = ""
    kind: str = ""
    reason: str = ""
    connection_id: int | None = None
    order_id: int | None = None
    merchant_id: int | None = None
    unacknowledged: bool = False
    ids: tuple[int, ...] = ()
    before: int | None = None
    after: int | None = None


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
    """The order beside it has a message that waits for a person."""
    return exists().where(messages.c.order_id == orders.c.id, messages.c.state == "parked")


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


def unwritten_shipment() -> ColumnElement[bool]:
    """The order beside it has a shipment whose write-back is not done."""
    return exists().where(shipments.c.order_id == orders.c.id, ~written_back(shipments, "shipment"))


def unwritten_return() -> ColumnElement[bool]:
    """The order beside it has a return whose write-back is not done."""
    return exists().where(returns.c.order_id == orders.c.id, ~written_back(returns, "return"))


def written_back(table: Any, kind: str) -> ColumnElement[bool]:
    """An outbound message of this kind was rendered from the row beside it, and it is done."""
    return exists().where(
        messages.c.direction == "out",
        messages.c.kind == kind,
        messages.c.subject_id == table.c.id,
        messages.c.order_id == table.c.order_id,
        messages.c.state == "done",
    )


def _settled() -> Any:
    return units_of_order("ordered") - units_of_order("cancelled") - units_of_order("shipped") <= 0


def _in_state(state: str) -> ColumnElement[bool]:
    """The same order of precedence as `hub.views.status.of_order`."""
    if state == "failed":
        return parked_work()
    if state == "waiting":
        return and_(~parked_work(), open_hold())
    quiet = and_(~parked_work(), ~open_hold())
    if state == "done":
        return and_(quiet, _settled())
    if state == "flowing":
        return and_(quiet, ~_settled())
    return true() if not state else false()


def _having(has: str) -> Any:
    if not has:
        return true()
    if has in KINDS:
        return units_of_order(has) > 0
    if has == "held":
        return open_hold()
    if has == "unwritten":
        return unwritten_shipment()
    if has == "unwritten-returns":
        return unwritten_return()
    return false()


def _prefix(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"{escaped}%"


def _order_text(text: str) -> ColumnElement[bool]:
    """Order number, external id, SKU (by their beginning), tracking or control number, a fulfillment's reference."""
    bare = _prefix(text.lstrip("#"))
    by_line = select(order_lines.c.order_id).where(order_lines.c.sku.ilike(_prefix(text), escape="\\"))
    by_tracking = (
        select(shipments.c.order_id)
        .select_from(packages.join(shipments, shipments.c.id == packages.c.shipment_id))
        .where(or_(packages.c.tracking_number == text, packages.c.sscc == text))
    )
    by_control = select(messages.c.order_id).where(messages.c.control == text, messages.c.order_id.is_not(None))
    by_reference = select(fulfillments.c.order_id).where(
        or_(fulfillments.c.reference == text, fulfillments.c.remote_id == text)
    )
    return or_(
        orders.c.number.ilike(bare, escape="\\"),
        orders.c.number.ilike(f"#{bare}", escape="\\"),
        orders.c.external_id.ilike(_prefix(text), escape="\\"),
        orders.c.id.in_(by_line.union(by_tracking, by_control, by_reference)),
    )


def order_conditions(query: OrderQuery) -> ColumnElement[bool]:
    """All of a query but its place in the pages."""
    return and_(
        orders_of(query.merchant_id),
        _in_state(query.state),
        _having(query.has),
        true() if query.connection_id is None else orders.c.connection_id == query.connection_id,
        _order_text(query.text.strip()) if query.text.strip() else true(),
    )


def _message_text(text: str) -> ColumnElement[bool]:
    return or_(
        messages.c.external_id.ilike(_prefix(text), escape="\\"),
        messages.c.control == text,
        messages.c.control.ilike(f"%{_prefix(text)[:-1]}", escape="\\"),
        messages.c.remote_id == text,
        messages.c.order_id.in_(
            select(orders.c.id).where(orders.c.number.in_([text, f"#{text.lstrip('#')}", text.lstrip("#")]))
        ),
    )


def message_conditions(query: MessageQuery) -> ColumnElement[bool]:
    """All of a query but its place in the pages."""
    wanted: list[ColumnElement[bool]] = [messages_of(query.merchant_id)]
    if query.state == "in-progress":
        wanted.append(messages.c.state.in_(["received", "sealed", "sent"]))
    elif query.state:
        wanted.append(messages.c.state == query.state)
    for column, value in (
        (messages.c.direction, query.direction),
        (messages.c.kind, query.kind),
        (messages.c.reason, query.reason),
        (messages.c.connection_id, query.connection_id),
        (messages.c.order_id, query.order_id),
    ):
        if value:
            wanted.append(column == value)
    if query.ids:
        wanted.append(messages.c.id.in_(query.ids))
    if query.unacknowledged:
        wanted.append(and_(messages.c.acknowledge_by.is_not(None), messages.c.acknowledged.is_(None)))
    if query.text.strip():
        wanted.append(_message_text(query.text.strip()))
    return and_(*wanted)


def page(
    connection: Connection, statement: Select[Any], key: Any, query: Any, size: int
) -> tuple[list[Row[Any]], bool, bool]:
    """One page of `statement`, newest first: its rows, whether newer ones stand before it and older ones behind it."""
    if query.after is not None:
        rows = connection.execute(statement.where(key > query.after).order_by(key.asc()).limit(size + 1)).all()
        return list(reversed(rows[:size])), len(rows) > size, True
    narrowed = statement if query.before is None else statement.where(key < query.before)
    rows = connection.execute(narrowed.order_by(key.desc()).limit(size + 1)).all()
    return list(rows[:size]), query.before is not None, len(rows) > size


def order_rows() -> Select[Any]:
    """What a list of orders shows of each, as a statement to narrow."""
    return select(
        orders.c.id,
        orders.c.number,
        orders.c.external_id,
        orders.c.connection_id,
        connections.c.name.label("connection"),
        partners.c.name.label("partner"),
        orders.c.channel,
        orders.c.ship_country,
        orders.c.currency,
        orders.c.total,
        orders.c.test,
        orders.c.placed_at,
        orders.c.placed_on,
        orders.c.created_at,
        orders.c.cancelled_at,
        *(units_of_order(kind).label(kind) for kind in KINDS),
        parked_work().label("parked"),
    ).select_from(
        orders.join(connections, connections.c.id == orders.c.connection_id).outerjoin(
            partners, partners.c.id == orders.c.partner_id
        )
    )


def hold_codes(connection: Connection, order_ids: Sequence[int]) -> dict[int, list[str]]:
    """The codes of open holds per order."""
    found: dict[int, list[str]] = {}
    statement = select(holds.c.order_id, holds.c.code).where(
        holds.c.order_id.in_(order_ids), holds.c.released_at.is_(None)
    )
    for row in connection.execute(statement.order_by(holds.c.id)):
        found.setdefault(row.order_id, []).append(row.code)
    return found


def find_orders(connection: Connection, query: OrderQuery, size: int) -> tuple[list[Row[Any]], bool, bool]:
    """One page of orders: rows, newer ones exist, older ones exist."""
    return page(connection, order_rows().where(order_conditions(query)), orders.c.id, query, size)


def message_rows() -> Select[Any]:
    """What a list of messages shows of each, as a statement to narrow."""
    return select(
        *messages.c,
        connections.c.name.label("connection"),
        partners.c.name.label("partner"),
        orders.c.number.label("order_number"),
        orders.c.external_id.label("order_external_id"),
    ).select_from(
        messages.join(connections, connections.c.id == messages.c.connection_id)
        .outerjoin(partners, partners.c.id == messages.c.partner_id)
        .outerjoin(orders, orders.c.id == messages.c.order_id)
    )


def find_messages(connection: Connection, query: MessageQuery, size: int) -> tuple[list[Row[Any]], bool, bool]:
    """One page of messages: rows, newer ones exist, older ones exist."""
    return page(connection, message_rows().where(message_conditions(query)), messages.c.id, query, size)


def message_ids(connection: Connection, query: MessageQuery) -> list[int]:
    """The ids of all messages that fit, oldest first: the order in which to work on them again."""
    statement = select(messages.c.id).where(message_conditions(query)).order_by(messages.c.id)
    return list(connection.execute(statement).scalars())
