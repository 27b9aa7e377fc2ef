"""Alerts about what stands still. They are opened, counted and closed by looking at what is, so that none outlives its
cause and a thousand documents that wait for one thing are one alert."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from hub.installation import Installation
from hub.store import events as event_store
from hub.store import health, schedule
from hub.store.events import OVERDUE, PARKED, UNANSWERED, Standing

PATIENCE = dt.timedelta(minutes=1)
"""What waits shorter is often released by the fact that it waits for, and no reason to call a person."""


def look(inst: Installation) -> bool:
    """Make the alerts agree with what stands still. True when it was ours to do, and no other node's, this minute."""
    now = inst.now()
    with inst.db.write() as tx:
        if not schedule.win_minute(tx, "alerts", now):
            return False
        event_store.keep_alerts(tx, PARKED, _parked(tx, now), now)
        event_store.keep_alerts(tx, OVERDUE, _overdue(tx, now), now)
        event_store.keep_alerts(tx, UNANSWERED, _unanswered(tx, now), now)
    return True


def _parked(tx: Connection, now: dt.datetime) -> dict[str, Standing]:
    """One cause for each connection and code of which documents are parked."""
    return {
        f"{PARKED}{group.connection_id}/{group.code}": Standing(
            group.code,
            f"{group.connection}: {group.count} {'document is' if group.count == 1 else 'documents are'} parked.",
            group.connection_id,
            group.count,
            opens=group.since <= now - PATIENCE,
        )
        for group in health.parked(tx)
    }


def _overdue(tx: Connection, now: dt.datetime) -> dict[str, Standing]:
    """One cause for each document that its partner should have acknowledged by now."""
    return {
        f"{OVERDUE}{row.id}": Standing(
            "acknowledgement.overdue",
            f"{row.partner} has not acknowledged our {row.set_id}, group {row.control},"
            f" since {row.acknowledge_by:%Y-%m-%d %H:%M} UTC.",
            row.connection_id,
        )
        for row in health.unacknowledged(tx, now)
    }


def _unanswered(tx: Connection, now: dt.datetime) -> dict[str, Standing]:
    """One cause for each cancellation that its backend should have answered by now."""
    return {
        f"{UNANSWERED}{row.id}": Standing(
            "cancellation.unanswered",
            f"{row.backend} has not answered our cancellation of {row.reference},"
            f" which was due {row.answer_by:%Y-%m-%d %H:%M} UTC.",
            row.connection_id,
        )
        for row in health.unanswered(tx, now)
    }
