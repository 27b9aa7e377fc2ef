"""Messages and their payloads: what came and what went, byte for byte."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, bindparam, func, select, text, tuple_, update

from hub.sdk.connector import Document
from hub.store.bulk import change_many, insert_many
from hub.store.gather import Gather
from hub.store.tables import messages, payloads
from hub.store.upsert import insert

# Statements that every document runs stand ready: to build one costs several times as much as to run it.
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_GET = select(messages).where(messages.c.id.in_(_IDS))
_BODIES = (
    select(payloads.c.message_id, payloads.c.body)
    .where(payloads.c.message_id.in_(_IDS), payloads.c.part == bindparam("part"), payloads.c.body.is_not(None))
    .order_by(payloads.c.id)
)
_OUTGOING = (
    select(messages)
    .where(
        tuple_(messages.c.connection_id, messages.c.kind, messages.c.external_id).in_(
            bindparam("keys", expanding=True)
        ),
        messages.c.direction == "out",
    )
    .order_by(messages.c.id)
)
_AWAITING = (
    select(messages.c.awaits, messages.c.id)
    .where(messages.c.awaits.in_(bindparam("facts", expanding=True)), messages.c.state == "parked")
    .order_by(messages.c.id)
)


WRITTEN_FROM = "canonical"
"""The part of an outbound message that holds the document which its mapping read."""


_MOST_AT_ONCE = 5_000
"""Values that one statement names at most; databases have a limit."""


def digest(body: bytes) -> str:
    """The hash by which content is compared."""
    return hashlib.sha256(body).hexdigest()


def revision_of(document: Document) -> str:
    """(source time, content hash), as one sortable text."""
    time = document.revised_at.astimezone(dt.UTC).isoformat(timespec="microseconds") if document.revised_at else ""
    return f"{time}/{digest(document.body)[:24]}"


def incoming(document: Document, connection_id: int, now: dt.datetime, via: str, **facts: Any) -> dict[str, Any]:
    """A document that has just come, as a row."""
    return {
        "direction": "in",
        "connection_id": connection_id,
        "kind": document.kind,
        "format": document.format,
        "external_id": document.external_id,
        "revision": revision_of(document),
        "revised_at": document.revised_at,
        "via": via,
        "test": False,
        "state": "received",
        "at": now,
        **facts,
    }


def add(tx: Connection, rows: Sequence[tuple[Mapping[str, Any], bytes]]) -> list[tuple[int, str, str]]:
    """Store messages with their bodies, leaving out what is stored already.

    Gives (id, kind, external id) of those that are new.
    """
    if not rows:
        return []
    unique = {(row["kind"], row["external_id"], row["revision"]): (row, body) for row, body in rows}
    statement = (
        insert(tx, messages)
        .on_conflict_do_nothing(index_elements=["connection_id", "direction", "kind", "external_id", "revision"])
        .returning(messages.c.id, messages.c.kind, messages.c.external_id, messages.c.revision)
    )
    added = sorted(tx.execute(statement, [dict(row) for row, _ in unique.values()]), key=lambda row: row.id)
    add_payloads(tx, [payload(row.id, "body", unique[row.kind, row.external_id, row.revision][1]) for row in added])
    return [(row.id, row.kind, row.external_id) for row in added]


def payload(message_id: int, part: str, body: bytes) -> dict[str, Any]:
    """A payload row."""
    return {"message_id": message_id, "part": part, "body": body, "sha256": digest(body), "size": len(body)}


def add_payloads(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store further parts of messages."""
    insert_many(tx, payloads, rows)


def keep_answer(rows: Gather, message_id: int, raw: bytes) -> None:
    """Store what the other side answered to an outbound message, where it said something."""
    if raw:
        rows.append(payloads, [payload(message_id, "answer", raw)])


def keep_source(rows: Gather, message_id: int, document: bytes) -> None:
    """Store what an outbound message was written from, so that it can be explained, and written by another mapping."""
    rows.append(payloads, [payload(message_id, WRITTEN_FROM, document)])


def originals(tx: Connection, ids: Iterable[int]) -> dict[int, tuple[Row[Any], bytes | None]]:
    """Messages with their bodies, None for one that was erased."""
    wanted = list(ids)
    found = bodies(tx, wanted)
    return {id_: (row, found.get(id_)) for id_, row in get(tx, wanted).items()}


def get(tx: Connection, ids: Iterable[int]) -> dict[int, Row[Any]]:
    """Messages by id."""
    wanted = list(ids)
    return {row.id: row for row in tx.execute(_GET, {"ids": wanted})} if wanted else {}


def bodies(tx: Connection, ids: Iterable[int], part: str = "body") -> dict[int, bytes]:
    """The payloads of messages; an erased one is left out."""
    rows = tx.execute(_BODIES, {"ids": list(ids), "part": part})
    return {row.message_id: row.body for row in rows}


def outgoing(tx: Connection, keys: Sequence[tuple[int, str, str]]) -> dict[tuple[int, str, str], Row[Any]]:
    """The newest message of each effect: (connection, kind, key)."""
    rows = tx.execute(_OUTGOING, {"keys": keys})
    return {(row.connection_id, row.kind, row.external_id): row for row in rows}


def seal(rows: Gather, row: Mapping[str, Any], body: bytes) -> int:
    """Store an outbound message with the bytes that every try will send; gives its id."""
    message_id = add_unsealed(rows, row)
    rows.append(payloads, [payload(message_id, "body", body)])
    return message_id


def add_unsealed(rows: Gather, row: Mapping[str, Any]) -> int:
    """Store an outbound message that has no bytes, since they could not be made; gives its id."""
    return rows.add(messages, row)


def change(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Set the same columns of many messages; each row holds `b_id` and the columns."""
    change_many(tx, messages, rows)


def settle(
    tx: Connection,
    message_id: int,
    state: str,
    now: dt.datetime,
    *,
    reason: str | None = None,
    problem: Mapping[str, Any] | None = None,
    awaits: str | None = None,
    **facts: Any,
) -> None:
    """Give one message its end: done, ignored or parked, with the reason."""
    tx.execute(
        update(messages)
        .where(messages.c.id == message_id)
        .values(
            state=state,
            reason=reason,
            problem=dict(problem) if problem else None,
            awaits=awaits,
            settled_at=now,
            **facts,
        )
    )


def awaiting(tx: Connection, facts: Sequence[str]) -> dict[str, list[int]]:
    """Parked messages by the fact that they wait for."""
    found: dict[str, list[int]] = {fact: [] for fact in facts}
    for fact, message_id in tx.execute(_AWAITING, {"facts": list(facts)}):
        found[fact].append(message_id)
    return found


def awaiting_any(tx: Connection, beginning: str) -> list[tuple[str, int]]:
    """Parked messages that wait for a fact whose name begins so: the fact and the message's id."""
    statement = (
        select(messages.c.awaits, messages.c.id)
        .where(messages.c.awaits.startswith(beginning, autoescape=True), messages.c.state == "parked")
        .order_by(messages.c.id)
    )
    return [(row.awaits, row.id) for row in tx.execute(statement)]


def sent_to(tx: Connection, partner_id: int, **named: Sequence[str]) -> list[Row[Any]]:
    """Documents that a partner was sent in groups (`control=`) or interchanges (`interchange=`), newest last."""
    conditions = [messages.c[column].in_(values) for column, values in named.items()]
    return list(
        tx.execute(
            select(messages)
            .where(
                *conditions,
                messages.c.partner_id == partner_id,
                messages.c.direction == "out",
                messages.c.set_control.is_not(None),
            )
            .order_by(messages.c.id)
        )
    )


def count(tx: Connection, connection_id: int, reason: str) -> int:
    """How many messages of a connection ended for this reason."""
    return int(
        tx.execute(
            select(func.count())
            .select_from(messages)
            .where(messages.c.connection_id == connection_id, messages.c.reason == reason)
        ).scalar_one()
    )


def reopen_refetched(tx: Connection, connection_id: int, document: Document) -> Row[Any] | None:
    """The stored message with exactly this content that was left aside until the source had been asked.

    It now is the source's answer: it counts as fetched and is read again.
    """
    return tx.execute(
        update(messages)
        .where(
            messages.c.connection_id == connection_id,
            messages.c.direction == "in",
            messages.c.kind == document.kind,
            messages.c.external_id == document.external_id,
            messages.c.revision == revision_of(document),
            messages.c.reason == "revision.refetched",
        )
        .values(via="fetch", state="received", reason=None)
        .returning(messages.c.id, messages.c.kind, messages.c.external_id)
    ).first()


def parked_of_order(tx: Connection, order_id: int) -> list[Row[Any]]:
    """Inbound documents of an order that wait for someone."""
    return list(
        tx.execute(
            select(messages)
            .where(messages.c.order_id == order_id, messages.c.direction == "in", messages.c.state == "parked")
            .order_by(messages.c.id)
        )
    )


def inside(tx: Connection, message_id: int) -> list[Row[Any]]:
    """The documents of an interchange of ours that are still wanted, in its order."""
    wanted = (messages.c.parent_id == message_id, messages.c.direction == "out", messages.c.state != "withdrawn")
    return list(tx.execute(select(messages).where(*wanted).order_by(messages.c.id)))


def of_interchange(tx: Connection, partner_id: int, interchange: str, parent_id: int) -> list[Row[Any]]:
    """What other files than `parent_id` brought under the numbers of an inbound interchange: external_id, revision,
    reason, at."""
    return list(
        tx.execute(
            select(messages.c.external_id, messages.c.revision, messages.c.reason, messages.c.at).where(
                messages.c.interchange == interchange,
                messages.c.direction == "in",
                messages.c.partner_id == partner_id,
                messages.c.parent_id != parent_id,
            )
        )
    )


def with_content(
    tx: Connection, partner_id: int, test: bool, revisions: Iterable[str], parent_id: int
) -> list[Row[Any]]:
    """Documents of a partner, in test or not, with one of these contents, which other files than `parent_id` brought,
    oldest first: set_id, revision, reason, at."""
    found: list[Row[Any]] = []
    wanted = list(revisions)
    for start in range(0, len(wanted), _MOST_AT_ONCE):
        found += tx.execute(
            select(messages.c.set_id, messages.c.revision, messages.c.reason, messages.c.at)
            .where(
                messages.c.revision.in_(wanted[start : start + _MOST_AT_ONCE]),
                text("via = 'split'"),  # as the index has it
                messages.c.partner_id == partner_id,
                messages.c.test == test,
                messages.c.parent_id != parent_id,
            )
            .order_by(messages.c.at)
        )
    return found


def supersede(tx: Connection, done: Sequence[Mapping[str, Any]], now: dt.datetime) -> None:
    """Close parked revisions of documents of which a later one, by the source's own time, has been taken in.

    Each of `done`: `b_connection`, `b_kind`, `b_external`, `b_revised`. Without a time nothing tells a later revision
    from another document of the same name, so nothing is closed.
    """
    dated = [row for row in done if row["b_revised"] is not None]
    if dated:
        tx.execute(
            update(messages)
            .where(
                messages.c.connection_id == bindparam("b_connection"),
                messages.c.direction == "in",
                messages.c.kind == bindparam("b_kind"),
                messages.c.external_id == bindparam("b_external"),
                messages.c.state == "parked",
                messages.c.revised_at < bindparam("b_revised"),
            )
            .values(state="ignored", reason="revision.superseded", awaits=None, settled_at=now),
            dated,
        )
