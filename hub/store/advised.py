"""Documents of ours as partners call them: by the control numbers that they went out with, or by their own numbers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select

from hub.store.tables import invoices, messages, orders, shipments


def by_control(tx: Connection, partner_id: int, control: str, set_control: str | None) -> list[Row[Any]]:
    """What was sent to a partner in a group, `functional id/number`; where the set's own number is given, that set."""
    statement = select(messages).where(
        messages.c.control == control, messages.c.partner_id == partner_id, messages.c.direction == "out"
    )
    found = list(tx.execute(statement.order_by(messages.c.id)))
    if set_control is None:
        return found
    return [row for row in found if (row.set_control or "").lstrip("0") == set_control.lstrip("0")]


def by_number(
    tx: Connection, connection_id: int, partner_id: int | None, number: str, set_id: str | None
) -> list[Row[Any]]:
    """What was sent to a partner or connection under this number: an invoice, a shipment by its backend's id, the
    answer to an order. What was withdrawn is replaced."""
    own: ColumnElement[bool] = or_(
        and_(messages.c.kind == "invoice", messages.c.subject_id.in_(_ids(invoices, invoices.c.number, number))),
        and_(
            messages.c.kind == "shipment", messages.c.subject_id.in_(_ids(shipments, shipments.c.external_id, number))
        ),
        and_(messages.c.kind == "acknowledgement", messages.c.order_id.in_(_ids(orders, orders.c.number, number))),
    )
    statement = select(messages).where(
        messages.c.direction == "out",
        messages.c.connection_id == connection_id,
        messages.c.partner_id == partner_id if partner_id is not None else messages.c.partner_id.is_(None),
        messages.c.state != "withdrawn",
        own,
    )
    if set_id is not None:
        statement = statement.where(messages.c.set_id == set_id)
    return list(tx.execute(statement.order_by(messages.c.id)))


def _ids(table: Any, column: Any, number: str) -> Any:
    return select(table.c.id).where(column == number)
