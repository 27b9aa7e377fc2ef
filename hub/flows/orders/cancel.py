"""Take units back from backends: at once where the backend has not heard of them, else by asking."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from hub import jobs
from hub.flows.batch import Batch
from hub.flows.orders import route
from hub.ledger import Entry, Kind
from hub.ledger.books import BY_SOURCE
from hub.store import jobs as job_store
from hub.store import orders as store

EMPTY: Mapping[int, int] = {}


def take_back(batch: Batch, order_id: int, wanted: Mapping[int, int], cause: str, into: str) -> None:
    """Get `wanted` base units per line back from the order's fulfillments, the newest first.

    `into`: what they become, `cancelled` or `shipped` (someone else shipped them). Units of a fulfillment that was
    never sent are taken at once: neither its create nor a cancel goes out for them.
    """
    left = {line_id: units for line_id, units in wanted.items() if units > 0}
    if not left:
        return
    asked = asked_back(batch.wishes_of[order_id])
    for fulfillment in reversed(batch.fulfillments_of[order_id]):
        has, pending = batch.books_of[order_id].held_by(fulfillment.id), asked[fulfillment.id]
        take = {line_id: min(units, has.get(line_id, 0) - pending[line_id]) for line_id, units in left.items()}
        take = {line_id: units for line_id, units in take.items() if units > 0}
        if not take:
            continue
        for line_id, units in take.items():
            left[line_id] -= units
        message = batch.outgoing.get((fulfillment.connection_id, "fulfillment", f"fulfillment/{fulfillment.id}"))
        if message is None or never_sent(message):
            give_back(batch, fulfillment, take, f"{cause}/{into}", into)
            if message is not None:
                _withdraw(batch, fulfillment, message)
        else:
            _ask(batch, fulfillment, take, cause, into)


def pending(wish: Row[Any]) -> dict[int, int]:
    """line -> base units that an unanswered wish still asks for."""
    granted = dict(wish.granted or [])
    return {
        line_id: units - granted.get(line_id, 0) for line_id, units in wish.lines if units > granted.get(line_id, 0)
    }


def asked_back(wishes: Sequence[Row[Any]]) -> dict[int, Counter[int]]:
    """fulfillment -> line -> base units that unanswered wishes ask for."""
    asked: dict[int, Counter[int]] = defaultdict(Counter)
    for wish in wishes:
        asked[wish.fulfillment_id].update(pending(wish))
    return asked


def for_source(wishes: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Those with which the source itself wants to be rid of units."""
    return [wish for wish in wishes if wish.into == Kind.CANCELLED and wish.cause.startswith(BY_SOURCE)]


def keep(batch: Batch, order_id: int, more: Mapping[int, int]) -> None:
    """The source wants `more` of each line that is being taken back for it after all (fewer, where negative)."""
    left = {line_id: units for line_id, units in more.items() if units}
    if not left:
        return
    for wish in reversed(for_source(batch.wishes_of[order_id])):
        kept = dict(wish.kept)
        for line_id, units in pending(wish).items():
            had = kept.get(line_id, 0)
            kept[line_id] = min(units, max(0, had + left.get(line_id, 0)))
            left[line_id] = left.get(line_id, 0) - (kept[line_id] - had)
        store.keep_of_wish(batch.rows, wish.id, [[line_id, units] for line_id, units in kept.items() if units])
    batch.wishes_of.forget(order_id)


def grant(batch: Batch, wish: Row[Any], take: Mapping[int, int], cause: str, *, final: bool) -> None:
    """A backend gives back `take` of the base units that a wish asks for; `final`: it gives back no more of them.

    Of what was wanted again meanwhile, so much came back; another fulfillment then has it. Raises `OutOfBounds`.
    """
    fulfillment, order = batch.fulfillment[wish.fulfillment_id], batch.order[wish.order_id]
    take = {line_id: units for line_id, units in take.items() if units}
    asked, kept = pending(wish), dict(wish.kept)
    again = {line_id: max(0, units - (asked[line_id] - kept.get(line_id, 0))) for line_id, units in take.items()}
    granted = Counter(dict(wish.granted or [])) + Counter(take)
    left = {line_id: units - again.get(line_id, 0) for line_id, units in kept.items()}
    store.answer_cancellation(
        batch.tx,
        wish.id,
        granted=[[line_id, units] for line_id, units in granted.items()],
        kept=[[line_id, units] for line_id, units in left.items() if units],
        answered_at=batch.now if final else None,
    )
    give_back(batch, fulfillment, take, cause, wish.into, again)
    if final:
        answered(batch, order.id)
    if wish.cause.startswith(BY_HAND):
        tell_source(batch, order)
    if any(again.values()):
        route.release_open(batch, order)


CHANGE_ANSWER = "order_change_acknowledgement"
"""The kind of the answer to a change of an order."""


def answered(batch: Batch, order_id: int) -> None:
    """A backend has said what it gives back: the answer that waited for it is looked at."""
    job_store.wake(batch.tx, batch.now, order_id=order_id, noun=CHANGE_ANSWER, state="pending")


BY_HAND = "by-hand/"
"""How the cause of a person's cancellation begins."""


def tell_source(batch: Batch, order: Row[Any]) -> None:
    """Once all of an order is cancelled here, owe its source that word, where the source takes it and does not know."""
    sums = batch.books_of[order.id].lines
    whole = sums and all(q.cancelled == q.ordered for q in sums.values())
    if whole and order.cancelled_at is None and (order.connection_id, "out", "order_cancellation") in batch.flows:
        job = jobs.deliver_job("order_cancellation", order.id, order.connection_id, order.id, batch.now)
        batch.jobs.append(job)


def never_sent(message: Row[Any]) -> bool:
    """True when the other side certainly has not got it: not tried, shadowed, rejected by its acknowledgement, or every
    try is known to have failed."""
    if message.state == "parked" and message.reason == "acknowledgement.rejected":
        return True
    if message.sent_at is not None or (message.state == "sealed" and message.parent_id is not None):
        return False  # what stands in an interchange with others goes with them
    return message.state in ("sealed", "parked", "withdrawn") or message.reason == "effect.shadow"


def _withdraw(batch: Batch, fulfillment: Row[Any], message: Row[Any]) -> None:
    """The sealed create no longer says what is wanted. Its delivery makes it anew, or ends when nothing is left."""
    if message.state == "sealed" or message.reason == "effect.shadow":
        batch.end(message.id, "withdrawn", reason="effect.replaced", order_id=fulfillment.order_id)
    elif message.state == "parked":
        job_store.wake(batch.tx, batch.now, key=message.external_id, connection_id=message.connection_id)


def tell_anew(batch: Batch, order_id: int, fields: Sequence[str]) -> list[str]:
    """The order's head has changed in these fields. What no backend has heard yet is written anew; gives the fields
    where a backend has heard of them: it is not told again."""
    if not fields:
        return []
    late = False
    for fulfillment in batch.fulfillments_of[order_id]:
        message = batch.outgoing.get((fulfillment.connection_id, "fulfillment", f"fulfillment/{fulfillment.id}"))
        if message is None or fulfillment.withdrawn_at is not None or message.state == "parked":
            continue  # it will be written from what the order then says
        if never_sent(message):
            _withdraw(batch, fulfillment, message)
        else:
            late = True
    if late:
        batch.event("order.too-late", order_id=order_id, changes=", ".join(fields))
    return list(fields) if late else []


def give_back(
    batch: Batch, fulfillment: Row[Any], take: Mapping[int, int], cause: str, into: str, kept: Mapping[int, int] = EMPTY
) -> None:
    """Post units as no longer with the backend, and as cancelled (or shipped elsewhere), but for those that are `kept`:
    nobody has these then. Raises `OutOfBounds`."""
    entries: list[Entry] = []
    where = f"{cause}/{fulfillment.id}"
    for line_id, units in take.items():
        entries.append(Entry(line_id, Kind.ALLOCATED, -units, where, fulfillment.id))
        became = units - kept.get(line_id, 0)
        if became:
            # Shipped elsewhere is no shipment of this fulfillment, so that entry does not name it.
            its = fulfillment.id if into == Kind.CANCELLED else None
            entries.append(Entry(line_id, Kind(into), became, where, its))
    batch.post(fulfillment.order_id, entries)
    remaining = batch.books_of[fulfillment.order_id].held_by(fulfillment.id)
    if fulfillment.accepted_at is None and not remaining and fulfillment.withdrawn_at is None:
        store.change_fulfillment(batch.rows, fulfillment.id, withdrawn_at=batch.now)
        batch.fulfillment.forget(fulfillment.id)
        batch.fulfillments_of.forget(fulfillment.order_id)
        batch.event("fulfillment.withdrawn", order_id=fulfillment.order_id, reference=fulfillment.reference)


def _ask(batch: Batch, fulfillment: Row[Any], take: Mapping[int, int], cause: str, into: str) -> None:
    cancellation_id = store.add_cancellation(
        batch.tx,
        {
            "order_id": fulfillment.order_id,
            "fulfillment_id": fulfillment.id,
            "cause": f"{cause}/{into}",
            "into": into,
            "lines": [[line_id, units] for line_id, units in sorted(take.items())],
            "created_at": batch.now,
        },
    )
    if cancellation_id is None:
        return
    batch.wishes_of.forget(fulfillment.order_id)
    batch.jobs.append(
        jobs.deliver_job("cancellation", cancellation_id, fulfillment.connection_id, fulfillment.order_id, batch.now)
    )
    batch.event(
        "cancellation.requested",
        order_id=fulfillment.order_id,
        connection_id=fulfillment.connection_id,
        reference=fulfillment.reference,
        backend=batch.connections[fulfillment.connection_id].name,
        units=sum(take.values()),
    )
