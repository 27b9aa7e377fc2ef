"""Take in what the source of an order wants otherwise: once, in its order, and as far as that can still be had."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from hub.documents.order import HEAD
from hub.flows.batch import Batch
from hub.flows.naming import awaited, scope_of
from hub.flows.orders import cancel, change_answers, orders
from hub.flows.orders.amendment import LineChange, amended
from hub.flows.problems import Ignore, Park
from hub.store import order_changes as store

Document = Mapping[str, Any]


def apply(batch: Batch, message: Row[Any], doc: Document, content: str) -> int:
    """Change a stored order as one canonical order change says; gives the order's id. Raises `Park` or `Ignore`."""
    scope = scope_of(message)
    order = batch.order_named.get((message.connection_id, scope, doc["order_external_id"]))
    if order is None:
        raise Park(
            "order.original-missing",
            "It changes an order that has not come.",
            awaits=awaited(message.connection_id, scope, doc["order_external_id"]),
        )
    _judge(message, order, doc, content, store.of_order(batch.tx, order.id))
    stored = batch.lines_of[order.id]
    standing = _standing(batch, order.id, stored)
    books = batch.books_of[order.id]
    fixed = {line.external_id for line in stored if books.line(line.id).allocated or books.line(line.id).shipped}
    wanted = amended(_document(order, stored), standing, fixed, doc)
    revision = {name: getattr(order, name) for name in ("message_id", "source_at", "source_hash")}
    late = orders.restate(batch, message, order, wanted.order, revision, wanted.stays)
    ids = {line.external_id: line.id for line in batch.lines_of[order.id]}
    change_id = store.add(
        batch.rows,
        {
            "order_id": order.id,
            "message_id": message.id,
            "purpose": doc["purpose"],
            "number": doc.get("number"),
            "changed_on": doc.get("changed_on"),
            "content": content,
            "lines": [_kept(line, ids.get(line.external_id), late.units) for line in wanted.lines],
            "too_late": late.head,
            "created_at": batch.now,
        },
    )
    _tell(batch, message, order.id, doc, wanted.lines)
    change_answers.owe(batch, order, change_id)
    return int(order.id)


def expect(batch: Batch, message: Row[Any], doc: Document) -> None:
    """What taking in this document will ask."""
    batch.order_named.expect([(message.connection_id, scope_of(message), doc["order_external_id"])])


DOUBTS = frozenset({"change.same-number", "change.seen-before", "change.out-of-sequence"})
"""Why a change waits for a person, whose replay of it means: apply it all the same."""


def _judge(message: Row[Any], order: Row[Any], doc: Document, content: str, earlier: Sequence[Row[Any]]) -> None:
    """Is it new, and is it its turn? `earlier`: the changes that were applied, in that order."""
    number = doc.get("number")
    name = f"Change {number}" if number else "The change"
    same = [row for row in earlier if row.content == content]
    if same and (number or same[-1] is earlier[-1]):
        raise Ignore("revision.same")
    if message.reason in DOUBTS:
        return
    if same:
        raise Park(
            "change.seen-before",
            "It is like an earlier change of the order, and others came between: it was sent twice, or is meant anew.",
            order_id=order.id,
        )
    if number and any(row.number == number for row in earlier):
        raise Park("change.same-number", f"{name} of the order has been applied with other content.", order_id=order.id)
    if any(_later(row, number, message) for row in earlier):
        raise Park("change.out-of-sequence", f"{name} comes after a later one of the order.", order_id=order.id)


def _later(row: Row[Any], number: str | None, message: Row[Any]) -> bool:
    """Does an applied change come after this one? Their numbers decide where both count, else the order of arrival."""
    if row.number and number and row.number.isdecimal() and number.isdecimal():
        return int(row.number) > int(number)
    return bool(row.message_id > message.id)


def _standing(batch: Batch, order_id: int, lines: Sequence[Row[Any]]) -> dict[str, Decimal]:
    """Line -> how much of it its source has ordered and not taken back, in the line's unit."""
    books = batch.books_of[order_id]
    back = Counter[int]()
    for wish in cancel.for_source(batch.wishes_of[order_id]):
        back.update(cancel.pending(wish))
        back.subtract(dict(wish.kept))
    return {
        line.external_id: _exact(
            books.line(line.id).ordered - books.cancelled_by_source.get(line.id, 0) - back[line.id], line.pack_factor
        )
        for line in lines
    }


def _exact(units: int, pack_factor: Decimal) -> Decimal:
    """Base units in packs, to six places; as short as it can be written."""
    quantity = round(Decimal(units) / pack_factor, 6)
    return quantity.quantize(Decimal(1)) if quantity == quantity.to_integral_value() else quantity.normalize()


def _document(order: Row[Any], lines: Sequence[Row[Any]]) -> dict[str, Any]:
    """The canonical order that a stored one stands for."""
    return {
        **{name: getattr(order, name) for name in ("external_id", *HEAD)},
        "parties": order.parties or [],
        "purpose": "original",
        "totals": {name: getattr(order, name) for name in orders.TOTALS},
        "lines": [
            {
                **{name: getattr(line, name) for name in ("external_id", "location", "identifiers", *orders.LINE)},
                "cancelled": Decimal(0),
                "fulfilled_elsewhere": Decimal(0),
            }
            for line in lines
        ],
    }


def _kept(line: LineChange, line_id: int | None, late: Mapping[int, int]) -> dict[str, Any]:
    """A line's change as the answer to it is made from."""
    return {
        "line_id": line_id,
        "external_id": line.external_id,
        "action": line.action,
        "before": str(line.before),
        "asked": None if line.asked is None else str(line.asked),
        "late": late.get(line_id, 0) if line_id is not None else 0,
        "refused": line.refused,
    }


def _tell(batch: Batch, message: Row[Any], order_id: int, doc: Document, lines: Sequence[LineChange]) -> None:
    done = [_said(line) for line in lines if line.refused is None]
    facts = {"order_id": order_id, "message_id": message.id}
    batch.event(_WANTED[doc["purpose"]], **facts, number=doc.get("number"), lines="; ".join(done))
    for line in lines:
        if line.refused:
            batch.event("order.line-kept", **facts, line=line.external_id, detail=line.refused)


_WANTED = {
    "change": "order.change-wanted",
    "replace": "order.replacement-wanted",
    "cancel": "order.cancellation-wanted",
}


def _said(line: LineChange) -> str:
    """What the source wants of a line, in a few words."""
    if line.asked is None:
        return f"line {line.external_id} otherwise"
    if line.action == "add":
        return f"line {line.external_id} new: {line.asked}"
    return f"line {line.external_id}: {line.before} to {line.asked}"
