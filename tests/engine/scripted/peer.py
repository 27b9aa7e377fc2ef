"""The other side of a connection, in memory: what it holds, what took effect on it, and what it does wrong next."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from marshmallow import Schema, fields

from hub.sdk import (
    Absent,
    Connector,
    Document,
    Found,
    Guarantee,
    Page,
    Receipt,
    Unknown,
    Webhook,
    WebhookRefused,
    WebhookRequest,
)

PAGE = 20


@dataclass
class Effect:
    """A push that took effect."""

    kind: str
    key: str
    payload: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.payload)


@dataclass
class Peer:
    """One other side. `faults` are raised by the next calls: a tuple says whether before or after the effect.

    `unread` names the kinds that have changed since they were last pulled to the end. `grants` decides what a
    cancellation gives back: line -> units; by default everything that is asked for.
    """

    guarantee: Guarantee = Guarantee.KEY_HONOURED
    settle_seconds: float = 30.0
    counts: bool = True
    changes: list[Document] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)
    now: dict[tuple[str, str], Document] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    pushed: list[Effect] = field(default_factory=list)
    resent: dict[tuple[str, int], Effect] = field(default_factory=dict)
    asked: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    faults: deque[tuple[str, Exception]] = field(default_factory=deque)
    pull_faults: deque[Exception] = field(default_factory=deque)
    finds: str = "truly"
    grants: Callable[[Mapping[str, int]], Mapping[str, int]] = dict
    answer: Callable[[Effect], bytes] | None = None
    before_push: Callable[[Effect], None] = lambda effect: None
    before_page: Callable[[str, int], None] = lambda kind, at: None

    def put(self, document: Document, *, silent: bool = False) -> Document:
        """The document now stands so here; a poll sees it unless `silent`."""
        self.now[document.kind, document.external_id] = document
        if not silent:
            self.changes.append(document)
            self.unread.add(document.kind)
        return document

    def has_news(self, kind: str) -> bool:
        """A pull of this kind would bring something, or fail."""
        return kind in self.unread or bool(self.pull_faults)

    def fail(self, *errors: Exception, when: str = "before") -> None:
        """The next pushes raise these, before or after they took effect."""
        self.faults.extend((when, error) for error in errors)

    def of(self, kind: str) -> list[Effect]:
        """The effects of one kind, in order."""
        return [effect for effect in self.effects if effect.kind == kind]


PEERS: dict[str, Peer] = {}
"""By the name in a connection's settings."""


class Scripted(Connector):
    """A connector to a `Peer`; what it can do is for its class to say."""

    label = "Scripted"
    resends = True
    topics = frozenset({"changed"})

    class Settings(Schema):
        peer = fields.String(required=True)

    def __init__(self, settings: Mapping[str, Any], http: Any) -> None:
        super().__init__(settings, http)
        self.peer = PEERS[settings["peer"]]

    @property
    def guarantee(self) -> Guarantee:  # type: ignore[override]
        return self.peer.guarantee

    @property
    def settle_seconds(self) -> float:  # type: ignore[override]
        return self.peer.settle_seconds

    def check(self) -> None:
        self.peer.calls["check"] += 1

    def pull(self, kind: str, cursor: Any, start_at: dt.datetime) -> Iterator[Page]:
        self.peer.calls[f"pull {kind}"] += 1
        at = cursor or 0
        count = len({d.external_id for d in self.peer.changes if d.kind == kind}) if self.peer.counts else None
        while True:
            if self.peer.pull_faults:
                raise self.peer.pull_faults.popleft()
            self.peer.before_page(kind, at)
            slice_ = self.peer.changes[at : at + PAGE]
            if not slice_:
                yield Page([], at, count)
                self.peer.unread.discard(kind)
                return
            at += len(slice_)
            yield Page([d for d in slice_ if d.kind == kind], at, count)

    def fetch(self, kind: str, external_id: str) -> Document | None:
        self.peer.calls[f"fetch {kind}"] += 1
        return self.peer.now.get((kind, external_id))

    def push(self, kind: str, payload: bytes, key: str) -> Receipt:
        effect = Effect(kind, key, payload)
        self.peer.pushed.append(effect)
        self.peer.before_push(effect)
        when, error = self.peer.faults.popleft() if self.peer.faults else ("", None)
        if error is not None and when == "before":
            raise error
        if self.peer.guarantee is not Guarantee.KEY_HONOURED or self._find(kind, key) is None:
            self.peer.effects.append(effect)
        if error is not None:
            raise error
        return self._receipt(effect)

    def resend(self, kind: str, payload: bytes, key: str, times: int) -> Receipt:
        if self.peer.faults:
            raise self.peer.faults.popleft()[1]
        self.peer.resent[key, times] = effect = Effect(kind, key, payload)
        return self._receipt(effect)

    def find(self, kind: str, payload: bytes, key: str) -> Found | Absent | Unknown:
        self.peer.asked += 1
        if self.peer.finds == "unknown":
            return Unknown("it keeps no list")
        found = self._find(kind, key)
        return Found(self._receipt(found)) if found else Absent()

    def receive(self, request: WebhookRequest) -> Webhook:
        if request.headers.get("signature") != "ours":
            raise WebhookRefused("the signature is wrong")
        said = json.loads(request.body)
        hint = Document(said["kind"], said["id"], request.body, complete=False)
        return Webhook(said.get("delivery"), "changed", [hint])

    def _find(self, kind: str, key: str) -> Effect | None:
        return next((e for e in self.peer.effects if (e.kind, e.key) == (kind, key)), None)

    def _receipt(self, effect: Effect) -> Receipt:
        if self.peer.answer is not None:
            return Receipt(None, self.peer.answer(effect))
        if effect.kind != "cancellation":
            return Receipt(f"R-{effect.key}", b'{"taken": true}')
        asked = {line["line"]: line["quantity"] for line in effect.json["lines"]}
        granted = self.peer.grants(asked)
        lines = [{"line": line, "cancelled": granted.get(line, 0)} for line in asked]
        return Receipt(None, json.dumps({"lines": lines}).encode())
