"""Units that a backend says it will not ship: what was asked back is granted, the rest waits for a person or is
cancelled, as the backend's connection decides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from hub.flows import cancel
from hub.flows.batch import Batch
from hub.flows.naming import numbered
from hub.flows.problems import Park
from hub.flows.units import whole
from hub.ledger import Kind
from hub.store import orders as store

POLICY = "shortfall"
HOLD, CANCEL = "hold", "cancel"
"""What becomes of units that were not asked back: they are open, and a person decides; or they are cancelled."""

CODE = "hold.short-shipped"

Document = Mapping[str, Any]


def close(batch: Batch, message: Row[Any], fulfillment: Row[Any], lines: Sequence[Document], path: str) -> int:
    """Take it that the backend ships nothing more of these lines; gives the base units that it gives back by that.

    What a document says again changes nothing: only what the fulfillment still has can be given back. Each of `lines`:
    line or sku, quantity in backend units or None for all that is left, reason. Raises `Park`.
    """
    short = _short(batch, message, fulfillment, lines, path)
    has = batch.books_of[fulfillment.order_id].held_by(fulfillment.id)
    asked = cancel.asked_back(batch.wishes_of[fulfillment.order_id])[fulfillment.id]
    take = {line_id: min(max(units, asked[line_id]), has.get(line_id, 0)) for line_id, units in short.items()}
    take = {line_id: units for line_id, units in take.items() if units}
    if not take:
        return 0
    facts = {"order_id": fulfillment.order_id, "message_id": message.id, "connection_id": message.connection_id}
    facts["reference"] = fulfillment.reference
    left = _grant(batch, message, fulfillment, take)
    granted = sum(take.values()) - sum(left.values())
    if granted:
        batch.event("cancellation.granted", units=granted, asked=sum(asked.values()), **facts)
    if left:
        reasons = ", ".join(sorted({line["reason"] for line in lines if line.get("reason")}))
        batch.event("shipment.short", units=sum(left.values()), reason=reasons, **facts)
        _give_up(batch, message, fulfillment, left, reasons)
    return sum(take.values())


def settle(batch: Batch, message: Row[Any], fulfillment: Row[Any]) -> None:
    """End the wishes of a fulfillment that can no longer be granted: what they ask for has been shipped."""
    has = batch.books_of[fulfillment.order_id].held_by(fulfillment.id)
    for wish in batch.wishes_of[fulfillment.order_id]:
        # A backend that answers at once says itself what it grants.
        if wish.fulfillment_id != fulfillment.id or wish.answer_by is None:
            continue
        asked = cancel.pending(wish)
        if any(has.get(line_id) for line_id in asked):
            continue
        cancel.grant(batch, wish, {}, "", final=True)
        if asked:
            batch.event(
                "cancellation.refused",
                order_id=fulfillment.order_id,
                message_id=message.id,
                connection_id=message.connection_id,
                units=sum(asked.values()),
                detail="it has shipped them",
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


def _give_up(batch: Batch, message: Row[Any], fulfillment: Row[Any], left: Mapping[int, int], reasons: str) -> None:
    """What nobody asked back and the backend does not ship: cancelled, or open and held line by line."""
    order_id = fulfillment.order_id
    cause = f"{POLICY}/{message.id}"
    if batch.connections[fulfillment.connection_id].policy.get(POLICY, HOLD) == CANCEL:
        cancel.give_back(batch, fulfillment, left, cause, Kind.CANCELLED)
        cancel.tell_source(batch, batch.order[order_id])
        return
    held = {hold.line_id for hold in batch.holds_of[order_id] if hold.code == CODE}
    cancel.give_back(batch, fulfillment, left, cause, Kind.CANCELLED, left)
    name = batch.connections[fulfillment.connection_id].name
    new = [
        {
            "order_id": order_id,
            "line_id": line_id,
            "code": CODE,
            "detail": f"{name} does not ship {units} of it" + (f": {reasons}." if reasons else "."),
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


def _short(
    batch: Batch, message: Row[Any], fulfillment: Row[Any], lines: Sequence[Document], path: str
) -> dict[int, int]:
    """line -> base units that the backend says it does not ship; a kit is short of as many as its scarcest part."""
    asked = batch.lines_of_fulfillment[fulfillment.id]
    oldest = bool(batch.connections[message.connection_id].policy.get("match_oldest_line"))
    has = batch.books_of[fulfillment.order_id].held_by(fulfillment.id)
    left = {(a.line_id, a.sku): has.get(a.line_id, 0) * a.units_per for a in asked}
    parts: dict[tuple[int, str], int] = defaultdict(int)
    for i, line in enumerate(lines):
        rows = _named(asked, line, f"{path}[{i}]")
        total = sum(left[a.line_id, a.sku] for a in rows)
        units = total if line.get("quantity") is None else min(total, whole(line["quantity"], f"{path}[{i}].quantity"))
        if len(rows) > 1 and 0 < units < total and not oldest:
            raise Park(
                "line.ambiguous",
                "Several lines of the order have this SKU, and the backend does not say which one it means.",
                path=f"{path}[{i}]",
            )
        # The oldest lines are filled first, so it is the last ones that go short.
        for a in reversed(rows):
            part = min(units, left[a.line_id, a.sku])
            parts[a.line_id, a.sku] += part
            left[a.line_id, a.sku] -= part
            units -= part
    short: dict[int, int] = defaultdict(int)
    for a in asked:
        if (a.line_id, a.sku) in parts:
            short[a.line_id] = max(short[a.line_id], -(-parts[a.line_id, a.sku] // a.units_per))
    return short


def _named(asked: Sequence[Row[Any]], line: Document, path: str) -> list[Row[Any]]:
    """What of a fulfillment a closed line means: by our line number, else by SKU. Raises `Park`."""
    if line.get("line"):
        row = numbered(asked).get(line["line"])
        rows = [] if row is None else [row]
    else:
        rows = [a for a in asked if a.sku == line.get("sku")]
    if not rows:
        raise Park("line.unknown", "It names a line that this fulfillment does not have.", path=path)
    return rows
