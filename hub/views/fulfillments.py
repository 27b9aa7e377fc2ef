"""The parts of an order that its backends have, as a person sees them."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass

from sqlalchemy import Connection

from hub.ledger import Kind
from hub.store import timeline


@dataclass(frozen=True, slots=True)
class PartLine:
    """Some units of an order line, in a fulfillment, a package or a return."""

    line_id: int
    sku: str | None
    units: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class FulfillmentView:
    """The part of an order that one backend has."""

    id: int
    reference: str
    backend: str
    location: str | None
    remote_id: str | None
    created: dt.datetime
    accepted: dt.datetime | None
    withdrawn: dt.datetime | None
    lines: list[PartLine]
    cancel_asked: int
    cancel_granted: int | None


def of_order_at_backends(connection: Connection, order_id: int) -> list[FulfillmentView]:
    """What each backend has been asked to ship of an order, in base units, and what of it was asked back."""
    heads, parts = timeline.order_fulfillments(connection, order_id)
    asked: dict[int, int] = defaultdict(int)
    granted: dict[int, int | None] = {}
    untold = _given_back(connection, order_id)
    for wish in timeline.order_cancellations(connection, order_id):
        asked[wish.fulfillment_id] += sum(units for _, units in wish.lines)
        if wish.granted is not None:
            given = sum(units for _, units in wish.granted)
            granted[wish.fulfillment_id] = (granted.get(wish.fulfillment_id) or 0) + given
            untold.subtract({(wish.fulfillment_id, line_id): units for line_id, units in wish.granted})
    return [
        FulfillmentView(
            id=head.id,
            reference=head.reference,
            backend=head.backend,
            location=head.location,
            remote_id=head.remote_id,
            created=head.created_at,
            accepted=head.accepted_at,
            withdrawn=head.withdrawn_at,
            lines=[
                PartLine(p.line_id, p.sku, units)
                for p in parts
                if p.fulfillment_id == head.id
                # Of one that was withdrawn whole it says what would have gone out.
                and (units := p.units - (0 if head.withdrawn_at else untold[head.id, p.line_id] * p.units_per))
            ],
            cancel_asked=asked[head.id],
            cancel_granted=granted.get(head.id),
        )
        for head in heads
    ]


def _given_back(connection: Connection, order_id: int) -> Counter[tuple[int, int]]:
    """(fulfillment, line) -> base units that its backend had and will not ship: given back, or taken back untold."""
    back: Counter[tuple[int, int]] = Counter()
    for entry in timeline.entries(connection, order_id):
        if entry.kind == Kind.ALLOCATED and entry.delta < 0 and not entry.cause.startswith("shipment/"):
            back[entry.fulfillment_id, entry.line_id] -= entry.delta
    return back
