"""Documents of the warehouse's feeds: what each is called, how old it is, and the bytes it came in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hub.sdk import Document, Http, Misconfigured, Page, Retry
from hub.sdk.http import Refusal, loads
from hub.sdk.slices import cut_each


@dataclass(frozen=True)
class Feed:
    """One feed. `times`: where a document says when it was made or last changed, the newest first.

    `events`: its documents are things that happened, so that those before a connection's start are history;
    otherwise they are states, and each counts however old it is.
    """

    path: str
    times: tuple[str, ...]
    events: bool


FEEDS = {
    "shipment": Feed("shipments", ("updated_at", "shipped_at"), events=True),
    "return": Feed("returns", ("updated_at", "received_at"), events=True),
    "inventory": Feed("inventory", ("updated_at",), events=False),
}


def document_of(kind: str, body: bytes) -> Document:
    """A document from its own bytes. One without a usable id is called by its content, so that it can be parked."""
    value = loads(body)
    value = value if isinstance(value, dict) else {}
    return Document(
        kind=kind,
        external_id=_id(kind, value) or f"unnamed-{hashlib.sha256(body).hexdigest()[:16]}",
        body=body,
        revised_at=next(filter(None, (_instant(value.get(name)) for name in FEEDS[kind].times)), None),
    )


def _id(kind: str, value: dict[str, Any]) -> str:
    if kind != "inventory":
        return str(value.get("id") or "")
    return f"{value['sku']}@{value.get('location') or ''}" if value.get("sku") else ""


def _instant(value: Any) -> datetime | None:
    """An RFC 3339 time in UTC; None for what is none or has no zone."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None


def pull(http: Http, kind: str, cursor: Any, start_at: datetime, limit: int) -> Iterator[Page]:
    """Pages after `cursor`: `{"after": the feed's own cursor, "history": how many documents were left out}`.

    Feeds only grow at their end, so a cursor needs no overlap. What was made before `start_at` is history and left
    out; `source_count` is the rest.
    """
    feed = FEEDS[kind]
    after, history = (cursor["after"], cursor["history"]) if cursor else (None, 0)
    more = True
    while more:
        query = {"limit": str(limit)} if after is None else {"limit": str(limit), "after": after}
        body, page = _page(http, feed.path, query)
        documents = [document_of(kind, piece) for _, piece in cut_each(body, ["data"])]
        wanted = [d for d in documents if not (feed.events and d.revised_at and d.revised_at < start_at)]
        history += len(documents) - len(wanted)
        first, stuck = after is None, page["next"] == after
        after, more = page["next"], page["more"]
        if documents or first or not stuck:
            count = page["total"] - history if isinstance(page.get("total"), int) else None
            yield Page(wanted, {"after": after, "history": history}, count)
        if more and stuck:
            raise Retry(f"{feed.path}: the warehouse says there is more but gives no further cursor")


def _page(http: Http, path: str, query: dict[str, str]) -> tuple[bytes, dict[str, Any]]:
    try:
        response = http.get(path, params=query)
    except Refusal as error:
        raise Misconfigured(error.detail, code="rest_warehouse.feed-refused") from error
    try:
        page = loads(response.content)
        right = isinstance(page["data"], list) and isinstance(page["next"], str) and isinstance(page["more"], bool)
    except (ValueError, LookupError, TypeError):
        right = False
    if not right:
        raise Misconfigured(
            f"{path}: the answer is no page of the warehouse API (data, next, more); check the address",
            code="rest_warehouse.not-the-api",
        )
    return response.content, page


def prove(http: Http) -> None:
    """Raise what a first read of the feeds raises, if anything."""
    for feed in FEEDS.values():
        _page(http, feed.path, {"limit": "1"})
