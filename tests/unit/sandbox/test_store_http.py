"""The store over real HTTP."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from hub.sandbox.world import STORE_DOMAIN, STORE_SECRET, STORE_TOKEN, World
from tests.unit.sandbox.conftest import Receiver, StoreClient, wait_for

PAGE = """query($first: Int!, $after: String, $query: String) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    nodes { id name updatedAt } pageInfo { hasNextPage endCursor } } }"""
PARTS = """query($id: ID!) { order(id: $id) { displayFulfillmentStatus fulfillmentOrders(first: 10) { nodes {
  id status deliveryMethod { methodType } assignedLocation { location { id } }
  lineItems(first: 20) { nodes { id remainingQuantity lineItem { id } } } } } } }"""
CREATE = """mutation($f: FulfillmentInput!) { fulfillmentCreate(fulfillment: $f) {
  fulfillment { id status trackingInfo { number company url } } userErrors { field message } } }"""


def seed(world: World, **body: Any) -> list[dict[str, Any]]:
    """Plain orders unless `rates` says otherwise."""
    rates = dict.fromkeys(("unpaid", "on_hold", "test", "gift_card", "digital", "two_locations"), 0)
    orders: list[dict[str, Any]] = world.store.post("seed", **{"rates": rates, **body})["orders"]
    return orders


def parts(store: StoreClient, order: str) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = store(PARTS, id=order)["order"]["fulfillmentOrders"]["nodes"]
    return nodes


def read_all(store: StoreClient, first: int, query: str | None = None) -> list[str]:
    names, after = [], None
    while True:
        page = store(PAGE, first=first, after=after, query=query)["orders"]
        names += [node["name"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return names


def test_a_wrong_token_is_refused_and_a_rotated_one_too(world: World, store: StoreClient) -> None:
    assert requests.post(store.url, json={"query": "{shop{name}}"}, timeout=5).status_code == 401
    world.store.post("token", token="shpat_new")
    assert store.answer("{shop{name}}").status_code == 401
    store.session.headers["X-Shopify-Access-Token"] = "shpat_new"
    assert store("{shop{name}}")["shop"]["name"]


def test_the_client_credentials_grant_gives_a_token_that_works(world: World, store: StoreClient) -> None:
    address = f"{world.store.url}/admin/oauth/access_token"
    body = {"client_id": "sandbox-client-id", "client_secret": STORE_SECRET, "grant_type": "client_credentials"}
    token = requests.post(address, json=body, timeout=5).json()["access_token"]
    store.session.headers["X-Shopify-Access-Token"] = token
    assert store("{shop{name}}")["shop"]["name"]
    assert requests.post(address, json={**body, "client_secret": "x"}, timeout=5).status_code == 401


def test_an_old_version_falls_forward_and_an_unknown_one_does_not_exist(world: World) -> None:
    def ask(version: str) -> requests.Response:
        return requests.post(f"{world.store.url}/admin/api/{version}/graphql.json", json={"query": "{shop{name}}"},
                             headers={"X-Shopify-Access-Token": STORE_TOKEN}, timeout=5)  # fmt: skip

    assert ask("2026-10").headers["X-Shopify-API-Version"] == "2026-10"
    assert ask("2024-01").headers["X-Shopify-API-Version"] == "2026-04"
    assert ask("2031-01").status_code == ask("latest").status_code == 404


def test_connections_are_kept_alive(world: World) -> None:
    connection = http.client.HTTPConnection(urlsplit(world.store.url).netloc, timeout=5)
    headers = {"X-Shopify-Access-Token": STORE_TOKEN, "Content-Type": "application/json"}
    ports = set()
    for _ in range(3):
        connection.request("POST", "/admin/api/2026-07/graphql.json", b'{"query": "{shop{name}}"}', headers)
        assert connection.getresponse().read()
        ports.add(connection.sock.getsockname()[1])
    assert len(ports) == 1
    connection.close()


def test_seeds_are_deterministic_and_realistic(world: World) -> None:
    first = world.store.post("seed", count=300, seed=5, malformed_every=50)["orders"]
    world.store.post("reset")
    again = world.store.post("seed", count=300, seed=5, malformed_every=50)["orders"]
    assert [order["traits"] for order in first] == [order["traits"] for order in again]
    traits = [trait for order in first for trait in order["traits"]]
    assert traits.count("malformed:sku-null") == traits.count("malformed:address-null") == 3
    for trait in ("unpaid", "same_sku", "gift_card", "digital", "no_customer", "discount", "two_locations"):
        assert trait in traits


def test_pages_hold_every_order_once_though_most_share_a_second(world: World, store: StoreClient) -> None:
    names = [order["name"] for order in seed(world, count=120, span_seconds=3)]
    assert sorted(read_all(store, 7)) == sorted(names)


def test_an_order_that_changes_during_paging_comes_again_and_hides_none(world: World, store: StoreClient) -> None:
    names = [order["name"] for order in seed(world, count=30, span_seconds=60)]
    page = store(PAGE, first=10, after=None)["orders"]
    world.store.post("touch", order=page["nodes"][3]["name"])
    world.store.post("touch", order=names[25])
    rest, after = [], page["pageInfo"]["endCursor"]
    while after:
        more = store(PAGE, first=10, after=after)["orders"]
        rest += [node["name"] for node in more["nodes"]]
        after = more["pageInfo"]["endCursor"] if more["pageInfo"]["hasNextPage"] else None
    assert set(rest) == set(names[10:]) | {page["nodes"][3]["name"]}


def test_the_query_bounds_updated_at_and_counts_alike(world: World, store: StoreClient) -> None:
    seed(world, count=50, span_seconds=50)
    times = [node["updatedAt"] for node in store(PAGE, first=100, query=None)["orders"]["nodes"]]
    query = f"updated_at:>='{times[20]}' AND updated_at:<='{times[40]}'"
    expected = sum(1 for when in times if times[20] <= when <= times[40])
    assert len(read_all(store, 9, query)) == expected
    assert store("query($q: String) { ordersCount(query: $q) { count precision } }", q=query)["ordersCount"] == {
        "count": expected, "precision": "EXACT"}  # fmt: skip


def test_a_search_field_that_does_not_exist_is_a_warning(world: World, store: StoreClient) -> None:
    seed(world, count=2)
    body = store.answer(PAGE, first=5, query="update_at:>='2020-01-01'").json()
    assert len(body["data"]["orders"]["nodes"]) == 2
    assert body["extensions"]["search"][0]["field"] == "update_at"


def test_a_partial_fulfilment_leaves_the_rest_and_more_than_that_is_refused(world: World, store: StoreClient) -> None:
    order = next(o for o in seed(world, count=60) if world.store.get("order", order=o["id"])["ordered"] > 2)
    part = parts(store, order["id"])[0]
    line = part["lineItems"]["nodes"][0]

    def create(quantity: int) -> dict[str, Any]:
        picks = [{"id": line["id"], "quantity": quantity}]
        tracking = {"company": "UPS", "numbers": ["1Z1", "1Z2"], "urls": ["https://track.example/1Z1"]}
        group = {"fulfillmentOrderId": part["id"], "fulfillmentOrderLineItems": picks}
        given = {"lineItemsByFulfillmentOrder": [group], "trackingInfo": tracking}
        answer: dict[str, Any] = store(CREATE, f=given)["fulfillmentCreate"]
        return answer

    refused = create(line["remainingQuantity"] + 1)
    assert refused["fulfillment"] is None
    assert refused["userErrors"][0]["field"][-1] == "quantity"
    made = create(1)["fulfillment"]
    assert made["trackingInfo"] == [
        {"number": "1Z1", "company": "UPS", "url": "https://track.example/1Z1"},
        {"number": "1Z2", "company": "UPS", "url": None},
    ]
    after = parts(store, order["id"])[0]
    assert after["lineItems"]["nodes"][0]["remainingQuantity"] == line["remainingQuantity"] - 1
    effect = world.store.get("effects", effect="fulfillment_created")["effects"][0]
    assert effect["tracking"] == ["1Z1", "1Z2"]
    assert effect["lines"][0]["quantity"] == 1


def test_story_23_one_request_must_not_span_two_locations(world: World, store: StoreClient) -> None:
    rates = {"two_locations": 1, "gift_card": 0, "digital": 0, "on_hold": 0}
    order = next(o for o in seed(world, count=80, rates=rates) if "two_locations" in o["traits"])
    groups = [{"fulfillmentOrderId": part["id"]} for part in parts(store, order["id"])]
    assert len(groups) == 2
    answer = store(CREATE, f={"lineItemsByFulfillmentOrder": groups})["fulfillmentCreate"]
    assert "same location" in answer["userErrors"][0]["message"]
    tracking = {"number": "T1", "company": "UPS"}
    for group in groups:  # one each, with the same number, is how a shipment for both is written
        given = {"lineItemsByFulfillmentOrder": [group], "trackingInfo": tracking}
        assert store(CREATE, f=given)["fulfillmentCreate"]["userErrors"] == []
    report = world.store.get("order", order=order["id"])
    assert report["fulfillment_status"] == "FULFILLED"
    assert report["tracking"] == {"T1": 2}
    assert report["double_tracking"] == []


def test_a_tracking_number_written_twice_at_one_location_is_reported(world: World, store: StoreClient) -> None:
    order = next(o for o in seed(world, count=60) if world.store.get("order", order=o["id"])["ordered"] > 1)
    part = parts(store, order["id"])[0]
    for _ in range(2):
        line = next(n for n in parts(store, order["id"])[0]["lineItems"]["nodes"] if n["remainingQuantity"])
        picks = [{"id": line["id"], "quantity": 1}]
        group = {"fulfillmentOrderId": part["id"], "fulfillmentOrderLineItems": picks}
        store(CREATE, f={"lineItemsByFulfillmentOrder": [group], "trackingInfo": {"number": "T9"}})
    assert world.store.get("order", order=order["id"])["double_tracking"] == ["T9"]
    assert world.store.get("report")["double_tracking"] == [{"order": order["name"], "numbers": ["T9"]}]


def test_a_cancelled_fulfilment_makes_a_new_fulfilment_order(world: World, store: StoreClient) -> None:
    order = seed(world, count=1)[0]
    part = parts(store, order["id"])[0]
    made = store(CREATE, f={"lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": part["id"]}]})
    cancel = "mutation($id: ID!) { fulfillmentCancel(id: $id) { fulfillment { status } userErrors { message } } }"
    identity = made["fulfillmentCreate"]["fulfillment"]["id"]
    assert store(cancel, id=identity)["fulfillmentCancel"]["fulfillment"]["status"] == "CANCELLED"
    assert store(cancel, id=identity)["fulfillmentCancel"]["userErrors"]
    again = parts(store, order["id"])
    assert [entry["status"] for entry in again] == ["CLOSED", "OPEN"]
    assert world.store.get("order", order=order["id"])["fulfilled"] == 0


def test_a_cancelled_order_cannot_be_fulfilled(world: World, store: StoreClient) -> None:
    order = seed(world, count=1)[0]
    part = parts(store, order["id"])[0]
    report = world.store.post("cancel", order=order["name"])
    assert report["cancelled"] == report["ordered"]
    answer = store(CREATE, f={"lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": part["id"]}]})
    assert "unfulfillable status= cancelled" in answer["fulfillmentCreate"]["userErrors"][0]["message"]
    assert "already been cancelled" in world.store.post("cancel", order=order["name"])["refused"]


def test_an_edit_changes_what_remains(world: World, store: StoreClient) -> None:
    order = seed(world, count=1)[0]
    before = world.store.get("order", order=order["id"])
    changes = [{"line": 0, "quantity": before["lines"][0]["ordered"] + 2}, {"add": "MUG-WHT-350", "quantity": 1}]
    after = world.store.post("edit", order=order["id"], changes=changes)
    assert after["ordered"] == before["ordered"] + 3
    lowered = world.store.post("edit", order=order["id"], changes=[{"line": 0, "quantity": 1}])
    assert lowered["lines"][0]["cancelled"] == before["lines"][0]["ordered"] + 1
    remaining = sum(n["remainingQuantity"] for p in parts(store, order["id"]) for n in p["lineItems"]["nodes"])
    assert remaining == lowered["ordered"] - lowered["cancelled"]


SET = """mutation($i: InventorySetQuantitiesInput!, $k: String!) { inventorySetQuantities(input: $i) DIRECTIVE {
  inventoryAdjustmentGroup { changes { delta quantityAfterChange } } userErrors { code } } }"""


def test_inventory_needs_a_key_and_an_expected_quantity(world: World, store: StoreClient) -> None:
    items = store("""{ inventoryItems(first: 1, query: "sku:CAP-GRN") { nodes { id sku inventoryLevels(first: 1) {
        nodes { location { id } quantities(names: ["available"]) { quantity } } } } } }""")["inventoryItems"]
    found = items["nodes"][0]
    level = found["inventoryLevels"]["nodes"][0]
    entry = {"inventoryItemId": found["id"], "locationId": level["location"]["id"], "quantity": 42}
    given = {"name": "available", "reason": "correction", "quantities": [{**entry, "changeFromQuantity": None}]}
    keyed = SET.replace("DIRECTIVE", "@idempotent(key: $k)")

    without_key = store.answer(SET.replace("DIRECTIVE", "").replace(", $k: String!", ""), i=given).json()
    assert "@idempotent" in without_key["errors"][0]["message"]
    assert "changeFromQuantity" in store.answer(keyed, i={**given, "quantities": [entry]}, k="k0").text
    for _ in range(2):  # the same key twice is one effect
        made = store(keyed, i=given, k="k1")["inventorySetQuantities"]
        assert made["inventoryAdjustmentGroup"]["changes"] == [{"delta": 42 - level["quantities"][0]["quantity"],
                                                                "quantityAfterChange": 42}]  # fmt: skip
    assert len(world.store.get("effects", effect="inventory_set")["effects"]) == 1
    other = {**given, "quantities": [{**entry, "quantity": 7, "changeFromQuantity": None}]}
    assert "MISMATCH" in store(keyed, i=other, k="k1")["inventorySetQuantities"]["userErrors"][0]["code"]
    stale = {**given, "quantities": [{**entry, "quantity": 7, "changeFromQuantity": 41}]}
    answer = store(keyed, i=stale, k="k2")["inventorySetQuantities"]
    assert answer["userErrors"] == [{"code": "CHANGE_FROM_QUANTITY_STALE"}]


RETURNS = """query($id: ID!) { order(id: $id) { returnStatus returns(first: 5) { nodes { id status
  returnLineItems(first: 5) { nodes { id quantity processedQuantity
    ... on ReturnLineItem { fulfillmentLineItem { lineItem { id } } } } }
  reverseFulfillmentOrders(first: 5) { nodes { status lineItems(first: 5) { nodes {
    id totalQuantity dispositions { type quantity } } } } } } } } }"""
PROCESS = """mutation($i: ReturnProcessInput!) {
  returnProcess(input: $i) { return { id } userErrors { code message } } }"""
CLOSE = "mutation($id: ID!) { returnClose(id: $id) { return { status } userErrors { code } } }"


def test_a_return_is_processed_disposed_of_and_closed(world: World, store: StoreClient) -> None:
    order = seed(world, count=1)[0]
    world.store.post("fulfil", order=order["id"])
    asked = world.store.post("returns", order=order["id"], status="REQUESTED")["returns"][0]
    assert store(RETURNS, id=order["id"])["order"]["returnStatus"] == "RETURN_REQUESTED"
    assert store(CLOSE, id=asked["id"])["returnClose"]["userErrors"] == [{"code": "INVALID_STATE"}]
    world.store.post("approve", **{"return": asked["id"]})
    made = store(RETURNS, id=order["id"])["order"]["returns"]["nodes"][0]
    reverse = made["reverseFulfillmentOrders"]["nodes"][0]["lineItems"]["nodes"][0]
    location = store("{ locations(first: 1) { nodes { id } } }")["locations"]["nodes"][0]["id"]
    disposition = {"reverseFulfillmentOrderLineItemId": reverse["id"], "quantity": 1, "locationId": location,
                   "dispositionType": "RESTOCKED"}  # fmt: skip
    line = {"id": made["returnLineItems"]["nodes"][0]["id"], "quantity": 1, "dispositions": [disposition]}
    given = {"returnId": made["id"], "returnLineItems": [line]}
    assert store(PROCESS, i=given)["returnProcess"]["userErrors"] == []
    assert store(PROCESS, i=given)["returnProcess"]["userErrors"][0]["code"] == "GREATER_THAN"
    assert store(CLOSE, id=made["id"])["returnClose"]["return"]["status"] == "CLOSED"
    after = store(RETURNS, id=order["id"])["order"]
    assert after["returnStatus"] == "RETURNED"
    assert after["returns"]["nodes"][0]["reverseFulfillmentOrders"]["nodes"][0]["status"] == "CLOSED"
    report = world.store.get("report")["orders"][0]["returns"][0]
    assert (report["status"], report["processed"], report["disposed"]) == ("CLOSED", 1, 1)


def test_the_bucket_throttles_with_http_200_and_leaks(world: World, store: StoreClient) -> None:
    world.store.post("plan", plan="standard")
    world.store.post("plan", empty=True)
    seed(world, count=3)
    throttled = store.answer(PAGE, first=100)
    assert throttled.status_code == 200
    body = throttled.json()
    assert body["errors"][0]["extensions"]["code"] == "THROTTLED"
    status = body["extensions"]["cost"]["throttleStatus"]
    assert (status["maximumAvailable"], status["restoreRate"]) == (2000, 100)
    answered = wait_for(lambda: store.answer(PAGE, first=20).json().get("data"))
    assert len(answered["orders"]["nodes"]) == 3
    over = store.answer("{ orders(first: 250) { nodes { lineItems(first: 50) { nodes { variant { id } } } } } }").json()
    assert over["errors"][0]["extensions"]["code"] == "MAX_COST_EXCEEDED"


def test_a_connection_dropped_after_the_effect_leaves_the_effect(world: World, store: StoreClient) -> None:
    order = seed(world, count=1)[0]
    part = parts(store, order["id"])[0]
    given = {"lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": part["id"]}], "trackingInfo": {"number": "T1"}}
    world.store.post("fail_next", kind="drop_before", match="fulfillmentCreate")
    with pytest.raises(requests.ConnectionError):
        store(CREATE, f=given)
    assert world.store.get("effects")["effects"] == []
    world.store.post("fail_next", kind="drop_after", match="fulfillmentCreate")
    with pytest.raises(requests.ConnectionError):
        store(CREATE, f=given)
    assert len(world.store.get("effects")["effects"]) == 1
    assert world.store.get("faults")["injected"]["drop_after"] >= 1


def test_a_timeout_after_the_effect_and_the_plain_refusals(world: World, store: StoreClient) -> None:
    world.store.post("faults", timeout_seconds=1.0)
    world.store.post("fail_next", kind="timeout_after")
    with pytest.raises((requests.Timeout, requests.ConnectionError)):
        store.session.post(store.url, json={"query": "{shop{name}}"}, timeout=0.3)
    for kind, statuses in (("rate_429", {429}), ("rate_500", {500, 502, 503}), ("throttled", {200}), ("slow", {200})):
        world.store.post("fail_next", kind=kind)
        answer = store.answer("{shop{name}}")
        assert answer.status_code in statuses
        if kind == "rate_429":
            assert float(answer.headers["Retry-After"]) >= 0
    assert store("{shop{name}}")["shop"]["name"]


SUBSCRIBE = """mutation($t: WebhookSubscriptionTopic!, $s: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $t, webhookSubscription: $s) { webhookSubscription { id uri topic }
  userErrors { field message } } }"""


def subscribe(store: StoreClient, receiver: Receiver, topic: str) -> dict[str, Any]:
    answer: dict[str, Any] = store(SUBSCRIBE, t=topic, s={"uri": receiver.url})["webhookSubscriptionCreate"]
    return answer


def test_story_16_webhooks_are_signed_over_the_raw_body(world: World, store: StoreClient, receiver: Receiver) -> None:
    assert subscribe(store, receiver, "ORDERS_CREATE")["userErrors"] == []
    assert "already been taken" in subscribe(store, receiver, "ORDERS_CREATE")["userErrors"][0]["message"]
    order = seed(world, count=1)[0]
    got = wait_for(lambda: receiver.requests)[0]
    mac = hmac.new(STORE_SECRET.encode(), got.body, hashlib.sha256).digest()
    assert got.headers["x-shopify-hmac-sha256"] == base64.b64encode(mac).decode()
    assert got.headers["x-shopify-topic"] == "orders/create"
    assert got.headers["x-shopify-shop-domain"] == STORE_DOMAIN
    assert got.headers["x-shopify-webhook-id"]
    body = json.loads(got.body)
    assert (body["admin_graphql_api_id"], body["name"]) == (order["id"], order["name"])


def test_a_failed_webhook_is_retried_under_the_same_id_and_then_given_up(
    world: World, store: StoreClient, receiver: Receiver
) -> None:
    subscribe(store, receiver, "ORDERS_CREATE")
    receiver.answers = [500]
    seed(world, count=1)
    wait_for(lambda: len(receiver.requests) == 2)
    assert len({got.headers["x-shopify-webhook-id"] for got in receiver.requests}) == 1
    receiver.answers = [500] * 20
    seed(world, count=1, offset=1)
    wait_for(lambda: world.store.get("webhooks")["subscriptions"] == [])
    listed = store("{ webhookSubscriptions(first: 5) { nodes { id } } }")["webhookSubscriptions"]
    assert listed == {"nodes": []}


def test_webhooks_can_be_duplicated_and_dropped(world: World, store: StoreClient, receiver: Receiver) -> None:
    subscribe(store, receiver, "ORDERS_CREATE")
    world.store.post("webhooks", duplicate=1)
    seed(world, count=2)
    wait_for(lambda: len(receiver.requests) == 4)
    assert len({got.headers["x-shopify-webhook-id"] for got in receiver.requests}) == 2
    world.store.post("webhooks", duplicate=0, drop=1)
    before = world.store.get("webhooks")["stats"].get("dropped", 0)
    seed(world, count=3, offset=2)
    assert world.store.get("webhooks")["stats"]["dropped"] == before + 3


def test_orders_trickle_in_and_are_cancelled_at_random_moments(world: World) -> None:
    world.store.post("cancel", fraction=1, within_seconds=[0, 0.05], future=True)
    world.store.post("trickle", per_second=200, limit=20, seed=4)
    wait_for(lambda: world.store.get("counts")["all"] == 20)
    wait_for(lambda: world.store.get("report")["totals"]["cancelled_orders"] == 20)


def test_a_held_order_opens_when_it_is_released_and_an_unpaid_one_when_paid(world: World, store: StoreClient) -> None:
    held = seed(world, count=1, rates={"on_hold": 1, "unpaid": 1, "gift_card": 0, "digital": 0})[0]
    assert {p["status"] for p in parts(store, held["id"])} == {"ON_HOLD"}
    assert world.store.post("release", order=held["id"])["fulfillment_status"] == "UNFULFILLED"
    assert world.store.post("pay", order=held["id"])["financial_status"] == "PAID"
    assert {p["status"] for p in parts(store, held["id"])} == {"OPEN"}


def test_a_control_call_that_makes_no_sense_says_why(world: World) -> None:
    address = f"{world.store.url}/_control/"
    answer = requests.post(f"{address}faults", json={"rate_4299": 1}, timeout=5)
    assert answer.status_code == 400
    assert "rate_4299" in answer.json()["error"]
    assert "POST /_control/seed" in requests.get(f"{address}nope", timeout=5).json()["known"]
    assert requests.post(f"{address}cancel", json={"order": "#0"}, timeout=5).status_code == 400
