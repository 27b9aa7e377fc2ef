"""Writing stock: absolute levels, each compared with the one it replaces.

The payload (mappings/shopify/inventory.out.yaml):

    {"name": "available" or "on_hand", "reason": text, "reference": URI or null,
     "levels": [{"sku": text, "location_id": gid or null, "quantity": n}]}

Levels that are right already are left alone, so a repeated push writes nothing. The idempotency key is made from the
push's key and what is sent: the same levels on the same base are one write, on a changed base another.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

from connectors.shopify.client import Client
from connectors.shopify.settings import gid
from hub.sdk.connector import Absent, Found, Receipt
from hub.sdk.errors import Rejected, Retry
from hub.sdk.http import loads

MOST = 250
"""Levels written by one call; the API takes input arrays of at most 250."""

_KEYS = uuid.UUID("2f5a3f0e-6f0a-5d8e-9d0b-3c2f1f7a64aa")


@dataclass(frozen=True, slots=True)
class Change:
    """A level that is not as it should be. `now` is what the shop has."""

    item: str
    location: str
    now: int
    wanted: int


class Stocking:
    """Sets levels, and sees which are set."""

    def __init__(self, client: Client, locations: list[str]) -> None:
        self._client = client
        self._locations = locations

    def push(self, payload: bytes, key: str) -> Receipt:
        """Set the levels that differ. A level that moved between our look and our write is `Retry`."""
        document = self._read(payload)
        changes = self._changes(document)
        raw = b""
        for at in range(0, len(changes), MOST):
            raw = self._write(document, changes[at : at + MOST], key)
        return Receipt(None, raw or json.dumps({"unchanged": len(document["levels"])}).encode())

    def find(self, payload: bytes) -> Found | Absent:
        """Are all levels as the payload says?"""
        return Absent() if self._changes(self._read(payload)) else Found(Receipt())

    def _write(self, document: dict[str, Any], changes: list[Change], key: str) -> bytes:
        entry = {
            "name": document.get("name") or "available",
            "reason": document.get("reason") or "correction",
            "referenceDocumentUri": document.get("reference"),
            "quantities": [
                {
                    "inventoryItemId": change.item,
                    "locationId": change.location,
                    "quantity": change.wanted,
                    "changeFromQuantity": change.now,
                }
                for change in changes
            ],
        }
        once = str(uuid.uuid5(_KEYS, f"{key}\n{json.dumps(entry, sort_keys=True)}"))
        try:
            return self._client.change("inventory_set_quantities", input=entry, key=once).body
        except Rejected as error:
            if error.code in ("shopify.change-from-quantity-stale", "shopify.idempotency-concurrent-request"):
                raise Retry(error.detail, after=1.0, code=error.code) from error
            raise

    def _changes(self, document: dict[str, Any]) -> list[Change]:
        found = []
        for index, level in enumerate(document["levels"]):
            location = self._location(level, index)
            item, now = self._level(level["sku"], location, document.get("name") or "available", index)
            if now != level["quantity"]:
                found.append(Change(item, location, now, int(level["quantity"])))
        return found

    def _location(self, level: dict[str, Any], index: int) -> str:
        location = level.get("location_id") or next(iter(self._locations), None)
        if not location:
            raise Rejected(
                "no location: name one in the payload, or one of ours in the connection's settings",
                field=f"levels.{index}.location_id",
                code="shopify.location-missing",
            )
        return gid("Location", str(location))

    def _level(self, sku: str, location: str, name: str, index: int) -> tuple[str, int]:
        """The inventory item of a SKU, matched exactly, and its present level."""
        quoted = sku.replace("\\", "\\\\").replace("'", "\\'")
        page = self._client.call("stock", query=f"sku:'{quoted}'", location=location).data["page"]
        items = [node for node in page["nodes"] if node["sku"] == sku]
        where = f"levels.{index}.sku"
        if not items:
            raise Rejected(f"the shop has no item with SKU {sku!r}", field=where, code="shopify.sku-unknown")
        if len(items) > 1:
            raise Rejected(f"several items at the shop have SKU {sku!r}", field=where, code="shopify.sku-ambiguous")
        if items[0]["inventoryLevel"] is None:
            raise Rejected(f"SKU {sku!r} is not stocked at {location}", field=where, code="shopify.sku-not-stocked")
        levels = {entry["name"]: entry["quantity"] for entry in items[0]["inventoryLevel"]["quantities"]}
        return items[0]["id"], levels[name]

    def _read(self, payload: bytes) -> dict[str, Any]:
        try:
            document: dict[str, Any] = loads(payload)
            for level in document["levels"]:
                if int(level["quantity"]) != level["quantity"] or not level["sku"]:
                    raise ValueError("a level needs a sku and a whole quantity")
        except (ValueError, TypeError, KeyError) as error:
            raise Rejected(f"not an inventory payload: {error!r}", code="shopify.payload-invalid") from None
        return document
