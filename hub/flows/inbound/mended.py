"""Documents that their mapping could not read or write are read or written again once it is another one."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row

from hub import jobs
from hub.flows.guide import Guide
from hub.flows.problems import Park
from hub.installation import Installation
from hub.store import jobs as job_store
from hub.store import mappings as mapping_store
from hub.store import messages, search

UNREAD = ("mapping.failed", "mapping.lookup-missing", "mapping.broken", "document.invalid", "document.undecodable")
"""Why a document waits that another mapping, or another table beside it, may be able to read."""


UNWRITTEN = ("mapping.failed", "mapping.broken", "edi.not-writable")
"""Why a document that was to go out waits that another mapping may be able to write."""


def read_mended(installation: Installation, mappings: Collection[str] | None = None) -> int:
    """Queue the documents that wait because their mapping could not read them, where it is another one by now: edited
    or rolled back, with new rows in a table's file, or another one in its flow; with `mappings`, only those that one of
    these reads. Gives how many. Nothing is fetched."""
    with installation.db.read() as tx:
        ids = [
            id_
            for reason in UNREAD
            for id_ in search.message_ids(tx, search.MessageQuery(direction="in", state="parked", reason=reason))
        ]
        guide = Guide(installation, tx)
        mended = [row for row in messages.get(tx, ids).values() if _reads_otherwise(guide, row, mappings)]
    if not mended:
        return 0
    now = installation.now()
    with installation.db.write() as tx:
        rows = [jobs.translate_job(row.id, row.kind, row.external_id, row.connection_id, now) for row in mended]
        return job_store.add(tx, rows)


def _reads_otherwise(guide: Guide, message: Row[Any], mappings: Collection[str] | None) -> bool:
    try:
        _, mapping, _ = guide.inbound(message)
    except Park:
        return False
    return bool(mapping.hash != message.mapping_hash) and (mappings is None or mapping.name in mappings)


def write_mended(installation: Installation, mappings: Collection[str] | None = None) -> int:
    """Queue the deliveries that wait because their mapping could not write them, where it is another one by now; with
    `mappings`, only those that one of these writes. Gives how many."""
    with installation.db.read() as tx:
        guide = Guide(installation, tx)
        mended = [row for row in mapping_store.unwritten(tx, UNWRITTEN) if _writes_otherwise(guide, row, mappings)]
    if not mended:
        return 0
    now = installation.now()
    with installation.db.write() as tx:
        return sum(job_store.wake(tx, now, key=row.external_id, connection_id=row.connection_id) for row in mended)


def _writes_otherwise(guide: Guide, message: Row[Any], mappings: Collection[str] | None) -> bool:
    name = (message.problem or {}).get("mapping")
    if name is None or (mappings is not None and name not in mappings):
        return False
    try:
        return bool(guide.mapping(name).hash != message.mapping_hash)
    except Park:
        return False
