"""A shop whose webhooks come in at the hub's own address, and what the hub makes of each."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from connectors.shopify import CONNECTOR
from hub import jobs
from hub.engine.local import Worker
from hub.flows.setup import add_connection, keep_subscribed, subscribe
from hub.installation import Installation
from hub.store import connections
from hub.store.tables import messages, orders, returns
from hub.web import create_app
from tests.connectors.shopify.shop_peer import ShopPeer


@pytest.fixture
def linked(installation: Installation, peer: ShopPeer) -> int:
    """The shop, linked a day ago by its own clock."""
    start = peer.now() - timedelta(days=1)
    return add_connection(installation, "shopify", "Shop", dict(peer.settings), actor="test", start_at=start)


def posted(installation: Installation, connection_id: int, peer: ShopPeer, topic: str, body: bytes) -> int:
    """The shop calls the webhook address; gives the status it gets."""
    with installation.db.read() as tx:
        row = connections.get(tx, connection_id)
    assert row is not None
    request = peer.sign(topic, body, f"{topic}-{len(body)}")
    client = create_app(installation).test_client()
    return client.post(f"/hooks/{row.webhook_token}", data=request.body, headers=dict(request.headers)).status_code


def worked(installation: Installation, *, poll: bool = False) -> dict[str, str]:
    """Do all that is due; gives the state of each document that came, by its external id."""
    if poll:
        with installation.db.write() as tx:
            for (_, direction, _), flow in connections.all_flows(tx).items():
                if direction == "in":
                    jobs.pull(tx, flow, installation.now())
    worker = Worker(installation, threading.Event(), "test")
    worker.drain()
    worker.close()
    statement = select(messages.c.external_id, messages.c.state).where(
        messages.c.direction == "in", messages.c.kind != "webhook"
    )
    with installation.db.read() as tx:
        return {row.external_id: row.state for row in tx.execute(statement.order_by(messages.c.id))}


def test_story_5_every_topic_that_is_subscribed_ends_in_the_hub(
    installation: Installation, linked: int, peer: ShopPeer
) -> None:
    came = 0
    for topic in sorted(CONNECTOR.topics):
        subject = peer.subject(topic)
        assert posted(installation, linked, peer, topic, peer.notice(topic, subject[1] if subject else None)) == 200
        states = worked(installation)
        assert len(states) == came + 1, f"the shop was asked for what {topic} is about"
        came += 1
    # Returns wait until the poll has brought their orders; what the poll brings again is known.
    assert set(worked(installation, poll=True).values()) <= {"done", "ignored"}
    with installation.db.read() as tx:
        known = [tx.execute(select(func.count()).select_from(table)).scalar_one() for table in (orders, returns)]
    assert known == [came, sum(topic.startswith("returns/") for topic in CONNECTOR.topics)]


def test_story_1_paid_before_create_brings_the_whole_order_once(
    installation: Installation, linked: int, peer: ShopPeer
) -> None:
    order = peer.order(unpaid=1.0)
    unpaid = peer.notice("orders/create", order["id"])
    order["displayFinancialStatus"] = "PAID"
    peer.pass_time(5)
    peer.change("order", order["id"])
    for topic, body in (("orders/paid", peer.notice("orders/paid", order["id"])), ("orders/create", unpaid)):
        assert posted(installation, linked, peer, topic, body) == 200
        assert set(worked(installation).values()) == {"done"}
    with installation.db.read() as tx:
        (row,) = tx.execute(select(orders.c.external_id, orders.c.payment)).all()
    assert row == (order["id"], "paid")


def test_story_6_a_subscription_that_the_shop_dropped_is_made_again(
    installation: Installation, linked: int, peer: ShopPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installation, "config", replace(installation.config, public_url="https://hub.example"))
    assert subscribe(installation, linked, "test") == len(CONNECTOR.topics) == len(peer.shop.subscriptions)
    for topic in ("orders/paid", "returns/close"):
        peer.drop_subscription(topic)
    assert keep_subscribed(installation) == 2 and len(peer.shop.subscriptions) == len(CONNECTOR.topics)
    assert keep_subscribed(installation) == 0


def test_story_16_a_forged_webhook_leads_to_nothing(installation: Installation, linked: int, peer: ShopPeer) -> None:
    order = peer.order()
    asked = len(peer.requests)
    body = peer.notice("orders/create", order["id"])
    with installation.db.read() as tx:
        row = connections.get(tx, linked)
    assert row is not None
    headers = dict(peer.sign("orders/create", body + b" ", "d").headers)
    answer = create_app(installation).test_client().post(f"/hooks/{row.webhook_token}", data=body, headers=headers)
    assert answer.status_code == 401 and worked(installation) == {} and len(peer.requests) == asked
