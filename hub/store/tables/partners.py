"""Connections, trading partners and flows."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Integer, LargeBinary, String, Table, UniqueConstraint, text

from hub.store.tables.base import id_column, instant, metadata, reference, table, text_column
from hub.store.types import Id, Json

connections = table(
    "connections",
    id_column(),
    reference("merchant_id", "merchants", True),
    text_column("name", 80, False, unique=True),
    text_column("type", 40, False),
    text_column("mode", 8, False),  # off, shadow, live
    Column("settings", Json, nullable=False),
    Column("secrets", LargeBinary),  # sealed by the vault
    # what the hub itself does: release gate, line matching
    Column("policy", Json, nullable=False, server_default="{}"),
    instant("start_at", False),
    Column("outbound_stopped", Boolean, nullable=False, server_default=text("false")),
    text_column("trouble", 64),  # code of what an admin must mend; calls wait until it is cleared
    text_column("trouble_detail", 500),
    text_column("webhook_token", 64, False, unique=True),
    # The token bucket that all workers share.
    Column("bucket_tokens", Float, nullable=False),
    instant("bucket_at", False),
    Column("bucket_rate", Float, nullable=False),
    Column("bucket_size", Float, nullable=False),
    instant("quiet_until"),
    instant("created_at", False),
)

partners = table(
    "partners",
    id_column(),
    reference("merchant_id", "merchants", True),
    reference("connection_id", "connections"),
    text_column("name", 80, False, unique=True),
    Column("settings", Json, nullable=False),  # delimiters, our ids, duplicates policy, SSCC prefix ...
    instant("created_at", False),
)

partner_ids = table(
    "partner_ids",
    id_column(),
    reference("partner_id", "partners"),
    text_column("qualifier", 4, False),
    text_column("value", 35, False),
    Column("test", Boolean, nullable=False),
    text_column("own_qualifier", 4, False),
    text_column("own_value", 35, False),
    text_column("location", 128),  # where a partner has several: the location of ours that these ids stand for
    UniqueConstraint("qualifier", "value", "own_qualifier", "own_value", "test"),
)
"""Who writes to us under which id, and which of our ids they use. Test and production are apart."""

agreements = table(
    "agreements",
    id_column(),
    reference("partner_id", "partners"),
    text_column("direction", 3, False),
    text_column("set_id", 12, False),
    text_column("kind", 32, False),
    text_column("mapping", 128, False),
    text_column("version", 12, False),
    Column("acknowledge", Boolean, nullable=False),  # in: we owe one; out: one is owed to us
    Column("acknowledge_hours", Float),
    Column("settings", Json, nullable=False),
    UniqueConstraint("partner_id", "direction", "set_id"),
)

control_numbers = Table(
    "control_numbers",
    metadata,
    Column("scope", String(160), primary_key=True),
    Column("last", Id, nullable=False),
)
"""The last number used per scope: interchange (sender and receiver), group (and functional id), SSCC serial."""

flows = table(
    "flows",
    id_column(),
    reference("connection_id", "connections"),
    text_column("direction", 3, False),
    text_column("kind", 32, False),
    text_column("schedule", 64),  # cron, or an interval such as "every 5m"; null: as things happen
    text_column("timezone", 64, False),
    instant("next_due"),
    Column("paused", Boolean, nullable=False, server_default=text("false")),
    Column("cursor", Json),
    text_column("mapping", 128),  # null: the shipped one, <type>/<kind>.<in|out>
    Column("settings", Json, nullable=False),
    Column("source_count", Integer),
    instant("source_counted_at"),
    instant("last_run_at"),
    instant("last_ok_at"),
    UniqueConstraint("connection_id", "direction", "kind"),
)
