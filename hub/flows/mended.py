"""Documents that their mapping could not read are read again once it is another one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from hub import jobs
from hub.flows.problems import Park
from hub.flows.translate import Guide
from hub.installation import Installation
from hub.store import jobs as job_store
from hub.store import messages, search

UNREAD = ("mapping.failed", "mapping.lookup-missing", "mapping.broken", "document.invalid", "document.undecodable")
"""Why a document waits that another mapping, or another table beside it, may be able to read."""


def read_mended(installation: Installation) -> int:
    """Queue the documents that wait because their mapping could not read them, where it is another one by now: edited
    or rolled back, with new rows in a table's file, or another one in its flow. Gives how many. Nothing is fetched."""
    with installation.db.read() as tx:
        ids = [
            id_
            for reason in UNREAD
            for id_ in search.message_ids(tx, search.MessageQuery(direction="in", state="parked", reason=reason))
        ]
        guide = Guide(installation, tx)
        mended = [row for row in messages.get(tx, ids).values() if _reads_otherwise(guide, row)]
    if not mended:
        return 0
    now = installation.now()
    with installation.db.write() as tx:
        rows = [jobs.translate_job(row.id, row.kind, row.external_id, row.connection_id, now) for row in mended]
        return job_store.add(tx, rows)


def _reads_otherwise(guide: Guide, message: Row[Any]) -> bool:
    try:
        _, mapping, _ = guide.inbound(message)
    except Park:
        return False
    return bool(mapping.hash != message.mapping_hash)
