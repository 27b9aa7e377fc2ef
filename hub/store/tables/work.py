"""Jobs and their attempts."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer

from hub.store.tables.base import id_column, instant, partial, reference, table, text_column
from hub.store.types import Id, Json

LIVE_SQL = "state IN ('pending', 'running')"

jobs = table(
    "jobs",
    id_column(),
    text_column("kind", 12, False),  # pull, translate, deliver
    text_column("noun", 32, False),  # the kind of document
    Column("subject_id", Id),
    text_column("key", 200, False),
    Column("generation", Integer, nullable=False),
    text_column("lane", 160, False),
    reference("connection_id", "connections"),
    reference("order_id", "orders", True),
    reference("message_id", "messages", True),
    text_column("external_id"),  # pull: the one document to fetch; null: all that changed
    Column("priority", Integer, nullable=False),
    text_column("state", 8, False),
    instant("due_at", False),
    Column("attempts", Integer, nullable=False),  # claims: the fence
    Column("failures", Integer, nullable=False),  # tries that count towards the limit
    Column("crashes", Integer, nullable=False, server_default="0"),  # workers that died with it in hand
    instant("lease_until"),
    text_column("worker", 64),
    Column("error", Json),
    instant("created_at", False),
    instant("finished_at"),
    partial("uq_jobs_key_live", LIVE_SQL, "key", "generation", unique=True),
    partial("uq_jobs_lane_running", "state = 'running'", "lane", unique=True),
    partial("ix_jobs_lane_live", LIVE_SQL, "lane", "id"),
    partial("ix_jobs_due", "state = 'pending'", "kind", "priority", "due_at", "id"),
    partial("ix_jobs_crashes", "state = 'pending' AND crashes >= 2", "crashes"),
    partial("ix_jobs_lease", "state = 'running'", "lease_until"),
    Index("ix_jobs_order_id", "order_id"),
    Index("ix_jobs_message_id", "message_id"),
)

attempts = table(
    "attempts",
    id_column(),
    reference("job_id", "jobs"),
    Column("number", Integer, nullable=False),
    text_column("worker", 64, False),
    instant("at", False),
    text_column("outcome", 12, False),  # done, retry, limited, parked
    text_column("mapping_hash", 64),
    Column("error", Json),
    Index("ix_attempts_job_id", "job_id"),
)
