"""The API versions the store serves."""

from __future__ import annotations

from typing import Any

SUPPORTED = ("2026-04", "2026-07", "2026-10")


def describe(handle: str) -> dict[str, Any]:
    return {"handle": handle, "displayName": handle, "supported": handle in SUPPORTED}


def serve(asked: str) -> str | None:
    """The version that answers; one that has gone falls forward to the oldest supported. None: no such version."""
    if asked == "unstable" or asked in SUPPORTED:
        return asked
    year, dash, month = asked.partition("-")
    if not (dash and year.isdigit() and month in ("01", "04", "07", "10")):
        return None
    return SUPPORTED[0] if asked < SUPPORTED[0] else None
