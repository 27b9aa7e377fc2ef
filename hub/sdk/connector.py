"""The contract between the hub and a connector.

A connector does transport, protocol and the resolution of ids; it never reshapes fields (mappings do) and never
decides what to do next (flows do). It holds no state of its own between calls but its HTTP session.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from marshmallow import Schema, fields

from hub.sdk.http import Http

Json = Any
"""A value that `json.dumps` accepts."""


class Guarantee(StrEnum):
    """What the other side promises about a repeated push of the same key."""

    KEY_HONOURED = "key-honoured"
    CAN_BE_ASKED = "can-be-asked"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Document:
    """One document as it came: bytes first, judged later.

    `external_id` names the thing on the other side (an order id, a file name), unique within connection and kind.
    `revised_at` is the source's own time of this revision (aware, UTC), None where the source has none.
    `body` is a slice of the bytes that arrived, never re-serialised.
    `format` names the syntax: json, x12, edifact, csv, xml.
    `complete` False marks a hint (a webhook whose body does not hold the whole resource): the hub calls `fetch`.
    """

    kind: str
    external_id: str
    body: bytes
    format: str = "json"
    revised_at: datetime | None = None
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """A page of documents and the cursor that stands after it.

    `cursor` is opaque JSON, stored in the transaction that stores the documents.
    `source_count` is what the source says it holds in this flow's range, None where it cannot count.
    """

    documents: list[Document]
    cursor: Json
    source_count: int | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The other side took the document. `raw` is its answer as it came, kept with the message."""

    remote_id: str | None = None
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class Found:
    """`find`: the effect with this key exists on the other side."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Absent:
    """`find`: the effect with this key certainly does not exist."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """`find`: the other side cannot tell; a person must."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A request as it arrived. `headers` has lower-case names; `body` is raw."""

    headers: Mapping[str, str]
    body: bytes
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Webhook:
    """A verified webhook: its delivery id (for dedupe, None where the source has none) and what it hints at."""

    delivery_id: str | None
    topic: str
    documents: list[Document]


@dataclass(frozen=True, slots=True)
class Subscription:
    """A webhook subscription on the other side. `healthy` False asks the hub to subscribe again."""

    topic: str
    address: str
    remote_id: str
    healthy: bool = True


class WebhookRefused(Exception):
    """The request is not the source's (wrong or missing signature), or is not a webhook we know."""


def secret(**kwargs: Any) -> fields.String:
    """A settings field whose value is sealed in the vault and never shown again."""
    metadata = {**kwargs.pop("metadata", {}), "secret": True}
    return fields.String(metadata=metadata, load_only=True, **kwargs)


def secret_names(schema: type[Schema]) -> frozenset[str]:
    """The names of a settings schema's sealed fields."""
    return frozenset(name for name, f in schema().fields.items() if f.metadata.get("secret"))


class Connector:
    """Base class of every connector; one instance per connection and process, used by several threads at once."""

    type: ClassVar[str]
    label: ClassVar[str]
    Settings: ClassVar[builtins.type[Schema]]
    pulls: frozenset[str] = frozenset()
    pushes: frozenset[str] = frozenset()
    """The kinds of document that come and go; a connector whose settings decide that sets them per instance."""
    topics: ClassVar[frozenset[str]] = frozenset()
    """Webhook topics the connector subscribes to; `receive` handles each of them."""
    guarantee: ClassVar[Guarantee] = Guarantee.NEITHER
    resends: ClassVar[bool] = False
    """Whether `resend` puts a delivered document before the other side once more."""
    settle_seconds: float = 30.0
    """How long after a doubtful push the other side may still take effect; `find` is trusted after it. A connector
    whose settings decide that sets it per instance."""
    rate: ClassVar[tuple[float, int]] = (10.0, 20)
    """The default budget of calls: (per second, burst). The other side's own headers correct it."""

    def __init__(self, settings: Mapping[str, Any], http: Http) -> None:
        """`settings` is what `Settings` loaded, with secrets opened."""
        self.settings = settings
        self.http = http

    def check(self) -> None:
        """Prove that the settings work, before they are saved. Raises the errors of `hub.sdk.errors`."""
        raise Misconfiguration(self.type, "check")

    def warnings(self) -> list[str]:
        """What an admin should know before it hurts, one sentence each (an API version near its end). Calls nobody."""
        return []

    def pull(self, kind: str, cursor: Json, start_at: datetime) -> Iterator[Page]:
        """Yield what changed after `cursor` (None: from `start_at`), oldest change first, page by page.

        The hub commits each page with its cursor before it asks for the next. Ends when nothing more waits.
        """
        raise Misconfiguration(self.type, f"pull {kind}")

    def fetch(self, kind: str, external_id: str) -> Document | None:
        """The present state of one document, None when it no longer exists."""
        raise Misconfiguration(self.type, f"fetch {kind}")

    def push(self, kind: str, payload: bytes, key: str) -> Receipt:
        """Make the effect `key` happen with exactly these bytes. Never called inside a database transaction."""
        raise Misconfiguration(self.type, f"push {kind}")

    def resend(self, kind: str, payload: bytes, key: str, times: int) -> Receipt:
        """Deliver what was delivered under `key` once more, with the same bytes and under the same name, since a person
        asks for it. `times` counts that from 1; the same key and count is one effect, as `guarantee` says."""
        raise Misconfiguration(self.type, f"resend {kind}")

    def find(self, kind: str, payload: bytes, key: str) -> Found | Absent | Unknown:
        """Did the effect `key` happen? Asked after a push whose outcome is unknown."""
        return Unknown("this connector cannot ask")

    def receive(self, request: WebhookRequest) -> Webhook:
        """Verify a webhook over its raw bytes, then read it. Raises `WebhookRefused`."""
        raise WebhookRefused(f"{self.type} takes no webhooks")

    def subscribe(self, address: str) -> list[Subscription]:
        """Make the webhook subscriptions that are missing point at `address`; give those that now exist."""
        return []

    def subscriptions(self) -> list[Subscription]:
        """The webhook subscriptions as the other side has them."""
        return []


class Misconfiguration(TypeError):
    """The hub asked for something the connector does not declare: a programming error, not an outside failure."""

    def __init__(self, type_: str, what: str) -> None:
        super().__init__(f"connector {type_!r} does not support: {what}")
