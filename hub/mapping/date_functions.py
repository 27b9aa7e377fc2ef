"""Functions over dates and instants. They read text by a pattern and give ISO 8601 text: `2026-11-22` for a local
date, `2026-11-22T10:00:00Z` for an instant, always UTC."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from hub.mapping.errors import Fault
from hub.mapping.functions import Parameter, function
from hub.mapping.number_functions import number
from hub.mapping.runtime import as_text

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_READ = {
    "YYYY": r"(?P<Y>\d{4})", "YY": r"(?P<y>\d{2})", "MMM": r"(?P<b>[A-Za-z]{3})", "MM": r"(?P<M>\d{2})",
    "M": r"(?P<M>\d{1,2})", "DD": r"(?P<D>\d{2})", "D": r"(?P<D>\d{1,2})", "HH": r"(?P<h>\d{2})",
    "mm": r"(?P<m>\d{2})", "ss": r"(?P<s>\d{2})", "Z": r"(?P<z>Z|[+-]\d{2}:?\d{2})",
}  # fmt: skip
_WRITE: dict[str, Callable[[datetime], str]] = {
    "YYYY": lambda t: f"{t.year:04d}", "YY": lambda t: f"{t.year % 100:02d}",
    "MMM": lambda t: _MONTHS[t.month - 1].capitalize(), "MM": lambda t: f"{t.month:02d}", "M": lambda t: str(t.month),
    "DD": lambda t: f"{t.day:02d}", "D": lambda t: str(t.day), "HH": lambda t: f"{t.hour:02d}",
    "mm": lambda t: f"{t.minute:02d}", "ss": lambda t: f"{t.second:02d}", "Z": lambda t: t.strftime("%z"),
}  # fmt: skip
_PART = re.compile("YYYY|YY|MMM|MM|M|DD|D|HH|mm|ss|Z|.", re.DOTALL)

_UTC_FORM = re.compile(r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):\d\d:\d\dZ", re.ASCII).fullmatch

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799  # of the years 1 to 9999

DateFunction = Callable[..., Any]


def _parts(pattern: str, known: dict[str, Any]) -> list[str]:
    parts = _PART.findall(pattern)
    if not any(part in known for part in parts):
        raise ValueError("a pattern is made of YYYY YY MM DD HH mm ss, MMM for Jan and Z for an offset")
    named = [part[0] for part in parts if part in known]
    if len(named) != len(set(named)):
        raise ValueError("a pattern names each part once")
    if unknown := next((part for part in parts if part.isalpha() and part not in known and part != "T"), None):
        raise ValueError(f"`{unknown}` means nothing in a pattern; it has YYYY YY MMM MM M DD D HH mm ss Z")
    return parts


def reader(pattern: str) -> Callable[[str], datetime | None]:
    """Reads text by a pattern; the result is aware when the text brings an offset."""
    parts = _parts(pattern, _READ)
    expression = re.compile("".join(_READ.get(part) or re.escape(part) for part in parts), re.ASCII)

    def read(text: str) -> datetime | None:
        match = expression.fullmatch(text)
        if match is None:
            return None
        found = match.groupdict()
        year = int(found["Y"]) if "Y" in found else _century(int(found.get("y") or 70))
        month = _month(found["b"]) if "b" in found else int(found.get("M") or 1)
        hour, minute, second = (int(found.get(part) or 0) for part in ("h", "m", "s"))
        moment = datetime(year, month, int(found.get("D") or 1), hour, minute, second)  # noqa: DTZ001  (local)
        return moment.replace(tzinfo=_offset(found["z"])) if "z" in found else moment

    return read


def _century(year: int) -> int:
    return 2000 + year if year < 70 else 1900 + year


def _month(name: str) -> int:
    return _MONTHS.index(name.lower()) + 1


def _offset(text: str) -> Any:
    return datetime.fromisoformat("2000-01-01T00:00:00" + text).tzinfo


@lru_cache(maxsize=256)
def zone_of(name: str) -> ZoneInfo:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_+\-]*(/[A-Za-z0-9_+\-]+){0,2}", name) or len(name) > 64:
        raise Fault("mapping.zone", "not the name of a time zone, such as America/New_York")
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise Fault("mapping.zone", "no such time zone; write one like America/New_York") from None


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


@function(Parameter("pattern", default=""))
def date_(pattern: str) -> DateFunction:
    """A local date, read by a pattern; without one, ISO (2026-11-22 or 20261122; of an instant, its date in UTC)."""
    read = reader(pattern) if pattern else _iso

    def run(value: Any) -> str:
        if isinstance(value, date):
            return to_moment(value).date().isoformat()
        moment = read(as_text(value).strip())
        if moment is None:
            raise Fault("mapping.date", f"not a date{' like ' + pattern if pattern else ' in ISO form'}")
        return (moment.astimezone(UTC) if moment.tzinfo else moment).date().isoformat()

    return run


@function(Parameter("pattern", default=""), Parameter("zone", "value", default=None), name="datetime")
def datetime_(pattern: str) -> DateFunction:
    """An instant in UTC, read by a pattern or as ISO; a text without an offset needs a zone."""
    read = reader(pattern) if pattern else _iso

    def run(value: Any, zone: Any = None) -> str:
        moment = to_moment(value) if isinstance(value, date) else read(as_text(value).strip())
        if moment is not None and not pattern and type(value) is str and _UTC_FORM(value):
            return value
        if moment is None:
            raise Fault("mapping.date", f"not a date and time{' like ' + pattern if pattern else ' in ISO form'}")
        if moment.tzinfo is None:
            if zone is None:
                raise Fault("mapping.zone-missing", "a time without an offset; say datetime(..., zone='Europe/Paris')")
            moment = moment.replace(tzinfo=zone_of(as_text(zone)))
        return _utc(moment)

    return run


@function(Parameter("unit", "word", default="seconds", choices=("seconds", "milliseconds")))
def from_epoch(unit: str) -> DateFunction:
    """An instant from the seconds, or milliseconds, since 1970."""
    per_second = 1000 if unit == "milliseconds" else 1

    def run(value: Any) -> str:
        count = number(value)
        seconds, rest = divmod(count, per_second)
        if not _FIRST_SECOND <= seconds <= _LAST_SECOND:
            raise Fault("mapping.date", "no time that a calendar has")
        return _utc(_EPOCH + timedelta(seconds=int(seconds), microseconds=int(rest * 1_000_000 / per_second)))

    return run


def _utc(moment: datetime) -> str:
    text = moment.astimezone(UTC).isoformat()
    return text.removesuffix("+00:00") + "Z"


def to_moment(value: Any) -> datetime:
    """A canonical date or instant as a datetime; an instant is in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001  (a local date)
    moment = _iso(as_text(value).strip())
    if moment is None:
        raise Fault("mapping.date", "not a date in ISO form")
    return moment.astimezone(UTC) if moment.tzinfo else moment


@function(Parameter("pattern"), Parameter("zone", "value", default=None))
def format_date(pattern: str) -> DateFunction:
    """Writes an ISO date or instant by a pattern; an instant in UTC, or in the zone given."""
    write = [_WRITE.get(part, part) for part in _parts(pattern, _WRITE)]

    def run(value: Any, zone: Any = None) -> str:
        moment = to_moment(value)
        if zone is not None and moment.tzinfo is not None:
            moment = moment.astimezone(zone_of(as_text(zone)))
        return "".join(part if isinstance(part, str) else part(moment) for part in write)

    return run


@function(Parameter("days", "integer", low=-3660, high=3660))
def add_days(days: int) -> DateFunction:
    """An ISO date some days later, or earlier."""
    return lambda v: (to_moment(v).date() + timedelta(days=days)).isoformat()
