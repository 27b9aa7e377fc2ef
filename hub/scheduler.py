"""Turns due flows into pull jobs, and looks after what may have changed unsaid: webhooks, mappings, alerts. Every
worker process ticks; each slot is won by one of them.

What makes this safe is the compare-and-swap on `flows.next_due`, in the transaction that adds the job: a slot is either
won with its job or still due. However many slots were missed, one job is added.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import Connection, Row

from hub import jobs
from hub.flows import alerts
from hub.flows.inbound.mended import read_mended, write_mended
from hub.flows.outbound import stock_feed
from hub.flows.setup import keep_subscribed
from hub.installation import Installation
from hub.schedules import ScheduleError, next_slot
from hub.store import events, schedule

__all__ = ["Scheduler", "next_slot", "tick"]

TICK_SECONDS = 1.0
WATCH_MINUTES = 10
"""How often dropped webhook subscriptions are looked for."""
MENDED_MINUTES = 1
"""How often documents that their mapping could not read or write are compared with the mapping of now."""
ALERT_MINUTES = 1
"""How often alerts are compared with what stands still."""
STOCK_MINUTES = 1
"""How often agreements on stock are given a job for their next slot."""
log = structlog.get_logger()


class Scheduler:
    """The clock of one process. Its memory holds nothing but the tick: the slots stand in the database."""

    def __init__(self, installation: Installation, seconds: float = TICK_SECONDS) -> None:
        self._installation = installation
        self._clock = BackgroundScheduler(timezone=dt.UTC)
        self._clock.add_job(self._tick, "interval", seconds=seconds, coalesce=True, max_instances=1)
        watches: list[tuple[Callable[[Installation], object], int]] = [
            (keep_subscribed, WATCH_MINUTES),
            (read_mended, MENDED_MINUTES),
            (write_mended, MENDED_MINUTES),
            (alerts.look, ALERT_MINUTES),
            (stock_feed.queue, STOCK_MINUTES),
        ]
        for watch, minutes in watches:
            self._clock.add_job(self._watch, "interval", [watch], minutes=minutes, coalesce=True, max_instances=1)

    def start(self) -> None:
        """Tick in a thread of its own, the first time at once."""
        self._clock.start()
        self._clock.get_jobs()[0].modify(next_run_time=dt.datetime.now(dt.UTC))

    def stop(self) -> None:
        """Wait for a tick that runs, and stop."""
        self._clock.shutdown(wait=True)

    def _watch(self, watch: Callable[[Installation], object]) -> None:
        try:
            watch(self._installation)
        except Exception as error:
            log.warning("scheduler.watch-failed", watch=watch.__name__, error=type(error).__name__)

    def _tick(self) -> None:
        try:
            tick(self._installation)
        except Exception as error:
            # The next tick comes in a second; a database that is away for a moment must not end the clock.
            log.warning("scheduler.tick-failed", error=f"{type(error).__name__}: {error}")


def tick(installation: Installation) -> int:
    """Win what is due now and add the pull jobs of inbound flows. Gives the number of jobs that are new."""
    now = installation.now()
    with installation.db.read() as tx:
        waiting = schedule.due(tx, now)
    if not waiting:
        return 0
    with installation.db.write() as tx:
        return sum(_take(tx, flow, now) for flow in waiting)


def _take(tx: Connection, flow: Row[Any], now: dt.datetime) -> bool:
    cause = f"schedule/{flow.id}"
    try:
        following = next_slot(flow.schedule, flow.timezone, now)
    except ScheduleError as error:
        # Told once an hour, and tried again: the rest of the flows must not wait for this one.
        if schedule.win(tx, flow.id, flow.next_due, now + dt.timedelta(hours=1)):
            events.alert(tx, cause, error.code, f"{flow.kind}: {error.sentence}", now, flow.connection_id)
        return False
    won = schedule.win(tx, flow.id, flow.next_due, following)
    # What goes out is queued when it comes up, due at its flow's next slot: there only the slot moves.
    return won and flow.direction == "in" and jobs.pull(tx, flow, now)
