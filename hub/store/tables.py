"""The tables, one block per noun of the design, in the order in which they refer to each other.

Facts and wishes are columns; a status never is: `hub.ledger` computes it from quantities. Personal data stands in the
columns whose comment says `personal`, and in `payloads`, nowhere else.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from hub.store.types import Exact, Id, Instant, Json

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[int]:
    return Column("id", Id, primary_key=True, autoincrement=True)


def _ref(name: str, target: str, nullable: bool = False, **kwargs: Any) -> Column[Any]:
    return Column(name, Id, ForeignKey(f"{target}.id"), nullable=nullable, **kwargs)


def _at(name: str, nullable: bool = True) -> Column[Any]:
    return Column(name, Instant, nullable=nullable)


def _text(name: str, size: int = 255, nullable: bool = True, **kwargs: Any) -> Column[Any]:
    return Column(name, String(size), nullable=nullable, **kwargs)


def _partial(name: str, where: str, *columns: str, unique: bool = False) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


def _table(name: str, *args: Any) -> Table:
    # AUTOINCREMENT: an id is never given twice, so an old link or a lane's order cannot change its meaning.
    return Table(name, metadata, *args, sqlite_autoincrement=True)


# -- the installation ---------------------------------------------------------------------------------------------

settings = Table(
    "settings",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Json),
)
"""The hub's own facts: the vault's key check, the outbound switch (`outbound_stopped`)."""

merchants = _table("merchants", _id(), _text("name", nullable=False, unique=True), _at("created_at", False))

users = _table(
    "users",
    _id(),
    _text("name", nullable=False, unique=True, comment="personal: a name or an e-mail address"),
    _text("password_hash"),
    _text("role", 16, False),
    _ref("merchant_id", "merchants", True),
    Column("session_epoch", Integer, nullable=False, server_default="0"),
    _at("disabled_at"),
    _at("created_at", False),
)

login_links = _table(
    "login_links",
    _id(),
    _ref("user_id", "users"),
    _text("token_hash", 64, False, unique=True),
    _at("expires_at", False),
    _at("used_at"),
)

# -- connections, partners, flows ---------------------------------------------------------------------------------

connections = _table(
    "connections",
    _id(),
    _ref("merchant_id", "merchants", True),
    _text("name", 80, False, unique=True),
    _text("type", 40, False),
    _text("mode", 8, False),  # off, shadow, live
    Column("settings", Json, nullable=False),
    Column("secrets", LargeBinary),  # sealed by the vault
    # what the hub itself does: release gate, line matching
    Column("policy", Json, nullable=False, server_default="{}"),
    _at("start_at", False),
    Column("outbound_stopped", Boolean, nullable=False, server_default=text("false")),
    _text("trouble", 64),  # code of what an admin must mend; calls wait until it is cleared
    _text("trouble_detail", 500),
    _text("webhook_token", 64, False, unique=True),
    # The token bucket that all workers share.
    Column("bucket_tokens", Float, nullable=False),
    _at("bucket_at", False),
    Column("bucket_rate", Float, nullable=False),
    Column("bucket_size", Float, nullable=False),
    _at("quiet_until"),
    _at("created_at", False),
)

partners = _table(
    "partners",
    _id(),
    _ref("merchant_id", "merchants", True),
    _ref("connection_id", "connections"),
    _text("name", 80, False, unique=True),
    Column("settings", Json, nullable=False),  # delimiters, our ids, duplicates policy, SSCC prefix ...
    _at("created_at", False),
)

partner_ids = _table(
    "partner_ids",
    _id(),
    _ref("partner_id", "partners"),
    _text("qualifier", 4, False),
    _text("value", 35, False),
    Column("test", Boolean, nullable=False),
    _text("own_qualifier", 4, False),
    _text("own_value", 35, False),
    UniqueConstraint("qualifier", "value", "own_qualifier", "own_value", "test"),
)
"""Who writes to us under which id, and which of our ids they use. Test and production are apart."""

agreements = _table(
    "agreements",
    _id(),
    _ref("partner_id", "partners"),
    _text("direction", 3, False),
    _text("set_id", 12, False),
    _text("kind", 32, False),
    _text("mapping", 128, False),
    _text("version", 12, False),
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

flows = _table(
    "flows",
    _id(),
    _ref("connection_id", "connections"),
    _text("direction", 3, False),
    _text("kind", 32, False),
    _text("schedule", 64),  # cron, or an interval such as "every 5m"; null: as things happen
    _text("timezone", 64, False),
    _at("next_due"),
    Column("paused", Boolean, nullable=False, server_default=text("false")),
    Column("cursor", Json),
    _text("mapping", 128),  # null: the shipped one, <type>/<kind>.<in|out>
    Column("settings", Json, nullable=False),
    Column("source_count", Integer),
    _at("source_counted_at"),
    _at("last_run_at"),
    _at("last_ok_at"),
    UniqueConstraint("connection_id", "direction", "kind"),
)

# -- what came and what went --------------------------------------------------------------------------------------

messages = _table(
    "messages",
    _id(),
    _text("direction", 3, False),
    _ref("connection_id", "connections"),
    _ref("partner_id", "partners", True),
    _ref("parent_id", "messages", True),
    Column("order_id", Id),  # no foreign key: orders refer to messages, and a circle has no first row
    _text("kind", 32, False),
    _text("format", 12, False),
    _text("external_id", 255, False),  # in: the source's id; out: the key of the effect
    _text("revision", 80, False),  # in: source time and content hash; out: the generation of the key
    _at("revised_at"),
    _text("via", 8, False),  # poll, fetch, webhook, split (out of an interchange), hub (out)
    Column("test", Boolean, nullable=False, server_default=text("false")),
    _text("set_id", 12),
    _text("control", 64),  # interchange/group/set control numbers
    # in: received, done, ignored, parked. out: sealed, sent (outcome unknown), done, parked, withdrawn
    _text("state", 12, False),
    _text("reason", 64),  # code of why it is ignored, parked or withdrawn
    Column("problem", Json),  # where and what, without the value: {detail, path, findings, ...}
    _text("awaits", 160),  # what releases it when it comes: an original order, a lookup row
    _text("remote_id", 255),
    Column("documents", Integer),  # an interchange: how many sets its groups say they hold
    _at("acknowledge_by"),
    _text("acknowledged", 16),  # accepted, errors, rejected
    Column("subject_id", Id),  # out: the row it was rendered from (fulfillment, shipment, return ...)
    _text("mapping_hash", 64),
    _at("at", False),
    _at("sent_at"),  # out: when the last try began
    _at("settled_at"),
    UniqueConstraint("connection_id", "direction", "kind", "external_id", "revision"),
    Index("ix_messages_state", "state", "id"),
    Index("ix_messages_order_id", "order_id", "id"),
    Index("ix_messages_parent_id", "parent_id"),
    _partial("ix_messages_awaits", "awaits IS NOT NULL", "awaits"),
    _partial("ix_messages_control", "control IS NOT NULL", "control"),
    _partial("ix_messages_acknowledge_by", "acknowledge_by IS NOT NULL AND acknowledged IS NULL", "acknowledge_by"),
)

payloads = _table(
    "payloads",
    _id(),
    _ref("message_id", "messages"),
    _text("part", 16, False),  # body, envelope, answer, result
    Column("body", LargeBinary, comment="personal"),
    _text("sha256", 64, False),
    Column("size", Integer, nullable=False),
    _at("erased_at"),
    Index("ix_payloads_message_id", "message_id", "part"),
)

# -- orders -------------------------------------------------------------------------------------------------------

orders = _table(
    "orders",
    _id(),
    _ref("merchant_id", "merchants", True),
    _ref("connection_id", "connections"),
    _ref("partner_id", "partners", True),
    _text("scope", 32, False),  # part of the key: the partner's id, empty for a connection's own orders
    _text("external_id", 255, False),
    _text("number", 80),
    _ref("message_id", "messages"),  # the message whose revision the order shows
    _at("source_at"),
    _text("source_hash", 64, False),
    _at("placed_at"),
    Column("placed_on", Date),
    Column("test", Boolean, nullable=False),
    _text("channel", 64),
    _text("currency", 3),
    _text("presentment_currency", 3),
    Column("taxes_included", Boolean, nullable=False),
    *(Column(name, Exact) for name in ("subtotal", "discount", "shipping", "tax", "total", "presentment_total")),
    _text("payment", 24, False),
    _at("cancelled_at"),
    _text("cancel_reason"),
    Column("source_holds", Json, nullable=False),
    _text("email", comment="personal"),
    _text("phone", 64, comment="personal"),
    Column("note", Text, comment="personal"),
    Column("ship_to", Json, comment="personal"),
    Column("bill_to", Json, comment="personal"),
    Column("parties", Json, comment="personal"),
    _text("ship_country", 2),
    _text("shipping_method", 128),
    _text("carrier", 64),
    Column("ship_not_before", Date),
    Column("ship_not_after", Date),
    Column("deliver_by", Date),
    Column("references", Json, nullable=False),
    _at("created_at", False),
    _at("updated_at", False),
    UniqueConstraint("connection_id", "scope", "external_id"),
    Index("ix_orders_number", "number"),
    Index("ix_orders_created_at", "created_at", "id"),
)

order_lines = _table(
    "order_lines",
    _id(),
    _ref("order_id", "orders"),
    _text("external_id", 255, False),
    Column("position", Integer),
    _text("sku", 128),
    _text("title", 512),
    Column("quantity", Exact, nullable=False),  # as ordered, in `unit`
    _text("unit", 8, False),
    Column("pack_factor", Exact, nullable=False),
    Column("unit_price", Exact),
    Column("discount", Exact),
    Column("tax", Exact),
    Column("ships", Boolean, nullable=False),
    _text("location", 128),
    Column("identifiers", Json, nullable=False),
    UniqueConstraint("order_id", "external_id"),
    Index("ix_order_lines_sku", "sku"),
)

line_refs = _table(
    "line_refs",
    _id(),
    _ref("line_id", "order_lines"),
    _text("system", 80, False),
    _text("ref", 255, False),
    UniqueConstraint("line_id", "system", "ref"),
    Index("ix_line_refs_ref", "ref"),
)
"""How each system names a line. Ours is the line's id, which goes out with every order."""

ledger = _table(
    "ledger",
    _id(),
    _ref("line_id", "order_lines"),
    _ref("fulfillment_id", "fulfillments", True),
    _text("kind", 12, False),  # ordered, cancelled, allocated, shipped, returned
    Column("delta", Integer, nullable=False),  # base units
    _text("cause", 160, False),
    _at("at", False),
    UniqueConstraint("line_id", "kind", "cause"),
)
"""Append-only. A quantity is a sum of deltas; the cause makes a repeated event the same event."""

holds = _table(
    "holds",
    _id(),
    _ref("order_id", "orders"),
    _ref("line_id", "order_lines", True),  # null: the whole order waits
    _text("code", 64, False),
    _text("detail", 500),
    Column("sticky", Boolean, nullable=False),  # placed by a person: only a person lifts it
    _at("placed_at", False),
    _at("released_at"),
    _text("released_by"),
    Index("ix_holds_order_id", "order_id"),
)

waivers = _table(
    "waivers",
    _id(),
    _ref("order_id", "orders"),
    _text("code", 64, False),
    _text("by", 255, False),
    _at("at", False),
    UniqueConstraint("order_id", "code"),
)
"""A person released this kind of hold on this order; the gate does not place it again."""

# -- fulfilment ---------------------------------------------------------------------------------------------------

fulfillments = _table(
    "fulfillments",
    _id(),
    _ref("order_id", "orders"),
    _ref("connection_id", "connections"),
    _text("reference", 64, False, unique=True),
    _text("location", 128),
    _text("remote_id"),
    _at("accepted_at"),
    _at("withdrawn_at"),  # cancelled before it was sent: neither the create nor the cancel goes out
    _at("created_at", False),
    Index("ix_fulfillments_order_id", "order_id"),
)

fulfillment_lines = _table(
    "fulfillment_lines",
    _id(),
    _ref("fulfillment_id", "fulfillments"),
    _ref("line_id", "order_lines"),
    _text("sku", 128, False),  # the backend's, after the cross-reference
    Column("units", Integer, nullable=False),  # backend units
    Column("units_per", Integer, nullable=False),  # of them in one base unit of the line (kits)
    UniqueConstraint("fulfillment_id", "line_id", "sku"),
)

cancellations = _table(
    "cancellations",
    _id(),
    _ref("order_id", "orders"),
    _ref("fulfillment_id", "fulfillments"),
    _text("cause", 160, False),
    _text("reason"),
    _text("into", 12, False),  # what the units become when granted: cancelled, or shipped (by someone else)
    Column("lines", Json, nullable=False),  # [[line id, base units wanted]]
    Column("kept", Json, nullable=False, server_default="[]"),  # [[line id, of them wanted again meanwhile]]
    Column("granted", Json),  # [[line id, base units given back]]
    _at("answered_at"),
    _at("created_at", False),
    UniqueConstraint("fulfillment_id", "cause"),
)
"""A wish to take units back from a backend, and what it granted."""

shipments = _table(
    "shipments",
    _id(),
    _ref("order_id", "orders"),
    _ref("fulfillment_id", "fulfillments"),
    _ref("connection_id", "connections"),
    _ref("message_id", "messages"),
    _text("external_id", 255, False),
    _at("shipped_at"),
    _text("carrier", 64),
    _text("service", 64),
    _text("location", 128),
    _at("created_at", False),
    UniqueConstraint("connection_id", "external_id"),
    Index("ix_shipments_order_id", "order_id"),
)

packages = _table(
    "packages",
    _id(),
    _ref("shipment_id", "shipments"),
    _text("external_id"),
    _text("tracking_number", 128),
    _text("tracking_url", 1024),
    _text("carrier", 64),
    _text("service", 64),
    _text("sscc", 18),
    Column("weight_grams", Integer),
    Index("ix_packages_shipment_id", "shipment_id"),
    Index("ix_packages_tracking_number", "tracking_number"),
)

package_lines = _table(
    "package_lines",
    _id(),
    _ref("package_id", "packages"),
    _ref("line_id", "order_lines"),
    _text("sku", 128, False),
    Column("packed", Integer, nullable=False),  # backend units of that SKU
    Column("units", Integer, nullable=False),  # base units of the line that this completes (kits: with their last part)
    _text("matched", 8, False),  # line, sku, oldest
    Index("ix_package_lines_package_id", "package_id"),
)

returns = _table(
    "returns",
    _id(),
    _ref("order_id", "orders"),
    _ref("connection_id", "connections"),
    _ref("message_id", "messages"),
    _text("external_id", 255, False),
    _text("source_return_id", 255),  # the storefront's own return that this one answers
    _text("rma", 80),
    _text("status", 16, False),  # as the other side states it
    _at("created_at", False),
    _at("updated_at", False),
    UniqueConstraint("connection_id", "external_id"),
    Index("ix_returns_order_id", "order_id"),
)

return_lines = _table(
    "return_lines",
    _id(),
    _ref("return_id", "returns"),
    _ref("line_id", "order_lines"),
    _text("external_id"),
    Column("units", Integer, nullable=False),
    Column("received", Integer, nullable=False),
    _text("condition", 32),
    _text("reason"),
    Column("restock", Boolean),
    Index("ix_return_lines_return_id", "return_id"),
)

inventory_levels = _table(
    "inventory_levels",
    _id(),
    _ref("connection_id", "connections"),
    _text("sku", 128, False),
    _text("location", 128, False),
    Column("available", Integer, nullable=False),
    Column("on_hand", Integer),
    _at("counted_at"),
    _text("cause", 160),
    _ref("message_id", "messages"),
    _at("updated_at", False),
    UniqueConstraint("connection_id", "sku", "location"),
)

# -- mappings, tables, rules --------------------------------------------------------------------------------------

mapping_texts = Table(
    "mapping_texts",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("name", String(128), nullable=False),
    Column("text", Text, nullable=False),
    Column("first_used_at", Instant, nullable=False),
)
"""The resolved text of each mapping that ever read or wrote a message, so that an old result can be explained."""

lookup_rows = _table(
    "lookup_rows",
    _id(),
    _text("table", 80, False),
    _text("key", 255, False),
    _text("value", 255, False),
    _at("updated_at", False),
    UniqueConstraint("table", "key"),
)

sku_components = _table(
    "sku_components",
    _id(),
    _ref("connection_id", "connections"),
    _text("sku", 128, False),
    _text("component_sku", 128, False),
    Column("quantity", Integer, nullable=False),
    UniqueConstraint("connection_id", "sku", "component_sku"),
)
"""The SKU cross-reference of a backend: one row renames a SKU, several make it a kit."""

rules = _table(
    "rules",
    _id(),
    Column("position", Integer, nullable=False),
    _text("name", 80, False),
    _ref("merchant_id", "merchants", True),
    Column("conditions", Json, nullable=False),  # {"channel": [..], "country": [..], "sku": [..]}; empty: any
    _ref("backend_id", "connections"),
    _text("location", 128),
    Column("enabled", Boolean, nullable=False),
)

# -- work ---------------------------------------------------------------------------------------------------------

LIVE_SQL = "state IN ('pending', 'running')"

jobs = _table(
    "jobs",
    _id(),
    _text("kind", 12, False),  # pull, translate, deliver
    _text("noun", 32, False),  # the kind of document
    Column("subject_id", Id),
    _text("key", 200, False),
    Column("generation", Integer, nullable=False),
    _text("lane", 160, False),
    _ref("connection_id", "connections"),
    _ref("order_id", "orders", True),
    _ref("message_id", "messages", True),
    _text("external_id"),  # pull: the one document to fetch; null: all that changed
    Column("priority", Integer, nullable=False),
    _text("state", 8, False),
    _at("due_at", False),
    Column("attempts", Integer, nullable=False),  # claims: the fence
    Column("failures", Integer, nullable=False),  # tries that count towards the limit
    Column("crashes", Integer, nullable=False, server_default="0"),  # workers that died with it in hand
    _at("lease_until"),
    _text("worker", 64),
    Column("error", Json),
    _at("created_at", False),
    _at("finished_at"),
    _partial("uq_jobs_key_live", LIVE_SQL, "key", "generation", unique=True),
    _partial("uq_jobs_lane_running", "state = 'running'", "lane", unique=True),
    _partial("ix_jobs_lane_live", LIVE_SQL, "lane", "id"),
    _partial("ix_jobs_due", "state = 'pending'", "kind", "priority", "due_at", "id"),
    _partial("ix_jobs_crashes", "state = 'pending' AND crashes >= 2", "crashes"),
    _partial("ix_jobs_lease", "state = 'running'", "lease_until"),
    Index("ix_jobs_order_id", "order_id"),
    Index("ix_jobs_message_id", "message_id"),
)

attempts = _table(
    "attempts",
    _id(),
    _ref("job_id", "jobs"),
    Column("number", Integer, nullable=False),
    _text("worker", 64, False),
    _at("at", False),
    _text("outcome", 12, False),  # done, retry, limited, parked
    _text("mapping_hash", 64),
    Column("error", Json),
    Index("ix_attempts_job_id", "job_id"),
)

# -- what happened ------------------------------------------------------------------------------------------------

events = _table(
    "events",
    _id(),
    _at("at", False),
    _text("kind", 48, False),
    _ref("order_id", "orders", True),
    _ref("message_id", "messages", True),
    _ref("connection_id", "connections", True),
    _text("actor", 255),  # who did it, null: the hub. Rows with an actor are the audit log
    Column("data", Json, nullable=False),
    Index("ix_events_order_id", "order_id", "id"),
    _partial("ix_events_actor", "actor IS NOT NULL", "actor", "id"),
)

alerts = _table(
    "alerts",
    _id(),
    _text("cause", 160, False),
    _text("code", 64, False),
    Column("detail", Text, nullable=False),
    _ref("connection_id", "connections", True),
    _at("opened_at", False),
    _at("closed_at"),
    Column("count", Integer, nullable=False),
    _partial("uq_alerts_cause_open", "closed_at IS NULL", "cause", unique=True),
)
