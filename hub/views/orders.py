"""Orders as people and programs see them: a row of a list, and one order with all that belongs to it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from hub.ledger import Kind, Quantities
from hub.store import conditions, search, timeline
from hub.store.search import OrderQuery
from hub.views.base import PAGE_SIZE, Page
from hub.views.fulfillments import FulfillmentView, PartLine, of_order_at_backends
from hub.views.messages import MessageRow, message_row
from hub.views.status import Status, Tone, of_order
from hub.views.timeline import Sentence, of_event

__all__ = ["OrderDetail", "OrderQuery", "OrderRow", "order_detail", "order_list", "orders_named"]


@dataclass(frozen=True, slots=True)
class Units:
    """Base units: where each ordered one is. `open`: nobody has it yet."""

    ordered: int
    cancelled: int
    allocated: int
    shipped: int
    returned: int
    open: int


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order in a list. `placed`: the source's time, `received`: ours."""

    id: int
    number: str
    external_id: str
    connection_id: int
    connection: str
    partner: str | None
    channel: str | None
    country: str | None
    currency: str | None
    total: Decimal | None
    test: bool
    placed: dt.datetime | None
    placed_on: dt.date | None
    received: dt.datetime
    units: Units
    holds: list[str]
    status: Status


@dataclass(frozen=True, slots=True)
class LineView:
    """One line. `quantity` is in `unit` as ordered; `units` counts base units (`pack_factor` of them in one `unit`)."""

    id: int
    external_id: str
    position: int | None
    sku: str | None
    title: str | None
    quantity: Decimal
    unit: str
    pack_factor: Decimal
    unit_price: Decimal | None
    ships: bool
    units: Units


@dataclass(frozen=True, slots=True)
class HoldView:
    """A hold. `sticky`: a person placed it, only a person lifts it."""

    id: int
    code: str
    detail: str | None
    sticky: bool
    placed: dt.datetime
    released: dt.datetime | None
    released_by: str | None


@dataclass(frozen=True, slots=True)
class PackageView:
    """One package and what is in it."""

    tracking_number: str | None
    tracking_url: str | None
    tracking_fits: bool | None
    carrier: str | None
    service: str | None
    sscc: str | None
    lines: list[PartLine]


@dataclass(frozen=True, slots=True)
class ShipmentView:
    """A shipment. `written_back`: the source has been told."""

    id: int
    external_id: str
    backend: str
    shipped: dt.datetime | None
    carrier: str | None
    message_id: int
    written_back: bool
    packages: list[PackageView]


@dataclass(frozen=True, slots=True)
class ReturnView:
    """A return, as the other side states it. `units`: announced, `received`: in the warehouse.

    `backend` None: the order's source announced it.
    """

    id: int
    external_id: str
    rma: str | None
    backend: str | None
    status: str
    created: dt.datetime
    message_id: int
    written_back: bool
    units: int
    received: int
    lines: list[PartLine]


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """An invoice or credit note (`kind`). `issuer` None: the hub issued it, for a shipment; else the backend's name.

    `number`, `issued`, `total` None: owed, and not written yet. `message_id`: the document that went out last or, where
    none did, in which the backend sent it. `sent`: the order's source has it. `paid` None: nothing is known of it.
    """

    id: int
    kind: str
    number: str | None
    issuer: str | None
    issued: dt.date | None
    total: Decimal | None
    currency: str | None
    message_id: int | None
    sent: bool
    paid: Decimal | None
    lines: list[PartLine]


@dataclass(frozen=True, slots=True)
class WorkView:
    """Work on the order that is not done: a job that is pending, running or parked."""

    id: int
    kind: str
    noun: str
    state: str
    due: dt.datetime
    failures: int
    message_id: int | None
    code: str | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class OrderDetail:
    """One order: `row` as in lists, and the rest. `can` names the actions that make sense now."""

    row: OrderRow
    payment: str
    cancelled: dt.datetime | None
    cancel_reason: str | None
    email: str | None
    phone: str | None
    note: str | None
    ship_to: dict[str, Any] | None
    shipping_method: str | None
    carrier: str | None
    ship_not_before: dt.date | None
    ship_not_after: dt.date | None
    deliver_by: dt.date | None
    subtotal: Decimal | None
    discount: Decimal | None
    shipping: Decimal | None
    tax: Decimal | None
    references: dict[str, Any]
    message_id: int
    lines: list[LineView]
    holds: list[HoldView]
    fulfillments: list[FulfillmentView]
    shipments: list[ShipmentView]
    returns: list[ReturnView]
    invoices: list[InvoiceView]
    messages: list[MessageRow]
    work: list[WorkView]
    timeline: list[Sentence]
    can: list[str]


def order_list(connection: Connection, query: OrderQuery, size: int = PAGE_SIZE) -> Page[OrderRow]:
    """One page of orders, newest first."""
    rows, newer, older = search.find_orders(connection, query, size)
    codes = search.hold_codes(connection, [row.id for row in rows])
    return Page.of([_order_row(row, codes.get(row.id, [])) for row in rows], newer, older)


def orders_named(connection: Connection, name: str, merchant_id: int | None) -> list[int]:
    """Ids of the orders that a person may mean by `name`: a number, an external id, or our own id."""
    found = timeline.order_named(connection, name, merchant_id)
    if not found and name.isdigit():
        row = timeline.order(connection, int(name), merchant_id)
        found = [row.id] if row is not None else []
    return found


def order_detail(connection: Connection, order_id: int, merchant_id: int | None) -> OrderDetail | None:
    """One order with everything its page shows; None where it does not exist for this person."""
    head = timeline.order(connection, order_id, merchant_id)
    if head is None:
        return None
    quantities = _quantities(connection, order_id)
    lines = [_line(row, quantities[row.id]) for row in timeline.lines(connection, order_id)]
    skus = {line.id: line.sku for line in lines}
    holds = [_hold(row) for row in timeline.order_holds(connection, order_id)]
    messages = [message_row(row) for row in timeline.order_messages(connection, order_id)]
    row = _order_row(head, [hold.code for hold in holds if hold.released is None])
    work = [_work(job) for job in timeline.order_jobs(connection, order_id)]
    story = [of_event(event) for event in timeline.order_events(connection, order_id)]
    return OrderDetail(
        row=row,
        payment=head.payment,
        cancelled=head.cancelled_at,
        references=head.references or {},
        lines=lines,
        holds=holds,
        fulfillments=of_order_at_backends(connection, order_id),
        shipments=_shipments(connection, order_id, skus, messages),
        returns=_returns(connection, row, skus, messages),
        invoices=_invoices(connection, order_id, skus, messages),
        messages=messages,
        work=work,
        timeline=story,
        can=_can(row, bool(work)),
        **{name: getattr(head, name) for name in _PLAIN},
    )


_PLAIN = [
    "cancel_reason",
    "email",
    "phone",
    "note",
    "ship_to",
    "shipping_method",
    "carrier",
    "ship_not_before",
    "ship_not_after",
    "deliver_by",
    "subtotal",
    "discount",
    "shipping",
    "tax",
    "message_id",
]


def _work(row: Any) -> WorkView:
    error = row.error or {}
    return WorkView(
        row.id,
        row.kind,
        row.noun,
        row.state,
        row.due_at,
        row.failures,
        row.message_id,
        error.get("code"),
        error.get("detail"),
    )


def _units(q: Quantities) -> Units:
    return Units(q.ordered, q.cancelled, q.allocated, q.shipped, q.returned, q.open)


def _order_row(row: Any, codes: list[str]) -> OrderRow:
    q = Quantities(*(int(getattr(row, kind)) for kind in conditions.KINDS))
    return OrderRow(
        id=row.id,
        number=row.number or row.external_id,
        external_id=row.external_id,
        connection_id=row.connection_id,
        connection=row.connection,
        partner=row.partner,
        channel=row.channel,
        country=row.ship_country,
        currency=row.currency,
        total=row.total,
        test=row.test,
        placed=row.placed_at,
        placed_on=row.placed_on,
        received=row.created_at,
        units=_units(q),
        holds=codes,
        status=of_order(q, codes, bool(row.parked)),
    )


def _quantities(connection: Connection, order_id: int) -> dict[int, Quantities]:
    found: dict[int, Quantities] = defaultdict(Quantities)
    for entry in timeline.entries(connection, order_id):
        found[entry.line_id] = found[entry.line_id].plus(Kind(entry.kind), entry.delta)
    return found


def _line(row: Any, q: Quantities) -> LineView:
    names = ("id", "external_id", "position", "sku", "title", "quantity", "unit", "pack_factor", "unit_price", "ships")
    return LineView(**{name: getattr(row, name) for name in names}, units=_units(q))


def _hold(row: Any) -> HoldView:
    return HoldView(row.id, row.code, row.detail, row.sticky, row.placed_at, row.released_at, row.released_by)


def _goes_out(message: MessageRow, kind: str) -> bool:
    return message.direction == "out" and message.kind == kind


def _told(messages: list[MessageRow], kind: str, subject_id: int) -> bool:
    return any(_goes_out(m, kind) and m.subject_id == subject_id and m.state == "done" for m in messages)


_MATCHED = {"sku": "matched by SKU", "oldest": "filled the oldest open line"}


def _shipments(
    connection: Connection, order_id: int, skus: dict[int, str | None], messages: list[MessageRow]
) -> list[ShipmentView]:
    heads, boxes, contents = timeline.order_shipments(connection, order_id)
    inside: dict[int, list[PartLine]] = defaultdict(list)
    for part in contents:
        note = _MATCHED.get(part.matched, "")
        inside[part.package_id].append(PartLine(part.line_id, skus.get(part.line_id), part.units, note))
    packed: dict[int, list[PackageView]] = defaultdict(list)
    for box in boxes:
        packed[box.shipment_id].append(
            PackageView(
                box.tracking_number,
                box.tracking_url,
                box.tracking_fits,
                box.carrier,
                box.service,
                box.sscc,
                inside[box.id],
            )
        )
    return [
        ShipmentView(
            id=head.id,
            external_id=head.external_id,
            backend=head.backend,
            shipped=head.shipped_at,
            carrier=head.carrier,
            message_id=head.message_id,
            written_back=_told(messages, "shipment", head.id),
            packages=packed[head.id],
        )
        for head in heads
    ]


def _returns(
    connection: Connection, order: OrderRow, skus: dict[int, str | None], messages: list[MessageRow]
) -> list[ReturnView]:
    heads, parts = timeline.order_returns(connection, order.id)
    source_id = order.connection_id
    found = []
    for head in heads:
        mine = [part for part in parts if part.return_id == head.id]
        found.append(
            ReturnView(
                id=head.id,
                external_id=head.external_id,
                rma=head.rma,
                backend=head.backend if head.connection_id != source_id else None,
                status=head.status,
                created=head.created_at,
                message_id=head.message_id,
                written_back=_told(messages, "return", head.id),
                units=sum(part.units for part in mine),
                received=sum(part.received for part in mine),
                lines=[PartLine(p.line_id, skus.get(p.line_id), p.units, p.reason or "") for p in mine],
            )
        )
    return found


def _invoices(
    connection: Connection, order_id: int, skus: dict[int, str | None], messages: list[MessageRow]
) -> list[InvoiceView]:
    heads, parts = timeline.order_invoices(connection, order_id)
    documents = {m.subject_id: m.id for m in sorted(messages, key=lambda m: m.id) if _goes_out(m, "invoice")}
    return [
        InvoiceView(
            id=head.id,
            kind=head.kind,
            number=head.number,
            issuer=head.backend,
            issued=head.issued_on,
            total=head.total,
            currency=head.currency,
            message_id=documents.get(head.id, head.message_id),
            sent=_told(messages, "invoice", head.id),
            paid=head.paid if head.payments else None,
            lines=[PartLine(p.line_id, skus.get(p.line_id), p.units) for p in parts if p.invoice_id == head.id],
        )
        for head in heads
    ]


def _can(row: OrderRow, has_work: bool) -> list[str]:
    """`retry` where something is parked or still to do, `cancel` while a unit can still be taken back,
    `hold`, `ship-outside` and `close-short` while nobody has a unit yet."""
    found = []
    if row.status.tone is Tone.FAILED or has_work or (row.units.open and not row.holds):
        found.append("retry")
    if row.units.open or row.units.allocated:
        found.append("cancel")
    if row.units.open:
        found.extend(["hold", "ship-outside", "close-short"])
    return found
