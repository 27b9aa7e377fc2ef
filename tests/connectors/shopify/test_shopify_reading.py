"""Reading: pages, cursors and costs; errors inside a 200; credentials; webhooks; settings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import responses
from marshmallow import ValidationError

from connectors.shopify import CONNECTOR, pulling
from connectors.shopify.connector import Shopify
from connectors.shopify.settings import VERSIONS, shop_address, version_warning
from hub.cli.doctor import connections
from hub.flows.setup import add_connection
from hub.installation import Installation
from hub.sandbox.store import announce, changes
from hub.sdk.connector import WebhookRefused, secret_names
from hub.sdk.errors import Misconfigured, Rejected, Retry, Unauthorised
from hub.sdk.http import Http, loads
from hub.sdk.testing import SpyBudget
from tests.connectors.shopify.conftest import connected
from tests.connectors.shopify.shop_peer import ShopPeer

URL = "https://shop.myshopify.com/admin/api/2026-07/graphql.json"
GRANT = "https://shop.myshopify.com/admin/oauth/access_token"
START = datetime(2026, 3, 1, tzinfo=UTC)


class Budget(SpyBudget):
    """Remembers what it was told of the shop's own bucket."""

    observed: tuple[float | None, ...] = ()

    def observe(self, remaining: float | None, per_second: float | None, capacity: float | None) -> None:
        self.observed = (remaining, per_second, capacity)


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def remote(budget: Any = None, **settings: Any) -> Shopify:
    given = {"shop": "shop.myshopify.com", "access_token": "shpat_1", **settings}
    loaded = CONNECTOR.Settings().load({name: value for name, value in given.items() if value is not None})
    return CONNECTOR(loaded, Http("http://unset.invalid", budget=budget or SpyBudget()))


def failing(code: str, **more: Any) -> dict[str, Any]:
    return {"errors": [{"message": f"it is {code}", "extensions": {"code": code, **more}}]}


# -- pages and cursors


def test_the_count_and_the_documents_are_of_orders_since_the_start(peer: ShopPeer, shop: Shopify) -> None:
    peer.order()
    peer.pass_time(3600)
    start = peer.now()
    peer.order()
    (page,) = shop.pull("order", None, start)
    assert (len(page.documents), page.source_count) == (1, 1)
    assert all(page.source_count is None for page in shop.pull("return", None, start))


def test_an_order_of_many_lines_is_whole(peer: ShopPeer, shop: Shopify) -> None:
    """Lines, parts and assignments beyond the first page are put in byte for byte, as they came."""
    order = peer.order()
    sku = order["_lines"][0]["sku"]
    changes.edit(peer.shop, order, [{"add": sku, "quantity": 1} for _ in range(60)])
    for line in range(4):
        peer.control("fulfil", order=order["id"], line=line, quantity=1)
    (page,) = shop.pull("order", None, START)
    (document,) = page.documents
    read = loads(document.body)
    assert [node["id"] for node in read["lineItems"]["nodes"]] == [line["id"] for line in order["_lines"]]
    assert len(read["fulfillments"]) == len(order["_fulfillments"]) == 4
    assert len(read["fulfillmentOrders"]["nodes"]) == len(order["_fulfillment_orders"])
    assert all(node["lineItems"]["nodes"] for node in read["fulfillmentOrders"]["nodes"])
    for node in read["lineItems"]["nodes"]:
        assert any(json.dumps(node["id"]).replace("/", "\\/").encode() in sent for sent in peer.sent())
    fetched = shop.fetch("order", order["id"])
    assert fetched is not None and loads(fetched.body) == read


def test_a_change_within_the_second_of_the_last_look_is_seen(
    peer: ShopPeer, shop: Shopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Times are whole seconds: an order read in the second it changed may change again at the same time."""
    monkeypatch.setattr(pulling, "YOUNG", datetime.now(UTC) - peer.now() + timedelta(seconds=600))
    order = peer.order()
    (page,) = shop.pull("order", None, START)
    mark = peer.change("order", order["id"])
    peer.pass_time(5)
    peer.order()
    found = [document for p in shop.pull("order", page.cursor, START) for document in p.documents]
    assert any(mark in document.body and document.external_id == order["id"] for document in found)


def test_what_is_known_is_not_brought_again(peer: ShopPeer, shop: Shopify) -> None:
    peer.seed("order", 7)
    cursor = None
    for page in shop.pull("order", cursor, START):
        cursor = page.cursor
    again = [document for page in connected(peer).pull("order", cursor, START) for document in page.documents]
    assert again == []


def test_story_10_a_run_ends_at_the_time_of_the_shops_first_answer(wire: responses.RequestsMock) -> None:
    """The shop's clock is months behind ours here: not our now is the end, which its search may not have reached."""
    nodes = [{"id": f"gid://shopify/Order/{n}", "updatedAt": f"2026-03-02T0{n}:00:00Z"} for n in (1, 2)]
    for node, more in zip(nodes, (True, False), strict=True):
        page = {"nodes": [node], "pageInfo": {"hasNextPage": more, "endCursor": "c"}}
        wire.post(URL, json={"data": {"page": page}}, headers={"Date": "Mon, 02 Mar 2026 03:00:00 GMT"})
    pages = list(remote().pull("order", None, START))
    assert [document.external_id for page in pages for document in page.documents] == [node["id"] for node in nodes]
    first, second = (json.loads(call.request.body or "")["variables"]["query"] for call in wire.calls)
    assert "updated_at:<" not in first and "updated_at:<='2026-03-02T03:00:00Z'" in second


def test_story_7_an_order_that_becomes_visible_late_is_found(peer: ShopPeer, shop: Shopify) -> None:
    """The shop's index lags: what lies inside the overlap is looked over at each run."""
    late, other = peer.order(), peer.order()
    peer.pass_time(10)
    last = peer.order()
    index, hidden = peer.shop.by_update, []
    for entry in list(index):
        if entry[2] == late["id"]:
            index.remove(entry)
            hidden.append(entry)
    first = list(shop.pull("order", None, START))
    assert {d.external_id for p in first for d in p.documents} == {other["id"], last["id"]}
    index[:] = sorted([*index, *hidden])
    found = [d.external_id for p in shop.pull("order", first[-1].cursor, START) for d in p.documents]
    assert found == [late["id"]]


def test_the_page_grows_and_shrinks_with_its_cost(peer: ShopPeer) -> None:
    """A document stays below what one may cost; a shop that allows less is believed."""
    for _ in range(30):
        peer.order()
    shop = connected(peer, page_size=100)
    sizes = [len(page.documents) for page in shop.pull("order", None, START)]
    assert sum(sizes) == 30 and max(sizes) <= 10
    asked = [entry["variables"]["first"] for entry in peer.requests if "$counted" in entry["query"]]
    assert all(first >= 1 for first in asked)


def test_too_high_a_cost_makes_the_page_smaller(wire: responses.RequestsMock) -> None:
    wire.post(URL, json=failing("MAX_COST_EXCEEDED", cost=2500, maxCost=1000))
    node = {"id": "gid://shopify/Order/1", "updatedAt": "2026-03-02T00:00:00Z"}
    page = {"nodes": [node], "pageInfo": {"hasNextPage": False, "endCursor": None}}
    wire.post(URL, json={"data": {"page": page, "counted": {"count": 1, "precision": "AT_LEAST"}}})
    (found,) = remote().pull("order", None, START)
    assert [json.loads(call.request.body or "")["variables"]["first"] for call in wire.calls] == [5, 1]
    assert len(found.documents) == 1 and found.source_count is None


# -- errors inside a 200


def test_story_32_throttling_is_read_from_the_answer(wire: responses.RequestsMock) -> None:
    status = {"maximumAvailable": 2000.0, "currentlyAvailable": 100, "restoreRate": 50.0}
    cost = {"requestedQueryCost": 300, "actualQueryCost": None, "throttleStatus": status}
    wire.post(URL, json={**failing("THROTTLED"), "extensions": {"cost": cost}})
    budget = Budget()
    with pytest.raises(Retry) as caught:
        remote(budget).fetch("order", "gid://shopify/Order/1")
    assert caught.value.limited and caught.value.after == pytest.approx(4.0) and not caught.value.maybe_done
    assert budget.held == [pytest.approx(4.0)] and budget.observed == (100.0, 50.0, 2000.0)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ACCESS_DENIED", Unauthorised),
        ("SHOP_INACTIVE", Unauthorised),
        ("INTERNAL_SERVER_ERROR", Retry),
        ("undefinedField", Rejected),
    ],
)
def test_errors_in_a_200_are_named_by_who_must_act(
    code: str, error: type[Exception], wire: responses.RequestsMock
) -> None:
    told = failing(code)
    told["errors"][0]["message"] = "Ada King needs `read_customers`"
    wire.post(URL, json={**told, "data": None})
    with pytest.raises(error) as caught:
        remote().fetch("order", "gid://shopify/Order/1")
    assert "Ada" not in str(caught.value), "their words stay in the answer"
    assert ("read_customers" in str(caught.value)) == (code == "ACCESS_DENIED")
    assert isinstance(caught.value, Rejected) == (b"Ada" in getattr(caught.value, "answer", b""))


def test_story_15_withheld_personal_fields_are_no_error(wire: responses.RequestsMock) -> None:
    """An app without access to protected customer data still gets its orders."""
    denied = {"message": "no", "path": ["node", "shippingAddress"], "extensions": {"code": "ACCESS_DENIED"}}
    wire.post(URL, json={"errors": [denied], "data": {"node": {"id": "gid://shopify/Order/1"}}})
    assert remote().fetch("order", "gid://shopify/Order/1") is not None


def test_a_lost_shop_or_a_frozen_one(wire: responses.RequestsMock) -> None:
    wire.post(URL, status=404)
    wire.post(URL, status=402)
    with pytest.raises(Misconfigured):
        remote().check()
    with pytest.raises(Unauthorised):
        remote().check()


def test_an_answer_that_is_not_json_is_tried_again_later(wire: responses.RequestsMock) -> None:
    wire.post(URL, body="<html>", status=200)
    with pytest.raises(Retry) as caught:
        remote().check()
    assert not caught.value.maybe_done


# -- credentials


def test_a_granted_token_is_kept_and_replaced_when_refused(wire: responses.RequestsMock) -> None:
    scopes = [{"handle": "read_orders"}, {"handle": "write_assigned_fulfillment_orders"}]
    good = {"data": {"shop": {}, "currentAppInstallation": {"accessScopes": scopes}}}
    wire.post(GRANT, json={"access_token": "one", "expires_in": 86399})
    wire.post(GRANT, json={"access_token": "two", "expires_in": 86399})
    wire.post(URL, json=good)
    wire.post(URL, json=good)
    wire.post(URL, status=401)
    wire.post(URL, json=good)
    shop = remote(access_token=None, client_id="id", client_secret="secret")
    for _ in range(3):
        shop.check()
    tokens = [call.request.headers.get("X-Shopify-Access-Token") for call in wire.calls]
    assert tokens == [None, "one", "one", "one", None, "two"]


def test_a_missing_scope_is_named(wire: responses.RequestsMock) -> None:
    wire.post(URL, json={"data": {"shop": {}, "currentAppInstallation": {"accessScopes": []}}})
    with pytest.raises(Unauthorised, match="read_orders"):
        remote().check()


def test_the_sandbox_grants_tokens(peer: ShopPeer) -> None:
    connected(peer, access_token=None, client_id="sandbox-client-id", client_secret="sandbox-client-secret").check()


# -- settings


def test_story_24_the_end_of_an_api_version_is_said_before_it(wire: responses.RequestsMock) -> None:
    for version, end in VERSIONS.items():
        assert version_warning(version, end - timedelta(days=200)) is None
        assert "ends on" in (version_warning(version, end - timedelta(days=60)) or "")
        assert "ended on" in (version_warning(version, end) or "")
    assert VERSIONS["2026-07"] == date(2027, 7, 1)


@pytest.mark.parametrize(("days", "said"), [(200, None), (60, "ends on"), (0, "ended on")])
def test_story_24_the_doctor_warns_of_an_ending_api_version(
    days: int, said: str | None, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"shop": "shop.myshopify.com", "access_token": "x", "webhook_secret": "s", "api_version": "2026-07"}
    add_connection(installation, "shopify", "Shop", settings, actor="test", check=False)
    monkeypatch.setitem(VERSIONS, "2026-07", datetime.now(UTC).date() + timedelta(days=days))
    warned = [f.sentence for f in connections(installation, offline=True) if f.code == "connector.warning"]
    assert bool(warned) == (said is not None)
    assert all(f"API version 2026-07 {said}" in sentence and "set api_version to" in sentence for sentence in warned)


def test_story_24_an_ended_api_version_is_the_admins_to_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    """Said before a call is made, by its own code."""
    monkeypatch.setitem(VERSIONS, "2026-07", datetime.now(UTC).date())
    with pytest.raises(Misconfigured, match="ended on") as caught:
        remote().check()
    assert caught.value.code == "shopify.version-ended"


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("my-shop.myshopify.com", "https://my-shop.myshopify.com"),
        ("https://my-shop.myshopify.com/", "https://my-shop.myshopify.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://store:9000", "http://store:9000"),
    ],
)
def test_a_shop_address_has_one_spelling(given: str, address: str) -> None:
    assert shop_address(given) == address


@pytest.mark.parametrize("given", ["", "ftp://x.example", "http://shop.example", "https://shop.example/admin"])
def test_a_wrong_shop_address_is_refused(given: str) -> None:
    with pytest.raises(ValidationError):
        CONNECTOR.Settings().load({"shop": given, "access_token": "x"})


def test_secrets_are_marked() -> None:
    assert secret_names(CONNECTOR.Settings) == {"access_token", "client_secret", "webhook_secret"}


# -- webhooks


def test_story_18_a_webhook_of_another_shop_of_the_same_app_is_refused(peer: ShopPeer) -> None:
    shop = remote(webhook_secret="sandbox-client-secret")
    body = announce_body(peer)
    request = peer.sign("orders/create", body, "d1")
    with pytest.raises(WebhookRefused, match=r"peer\.myshopify\.com"):
        shop.receive(request)
    assert remote(webhook_secret="sandbox-client-secret", shop="peer.myshopify.com").receive(request).documents


def test_story_1_a_webhook_is_a_hint_with_the_time_it_speaks_of(peer: ShopPeer, shop: Shopify) -> None:
    """Whatever topic comes first leads to the whole order."""
    body = announce_body(peer)
    (hint,) = shop.receive(peer.sign("orders/paid", body, "d1")).documents
    assert (hint.complete, hint.revised_at, hint.body) == (False, peer.now(), body)
    assert shop.receive(peer.sign("returns/process", b"{}", "d2")).documents == []


def test_without_a_secret_no_webhook_is_taken(peer: ShopPeer) -> None:
    with pytest.raises(WebhookRefused):
        connected(peer, webhook_secret=None).receive(peer.sign("orders/create", announce_body(peer), "d"))


def test_a_refused_topic_does_not_keep_the_others_from_being_made(peer: ShopPeer, shop: Shopify) -> None:
    real = peer.store

    def refuses(request: Any) -> Any:
        if b"RETURNS_REOPEN" in request.body:
            request.body = request.body.replace(b"https://", b"gopher://")
        return real(request)

    peer.store = refuses  # type: ignore[assignment]
    with pytest.raises(Rejected, match="returns/reopen"):
        shop.subscribe("https://hub.example/hooks")
    assert len(shop.subscriptions()) == len(shop.topics) - 1


def announce_body(peer: ShopPeer) -> bytes:
    return json.dumps(announce.payload("ORDERS_CREATE", peer.order())).encode()
