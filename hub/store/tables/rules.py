"""The SKU cross-reference, routing rules."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, UniqueConstraint

from hub.store.tables.base import id_column, reference, table, text_column
from hub.store.types import Json

sku_components = table(
    "sku_components",
    id_column(),
    reference("connection_id", "connections"),
    text_column("sku", 128, False),
    text_column("component_sku", 128, False),
    Column("quantity", Integer, nullable=False),
    UniqueConstraint("connection_id", "sku", "component_sku"),
)
"""The SKU cross-reference of a backend: one row renames a SKU, several make it a kit."""

rules = table(
    "rules",
    id_column(),
    Column("position", Integer, nullable=False),
    text_column("name", 80, False),
    reference("merchant_id", "merchants", True),
    Column("conditions", Json, nullable=False),  # {"channel": [..], "country": [..], "sku": [..]}; empty: any
    reference("backend_id", "connections"),
    text_column("location", 128),
    Column("enabled", Boolean, nullable=False),
)
