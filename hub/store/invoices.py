"""Invoices of an order's goods, their lines, and what was paid of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, case, func, select, type_coerce, update

from hub.store.bulk import ID, change_many
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


def get(tx: Connection, invoice_id: int) -> Row[Any] | None:
    """One invoice."""
    return tx.execute(select(invoices).where(invoices.c.id == invoice_id)).first()


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


def lines_of(tx: Connection, invoice_id: int) -> list[Row[Any]]:
    """An invoice's lines, joined with what the order says of them."""
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
        .where(invoice_lines.c.invoice_id == invoice_id)
    )
    return list(tx.execute(statement.order_by(order_lines.c.position, order_lines.c.id, invoice_lines.c.id)))


def is_first(tx: Connection, order_id: int, invoice_id: int) -> bool:
    """Is it the first that the hub issues for the order?"""
    earlier = select(func.count()).where(invoices.c.order_id == order_id, invoices.c.id < invoice_id, HUB)
    return tx.execute(earlier).scalar_one() == 0


def billed_before(tx: Connection, order_id: int, invoice_id: int) -> dict[int, int]:
    """line id -> base units on those of our invoices for the order that come before this one."""
    return _billed(tx, order_id, invoices.c.id < invoice_id, HUB)


def billed_by(tx: Connection, order_id: int, connection_id: int) -> dict[int, int]:
    """line id -> base units that a backend has billed, less what it has credited."""
    return _billed(tx, order_id, invoices.c.connection_id == connection_id)


def _billed(tx: Connection, order_id: int, *which: Any) -> dict[int, int]:
    sign = case((invoices.c.kind == "credit", -1), else_=1)
    statement = (
        select(invoice_lines.c.line_id, func.sum(invoice_lines.c.units * sign))
        .join(invoices, invoices.c.id == invoice_lines.c.invoice_id)
        .where(invoices.c.order_id == order_id, *which)
        .group_by(invoice_lines.c.line_id)
    )
    return {line_id: int(units) for line_id, units in tx.execute(statement)}


def change(tx: Connection, invoice_id: int, **values: Any) -> None:
    """Set columns of an invoice."""
    tx.execute(update(invoices).where(invoices.c.id == invoice_id).values(**values))


def change_lines(tx: Connection, lines: Mapping[int, Mapping[str, Any]]) -> None:
    """Set the same columns of invoice lines, by their ids."""
    change_many(tx, invoice_lines, [{ID: line_id, **columns} for line_id, columns in lines.items()])


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
