"""Quantities as whole base units, and as the order's source counts them."""

from __future__ import annotations

from decimal import Decimal

from hub.flows.problems import Park
from hub.ledger import NotWhole, ordered_units


def source_units(units: int, pack_factor: Decimal) -> Decimal:
    """Base units in the unit in which the line was ordered. Raises `Park` when a pack would have to be broken."""
    try:
        quantity = ordered_units(units, pack_factor)
    except NotWhole:
        quantity = Decimal("0.5")
    if quantity != quantity.to_integral_value():
        raise Park(
            "line.not-whole-units",
            f"{units} base units are no whole number of packs of {pack_factor}, in which the line was ordered.",
        )
    return quantity


def whole(quantity: Decimal, path: str) -> int:
    """A quantity of base units. Raises `Park` when it is none."""
    if quantity != quantity.to_integral_value():
        raise Park("line.not-whole-units", "The quantity is no whole number of units.", path=path)
    return int(quantity)
