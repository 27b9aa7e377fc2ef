"""The warehouse over real HTTP: its contract, and that it never ships a cancelled unit."""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests
import yaml
from openapi_spec_validator import validate

from hub.sandbox.world import WAREHOUSE_TOKEN, World
from tests.unit.sandbox.conftest import Receiver, wait_for

ADDRESS = {"name": "Ada Okafor", "address1": "77 Pine Street", "city": "Austin", "country": "US"}


class WarehouseClient:
    """Sends requests and holds every answer against docs/warehouse-api.yaml."""

    def __init__(self, world: World, contract: dict[str, Any]) -> None:
        self.url = world.warehouse.url
        self.contract = contract
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {WAREHOUSE_TOKEN}"

    def __call__(self, method: str, path: str, body: Any = None, **query: Any) -> requests.Response:
        answer = self.session.request(method, f"{self.url}{path}", json=body, params=query, timeout=10)
        self._check(method.lower(), path, answer)
        return answer

    def _check(self, method: str, path: str, answer: requests.Response) -> None:
        operation = next(
            (item[method] for template, item in self.contract["paths"].items()
             if method in item and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)), None)  # fmt: skip
        assert operation is not None, f"{method} {path} does not stand in the contract"
        response = operation["responses"].get(str(answer.status_code)) or operation["responses"]["default"]
        if "$ref" in response:
            response = self.contract["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
        content = response.get("content")
        if content is None:
            assert answer.content == b""
            return
        kind = answer.headers["Content-Type"]
        assert kind in content
        schema = {**content[kind]["schema"], "components": self.contract["components"]}
        jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(answer.json())

    def create(self, reference: str, lines: list[tuple[str, str, int]], **more: Any) -> requests.Response:
        listed = [{"line_id": line, "sku": sku, "quantity": quantity} for line, sku, quantity in lines]
        return self("PUT", f"/fulfillments/{reference}", {"ship_to": ADDRESS, "lines": listed, **more})

    def feed(self, name: str, limit: int = 100) -> Iterator[dict[str, Any]]:
        after = None
        while True:
            page = self("GET", f"/{name}", after=after, limit=limit).json()
            yield from page["data"]
            after = page["next"]
            if not page["more"]:
                return


@pytest.fixture(scope="session")
def contract(root: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load((root / "docs" / "warehouse-api.yaml").read_text(), Loader=yaml.CSafeLoader)
    return loaded


@pytest.fixture
def warehouse(world: World, contract: dict[str, Any]) -> WarehouseClient:
    return WarehouseClient(world, contract)


def test_the_contract_is_a_valid_openapi_file(contract: dict[str, Any]) -> None:
    validate(contract)
    assert contract["openapi"].startswith("3.1")


def test_a_reference_is_used_once(world: World, warehouse: WarehouseClient) -> None:
    lines = [("L1", "TEE-BLK-M", 2), ("L2", "TEE-BLK-M", 1)]
    assert warehouse.create("F1", lines, order_number="#1").status_code == 201
    assert warehouse.create("F1", lines, order_number="#1").status_code == 200
    conflict = warehouse.create("F1", lines[:1], order_number="#1")
    assert (conflict.status_code, conflict.json()["code"]) == (409, "reference_conflict")
    report = world.warehouse.get("report")
    assert report["totals"]["effects"]["fulfillment_created"] == 1
    assert report["repeated_creates"] == {"F1": 2}
    assert report["conflicts"] == {"F1": 1}
    assert report["double_lines"] == {}


def test_an_order_line_in_two_references_is_reported(world: World, warehouse: WarehouseClient) -> None:
    for reference in ("F1", "F2"):
        warehouse.create(reference, [("L1", "TEE-BLK-M", 2)], order_number="#1")
    assert world.warehouse.get("report")["double_lines"] == {"L1": ["F1", "F2"]}
    assert world.discrepancies()[0]["kind"] == "created-twice"


def test_every_unit_is_shipped_once_in_parts_and_packages(world: World, warehouse: WarehouseClient) -> None:
    world.warehouse.post("simulation", partial_rate=1.0)
    for number in range(20):
        warehouse.create(f"F{number}", [(f"{number}-A", "MUG-WHT-350", 4), (f"{number}-B", "MUG-WHT-350", 2)])
    wait_for(lambda: world.warehouse.get("report")["totals"].get("shipped") == 120)
    shipments = list(warehouse.feed("shipments", limit=7))
    assert len(shipments) > 20
    units: dict[str, int] = {}
    for shipment in shipments:
        for package in shipment["packages"]:
            for line in package["lines"]:
                units[line["line_id"]] = units.get(line["line_id"], 0) + line["quantity"]
    assert units == {f"{number}-{line}": quantity for number in range(20) for line, quantity in (("A", 4), ("B", 2))}
    numbers = [package["tracking_number"] for shipment in shipments for package in shipment["packages"]]
    assert len(numbers) == len(set(numbers)) > len(shipments)
    assert warehouse("GET", "/fulfillments/F3").json()["status"] == "shipped"


def test_a_cancel_gets_what_is_open_and_is_idempotent(world: World, warehouse: WarehouseClient) -> None:
    world.warehouse.post("simulation", paused=True)
    warehouse.create("F1", [("L1", "CAP-GRN", 3), ("L2", "CAP-GRN", 2)])
    world.warehouse.post("ship", reference="F1", lines={"L1": 2}, allocate_only=True)
    path = "/fulfillments/F1/cancellations/C1"
    first = warehouse("PUT", path, {})
    assert first.status_code == 201
    outcomes = [(line["line_id"], line["cancelled"], line["refused"], line["reason"]) for line in first.json()["lines"]]
    assert outcomes == [("L1", 1, 2, "allocated"), ("L2", 2, 0, None)]
    again = warehouse("PUT", path, {})
    assert again.status_code == 200
    assert again.json()["lines"] == first.json()["lines"]
    assert warehouse("PUT", path, {"lines": [{"line_id": "L2"}]}).status_code == 409
    assert warehouse("PUT", "/fulfillments/nobody/cancellations/C1", {}).json()["code"] == "unknown_reference"
    world.warehouse.post("ship", reference="F1")
    assert warehouse("GET", "/fulfillments/F1").json()["lines"] == [
        {"line_id": "L1", "sku": "CAP-GRN", "quantity": 3, "open": 0, "allocated": 0, "shipped": 2, "cancelled": 1},
        {"line_id": "L2", "sku": "CAP-GRN", "quantity": 2, "open": 0, "allocated": 0, "shipped": 0, "cancelled": 2},
    ]
    late = warehouse("PUT", "/fulfillments/F1/cancellations/C2", {"lines": [{"line_id": "L1", "quantity": 2}]})
    assert late.json()["lines"][0]["reason"] == "shipped"


def test_no_cancelled_unit_is_shipped_when_cancels_race_the_work(world: World, warehouse: WarehouseClient) -> None:
    world.warehouse.post("simulation", partial_rate=1.0)
    for number in range(60):
        warehouse.create(f"F{number}", [(f"L{number}", "PEN-BRASS", 5)])
        warehouse("PUT", f"/fulfillments/F{max(0, number - 2)}/cancellations/C{number}", {})
    totals = wait_for(lambda: (t := world.warehouse.get("report")["totals"])["open"] + t["allocated"] == 0 and t)
    assert totals["shipped"] + totals["cancelled"] == 300
    assert totals["cancelled"] > 0
    shipped = sum(line["quantity"] for shipment in warehouse.feed("shipments")
                  for package in shipment["packages"] for line in package["lines"])  # fmt: skip
    assert shipped == totals["shipped"]


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"ship_to": None}, "/ship_to", "required"),
        ({"ship_to": {**ADDRESS, "country": None}}, "/ship_to/country", "required"),
        ({"ship_to": {**ADDRESS, "country": "USA"}}, "/ship_to/country", "format"),
        ({"lines": []}, "/lines", "required"),
        ({"lines": [{"line_id": "L1", "sku": None, "quantity": 1}]}, "/lines/0/sku", "required"),
        ({"lines": [{"line_id": "L1", "sku": "NO-SUCH", "quantity": 1}]}, "/lines/0/sku", "unknown_sku"),
        ({"lines": [{"line_id": "L1", "sku": "CAP-GRN", "quantity": 0}]}, "/lines/0/quantity", "quantity"),
        ({"lines": [{"line_id": "L1", "sku": "CAP-GRN", "quantity": 1}] * 2}, "/lines/1/line_id", "duplicate"),
    ],
)
def test_a_bad_body_is_answered_with_field_and_code(
    warehouse: WarehouseClient, change: dict[str, Any], field: str, code: str
) -> None:
    body = {"ship_to": ADDRESS, "lines": [{"line_id": "L1", "sku": "CAP-GRN", "quantity": 1}], **change}
    answer = warehouse("PUT", "/fulfillments/F1", body)
    assert answer.status_code == 422
    assert (field, code) in {(entry["field"], entry["code"]) for entry in answer.json()["errors"]}
    assert warehouse("GET", "/fulfillments/F1").status_code == 404


def test_a_token_and_a_limit_are_checked(world: World, warehouse: WarehouseClient) -> None:
    assert warehouse("GET", "/shipments", limit="many").json()["code"] == "bad_parameter"
    world.warehouse.post("token", token="other")
    assert warehouse("GET", "/shipments").json()["code"] == "unauthorised"


def test_a_feed_only_grows_at_its_end(world: World, warehouse: WarehouseClient) -> None:
    empty = warehouse("GET", "/shipments").json()
    assert (empty["data"], empty["next"], empty["more"], empty["total"]) == ([], "0", False, 0)
    warehouse.create("F1", [("L1", "CAP-GRN", 1)])
    first = wait_for(lambda: (page := warehouse("GET", "/shipments", after="0").json())["data"] and page)
    assert warehouse("GET", "/shipments", after=first["next"]).json()["data"] == []
    warehouse.create("F2", [("L2", "CAP-GRN", 1)])
    second = wait_for(lambda: warehouse("GET", "/shipments", after=first["next"]).json()["data"])
    assert [shipment["reference"] for shipment in second] == ["F2"]


def test_inventory_lists_what_changed_once_with_its_latest_value(world: World, warehouse: WarehouseClient) -> None:
    levels = list(warehouse.feed("inventory", limit=5))
    assert len(levels) == len({level["sku"] for level in levels}) == 24
    cursor = warehouse("GET", "/inventory", limit=500).json()["next"]
    world.warehouse.post("stock", sku="CAP-GRN", on_hand=5)
    world.warehouse.post("stock", sku="CAP-GRN", on_hand=3)
    page = warehouse("GET", "/inventory", after=cursor).json()
    assert [(level["sku"], level["on_hand"]) for level in page["data"]] == [("CAP-GRN", 3)]


def test_goods_come_back_announced_or_not(world: World, warehouse: WarehouseClient) -> None:
    warehouse.create("F1", [("L1", "CAP-GRN", 2), ("L2", "CAP-GRN", 1)], order_number="#7")
    wait_for(lambda: world.warehouse.get("report")["totals"].get("shipped") == 3)
    announced = {"reference": "F1", "lines": [{"line_id": "L2", "quantity": 1}]}
    assert warehouse("PUT", "/returns/RMA-1", announced).status_code == 201
    assert warehouse("PUT", "/returns/RMA-1", announced).status_code == 200
    assert warehouse("PUT", "/returns/RMA-1", {**announced, "reference": "F9"}).status_code == 409
    wait_for(lambda: world.warehouse.get("report")["totals"]["returns"] == 1)
    back = {"order_number": "#7", "lines": [{"sku": "CAP-GRN", "quantity": 2, "condition": "damaged"}]}
    world.warehouse.post("returns", returns=[back])
    found = list(warehouse.feed("returns"))
    assert [(entry["rma"], entry["lines"][0]["line_id"], entry["lines"][0]["condition"]) for entry in found] == [
        ("RMA-1", "L2", "sellable"), (None, "L1", "damaged")]  # fmt: skip


def test_a_malformed_document_in_the_feed_belongs_to_nothing(world: World, warehouse: WarehouseClient) -> None:
    world.warehouse.post("simulation", malformed_every=3, partial_rate=0)
    for number in range(6):
        warehouse.create(f"F{number}", [(f"L{number}", "CAP-GRN", 1)])
    wait_for(lambda: world.warehouse.get("report")["totals"].get("shipped") == 6)
    report = world.warehouse.get("report")
    bad = {entry["id"] for entry in report["malformed"]}
    assert bad
    documents = requests.get(f"{warehouse.url}/shipments", headers=dict(warehouse.session.headers), timeout=5).json()
    for document in documents["data"]:
        assert (document["id"] in bad) is document["reference"].startswith("nobody-")


def test_faults_before_and_after_the_effect(world: World, warehouse: WarehouseClient) -> None:
    world.warehouse.post("fail_next", kind="drop_before", match="PUT /fulfillments/")
    with pytest.raises(requests.ConnectionError):
        warehouse.create("F1", [("L1", "CAP-GRN", 1)])
    assert warehouse("GET", "/fulfillments/F1").status_code == 404
    world.warehouse.post("fail_next", kind="drop_after", match="PUT /fulfillments/")
    with pytest.raises(requests.ConnectionError):
        warehouse.create("F1", [("L1", "CAP-GRN", 1)])
    assert warehouse.create("F1", [("L1", "CAP-GRN", 1)]).status_code == 200
    world.warehouse.post("fail_next", kind="rate_429")
    slow = warehouse("GET", "/inventory")
    assert (slow.status_code, slow.headers["Retry-After"]) == (429, "1")


def test_story_16_webhooks_are_signed_over_the_raw_body(
    world: World, warehouse: WarehouseClient, receiver: Receiver, contract: dict[str, Any]
) -> None:
    body = {"url": receiver.url, "events": ["shipment.created"], "secret": "whsec-test"}
    made = warehouse("POST", "/webhooks", body)
    assert made.status_code == 201
    assert warehouse("POST", "/webhooks", body).status_code == 200
    receiver.answers = [500]
    warehouse.create("F1", [("L1", "CAP-GRN", 1)])
    wait_for(lambda: len(receiver.requests) == 2)
    for got in receiver.requests:
        signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
        mac = hmac.new(b"whsec-test", signed, "sha256").digest()
        assert got.headers["webhook-signature"] == f"v1,{base64.b64encode(mac).decode()}"
    assert len({got.headers["webhook-id"] for got in receiver.requests}) == 1
    event = json.loads(receiver.requests[0].body)
    for name, value in (("WebhookEvent", event), ("Shipment", event["data"])):
        schema = {"$ref": f"#/components/schemas/{name}", "components": contract["components"]}
        jsonschema.Draft202012Validator(schema).validate(value)
    assert warehouse("DELETE", f"/webhooks/{made.json()['id']}").status_code == 204
    assert warehouse("GET", "/webhooks").json() == {"data": []}


def test_a_subscription_whose_deliveries_fail_becomes_unhealthy(
    world: World, warehouse: WarehouseClient, receiver: Receiver
) -> None:
    receiver.answers = [500] * 20
    warehouse("POST", "/webhooks", {"url": receiver.url, "events": ["shipment.created"]})
    warehouse.create("F1", [("L1", "CAP-GRN", 1)])
    wait_for(lambda: warehouse("GET", "/webhooks").json()["data"][0]["healthy"] is False)
    assert warehouse("POST", "/webhooks", {"url": "ftp://x", "events": ["nope"]}).status_code == 422
