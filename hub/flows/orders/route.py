"""Release what is open to backends: holds decide whether, rules decide where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Row

from hub import jobs
from hub.flows.batch import Batch
from hub.ledger import Entry, Kind
from hub.routing.gate import Reason
from hub.routing.rules import Assignment, Facts, Open, assign
from hub.store import orders as store


class Line(Protocol):
    """What routing needs of an order line: a stored row, or one that is being stored."""

    @property
    def id(self) -> int: ...
    @property
    def external_id(self) -> str: ...
    @property
    def sku(self) -> str | None: ...
    @property
    def ships(self) -> bool: ...


class Held(Protocol):
    """What routing needs of an open hold."""

    @property
    def code(self) -> str: ...
    @property
    def line_id(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What routing needs of an order."""

    id: int
    connection_id: int
    merchant_id: int | None
    country: str | None
    number: str | None
    partner_id: int | None

    @classmethod
    def of(cls, row: Row[Any]) -> OrderFacts:
        """Those of a stored order."""
        return cls(row.id, row.connection_id, row.merchant_id, row.ship_country, row.number, row.partner_id)


def settle_holds(
    batch: Batch, order_id: int, lines: Sequence[Line], reasons: Sequence[Reason], fresh: bool = False
) -> list[Held]:
    """Make the open holds say what the gate says; give those that remain. Holds of people stay."""
    by_external = {line.external_id: line.id for line in lines}
    waived = set() if fresh else batch.waived_of[order_id]
    wanted = {
        (reason.code, by_external.get(reason.line) if reason.line else None): reason
        for reason in reasons
        if reason.code not in waived
    }
    current = [] if fresh else batch.holds_of[order_id]
    gone = [h for h in current if not h.sticky and (h.code, h.line_id) not in wanted]
    if gone:
        store.release_holds(batch.tx, [h.id for h in gone], "hub", batch.now)
    for h in gone:
        batch.event("hold.released", order_id=order_id, code=h.code)
    there = {(h.code, h.line_id) for h in current}
    new = [(key, reason) for key, reason in wanted.items() if key not in there]
    place(batch, order_id, new)
    kept: list[Held] = [h for h in current if h not in gone]
    return kept + [_Hold(code, line_id) for (code, line_id), _ in new]


@dataclass(frozen=True, slots=True)
class _Hold:
    code: str
    line_id: int | None


def place(batch: Batch, order_id: int, new: Sequence[tuple[tuple[str, int | None], Reason]]) -> None:
    """Place holds that lift by themselves when their reason goes."""
    if not new:
        return
    store.place_holds(
        batch.rows,
        [
            {
                "order_id": order_id,
                "line_id": line_id,
                "code": code,
                "detail": reason.detail[:500],
                "sticky": False,
                "placed_at": batch.now,
            }
            for (code, line_id), reason in new
        ],
    )
    batch.holds_of.forget(order_id)
    for (code, _), reason in new:
        batch.event("order.held", order_id=order_id, code=code, detail=reason.detail)


def release(
    batch: Batch,
    order: OrderFacts,
    lines: Sequence[Line],
    holds: Sequence[Held],
    earlier: int = 0,
) -> list[Entry]:
    """Give open units to backends; the entries that say so are returned for posting. `earlier`: fulfillments made so
    far."""
    sums = batch.books_of[order.id].lines
    if any(h.line_id is None and h.code != NO_BACKEND for h in holds):
        return []
    blocked = {h.line_id for h in holds if h.code != NO_BACKEND}
    channel = batch.connections[order.connection_id].name
    open_lines = [
        Open(line.id, sums[line.id].open, Facts(channel, order.country, line.sku or "", order.merchant_id))
        for line in lines
        if line.ships and line.id not in blocked and line.id in sums and sums[line.id].open > 0
    ]
    assignments, unrouted = assign(open_lines, batch.rules, batch.default_backend)
    _settle_unrouted(batch, order.id, holds, unrouted)
    entries: list[Entry] = []
    skus = {line.id: line.sku or "" for line in lines}
    for number, assignment in enumerate(assignments, earlier + 1):
        entries.extend(_create(batch, order, assignment, skus, number))
    if assignments:
        acknowledge(batch, order)
    return entries


def release_open(batch: Batch, order: Row[Any]) -> int:
    """Give what is open of a stored order to backends, where nothing holds it; gives the units released."""
    holds, earlier = batch.holds_of[order.id], len(batch.fulfillments_of[order.id])
    entries = release(batch, OrderFacts.of(order), batch.lines_of[order.id], holds, earlier)
    batch.post(order.id, entries)
    return sum(entry.delta for entry in entries)


NO_BACKEND = "hold.no-backend"


def _settle_unrouted(batch: Batch, order_id: int, holds: Sequence[Held], unrouted: Sequence[Open]) -> None:
    there = {h.line_id for h in holds if h.code == NO_BACKEND}
    reason = Reason(NO_BACKEND, "No rule gives this line to a backend, and there is no default one.")
    place(batch, order_id, [((NO_BACKEND, o.line_id), reason) for o in unrouted if o.line_id not in there])
    still = {o.line_id for o in unrouted}
    if there - still:
        ids = [h.id for h in batch.holds_of[order_id] if h.code == NO_BACKEND and h.line_id not in still]
        store.release_holds(batch.tx, ids, "hub", batch.now)


def _create(
    batch: Batch, order: OrderFacts, assignment: Assignment, skus: Mapping[int, str], number: int
) -> list[Entry]:
    backend = assignment.backend
    reference = f"{batch.code}-{order.id}-{number}"
    fulfillment_id = store.add_fulfillment(
        batch.rows,
        {
            "order_id": order.id,
            "connection_id": backend,
            "reference": reference,
            "location": assignment.location,
            "created_at": batch.now,
        },
    )
    batch.fulfillments_of.forget(order.id)
    store.add_fulfillment_lines(
        batch.rows,
        [
            {
                "fulfillment_id": fulfillment_id,
                "line_id": line_id,
                "sku": sku,
                "units": units * per,
                "units_per": per,
            }
            for line_id, units in assignment.lines
            for sku, per in batch.components.get((backend, skus[line_id])) or [(skus[line_id], 1)]
        ],
    )
    batch.jobs.append(jobs.deliver_job("fulfillment", fulfillment_id, backend, order.id, batch.now))
    batch.event(
        "order.routed",
        order_id=order.id,
        connection_id=backend,
        reference=reference,
        backend=batch.connections[backend].name,
        units=sum(units for _, units in assignment.lines),
        lines=len(assignment.lines),
    )
    cause = f"fulfillment/{fulfillment_id}"
    return [Entry(line_id, Kind.ALLOCATED, units, cause, fulfillment_id) for line_id, units in assignment.lines]


def acknowledge(batch: Batch, order: OrderFacts) -> None:
    """Owe the partner the business answer to the order, once."""
    if order.partner_id is None:
        return
    if batch.agreed.get((order.partner_id, "acknowledgement")) is None:
        return
    if batch.outgoing.get((order.connection_id, "acknowledgement", f"acknowledgement/{order.id}")):
        return
    batch.jobs.append(
        jobs.deliver_job(
            "acknowledgement",
            order.id,
            order.connection_id,
            order.id,
            batch.now,
            due_at=due(batch, order.connection_id, "acknowledgement"),
        )
    )


def due(batch: Batch, connection_id: int, kind: str) -> Any:
    """When an outbound document may go: with its flow's next slot where the flow has a schedule, else now."""
    flow = batch.flows.get((connection_id, "out", kind))
    return flow.next_due if flow is not None and flow.schedule and flow.next_due else batch.now
