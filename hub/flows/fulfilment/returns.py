"""Take in returns: those a storefront opens, and what of them a backend has received."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from hub.flows.batch import Batch
from hub.flows.fulfilment.shipments import older, write_back
from hub.flows.matching import fulfillment_named
from hub.flows.naming import awaited, numbered, scope_of
from hub.flows.problems import Ignore, Park
from hub.flows.units import whole
from hub.ledger import Entry, Kind, OutOfBounds
from hub.ledger.changes import kits_completed
from hub.store import shipments as store

Document = Mapping[str, Any]


def apply(batch: Batch, message: Row[Any], doc: Document, content: str) -> int:
    """Store one canonical return; gives the order's id. Raises `Park` or `Ignore`."""
    if doc.get("reference"):
        return _received(batch, message, doc)
    return _opened(batch, message, doc)


def expect(batch: Batch, message: Row[Any], doc: Document) -> None:
    """What taking in this document will ask."""
    if doc.get("reference"):
        batch.fulfillment_named.expect([(message.connection_id, doc["reference"])])
    else:
        batch.order_named.expect([(message.connection_id, scope_of(message), doc["order_external_id"] or "")])


def _opened(batch: Batch, message: Row[Any], doc: Document) -> int:
    """The order's source has opened a return, or changed it."""
    scope, number = scope_of(message), doc["order_external_id"] or ""
    order = batch.order_named.get((message.connection_id, scope, number))
    if order is None:
        raise Park(
            "return.unknown-order",
            "It belongs to an order that has not come.",
            awaits=awaited(message.connection_id, scope, number),
        )
    rows = []
    for i, line in enumerate(doc["lines"]):
        row = _ordered(batch.lines_of[order.id], line, f"lines[{i}]")
        rows.append(
            _row(line, row.id, whole((line.get("quantity") or Decimal(0)) * row.pack_factor, f"lines[{i}].quantity"), 0)
        )
    _known(batch, message, doc)
    return_id = _save(batch, message, order.id, doc, rows)
    batch.event(
        "return.opened",
        order_id=order.id,
        message_id=message.id,
        status=doc["status"],
        units=sum(r["units"] for r in rows),
    )
    announced = {row["line_id"] for row in rows}
    answer = next(
        (
            r
            for r in _backend_returns(batch, order)
            if r.source_return_id is None and {x.line_id for x in store.return_lines_of(batch.tx, r.id)} <= announced
        ),
        None,
    )
    if answer is not None and doc["status"] == "open":
        # The goods came before the return was opened: the answer that waited can now go out.
        store.change_return(batch.tx, answer.id, source_return_id=doc["external_id"])
        write_back(batch, order, "return", answer.id)
    return int(order.id if return_id else 0)


def _ordered(lines: Sequence[Row[Any]], line: Document, path: str) -> Row[Any]:
    """The order's line that goes back: by the source's own line id, else by its SKU where only one line has it."""
    if line.get("external_line"):
        found = [row for row in lines if row.external_id == line["external_line"]]
    else:
        found = [row for row in lines if row.sku and row.sku == line.get("sku")]
    if len(found) > 1:
        raise Park("line.ambiguous", "Several lines of the order have this SKU.", path=path)
    if not found:
        raise Park("line.unknown", "It names a line that the order does not have.", path=path)
    return found[0]


def _backend_returns(batch: Batch, order: Row[Any]) -> list[Row[Any]]:
    backends = {f.connection_id for f in batch.fulfillments_of[order.id]}
    return [r for backend in sorted(backends) for r in store.returns_of(batch.tx, order.id, backend)]


def _received(batch: Batch, message: Row[Any], doc: Document) -> int:
    """A backend has received returned goods."""
    fulfillment = fulfillment_named(batch, message, doc["reference"])
    order = batch.order.get(fulfillment.order_id)
    if order is None:
        raise Park("return.unknown-order", "Its order no longer exists.")
    known = _known(batch, message, doc)
    had: dict[int, int] = {}
    if known is not None:
        for line in store.return_lines_of(batch.tx, known.id):
            had[line.line_id] = had.get(line.line_id, 0) + line.received
    asked = batch.lines_of_fulfillment[fulfillment.id]
    rows = _whole_units([_match(line, asked, f"lines[{i}]") for i, line in enumerate(doc["lines"])], asked)
    now: dict[int, int] = {}
    for row in rows:
        now[row["line_id"]] = now.get(row["line_id"], 0) + row["received"]
    gained = {line_id: now.get(line_id, 0) - had.get(line_id, 0) for line_id in had.keys() | now.keys()}
    gained = {line_id: units for line_id, units in gained.items() if units}
    if known is not None and not gained:
        raise Ignore("revision.same")
    _post(batch, order.id, fulfillment.id, message, gained)
    return_id = _save(batch, message, order.id, doc, rows)
    opened = (known.source_return_id if known is not None else None) or _opened_return(batch, order, now)
    if opened is not None:
        store.change_return(batch.tx, return_id, source_return_id=opened)
    batch.event(
        "return.received",
        order_id=order.id,
        message_id=message.id,
        connection_id=message.connection_id,
        backend=batch.connections[message.connection_id].name,
        units=sum(gained.values()),
    )
    if opened is not None:
        write_back(batch, order, "return", return_id, about=None if known is None else message.id)
    else:
        batch.event("return.unannounced", order_id=order.id, message_id=message.id)
    return int(order.id)


def _known(batch: Batch, message: Row[Any], doc: Document) -> Row[Any] | None:
    """The return as it is stored. Raises `Ignore` when this message is an older revision of it."""
    known = store.find_return(batch.tx, message.connection_id, doc["external_id"])
    if known is not None and older(batch, message, known.message_id):
        raise Ignore("revision.older")
    return known


def _whole_units(came: Sequence[tuple[Row[Any], dict[str, Any]]], asked: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    """Rows that count base units of the line, out of rows that count what the backend calls a unit.

    A kit has come back when all of its components have. Raises `Park` for a part of a pack.
    """
    parts: dict[int, dict[str, int]] = defaultdict(dict)
    for a in asked:
        parts[a.line_id][a.sku] = a.units_per
    rows: list[dict[str, Any]] = []
    kits: dict[int, dict[str, Any]] = {}
    packed: dict[int, dict[str, dict[str, int]]] = defaultdict(lambda: {"units": {}, "received": {}})
    for a, row in came:
        if len(parts[a.line_id]) == 1:
            if row["units"] % a.units_per or row["received"] % a.units_per:
                raise Park("line.not-whole-units", f"Part of a pack of {a.units_per} came back.")
            rows.append({**row, **{n: row[n] // a.units_per for n in ("units", "received")}})
            continue
        for name, counts in packed[a.line_id].items():
            counts[a.sku] = counts.get(a.sku, 0) + row[name]
            row[name] = kits_completed(counts, parts[a.line_id])
        kits[a.line_id] = row
    return rows + list(kits.values())


def _match(line: Document, asked: Sequence[Row[Any]], path: str) -> tuple[Row[Any], dict[str, Any]]:
    """What was asked for that came back, with the row of it in the backend's units."""
    named = line.get("line")
    if named:
        row = numbered(asked).get(named)
        fits = [row] if row is not None else []
    else:
        fits = [a for a in asked if a.sku == line.get("sku")]
    if not fits:
        raise Park("line.unknown", "It names a line that this fulfillment does not have.", path=path)
    if len({a.line_id for a in fits}) > 1:
        raise Park("line.ambiguous", "Several lines of the order have this SKU.", path=path)
    received = whole(line.get("received") or line.get("quantity") or Decimal(0), f"{path}.received")
    units = whole(line.get("quantity") or Decimal(received), f"{path}.quantity")
    return fits[0], _row(line, fits[0].line_id, units, received)


def _row(line: Document, line_id: int, units: int, received: int) -> dict[str, Any]:
    return {
        "line_id": line_id,
        "units": int(units),
        "received": received,
        **{name: line.get(name) for name in ("external_id", "condition", "reason", "restock")},
    }


def _opened_return(batch: Batch, order: Row[Any], now: Mapping[int, int]) -> str | None:
    """The source's own open return that these goods answer: one whose lines hold them, the oldest first."""
    answered = {r.source_return_id for r in _backend_returns(batch, order)}
    for opened in store.returns_of(batch.tx, order.id, order.connection_id):
        if opened.external_id in answered or opened.status not in ("open", "requested"):
            continue
        lines = {line.line_id for line in store.return_lines_of(batch.tx, opened.id)}
        if set(now) <= lines:
            return str(opened.external_id)
    return None


def _post(batch: Batch, order_id: int, fulfillment_id: int, message: Row[Any], gained: Mapping[int, int]) -> None:
    entries = [
        Entry(line_id, Kind.RETURNED, units, f"message/{message.id}", fulfillment_id)
        for line_id, units in gained.items()
    ]
    try:
        batch.post(order_id, entries)
    except OutOfBounds as error:
        raise Park(
            "return.exceeds-shipped", "More came back than was shipped.", order_id=order_id, line_id=error.line_id
        ) from error


def _save(batch: Batch, message: Row[Any], order_id: int, doc: Document, rows: Sequence[Mapping[str, Any]]) -> int:
    facts = {"message_id": message.id, "rma": doc.get("rma"), "status": doc["status"], "updated_at": batch.now}
    known = store.find_return(batch.tx, message.connection_id, doc["external_id"])
    if known is not None:
        store.change_return(batch.tx, known.id, **facts)
        return_id = int(known.id)
    else:
        return_id = store.add_return(
            batch.tx,
            {
                "order_id": order_id,
                "connection_id": message.connection_id,
                "external_id": doc["external_id"],
                "created_at": batch.now,
                **facts,
            },
        )
    store.set_return_lines(batch.tx, return_id, rows)
    return return_id
