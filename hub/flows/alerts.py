"""Alerts about what stands still. They are opened, counted and closed by looking at what is, so that none outlives its
cause and a thousand documents that wait for one thing are one alert."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from hub.installation import Installation
from hub.store import events as event_store
from hub.store import health, schedule
from hub.store import invoices as invoice_store
from hub.store.events import OVERDUE, PAID, PARKED, UNANSWERED, Standing

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
        event_store.keep_alerts(tx, PAID, _paid_otherwise(tx), now)
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
    found = {}
    for row in health.unacknowledged(tx, now):
        about = f" of order {row.order_number}" if row.order_number else ""
        told = f"{row.partner} has not acknowledged our {row.set_id}{about}, control number {row.control}."
        due = f" It was due {row.acknowledge_by:%Y-%m-%d %H:%M} UTC."
        found[f"{OVERDUE}{row.id}"] = Standing("acknowledgement.overdue", told + due, row.connection_id)
    return found


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


def _paid_otherwise(tx: Connection) -> dict[str, Standing]:
    """One cause for each invoice of which another amount was paid than it is about."""
    return {
        f"{PAID}{row.id}": Standing(
            "remittance.amount-differs",
            f"{row.paid:f} of {row.due:f} {row.currency or ''} is paid of invoice {row.number}.",
            row.connection_id,
        )
        for row in invoice_store.paid_otherwise(tx)
    }
