"""Signs that something needs a person: work that nobody does, documents that wait."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection, and_, case, func, select

from hub.store.tables import jobs, messages


def work(tx: Connection, since: dt.datetime) -> Any:
    """Counts of jobs: running, silent (their worker stopped renewing its lease), late (due since `since`, and not
    begun), parked; and of messages: parked."""
    running = jobs.c.state == "running"
    late = and_(jobs.c.state == "pending", jobs.c.due_at < since)
    parked = select(func.count()).select_from(messages).where(messages.c.state == "parked").scalar_subquery()

    def counted(condition: Any, name: str) -> Any:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0).label(name)

    return tx.execute(
        select(
            counted(running, "running"),
            counted(and_(running, jobs.c.lease_until < since), "silent"),
            counted(late, "late"),
            counted(jobs.c.state == "parked", "parked"),
            parked.label("messages"),
        ).where(jobs.c.state != "done")
    ).one()
