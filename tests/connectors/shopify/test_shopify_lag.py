"""The shop's search runs behind its writes, and its clock is not ours."""

from __future__ import annotations

import bisect
import re
from datetime import timedelta

from tests.connectors.shopify.conftest import connected
from tests.connectors.shopify.shop_peer import ShopPeer


def test_story_10_a_window_is_open_or_ends_at_the_shops_own_word(peer: ShopPeer) -> None:
    peer.seed("order", 7)
    list(connected(peer).pull("order", None, peer.now() - timedelta(days=1)))
    asked = [str(request.get("variables", {}).get("query", "")) for request in peer.requests]
    ends = [re.findall(r"updated_at:<=?'([^']+)'", query) for query in asked]
    assert ends[0] == [], "the first question has no end that could lie in the shop's future"
    assert len({end for found in ends[1:] for end in found}) == 1, "the others end where its first answer was given"


def test_story_10_what_the_search_shows_late_is_found_by_the_overlap(peer: ShopPeer) -> None:
    start_at = peer.now() - timedelta(days=1)
    peer.seed("order", 3)
    peer.pass_time(300)
    peer.seed("order", 1)
    cursor = None
    for page in connected(peer).pull("order", None, start_at):
        cursor = page.cursor
    order = peer.order()
    place = peer.shop.by_update
    place.remove((order["updatedAt"], order["_number"], order["id"]))
    order["updatedAt"] = (peer.now() - timedelta(seconds=60)).strftime("%Y-%m-%dT%H:%M:%SZ")
    bisect.insort(place, (order["updatedAt"], order["_number"], order["id"]))
    found = [d.external_id for page in connected(peer).pull("order", cursor, start_at) for d in page.documents]
    assert order["id"] in found
