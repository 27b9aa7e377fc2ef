"""Delivers signed webhooks from background threads: retries, and on request duplicates, reorders and drops."""

from __future__ import annotations

import heapq
import http.client
import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

SETTINGS = ("duplicate", "reorder", "drop", "retry_seconds", "timeout_seconds", "seed")


@dataclass
class Delivery:
    """One webhook on its way. `headers` makes the headers of an attempt, so a retry can carry a fresh time."""

    subscription: str
    topic: str
    address: str
    body: bytes
    headers: Callable[[], dict[str, str]]
    attempt: int = 0


@dataclass
class Plan:
    """Rates 0..1. A reordered delivery waits up to two seconds; a dropped one is never sent."""

    duplicate: float = 0.0
    reorder: float = 0.0
    drop: float = 0.0
    retry_seconds: list[float] = field(default_factory=lambda: [1, 2, 4, 8, 16, 32, 64, 128])
    timeout_seconds: float = 5.0
    seed: int = 1


class Courier:
    """`on_dead(subscription)` is called when a delivery has used up its retries."""

    def __init__(self, on_dead: Callable[[str], None], threads: int = 2) -> None:
        self.plan = Plan()
        self.stats: Counter[str] = Counter()
        self._on_dead = on_dead
        self._random = random.Random(self.plan.seed)
        self._heap: list[tuple[float, int, Delivery]] = []
        self._order = itertools.count()
        self._wake = threading.Condition()
        for number in range(threads):
            threading.Thread(target=self._work, daemon=True, name=f"courier-{number}").start()

    def configure(self, body: dict[str, Any]) -> dict[str, Any]:
        if unknown := set(body) - set(SETTINGS):
            raise ValueError(f"unknown webhook settings: {sorted(unknown)}; known: {', '.join(SETTINGS)}")
        for name, value in body.items():
            setattr(self.plan, name, value)
        if "seed" in body:
            self._random = random.Random(self.plan.seed)
        return self.describe()

    def describe(self) -> dict[str, Any]:
        return {**vars(self.plan), "waiting": len(self._heap), "stats": dict(self.stats)}

    def send(self, delivery: Delivery) -> None:
        with self._wake:
            self.stats["events"] += 1
            if self._random.random() < self.plan.drop:
                self.stats["dropped"] += 1
                return
            copies = 1
            if self._random.random() < self.plan.duplicate:
                self.stats["duplicated"] += 1
                copies = 2
            for _ in range(copies):
                delay = 0.0
                if self._random.random() < self.plan.reorder:
                    self.stats["reordered"] += 1
                    delay = self._random.uniform(0.05, 2)
                self._push(delay, delivery)

    def _push(self, delay: float, delivery: Delivery) -> None:
        heapq.heappush(self._heap, (time.monotonic() + delay, next(self._order), delivery))
        self._wake.notify()

    def _work(self) -> None:
        connections: dict[str, http.client.HTTPConnection] = {}
        while True:
            delivery = self._next()
            status = self._attempt(delivery, connections)
            with self._wake:
                self.stats["attempts"] += 1
                self.stats[f"status_{status or 'none'}"] += 1
            if not 200 <= status < 300:
                self._retry(delivery)

    def _next(self) -> Delivery:
        with self._wake:
            while True:
                if not self._heap:
                    self._wake.wait()
                    continue
                wait = self._heap[0][0] - time.monotonic()
                if wait <= 0:
                    return heapq.heappop(self._heap)[2]
                self._wake.wait(wait)

    def _retry(self, delivery: Delivery) -> None:
        with self._wake:
            if delivery.attempt < len(self.plan.retry_seconds):
                wait = self.plan.retry_seconds[delivery.attempt]
                self._push(wait, Delivery(delivery.subscription, delivery.topic, delivery.address, delivery.body,
                                          delivery.headers, delivery.attempt + 1))  # fmt: skip
                return
            self.stats["given_up"] += 1
        self._on_dead(delivery.subscription)

    def _attempt(self, delivery: Delivery, connections: dict[str, http.client.HTTPConnection]) -> int:
        """The HTTP status, 0 when there was no answer."""
        url = urlsplit(delivery.address)
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        for fresh in (False, True):  # a kept-alive connection may have been closed meanwhile
            connection = connections.get(url.netloc)
            reused = connection is not None and not fresh
            if connection is None or fresh:
                kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
                connection = connections[url.netloc] = kind(url.netloc, timeout=self.plan.timeout_seconds)
            try:
                connection.request("POST", target, delivery.body, delivery.headers())
                answer = connection.getresponse()
                answer.read()
                return answer.status
            except (OSError, http.client.HTTPException):
                connection.close()
                connections.pop(url.netloc, None)
                if not reused:
                    return 0
        return 0
