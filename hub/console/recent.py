"""What many viewers ask for again and again is worked out once for all of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

SHARE_OF_TIME = 10
"""An answer is kept for this many times as long as it took, so that refreshing takes a tenth of one thread at most."""


@dataclass(slots=True)
class _Answer:
    value: Any
    until: float


class Recent:
    """Answers by question, each worked out by one thread at a time."""

    def __init__(self) -> None:
        self._answers: dict[Hashable, _Answer] = {}
        self._locks: dict[Hashable, threading.Lock] = {}
        self._guard = threading.Lock()

    def get(self, question: Hashable, work_out: Callable[[], Any], *, anew: bool) -> Any:
        """The answer, worked out now if `anew` or if the last one is too old."""
        with self._guard:
            lock = self._locks.setdefault(question, threading.Lock())
        with lock:
            answer = self._answers.get(question)
            if not anew and answer is not None and time.monotonic() < answer.until:
                return answer.value
            began = time.monotonic()
            value = work_out()
            ended = time.monotonic()
            self._answers[question] = _Answer(value, ended + SHARE_OF_TIME * (ended - began))
            return value
