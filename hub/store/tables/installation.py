"""The installation: its own facts, merchants, users."""

from __future__ import annotations

from sqlalchemy import Column, Integer, String, Table

from hub.store.tables.base import id_column, instant, metadata, reference, table, text_column
from hub.store.types import Json

settings = Table(
    "settings",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Json),
)
"""The hub's own facts: the vault's key check, the outbound switch (`outbound_stopped`)."""

merchants = table(
    "merchants", id_column(), text_column("name", nullable=False, unique=True), instant("created_at", False)
)

users = table(
    "users",
    id_column(),
    text_column("name", nullable=False, unique=True, comment="personal: a name or an e-mail address"),
    text_column("password_hash"),
    text_column("role", 16, False),
    reference("merchant_id", "merchants", True),
    Column("session_epoch", Integer, nullable=False, server_default="0"),
    instant("disabled_at"),
    instant("created_at", False),
)

login_links = table(
    "login_links",
    id_column(),
    reference("user_id", "users"),
    text_column("token_hash", 64, False, unique=True),
    instant("expires_at", False),
    instant("used_at"),
)
