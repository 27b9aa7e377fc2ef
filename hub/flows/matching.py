"""What of ours a backend's document is about: which fulfillment, and which of its lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from hub.flows.batch import Batch
from hub.flows.naming import numbered
from hub.flows.problems import Park
from hub.flows.units import whole

Document = Mapping[str, Any]


def fulfillment_named(batch: Batch, message: Row[Any], reference: str | None) -> Row[Any]:
    """The fulfillment that a backend's document names: one that this very backend was sent. Raises `Park`."""
    found = batch.fulfillment_named.get((message.connection_id, reference)) if reference else None
    if found is not None and message.partner_id is not None:
        # Several partners share a connection, and what one of them says in test counts for what it was sent in test.
        sent = batch.outgoing.get((message.connection_id, "fulfillment", f"fulfillment/{found.id}"))
        if sent is not None and (sent.partner_id, sent.test) != (message.partner_id, message.test):
            found = None
    if found is None:
        raise Park(
            "shipment.unknown-reference",
            "It names a fulfillment that this hub has not sent to this backend.",
            path="reference",
        )
    return found


def match_line(
    line: Document, asked: Sequence[Row[Any]], left: Mapping[tuple[int, str], int], oldest: bool, path: str
) -> list[tuple[int, str, int, str]]:
    """Which of our lines a backend means: [(line id, backend SKU, units, how it was matched)].

    By our line number; else by SKU when that leaves one assignment: one line of the fulfillment has it and is not
    shipped yet, or all that is left of it ships; else, where the connection's `match_oldest_line` allows it, the
    oldest lines with something left. Raises `Park`.
    """
    units = whole(line["quantity"], f"{path}.quantity")
    if line.get("line"):
        row = numbered(asked).get(line["line"])
        fits, how = [row] if row is not None else [], "line"
    else:
        fits, how = [a for a in asked if a.sku == line.get("sku")], "sku"
    if not fits:
        raise Park("line.unknown", "It names a line that this fulfillment does not have.", path=path)
    waiting = [a for a in fits if left[a.line_id, a.sku] > 0] or fits
    if len(waiting) == 1:
        return [(waiting[0].line_id, waiting[0].sku, units, how)]
    everything = units == sum(left[a.line_id, a.sku] for a in waiting)
    if not oldest and not everything:
        raise Park(
            "line.ambiguous",
            "Several lines of the order have this SKU, and the backend does not say which one it means.",
            path=path,
        )
    found = []
    for a in waiting:
        take = min(units, left[a.line_id, a.sku])
        if take > 0:
            found.append((a.line_id, a.sku, take, how if everything else "oldest"))
            units -= take
    if units:
        raise Park("ledger.out-of-bounds", "It ships more of a SKU than was asked for.", path=path)
    return found
