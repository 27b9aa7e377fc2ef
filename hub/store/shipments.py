"""What came back from backends: shipments with their packages, returns, stock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, bindparam, delete, func, select, update

from hub.store.tables import (
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
_ID: BindParameter[Any] = bindparam("id")
_FIND = select(shipments).where(
    shipments.c.connection_id == bindparam("connection_id"), shipments.c.external_id == bindparam("external_id")
)
_GET = select(shipments).where(shipments.c.id == _ID)
_ADD = shipments.insert().returning(shipments.c.id)
_ADD_PACKAGE = packages.insert().returning(packages.c.id)
_ADD_PACKAGE_LINES = package_lines.insert()
_PACKAGES_OF = select(packages).where(packages.c.shipment_id == _ID).order_by(packages.c.id)
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
    .where(packages.c.shipment_id == _ID)
    .order_by(package_lines.c.id)
)
_PACKED = (
    select(
        package_lines.c.line_id,
        package_lines.c.sku,
        func.sum(package_lines.c.packed),
        func.sum(package_lines.c.units),
    )
    .join(packages, packages.c.id == package_lines.c.package_id)
    .join(shipments, shipments.c.id == packages.c.shipment_id)
    .where(shipments.c.fulfillment_id == _ID)
    .group_by(package_lines.c.line_id, package_lines.c.sku)
)


def find(tx: Connection, connection_id: int, external_id: str) -> Row[Any] | None:
    """The shipment that a backend names so."""
    return tx.execute(_FIND, {"connection_id": connection_id, "external_id": external_id}).first()


def get(tx: Connection, shipment_id: int) -> Row[Any] | None:
    """One shipment."""
    return tx.execute(_GET, {"id": shipment_id}).first()


def add(tx: Connection, row: Mapping[str, Any]) -> int:
    """Insert a shipment."""
    return int(tx.execute(_ADD, dict(row)).scalar_one())


def add_package(tx: Connection, row: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> int:
    """Insert a package with what is in it."""
    package_id = int(tx.execute(_ADD_PACKAGE, dict(row)).scalar_one())
    tx.execute(_ADD_PACKAGE_LINES, [{"package_id": package_id, **line} for line in lines])
    return package_id


def change_package(tx: Connection, package_id: int, **values: Any) -> None:
    """Set columns of a package."""
    tx.execute(update(packages).where(packages.c.id == package_id).values(**values))


def packages_of(tx: Connection, shipment_id: int) -> list[tuple[Row[Any], list[Row[Any]]]]:
    """A shipment's packages with their lines, joined with the order lines."""
    lines: dict[int, list[Any]] = defaultdict(list)
    for row in tx.execute(_LINES_OF_PACKAGES, {"id": shipment_id}):
        lines[row.package_id].append(row)
    return [(package, lines[package.id]) for package in tx.execute(_PACKAGES_OF, {"id": shipment_id})]


def packed_by_fulfillment(tx: Connection, fulfillment_id: int) -> dict[tuple[int, str], tuple[int, int]]:
    """(line id, backend SKU) -> (backend units packed so far, base units they completed)."""
    rows = tx.execute(_PACKED, {"id": fulfillment_id})
    return {(line_id, sku): (int(packed), int(units)) for line_id, sku, packed, units in rows}


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
