"""What Alembic runs: our tables, batch mode where a table can only be changed by copying it."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import JSON

from hub.store.tables import metadata
from hub.store.types import Exact, Instant


def render_item(kind: str, item: Any, autogen: Any) -> Any:
    """A revision names plain column types: it must mean the same after our own types changed."""
    if kind == "type" and isinstance(item, Instant):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Exact):
        return "sa.BigInteger()"
    if kind == "type" and isinstance(item, JSON):  # Alembic's own rendering of the variant names an unimported type
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return "sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql')"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
    compare_server_default=False,
    render_item=render_item,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
