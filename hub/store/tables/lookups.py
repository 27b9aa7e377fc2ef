"""Lookup tables that are kept in the hub, with every version that there was of them."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, UniqueConstraint

from hub.store.tables.base import id_column, instant, metadata, table, text_column
from hub.store.types import Json

lookup_tables = Table(
    "lookup_tables",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("version", Integer, nullable=False),
)
"""Each table with the number of its present version; whoever changes a table holds its row here."""

lookup_rows = table(
    "lookup_rows",
    id_column(),
    text_column("table", 80, False),
    text_column("key", 255, False),
    Column("cells", Json, nullable=False),  # {column: text}; most tables have one column, `value`
    UniqueConstraint("table", "key"),
)
"""The tables as they are now."""

lookup_versions = table(
    "lookup_versions",
    id_column(),
    text_column("table", 80, False),
    Column("version", Integer, nullable=False),
    text_column("author", 80, False),
    text_column("reason", 500),
    Column("set", Integer, nullable=False),  # how many rows came or changed
    Column("removed", Integer, nullable=False),
    instant("at", False),
    UniqueConstraint("table", "version"),
)

lookup_changes = table(
    "lookup_changes",
    id_column(),
    text_column("table", 80, False),
    Column("version", Integer, nullable=False),
    text_column("key", 255, False),
    Column("cells", Json),  # null: the row was removed
    Index("ix_lookup_changes_table", "table", "version"),
)
"""What each version changed: a table at a version is the last change of each key up to it."""
