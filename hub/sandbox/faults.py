"""Faults a peer injects into its own answers, by rate or on demand."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hub.sandbox.httpd import Disconnect, Request, Response, json_response

KINDS = ("rate_429", "rate_500", "throttled", "drop_before", "drop_after", "timeout_after", "slow")
"""`drop_before`: the connection closes and nothing happened. `drop_after`: the effect took place, then the connection
closes. `timeout_after`: the effect took place, the answer is held back for `timeout_seconds`, then the connection
closes. `slow`: the answer comes, `slow_seconds` late. `throttled`: only the store knows it (HTTP 200 with an error)."""


@dataclass
class Forced:
    kind: str
    count: int = 1
    match: str = ""


@dataclass
class FaultPlan:
    """Rates per kind (0..1, picked from a seeded generator) and a list of forced faults that go first.

    `scope` limits the rates to "reads", "writes" or "all" requests.
    """

    rates: dict[str, float] = field(default_factory=dict)
    scope: str = "all"
    seed: int = 1
    slow_seconds: float = 0.5
    timeout_seconds: float = 5.0
    retry_after: float = 1
    forced: list[Forced] = field(default_factory=list)
    injected: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._lock = threading.Lock()

    def configure(self, body: dict[str, Any]) -> dict[str, Any]:
        """Replace the plan: a kind that is not named is off. Raises ValueError on an unknown name."""
        options = {"scope", "seed", "slow_seconds", "timeout_seconds", "retry_after"}
        if unknown := set(body) - set(KINDS) - options:
            raise ValueError(f"unknown fault settings: {sorted(unknown)}; known: {sorted({*KINDS, *options})}")
        with self._lock:
            self.rates = {kind: float(body[kind]) for kind in KINDS if body.get(kind)}
            for name in options & set(body):
                setattr(self, name, body[name])
            self._random = random.Random(self.seed)
        return self.describe()

    def force(self, body: dict[str, Any]) -> dict[str, Any]:
        """The next `count` requests whose label contains `match` suffer `kind`."""
        forced = Forced(str(body["kind"]), int(body.get("count", 1)), str(body.get("match", "")))
        if forced.kind not in KINDS:
            raise ValueError(f"unknown fault kind {forced.kind!r}; known: {', '.join(KINDS)}")
        with self._lock:
            self.forced.append(forced)
        return self.describe()

    def clear(self) -> dict[str, Any]:
        with self._lock:
            self.rates, self.forced, self.scope = {}, [], "all"
        return self.describe()

    def describe(self) -> dict[str, Any]:
        return {
            **{kind: self.rates.get(kind, 0) for kind in KINDS},
            "scope": self.scope, "seed": self.seed, "slow_seconds": self.slow_seconds,
            "timeout_seconds": self.timeout_seconds, "retry_after": self.retry_after,
            "forced": [vars(forced) for forced in self.forced], "injected": dict(self.injected),
        }  # fmt: skip

    def pick(self, label: str, write: bool) -> str | None:
        """The fault this request suffers, if any. `label` names the operation for `match`."""
        if not self.rates and not self.forced:
            return None
        with self._lock:
            kind = self._pick_forced(label) or self._pick_random(write)
            if kind:
                self.injected[kind] += 1
            return kind

    def _pick_forced(self, label: str) -> str | None:
        for forced in self.forced:
            if forced.match in label:
                forced.count -= 1
                if forced.count <= 0:
                    self.forced.remove(forced)
                return forced.kind
        return None

    def _pick_random(self, write: bool) -> str | None:
        if self.scope == ("reads" if write else "writes"):
            return None
        roll = self._random.random()
        for kind, rate in self.rates.items():
            if roll < rate:
                return kind
            roll -= rate
        return None

    def run(self, kind: str | None, request: Request, handle: Callable[[Request], Response]) -> Response:
        """Answer `request` with `handle` under the fault `kind`."""
        if kind is None:
            return handle(request)
        if kind == "rate_429":
            return json_response(
                {"errors": "Exceeded the rate limit; retry later"}, 429, Retry_After=str(self.retry_after)
            )
        if kind == "rate_500":
            return Response(self._random.choice((500, 502, 503)), b"<html>upstream error</html>", "text/html")
        if kind == "drop_before":
            raise Disconnect
        response = handle(request)
        if kind == "slow":
            time.sleep(self.slow_seconds)
            return response
        if kind == "timeout_after":
            time.sleep(self.timeout_seconds)
        raise Disconnect
