"""A webhook has come: verify its raw bytes, keep it, answer fast. It is a hint; the source is asked for the rest."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import Row

from hub import jobs
from hub.flows.inbound.pull import store_documents
from hub.installation import Installation
from hub.sdk.connector import Document, Webhook, WebhookRefused, WebhookRequest
from hub.store import events as event_store
from hub.store import messages as message_store

KEPT_REFUSED = 20
"""Unverified requests kept per connection, for an admin to look at; they are never processed."""


def receive_webhook(inst: Installation, connection: Row[Any], request: WebhookRequest) -> bool:
    """Take one request in. False when it is not the source's."""
    connector = inst.connector(connection)
    try:
        webhook = connector.receive(request)
    except WebhookRefused as refused:
        _refuse(inst, connection, request, str(refused))
        return False
    now = inst.now()
    delivery = webhook.delivery_id or hashlib.sha256(request.body).hexdigest()[:32]
    raw = Document(kind="webhook", external_id=f"{webhook.topic}/{delivery}"[:255], body=request.body)
    with inst.db.write() as tx:
        row = message_store.incoming(raw, connection.id, now, "webhook", state="done", settled_at=now)
        row["revision"] = ""  # a delivery id never comes with other content that we would want
        if not message_store.add(tx, [(row, request.body)]):
            return True
        _follow(tx, connection, webhook, now)
    return True


def _follow(tx: Any, connection: Row[Any], webhook: Webhook, now: Any) -> None:
    whole = [document for document in webhook.documents if document.complete]
    store_documents(tx, whole, connection.id, now, "webhook")
    for document in webhook.documents:
        if not document.complete:
            jobs.fetch(tx, connection.id, document.kind, document.external_id, now)


def _refuse(inst: Installation, connection: Row[Any], request: WebhookRequest, why: str) -> None:
    now = inst.now()
    raw = Document(kind="webhook", external_id=f"refused/{now.timestamp()}", body=request.body)
    with inst.db.write() as tx:
        if message_store.count(tx, connection.id, "webhook.refused") < KEPT_REFUSED:
            row = message_store.incoming(
                raw, connection.id, now, "webhook", state="ignored", reason="webhook.refused", settled_at=now
            )
            message_store.add(tx, [(row, request.body)])
        event_store.alert(
            tx,
            f"connection/{connection.id}/webhook-refused",
            "webhook.refused",
            f"A request to the webhook address of {connection.name} was refused: {why}",
            now,
            connection.id,
        )
