"""The ledger of one order, summed the ways in which flows ask about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from hub.ledger.quantities import Entry, Kind, Quantities, post

BY_SOURCE = "message/"
"""How the cause of an entry begins that a document of the order's source made."""


@dataclass(slots=True)
class Books:
    """All in base units. `lines`: the sums of each line. `shipped_by_us`: line -> what our own backends sent of its
    shipped units. `cancelled_by_source`: line -> what the source took back itself. `allocated`: fulfillment -> line ->
    what it still has."""

    lines: dict[int, Quantities] = field(default_factory=dict)
    shipped_by_us: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    cancelled_by_source: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    allocated: dict[int, dict[int, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Books:
        """The sums of stored entries, which were judged when they were posted."""
        books = cls()
        sums: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for entry in entries:
            sums[entry.line_id][entry.kind.value] += entry.delta
            books._sort(entry)
        books.lines = {line_id: Quantities(**counted) for line_id, counted in sums.items()}
        return books

    def post(self, entries: Sequence[Entry]) -> None:
        """Add entries, judged together. Raises `OutOfBounds`, and then nothing is added."""
        self.lines = post(self.lines, entries)
        for entry in entries:
            self._sort(entry)

    def line(self, line_id: int) -> Quantities:
        """The sums of one line."""
        return self.lines.get(line_id, Quantities())

    def held_by(self, fulfillment_id: int) -> dict[int, int]:
        """line -> base units that a fulfillment still has."""
        return {line_id: units for line_id, units in self.allocated.get(fulfillment_id, {}).items() if units}

    def _sort(self, entry: Entry) -> None:
        if entry.kind is Kind.SHIPPED and entry.fulfillment_id is not None:
            self.shipped_by_us[entry.line_id] += entry.delta
        elif entry.kind is Kind.CANCELLED and entry.cause.startswith(BY_SOURCE):
            self.cancelled_by_source[entry.line_id] += entry.delta
        elif entry.kind is Kind.ALLOCATED and entry.fulfillment_id is not None:
            self.allocated[entry.fulfillment_id][entry.line_id] += entry.delta
