"""What backends have, ship, get back and count."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, UniqueConstraint

from hub.store.tables.base import id_column, instant, partial, reference, table, text_column
from hub.store.types import Json

fulfillments = table(
    "fulfillments",
    id_column(),
    reference("order_id", "orders"),
    reference("connection_id", "connections"),
    text_column("reference", 64, False, unique=True),
    text_column("location", 128),
    text_column("remote_id"),
    instant("accepted_at"),
    instant("withdrawn_at"),  # cancelled before it was sent: neither the create nor the cancel goes out
    instant("created_at", False),
    Index("ix_fulfillments_order_id", "order_id"),
)

fulfillment_lines = table(
    "fulfillment_lines",
    id_column(),
    reference("fulfillment_id", "fulfillments"),
    reference("line_id", "order_lines"),
    text_column("sku", 128, False),  # the backend's, after the cross-reference
    Column("units", Integer, nullable=False),  # backend units
    Column("units_per", Integer, nullable=False),  # of them in one base unit of the line (kits)
    UniqueConstraint("fulfillment_id", "line_id", "sku"),
)

cancellations = table(
    "cancellations",
    id_column(),
    reference("order_id", "orders"),
    reference("fulfillment_id", "fulfillments"),
    text_column("cause", 160, False),
    text_column("reason"),
    text_column("into", 12, False),  # what the units become when granted: cancelled, or shipped (by someone else)
    Column("lines", Json, nullable=False),  # [[line id, base units wanted]]
    Column("kept", Json, nullable=False, server_default="[]"),  # [[line id, of them wanted again meanwhile]]
    Column("granted", Json),  # [[line id, base units given back]]
    instant("answer_by"),  # where the answer comes as a document of its own: until when it should
    instant("answered_at"),
    instant("created_at", False),
    UniqueConstraint("fulfillment_id", "cause"),
    partial("ix_cancellations_answer_by", "answer_by IS NOT NULL AND answered_at IS NULL", "answer_by"),
)
"""A wish to take units back from a backend, and what it granted."""

shipments = table(
    "shipments",
    id_column(),
    reference("order_id", "orders"),
    reference("fulfillment_id", "fulfillments"),
    reference("connection_id", "connections"),
    reference("message_id", "messages"),
    text_column("external_id", 255, False),
    instant("shipped_at"),
    text_column("carrier", 64),
    text_column("service", 64),
    text_column("location", 128),
    instant("created_at", False),
    UniqueConstraint("connection_id", "external_id"),
    Index("ix_shipments_order_id", "order_id"),
)

packages = table(
    "packages",
    id_column(),
    reference("shipment_id", "shipments"),
    text_column("external_id"),
    text_column("tracking_number", 128),
    text_column("tracking_url", 1024),
    Column("tracking_fits", Boolean),  # has the number the form of its carrier's? null: nobody knows
    text_column("carrier", 64),
    text_column("service", 64),
    text_column("sscc", 18),
    Column("weight_grams", Integer),
    Index("ix_packages_shipment_id", "shipment_id"),
    Index("ix_packages_tracking_number", "tracking_number"),
)

package_lines = table(
    "package_lines",
    id_column(),
    reference("package_id", "packages"),
    reference("line_id", "order_lines"),
    text_column("sku", 128, False),
    Column("packed", Integer, nullable=False),  # backend units of that SKU
    Column("units", Integer, nullable=False),  # base units of the line that this completes (kits: with their last part)
    text_column("matched", 8, False),  # line, sku, oldest
    Index("ix_package_lines_package_id", "package_id"),
)

returns = table(
    "returns",
    id_column(),
    reference("order_id", "orders"),
    reference("connection_id", "connections"),
    reference("message_id", "messages"),
    text_column("external_id", 255, False),
    text_column("source_return_id", 255),  # the storefront's own return that this one answers
    text_column("rma", 80),
    text_column("status", 16, False),  # as the other side states it
    instant("created_at", False),
    instant("updated_at", False),
    UniqueConstraint("connection_id", "external_id"),
    Index("ix_returns_order_id", "order_id"),
)

return_lines = table(
    "return_lines",
    id_column(),
    reference("return_id", "returns"),
    reference("line_id", "order_lines"),
    text_column("external_id"),
    Column("units", Integer, nullable=False),
    Column("received", Integer, nullable=False),
    text_column("condition", 32),
    text_column("reason"),
    Column("restock", Boolean),
    Index("ix_return_lines_return_id", "return_id"),
)

inventory_levels = table(
    "inventory_levels",
    id_column(),
    reference("connection_id", "connections"),
    text_column("sku", 128, False),
    text_column("location", 128, False),
    Column("available", Integer, nullable=False),
    Column("on_hand", Integer),
    instant("counted_at"),
    text_column("cause", 160),
    reference("message_id", "messages"),
    instant("updated_at", False),
    UniqueConstraint("connection_id", "sku", "location"),
)
