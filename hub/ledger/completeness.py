"""The completeness table: like is summed with like, and a row is green only when both sides are known and equal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """`closed`: both sides agree and nothing is on its way. `waiting`: they agree, but something waits for a person.
    `moving`: work is on its way. `open`: the sides differ. `unknown`: the source cannot count."""

    CLOSED = "closed"
    WAITING = "waiting"
    MOVING = "moving"
    OPEN = "open"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Row:
    """`expected` on the left side of the equation, `parts` by name on the right.

    `noun`: documents, units, shipments, returns, invoices or acknowledgements. `where`: connection or partner by name.
    """

    noun: str
    where: str
    expected: int | None
    parts: Mapping[str, int]
    verdict: Verdict


MOVING = frozenset({"in progress", "pending", "open"})
"""Parts that end by themselves."""

WAITING = frozenset({"parked", "held"})
"""Parts that wait for a person."""


def row(noun: str, where: str, expected: int | None, parts: Mapping[str, int]) -> Row:
    """Judge one row of the table."""
    if expected is None:
        verdict = Verdict.UNKNOWN
    elif any(parts.get(name, 0) for name in MOVING):
        verdict = Verdict.MOVING
    elif expected != sum(parts.values()):
        verdict = Verdict.OPEN
    elif any(parts.get(name, 0) for name in WAITING):
        verdict = Verdict.WAITING
    else:
        verdict = Verdict.CLOSED
    return Row(noun, where, expected, parts, verdict)


def closes(verdict: Verdict) -> bool:
    """Does the row account for everything? What waits for a person is accounted for; what is unknown is not."""
    return verdict in (Verdict.CLOSED, Verdict.WAITING)
