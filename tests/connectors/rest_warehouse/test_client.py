"""What the suite does not ask: the warehouse's own errors, references, history, webhooks' age."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from connectors.rest_warehouse import CONNECTOR
from connectors.rest_warehouse.connector import RestWarehouseConnector
from hub.sdk import Absent, Found, Http, Misconfigured, Rejected, Retry, WebhookRefused, WebhookRequest
from hub.sdk.connector import secret_names
from hub.sdk.testing import Answer, Intake
from tests.connectors.rest_warehouse.warehouse import Warehouse


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    warehouse = Warehouse()
    yield warehouse
    warehouse.close()


@pytest.fixture
def connector(warehouse: Warehouse) -> RestWarehouseConnector:
    return connected(warehouse)


def connected(warehouse: Warehouse, **changes: Any) -> RestWarehouseConnector:
    settings = CONNECTOR.Settings().load({**warehouse.settings, **changes})
    return CONNECTOR(settings, Http("http://unset.invalid", timeout=(1, 1)))


def test_a_refusal_names_the_field_in_the_payload(connector: RestWarehouseConnector, warehouse: Warehouse) -> None:
    with pytest.raises(Rejected) as caught:
        connector.push("fulfillment", warehouse.request("F-1", sku="UNKNOWN"), "fulfillment/1")
    assert (caught.value.code, caught.value.field) == ("rest_warehouse.invalid", "lines[1].sku")
    assert caught.value.detail == "the warehouse refuses it (unknown_sku)"
    assert b"not stocked here" in caught.value.answer


def test_a_reference_used_for_another_body_has_its_own_code(
    connector: RestWarehouseConnector, warehouse: Warehouse
) -> None:
    connector.push("fulfillment", warehouse.request("F-1"), "fulfillment/1")
    with pytest.raises(Rejected) as caught:
        connector.push("fulfillment", warehouse.request("F-1", sku="CUP"), "fulfillment/1")
    assert caught.value.code == "rest_warehouse.reference-conflict"
    assert warehouse.effects("fulfillment") == ["F-1"]


def test_story_22_a_cancellation_repeated_gives_the_first_answer(
    connector: RestWarehouseConnector, warehouse: Warehouse
) -> None:
    payload = warehouse.payload("cancellation", 1)
    first = connector.push("cancellation", payload, "cancellation/1")
    again = connector.push("cancellation", payload, "cancellation/1")
    assert first == again and len(warehouse.effects("cancellation")) == 1
    assert [line["cancelled"] for line in json.loads(first.raw)["lines"]] == [1]


def test_a_cancellation_of_what_was_never_made_is_refused(
    connector: RestWarehouseConnector, warehouse: Warehouse
) -> None:
    payload = warehouse.payload("cancellation", 1)
    warehouse.made.clear()
    with pytest.raises(Rejected) as caught:
        connector.push("cancellation", payload, "cancellation/1")
    assert caught.value.code == "rest_warehouse.unknown-reference"
    assert connector.find("cancellation", payload, "cancellation/1") == Absent()


def test_find_brings_the_answer(connector: RestWarehouseConnector, warehouse: Warehouse) -> None:
    create, cancel = warehouse.payload("fulfillment", 1), warehouse.payload("cancellation", 1)
    warehouse.made.clear()
    assert connector.find("fulfillment", create, "k") == Absent()
    made = connector.push("fulfillment", create, "k")
    assert connector.find("cancellation", cancel, "c") == Absent()
    done = connector.push("cancellation", cancel, "c")
    assert connector.find("cancellation", cancel, "c") == Found(done)
    found = connector.find("fulfillment", create, "k")
    assert isinstance(found, Found) and found.receipt.remote_id == made.remote_id


def test_a_payload_without_reference_is_the_mappings_fault(connector: RestWarehouseConnector) -> None:
    for payload in (b"{}", b"[]", b"no json", b'{"reference": 7}'):
        with pytest.raises(Misconfigured, match=r"rest_warehouse/cancellation\.out"):
            connector.push("cancellation", payload, "k")


@pytest.mark.parametrize("body", [b"<html>welcome</html>", b"{}", b"[]", b'{"reference": "F-2"}'])
def test_an_answer_that_is_not_the_warehouses_leaves_doubt(
    connector: RestWarehouseConnector, warehouse: Warehouse, body: bytes
) -> None:
    """A proxy's page with 200 is no acceptance."""
    warehouse.server.answer = lambda call: Answer(200, body)
    with pytest.raises(Retry) as caught:
        connector.push("fulfillment", warehouse.request("F-1"), "k")
    assert caught.value.maybe_done


@pytest.mark.parametrize(
    "said",
    [
        b"Ada King lives elsewhere",
        b'{"code": "Ada King lives elsewhere", "detail": "no", "errors": []}',
        b'{"code": "invalid", "detail": "Ada King", "errors": [{"field": "/ship_to/name", "code": "Ada King"}]}',
        b'{"code": "invalid", "detail": "no", "errors": ["Ada King"]}',
        b'{"code": 7, "detail": "Ada King"}',
    ],
    ids=["no-json", "code", "fault", "no-fault", "number"],
)
def test_what_a_refusal_says_stays_in_the_answer(
    connector: RestWarehouseConnector, warehouse: Warehouse, said: bytes
) -> None:
    """Its words may repeat the document: the error's own text is ours."""
    warehouse.server.answer = lambda call: Answer(418, said)
    with pytest.raises(Rejected) as caught:
        connector.push("fulfillment", warehouse.request("F-1"), "k")
    error = caught.value
    assert error.answer == said and error.code in ("rest_warehouse.refused", "rest_warehouse.invalid")
    assert "Ada" not in f"{error} {error.detail} {error.code} {error.field}"


def test_history_does_not_count_as_missing(connector: RestWarehouseConnector, warehouse: Warehouse) -> None:
    """What the source holds in this flow's range leaves out what came before the connection's start."""
    warehouse.seed("shipment", 3)
    warehouse.pass_time(60)
    start = warehouse.now()
    warehouse.seed("shipment", 2)
    intake = Intake("shipment", start)
    intake.pull(connector)
    assert [d.external_id for d in intake.documents] == ["shipment-3", "shipment-4"]
    assert intake.pages[-1].source_count == 2
    assert intake.cursor == {"after": "5", "history": 3}
    warehouse.seed("shipment", 1)
    intake.pull(connector)
    assert intake.pages[-1].source_count == 3


def test_old_stock_levels_are_no_history(connector: RestWarehouseConnector, warehouse: Warehouse) -> None:
    ids = warehouse.seed("inventory", 3)
    intake = Intake("inventory", warehouse.now() + timedelta(days=1))
    intake.pull(connector)
    assert intake.ids == set(ids)
    assert intake.pages[-1].source_count == 3


def test_nothing_new_costs_no_commit(connector: RestWarehouseConnector, warehouse: Warehouse) -> None:
    warehouse.seed("shipment", 3)
    intake = Intake("shipment", warehouse.now() - timedelta(days=1))
    intake.pull(connector)
    assert list(connector.pull("shipment", intake.cursor, intake.start_at)) == []


def test_a_document_without_id_keeps_one_name(connector: RestWarehouseConnector, warehouse: Warehouse) -> None:
    warehouse.loose_ends = 1
    warehouse.feeds["shipments"] += [b'{"packages": []}', b"7", b"null"]
    names = []
    for _ in range(2):
        intake = Intake("shipment", warehouse.now())
        intake.pull(connector)
        names.append([d.external_id for d in intake.documents])
    assert names[0] == names[1] and len(set(names[0])) == 3
    assert all(name.startswith("unnamed-") for name in names[0])


def test_a_feed_that_stands_still_does_not_turn_for_ever(
    connector: RestWarehouseConnector, warehouse: Warehouse
) -> None:
    warehouse.server.answer = lambda call: Answer(200, b'{"data": [], "next": "0", "more": true, "total": 1}')
    with pytest.raises(Retry, match="no further cursor"):
        list(connector.pull("shipment", {"after": "0", "history": 0}, warehouse.now()))


def test_a_webhook_brings_the_very_document_of_the_feed(
    connector: RestWarehouseConnector, warehouse: Warehouse
) -> None:
    """So the poll beside it brings nothing twice."""
    topic = "shipment.created"
    kind, external_id = warehouse.subject(topic) or ("", "")
    webhook = connector.receive(warehouse.sign(topic, warehouse.notice(topic, external_id), "d-1"))
    intake = Intake(kind, warehouse.now() - timedelta(days=1))
    intake.pull(connector)
    assert webhook.documents == intake.documents


def test_an_old_delivery_cannot_be_replayed(connector: RestWarehouseConnector, warehouse: Warehouse) -> None:
    topic = "shipment.created"
    kind, external_id = warehouse.subject(topic) or ("", "")
    request = warehouse.sign(topic, warehouse.notice(topic, external_id), "d-1")
    connector.clock = lambda: time.time() + 301  # type: ignore[method-assign]
    with pytest.raises(WebhookRefused, match="check both clocks"):
        connector.receive(request)
    refreshed = {**request.headers, "webhook-timestamp": str(int(time.time() + 301))}
    with pytest.raises(WebhookRefused, match="signature"):
        connector.receive(WebhookRequest(refreshed, request.body))


def test_without_a_secret_polling_suffices(warehouse: Warehouse) -> None:
    connector = connected(warehouse, webhook_secret="")
    assert connector.subscribe("https://hub.example/hooks/1") == []
    assert warehouse.hooks == []
    topic = "return.received"
    _, external_id = warehouse.subject(topic) or ("", "")
    with pytest.raises(WebhookRefused, match="webhook_secret"):
        connector.receive(warehouse.sign(topic, warehouse.notice(topic, external_id), "d-1"))


def test_subscriptions_of_others_are_left_alone(connector: RestWarehouseConnector, warehouse: Warehouse) -> None:
    connector.subscribe("https://other.example/hook")
    warehouse.drop_subscription("shipment.created")
    before = list(warehouse.hooks)
    connector.subscribe("https://hub.example/hooks/1")
    assert warehouse.hooks[: len(before)] == before


def test_secrets_are_sealed() -> None:
    assert secret_names(CONNECTOR.Settings) == {"token", "webhook_secret"}
