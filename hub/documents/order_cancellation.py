"""A person has cancelled an order here: what its source is told."""

from __future__ import annotations

from hub.documents.base import Strict, key, text


class OrderCancellation(Strict):
    """The whole order is cancelled. `reason` is one of the source's own words, or free text."""

    order_external_id = key()
    order_number = text(80)
    reason = text()
    note = text(4000)
