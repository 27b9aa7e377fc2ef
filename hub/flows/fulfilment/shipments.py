"""Take in a shipment: match its lines to ours, count them, and owe the order's source the tracking."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from hub import jobs
from hub.flows.batch import Batch
from hub.flows.fulfilment import shortfalls
from hub.flows.invoicing import billing
from hub.flows.matching import fulfillment_named, match_line
from hub.flows.naming import numbered
from hub.flows.orders.route import due
from hub.flows.problems import Ignore, Park
from hub.ledger import Entry, Kind, OutOfBounds
from hub.ledger.changes import kits_completed
from hub.store import messages as message_store
from hub.store import shipments as store

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Packed:
    """One packed line, matched. `package`: its index in the document."""

    package: int
    line_id: int
    sku: str
    units: int
    matched: str


def apply(batch: Batch, message: Row[Any], doc: Document, content: str) -> int:
    """Store one canonical shipment of a backend; gives the order's id. Raises `Park` or `Ignore`."""
    fulfillment = fulfillment_named(batch, message, doc["reference"])
    order = batch.order.get(fulfillment.order_id)
    if order is None:
        raise Park("shipment.unknown-reference", "Its order no longer exists.")
    news = bool(doc["packages"])
    known = batch.shipment_named.get((message.connection_id, doc["external_id"]))
    if doc["purpose"] == "cancel":
        which = "a shipment that has been counted" if known is not None else "a shipment that was never counted"
        raise Park("shipment.withdrawn", f"The backend takes back {which}.", order_id=order.id)
    if news and known is not None:
        news = _again(batch, message, known, doc)
    elif news:
        _take(batch, message, order, fulfillment, doc)
    gone = shortfalls.close(batch, message, fulfillment, doc["closed"]) if doc["closed"] else 0
    if not news and not gone:
        raise Ignore("revision.same")
    shortfalls.settle(batch, message, fulfillment)
    return int(order.id)


def _take(batch: Batch, message: Row[Any], order: Row[Any], fulfillment: Row[Any], doc: Document) -> None:
    """Count a new shipment, keep it, and owe the source the news of it."""
    asked = batch.lines_of_fulfillment[fulfillment.id]
    before = batch.packed_of[fulfillment.id]
    packed = _match(batch, message, doc, asked, before)
    completed = _completed(asked, before, packed)
    _post(batch, order.id, fulfillment, doc["external_id"], completed, message.connection_id)
    shipment_id = _add(batch, message, fulfillment, doc, packed, completed)
    batch.event(
        "shipment.received",
        order_id=order.id,
        message_id=message.id,
        connection_id=message.connection_id,
        backend=batch.connections[message.connection_id].name,
        units=sum(completed.values()),
        packages=len(doc["packages"]),
        shipment=doc["external_id"],
    )
    _doubt(batch, message, order.id, doc)
    if completed:
        write_back(batch, order, "shipment", shipment_id)
        billing.owe(batch, order, shipment_id, completed)


def expect(batch: Batch, message: Row[Any], doc: Document) -> None:
    """What taking in this document will ask."""
    batch.fulfillment_named.expect([(message.connection_id, doc["reference"])])
    batch.shipment_named.expect([(message.connection_id, doc["external_id"])])


def _again(batch: Batch, message: Row[Any], known: Row[Any], doc: Document) -> bool:
    """The backend states a shipment once more: take over tracking that came late, refuse other quantities. False when
    it brings no news."""
    if older(batch, message, known.message_id):
        raise Ignore("revision.older")
    rows = batch.packages_of[known.id]
    asked = batch.lines_of_fulfillment[known.fulfillment_id]
    numbers = {(line.line_id, line.sku): number for number, line in numbered(asked).items()}
    said: Counter[str] = Counter()
    for package in doc["packages"]:
        for line in package["lines"]:
            said[line.get("line") or line["sku"]] += int(line["quantity"])
    by_number: Counter[str] = Counter()
    by_sku: Counter[str] = Counter()
    for _, lines in rows:
        for packed in lines:
            by_number[numbers[packed.line_id, packed.sku]] += packed.packed
            by_sku[packed.sku] += packed.packed
    if said not in (by_number, by_sku) or len(rows) != len(doc["packages"]):
        raise Park(
            "shipment.changed",
            "The backend now states other quantities for a shipment that has been counted.",
            order_id=known.order_id,
        )
    fresh = False
    by_id = {row.external_id: row for row, _ in rows if row.external_id}
    for (in_place, _), now in zip(rows, doc["packages"], strict=True):
        row = by_id.get(now.get("external_id"), in_place)
        values = {name: now.get(name) for name in store.TRACKING}
        values = {
            name: value for name, value in values.items() if value not in (None, "") and value != getattr(row, name)
        }
        if values:
            store.change_package(batch.tx, row.id, **values)
            fresh = True
    if not fresh:
        return False
    batch.event("shipment.tracking-added", order_id=known.order_id, message_id=message.id, shipment=doc["external_id"])
    _doubt(batch, message, known.order_id, doc)
    order = batch.order.get(known.order_id)
    if order is not None:
        write_back(batch, order, "tracking", known.id, about=message.id)
    return True


def _doubt(batch: Batch, message: Row[Any], order_id: int, doc: Document) -> None:
    """Say that numbers cannot be their carrier's: a link to them would lead to nothing, or to someone else's parcel."""
    doubtful = [package for package in doc["packages"] if package.get("tracking_fits") is False]
    if doubtful:
        batch.event(
            "shipment.tracking-doubtful",
            order_id=order_id,
            message_id=message.id,
            shipment=doc["external_id"],
            packages=len(doubtful),
        )


def older(batch: Batch, message: Row[Any], applied_id: int) -> bool:
    """Is this revision older, by the source's own times, than the one that was taken in?"""
    if message.revised_at is None:
        return False
    applied = message_store.get(batch.tx, [applied_id]).get(applied_id)
    return applied is not None and applied.revised_at is not None and message.revised_at < applied.revised_at


def _match(
    batch: Batch,
    message: Row[Any],
    doc: Document,
    asked: Sequence[Row[Any]],
    before: Mapping[tuple[int, str], tuple[int, int]],
) -> list[_Packed]:
    oldest = bool(batch.connections[message.connection_id].policy.get("match_oldest_line"))
    left = {(a.line_id, a.sku): a.units - before.get((a.line_id, a.sku), (0, 0))[0] for a in asked}
    packed: list[_Packed] = []
    for p, package in enumerate(doc["packages"]):
        for i, line in enumerate(package["lines"]):
            path = f"packages[{p}].lines[{i}]"
            for line_id, sku, units, matched in match_line(line, asked, left, oldest, path):
                left[line_id, sku] -= units
                packed.append(_Packed(p, line_id, sku, units, matched))
    return packed


def _completed(
    asked: Sequence[Row[Any]], before: Mapping[tuple[int, str], tuple[int, int]], packed: Sequence[_Packed]
) -> dict[int, int]:
    """line id -> base units that this shipment completes (a kit counts with its last component)."""
    parts: dict[int, dict[str, int]] = defaultdict(dict)
    for a in asked:
        parts[a.line_id][a.sku] = a.units_per
    completed: dict[int, int] = {}
    for line_id in {p.line_id for p in packed}:
        so_far = {sku: before.get((line_id, sku), (0, 0))[0] for sku in parts[line_id]}
        with_this = dict(so_far)
        for p in packed:
            if p.line_id == line_id:
                with_this[p.sku] += p.units
        gained = kits_completed(with_this, parts[line_id]) - kits_completed(so_far, parts[line_id])
        if gained:
            completed[line_id] = gained
    return completed


def _post(
    batch: Batch, order_id: int, fulfillment: Row[Any], external_id: str, completed: Mapping[int, int], backend: int
) -> None:
    has = batch.books_of[order_id].held_by(fulfillment.id)
    cause = f"shipment/{backend}/{external_id}"[:160]
    entries: list[Entry] = []
    for line_id, units in completed.items():
        if units > has.get(line_id, 0):
            raise Park(
                "shipment.exceeds-allocation",
                "The backend has shipped more of a line than it was asked to, or what was cancelled.",
                order_id=order_id,
                line_id=line_id,
                shipped=units,
                expected=has.get(line_id, 0),
            )
        entries.append(Entry(line_id, Kind.ALLOCATED, -units, cause, fulfillment.id))
        entries.append(Entry(line_id, Kind.SHIPPED, units, cause, fulfillment.id))
    try:
        batch.post(order_id, entries)
    except OutOfBounds as error:
        raise Park(
            "ledger.out-of-bounds", f"The shipment does not fit the order: {error}.", order_id=order_id
        ) from error


def _add(
    batch: Batch,
    message: Row[Any],
    fulfillment: Row[Any],
    doc: Document,
    packed: Sequence[_Packed],
    completed: Mapping[int, int],
) -> int:
    shipment_id = store.add(
        batch.rows,
        {
            "order_id": fulfillment.order_id,
            "fulfillment_id": fulfillment.id,
            "connection_id": message.connection_id,
            "message_id": message.id,
            "created_at": batch.now,
            **{name: doc.get(name) for name in ("external_id", "shipped_at", "carrier", "service", "location")},
        },
    )
    left = dict(completed)
    parts: dict[int, set[str]] = defaultdict(set)
    for p in packed:
        parts[p.line_id].add(p.sku)
    for index, package in enumerate(doc["packages"]):
        lines = []
        for p in (p for p in packed if p.package == index):
            # A plain line completes what it packs; a kit's units stand with the first package that has a part of it.
            units = min(p.units if len(parts[p.line_id]) == 1 else left[p.line_id], left.get(p.line_id, 0))
            left[p.line_id] = left.get(p.line_id, 0) - units
            lines.append({"line_id": p.line_id, "sku": p.sku, "packed": p.units, "units": units, "matched": p.matched})
        columns = (*store.TRACKING, "external_id", "sscc", "weight_grams")
        store.add_package(batch.rows, {"shipment_id": shipment_id, **{n: package.get(n) for n in columns}}, lines)
    batch.shipment_named.forget((message.connection_id, doc["external_id"]))
    batch.packed_of.forget(fulfillment.id)
    return shipment_id


def write_back(batch: Batch, order: Row[Any], noun: str, subject_id: int, about: int | None = None) -> bool:
    """Owe the order's source this document, where the source takes it. False when it does not.

    `about`: the message that brought the news, where the same subject is told of more than once.
    """
    if order.partner_id is not None:
        if batch.agreed.get((order.partner_id, noun)) is None:
            return False
    elif (order.connection_id, "out", noun) not in batch.flows:
        return False
    job = jobs.deliver_job(
        noun, subject_id, order.connection_id, order.id, batch.now, due_at=due(batch, order.connection_id, noun)
    )
    batch.jobs.append(job if about is None else {**job, "key": f"{job['key']}/{about}"})
    return True
