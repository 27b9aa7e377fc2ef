"""Signatures of webhooks, for every connector that takes them."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from connectors.rest_warehouse import CONNECTOR as REST_WAREHOUSE
from connectors.shopify import CONNECTOR as SHOPIFY
from hub.sdk import Http
from hub.sdk.connector import Connector, WebhookRefused, WebhookRequest
from tests.connectors.rest_warehouse.warehouse import Warehouse
from tests.connectors.shopify.shop_peer import ShopPeer


@pytest.mark.parametrize(("connector", "make_peer"), [(SHOPIFY, ShopPeer), (REST_WAREHOUSE, Warehouse)])
def test_story_16_a_signature_is_compared_in_constant_time(
    connector: type[Connector], make_peer: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With that comparison made blind a forged body passes: no other, quicker one stands before or beside it."""
    with closing(make_peer()) as peer:
        made = connector(connector.Settings().load(dict(peer.settings)), Http("http://unset.invalid"))
        topic = min(connector.topics)
        signed = peer.sign(topic, peer.notice(topic, peer.subject(topic)[1]), "delivery-1")
        forged = WebhookRequest(signed.headers, signed.body + b" ", signed.query)
        with pytest.raises(WebhookRefused):
            made.receive(forged)
        monkeypatch.setattr(hmac, "compare_digest", lambda one, other: True)
        assert made.receive(forged).topic == topic
