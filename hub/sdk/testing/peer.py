"""The other side, as a connector's test fakes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

from hub.sdk.connector import WebhookRequest

RETRY_AFTER = 7.0
"""The seconds a peer names in Retry-After when it answers `Fault.LIMITED`."""

MANY = 7
"""How many documents the paging cases seed: a peer's settings make this at least three pages."""

EPOCH = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
"""A good hour for a peer's clock to start at: in the past, away from any change of the clocks."""


class Fault(StrEnum):
    """What a peer can do to the next calls it gets."""

    LIMITED = "limited"
    """Answer 429 with `Retry-After: 7`, without an effect."""
    SERVER_ERROR = "server-error"
    """Answer 500, without an effect."""
    LOST_REQUEST = "lost-request"
    """Drop the connection, without an effect."""
    LOST_ANSWER = "lost-answer"
    """Let a write take effect, then drop the connection or stay silent. Reads are just dropped."""


class Peer(Protocol):
    """The fake other side. Fresh for each test; its clock starts well in the past and moves with `pass_time` only.

    It writes JSON in a way `json.dumps` would not (blanks, escapes), so that a re-serialised body shows. A peer
    leaves out what the connector does not declare: no webhooks, no `sign`.
    """

    settings: Mapping[str, Any]
    """As a person would enter them, secrets included. They point here and make pages of two or three documents."""

    def seed(self, kind: str, count: int, *, same_time: bool = False) -> list[str]:
        """Make documents, a second apart or all at one instant. Gives their external ids, oldest first."""

    def seed_malformed(self, kind: str) -> str:
        """Make a document that has an id and a time but that no mapping can read. Gives its external id."""

    def change(self, kind: str, external_id: str) -> bytes:
        """Change a document, now. Gives a piece of bytes that only its new body holds."""

    def sent(self) -> Sequence[bytes]:
        """Every body it has answered with (or file it has laid down) so far."""

    def payload(self, kind: str, number: int) -> bytes:
        """A payload that `push` takes, with whatever must exist here for it. Two numbers, two effects."""

    def effects(self, kind: str) -> Sequence[str]:
        """What pushes have brought about so far: one entry for each effect that took place."""

    def fail_next(self, fault: Fault, times: int = 1) -> None:
        """Spoil the next calls. `times=0` heals."""

    def expire_credential(self) -> None:
        """Refuse the credential in `settings` from now on."""

    def pass_time(self, seconds: float) -> None:
        """Move the peer's clock (and the connector's, where it has one of its own)."""

    def now(self) -> datetime:
        """The peer's clock, aware."""

    def bad_settings(self) -> Sequence[tuple[Mapping[str, Any], type[Exception]]]:
        """Settings that `check` (or already their schema) refuses, each with the error it raises."""

    def subject(self, topic: str) -> tuple[str, str] | None:
        """Make a document that a webhook of this topic can be about: (kind, external id); None if of none."""

    def notice(self, topic: str, external_id: str | None) -> bytes:
        """The body of a webhook of this topic about this document, as it stands now."""

    def sign(self, topic: str, body: bytes, delivery_id: str) -> WebhookRequest:
        """The request the other side would send: signed over exactly these bytes."""

    def drop_subscription(self, topic: str) -> None:
        """Lose or disable a webhook subscription, as platforms do after failures."""

    def close(self) -> None:
        """Stop servers, if any."""
