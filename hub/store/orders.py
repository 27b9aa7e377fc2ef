"""Orders, their lines, ledger, holds, and what backends were asked to do for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, bindparam, func, select, tuple_, update

from hub.ledger import Entry, Kind
from hub.ledger.books import Books
from hub.store.gather import Gather
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
_KEYS: BindParameter[Any] = bindparam("keys", expanding=True)
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_NAMED = (
    select(orders)
    .where(tuple_(orders.c.connection_id, orders.c.scope, orders.c.external_id).in_(_KEYS))
    .order_by(orders.c.id)
    .with_for_update()
)
_MANY = select(orders).where(orders.c.id.in_(_IDS)).order_by(orders.c.id).with_for_update()
_LINES = select(order_lines).where(order_lines.c.order_id.in_(_IDS)).order_by(order_lines.c.id)
_BOOKS = (
    select(
        order_lines.c.order_id,
        ledger.c.line_id,
        ledger.c.kind,
        ledger.c.delta,
        ledger.c.cause,
        ledger.c.fulfillment_id,
    )
    .join(order_lines, order_lines.c.id == ledger.c.line_id)
    .where(order_lines.c.order_id.in_(_IDS))
)
_OPEN_HOLDS = select(holds).where(holds.c.order_id.in_(_IDS), holds.c.released_at.is_(None)).order_by(holds.c.id)
_WAIVED = select(waivers.c.order_id, waivers.c.code).where(waivers.c.order_id.in_(_IDS))
_FULFILLMENTS = select(fulfillments).where(fulfillments.c.id.in_(_IDS))
_FULFILLMENTS_NAMED = select(fulfillments).where(
    tuple_(fulfillments.c.connection_id, fulfillments.c.reference).in_(_KEYS)
)
_FULFILLMENTS_OF = select(fulfillments).where(fulfillments.c.order_id.in_(_IDS)).order_by(fulfillments.c.id)
_LINES_OF_FULFILLMENTS = (
    select(
        fulfillment_lines.c.id,
        fulfillment_lines.c.fulfillment_id,
        fulfillment_lines.c.line_id,
        fulfillment_lines.c.sku,
        fulfillment_lines.c.units,
        fulfillment_lines.c.units_per,
        order_lines.c.title,
        order_lines.c.unit_price,
        order_lines.c.identifiers,
        order_lines.c.external_id,
    )
    .join(order_lines, order_lines.c.id == fulfillment_lines.c.line_id)
    .where(fulfillment_lines.c.fulfillment_id.in_(_IDS))
    .order_by(fulfillment_lines.c.id)
)
_WISHES = (
    select(cancellations)
    .where(cancellations.c.order_id.in_(_IDS), cancellations.c.answered_at.is_(None))
    .order_by(cancellations.c.id)
)


def named(tx: Connection, keys: Sequence[tuple[int, str, str]]) -> dict[tuple[int, str, str], Row[Any]]:
    """Orders by identity (connection, scope, external id), locked: see `many`."""
    rows = tx.execute(_NAMED, {"keys": keys})
    return {(row.connection_id, row.scope, row.external_id): row for row in rows}


def many(tx: Connection, ids: Iterable[int]) -> dict[int, Row[Any]]:
    """Orders by id, locked in the order of their ids so that two writers never wait for each other: everything that
    changes an order's quantities holds this lock."""
    return {row.id: row for row in tx.execute(_MANY, {"ids": sorted(set(ids))})}


def add(rows: Gather, row: Mapping[str, Any]) -> int:
    """Insert an order; gives its id."""
    return rows.add(orders, row)


def change(rows: Gather, order_id: int, values: Mapping[str, Any]) -> None:
    """Set columns of an order."""
    rows.change(orders, order_id, values)


def add_lines(rows: Gather, order_id: int, system: str, lines: Iterable[Mapping[str, Any]]) -> list[int]:
    """Insert lines and how the source names them; gives their ids in order."""
    ids = []
    for line in lines:
        ids.append(rows.add(order_lines, {"order_id": order_id, **line}))
        rows.append(line_refs, [{"line_id": ids[-1], "system": system, "ref": line["external_id"]}])
    return ids


def change_line(rows: Gather, line_id: int, values: Mapping[str, Any]) -> None:
    """Set columns of a line."""
    rows.change(order_lines, line_id, values)


def lines(tx: Connection, order_ids: Iterable[int]) -> dict[int, list[Row[Any]]]:
    """Lines per order, in the order in which they came."""
    return _by_order(tx, _LINES, order_ids)


def books(tx: Connection, order_ids: Iterable[int]) -> dict[int, Books]:
    """The ledger of each order, summed."""
    entries: dict[int, list[Entry]] = {order_id: [] for order_id in order_ids}
    for order_id, line_id, kind, delta, cause, fulfillment_id in tx.execute(_BOOKS, {"ids": list(entries)}):
        entries[order_id].append(Entry(line_id, Kind(kind), delta, cause, fulfillment_id))
    return {order_id: Books.of(posted) for order_id, posted in entries.items()}


def post(rows: Gather, entries: Iterable[Entry], now: dt.datetime) -> None:
    """Append entries; one that is there already (same line, kind and cause) raises an integrity error."""
    rows.append(
        ledger,
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


def open_holds(tx: Connection, order_ids: Iterable[int]) -> dict[int, list[Row[Any]]]:
    """What keeps each order, or lines of it, from being released."""
    return _by_order(tx, _OPEN_HOLDS, order_ids)


def _by_order(tx: Connection, statement: Any, order_ids: Iterable[int]) -> dict[int, list[Row[Any]]]:
    found: dict[int, list[Row[Any]]] = {order_id: [] for order_id in order_ids}
    for row in tx.execute(statement, {"ids": list(found)}):
        found[row.order_id].append(row)
    return found


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


def waived(tx: Connection, order_ids: Iterable[int]) -> dict[int, set[str]]:
    """Kinds of hold that a person has released on each order."""
    return {order_id: {row.code for row in rows} for order_id, rows in _by_order(tx, _WAIVED, order_ids).items()}


def waive(tx: Connection, order_id: int, code: str, by: str, now: dt.datetime) -> None:
    """The gate does not place this kind of hold on this order again."""
    statement = insert(tx, waivers).on_conflict_do_nothing(index_elements=["order_id", "code"])
    tx.execute(statement, [{"order_id": order_id, "code": code, "by": by, "at": now}])


def place_holds(rows: Gather, placed: Sequence[Mapping[str, Any]]) -> None:
    """Append holds."""
    rows.append(holds, placed)


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


def add_fulfillment(rows: Gather, row: Mapping[str, Any]) -> int:
    """Insert a fulfillment; gives its id."""
    return rows.add(fulfillments, row)


def add_fulfillment_lines(rows: Gather, lines: Sequence[Mapping[str, Any]]) -> None:
    """Insert what each fulfillment asks for, in the backend's SKUs."""
    rows.append(fulfillment_lines, lines)


def fulfillments_many(tx: Connection, ids: Iterable[int]) -> dict[int, Row[Any]]:
    """Fulfillments by id."""
    return {row.id: row for row in tx.execute(_FULFILLMENTS, {"ids": list(ids)})}


def fulfillments_named(tx: Connection, keys: Sequence[tuple[int, str]]) -> dict[tuple[int, str], Row[Any]]:
    """Fulfillments by (backend, the reference that we gave it)."""
    return {(row.connection_id, row.reference): row for row in tx.execute(_FULFILLMENTS_NAMED, {"keys": keys})}


def fulfillments_of(tx: Connection, order_ids: Iterable[int]) -> dict[int, list[Row[Any]]]:
    """The parts of each order, oldest first."""
    return _by_order(tx, _FULFILLMENTS_OF, order_ids)


def change_fulfillment(rows: Gather, fulfillment_id: int, **values: Any) -> None:
    """Set columns of a fulfillment."""
    rows.change(fulfillments, fulfillment_id, values)


def lines_of_fulfillments(tx: Connection, ids: Iterable[int]) -> dict[int, list[Row[Any]]]:
    """What each fulfillment asks for, joined with its order lines."""
    found: dict[int, list[Any]] = {id_: [] for id_ in ids}
    for row in tx.execute(_LINES_OF_FULFILLMENTS, {"ids": list(found)}):
        found[row.fulfillment_id].append(row)
    return found


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


def answer_cancellation(tx: Connection, cancellation_id: int, **values: Any) -> None:
    """Keep what the backend gave back so far: `granted`, `kept`, and `answered_at` when no more is to come; or until
    when it is to say so, `answer_by`."""
    tx.execute(update(cancellations).where(cancellations.c.id == cancellation_id).values(**values))


def wishes(tx: Connection, order_ids: Iterable[int]) -> dict[int, list[Row[Any]]]:
    """The unanswered wishes of each order to take units back, oldest first."""
    return _by_order(tx, _WISHES, order_ids)


def keep_of_wish(rows: Gather, wish_id: int, kept: list[list[int]]) -> None:
    """Some of what a wish asks for is wanted again."""
    rows.change(cancellations, wish_id, {"kept": kept})
