"""The warehouse client against the conformance suite; each call and answer is checked against the contract's file."""

from __future__ import annotations

from pathlib import Path

from connectors.rest_warehouse import CONNECTOR
from hub.sdk.testing import ConnectorSuite, Peer
from tests.connectors.rest_warehouse.warehouse import Warehouse


class TestRestWarehouse(ConnectorSuite):
    connector = CONNECTOR
    history_kinds = ("shipment", "return")

    def make_peer(self, folder: Path) -> Peer:
        return Warehouse()


def test_only_sending_again_on_request_is_left_out() -> None:
    assert set(TestRestWarehouse.left_out.values()) == {"rest_warehouse declares no resends"}
