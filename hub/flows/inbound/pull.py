"""Fetch what changed: per page one commit with the messages, their bytes, the work they cause, and the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row

from hub import jobs
from hub.installation import Installation
from hub.sdk.connector import Document, Page
from hub.store import connections as connection_store
from hub.store import events as event_store
from hub.store import jobs as job_store
from hub.store import messages as message_store
from hub.store.jobs import Job


class LeaseLost(Exception):
    """Another worker has taken the job over; what this one found is left to that one."""


def pull(inst: Installation, job: Job, worker: str) -> None:
    """Run a flow's pull, or fetch the one document that the job names. Connector errors pass through."""
    with inst.db.read() as tx:
        connection = connection_store.get(tx, job.connection_id)
        flow = connection_store.flow_by_id(tx, job.subject_id) if job.subject_id else None
    if connection is None or (flow is None and job.external_id is None):
        _finish(inst, job, worker)
        return
    connector = inst.connector(connection)
    if flow is None:
        found = connector.fetch(job.noun, job.external_id or "")
        _store_fetched(inst, job, worker, [found] if found else [])
        return
    for page in connector.pull(flow.kind, flow.cursor, connection.start_at):
        _store_page(inst, job, flow, page)
    _finish(inst, job, worker, flow)


def _store_page(inst: Installation, job: Job, flow: Row[Any], page: Page) -> None:
    now = inst.now()
    with inst.db.write() as tx:
        if not job_store.mine(tx, [job]):
            raise LeaseLost(f"job {job.id}")
        store_documents(tx, page.documents, job.connection_id, now, "poll")
        connection_store.counted(tx, flow.id, page.source_count, now, page.cursor)


def store_documents(tx: Connection, documents: Sequence[Document], connection_id: int, now: Any, via: str) -> int:
    """Keep documents as they came and queue their translation; what is stored already is left out. Gives how many
    were new."""
    rows = [(message_store.incoming(document, connection_id, now, via), document.body) for document in documents]
    added = message_store.add(tx, rows)
    job_store.add(tx, [jobs.translate_job(id_, kind, ext, connection_id, now) for id_, kind, ext in added])
    return len(added)


def _store_fetched(inst: Installation, job: Job, worker: str, documents: Sequence[Document]) -> None:
    now = inst.now()
    with inst.db.write() as tx:
        if not job_store.mine(tx, [job]):
            raise LeaseLost(f"job {job.id}")
        store_documents(tx, documents, job.connection_id, now, "fetch")
        again = [message_store.reopen_refetched(tx, job.connection_id, document) for document in documents]
        job_store.add(tx, [jobs.translate_job(m.id, m.kind, m.external_id, job.connection_id, now) for m in again if m])
        jobs.finish(tx, [jobs.done(job, now)], worker, now)


def _finish(inst: Installation, job: Job, worker: str, flow: Row[Any] | None = None) -> None:
    now = inst.now()
    with inst.db.write() as tx:
        if not job_store.mine(tx, [job]):
            return
        if flow is not None:
            connection_store.change_flow(tx, flow.id, last_run_at=now, last_ok_at=now)
            event_store.close_alert(tx, f"flow/{flow.id}", now)
        jobs.finish(tx, [jobs.done(job, now)], worker, now)
