"""Quantities decide: every state of a line or an order is the sum of its ledger entries, in base units.

`ordered` is what the source asked for. Each unit of it is at any time in exactly one place: `cancelled`, `allocated`
(a backend has it), `shipped`, or `open` (nobody has it yet: waiting or held). `returned` counts shipped units that came
back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Kind(StrEnum):
    """What an entry counts."""

    ORDERED = "ordered"
    CANCELLED = "cancelled"
    ALLOCATED = "allocated"
    SHIPPED = "shipped"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Entry:
    """One fact: `delta` base units of a line became `kind` because of `cause`. The same cause is the same fact."""

    line_id: int
    kind: Kind
    delta: int
    cause: str
    fulfillment_id: int | None = None


@dataclass(frozen=True, slots=True)
class Quantities:
    """The sums of one line, or of many."""

    ordered: int = 0
    cancelled: int = 0
    allocated: int = 0
    shipped: int = 0
    returned: int = 0

    @property
    def open(self) -> int:
        """Units that nobody has yet."""
        return self.ordered - self.cancelled - self.allocated - self.shipped

    def plus(self, kind: Kind, delta: int) -> Quantities:
        """With one entry more."""
        sums = [self.ordered, self.cancelled, self.allocated, self.shipped, self.returned]
        sums[_PLACE[kind]] += delta
        return Quantities(*sums)

    def __add__(self, other: Quantities) -> Quantities:
        return Quantities(
            self.ordered + other.ordered,
            self.cancelled + other.cancelled,
            self.allocated + other.allocated,
            self.shipped + other.shipped,
            self.returned + other.returned,
        )


_PLACE = {kind: place for place, kind in enumerate(Kind)}


class OutOfBounds(ValueError):
    """Entries that would leave a line with an impossible sum. `line_id` and `quantity` name which."""

    def __init__(self, line_id: int, quantity: str, value: int) -> None:
        super().__init__(f"line {line_id} would have {value} {quantity}")
        self.line_id = line_id
        self.quantity = quantity
        self.value = value


def total(quantities: Iterable[Quantities]) -> Quantities:
    """The sum over lines."""
    result = Quantities()
    for each in quantities:
        result += each
    return result


def post(lines: dict[int, Quantities], entries: Iterable[Entry]) -> dict[int, Quantities]:
    """The quantities after all `entries`, which are judged together.

    Raises `OutOfBounds` when a sum would be negative, more would be spoken for than was ordered, or more returned
    than shipped.
    """
    after = dict(lines)
    touched: set[int] = set()
    for entry in entries:
        after[entry.line_id] = after.get(entry.line_id, Quantities()).plus(entry.kind, entry.delta)
        touched.add(entry.line_id)
    for line_id in sorted(touched):
        q = after[line_id]
        if min(q.ordered, q.cancelled, q.allocated, q.shipped, q.returned) < 0:
            kind = min(Kind, key=lambda kind: getattr(q, kind))
            raise OutOfBounds(line_id, kind, getattr(q, kind))
        if q.open < 0:
            raise OutOfBounds(line_id, "open", q.open)
        if q.returned > q.shipped:
            raise OutOfBounds(line_id, "returned", q.returned)
    return after


class NotWhole(ValueError):
    """A quantity that is no whole number of base units."""


def base_units(quantity: Decimal, pack_factor: Decimal) -> int:
    """`quantity` ordered units of `pack_factor` base units each, as base units. Raises `NotWhole`."""
    units = quantity * pack_factor
    if units != units.to_integral_value():
        raise NotWhole(f"{quantity} x {pack_factor} is not a whole number of base units")
    return int(units)


def ordered_units(units: int, pack_factor: Decimal) -> Decimal:
    """Base units as the source counts them: the way back of `base_units`, exact to 6 places. Raises `NotWhole`."""
    quantity = Decimal(units) / pack_factor
    rounded = round(quantity, 6)
    if rounded * pack_factor != units:
        raise NotWhole(f"{units} base units are no exact quantity of packs of {pack_factor}")
    return rounded.normalize() if rounded != rounded.to_integral_value() else rounded.quantize(Decimal(1))
