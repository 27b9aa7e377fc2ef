"""Which backend gets which units: ordered rules, the first that matches a line wins. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules may ask of a line: `channel` (the connection's name), `country` (ISO alpha-2), `sku`, `merchant`."""

    channel: str
    country: str | None
    sku: str
    merchant: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """`conditions`: per fact a list of patterns (`*` matches any run), of which one must match; empty: every line."""

    name: str
    backend: int
    conditions: Mapping[str, Sequence[str]]
    location: str | None = None
    merchant: int | None = None

    def matches(self, facts: Facts) -> bool:
        """Does every condition hold for these facts?"""
        if self.merchant is not None and self.merchant != facts.merchant:
            return False
        return all(
            any(fnmatchcase(getattr(facts, name) or "", pattern) for pattern in patterns)
            for name, patterns in self.conditions.items()
        )


CONDITIONS = frozenset({"channel", "country", "sku"})
"""The facts a condition may name."""


@dataclass(frozen=True, slots=True)
class Open:
    """Units of a line that can be released now."""

    line_id: int
    units: int
    facts: Facts


@dataclass(frozen=True, slots=True)
class Assignment:
    """What one backend is to fulfil, in one location."""

    backend: int
    location: str | None
    lines: tuple[tuple[int, int], ...]


def assign(lines: Iterable[Open], rules: Sequence[Rule], default: int | None) -> tuple[list[Assignment], list[Open]]:
    """Give each line to the first matching rule's backend, else to the default; what has neither comes back."""
    groups: dict[tuple[int, str | None], list[tuple[int, int]]] = {}
    unrouted: list[Open] = []
    for line in lines:
        rule = next((r for r in rules if r.matches(line.facts)), None)
        if rule is None and default is None:
            unrouted.append(line)
            continue
        target = (rule.backend, rule.location) if rule else (default or 0, None)
        groups.setdefault(target, []).append((line.line_id, line.units))
    return [Assignment(backend, place, tuple(units)) for (backend, place), units in groups.items()], unrouted
