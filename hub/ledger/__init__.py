"""Quantities, statuses and what changes mean for them: pure functions."""

from hub.ledger.quantities import Entry, Kind, NotWhole, OutOfBounds, Quantities, base_units, ordered_units, post, total
from hub.ledger.status import Status, status_of

__all__ = [
    "Entry",
    "Kind",
    "NotWhole",
    "OutOfBounds",
    "Quantities",
    "Status",
    "base_units",
    "ordered_units",
    "post",
    "status_of",
    "total",
]
