"""Take in what a warehouse tells of its stock: a return that has come back is that return; all else is recorded with
its cause and changes no level, since levels are absolute counts."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from hub.flows.batch import Batch
from hub.flows.fulfilment import returns
from hub.flows.matching import fulfillment_named
from hub.flows.problems import Ignore, Park
from hub.store import shipments as store

Document = Mapping[str, Any]

EVENTS = {"receipt": "stock.received", "adjustment": "stock.adjusted", "announced": "stock.announced"}


def apply(batch: Batch, message: Row[Any], doc: Document, content: str) -> int | None:
    """Store one canonical stock movement; gives the order's id where it is the receipt of a return. Raises `Park` or
    `Ignore`."""
    if doc["movement"] == "receipt":
        reference = _returned_to(batch, message, doc)
        if reference is not None:
            return returns.apply(batch, message, _return(doc, reference), content)
    if message.test:
        raise Ignore("stock.test")
    batch.event(
        EVENTS[doc["movement"]],
        message_id=message.id,
        connection_id=message.connection_id,
        backend=batch.connections[message.connection_id].name,
        cause=doc["external_id"],
        carrier=doc.get("carrier") or doc.get("routing") or "",
        skus=len({line.get("sku") or line.get("line") for line in doc["lines"]}),
        units=str(sum((line["quantity"] for line in doc["lines"]), Decimal(0))),
    )
    return None


def _returned_to(batch: Batch, message: Row[Any], doc: Document) -> str | None:
    """Our reference of the fulfillment whose goods have come back, None where the receipt names no return of ours."""
    reference = doc.get("reference")
    if reference and batch.fulfillment_named.get((message.connection_id, reference)) is not None:
        return str(fulfillment_named(batch, message, reference).reference)
    if not doc.get("rma"):
        return None
    orders = store.orders_with_rma(batch.tx, doc["rma"])
    here = [
        each.reference
        for order_id in orders
        for each in batch.fulfillments_of[order_id]
        if each.connection_id == message.connection_id
    ]
    if not here:
        raise Park("return.unknown-order", "It names a return that this hub does not know, or not of this backend.")
    if len(here) > 1:
        raise Park("return.ambiguous", "Several parts of the order, or several orders, may be what has come back.")
    return str(here[0])


def _return(doc: Document, reference: str) -> dict[str, Any]:
    """The receipt as the return that it is."""
    return {
        "external_id": doc["external_id"],
        "rma": doc.get("rma"),
        "reference": reference,
        "status": "received",
        "lines": [{**line, "received": line["quantity"]} for line in doc["lines"]],
    }
