"""The release gate: what must not ship yet, and why. Pure: an order in, reasons out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class GateSettings:
    """What a connection's admin has set.

    `payments`: payment states that release. `locations`: the source's location ids that are ours; empty: all.
    `tolerance`: how far totals may differ before the order is held.
    """

    payments: frozenset[str] = frozenset({"paid", "partially_refunded", "terms"})
    locations: frozenset[str] = frozenset()
    release_tests: bool = False
    tolerance: Decimal = Decimal("0.01")

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> GateSettings:
        """Read the `gate` of a connection's policy; what is absent keeps its default."""
        base = cls()
        return cls(
            frozenset(settings.get("payments", base.payments)),
            frozenset(settings.get("locations", base.locations)),
            bool(settings.get("release_tests", base.release_tests)),
            Decimal(str(settings.get("tolerance", base.tolerance))),
        )


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is held. `line`: the line's external id, None for the whole order."""

    code: str
    detail: str
    line: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def reasons(order: Mapping[str, Any], settings: GateSettings) -> list[Reason]:
    """Everything that keeps the order, or lines of it, from being released. `order`: a loaded canonical order."""
    found: list[Reason] = []
    if order["test"] and not settings.release_tests:
        found.append(Reason("hold.test-order", "This is a test order."))
    if order["payment"] not in settings.payments:
        found.append(Reason("hold.unpaid", f"The payment is {order['payment'].replace('_', ' ')}."))
    for reason in order["source_holds"]:
        found.append(Reason("hold.source", f"The source holds it: {reason}."))
    mismatch = total_mismatch(order)
    if mismatch is not None and abs(mismatch) > settings.tolerance:
        found.append(Reason("hold.total-mismatch", f"The total differs by {mismatch} from the sum of its parts."))
    for line in order["lines"]:
        found.extend(_line_reasons(line, settings))
    return found


def _line_reasons(line: Mapping[str, Any], settings: GateSettings) -> list[Reason]:
    if not line["ships"]:
        return []
    name = line["external_id"]
    if not line.get("sku"):
        return [Reason("hold.no-sku", f"Line {line.get('position') or name} has no SKU.", name)]
    location = line.get("location")
    if settings.locations and location and location not in settings.locations:
        return [Reason("hold.location", "The source has given the line to a location that is not ours.", name)]
    return []


def total_mismatch(order: Mapping[str, Any]) -> Decimal | None:
    """total - (subtotal - discount + shipping [+ tax unless prices include it]); None where the source omits one.

    Missing discount, shipping and tax count as zero; a missing subtotal or total makes no equation.
    """
    totals = order["totals"]
    total, subtotal = totals.get("total"), totals.get("subtotal")
    if total is None or subtotal is None:
        return None
    expected = subtotal - (totals.get("discount") or 0) + (totals.get("shipping") or 0)
    if not order["taxes_included"]:
        expected += totals.get("tax") or 0
    difference: Decimal = total - expected
    return difference
