"""Finding orders and messages: the conditions behind the filters, and one page of rows at a time.

A page is keyset paged on the id, which grows with arrival: `before` gives older rows, `after` newer ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, exists, false, or_, select, true

from hub.store.conditions import (
    KINDS,
    carried_by,
    messages_of,
    open_hold,
    orders_of,
    owed_acknowledgement,
    parked_work,
    units_of_order,
    write_back_state,
)
from hub.store.tables import (
    connections,
    fulfillments,
    holds,
    invoices,
    messages,
    order_lines,
    orders,
    packages,
    partners,
    returns,
    shipments,
)


@dataclass(frozen=True, slots=True)
class OrderQuery:
    """Which orders. `state`: one of the five status words.

    `has`: a ledger kind with units, `held`, `open`, `unwritten` (a shipment that its source has not been told of) or
    `unwritten-returns`.
    """

    text: str = ""
    state: str = ""
    has: str = ""
    connection_id: int | None = None
    merchant_id: int | None = None
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True)
class MessageQuery:
    """Which messages. `unacknowledged`: outbound ones whose acknowledgement is still owed to us.

    `part_of_file`: only documents out of an interchange (True), or only those that came by themselves (False).
    """

    text: str = ""
    state: str = ""
    direction: str = ""
    kind: str = ""
    reason: str = ""
    connection_id: int | None = None
    part_of_file: bool | None = None
    order_id: int | None = None
    merchant_id: int | None = None
    unacknowledged: bool = False
    ids: tuple[int, ...] = ()
    before: int | None = None
    after: int | None = None


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


_UNTOLD = {"unwritten": (shipments, "shipment"), "unwritten-returns": (returns, "return")}


def _having(has: str) -> Any:
    if not has:
        return true()
    if has in KINDS:
        return units_of_order(has) > 0
    if has == "held":
        return open_hold()
    if has == "open":
        spoken_for = units_of_order("cancelled") + units_of_order("allocated") + units_of_order("shipped")
        return and_(units_of_order("ordered") > spoken_for, ~open_hold())
    if has in _UNTOLD:
        table, kind = _UNTOLD[has]
        state = write_back_state(table, kind)
        return exists().where(table.c.order_id == orders.c.id, state.in_(["pending", "parked", "missing"]))
    return false()


def _prefix(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"{escaped}%"


def _order_text(text: str) -> ColumnElement[bool]:
    """Order number, external id, SKU (by their beginning), tracking, control or invoice number, a fulfillment's
    reference."""
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
    by_invoice = select(invoices.c.order_id).where(invoices.c.number == text)
    return or_(
        orders.c.number.ilike(bare, escape="\\"),
        orders.c.number.ilike(f"#{bare}", escape="\\"),
        orders.c.external_id.ilike(_prefix(text), escape="\\"),
        orders.c.id.in_(by_line.union(by_tracking, by_control, by_reference, by_invoice)),
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
    if query.part_of_file is not None:
        wanted.append(messages.c.parent_id.is_not(None) if query.part_of_file else messages.c.parent_id.is_(None))
    if query.ids:
        wanted.append(messages.c.id.in_(query.ids))
    if query.unacknowledged:
        wanted.append(owed_acknowledgement())
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
    interchange = messages.alias("interchange")
    return select(
        *messages.c,
        connections.c.name.label("connection"),
        partners.c.name.label("partner"),
        orders.c.number.label("order_number"),
        orders.c.external_id.label("order_external_id"),
        interchange.c.state.label("interchange_state"),
    ).select_from(
        messages.join(connections, connections.c.id == messages.c.connection_id)
        .outerjoin(interchange, carried_by(interchange))
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
