"""Wanted webhooks are watched: what the other side drops is made anew."""

from __future__ import annotations

import datetime as dt
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from hub.flows.setup import add_connection, keep_subscribed, subscribe
from hub.installation import Installation
from hub.scheduler import Scheduler, tick
from hub.sdk import Retry, Subscription
from hub.store.tables import connections, events, jobs

START = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


class Source:
    """The other side of one connection, with the subscriptions that it keeps."""

    topics = ("orders", "returns")

    def __init__(self) -> None:
        self.kept: dict[str, Subscription] = {}
        self.away = False

    def subscriptions(self) -> list[Subscription]:
        if self.away:
            raise Retry("not now")
        return list(self.kept.values())

    def subscribe(self, address: str) -> list[Subscription]:
        for topic in self.topics:
            known = self.kept.get(topic)
            if known is None or not known.healthy or known.address != address:
                self.kept[topic] = Subscription(topic, address, topic)
        return list(self.kept.values())


@pytest.fixture
def source(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Source:
    made = Source()
    monkeypatch.setattr(installation, "connector", lambda row: made)
    with installation.db.write() as tx:
        tx.execute(
            insert(connections).values(
                name="Shop", type="acme", mode="live", settings={}, start_at=START, webhook_token="t", created_at=START,
                bucket_tokens=1, bucket_at=START, bucket_rate=1, bucket_size=1,
            )
        )  # fmt: skip
    return made


def told(installation: Installation) -> list[Any]:
    with installation.db.read() as tx:
        kinds = select(events.c.data).where(events.c.kind == "connection.resubscribed")
        return list(tx.execute(kinds).scalars())


def test_story_6_a_dropped_or_disabled_subscription_is_made_again(installation: Installation, source: Source) -> None:
    assert subscribe(installation, 1, "test") == 2
    assert keep_subscribed(installation) == 0, "nothing was missing"
    del source.kept["orders"]
    source.kept["returns"] = Subscription("returns", source.kept["returns"].address, "returns", healthy=False)
    assert keep_subscribed(installation) == 2
    assert set(source.kept) == {"orders", "returns"}
    assert told(installation) == [{"webhooks": 2}]


def test_story_6_the_clock_of_a_worker_watches_the_subscriptions(
    installation: Installation, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(installation, 1, "test")
    source.kept.clear()
    again = threading.Event()
    make = source.subscribe

    def made(address: str) -> list[Subscription]:
        found = make(address)
        again.set()
        return found

    monkeypatch.setattr(source, "subscribe", made)
    monkeypatch.setattr("hub.scheduler.WATCH_MINUTES", 0.001)
    scheduler = Scheduler(installation)
    scheduler.start()
    assert again.wait(timeout=20)
    scheduler.stop()
    assert set(source.kept) == {"orders", "returns"}


def test_story_6_a_source_with_webhooks_is_polled_all_the_same(
    installation: Installation, source: Source, tmp_path: Path
) -> None:
    folder = tmp_path / "orders"
    folder.mkdir()
    settings = {"root": str(tmp_path), "inboxes": {"order": "orders"}}
    polled = add_connection(installation, "files", "Folder", settings, actor="test", check=False)
    subscribe(installation, polled, "test")
    installation.now = lambda: dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    assert tick(installation) == 1
    with installation.db.write() as tx:
        tx.execute(update(jobs).values(state="done"))
    installation.now = lambda: dt.datetime.now(dt.UTC) + dt.timedelta(days=2)
    assert tick(installation) == 1, "and again at its next slot"


def test_nothing_is_subscribed_that_nobody_asked_for(installation: Installation, source: Source) -> None:
    assert keep_subscribed(installation) == 0
    assert source.kept == {}


def test_a_source_that_cannot_be_asked_is_left_for_the_next_time(installation: Installation, source: Source) -> None:
    subscribe(installation, 1, "test")
    source.kept.clear()
    source.away = True
    assert keep_subscribed(installation) == 0
    source.away = False
    assert keep_subscribed(installation) == 2
