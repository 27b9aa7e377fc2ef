"""What waits for a person, by cause: documents that are parked or could not be made, and orders that are held."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from sqlalchemy import Connection

from hub.store import overview
from hub.views.messages import MessageRow, error_text, message_row


@dataclass(frozen=True, slots=True)
class ParkedGroup:
    """Messages parked for one cause; `rows` holds the newest of `count`."""

    reason: str
    count: int
    first: dt.datetime
    last: dt.datetime
    rows: list[MessageRow]


@dataclass(frozen=True, slots=True)
class HeldOrder:
    """An order that one hold keeps back."""

    hold_id: int
    order_id: int
    order: str
    detail: str | None
    since: dt.datetime


@dataclass(frozen=True, slots=True)
class HoldGroup:
    """Orders held for one cause; `rows` holds the newest of `count`."""

    code: str
    count: int
    first: dt.datetime
    rows: list[HeldOrder]


@dataclass(frozen=True, slots=True)
class UnmadeDelivery:
    """A document for `connection` that could not be made: there is nothing to send yet."""

    id: int
    noun: str
    connection: str
    order_id: int
    order: str
    code: str
    detail: str | None
    since: dt.datetime


@dataclass(frozen=True, slots=True)
class UnmadeGroup:
    """Documents that could not be made, for one cause."""

    code: str
    count: int
    first: dt.datetime
    rows: list[UnmadeDelivery]


@dataclass(frozen=True, slots=True)
class Attention:
    """Everything that waits for a person."""

    parked: list[ParkedGroup]
    unmade: list[UnmadeGroup]
    held: list[HoldGroup]
    count: int = field(default=0)


def attention(connection: Connection, merchant_id: int | None, each: int = 20) -> Attention:
    """What waits for a person, by cause, the most frequent first, with the newest `each` of every cause."""
    parked = [
        ParkedGroup(
            reason=group.reason or "",
            count=group.total,
            first=group.first,
            last=group.last,
            rows=[message_row(row) for row in overview.parked_of_reason(connection, group.reason, merchant_id, each)],
        )
        for group in overview.parked_by_reason(connection, merchant_id)
    ]
    held = [
        HoldGroup(
            code=group.code,
            count=group.total,
            first=group.first,
            rows=[
                HeldOrder(row.id, row.order_id, row.number or row.external_id, row.detail, row.placed_at)
                for row in overview.held_orders(connection, group.code, merchant_id, each)
            ],
        )
        for group in overview.open_holds(connection, merchant_id)
    ]
    return Attention(
        parked, _unmade(connection, merchant_id, each), held, overview.attention_count(connection, merchant_id)
    )


def _unmade(connection: Connection, merchant_id: int | None, each: int) -> list[UnmadeGroup]:
    groups: dict[str, list[UnmadeDelivery]] = {}
    for row in overview.parked_deliveries(connection, merchant_id):
        error = row.error or {}
        delivery = UnmadeDelivery(
            id=row.id,
            noun=row.noun,
            connection=row.connection,
            order_id=row.order_id,
            order=row.number or row.external_id,
            code=str(error.get("code", "")),
            detail=error_text(error),
            since=row.finished_at or row.created_at,
        )
        groups.setdefault(delivery.code, []).append(delivery)
    return [UnmadeGroup(code, len(rows), min(r.since for r in rows), rows[:each]) for code, rows in groups.items()]
