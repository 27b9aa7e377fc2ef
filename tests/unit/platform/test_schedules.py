"""Cron and intervals in the flow's own time zone, right across changes of the clock."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.schedules import ScheduleError, next_slot

PARIS = "Europe/Paris"  # 2026-03-29 02:00 -> 03:00, 2026-10-25 03:00 -> 02:00


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def slots(schedule: str, zone: str, after: str, count: int) -> list[str]:
    found, instant = [], utc(after)
    for _ in range(count):
        instant = next_slot(schedule, zone, instant)
        found.append(instant.astimezone(ZoneInfo(zone)).strftime("%m-%d %H:%M%z"))
    return found


def test_intervals_stand_on_a_grid() -> None:
    assert next_slot("every 5m", PARIS, utc("2026-01-01 10:02:11")) == utc("2026-01-01 10:05")
    assert next_slot("every 30s", PARIS, utc("2026-01-01 10:05")) == utc("2026-01-01 10:05:30")
    assert next_slot("every 2h", "UTC", utc("2026-01-01 10:05")) == utc("2026-01-01 12:00")


def test_cron_is_read_in_the_flows_zone() -> None:
    assert slots("15 6 * * mon-fri", PARIS, "2026-01-02 12:00", 2) == ["01-05 06:15+0100", "01-06 06:15+0100"]
    assert slots("0 0 1 jan,jul *", "America/New_York", "2026-01-02 12:00", 1) == ["07-01 00:00-0400"]
    assert slots("0 12 * * 7", "UTC", "2026-01-01 00:00", 1) == ["01-04 12:00+0000"]
    assert slots("0 12 13 * fri", "UTC", "2026-01-01 00:00", 3) == [
        "01-02 12:00+0000",
        "01-09 12:00+0000",
        "01-13 12:00+0000",
    ]
    assert slots("10/20 0-2/2 * * *", "UTC", "2026-01-01 00:00", 4) == [
        "01-01 00:10+0000",
        "01-01 00:30+0000",
        "01-01 00:50+0000",
        "01-01 02:10+0000",
    ]


def test_in_spring_a_nightly_slot_that_the_clock_skips_runs_after_the_gap() -> None:
    assert slots("30 2 * * *", PARIS, "2026-03-27 12:00", 4) == [
        "03-28 02:30+0100",
        "03-29 03:00+0200",
        "03-30 02:30+0200",
        "03-31 02:30+0200",
    ]


def test_in_spring_slots_of_every_hour_leave_the_gap_out() -> None:
    assert slots("*/30 * * * *", PARIS, "2026-03-29 00:00", 4) == [
        "03-29 01:30+0100",
        "03-29 03:00+0200",
        "03-29 03:30+0200",
        "03-29 04:00+0200",
    ]
    assert slots("30 * * * *", PARIS, "2026-03-29 00:00", 2) == ["03-29 01:30+0100", "03-29 03:30+0200"]


def test_in_autumn_a_nightly_slot_runs_once() -> None:
    assert slots("30 2 * * *", PARIS, "2026-10-24 12:00", 2) == ["10-25 02:30+0200", "10-26 02:30+0100"]


def test_in_autumn_slots_of_every_hour_run_in_both() -> None:
    assert slots("30 * * * *", PARIS, "2026-10-24 23:45", 4) == [
        "10-25 02:30+0200",
        "10-25 02:30+0100",
        "10-25 03:30+0100",
        "10-25 04:30+0100",
    ]


def test_a_gap_at_midnight_keeps_its_day() -> None:
    # Santiago: 2026-09-06 00:00 -> 01:00
    assert slots("15 0 * * *", "America/Santiago", "2026-09-05 12:00", 2) == ["09-06 01:00-0300", "09-07 00:15-0300"]


def test_missed_slots_coalesce() -> None:
    assert next_slot("every 1m", "UTC", utc("2026-01-03 07:00:30")) == utc("2026-01-03 07:01")


def test_a_leap_day_is_found() -> None:
    assert next_slot("0 0 29 2 *", "UTC", utc("2097-01-01")) == utc("2104-02-29")


@pytest.mark.parametrize(
    ("schedule", "zone", "code"),
    [
        ("every 0s", "UTC", "schedule.invalid"),
        ("every minute", "UTC", "schedule.invalid"),
        ("* * * *", "UTC", "schedule.invalid"),
        ("60 * * * *", "UTC", "schedule.invalid"),
        ("5-1 * * * *", "UTC", "schedule.invalid"),
        ("*/0 * * * *", "UTC", "schedule.invalid"),
        ("*-5 * * * *", "UTC", "schedule.invalid"),
        ("1,, * * * *", "UTC", "schedule.invalid"),
        ("0 0 31 2 *", "UTC", "schedule.never"),
        ("0 0 * * *", "Mars/Olympus", "schedule.zone"),
        ("0 0 * * *", "../../etc/passwd", "schedule.zone"),
    ],
)
def test_what_cannot_be_read_says_so(schedule: str, zone: str, code: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        next_slot(schedule, zone, utc("2026-01-01"))
    assert caught.value.code == code


@given(
    st.sampled_from([PARIS, "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"]),
    st.integers(0, 23),
    st.integers(0, 59),
    st.sampled_from(["2026-03-01", "2026-10-01", "2027-02-25"]),
)
def test_a_daily_slot_comes_once_each_local_day(zone: str, hour: int, minute: int, start: str) -> None:
    found, instant = [], utc(start)
    for _ in range(40):
        instant = next_slot(f"{minute} {hour} * * *", zone, instant)
        found.append(instant.astimezone(ZoneInfo(zone)).date())
    assert all(later - earlier == dt.timedelta(days=1) for earlier, later in pairwise(found))


@given(st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2027, 1, 1)), st.sampled_from([PARIS, "America/New_York"]))
def test_the_next_slot_is_the_first_one(after: dt.datetime, zone: str) -> None:
    instant = after.replace(tzinfo=dt.UTC)
    slot = next_slot("*/20 * * * *", zone, instant)
    assert instant < slot <= instant + dt.timedelta(minutes=20)
    assert next_slot("*/20 * * * *", zone, slot - dt.timedelta(microseconds=1)) == slot
