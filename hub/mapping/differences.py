"""Two values compared field by field, and values as JSON with exact numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

ABSENT = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that differs; a side that lacks it is `ABSENT`."""

    path: str
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{self.path or 'the whole'}: {shown(self.before)} became {shown(self.after)}"


def shown(value: Any) -> str:
    return "nothing" if value is ABSENT else exact_json(value, indent=None)


def differences(before: Any, after: Any, path: str = "") -> Iterator[Difference]:
    """Every field that differs, lists item by item; numbers are compared by value."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys([*before, *after]):
            inner = f"{path}.{name}" if path else name
            yield from differences(before.get(name, ABSENT), after.get(name, ABSENT), inner)
    elif isinstance(before, list) and isinstance(after, list):
        for i in range(max(len(before), len(after))):
            ours = before[i] if i < len(before) else ABSENT
            theirs = after[i] if i < len(after) else ABSENT
            yield from differences(ours, theirs, f"{path}[{i + 1}]")
    elif isinstance(before, bool) is not isinstance(after, bool) or before != after:
        yield Difference(path, before, after)


def exact_json(value: Any, indent: int | None = 1, _depth: int = 0) -> str:
    """JSON in which a Decimal is a number, digit by digit."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if not isinstance(value, (dict, list)) or not value:
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, dict):
        items = [
            f"{json.dumps(str(k), ensure_ascii=False)}: {exact_json(v, indent, _depth + 1)}" for k, v in value.items()
        ]
    else:
        items = [exact_json(item, indent, _depth + 1) for item in value]
    first, last = ("{", "}") if isinstance(value, dict) else ("[", "]")
    if indent is None:
        return first + ", ".join(items) + last
    margin = "\n" + " " * indent * _depth
    return first + ",".join(margin + " " * indent + item for item in items) + margin + last
