"""What happened: the timeline, which is the audit log too, and alerts."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Text

from hub.store.tables.base import id_column, instant, partial, reference, table, text_column
from hub.store.types import Json

events = table(
    "events",
    id_column(),
    instant("at", False),
    text_column("kind", 48, False),
    reference("order_id", "orders", True),
    reference("message_id", "messages", True),
    reference("connection_id", "connections", True),
    text_column("actor", 255),  # who did it, null: the hub. Rows with an actor are the audit log
    Column("data", Json, nullable=False),
    Index("ix_events_order_id", "order_id", "id"),
    partial("ix_events_actor", "actor IS NOT NULL", "actor", "id"),
)

alerts = table(
    "alerts",
    id_column(),
    text_column("cause", 160, False),
    text_column("code", 64, False),
    Column("detail", Text, nullable=False),
    reference("connection_id", "connections", True),
    instant("opened_at", False),
    instant("closed_at"),
    Column("count", Integer, nullable=False),
    partial("uq_alerts_cause_open", "closed_at IS NULL", "cause", unique=True),
)
