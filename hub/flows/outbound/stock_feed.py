"""Stock as partners are told it: at each slot of an agreement the present levels, all of them, never differences.

An agreement has one job, which waits for the next slot, and one document, which is written anew at each. Levels that
are as they were are told again: a partner takes each document for the whole picture.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog
from sqlalchemy import Connection, Row

from hub import jobs
from hub.edi.partner.profile import Profile
from hub.edi.partner.settings import profile
from hub.errors import Refused
from hub.flows.batch import Batch
from hub.flows.outbound import envelopes
from hub.flows.outbound.envelopes import Recipient
from hub.installation import Installation
from hub.schedules import next_slot
from hub.store import jobs as job_store
from hub.store import lookups as lookup_store
from hub.store import partners as partner_store
from hub.store import shipments as store
from hub.store.jobs import Job

KIND = "inventory"
SCHEDULE = "0 6 * * *"
"""When stock is told where nothing is agreed: each morning, in the partner's time zone."""
TABLE = "stock"
"""The partner's setting `tables.stock` names the table of our SKUs that it is told of, with its own item numbers."""

log = structlog.get_logger()


def queue(inst: Installation) -> int:
    """Have each agreement on stock wait for its next slot, also where its schedule has changed. Gives the number of
    jobs that are new."""
    now = inst.now()
    with inst.db.read() as tx:
        agreed = partner_store.taking(tx, KIND)
    rows = []
    for agreement in agreed:
        try:
            said = _scheduled(profile(agreement.partner_settings, agreement.settings))
            slot = next_slot(said.schedule or SCHEDULE, said.timezone, now)
        except Refused as error:
            # Settings that an earlier release took: the other partners must not wait for this one.
            log.warning("stock.not-queued", agreement=agreement.id, code=error.code)
            continue
        rows.append(jobs.deliver_job(KIND, agreement.id, agreement.connection_id, None, now, due_at=slot))
    if not rows:
        return 0
    with inst.db.write() as tx:
        for row in rows:
            job_store.bring_forward(tx, row["connection_id"], row["key"], row["due_at"])
        return job_store.add(tx, rows)


def _scheduled(said: Profile) -> Profile:
    return replace(said, schedule=said.schedule or SCHEDULE)


def is_past(job: Job, message: Row[Any]) -> bool:
    """Whether the newest document that a job has was written for a slot before the job's own."""
    return job.noun == KIND and job.message_id is None and message.at <= job.created_at


def recipient(batch: Batch, job: Job) -> Recipient | None:
    """To whom the levels go: under the partner's test ids where it has no others yet. None where nothing is agreed any
    more. Raises `Park`."""
    agreement = next((row for row in partner_store.taking(batch.tx, KIND) if row.id == job.subject_id), None)
    if agreement is None:
        return None
    test = not batch.addresses[agreement.partner_id, False]
    to = envelopes.recipient(batch, agreement, test=test)
    return replace(to, profile=_scheduled(to.profile))


def document(batch: Batch, job: Job, to: Recipient, generation: int) -> dict[str, Any] | None:
    """The present levels that a partner is to see; None where there are none."""
    said = to.profile
    items = _items(batch.tx, said.tables.get(TABLE))
    counted: dict[tuple[str, str], list[Row[Any]]] = defaultdict(list)
    for row in store.levels(batch.tx, to.partner.merchant_id, said.stock_locations):
        if items is None or row.sku in items:
            counted[row.sku, row.location if said.stock == "location" else ""].append(row)
    if not counted:
        return None
    return {
        "reference": f"STOCK-{to.agreement.id}-{generation + 1}",
        "reported_at": batch.now,
        "snapshot": True,
        "levels": [
            {"sku": sku, "location": location, "item": (items or {}).get(sku), **_sum(rows)}
            for (sku, location), rows in counted.items()
        ],
    }


def _items(tx: Connection, table: str | None) -> Mapping[str, str | None] | None:
    """The partner's item numbers by our SKU; None where it is told of everything."""
    if table is None:
        return None
    return {sku: cells.get("value") for sku, cells in lookup_store.rows(tx, table).items()}


def _sum(rows: Sequence[Row[Any]]) -> dict[str, int | None]:
    """What several counts of one SKU come to. Nobody can be sold less than nothing; and what is on hand is told only
    where every count says it."""
    on_hand = [row.on_hand for row in rows]
    return {
        "available": max(sum(row.available for row in rows), 0),
        "on_hand": None if None in on_hand else sum(on_hand),
    }
