"""The overview: is everything flowing, what needs a person, is it getting better or worse."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from hub.store import overview
from hub.store.events import PARKED
from hub.views.completeness import CompletenessRow, completeness, completeness_table
from hub.views.status import Status, Tone

__all__ = ["AlertView", "Need", "Overview", "alerts_of", "completeness", "needs_of", "overview_of"]

BEHIND = dt.timedelta(minutes=2)
"""Work that should have begun this long ago means that no worker takes it."""


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that waits for a person: how many, since when, and where to go.

    `kind`: connection, alert, parked, unmade or held.
    """

    kind: str
    text: str
    code: str
    count: int
    since: dt.datetime | None
    tone: Tone
    page: str
    query: dict[str, str]


@dataclass(frozen=True, slots=True)
class Series:
    """Counts per slot of the shared time axis."""

    name: str
    tone: Tone
    counts: list[int]
    total: int
    earlier: int
    window: str

    def label(self, value: int) -> str:
        """The noun beside a count."""
        word = {"parked": "document parked"}.get(self.name, self.name[:-1])
        return word if value == 1 else self.name if self.name != "parked" else "documents parked"

    @property
    def compared(self) -> str:
        """The difference to the same span before, in words."""
        difference = self.total - self.earlier
        if not self.earlier or not difference:
            return f"{self.earlier or 'none'} in the {self.window} before"
        return f"{abs(difference):,} {'more' if difference > 0 else 'fewer'} than the {self.window} before"


@dataclass(frozen=True, slots=True)
class Trend:
    """What came over time. `slots` are the beginnings of the slots; `earlier` counts the same span before."""

    window: str
    slots: list[dt.datetime]
    until: dt.datetime
    series: list[Series]


@dataclass(frozen=True, slots=True)
class Overview:
    """The whole page."""

    status: Status
    headline: str
    pending: int
    running: int
    due: int
    behind_since: dt.datetime | None
    outbound_stopped: bool
    needs: list[Need]
    completeness: list[CompletenessRow]
    trend: Trend
    empty: bool


WINDOWS = {
    "hour": (dt.timedelta(minutes=2), 30),
    "day": (dt.timedelta(hours=1), 24),
    "week": (dt.timedelta(hours=6), 28),
}


def overview_of(connection: Connection, merchant_id: int | None, now: dt.datetime, window: str = "") -> Overview:
    """Everything the overview shows. `window`: hour, day, week; empty: hour in the first two hours, then day."""
    first = overview.first_activity(connection, merchant_id)
    if window not in WINDOWS:
        window = "hour" if first is None or now - first < dt.timedelta(hours=2) else "day"
    needs = needs_of(connection, merchant_id)
    work = overview.backlog(connection, merchant_id, now)
    stopped = overview.outbound_stopped(connection)
    behind = work.oldest if work.oldest is not None and now - work.oldest > BEHIND else None
    table = completeness_table(connection, merchant_id, now)
    status, headline = _judge(needs, behind, stopped, int(work.pending) + int(work.running), table)
    return Overview(
        status=status,
        headline=headline,
        pending=int(work.pending),
        running=int(work.running),
        due=int(work.due),
        behind_since=behind,
        outbound_stopped=stopped,
        needs=needs,
        completeness=table,
        trend=_trend(connection, merchant_id, now, window),
        empty=first is None,
    )


def _judge(
    needs: list[Need], behind: dt.datetime | None, stopped: bool, live: int, table: list[CompletenessRow]
) -> tuple[Status, str]:
    failed = [need for need in needs if need.kind == "connection"]
    waiting = sum(need.count for need in needs)
    if failed:
        return Status(Tone.FAILED), f"Not flowing: {failed[0].text}"
    if behind is not None:
        return Status(Tone.FAILED), "Work is due and nobody takes it. Is the worker running?"
    if stopped:
        return Status(Tone.PAUSED), "Outbound is stopped: documents come in and are worked on, nothing is sent."
    if any(each.status.tone is Tone.FAILED for each in table):
        return Status(Tone.FAILED), "Something does not add up: see the red rows below."
    if waiting:
        things = "1 thing waits" if waiting == 1 else f"{waiting} things wait"
        return Status(Tone.WAITING), f"Flowing, and {things} for a person."
    if live:
        return Status(Tone.FLOWING), "Everything is flowing."
    return Status(Tone.DONE), "All work is done."


@dataclass(frozen=True, slots=True)
class AlertView:
    """Something that one thing to mend caused, however often."""

    code: str
    detail: str
    connection: str | None
    opened: dt.datetime
    count: int


def alerts_of(connection: Connection, merchant_id: int | None) -> list[AlertView]:
    """Alerts nobody closed, newest first."""
    return [
        AlertView(row.code, row.detail, row.connection, row.opened_at, row.times)
        for row in _open_alerts(connection, merchant_id)
    ]


def _open_alerts(connection: Connection, merchant_id: int | None) -> list[Any]:
    """Without those about parked documents: these stand beside the alerts, by their codes."""
    rows = overview.open_alerts(connection, merchant_id)
    return [row for row in rows if not row.cause.startswith(PARKED)]


def _alerting(connection: Connection, merchant_id: int | None) -> list[Need]:
    """One need for each code, with the newest alert's words."""
    found: dict[str, Need] = {}
    for row in _open_alerts(connection, merchant_id):
        first = found.setdefault(
            row.code,
            Need("alert", row.detail, row.code, 0, row.opened_at, Tone.FAILED, "console.attention", {}),
        )
        found[row.code] = replace(first, count=first.count + row.times, since=row.opened_at)
    return list(found.values())


def needs_of(connection: Connection, merchant_id: int | None) -> list[Need]:
    """What waits for a person, the worst first."""
    found = []
    for each in overview.connection_rows(connection, merchant_id):
        if each.trouble and each.mode != "off":
            text = f"{each.name}: {each.trouble_detail or each.trouble}"
            found.append(Need("connection", text, each.trouble, 1, None, Tone.FAILED, "console.connections", {}))
    troubles = {need.code for need in found}
    found += [need for need in _alerting(connection, merchant_id) if need.code not in troubles]
    for group in overview.parked_by_reason(connection, merchant_id):
        query = {"reason": group.reason} if group.reason else {}
        found.append(
            Need(
                "parked",
                "",
                group.reason or "",
                group.total,
                group.first,
                Tone.FAILED,
                "console.attention",
                query,
            )
        )
    for code, rows in _unmade(connection, merchant_id).items():
        query = {"reason": code} if code else {}
        found.append(Need("unmade", "", code, len(rows), min(rows), Tone.FAILED, "console.attention", query))
    for hold in overview.open_holds(connection, merchant_id):
        found.append(
            Need(
                "held",
                "",
                hold.code,
                hold.total,
                hold.first,
                Tone.WAITING,
                "console.attention",
                {"reason": hold.code},
            )
        )
    return found


def _unmade(connection: Connection, merchant_id: int | None) -> dict[str, list[dt.datetime]]:
    found: dict[str, list[dt.datetime]] = {}
    for each in overview.parked_deliveries(connection, merchant_id):
        found.setdefault(str((each.error or {}).get("code", "")), []).append(each.finished_at or each.created_at)
    return found


def _trend(connection: Connection, merchant_id: int | None, now: dt.datetime, window: str) -> Trend:
    step, count = WINDOWS[window]
    seconds = int(step.total_seconds())
    end = dt.datetime.fromtimestamp((int(now.timestamp()) // seconds + 1) * seconds, dt.UTC)
    edges = [end - step * n for n in range(count, -1, -1)]
    counts = overview.over_time(connection, merchant_id, edges)
    span = end - edges[0]
    before: dict[str, Any] = overview.over_time(connection, merchant_id, [edges[0] - span, now - span])
    names = (("orders", Tone.FLOWING), ("shipments", Tone.DONE), ("parked", Tone.FAILED))
    series = [Series(name, tone, counts[name], sum(counts[name]), before[name][0], window) for name, tone in names]
    return Trend(window, edges[:-1], end, series)
