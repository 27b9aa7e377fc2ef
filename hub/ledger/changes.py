"""What a change at the source means for one line: pure decisions, turned into entries and wishes by the flows."""

from __future__ import annotations

from dataclasses import dataclass

from hub.ledger.quantities import Quantities


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line as the source now states it, in base units. `elsewhere`: shipped, as the source says, by anyone."""

    ordered: int
    cancelled: int = 0
    elsewhere: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """What to do so that the ledger says what the source wants.

    `order_more`: newly ordered units. `cancel_now`: taken from the units nobody has. `cancel_allocated`: to be asked
    back from backends. `ship_now`/`ship_allocated`: shipped by someone else, likewise. `keep`: of the units that are
    being asked back, so many more are wanted after all (fewer, where it is negative). `too_late`: wanted back, but
    already shipped by us.
    """

    order_more: int = 0
    cancel_now: int = 0
    cancel_allocated: int = 0
    ship_now: int = 0
    ship_allocated: int = 0
    keep: int = 0
    too_late: int = 0


def change_of(
    now: Quantities,
    wanted: Wanted,
    *,
    shipped_by_us: int,
    cancelled_by_source: int = 0,
    asked_back: int = 0,
    back_for_source: int = 0,
    kept: int = 0,
    cancel_all: bool = False,
) -> Change:
    """Compare the ledger's `now` with what the source wants.

    `shipped_by_us`: units in `now.shipped` that our own backends sent; the rest was shipped elsewhere.
    `cancelled_by_source`: units in `now.cancelled` that the source itself took back; the rest a person did.
    `asked_back`: allocated units that pending take-backs ask for, `kept` of them wanted again; `back_for_source`: those
    that the source itself will be rid of when they are granted.
    The ledger's `ordered` only grows: an order edited down is a cancellation of the difference, and one that is edited
    up again orders anew. What a person has cancelled stays cancelled.
    """
    live = 0 if cancel_all else max(0, wanted.ordered - wanted.cancelled)
    order_more = max(0, wanted.ordered - now.ordered, live - (now.ordered - cancelled_by_source))
    ordered = now.ordered + order_more
    live = min(live, ordered)
    free = now.open + order_more
    allocated = max(0, now.allocated - asked_back)

    shipped_elsewhere = now.shipped - shipped_by_us
    more_elsewhere = max(0, wanted.elsewhere - shipped_by_us - shipped_elsewhere)
    ship_now = min(more_elsewhere, free)
    ship_allocated = min(more_elsewhere - ship_now, allocated)
    free -= ship_now
    allocated -= ship_allocated

    gone = ordered - live
    keep = min(back_for_source, max(-kept, back_for_source + cancelled_by_source - gone))
    to_cancel = max(0, gone - now.cancelled - (asked_back - kept - keep))
    cancel_now = min(to_cancel, free)
    cancel_allocated = min(to_cancel - cancel_now, allocated)
    too_late = to_cancel - cancel_now - cancel_allocated
    return Change(order_more, cancel_now, cancel_allocated, ship_now, ship_allocated, keep, too_late)


def kits_completed(packed: dict[str, int], units_per: dict[str, int]) -> int:
    """How many base units a line's packed components make: the scarcest component decides."""
    return min((packed.get(sku, 0) // per for sku, per in units_per.items()), default=0)
