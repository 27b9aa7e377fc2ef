"""A connected sandbox shop, and what the hub would do with what comes from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.shopify import CONNECTOR
from connectors.shopify.connector import Shopify
from hub.documents import SCHEMAS
from hub.mapping import Library, decode
from hub.sdk.connector import Document
from hub.sdk.http import Http
from hub.sdk.testing import SpyBudget
from tests.connectors.shopify.shop_peer import ShopPeer

MAPPINGS = Library([Path(__file__).parents[3] / "mappings"])


@pytest.fixture
def peer() -> Iterator[ShopPeer]:
    made = ShopPeer()
    yield made
    made.close()


def connected(peer: ShopPeer, **settings: Any) -> Shopify:
    """The connector as a new process would make it."""
    loaded = CONNECTOR.Settings().load({**peer.settings, **settings})
    return CONNECTOR(loaded, Http("http://unset.invalid", budget=SpyBudget(), timeout=(1.0, 2.0)))


@pytest.fixture
def shop(peer: ShopPeer) -> Shopify:
    return connected(peer)


@pytest.fixture
def pulled(peer: ShopPeer, shop: Shopify) -> Callable[[str], list[Document]]:
    """All documents of a kind that a first pull brings."""

    def pull(kind: str) -> list[Document]:
        pages = shop.pull(kind, None, peer.now() - timedelta(days=1))
        return [document for page in pages for document in page.documents]

    return pull


def canonical(document: Document) -> dict[str, Any]:
    """What the hub makes of a document: the mapping, judged by the schema."""
    values = MAPPINGS.get(f"shopify/{document.kind}.in").run(decode(document.body, document.format))
    loaded: dict[str, Any] = SCHEMAS[document.kind]().load(values)
    return loaded
