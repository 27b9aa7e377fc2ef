"""Invoices of an order's goods, their lines, and what was paid of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, case, func, select, type_coerce, update

from hub.store.gather import Gather
from hub.store.tables import invoice_lines, invoices, order_lines, orders, payments
from hub.store.types import Exact
from hub.store.upsert import insert

HUB = invoices.c.connection_id.is_(None)
"""The hub issued it, not a backend."""


def add(rows: Gather, row: Mapping[str, Any], lines: Iterable[Mapping[str, Any]]) -> int:
    """Insert an invoice with its lines; gives its id."""
    invoice_id = rows.add(invoices, {"charges": [], "taxes": [], **row})
    rows.append(invoice_lines, [{"invoice_id": invoice_id, **line} for line in lines])
    return invoice_id


def many(tx: Connection, ids: Sequence[int]) -> dict[int, Row[Any]]:
    """Invoices by id."""
    return {row.id: row for row in tx.execute(select(invoices).where(invoices.c.id.in_(ids)))}


def named(tx: Connection, scope: str, number: str) -> Row[Any] | None:
    """The invoice of this number among those of a scope."""
    return tx.execute(select(invoices).where(invoices.c.scope == scope, invoices.c.number == number)).first()


def to_source(tx: Connection, connection_id: int, partner_id: int | None, numbers: Sequence[str]) -> list[Row[Any]]:
    """The invoices of these numbers for orders of a partner, or of a connection's own."""
    payer = orders.c.partner_id == partner_id if partner_id is not None else orders.c.partner_id.is_(None)
    statement = (
        select(invoices)
        .join(orders, orders.c.id == invoices.c.order_id)
        .where(orders.c.connection_id == connection_id, payer, invoices.c.number.in_(numbers))
    )
    return list(tx.execute(statement.order_by(invoices.c.id)))


def of_order(tx: Connection, order_id: int, number: str) -> list[Row[Any]]:
    """The invoices of this number for an order; backends number theirs by themselves, so there may be several."""
    return list(tx.execute(select(invoices).where(invoices.c.order_id == order_id, invoices.c.number == number)))


def lines(tx: Connection, invoice_ids: Sequence[int]) -> dict[int, list[Row[Any]]]:
    """The lines of each invoice, joined with what the order says of them."""
    ordered = [
        order_lines.c[name]
        for name in ("external_id", "position", "sku", "title", "unit", "pack_factor", "identifiers", "quantity")
    ]
    stated = (
        order_lines.c.unit_price.label("ordered_price"),
        order_lines.c.discount.label("ordered_discount"),
        order_lines.c.tax.label("ordered_tax"),
    )
    statement = (
        select(invoice_lines, *ordered, *stated)
        .join(order_lines, order_lines.c.id == invoice_lines.c.line_id)
        .where(invoice_lines.c.invoice_id.in_(invoice_ids))
    )
    found: dict[int, list[Row[Any]]] = {invoice_id: [] for invoice_id in invoice_ids}
    for row in tx.execute(statement.order_by(order_lines.c.position, order_lines.c.id, invoice_lines.c.id)):
        found[row.invoice_id].append(row)
    return found


_UNITS = func.sum(invoice_lines.c.units * case((invoices.c.kind == "credit", -1), else_=1))


def billed_before(tx: Connection, invoice_ids: Sequence[int]) -> dict[int, dict[int, int]]:
    """For each invoice of ours, line id -> base units on those that we issued for its order before it. One that is not
    the order's first has an entry, whatever is on the others."""
    this = invoices.alias()
    statement = (
        select(this.c.id, invoice_lines.c.line_id, _UNITS)
        .join(invoices, and_(invoices.c.order_id == this.c.order_id, invoices.c.id < this.c.id, HUB))
        .outerjoin(invoice_lines, invoice_lines.c.invoice_id == invoices.c.id)
        .where(this.c.id.in_(invoice_ids))
        .group_by(this.c.id, invoice_lines.c.line_id)
    )
    found: dict[int, dict[int, int]] = {}
    for invoice_id, line_id, units in tx.execute(statement):
        before = found.setdefault(invoice_id, {})
        if line_id is not None:
            before[line_id] = int(units)
    return found


def billed_by(tx: Connection, order_id: int, connection_id: int) -> dict[int, int]:
    """line id -> base units that a backend has billed, less what it has credited."""
    statement = (
        select(invoice_lines.c.line_id, _UNITS)
        .join(invoices, invoices.c.id == invoice_lines.c.invoice_id)
        .where(invoices.c.order_id == order_id, invoices.c.connection_id == connection_id)
        .group_by(invoice_lines.c.line_id)
    )
    return {line_id: int(units) for line_id, units in tx.execute(statement)}


def change(rows: Gather, invoice_id: int, values: Mapping[str, Any]) -> None:
    """Set columns of an invoice."""
    rows.change(invoices, invoice_id, values)


def change_line(rows: Gather, line_id: int, values: Mapping[str, Any]) -> None:
    """Set columns of a line of an invoice."""
    rows.change(invoice_lines, line_id, values)


def settle(tx: Connection, invoice_id: int, now: dt.datetime) -> None:
    """A person has settled it, whatever was paid."""
    tx.execute(update(invoices).where(invoices.c.id == invoice_id).values(settled_at=now))


# -- payments -------------------------------------------------------------------------------------------------------


def pay(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Note what a payment pays; what it said before of the same invoice is replaced."""
    statement = insert(tx, payments)
    stated = {name: statement.excluded[name] for name in ("message_id", "paid_on", "amount", "discount")}
    tx.execute(
        statement.on_conflict_do_update(index_elements=["invoice_id", "reference"], set_=stated),
        [dict(r) for r in rows],
    )


def payments_of(tx: Connection, invoice_ids: Sequence[int]) -> list[Row[Any]]:
    """What was paid of these invoices, oldest first."""
    statement = select(payments).where(payments.c.invoice_id.in_(invoice_ids))
    return list(tx.execute(statement.order_by(payments.c.id)))


def paid_otherwise(tx: Connection) -> list[Row[Any]]:
    """Invoices of which something is paid, and with the discount taken not what they are about, unless a person has
    settled them: id, number, currency, connection_id (of the order's source), paid, due. A credit note is due below
    zero."""
    paid = (
        select(
            payments.c.invoice_id,
            func.sum(payments.c.amount).label("amount"),
            func.sum(payments.c.amount + payments.c.discount).label("settled"),
        )
        .group_by(payments.c.invoice_id)
        .subquery()
    )
    due = case((invoices.c.kind == "credit", -invoices.c.total), else_=invoices.c.total)
    statement = (
        select(
            *(invoices.c[name] for name in ("id", "number", "currency")),
            orders.c.connection_id,
            type_coerce(paid.c.amount, Exact()).label("paid"),
            type_coerce(due, Exact()).label("due"),
        )
        .join(paid, paid.c.invoice_id == invoices.c.id)
        .join(orders, orders.c.id == invoices.c.order_id)
        .where(paid.c.settled != due, invoices.c.settled_at.is_(None))
    )
    return list(tx.execute(statement.order_by(invoices.c.id)))
