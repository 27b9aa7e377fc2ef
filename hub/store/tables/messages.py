"""What came and what went: messages and their bytes."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, UniqueConstraint, text

from hub.store.tables.base import id_column, instant, partial, reference, table, text_column
from hub.store.types import Id, Json

messages = table(
    "messages",
    id_column(),
    text_column("direction", 3, False),
    reference("connection_id", "connections"),
    reference("partner_id", "partners", True),
    reference("parent_id", "messages", True),
    Column("order_id", Id),  # no foreign key: orders refer to messages, and a circle has no first row
    text_column("kind", 32, False),
    text_column("format", 12, False),
    text_column("external_id", 255, False),  # in: the source's id; out: the key of the effect
    text_column("revision", 80, False),  # in: source time and content hash; out: the generation of the key
    instant("revised_at"),
    text_column("via", 8, False),  # poll, fetch, webhook, split (out of an interchange), hub (out)
    Column("test", Boolean, nullable=False, server_default=text("false")),
    text_column("set_id", 12),
    # in: interchange/group/set control numbers. out: what an acknowledgement names, functional id/group; in EDIFACT
    # message type/interchange
    text_column("control", 64),
    text_column("interchange", 128),  # sender>receiver/control number of the EDI interchange that it came or went in
    text_column("set_control", 14),  # out: the control number of its set, the reference of its message
    # in: received, done, ignored, parked. out: sealed, sent (outcome unknown), done, parked, withdrawn
    text_column("state", 12, False),
    text_column("reason", 64),  # code of why it is ignored, parked or withdrawn
    Column("problem", Json),  # where and what, without the value: {detail, path, findings, ...}
    text_column("awaits", 160),  # what releases it when it comes: an original order, a lookup row
    text_column("remote_id", 255),
    Column("documents", Integer),  # an interchange: how many sets its groups say they hold
    instant("acknowledge_by"),
    text_column("acknowledged", 16),  # accepted, errors, rejected
    Column("subject_id", Id),  # out: the row it was rendered from (fulfillment, shipment, return ...)
    text_column("mapping_hash", 64),
    Column("tables", Json),  # {lookup table kept in the hub: its version when the document was read}
    instant("at", False),
    instant("sent_at"),  # out: when the last try began
    instant("settled_at"),
    UniqueConstraint("connection_id", "direction", "kind", "external_id", "revision"),
    Index("ix_messages_state", "state", "id"),
    Index("ix_messages_order_id", "order_id", "id"),
    Index("ix_messages_parent_id", "parent_id"),
    partial("ix_messages_awaits", "awaits IS NOT NULL", "awaits"),
    partial("ix_messages_control", "control IS NOT NULL", "control"),
    partial("ix_messages_interchange", "interchange IS NOT NULL", "interchange"),
    partial("ix_messages_split_revision", "via = 'split'", "revision"),
    partial("ix_messages_acknowledge_by", "acknowledge_by IS NOT NULL AND acknowledged IS NULL", "acknowledge_by"),
)

payloads = table(
    "payloads",
    id_column(),
    reference("message_id", "messages"),
    text_column("part", 16, False),  # body, envelope, answer, result; canonical: what it was written from
    Column("body", LargeBinary, comment="personal"),
    text_column("sha256", 64, False),
    Column("size", Integer, nullable=False),
    instant("erased_at"),
    Index("ix_payloads_message_id", "message_id", "part"),
)
