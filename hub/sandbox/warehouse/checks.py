"""Checks of request bodies. A fault names the field as a JSON pointer and has a stable code."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

Json = dict[str, Any]


class Problem(Exception):
    """A refusal, answered as application/problem+json (RFC 9457)."""

    def __init__(self, status: int, code: str, detail: str, errors: list[Json] | None = None) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.errors = status, code, detail, errors or []


class Faults:
    def __init__(self) -> None:
        self.found: list[Json] = []

    def add(self, field: str, code: str, detail: str) -> None:
        self.found.append({"field": field, "code": code, "detail": detail})

    def text(self, where: str, holder: Json, name: str, *, required: bool = True, longest: int = 255) -> None:
        value = holder.get(name)
        if value is None and not required:
            return
        if value is None or (required and value == ""):
            self.add(f"{where}/{name}", "required", f"{name} is required")
        elif not isinstance(value, str):
            self.add(f"{where}/{name}", "type", f"{name} must be a string")
        elif len(value) > longest:
            self.add(f"{where}/{name}", "too_long", f"{name} has {len(value)} characters; at most {longest}")

    def units(self, where: str, value: Any) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            self.add(where, "quantity", "quantity must be a whole number of at least 1")

    def raise_any(self) -> None:
        if self.found:
            first = self.found[0]
            raise Problem(422, "invalid", f"{first['field']}: {first['detail']}", self.found)


def check_fulfillment(body: Any, known_skus: Collection[str] | None) -> None:
    """Raises Problem. `known_skus` None accepts any SKU."""
    faults = Faults()
    if not isinstance(body, dict):
        raise Problem(400, "malformed", "the body must be a JSON object")
    faults.text("", body, "order_number", required=False)
    faults.text("", body, "service", required=False)
    faults.text("", body, "note", required=False, longest=2000)
    _check_address(faults, body.get("ship_to"))
    _check_lines(faults, body.get("lines"), known_skus)
    faults.raise_any()


def _check_address(faults: Faults, address: Any) -> None:
    if not isinstance(address, dict):
        faults.add("/ship_to", "required", "ship_to is required")
        return
    for name in ("address1", "city", "country"):
        faults.text("/ship_to", address, name)
    for name in ("name", "company", "address2", "region", "postal_code", "phone", "email"):
        faults.text("/ship_to", address, name, required=False)
    country = address.get("country")
    if isinstance(country, str) and country and not re.fullmatch("[A-Z]{2}", country):
        faults.add("/ship_to/country", "format", "country must be an ISO 3166-1 alpha-2 code")


def _check_lines(faults: Faults, lines: Any, known_skus: Collection[str] | None) -> None:
    if not isinstance(lines, list) or not lines:
        faults.add("/lines", "required", "at least one line is required")
        return
    seen: set[str] = set()
    for index, line in enumerate(lines):
        where = f"/lines/{index}"
        if not isinstance(line, dict):
            faults.add(where, "type", "a line must be an object")
            continue
        faults.text(where, line, "line_id")
        faults.text(where, line, "sku")
        faults.units(f"{where}/quantity", line.get("quantity"))
        if line.get("line_id") in seen:
            faults.add(f"{where}/line_id", "duplicate", "line_id must be unique in the fulfilment")
        seen.add(str(line.get("line_id")))
        if known_skus is not None and isinstance(line.get("sku"), str) and line["sku"] not in known_skus:
            faults.add(f"{where}/sku", "unknown_sku", f"the SKU {line['sku']!r} is not stocked here")


def check_pick(body: Any, known_lines: Collection[str]) -> None:
    """A cancellation's or an announced return's lines."""
    if not isinstance(body, dict):
        raise Problem(400, "malformed", "the body must be a JSON object")
    faults = Faults()
    for index, line in enumerate(body.get("lines") or []):
        if not isinstance(line, dict) or line.get("line_id") not in known_lines:
            faults.add(f"/lines/{index}/line_id", "unknown_line", "the fulfilment has no such line")
        elif "quantity" in line:
            faults.units(f"/lines/{index}/quantity", line["quantity"])
    faults.raise_any()
