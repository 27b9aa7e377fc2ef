"""Alerts about what stands still. They are opened, counted and closed by looking at what is, so that none outlives its
cause and a thousand documents that wait for one thing are one alert."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection, Row

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
    """One cause for each connection and code of which documents are parked; it names the newest of them."""
    return {
        f"{PARKED}{group.connection_id}/{group.code}": Standing(
            group.code,
            _told(group),
            group.connection_id,
            group.count,
            opens=group.since <= now - PATIENCE,
        )
        for group in health.parked(tx)
    }


def _told(group: health.ParkedGroup) -> str:
    are = "document is" if group.count == 1 else "documents are"
    told = [f"{group.connection}: {group.count} {are} parked."]
    for row in group.newest:
        why = str((row.problem or {}).get("detail") or "").rstrip(".")
        told.append(f"{_named(row)}{f': {why}' if why else ''}. {_shown_by(row)}")
    if group.newest and group.count > len(group.newest):
        told.append(f"All: `hub messages list --state parked --reason {group.code}`.")
    return " ".join(told)


def _overdue(tx: Connection, now: dt.datetime) -> dict[str, Standing]:
    """One cause for each document that its partner should have acknowledged by now."""
    found = {}
    for row in health.unacknowledged(tx, now):
        due = f"It was due {row.acknowledge_by:%Y-%m-%d %H:%M} UTC."
        told = f"{row.partner} has not acknowledged this in time: {_named(row)}. {due} {_shown_by(row)}"
        found[f"{OVERDUE}{row.id}"] = Standing("acknowledgement.overdue", told, row.connection_id)
    return found


def _named(row: Row[Any]) -> str:
    """A document as its partner and we find it again: what it is, which order and shipment of ours it is about, and
    under which control numbers it came or went."""
    what = row.set_id or row.kind.replace("_", " ")
    way = ("Our", "to") if row.direction == "out" else ("The", "from")
    about = [f"{word} {value}" for word, value in (("order", row.order_number), ("shipment", row.shipment)) if value]
    known = about + [f"{word} {number}" for word, number in _control_numbers(row) if number]
    return ", ".join([f"{way[0]} {what} {way[1]} {row.partner or row.connection}", *(known or [row.external_id])])


def _control_numbers(row: Row[Any]) -> list[tuple[str, str | None]]:
    """What each of a document's control numbers counts, and the number; see the columns of messages."""
    if row.direction == "in":
        numbers = (row.control or "").rsplit("/", 2)
        return list(zip(("interchange", "group", "set"), numbers, strict=True)) if len(numbers) == 3 else []
    interchange, group = ((column or "").rpartition("/")[2] for column in (row.interchange or row.control, row.control))
    own_group = group if row.set_control and row.format != "edifact" else ""
    return [("interchange", interchange), ("group", own_group), ("set", row.set_control)]


def _shown_by(row: Row[Any]) -> str:
    return f"See `hub messages show {row.id}`."


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
