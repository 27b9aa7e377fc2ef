"""A limit on how often something may be tried, kept in the memory of the one web process."""

from __future__ import annotations

import datetime as dt
import threading
from collections import deque

MOST_KEYS = 10_000


class Throttle:
    """At most `limit` tries per `window` for each key (an address, a name)."""

    def __init__(self, limit: int = 10, window: dt.timedelta = dt.timedelta(minutes=5)) -> None:
        self._limit = limit
        self._window = window
        self._tries: dict[str, deque[dt.datetime]] = {}
        self._lock = threading.Lock()

    def wait(self, key: str, now: dt.datetime) -> float:
        """Count a try: 0 when it may go ahead, else seconds until the next one may. A refused try does not count."""
        with self._lock:
            tries = self._tries.setdefault(key, deque())
            while tries and tries[0] <= now - self._window:
                tries.popleft()
            if len(tries) >= self._limit:
                return (tries[0] + self._window - now).total_seconds()
            tries.append(now)
            if len(self._tries) > MOST_KEYS:
                self._forget(now)
            return 0.0

    def clear(self, key: str) -> None:
        """Forget the tries of a key, after one that succeeded."""
        with self._lock:
            self._tries.pop(key, None)

    def _forget(self, now: dt.datetime) -> None:
        for key in [key for key, tries in self._tries.items() if tries[-1] <= now - self._window]:
            del self._tries[key]
