"""The cost bucket: it leaks at a rate per second and a request must find room for what it may cost."""

from __future__ import annotations

import threading
import time
from typing import Any

PLANS = {"standard": 100, "advanced": 200, "plus": 1000, "enterprise": 2000, "generous": 100_000}
"""Points restored per second; the bucket holds twenty seconds of them."""

MAX_QUERY_COST = 1000


class Bucket:
    """Leaky bucket of query cost. `available` never exceeds `maximum`."""

    def __init__(self, plan: str) -> None:
        self._lock = threading.Lock()
        self.configure(plan)

    def configure(self, plan: str) -> None:
        """Raises ValueError on an unknown plan."""
        if plan not in PLANS:
            raise ValueError(f"unknown plan {plan!r}; known: {', '.join(PLANS)}")
        with self._lock:
            self.plan = plan
            self.rate = float(PLANS[plan])
            self.maximum = self.rate * 20
            self.available = self.maximum
            self._at = time.monotonic()

    @property
    def single_query_limit(self) -> int | None:
        return None if self.plan == "generous" else MAX_QUERY_COST

    def take(self, cost: float) -> bool:
        """Reserve `cost` points; False when there is no room."""
        with self._lock:
            self._refill()
            if cost > self.available:
                return False
            self.available -= cost
            return True

    def give_back(self, cost: float) -> None:
        with self._lock:
            self._refill()
            self.available = min(self.maximum, self.available + cost)

    def empty(self) -> None:
        with self._lock:
            self.available, self._at = 0.0, time.monotonic()

    def status(self) -> dict[str, Any]:
        with self._lock:
            self._refill()
            return {"maximumAvailable": self.maximum, "currentlyAvailable": int(self.available),
                    "restoreRate": self.rate}  # fmt: skip

    def _refill(self) -> None:
        moment = time.monotonic()
        self.available = min(self.maximum, self.available + (moment - self._at) * self.rate)
        self._at = moment
