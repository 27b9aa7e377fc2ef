"""What came back from backends: shipments with their packages, returns, stock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, bindparam, delete, func, select, tuple_, update

from hub.store.gather import Gather
from hub.store.tables import (
    connections,
    fulfillments,
    inventory_levels,
    order_lines,
    package_lines,
    packages,
    return_lines,
    returns,
    shipments,
)
from hub.store.upsert import insert

# Statements that every document runs stand ready: to build one costs several times as much as to run it.
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_NAMED = select(shipments).where(
    tuple_(shipments.c.connection_id, shipments.c.external_id).in_(bindparam("keys", expanding=True))
)
_MANY = select(shipments).where(shipments.c.id.in_(_IDS))
_PACKAGES_OF = select(packages).where(packages.c.shipment_id.in_(_IDS)).order_by(packages.c.id)
_LINES_OF_PACKAGES = (
    select(
        package_lines.c.package_id,
        package_lines.c.line_id,
        package_lines.c.sku,
        package_lines.c.packed,
        package_lines.c.units,
        order_lines.c.external_id,
        order_lines.c.position,
        order_lines.c.sku.label("ordered_sku"),
        order_lines.c.title,
        order_lines.c.unit,
        order_lines.c.pack_factor,
        order_lines.c.quantity,
        order_lines.c.identifiers,
    )
    .join(packages, packages.c.id == package_lines.c.package_id)
    .join(order_lines, order_lines.c.id == package_lines.c.line_id)
    .where(packages.c.shipment_id.in_(_IDS))
    .order_by(package_lines.c.id)
)
_PACKED = (
    select(
        shipments.c.fulfillment_id,
        package_lines.c.line_id,
        package_lines.c.sku,
        func.sum(package_lines.c.packed),
        func.sum(package_lines.c.units),
    )
    .join(packages, packages.c.id == package_lines.c.package_id)
    .join(shipments, shipments.c.id == packages.c.shipment_id)
    .where(shipments.c.fulfillment_id.in_(_IDS))
    .group_by(shipments.c.fulfillment_id, package_lines.c.line_id, package_lines.c.sku)
)

TRACKING = ("tracking_number", "tracking_url", "tracking_fits", "carrier", "service")
"""The columns of a package that tell how it travels; a backend may state them later than the rest."""


def named(tx: Connection, keys: Sequence[tuple[int, str]]) -> dict[tuple[int, str], Row[Any]]:
    """Shipments by (backend, the backend's id)."""
    return {(row.connection_id, row.external_id): row for row in tx.execute(_NAMED, {"keys": keys})}


def many(tx: Connection, ids: Iterable[int]) -> dict[int, Row[Any]]:
    """Shipments by id."""
    return {row.id: row for row in tx.execute(_MANY, {"ids": list(ids)})}


def add(rows: Gather, row: Mapping[str, Any]) -> int:
    """Insert a shipment; gives its id."""
    return rows.add(shipments, row)


def add_package(rows: Gather, row: Mapping[str, Any], lines: Iterable[Mapping[str, Any]]) -> None:
    """Insert a package with what is in it."""
    package_id = rows.add(packages, row)
    rows.append(package_lines, [{"package_id": package_id, **line} for line in lines])


def change_package(tx: Connection, package_id: int, **values: Any) -> None:
    """Set columns of a package."""
    tx.execute(update(packages).where(packages.c.id == package_id).values(**values))


def label_package(rows: Gather, package_id: int, sscc: str) -> None:
    """Give a package its SSCC."""
    rows.change(packages, package_id, {"sscc": sscc})


def packages_of(tx: Connection, ids: Iterable[int]) -> dict[int, list[tuple[Row[Any], list[Row[Any]]]]]:
    """The packages of each shipment with their lines, joined with the order lines."""
    found: dict[int, list[tuple[Row[Any], list[Row[Any]]]]] = {id_: [] for id_ in ids}
    lines: dict[int, list[Any]] = defaultdict(list)
    for row in tx.execute(_LINES_OF_PACKAGES, {"ids": list(found)}):
        lines[row.package_id].append(row)
    for package in tx.execute(_PACKAGES_OF, {"ids": list(found)}):
        found[package.shipment_id].append((package, lines[package.id]))
    return found


def packed(tx: Connection, fulfillments: Iterable[int]) -> dict[int, dict[tuple[int, str], tuple[int, int]]]:
    """fulfillment -> (line id, backend SKU) -> (backend units packed so far, base units they completed)."""
    found: dict[int, dict[tuple[int, str], tuple[int, int]]] = {id_: {} for id_ in fulfillments}
    for fulfillment_id, line_id, sku, units, completed in tx.execute(_PACKED, {"ids": list(found)}):
        found[fulfillment_id][line_id, sku] = (int(units), int(completed))
    return found


def on_their_way(tx: Connection, tracking_number: str | None, references: Sequence[str]) -> list[Row[Any]]:
    """The shipments with a package of this number, else those that one of the references names: ours of a fulfillment,
    or the shipper's own of the shipment."""
    tracked = select(packages.c.shipment_id).where(packages.c.tracking_number == tracking_number)
    found = list(tx.execute(select(shipments).where(shipments.c.id.in_(tracked)))) if tracking_number else []
    if found or not references:
        return found
    named = select(fulfillments.c.id).where(fulfillments.c.reference.in_(references))
    statement = select(shipments).where(shipments.c.fulfillment_id.in_(named) | shipments.c.external_id.in_(references))
    return list(tx.execute(statement.order_by(shipments.c.id)))


# -- returns --------------------------------------------------------------------------------------------------------


def find_return(tx: Connection, connection_id: int, external_id: str) -> Row[Any] | None:
    """The return that a connection names so."""
    return tx.execute(
        select(returns).where(returns.c.connection_id == connection_id, returns.c.external_id == external_id)
    ).first()


def get_return(tx: Connection, return_id: int) -> Row[Any] | None:
    """One return."""
    return tx.execute(select(returns).where(returns.c.id == return_id)).first()


def returns_of(tx: Connection, order_id: int, connection_id: int) -> list[Row[Any]]:
    """The returns of an order that a connection knows, oldest first."""
    return list(
        tx.execute(
            select(returns)
            .where(returns.c.order_id == order_id, returns.c.connection_id == connection_id)
            .order_by(returns.c.id)
        )
    )


def orders_with_rma(tx: Connection, rma: str) -> list[int]:
    """The orders that have a return of this number."""
    return sorted(set(tx.execute(select(returns.c.order_id).where(returns.c.rma == rma)).scalars()))


def add_return(tx: Connection, row: Mapping[str, Any]) -> int:
    """Insert a return."""
    return int(tx.execute(returns.insert().values(**row).returning(returns.c.id)).scalar_one())


def change_return(tx: Connection, return_id: int, **values: Any) -> None:
    """Set columns of a return."""
    tx.execute(update(returns).where(returns.c.id == return_id).values(**values))


def set_return_lines(tx: Connection, return_id: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """State a return's lines anew, as its source now does."""
    tx.execute(delete(return_lines).where(return_lines.c.return_id == return_id))
    if rows:
        tx.execute(return_lines.insert(), [{"return_id": return_id, **row} for row in rows])


def return_lines_of(tx: Connection, return_id: int) -> list[Row[Any]]:
    """A return's lines, joined with the order lines."""
    return list(
        tx.execute(
            select(
                return_lines,
                order_lines.c.external_id.label("external_line"),
                order_lines.c.sku,
                order_lines.c.pack_factor,
            )
            .join(order_lines, order_lines.c.id == return_lines.c.line_id)
            .where(return_lines.c.return_id == return_id)
            .order_by(return_lines.c.id)
        )
    )


# -- stock ----------------------------------------------------------------------------------------------------------


def set_levels(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Absolute levels, never differences: the newest count of each SKU and location stands."""
    if not rows:
        return
    statement = insert(tx, inventory_levels)
    newer = (inventory_levels.c.counted_at.is_(None)) | (
        inventory_levels.c.counted_at <= func.coalesce(statement.excluded.counted_at, inventory_levels.c.counted_at)
    )
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=["connection_id", "sku", "location"],
            set_={
                name: statement.excluded[name]
                for name in ("available", "on_hand", "counted_at", "cause", "message_id", "updated_at")
            },
            where=newer,
        ),
        list(rows),
    )


def levels(tx: Connection, merchant_id: int | None, locations: Collection[str]) -> list[Row[Any]]:
    """The present levels that a merchant's connections have told, by SKU and location; of these locations, if any are
    named. What a connection said that is off by now is no longer the present."""
    statement = (
        select(inventory_levels)
        .join(connections, connections.c.id == inventory_levels.c.connection_id)
        .where(connections.c.mode != "off", connections.c.merchant_id.is_not_distinct_from(merchant_id))
        .order_by(inventory_levels.c.sku, inventory_levels.c.location, inventory_levels.c.id)
    )
    if locations:
        statement = statement.where(inventory_levels.c.location.in_(locations))
    return list(tx.execute(statement))
