"""Cases of webhooks: signatures, repetition, order, subscriptions."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hub.sdk.connector import Connector, WebhookRefused, WebhookRequest
from hub.sdk.testing.base import Suite, needs
from hub.sdk.testing.intake import revision
from hub.sdk.testing.peer import Peer


class WebhookCases(Suite):
    """Those with a topic run with every topic the connector declares."""

    @needs("topics")
    def test_story_5_every_topic_has_a_handler(self, topic: str, peer: Peer, connect: Callable[[], Connector]) -> None:
        """A webhook of each topic is taken; its documents are complete, or can be fetched (story 1)."""
        subject = peer.subject(topic)
        body = peer.notice(topic, subject[1] if subject else None)
        webhook = connect().receive(peer.sign(topic, body, "delivery-1"))
        assert webhook.topic == topic
        assert bool(webhook.documents) == bool(subject)
        for document in webhook.documents:
            assert (document.kind, document.external_id) == subject
            assert document.body in body
            present = document if document.complete else connect().fetch(document.kind, document.external_id)
            assert present is not None and present.complete
            assert document.complete or any(present.body in sent for sent in peer.sent())

    @needs("topics")
    def test_story_16_a_signature_is_over_the_raw_bytes(
        self, topic: str, peer: Peer, connect: Callable[[], Connector]
    ) -> None:
        subject = peer.subject(topic)
        body = peer.notice(topic, subject[1] if subject else None)
        good = peer.sign(topic, body, "delivery-1")
        other = peer.sign(topic, body + b" ", "delivery-1")
        forged = [
            WebhookRequest(good.headers, body + b" ", good.query),
            WebhookRequest(other.headers, body, other.query),
            WebhookRequest(good.headers, b"", good.query),
            WebhookRequest({}, body, {}),
        ]
        for request in forged:
            with pytest.raises(WebhookRefused):
                connect().receive(request)
        assert connect().receive(good).topic == topic

    @needs("topics")
    def test_a_signed_webhook_that_nobody_can_read_is_refused(
        self, peer: Peer, connect: Callable[[], Connector]
    ) -> None:
        topic = min(self.connector.topics)
        for body in (b"{", b"[]", b"null", b"\xff\xfe"):
            with pytest.raises(WebhookRefused):
                connect().receive(peer.sign(topic, body, "delivery-1"))
        with pytest.raises(WebhookRefused):
            connect().receive(peer.sign("no/such-topic", peer.notice(topic, None), "delivery-1"))

    @needs("topics")
    def test_a_repeated_webhook_keeps_its_delivery_id(
        self, topic: str, peer: Peer, connect: Callable[[], Connector]
    ) -> None:
        subject = peer.subject(topic)
        body = peer.notice(topic, subject[1] if subject else None)
        first, again = (connect().receive(peer.sign(topic, body, "delivery-1")) for _ in range(2))
        second = connect().receive(peer.sign(topic, body, "delivery-2"))
        assert first.delivery_id == again.delivery_id
        assert [revision(d) for d in first.documents] == [revision(d) for d in again.documents]
        assert first.delivery_id is None or first.delivery_id != second.delivery_id

    @needs("topics")
    def test_reordered_webhooks_end_in_the_newest_state(
        self, topic: str, peer: Peer, connect: Callable[[], Connector]
    ) -> None:
        """The older notice comes last: a hint leads to the present state, a full document says how old it is."""
        subject = peer.subject(topic)
        if subject is None:
            assert connect().receive(peer.sign(topic, peer.notice(topic, None), "delivery-1")).documents == []
            return
        kind, external_id = subject
        old = peer.sign(topic, peer.notice(topic, external_id), "delivery-1")
        peer.pass_time(5)
        mark = peer.change(kind, external_id)
        new = peer.sign(topic, peer.notice(topic, external_id), "delivery-2")
        newer, older = (connect().receive(request).documents[0] for request in (new, old))
        if newer.complete:
            assert newer.revised_at is not None and older.revised_at is not None
            assert newer.revised_at > older.revised_at and mark in newer.body
            return
        for hint in (newer, older):
            present = connect().fetch(hint.kind, hint.external_id)
            assert present is not None and mark in present.body

    @needs("topics")
    def test_story_6_a_lost_subscription_is_seen_and_made_again(
        self, peer: Peer, connect: Callable[[], Connector]
    ) -> None:
        address = "https://hub.example/hooks/1"

        def healthy() -> list[str]:
            return sorted(s.topic for s in connect().subscriptions() if s.healthy and s.address == address)

        assert healthy() == []
        connect().subscribe(address)
        connect().subscribe(address)
        assert healthy() == sorted(self.connector.topics), "each topic once, however often we subscribe"
        lost = min(self.connector.topics)
        peer.drop_subscription(lost)
        assert lost not in healthy()
        connect().subscribe(address)
        assert healthy() == sorted(self.connector.topics)
