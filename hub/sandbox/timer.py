"""Runs callables at a later time on one background thread."""

from __future__ import annotations

import heapq
import itertools
import sys
import threading
import time
import traceback
from collections.abc import Callable

Action = Callable[[], None]


class Timer:
    """A heap of due actions. An action that raises is reported on stderr and does not stop the others."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Action]] = []
        self._order = itertools.count()
        self._wake = threading.Condition()
        threading.Thread(target=self._run, daemon=True, name="timer").start()

    def after(self, seconds: float, action: Action) -> None:
        with self._wake:
            heapq.heappush(self._due, (time.monotonic() + seconds, next(self._order), action))
            self._wake.notify()

    def __len__(self) -> int:
        with self._wake:
            return len(self._due)

    def _run(self) -> None:
        while True:
            action = self._next()
            try:
                action()
            except Exception:
                traceback.print_exc(file=sys.stderr)

    def _next(self) -> Action:
        with self._wake:
            while True:
                if not self._due:
                    self._wake.wait()
                    continue
                wait = self._due[0][0] - time.monotonic()
                if wait <= 0:
                    return heapq.heappop(self._due)[2]
                self._wake.wait(wait)
