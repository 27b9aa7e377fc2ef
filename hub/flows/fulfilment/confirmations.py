"""What a supplier answers before it ships: to an order of ours, how much of each line it will deliver; to a change or a
cancellation, whether it does that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from hub.flows.batch import Batch
from hub.flows.fulfilment import shortfalls
from hub.flows.matching import fulfillment_named
from hub.flows.naming import numbered
from hub.flows.orders import cancel
from hub.flows.problems import Park
from hub.flows.units import whole

Document = Mapping[str, Any]


def apply(batch: Batch, message: Row[Any], doc: Document, content: str) -> int:
    """Take in one canonical acknowledgement of a backend; gives the order's id. Raises `Park`."""
    fulfillment = fulfillment_named(batch, message, doc["order_external_id"])
    batch.event(
        "fulfillment.confirmed",
        order_id=fulfillment.order_id,
        message_id=message.id,
        connection_id=message.connection_id,
        reference=fulfillment.reference,
        status=doc["status"],
    )
    if doc["answers"] == "order":
        _to_order(batch, message, fulfillment, doc)
    else:
        _to_cancellation(batch, message, fulfillment, doc)
    return int(fulfillment.order_id)


def expect(batch: Batch, message: Row[Any], doc: Document) -> None:
    """What taking in this document will ask."""
    batch.fulfillment_named.expect([(message.connection_id, doc["order_external_id"])])


def _to_order(batch: Batch, message: Row[Any], fulfillment: Row[Any], doc: Document) -> None:
    """What the supplier will not deliver comes back. It states how much it delivers of a line in all, so that saying it
    again changes nothing."""
    lines = [line for line in doc["lines"] if line["status"] in ("rejected", "changed")]
    if not lines and doc["status"] != "rejected":
        return
    if any(w.fulfillment_id == fulfillment.id and w.answer_by for w in batch.wishes_of[fulfillment.order_id]):
        raise Park(
            "acknowledgement.unclear",
            "A cancellation waits for its answer, and this document does not say whether it answers that or the order.",
            order_id=fulfillment.order_id,
        )
    has = batch.books_of[fulfillment.order_id].held_by(fulfillment.id)
    if not doc["lines"]:
        shortfalls.give_back(batch, message, fulfillment, has)
        return
    packed = batch.packed_of[fulfillment.id]
    take: dict[int, int] = defaultdict(int)
    for i, line in enumerate(lines):
        rows = _rows(batch, fulfillment, line, f"lines[{i}]")
        if len(rows) > 1 and line["status"] != "rejected":
            raise Park("line.ambiguous", "Several lines of the order have this SKU.", path=f"lines[{i}]")
        for row in rows:
            promised = 0 if line["status"] == "rejected" else whole(line["quantity"], f"lines[{i}].quantity")
            to_come = max(0, promised - packed.get((row.line_id, row.sku), (0, 0))[0])
            missing = max(0, has.get(row.line_id, 0) * row.units_per - to_come)
            # A kit is short of as many as its scarcest part.
            take[row.line_id] = max(take[row.line_id], -(-missing // row.units_per))
    reasons = sorted({line["reason"] for line in lines if line.get("reason")})
    shortfalls.give_back(batch, message, fulfillment, take, ", ".join(reasons))


def _rows(batch: Batch, fulfillment: Row[Any], line: Document, path: str) -> list[Row[Any]]:
    """What of the fulfillment a line is about: one that does not repeat our number is found by its SKU."""
    number = line["external_line"]
    known = number in numbered(batch.lines_of_fulfillment[fulfillment.id])
    return shortfalls.named(batch, fulfillment, {"line": number if known else None, "sku": line.get("sku")}, path)


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What the supplier says of one line of a change: `left` units stay ordered, None where it does not say."""

    status: str
    left: int | None = None


def _to_cancellation(batch: Batch, message: Row[Any], fulfillment: Row[Any], doc: Document) -> None:
    """Grant or refuse what was asked back, line by line; a line that is not named goes by the whole answer."""
    verdicts: dict[int, _Verdict] = {}
    for i, line in enumerate(doc["lines"]):
        for row in _rows(batch, fulfillment, line, f"lines[{i}]"):
            left = whole(line["quantity"], f"lines[{i}].quantity") // row.units_per
            verdicts[row.line_id] = _Verdict(line["status"], left)
    for wish in batch.wishes_of[fulfillment.order_id]:
        if wish.fulfillment_id != fulfillment.id:
            continue
        has = batch.books_of[fulfillment.order_id].held_by(fulfillment.id)
        asked = cancel.pending(wish)
        whole_answer = _Verdict(doc["status"])
        given = {
            line_id: _given(verdicts.get(line_id, whole_answer), min(units, has[line_id]), has[line_id])
            for line_id, units in asked.items()
            if line_id in has
        }
        part = {line_id: units for line_id, units in given.items() if units}
        decided = None not in given.values()
        if not part and decided:
            shortfalls.refuse(batch, message, wish)
        elif part:
            cancel.grant(batch, wish, part, f"{wish.cause}/{wish.id}/{message.id}", final=decided)
            batch.event(
                "cancellation.granted",
                order_id=wish.order_id,
                message_id=message.id,
                connection_id=message.connection_id,
                units=sum(part.values()),
                asked=sum(asked.values()),
            )


def _given(verdict: _Verdict, asked: int, has: int) -> int | None:
    """How many of the units that were asked back the supplier gives; None while it has not decided."""
    if verdict.status == "accepted":
        return asked
    if verdict.status == "rejected":
        return 0
    return None if verdict.left is None else min(asked, max(0, has - verdict.left))
