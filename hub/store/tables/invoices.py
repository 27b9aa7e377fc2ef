"""What is billed for an order's goods, and what has been paid of it."""

from __future__ import annotations

from sqlalchemy import Column, Date, Index, Integer, UniqueConstraint

from hub.store.tables.base import id_column, instant, reference, table, text_column
from hub.store.types import Exact, Json

invoices = table(
    "invoices",
    id_column(),
    reference("order_id", "orders"),
    reference("shipment_id", "shipments", True, unique=True),  # ours: what it bills
    reference("connection_id", "connections", True),  # the backend that issued it; null: the hub
    reference("message_id", "messages", True),  # the document in which the backend sent it
    text_column("kind", 8, False),  # invoice, credit
    text_column("scope", 64, False),  # whose numbers: a connection's, or a series of ours
    text_column("number", 35),  # null: ours, owed and not written yet
    Column("issued_on", Date),
    text_column("currency", 3),
    text_column("content", 64),  # a backend's: the hash of what it said
    Column("charges", Json, nullable=False),
    Column("taxes", Json, nullable=False),
    Column("terms", Json),
    Column("total", Exact),
    instant("settled_at"),  # a person has taken what was paid for all that will be
    instant("created_at", False),
    UniqueConstraint("scope", "number"),
    Index("ix_invoices_order_id", "order_id"),
    Index("ix_invoices_number", "number"),
)
"""One of ours is a row from the moment that its shipment is stored; its number and amounts come with its bytes."""

invoice_lines = table(
    "invoice_lines",
    id_column(),
    reference("invoice_id", "invoices"),
    reference("line_id", "order_lines"),
    Column("units", Integer, nullable=False),  # base units that it bills
    Column("unit_price", Exact),  # of one unit as it was ordered
    Column("discount", Exact),
    Column("tax", Exact),
    Index("ix_invoice_lines_invoice_id", "invoice_id"),
    Index("ix_invoice_lines_line_id", "line_id"),
)

payments = table(
    "payments",
    id_column(),
    reference("invoice_id", "invoices"),
    reference("message_id", "messages"),
    text_column("reference", 50, False),  # the payer's number of the payment
    Column("paid_on", Date, nullable=False),
    Column("amount", Exact, nullable=False),
    Column("discount", Exact, nullable=False),  # taken off by the payer
    UniqueConstraint("invoice_id", "reference"),
)
"""What a remittance pays of an invoice."""
