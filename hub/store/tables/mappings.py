"""Mappings: versions that take the place of files, and the texts that were used."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, String, Table, Text, UniqueConstraint, text

from hub.store.tables.base import id_column, instant, metadata, partial, table, text_column
from hub.store.types import Instant, Json

mapping_versions = table(
    "mapping_versions",
    id_column(),
    text_column("name", 128, False),
    Column("number", Integer),  # counts what was published of a mapping; null: the draft, of which there is one
    Column("text", Text),  # null: the file counts again
    Column("stands_on", Json, nullable=False),  # {name: the text that each file had over which it was written}
    Column("base", Integer, nullable=False),  # the number that was live when it was drafted
    Column("restores", Integer),  # a roll back: the number that it brings back
    text_column("author", 255, False),
    instant("drafted_at", False),
    instant("tested_at"),
    Column("tested", Json),  # how many documents and samples, which fields change in how many; no values
    text_column("publisher", 255),
    instant("published_at"),
    text_column("reason", 500),
    Column("forced", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("name", "number"),
    partial("uq_mapping_versions_draft", "number IS NULL", "name", unique=True),
)
"""What an admin has changed. The live version of a mapping is that with the largest number; no row is ever changed once
it has a number, and a roll back is a row of its own."""

mapping_texts = Table(
    "mapping_texts",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("name", String(128), primary_key=True),
    Column("version", Integer, primary_key=True),  # 0: as its file said
    Column("text", Text, nullable=False),
    Column("first_used_at", Instant, nullable=False),
)
"""The resolved text of each mapping that ever read or wrote a message, so that an old result can be explained."""
