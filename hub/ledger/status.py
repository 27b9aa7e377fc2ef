"""The one place where the status of an order or a line is computed. It is never stored."""

from __future__ import annotations

from enum import StrEnum

from hub.ledger.quantities import Quantities


class Status(StrEnum):
    """The words a person sees, in the order of an order's life."""

    NOTHING_TO_SHIP = "nothing to ship"
    HELD = "held"
    OPEN = "open"
    IN_FULFILMENT = "in fulfilment"
    PARTLY_SHIPPED = "partly shipped"
    SHIPPED = "shipped"
    RETURNED = "returned"
    CANCELLED = "cancelled"


def status_of(quantities: Quantities, held: bool = False) -> Status:
    """The status that these sums mean. `held`: an open hold keeps what is open from being released."""
    q = quantities
    if q.ordered == 0:
        return Status.NOTHING_TO_SHIP
    if q.cancelled == q.ordered:
        return Status.CANCELLED
    if q.open > 0 and held:
        return Status.HELD
    if q.shipped and q.returned == q.shipped and not q.open and not q.allocated:
        return Status.RETURNED
    if q.shipped and (q.open or q.allocated):
        return Status.PARTLY_SHIPPED
    if q.shipped:
        return Status.SHIPPED
    return Status.IN_FULFILMENT if q.allocated else Status.OPEN
