"""Take in what a carrier says of a shipment on its way: it stands on the order's story, and a tracking number that was
not known goes on to the order's source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row

from hub.documents.base import instant_text
from hub.flows.batch import Batch
from hub.flows.fulfilment.shipments import write_back
from hub.flows.problems import Park
from hub.store import shipments as store

Document = Mapping[str, Any]


def apply(batch: Batch, message: Row[Any], doc: Document, content: str) -> int:
    """Take in one canonical transport status; gives the order's id. Raises `Park`."""
    shipments = store.on_their_way(batch.tx, doc.get("tracking_number"), doc["references"])
    orders = {shipment.order_id for shipment in shipments}
    order = batch.order.get(orders.pop()) if len(orders) == 1 else None
    if order is None or bool(order.test) != message.test:
        raise Park("transport.unknown-shipment", "It is about no shipment that this hub knows, or about several.")
    for event in doc["events"]:
        batch.event(
            "shipment.status",
            order_id=order.id,
            message_id=message.id,
            connection_id=message.connection_id,
            status=event["status"].replace("_", " "),
            at=instant_text(event["happened_at"]) if event.get("happened_at") else None,
            place=", ".join(event[name] for name in ("city", "region", "country") if event.get(name)),
            reason=event.get("reason"),
            tracking=doc.get("tracking_number"),
        )
    if len(shipments) == 1 and doc.get("tracking_number"):
        _track(batch, message, order, shipments[0], doc)
    return int(order.id)


def _track(batch: Batch, message: Row[Any], order: Row[Any], shipment: Row[Any], doc: Document) -> None:
    """The number by which the carrier knows a shipment that went out without one."""
    packages = [package for package, _ in batch.packages_of[shipment.id]]
    if any(package.tracking_number for package in packages):
        return
    for package in packages:
        store.change_package(
            batch.tx,
            package.id,
            tracking_number=doc["tracking_number"],
            carrier=package.carrier or doc.get("carrier"),
        )
    batch.event("shipment.tracking-added", order_id=order.id, message_id=message.id, shipment=shipment.external_id)
    write_back(batch, order, "tracking", shipment.id, about=message.id)
