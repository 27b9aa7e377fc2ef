"""Orders, their lines, ledger, holds, and what backends were asked to do for them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, bindparam, case, func, select, update

from hub.ledger import Entry, Kind, Quantities
from hub.store.tables import (
    cancellations,
    fulfillment_lines,
    fulfillments,
    holds,
    ledger,
    line_refs,
    order_lines,
    orders,
    waivers,
)
from hub.store.upsert import insert

# Statements that every document runs stand ready: to build one costs several times as much as to run it.
_ID: BindParameter[Any] = bindparam("id")
_FIND = (
    select(orders)
    .where(
        orders.c.connection_id == bindparam("connection_id"),
        orders.c.scope == bindparam("scope"),
        orders.c.external_id == bindparam("external_id"),
    )
    .with_for_update()
)
_GET = select(orders).where(orders.c.id == _ID)
_GET_LOCKED = _GET.with_for_update()
_MANY = select(orders).where(orders.c.id.in_(bindparam("ids", expanding=True))).order_by(orders.c.id).with_for_update()
_ADD = orders.insert().returning(orders.c.id)
_ADD_LINES = order_lines.insert().returning(order_lines.c.id, sort_by_parameter_order=True)
_LINES = (
    select(order_lines).where(order_lines.c.order_id.in_(bindparam("ids", expanding=True))).order_by(order_lines.c.id)
)
_ADD_REFS = line_refs.insert()
_QUANTITIES = (
    select(
        ledger.c.line_id,
        ledger.c.kind,
        func.sum(ledger.c.delta),
        func.sum(case((ledger.c.fulfillment_id.is_not(None), ledger.c.delta), else_=0)),
    )
    .join(order_lines, order_lines.c.id == ledger.c.line_id)
    .where(order_lines.c.order_id == _ID)
    .group_by(ledger.c.line_id, ledger.c.kind)
)
_CANCELLED_BY_SOURCE = (
    select(ledger.c.line_id, func.sum(ledger.c.delta))
    .join(order_lines, order_lines.c.id == ledger.c.line_id)
    .where(order_lines.c.order_id == _ID, ledger.c.kind == "cancelled", ledger.c.cause.startswith("message/"))
    .group_by(ledger.c.line_id)
)
_ALLOCATED = (
    select(ledger.c.fulfillment_id, ledger.c.line_id, func.sum(ledger.c.delta))
    .join(order_lines, order_lines.c.id == ledger.c.line_id)
    .where(order_lines.c.order_id == _ID, ledger.c.kind == "allocated", ledger.c.fulfillment_id.is_not(None))
    .group_by(ledger.c.fulfillment_id, ledger.c.line_id)
)
_POST = ledger.insert()
_OPEN_HOLDS = select(holds).where(holds.c.order_id == _ID, holds.c.released_at.is_(None)).order_by(holds.c.id)
_WAIVED = select(waivers.c.code).where(waivers.c.order_id == _ID)
_ADD_FULFILLMENT = fulfillments.insert().returning(fulfillments.c.id)
_ADD_FULFILLMENT_LINES = fulfillment_lines.insert()
_FULFILLMENT = select(fulfillments).where(fulfillments.c.id == _ID)
_BY_REFERENCE = select(fulfillments).where(
    fulfillments.c.connection_id == bindparam("connection_id"), fulfillments.c.reference == bindparam("reference")
)
_FULFILLMENTS_OF = select(fulfillments).where(fulfillments.c.order_id == _ID).order_by(fulfillments.c.id)
_CHANGE_FULFILLMENT = update(fulfillments).where(fulfillments.c.id == bindparam("b_id"))
_LINES_OF_FULFILLMENT = (
    select(
        fulfillment_lines.c.id,
        fulfillment_lines.c.line_id,
        fulfillment_lines.c.sku,
        fulfillment_lines.c.units,
        fulfillment_lines.c.units_per,
        order_lines.c.title,
        order_lines.c.unit_price,
        order_lines.c.external_id,
    )
    .join(order_lines, order_lines.c.id == fulfillment_lines.c.line_id)
    .where(fulfillment_lines.c.fulfillment_id == _ID)
    .order_by(fulfillment_lines.c.id)
)
_ASKED_BACK = select(cancellations).where(cancellations.c.order_id == _ID, cancellations.c.answered_at.is_(None))


def find(tx: Connection, connection_id: int, scope: str, external_id: str) -> Row[Any] | None:
    """The order with this identity, locked against other writers."""
    return tx.execute(_FIND, {"connection_id": connection_id, "scope": scope, "external_id": external_id}).first()


def get(tx: Connection, order_id: int, lock: bool = False) -> Row[Any] | None:
    """One order, locked where `lock`: everything that changes an order's quantities holds this lock."""
    return tx.execute(_GET_LOCKED if lock else _GET, {"id": order_id}).first()


def many(tx: Connection, ids: Iterable[int]) -> dict[int, Row[Any]]:
    """Orders by id, locked in the order of their ids so that two writers never wait for each other."""
    return {row.id: row for row in tx.execute(_MANY, {"ids": sorted(set(ids))})}


def add(tx: Connection, row: Mapping[str, Any]) -> int:
    """Insert an order."""
    return int(tx.execute(_ADD, dict(row)).scalar_one())


def change(tx: Connection, order_id: int, values: Mapping[str, Any]) -> None:
    """Set columns of an order."""
    tx.execute(update(orders).where(orders.c.id == order_id).values(**values))


def add_lines(tx: Connection, order_id: int, system: str, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Insert lines and how the source names them; gives their ids in order."""
    if not rows:
        return []
    ids = list(tx.execute(_ADD_LINES, [{"order_id": order_id, **row} for row in rows]).scalars())
    refs = [
        {"line_id": line_id, "system": system, "ref": row["external_id"]}
        for line_id, row in zip(ids, rows, strict=True)
    ]
    tx.execute(_ADD_REFS, refs)
    return ids


def change_line(tx: Connection, line_id: int, values: Mapping[str, Any]) -> None:
    """Set columns of a line."""
    tx.execute(update(order_lines).where(order_lines.c.id == line_id).values(**values))


def lines(tx: Connection, order_ids: Iterable[int]) -> dict[int, list[Row[Any]]]:
    """Lines per order, in the order in which they came."""
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in tx.execute(_LINES, {"ids": list(order_ids)}):
        found[row.order_id].append(row)
    return found


def quantities(tx: Connection, order_id: int) -> tuple[dict[int, Quantities], dict[int, int]]:
    """Per line: the sums of its ledger, and how much of `shipped` our own backends sent."""
    sums: dict[int, Quantities] = defaultdict(Quantities)
    ours: dict[int, int] = defaultdict(int)
    for line_id, kind, delta, by_backends in tx.execute(_QUANTITIES, {"id": order_id}):
        sums[line_id] = sums[line_id].plus(Kind(kind), int(delta))
        if kind == "shipped":
            ours[line_id] = int(by_backends)
    return dict(sums), dict(ours)


def cancelled_by_source(tx: Connection, order_id: int) -> dict[int, int]:
    """Per line: how much of `cancelled` a document of the source caused, not a person."""
    return {line_id: int(units) for line_id, units in tx.execute(_CANCELLED_BY_SOURCE, {"id": order_id})}


def allocated_by_fulfillment(tx: Connection, order_id: int) -> dict[int, dict[int, int]]:
    """fulfillment id -> line id -> base units that it still has."""
    found: dict[int, dict[int, int]] = defaultdict(dict)
    for fulfillment_id, line_id, units in tx.execute(_ALLOCATED, {"id": order_id}):
        if units:
            found[fulfillment_id][line_id] = int(units)
    return dict(found)


def post(tx: Connection, entries: Sequence[Entry], now: dt.datetime) -> None:
    """Append entries; one that is there already (same line, kind and cause) raises an integrity error."""
    if entries:
        tx.execute(
            _POST,
            [
                {
                    "line_id": e.line_id,
                    "kind": e.kind.value,
                    "delta": e.delta,
                    "cause": e.cause,
                    "fulfillment_id": e.fulfillment_id,
                    "at": now,
                }
                for e in entries
            ],
        )


def open_holds(tx: Connection, order_id: int) -> list[Row[Any]]:
    """What keeps the order, or lines of it, from being released."""
    return list(tx.execute(_OPEN_HOLDS, {"id": order_id}))


def held(tx: Connection, order_ids: Sequence[int]) -> set[int]:
    """Which of these orders have a hold that keeps what is not sent yet from being sent: the whole order waits, or a
    line that a backend has been given."""
    if not order_ids:
        return set()
    given = (
        select(ledger.c.line_id)
        .where(ledger.c.kind == "allocated")
        .group_by(ledger.c.line_id)
        .having(func.sum(ledger.c.delta) > 0)
    )
    statement = select(holds.c.order_id).where(
        holds.c.order_id.in_(order_ids),
        holds.c.released_at.is_(None),
        holds.c.code != "hold.no-backend",
        holds.c.line_id.is_(None) | holds.c.line_id.in_(given.where(ledger.c.line_id == holds.c.line_id)),
    )
    return set(tx.execute(statement).scalars())


def waived(tx: Connection, order_id: int) -> set[str]:
    """Kinds of hold that a person has released on this order."""
    return set(tx.execute(_WAIVED, {"id": order_id}).scalars())


def waive(tx: Connection, order_id: int, code: str, by: str, now: dt.datetime) -> None:
    """The gate does not place this kind of hold on this order again."""
    statement = insert(tx, waivers).on_conflict_do_nothing(index_elements=["order_id", "code"])
    tx.execute(statement, [{"order_id": order_id, "code": code, "by": by, "at": now}])


def place_holds(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append holds."""
    if rows:
        tx.execute(holds.insert(), list(rows))


def release_holds(tx: Connection, ids: Sequence[int], by: str, now: dt.datetime) -> None:
    """Lift holds."""
    if ids:
        tx.execute(update(holds).where(holds.c.id.in_(ids)).values(released_at=now, released_by=by))


def held_for(tx: Connection, code: str) -> list[Row[Any]]:
    """Orders with an open hold of this kind, oldest first, locked."""
    held = select(holds.c.order_id).where(holds.c.code == code, holds.c.released_at.is_(None))
    return list(tx.execute(select(orders).where(orders.c.id.in_(held)).order_by(orders.c.id).with_for_update()))


def hold(tx: Connection, hold_id: int) -> Row[Any] | None:
    """One hold."""
    return tx.execute(select(holds).where(holds.c.id == hold_id)).first()


# -- what backends were asked ---------------------------------------------------------------------------------------


def add_fulfillment(tx: Connection, row: Mapping[str, Any]) -> int:
    """Insert a fulfillment."""
    return int(tx.execute(_ADD_FULFILLMENT, dict(row)).scalar_one())


def add_fulfillment_lines(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert what each fulfillment asks for, in the backend's SKUs."""
    if rows:
        tx.execute(_ADD_FULFILLMENT_LINES, list(rows))


def fulfillment(tx: Connection, fulfillment_id: int) -> Row[Any] | None:
    """One fulfillment."""
    return tx.execute(_FULFILLMENT, {"id": fulfillment_id}).first()


def fulfillment_by_reference(tx: Connection, connection_id: int, reference: str) -> Row[Any] | None:
    """The fulfillment that we named so towards this backend."""
    return tx.execute(_BY_REFERENCE, {"connection_id": connection_id, "reference": reference}).first()


def fulfillments_of(tx: Connection, order_id: int) -> list[Row[Any]]:
    """The parts of an order, oldest first."""
    return list(tx.execute(_FULFILLMENTS_OF, {"id": order_id}))


def change_fulfillment(tx: Connection, fulfillment_id: int, **values: Any) -> None:
    """Set columns of a fulfillment."""
    tx.execute(_CHANGE_FULFILLMENT, {"b_id": fulfillment_id, **values})


def lines_of_fulfillment(tx: Connection, fulfillment_id: int) -> list[Row[Any]]:
    """What a fulfillment asks for, joined with its order lines."""
    return list(tx.execute(_LINES_OF_FULFILLMENT, {"id": fulfillment_id}))


def add_cancellation(tx: Connection, row: Mapping[str, Any]) -> int | None:
    """Wish units back from a backend; None when the same cause has asked before."""
    statement = (
        insert(tx, cancellations)
        .values(**row)
        .on_conflict_do_nothing(index_elements=["fulfillment_id", "cause"])
        .returning(cancellations.c.id)
    )
    found = tx.execute(statement).scalar()
    return None if found is None else int(found)


def cancellation(tx: Connection, cancellation_id: int) -> Row[Any] | None:
    """One wish."""
    return tx.execute(select(cancellations).where(cancellations.c.id == cancellation_id)).first()


def answer_cancellation(tx: Connection, cancellation_id: int, granted: list[list[int]], now: dt.datetime) -> None:
    """Keep what the backend gave back."""
    tx.execute(
        update(cancellations).where(cancellations.c.id == cancellation_id).values(granted=granted, answered_at=now)
    )


def asked_back(tx: Connection, order_id: int) -> dict[int, dict[int, int]]:
    """fulfillment id -> line id -> base units that an unanswered wish asks for."""
    found: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for row in tx.execute(_ASKED_BACK, {"id": order_id}):
        for line_id, units in row.lines:
            found[row.fulfillment_id][line_id] += units
    return found
