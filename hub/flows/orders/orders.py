"""Take in an order: create it, or turn what changed at its source into commands."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from hub import jobs
from hub.documents.fulfillment import TOLD, marked
from hub.documents.order import HEAD
from hub.flows.batch import Batch
from hub.flows.naming import awaited, scope_of
from hub.flows.orders import cancel, route
from hub.flows.problems import Ignore, Park
from hub.flows.revisions import Revision, Verdict, judge
from hub.ledger import Entry, Kind, NotWhole, OutOfBounds, base_units
from hub.ledger.books import BY_SOURCE, Books
from hub.ledger.changes import Change, Wanted, change_of
from hub.routing.gate import GateSettings, reasons
from hub.store import messages as message_store
from hub.store import orders as store

Document = Mapping[str, Any]

TOTALS = ("subtotal", "discount", "shipping", "tax", "total", "presentment_total")
LINE = ("position", "sku", "title", "quantity", "unit", "pack_factor", "unit_price", "discount", "tax", "ships")


@dataclass(frozen=True, slots=True)
class Line:
    """A stored line with what the source now says of it."""

    id: int
    external_id: str
    sku: str | None
    ships: bool
    wanted: Wanted | None
    """None: the source says nothing of its quantity."""


def apply(batch: Batch, message: Row[Any], doc: Document, content: str) -> int:
    """Store one canonical order that a message said; gives the order's id. Raises `Park` or `Ignore`."""
    if message.test:
        doc = {**doc, "test": True}
    scope = scope_of(message)
    order = batch.order_named.get((message.connection_id, scope, doc["external_id"]))
    if order is None:
        if doc["purpose"] == "cancel":
            raise Park(
                "order.original-missing",
                "It cancels an order that has not come.",
                awaits=awaited(message.connection_id, scope, doc["external_id"]),
            )
        if doc.get("placed_at") and doc["placed_at"] < batch.connections[message.connection_id].start_at:
            raise Ignore("order.before-start")
        return _create(batch, message, doc, content, scope)
    _judge(batch, message, order, doc, content)
    return _update(batch, message, order, doc, content)


def expect(batch: Batch, message: Row[Any], doc: Document) -> None:
    """What taking in this document will ask."""
    key = (message.connection_id, scope_of(message), doc["external_id"])
    batch.order_named.expect([key])
    batch.awaiting.expect([awaited(*key)])
    batch.components.expect((backend, line.get("sku") or "") for backend in batch.backends for line in doc["lines"])


def _judge(batch: Batch, message: Row[Any], order: Row[Any], doc: Document, content: str) -> None:
    came = doc.get("updated_at") or message.revised_at
    waited_for_it = (message.awaits or "").startswith("order/")
    if (came is None or order.source_at is None) and message.id < order.message_id and not waited_for_it:
        # Without times of the source, the order of arrival decides: a released document must not undo a later one.
        raise Ignore("revision.older")
    verdict = judge(
        Revision(order.source_at, order.source_hash),
        Revision(came, content),
        fetched=message.via == "fetch" or message.id == order.message_id,
        restates=doc["purpose"] != "original",
    )
    if verdict is Verdict.SAME:
        raise Ignore("revision.same")
    if verdict is Verdict.OLDER:
        raise Ignore("revision.older")
    if verdict is Verdict.REFETCH:
        raise Ignore("revision.refetched", refetch=True)
    if verdict is Verdict.CONFLICT:
        raise Park(
            "order.same-number",
            f"Order {doc.get('number') or doc['external_id']} exists with other content, and this document does not "
            "say that it replaces it.",
            order_id=order.id,
        )


def _create(batch: Batch, message: Row[Any], doc: Document, content: str, scope: str) -> int:
    connection = batch.connections[message.connection_id]
    order_id = store.add(
        batch.rows,
        {
            "merchant_id": connection.merchant_id,
            "connection_id": connection.id,
            "partner_id": message.partner_id,
            "scope": scope,
            "external_id": doc["external_id"],
            "created_at": batch.now,
            **_columns(batch, doc),
            **_revision(message, doc, content),
        },
    )
    batch.order_named.forget((connection.id, scope, doc["external_id"]))
    batch.books_of.put(order_id, Books())
    lines = _add_lines(batch, connection.name, order_id, doc["lines"])
    batch.event(
        "order.received",
        order_id=order_id,
        message_id=message.id,
        channel=connection.name,
        lines=len(lines),
        units=sum(line.wanted.ordered for line in lines if line.ships and line.wanted),
    )
    _settle(batch, message, _facts(order_id, connection, message.partner_id, doc), lines, doc, fresh=True)
    _release_waiting(batch, awaited(connection.id, scope, doc["external_id"]))
    return order_id


def _update(batch: Batch, message: Row[Any], order: Row[Any], doc: Document, content: str) -> int:
    restate(batch, message, order, doc, _revision(message, doc, content))
    return int(order.id)


@dataclass(frozen=True, slots=True)
class Late:
    """What a source wants otherwise and cannot have any more. `units`: line -> base units that it wanted back; `head`:
    fields of the order's head that were told to backends before."""

    units: dict[int, int]
    head: list[str]


def restate(
    batch: Batch,
    message: Row[Any],
    order: Row[Any],
    doc: Document,
    revision: Mapping[str, Any],
    stays: Collection[str] = (),
) -> Late:
    """Make a stored order say what `doc`, a canonical order, says, and command what follows from it. `revision`: which
    document the order now shows. `stays`: lines, by external id, of whose quantities the source says nothing."""
    connection = batch.connections[order.connection_id]
    known = {line.external_id: line for line in batch.lines_of[order.id]}
    new = [line for line in doc["lines"] if line["external_id"] not in known]
    lines = _add_lines(batch, connection.name, order.id, new)
    changed_lines = False
    for line in doc["lines"]:
        row = known.get(line["external_id"])
        if row is not None:
            wanted = None if row.external_id in stays else _wanted(line)
            lines.append(Line(row.id, row.external_id, line.get("sku"), line["ships"], wanted))
            changed = {name: line.get(name) for name in LINE if getattr(row, name) != line.get(name)}
            if changed:
                changed_lines = True
                store.change_line(batch.rows, row.id, changed)
    stated = {line["external_id"] for line in doc["lines"]}
    gone = [row for external_id, row in known.items() if external_id not in stated]
    lines += [Line(row.id, row.external_id, row.sku, row.ships, Wanted(0)) for row in gone]
    columns = _columns(batch, doc)
    store.change(batch.rows, order.id, {**columns, **revision})
    batch.order_named.forget((order.connection_id, order.scope, order.external_id))
    batch.order.forget(order.id)
    if new or changed_lines:
        batch.lines_of.forget(order.id)
    # An echo of our own write-back changes only when it was changed, which is no news.
    fields = [name for name in (*HEAD, *TOTALS) if columns[name] != getattr(order, name)]
    if marked(columns["parties"]) != marked(order.parties):
        fields.append("parties")
    if fields or new or gone or changed_lines:
        parts = fields + (["lines"] if new or gone or changed_lines else [])
        batch.event("order.changed", order_id=order.id, message_id=message.id, changes=", ".join(parts))
    head = cancel.tell_anew(batch, order.id, [name for name in fields if name in (*TOLD, "parties")])
    return Late(_settle(batch, message, _facts(order.id, connection, order.partner_id, doc), lines, doc), head)


def _settle(
    batch: Batch,
    message: Row[Any],
    order: route.OrderFacts,
    lines: Sequence[Line],
    doc: Document,
    fresh: bool = False,
) -> dict[int, int]:
    """Post what the document means for the ledger, ask backends for what they must give back, release the rest; gives
    the base units of each line that it wants back too late."""
    cancel_all = doc.get("cancelled_at") is not None or doc["purpose"] == "cancel"
    cause = f"{BY_SOURCE}{message.id}"
    changes = _changes(batch, order.id, [line for line in lines if line.ships], cancel_all, fresh)
    entries = [
        Entry(line.id, kind, units, cause)
        for line, change in changes
        for kind, units in (
            (Kind.ORDERED, change.order_more),
            (Kind.CANCELLED, change.cancel_now),
            (Kind.SHIPPED, change.ship_now),
        )
        if units
    ]
    _post(batch, order.id, entries)
    for line, change in changes:
        if change.too_late:
            batch.event("cancellation.too-late", order_id=order.id, line=line.external_id, units=change.too_late)
    if cancel_all and doc.get("cancelled_at") is not None:
        batch.event("order.cancelled", order_id=order.id, reason=doc.get("cancel_reason"))
    cancel.keep(batch, order.id, {line.id: change.keep for line, change in changes})
    back = {line.id: change.cancel_allocated for line, change in changes}
    cancel.take_back(batch, order.id, back, cause, "cancelled")
    elsewhere = {line.id: change.ship_allocated for line, change in changes}
    cancel.take_back(batch, order.id, elsewhere, cause, "shipped")
    gate = GateSettings.of(batch.connections[order.connection_id].policy.get("gate", {}))
    found = [] if cancel_all else reasons(doc, gate)
    holds = route.settle_holds(batch, order.id, lines, found, fresh)
    earlier = 0 if fresh else len(batch.fulfillments_of[order.id])
    _post(batch, order.id, route.release(batch, order, lines, holds, earlier))
    return {line.id: change.too_late for line, change in changes if change.too_late}


def _changes(
    batch: Batch, order_id: int, lines: Sequence[Line], cancel_all: bool, fresh: bool
) -> list[tuple[Line, Change]]:
    """What the document means for each line, beside the ledger and what backends are being asked to give back."""
    books = batch.books_of[order_id]
    wishes = [] if fresh else batch.wishes_of[order_id]
    asked, for_source, kept = Counter[int](), Counter[int](), Counter[int]()
    for wish in wishes:
        asked.update(cancel.pending(wish))
    for wish in cancel.for_source(wishes):
        for_source.update(cancel.pending(wish))
        kept.update(dict(wish.kept))
    return [
        (
            line,
            change_of(
                books.line(line.id),
                line.wanted or Wanted(0),
                shipped_by_us=books.shipped_by_us.get(line.id, 0),
                cancelled_by_source=books.cancelled_by_source.get(line.id, 0),
                asked_back=asked[line.id],
                back_for_source=for_source[line.id] - kept[line.id],
                kept=kept[line.id],
                cancel_all=cancel_all,
            ),
        )
        for line in lines
        if line.wanted or cancel_all
    ]


def _post(batch: Batch, order_id: int, entries: Sequence[Entry]) -> None:
    try:
        batch.post(order_id, entries)
    except OutOfBounds as error:
        raise Park("ledger.out-of-bounds", f"The document does not fit what is known of the order: {error}.") from error


def _add_lines(batch: Batch, system: str, order_id: int, docs: Sequence[Document]) -> list[Line]:
    wanted = [_wanted(doc) for doc in docs]
    rows = [
        {
            "external_id": doc["external_id"],
            "location": doc.get("location"),
            "identifiers": doc["identifiers"],
            **{name: doc.get(name) for name in LINE},
        }
        for doc in docs
    ]
    ids = store.add_lines(batch.rows, order_id, system, rows)
    return [
        Line(line_id, doc["external_id"], doc.get("sku"), doc["ships"], want)
        for line_id, doc, want in zip(ids, docs, wanted, strict=True)
    ]


def _wanted(doc: Document) -> Wanted:
    factor: Decimal = doc["pack_factor"]
    try:
        return Wanted(
            base_units(doc["quantity"], factor),
            base_units(doc["cancelled"], factor),
            base_units(doc["fulfilled_elsewhere"], factor),
        )
    except NotWhole as error:
        raise Park(
            "line.not-whole-units",
            f"Line {doc['external_id']}: {error}. Check the unit and its pack factor.",
            path=f"lines[{doc['external_id']}].quantity",
        ) from error


def _facts(order_id: int, connection: Row[Any], partner_id: int | None, doc: Document) -> route.OrderFacts:
    country = (doc.get("ship_to") or {}).get("country")
    return route.OrderFacts(
        order_id, connection.id, connection.merchant_id, country, doc.get("number") or doc["external_id"], partner_id
    )


def _columns(batch: Batch, doc: Document) -> dict[str, Any]:
    """The source-owned columns of an order."""
    totals = doc["totals"]
    return {
        **{name: doc.get(name) for name in HEAD},
        **{name: totals.get(name) for name in TOTALS},
        "parties": plain(doc["parties"]),
        "ship_country": (doc.get("ship_to") or {}).get("country"),
        "updated_at": batch.now,
    }


def _revision(message: Row[Any], doc: Document, content: str) -> dict[str, Any]:
    """Which of its source's documents an order shows."""
    source_at = doc.get("updated_at") or message.revised_at
    return {"message_id": message.id, "source_at": source_at, "source_hash": content}


def plain(value: Any) -> Any:
    """The value as JSON columns take it."""
    return json.loads(json.dumps(value, default=str))


def _release_waiting(batch: Batch, fact: str) -> None:
    """Documents that waited for this order are read again."""
    waiting = batch.waiting_for(fact)
    for _, row in sorted(message_store.get(batch.tx, waiting).items()) if waiting else ():
        # One after the other, as they came: what changes an order builds on what did so before.
        job = jobs.translate_job(row.id, row.kind, fact, row.connection_id, batch.now)
        jobs.add_again(batch.tx, job)  # what has been parked in this very batch still has its first one running
