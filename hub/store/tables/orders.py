"""Orders, their lines, the ledger of quantities, what holds them."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, Index, Integer, Text, UniqueConstraint

from hub.store.tables.base import id_column, instant, reference, table, text_column
from hub.store.types import Exact, Json

orders = table(
    "orders",
    id_column(),
    reference("merchant_id", "merchants", True),
    reference("connection_id", "connections"),
    reference("partner_id", "partners", True),
    text_column("scope", 32, False),  # part of the key: the partner's id, empty for a connection's own orders
    text_column("external_id", 255, False),
    text_column("number", 80),
    reference("message_id", "messages"),  # the message whose revision the order shows
    instant("source_at"),
    text_column("source_hash", 64, False),
    instant("placed_at"),
    Column("placed_on", Date),
    Column("test", Boolean, nullable=False),
    text_column("channel", 64),
    text_column("currency", 3),
    text_column("presentment_currency", 3),
    Column("taxes_included", Boolean, nullable=False),
    *(Column(name, Exact) for name in ("subtotal", "discount", "shipping", "tax", "total", "presentment_total")),
    text_column("payment", 24, False),
    instant("cancelled_at"),
    text_column("cancel_reason"),
    Column("source_holds", Json, nullable=False),
    text_column("email", comment="personal"),
    text_column("phone", 64, comment="personal"),
    Column("note", Text, comment="personal"),
    Column("ship_to", Json, comment="personal"),
    Column("bill_to", Json, comment="personal"),
    Column("parties", Json, comment="personal"),
    text_column("ship_country", 2),
    text_column("shipping_method", 128),
    text_column("carrier", 64),
    Column("ship_not_before", Date),
    Column("ship_not_after", Date),
    Column("deliver_by", Date),
    Column("references", Json, nullable=False),
    instant("created_at", False),
    instant("updated_at", False),
    UniqueConstraint("connection_id", "scope", "external_id"),
    Index("ix_orders_number", "number"),
    Index("ix_orders_created_at", "created_at", "id"),
)

order_lines = table(
    "order_lines",
    id_column(),
    reference("order_id", "orders"),
    text_column("external_id", 255, False),
    Column("position", Integer),
    text_column("sku", 128),
    text_column("title", 512),
    Column("quantity", Exact, nullable=False),  # as ordered, in `unit`
    text_column("unit", 8, False),
    Column("pack_factor", Exact, nullable=False),
    Column("unit_price", Exact),
    Column("discount", Exact),
    Column("tax", Exact),
    Column("ships", Boolean, nullable=False),
    text_column("location", 128),
    Column("identifiers", Json, nullable=False),
    UniqueConstraint("order_id", "external_id"),
    Index("ix_order_lines_sku", "sku"),
)

line_refs = table(
    "line_refs",
    id_column(),
    reference("line_id", "order_lines"),
    text_column("system", 80, False),
    text_column("ref", 255, False),
    UniqueConstraint("line_id", "system", "ref"),
    Index("ix_line_refs_ref", "ref"),
)
"""How each system names a line. Ours is the line's id, which goes out with every order."""

ledger = table(
    "ledger",
    id_column(),
    reference("line_id", "order_lines"),
    reference("fulfillment_id", "fulfillments", True),
    text_column("kind", 12, False),  # ordered, cancelled, allocated, shipped, returned
    Column("delta", Integer, nullable=False),  # base units
    text_column("cause", 160, False),
    instant("at", False),
    UniqueConstraint("line_id", "kind", "cause"),
)
"""Append-only. A quantity is a sum of deltas; the cause makes a repeated event the same event."""

holds = table(
    "holds",
    id_column(),
    reference("order_id", "orders"),
    reference("line_id", "order_lines", True),  # null: the whole order waits
    text_column("code", 64, False),
    text_column("detail", 500),
    Column("sticky", Boolean, nullable=False),  # placed by a person: only a person lifts it
    instant("placed_at", False),
    instant("released_at"),
    text_column("released_by"),
    Index("ix_holds_order_id", "order_id"),
)

waivers = table(
    "waivers",
    id_column(),
    reference("order_id", "orders"),
    text_column("code", 64, False),
    text_column("by", 255, False),
    instant("at", False),
    UniqueConstraint("order_id", "code"),
)
"""A person released this kind of hold on this order; the gate does not place it again."""

order_changes = table(
    "order_changes",
    id_column(),
    reference("order_id", "orders"),
    reference("message_id", "messages", unique=True),
    text_column("purpose", 8, False),  # change, replace, cancel
    text_column("number", 80),  # the source's own
    Column("changed_on", Date),
    text_column("content", 64, False),  # hash of what the mapping made of it
    # [{line_id, external_id, action, before, asked, late, refused}]: quantities as ordered, `late` in base units
    Column("lines", Json, nullable=False),
    Column("too_late", Json, nullable=False),  # fields of the order's head that backends had already been told
    instant("created_at", False),
    Index("ix_order_changes_order_id", "order_id"),
)
"""What the source of an order wanted otherwise, and what came of it: the answer to it is rendered from here."""
