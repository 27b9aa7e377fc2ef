"""The business answer to a change of an order: owed once per change, when it is known what could be had."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from hub import jobs
from hub.edi.partner.settings import profile
from hub.flows.batch import Batch
from hub.flows.orders import cancel, route
from hub.flows.units import source_units
from hub.store import order_changes as store
from hub.store.jobs import Job

Document = dict[str, Any]

KIND = cancel.CHANGE_ANSWER
LOOK_AGAIN = dt.timedelta(hours=1)
"""When an answer that waits for a backend is looked at, should nothing wake it before."""


BOTH = frozenset({"ORDRSP"})
"""Sets that answer an order and a change of it alike."""


def agreement(batch: Batch, partner_id: int) -> Row[Any] | None:
    """What was agreed with a partner on answers to changes."""
    found = batch.agreed.get((partner_id, KIND))
    if found is None:
        found = batch.agreed.get((partner_id, "acknowledgement"))
    return found if found is not None and (found.kind == KIND or found.set_id in BOTH) else None


def owe(batch: Batch, order: Row[Any], change_id: int) -> None:
    """Owe the partner the answer to a change, where the agreement wants one."""
    if order.partner_id is None or agreement(batch, order.partner_id) is None:
        return
    job = jobs.deliver_job(
        KIND, change_id, order.connection_id, order.id, batch.now, due_at=route.due(batch, order.connection_id, KIND)
    )
    # It may wait for a backend, and shipments of the order must not wait behind it; answers follow each other.
    batch.jobs.append({**job, "lane": f"deliver/{order.connection_id}/{order.id}/changes"})


def waits_until(batch: Batch, job: Job) -> dt.datetime | None:
    """Until when the answer that a job is to deliver waits for backends to say what they give back; None when it need
    not: they have said so, or the agreement's `settle_hours` have passed."""
    order = batch.order.get(job.order_id) if job.noun == KIND and job.order_id else None
    change = None if order is None else _change(batch, order.id, job.subject_id)
    if order is None or change is None or not _unsettled(batch, order.id, change):
        return None
    agreed = agreement(batch, order.partner_id)
    partner = batch.partner.get(order.partner_id)
    hours = profile(partner.settings, agreed.settings).settle_hours if partner and agreed else None
    again = batch.now + LOOK_AGAIN
    if hours is None:
        return again
    deadline = change.created_at + dt.timedelta(hours=hours)
    return None if deadline <= batch.now else min(again, deadline)


def document(batch: Batch, order: Row[Any], change_id: int) -> Document | None:
    """The answer to a change: per line what came of it."""
    change = _change(batch, order.id, change_id)
    if change is None:
        return None
    anew = _changed_anew(batch, order.id, change)
    rows = {line.id: line for line in batch.lines_of[order.id]}
    sums = batch.books_of[order.id].lines
    lines = []
    for line in change.lines:
        row = rows.get(line["line_id"])
        units = 0
        if row is not None:
            units = sums[row.id].ordered - sums[row.id].cancelled if row.id in sums else 0
            if line["asked"] is not None and row.id in anew:
                # What a later change says of the line is answered with that one.
                units = int(Decimal(line["asked"]) * row.pack_factor) + line["late"]
        lines.append(_answered(line, row, units))
    states = {line["status"] for line in lines} | ({"changed"} if change.too_late else set())
    return {
        "order_external_id": order.external_id,
        "order_number": order.number,
        "ordered_on": order.placed_on,
        "acknowledged_on": batch.now.date(),
        "answers": change.purpose,
        "change_number": change.number,
        "changed_on": change.changed_on,
        "status": states.pop() if len(states) == 1 else "changed" if states else "accepted",
        "too_late": change.too_late,
        "references": order.references,
        "lines": lines,
    }


def _answered(line: Mapping[str, Any], row: Row[Any] | None, units: int) -> Document:
    """The answer of one line; `units`: base units of it that the source now has on order."""
    before = Decimal(line["before"])
    quantity = source_units(units, row.pack_factor) if row is not None else Decimal(0)
    asked = quantity if line["asked"] is None else Decimal(line["asked"])
    status, reason = "accepted", None
    if line["refused"]:
        status, reason = "rejected", line["refused"]
    elif quantity != asked:
        status = "rejected" if quantity == before else "changed"
        reason = TOO_LATE if quantity > asked else None
    names = ("position", "sku", "title", "unit", "unit_price", "identifiers")
    return {
        "external_line": line["external_id"],
        "status": status,
        "action": line["action"],
        "before": before,
        "ordered": asked,
        "quantity": quantity,
        "reason": reason,
        **({name: getattr(row, name) for name in names} if row is not None else {}),
    }


TOO_LATE = "Too late: shipped, or with a warehouse that does not give it back."


def _change(batch: Batch, order_id: int, change_id: int | None) -> Row[Any] | None:
    return next((row for row in store.of_order(batch.tx, order_id) if row.id == change_id), None)


def _changed_anew(batch: Batch, order_id: int, change: Row[Any]) -> set[int]:
    """Lines of which a later change says how much is wanted."""
    later = [row for row in store.of_order(batch.tx, order_id) if row.id > change.id]
    return {line["line_id"] for row in later for line in row.lines if line["asked"] is not None}


def _unsettled(batch: Batch, order_id: int, change: Row[Any]) -> bool:
    """Is a backend still being asked for units of lines that this change was the last to speak of?"""
    lines = {line["line_id"] for line in change.lines} - _changed_anew(batch, order_id, change)
    for wish in cancel.for_source(batch.wishes_of[order_id]):
        kept = dict(wish.kept)
        if any(units > kept.get(line_id, 0) for line_id, units in cancel.pending(wish).items() if line_id in lines):
            return True
    return False
