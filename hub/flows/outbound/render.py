"""What is to go out, as the canonical document it is made from: read from the present state, in deliver's first
transaction.

Each function gives the document, or None when nothing is left to send.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Row

from hub.documents.fulfillment import TOLD, marked
from hub.flows.batch import Batch
from hub.flows.invoicing import billing
from hub.flows.naming import numbered
from hub.flows.orders import cancel, change_answers
from hub.flows.units import source_units
from hub.store import orders as order_store
from hub.store import shipments as store

Document = dict[str, Any]
Render = Callable[[Batch, Row[Any], int], Document | None]


def fulfillment(batch: Batch, order: Row[Any], fulfillment_id: int) -> Document | None:
    """What one backend is asked to fulfil: the units that are still allocated to it."""
    row = batch.fulfillment.get(fulfillment_id)
    if row is None or row.withdrawn_at is not None:
        return None
    has = batch.books_of[order.id].held_by(fulfillment_id)
    if not has:
        return None
    lines = batch.lines_of_fulfillment[fulfillment_id]
    return {
        "reference": row.reference,
        "purpose": "original",
        "order_number": order.number or order.external_id,
        "ordered_on": _ordered_on(order),
        "location": row.location,
        "parties": marked(order.parties),
        "lines": [
            {
                "line": number,
                "sku": line.sku,
                "title": line.title,
                "quantity": has[line.line_id] * line.units_per,
                "unit_price": line.unit_price,
                "identifiers": line.identifiers,
            }
            for number, line in numbered(lines).items()
            if has.get(line.line_id)
        ],
        **{name: getattr(order, name) for name in TOLD},
    }


def _ordered_on(order: Row[Any]) -> dt.date | None:
    return order.placed_on or (order.placed_at.date() if order.placed_at else None)


def restated(batch: Batch, order: Row[Any], cancellation_id: int) -> Document | None:
    """A cancellation as the fulfillment that is left: for backends that are told of it by the same kind of document."""
    wish = order_store.cancellation(batch.tx, cancellation_id)
    document = None
    if wish is not None and wish.answered_at is None:
        document = fulfillment(batch, order, wish.fulfillment_id)
    if wish is None or document is None:
        return None
    back = cancel.asked_back(batch.wishes_of[order.id])[wish.fulfillment_id]
    asked = numbered(batch.lines_of_fulfillment[wish.fulfillment_id])
    left = {
        line["line"]: line["quantity"] - back[asked[line["line"]].line_id] * asked[line["line"]].units_per
        for line in document["lines"]
    }
    if not any(left.values()):
        return {**document, "purpose": "cancel"}
    lines = [{**line, "quantity": left[line["line"]]} for line in document["lines"]]
    return {**document, "purpose": "change", "lines": lines}


def cancellation(batch: Batch, order: Row[Any], cancellation_id: int) -> Document | None:
    """What one backend is asked to give back."""
    row = order_store.cancellation(batch.tx, cancellation_id)
    if row is None or row.answered_at is not None:
        return None
    target = batch.fulfillment.get(row.fulfillment_id)
    if target is None:
        return None
    wanted = cancel.pending(row)
    if not wanted:
        return None
    asked = numbered(batch.lines_of_fulfillment[row.fulfillment_id])
    return {
        "reference": target.reference,
        "key": f"{target.reference}-cancel-{cancellation_id}",
        "reason": row.reason or order.cancel_reason,
        "lines": [
            {"line": number, "quantity": wanted[line.line_id] * line.units_per}
            for number, line in asked.items()
            if line.line_id in wanted
        ],
    }


def shipment(batch: Batch, order: Row[Any], shipment_id: int) -> Document | None:
    """A shipment as the order's source is told of it: its own line ids and its own units."""
    row = batch.shipment.get(shipment_id)
    if row is None:
        return None
    target = batch.fulfillment.get(row.fulfillment_id)
    packages = []
    for package, lines in batch.packages_of[shipment_id]:
        packed = [_packed(line) for line in lines if line.units]
        if packed:
            columns = (*store.TRACKING, "external_id", "sscc", "weight_grams")
            packages.append({**{name: getattr(package, name) for name in columns}, "lines": packed})
    if not packages:
        return None
    return {
        "external_id": row.external_id,
        "reference": target.reference if target else str(row.fulfillment_id),
        "shipped_at": row.shipped_at or row.created_at,
        "carrier": row.carrier or packages[0]["carrier"],
        "service": row.service,
        "location": row.location,
        "order_external_id": order.external_id,
        "order_number": order.number or order.external_id,
        "ordered_on": _ordered_on(order),
        "ship_to": order.ship_to,
        "parties": order.parties or [],
        "references": order.references,
        "packages": packages,
    }


def _packed(line: Row[Any]) -> Document:
    return {
        "line": str(line.line_id),
        "sku": line.ordered_sku,
        "quantity": source_units(line.units, line.pack_factor),
        "external_line": line.external_id,
        "position": line.position,
        "title": line.title,
        "unit": line.unit,
        "ordered": line.quantity,
        "identifiers": line.identifiers,
    }


def return_(batch: Batch, order: Row[Any], return_id: int) -> Document | None:
    """What a backend received, as an answer to the return that the order's source opened."""
    row = store.get_return(batch.tx, return_id)
    if row is None:
        return None
    opened = store.find_return(batch.tx, order.connection_id, row.source_return_id or "")
    ids: dict[int, str] = {}
    if opened is not None:
        ids = {
            line.line_id: line.external_id for line in store.return_lines_of(batch.tx, opened.id) if line.external_id
        }
    received: dict[int, Document] = defaultdict(dict)
    for line in store.return_lines_of(batch.tx, return_id):
        entry = received[line.line_id]
        entry["quantity"] = entry.get("quantity", 0) + line.received
        entry.update(
            external_id=ids.get(line.line_id),
            line=str(line.line_id),
            external_line=line.external_line,
            sku=line.sku,
            condition=line.condition,
            restock=line.restock,
        )
        entry["received"] = entry["quantity"]
    return {
        "external_id": row.external_id,
        "rma": row.rma,
        "order_external_id": order.external_id,
        "return_external_id": row.source_return_id,
        "status": "received",
        "updated_at": row.updated_at,
        "lines": list(received.values()),
    }


def acknowledgement(batch: Batch, order: Row[Any], order_id: int) -> Document | None:
    """The business answer to an order: per line what of it will be fulfilled."""
    lines = batch.lines_of[order.id]
    sums = batch.books_of[order.id].lines
    answered = []
    for line in lines:
        q = sums.get(line.id)
        units = (q.ordered - q.cancelled) if q else 0
        quantity = source_units(units, line.pack_factor)
        status = "accepted" if quantity == line.quantity else ("rejected" if not units else "changed")
        answered.append(
            {
                "external_line": line.external_id,
                "status": status,
                "ordered": line.quantity,
                "quantity": quantity,
                **{
                    name: getattr(line, name)
                    for name in ("position", "sku", "title", "unit", "unit_price", "identifiers")
                },
            }
        )
    states = {line["status"] for line in answered}
    return {
        "order_external_id": order.external_id,
        "order_number": order.number,
        "ordered_on": order.placed_on,
        "acknowledged_on": batch.now.date(),
        "status": states.pop() if len(states) == 1 else "changed",
        "references": order.references,
        "lines": answered,
    }


def order_cancellation(batch: Batch, order: Row[Any], order_id: int) -> Document | None:
    """The order's source is told that it is cancelled here; not when units of it have gone out after all."""
    if any(q.shipped or q.allocated for q in batch.books_of[order.id].lines.values()):
        return None
    return {
        "order_external_id": order.external_id,
        "order_number": order.number or order.external_id,
        "reason": order.cancel_reason or "other",
    }


RENDER: Mapping[str, tuple[str, Render]] = {
    "fulfillment": ("fulfillment", fulfillment),
    "cancellation": ("cancellation", cancellation),
    "shipment": ("shipment", shipment),
    "tracking": ("shipment", shipment),
    "return": ("return", return_),
    "order_cancellation": ("order_cancellation", order_cancellation),
    "acknowledgement": ("acknowledgement", acknowledgement),
    change_answers.KIND: ("acknowledgement", change_answers.document),
    "invoice": ("invoice", billing.invoice),
}
"""What each noun that goes out is rendered from: (canonical schema, function)."""
