"""The client against the sandbox's warehouse, a process behind real HTTP: the two were written apart, from the
contract's file alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.rest_warehouse import CONNECTOR
from connectors.rest_warehouse.connector import RestWarehouseConnector
from hub.documents import SCHEMAS
from hub.mapping import Context, Library, decode
from hub.sandbox.warehouse.app import signer
from hub.sandbox.world import WAREHOUSE_TOKEN, Peer
from hub.sdk import Document, Http, Rejected, Retry, Unauthorised, WebhookRequest
from hub.sdk.testing import Intake

LIBRARY = Library([Path(__file__).parents[3] / "mappings"])
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    peer = Peer("warehouse", tmp_path_factory.mktemp("warehouse"), {})
    peer.wait_until_ready()
    peer.post("simulation", paused=True)
    yield peer
    peer.stop()


@pytest.fixture
def connector(peer: Peer) -> RestWarehouseConnector:
    return connected(peer)


def connected(peer: Peer, token: str = WAREHOUSE_TOKEN) -> RestWarehouseConnector:
    settings = {"address": peer.url, "token": token, "webhook_secret": "s", "page_size": 2}
    return CONNECTOR(CONNECTOR.Settings().load(settings), Http("http://unset.invalid", timeout=(2, 2)))


def sealed(kind: str, document: dict[str, Any]) -> bytes:
    schema = SCHEMAS[kind]()
    made = LIBRARY.get(f"rest_warehouse/{kind}.out").run(schema.dump(schema.load(document)), Context())
    return json.dumps(made).encode()


def request(reference: str, *lines: tuple[str, str, int]) -> bytes:
    return sealed(
        "fulfillment",
        {
            "reference": reference,
            "order_number": f"#{reference}",
            "ship_to": {"name": "Ada", "address1": "1 Main St", "city": "Austin", "country": "US"},
            "lines": [{"line": line, "sku": sku, "quantity": quantity} for line, sku, quantity in lines],
        },
    )


def cancellation(reference: str, line: str, quantity: int) -> bytes:
    lines = [{"line": line, "quantity": quantity}]
    return sealed("cancellation", {"reference": reference, "key": f"{reference}-cancel-1", "lines": lines})


def read(kind: str, body: bytes) -> dict[str, Any]:
    return SCHEMAS[kind]().load(LIBRARY.get(f"rest_warehouse/{kind}.in").run(decode(body, "json"), Context()))


def pulled(connector: RestWarehouseConnector, kind: str) -> list[Document]:
    intake = Intake(kind, START)
    intake.pull(connector)
    return intake.documents


def test_check_tells_a_wrong_token(connector: RestWarehouseConnector, peer: Peer) -> None:
    connector.check()
    with pytest.raises(Unauthorised):
        connected(peer, token="wrong").check()


def test_story_20_an_order_ships_in_parts_by_line(connector: RestWarehouseConnector, peer: Peer) -> None:
    """The same SKU on two lines: units come back by our line ids. A cancel takes what is not picked yet."""
    connector.push("fulfillment", request("E-1", ("1", "TEE-BLK-M", 3), ("2", "TEE-BLK-M", 2)), "fulfillment/1")
    peer.post("ship", reference="E-1", lines={"1": 1})
    answer = connector.push("cancellation", cancellation("E-1", "1", 3), "cancellation/1")
    assert read("cancellation_result", answer.raw) == {"lines": [{"line": "1", "cancelled": 2}]}
    peer.post("ship", reference="E-1")
    shipped = [read("shipment", d.body) for d in pulled(connector, "shipment")]
    units: dict[str, int] = {}
    for shipment in shipped:
        for package in shipment["packages"] if shipment["reference"] == "E-1" else []:
            assert package["weight_grams"] > 0 and package["tracking_number"]
            for line in package["lines"]:
                units[line["line"]] = units.get(line["line"], 0) + int(line["quantity"])
    assert units == {"1": 1, "2": 2}


def test_goods_that_come_back_are_read(connector: RestWarehouseConnector, peer: Peer) -> None:
    connector.push("fulfillment", request("E-2", ("1", "TEE-BLK-S", 2)), "fulfillment/2")
    peer.post("ship", reference="E-2")
    peer.post("returns", returns=[{"reference": "E-2", "rma": "R-1", "lines": [{"line_id": "1", "quantity": 1}]}])
    found = [read("return", d.body) for d in pulled(connector, "return")]
    (back,) = [r for r in found if r["reference"] == "E-2"]
    assert back["rma"] == "R-1" and back["lines"][0]["line"] == "1" and back["lines"][0]["received"] == 1


def test_levels_are_read(connector: RestWarehouseConnector, peer: Peer) -> None:
    peer.post("stock", sku="MUG-WHT-350", on_hand=77)
    levels = [level for d in pulled(connector, "inventory") for level in read("inventory", d.body)["levels"]]
    (mug,) = [level for level in levels if level["sku"] == "MUG-WHT-350"]
    assert mug["on_hand"] == 77 and mug["counted_at"].tzinfo is not None


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "rate_500"])
def test_story_41_faults_around_the_effect_make_it_once(
    connector: RestWarehouseConnector, peer: Peer, kind: str
) -> None:
    payload = request(f"E-{kind}", ("1", "TEE-BLK-M", 1))
    peer.post("fail_next", kind=kind, count=3)
    with pytest.raises(Retry) as caught:
        connector.push("fulfillment", payload, "k")
    assert caught.value.maybe_done, "a write whose answers were lost is in doubt"
    connector.push("fulfillment", payload, "k")
    created = peer.get("effects", effect="fulfillment_created")["effects"]
    assert len([e for e in created if e["reference"] == f"E-{kind}"]) == 1


def test_an_unknown_sku_is_refused_by_field(connector: RestWarehouseConnector) -> None:
    with pytest.raises(Rejected) as caught:
        connector.push("fulfillment", request("E-9", ("1", "TEE-BLK-M", 1), ("2", "NO-SUCH", 1)), "k")
    assert (caught.value.code, caught.value.field) == ("rest_warehouse.invalid", "lines[1].sku")


def test_subscriptions_are_made_once(connector: RestWarehouseConnector) -> None:
    address = "http://127.0.0.1:9/hooks/1"
    made = connector.subscribe(address)
    assert sorted(s.topic for s in made) == sorted(CONNECTOR.topics)
    assert connector.subscribe(address) == made


def test_its_signature_is_the_contracts(connector: RestWarehouseConnector) -> None:
    document = {"id": "SHP-1", "shipped_at": "2026-03-01T09:00:00.000Z", "packages": []}
    event = {"id": "evt_1", "event": "shipment.created", "occurred_at": "2026-03-01T09:00:00.000Z", "data": document}
    body = json.dumps(event).encode()
    headers = {name.lower(): value for name, value in signer("s", "evt_1", body)().items()}
    webhook = connector.receive(WebhookRequest(headers, body))
    assert (webhook.delivery_id, webhook.topic) == ("evt_1", "shipment.created")
    assert [d.external_id for d in webhook.documents] == ["SHP-1"]
