"""Tracking that came late: put on the fulfilment that was written back without it.

The payload is that of a shipment (see `fulfilling`): the same packages, now with their tracking numbers. The fulfilment
meant is one without tracking whose units are exactly those of packages of one carrier.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from connectors.shopify.client import Client
from connectors.shopify.fulfilling import Fulfilling, Package, living, read_payload, shipped, tracking_input
from hub.sdk.connector import Absent, Found, Receipt
from hub.sdk.errors import Rejected


class Tracking:
    """Adds tracking to fulfilments, and sees which have it."""

    def __init__(self, client: Client, fulfilling: Fulfilling, notify: bool) -> None:
        self._client = client
        self._fulfilling = fulfilling
        self._notify = notify

    def push(self, payload: bytes) -> Receipt:
        """Add the tracking numbers that no fulfilment of the order has."""
        document, packages = read_payload(payload)
        state = self._fulfilling.state(document["order_id"])
        waiting = _waiting(packages, state)
        changed, raw = [], b""
        for fulfilment in living(state):
            chosen = [] if _numbers(fulfilment) else _filling(waiting, shipped(fulfilment))
            if not chosen:
                continue
            waiting = [package for package in waiting if package not in chosen]
            numbers = {package.number: package.url for package in chosen if package.number}
            raw = self._client.change(
                "fulfillment_tracking_info_update",
                fulfillmentId=fulfilment["id"],
                trackingInfoInput=tracking_input(chosen[0].carrier, numbers),
                notifyCustomer=bool(document.get("notify_customer", self._notify)),
            ).body
            changed.append(fulfilment["id"])
        if waiting:
            raise Rejected(
                f"no fulfilment of order {state.get('name')} waits for the tracking of {len(waiting)} package(s)",
                field="packages",
                code="shopify.fulfillment-unknown",
            )
        return Receipt(",".join(changed) or None, raw or json.dumps({"already_there": document["order_id"]}).encode())

    def find(self, payload: bytes) -> Found | Absent:
        """Does the order have all of the tracking numbers?"""
        document, packages = read_payload(payload)
        state = self._fulfilling.state(document["order_id"])
        return Absent() if _waiting(packages, state) else Found(Receipt())


def _numbers(fulfilment: dict[str, Any]) -> set[str]:
    return {info["number"] for info in fulfilment["trackingInfo"] if info["number"]}


def _waiting(packages: list[Package], state: dict[str, Any]) -> list[Package]:
    present = {number for fulfilment in living(state) for number in _numbers(fulfilment)}
    return [package for package in packages if package.number and package.number not in present]


def _filling(packages: list[Package], held: Counter[str]) -> list[Package]:
    """Packages of one carrier that together are exactly what a fulfilment holds, none when there are no such."""
    for carrier in dict.fromkeys(package.carrier for package in packages):
        left, chosen = Counter(held), []
        for package in packages:
            if package.carrier == carrier and package.units <= left:
                left -= package.units
                chosen.append(package)
        if chosen and not left:
            return chosen
    return []
