"""The connector against the conformance suite."""

from __future__ import annotations

from pathlib import Path

from connectors.shopify import CONNECTOR
from hub.sdk.testing import ConnectorSuite, Peer
from tests.connectors.shopify.shop_peer import ShopPeer


class TestShopify(ConnectorSuite):
    connector = CONNECTOR

    def make_peer(self, folder: Path) -> Peer:
        return ShopPeer()
