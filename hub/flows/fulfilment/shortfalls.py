"""Units that a backend says it will not ship: what was asked back is granted, the rest waits for a person or is
cancelled, as the backend's connection decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from hub.flows.batch import Batch
from hub.flows.naming import numbered
from hub.flows.orders import cancel
from hub.flows.problems import Park
from hub.ledger import Kind
from hub.store import orders as store

POLICY = "shortfall"
HOLD, CANCEL = "hold", "cancel"
"""What becomes of units that were not asked back: they are open, and a person decides; or they are cancelled."""

CODE = "hold.short-shipped"

Document = Mapping[str, Any]


def close(batch: Batch, message: Row[Any], fulfillment: Row[Any], lines: Sequence[Document]) -> int:
    """Take it that the backend ships nothing more of these lines; gives the base units that it gives back by that.

    Each of `lines`: line or sku, short, reason. Of one that is short all comes back that the fulfillment still has, of
    another only what was asked back: what a document says again changes nothing. Raises `Park`.
    """
    has = batch.books_of[fulfillment.order_id].held_by(fulfillment.id)
    asked = cancel.asked_back(batch.wishes_of[fulfillment.order_id])[fulfillment.id]
    take: dict[int, int] = {}
    for i, line in enumerate(lines):
        for row in named(batch, fulfillment, line, f"closed[{i}]"):
            units = has.get(row.line_id, 0)
            back = units if line["short"] else min(units, asked[row.line_id])
            take[row.line_id] = max(take.get(row.line_id, 0), back)
    reasons = {line["reason"] for line in lines if line["short"] and line.get("reason")}
    return give_back(batch, message, fulfillment, take, ", ".join(sorted(reasons)))


def named(batch: Batch, fulfillment: Row[Any], line: Document, path: str) -> list[Row[Any]]:
    """What of a fulfillment a backend's line means: by our line number, else by SKU. Raises `Park`."""
    asked = batch.lines_of_fulfillment[fulfillment.id]
    if line.get("line"):
        row = numbered(asked).get(line["line"])
        rows = [] if row is None else [row]
    else:
        rows = [a for a in asked if a.sku == line.get("sku")]
    if not rows:
        raise Park("line.unknown", "It names a line that this fulfillment does not have.", path=path)
    return rows


def give_back(batch: Batch, message: Row[Any], fulfillment: Row[Any], take: Mapping[int, int], reason: str = "") -> int:
    """The backend does not ship these base units per line, which it has: first those that were asked back are granted.
    Gives how many they are."""
    units = sum(take.values())
    if not units:
        return 0
    facts = {"order_id": fulfillment.order_id, "message_id": message.id, "connection_id": message.connection_id}
    facts["reference"] = fulfillment.reference
    asked = cancel.asked_back(batch.wishes_of[fulfillment.order_id])[fulfillment.id]
    left = _grant(batch, message, fulfillment, take)
    granted = units - sum(left.values())
    if granted:
        batch.event("cancellation.granted", units=granted, asked=sum(asked.values()), **facts)
    if left:
        batch.event("shipment.short", units=sum(left.values()), reason=reason, **facts)
        _give_up(batch, message, fulfillment, left, reason)
    return units


def settle(batch: Batch, message: Row[Any], fulfillment: Row[Any]) -> None:
    """End the wishes of a fulfillment that can no longer be granted: what they ask for has been shipped."""
    if message.partner_id is None:
        return  # a backend that is no partner answers each cancellation at once, and says itself what it grants
    has = batch.books_of[fulfillment.order_id].held_by(fulfillment.id)
    for wish in batch.wishes_of[fulfillment.order_id]:
        if wish.fulfillment_id == fulfillment.id and not any(has.get(line_id) for line_id in cancel.pending(wish)):
            refuse(batch, message, wish, "it has shipped them")


def refuse(batch: Batch, message: Row[Any], wish: Row[Any], detail: str = "") -> None:
    """A wish has ended: the backend gives back nothing more of it."""
    asked = sum(cancel.pending(wish).values())
    cancel.grant(batch, wish, {}, "", final=True)
    batch.event(
        "cancellation.refused",
        order_id=wish.order_id,
        message_id=message.id,
        connection_id=message.connection_id,
        units=asked,
        detail=detail,
    )


def _grant(batch: Batch, message: Row[Any], fulfillment: Row[Any], take: Mapping[int, int]) -> dict[int, int]:
    """Give the oldest wishes what they ask for; gives what is left of `take`."""
    left = dict(take)
    for wish in batch.wishes_of[fulfillment.order_id]:
        if wish.fulfillment_id != fulfillment.id:
            continue
        asked = cancel.pending(wish)
        part = {line_id: min(units, left.get(line_id, 0)) for line_id, units in asked.items()}
        if any(part.values()):
            final = all(part[line_id] == units for line_id, units in asked.items())
            cancel.grant(batch, wish, part, f"{wish.cause}/{wish.id}/{message.id}", final=final)
            left = {line_id: units - part.get(line_id, 0) for line_id, units in left.items()}
    return {line_id: units for line_id, units in left.items() if units}


def _give_up(batch: Batch, message: Row[Any], fulfillment: Row[Any], left: Mapping[int, int], reason: str) -> None:
    """What nobody asked back and the backend does not ship: cancelled, or open and held line by line."""
    order_id = fulfillment.order_id
    cause = f"{POLICY}/{message.id}"
    if batch.connections[fulfillment.connection_id].policy.get(POLICY, HOLD) == CANCEL:
        cancel.give_back(batch, fulfillment, left, cause, Kind.CANCELLED)
        cancel.tell_source(batch, batch.order[order_id])
        return
    cancel.give_back(batch, fulfillment, left, cause, Kind.CANCELLED, left)
    held = {hold.line_id for hold in batch.holds_of[order_id] if hold.code == CODE}
    name = batch.connections[fulfillment.connection_id].name
    new = [
        {
            "order_id": order_id,
            "line_id": line_id,
            "code": CODE,
            "detail": f"{name} does not ship {units} of it" + (f": {reason}." if reason else "."),
            "sticky": True,
            "placed_at": batch.now,
        }
        for line_id, units in left.items()
        if line_id not in held
    ]
    store.place_holds(batch.rows, new)
    batch.holds_of.forget(order_id)
    for hold in new:
        batch.event("order.held", order_id=order_id, code=CODE, detail=hold["detail"])
