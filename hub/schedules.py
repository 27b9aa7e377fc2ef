"""When a flow is due. Pure: a schedule, a zone and an instant give the next instant.

A schedule is an interval (`every 30s`, `every 5m`, `every 2h`, `every 1d`) or a cron expression of five fields
(minute, hour, day of month, month, day of week; crontab(5)) in the flow's own time zone. Intervals stand on a fixed
grid of UTC, so they know no daylight saving. Cron across a change of the clock, as in Vixie cron:

- a time the clock skips runs at the first instant after the gap, and a time it shows twice runs the first time,
  where the hour is named: a nightly job runs once each night;
- where the hour is a wildcard (`*`, `*/2`) slots follow the clock: none inside a gap, all of a repeated hour.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from hub.errors import Refused

_INTERVAL = re.compile(r"every\s+(\d{1,6})\s*(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_HORIZON_DAYS = 366 * 8 + 2  # the longest pause of a valid expression: 29 February over a year that is no leap year
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class ScheduleError(Refused):
    """A schedule or a time zone that cannot be read; the code says which."""


@dataclass(frozen=True)
class Interval:
    """Every so many seconds."""

    seconds: int

    def after(self, zone: ZoneInfo, instant: dt.datetime) -> dt.datetime:
        """The first point of the grid after the instant."""
        passed = (instant - _EPOCH) // dt.timedelta(seconds=self.seconds)
        return _EPOCH + dt.timedelta(seconds=(passed + 1) * self.seconds)


@dataclass(frozen=True)
class Cron:
    """The five fields as sets, and whether hour and days were given or left open."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_hour: bool
    any_day: bool
    any_weekday: bool

    def after(self, zone: ZoneInfo, instant: dt.datetime) -> dt.datetime:
        """The first slot after the instant."""
        # A day earlier: around a change of the clock, a slot of the local day before may still be to come.
        day = instant.astimezone(zone).date() - dt.timedelta(days=1)
        for _ in range(_HORIZON_DAYS):
            if self._on(day):
                slot = min((slot for slot in self._slots(day, zone) if slot > instant), default=None)
                if slot is not None:
                    return slot
            day += dt.timedelta(days=1)
        raise ScheduleError("schedule.never", "This schedule names a day that no year has.")

    def _on(self, day: dt.date) -> bool:
        if day.month not in self.months:
            return False
        in_month, in_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if self.any_day or self.any_weekday:
            return in_month and in_week
        return in_month or in_week  # both given: either one is enough, as crontab(5) has it

    def _slots(self, day: dt.date, zone: ZoneInfo) -> Iterator[dt.datetime]:
        for hour in self.hours:
            for minute in self.minutes:
                wall = dt.datetime.combine(day, dt.time(hour, minute), zone)
                first = wall.astimezone(dt.UTC)
                if first.astimezone(zone).replace(tzinfo=None) != wall.replace(tzinfo=None):
                    if not self.any_hour:
                        yield _end_of_gap(wall)
                    continue
                yield first
                if self.any_hour:
                    yield wall.replace(fold=1).astimezone(dt.UTC)


def next_slot(schedule: str, zone: str, after: dt.datetime) -> dt.datetime:
    """The first slot after an instant, in UTC; slots missed before it are not made up. Raises `ScheduleError`."""
    return parse(schedule).after(time_zone(zone), after.astimezone(dt.UTC))


@lru_cache(maxsize=512)
def parse(schedule: str) -> Interval | Cron:
    """Read a schedule. Raises `ScheduleError` that names what is wrong."""
    words = schedule.strip().lower()
    if words.startswith("every"):
        match = _INTERVAL.fullmatch(words)
        if match is None or int(match[1]) == 0:
            raise ScheduleError("schedule.invalid", f"{schedule!r} is no interval; write `every 30s` or `every 5m`.")
        return Interval(int(match[1]) * _SECONDS[match[2]])
    fields = words.split()
    if len(fields) != 5:
        raise ScheduleError(
            "schedule.invalid",
            f"{schedule!r} is neither an interval (`every 5m`) nor cron with five fields (`15 6 * * mon-fri`).",
        )
    weekdays = {day % 7 for day in _field(fields[4], 0, 7, "day of week", _DAYS, 0)}  # 7 is Sunday too
    return Cron(
        minutes=tuple(sorted(_field(fields[0], 0, 59, "minute"))),
        hours=tuple(sorted(_field(fields[1], 0, 23, "hour"))),
        days=frozenset(_field(fields[2], 1, 31, "day of month")),
        months=frozenset(_field(fields[3], 1, 12, "month", _MONTHS, 1)),
        weekdays=frozenset(weekdays),
        any_hour=fields[1].startswith("*"),
        any_day=fields[2].startswith("*"),
        any_weekday=fields[4].startswith("*"),
    )


@lru_cache(maxsize=512)
def time_zone(name: str) -> ZoneInfo:
    """The IANA time zone of that name. Raises `ScheduleError`."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ScheduleError("schedule.zone", f"{name!r} is not a time zone; write one like Europe/Paris.") from error


def _field(text: str, low: int, high: int, name: str, words: list[str] | None = None, base: int = 0) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        try:
            start = low if first == "*" else _number(first, words, base)
            end = high if first == "*" or (step and not dash) else _number(last, words, base) if dash else start
            every = int(step) if "/" in part else 1
        except ValueError:
            start, end, every = 1, 0, 0
        if not (low <= start <= end <= high and every >= 1) or (first == "*" and dash):
            raise ScheduleError("schedule.invalid", f"{part!r} is no {name}: expected {low} to {high}, *, a-b or */n.")
        found.update(range(start, end + 1, every))
    return found


def _number(text: str, words: list[str] | None, base: int) -> int:
    return words.index(text) + base if words and text in words else int(text)


def _end_of_gap(wall: dt.datetime) -> dt.datetime:
    """The instant at which the clock jumped over this wall time."""
    # PEP 495: inside a gap, fold 0 reads the time with the offset before the jump and fold 1 with the one after it,
    # so that the jump lies between the two readings. It is on a whole minute.
    zone, after = wall.tzinfo, wall.replace(fold=1).utcoffset()
    low, high = (wall.replace(fold=fold).astimezone(dt.UTC) for fold in (1, 0))
    while high - low > dt.timedelta(minutes=1):
        middle = low + (high - low) / 2
        low, high = (low, middle) if middle.astimezone(zone).utcoffset() == after else (middle, high)
    return high.replace(second=0, microsecond=0)
