"""The same order by four ways: the hub's mapping, a hand-written function, jsonata-python, glom.

jsonata has no exact numbers and no dates: its amounts and times stay text, which spares it work.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from hub.mapping import Mapping

Mapper = Callable[[dict[str, Any]], dict[str, Any]]

MAPPING = Path(__file__).with_name("mapping_order.yaml")
PAYMENTS = {"PAID": "paid", "PENDING": "pending", "AUTHORIZED": "authorized"}


def order(lines: int = 5) -> dict[str, Any]:
    """A webhook's order."""
    return {
        "id": "450789469", "name": "#1001", "created_at": "2026-03-01T09:00:00Z", "updated_at": "2026-03-01T09:05:10Z",
        "currency": "USD", "payment": {"status": "PAID", "gateway": "card"}, "note": " leave at the door ",
        "customer": {"id": 7, "email": "Ada@Example.com", "phone": None}, "taxes_included": False, "test": False,
        "amounts": {"subtotal": "199.80", "discount": "10.00", "tax": "15.65", "total": "211.45"},
        "shipping_lines": [{"title": "Standard", "price": "4.00"}, {"title": "Island", "price": "2.00"}],
        "shipping_address": {
            "first_name": "Ada", "last_name": "King", "company": None, "address1": "1200 Lake Shore Dr",
            "address2": "Unit 4", "city": "Chicago", "province_code": "IL", "zip": "60610", "country_code": "us",
            "phone": "+1 312 555 0100",
        },
        "line_items": [
            {
                "id": f"46697933{n}", "sku": f"MUG-{n}" if n % 2 else None, "variant": {"sku": f"MUG-{n}-V"},
                "title": f"Mug, size {n}", "quantity": n, "price": "19.98", "gift_card": False,
                "requires_shipping": n != 3,
                "tax_lines": [{"title": "State", "amount": "1.25"}, {"title": "City", "amount": "0.31"}],
            }
            for n in range(1, lines + 1)
        ],
    }  # fmt: skip


def by_hand(document: dict[str, Any]) -> dict[str, Any]:
    """What a programmer would write for this one order."""
    customer, amounts = document.get("customer") or {}, document.get("amounts") or {}
    address = document.get("shipping_address")
    result = {
        "external_id": document["id"],
        "number": document.get("name"),
        "placed_at": _utc(document.get("created_at")),
        "updated_at": _utc(document.get("updated_at")),
        "currency": document.get("currency"),
        "payment": PAYMENTS[document["payment"]["status"]],
        "email": (customer.get("email") or "").strip().lower(),
        "phone": customer.get("phone") or (address or {}).get("phone"),
        "note": (document.get("note") or "").strip(),
        "channel": "web",
        "taxes_included": document.get("taxes_included"),
        "test": document.get("test"),
        "totals": _filled(
            {
                "subtotal": _exact(amounts.get("subtotal")),
                "discount": _exact(amounts.get("discount")),
                "shipping": sum((Decimal(line["price"]) for line in document.get("shipping_lines") or ()), Decimal(0)),
                "tax": _exact(amounts.get("tax")),
                "total": _exact(amounts.get("total")),
            }
        ),
        "ship_to": _address(address) if address else None,
        "lines": [_line(n, line) for n, line in enumerate(document["line_items"], 1)],
    }
    return _filled(result)


def _line(position: int, line: dict[str, Any]) -> dict[str, Any]:
    return _filled(
        {
            "external_id": line["id"],
            "position": position,
            "sku": line.get("sku") or (line.get("variant") or {}).get("sku"),
            "title": line.get("title"),
            "quantity": line["quantity"],
            "unit_price": _exact(line.get("price")),
            "tax": sum((Decimal(tax["amount"]) for tax in line.get("tax_lines") or ()), Decimal(0)),
            "ships": not line.get("gift_card") and bool(line.get("requires_shipping")),
        }
    )


def _address(address: dict[str, Any]) -> dict[str, Any]:
    return _filled(
        {
            "name": " ".join(filter(None, (address.get("first_name"), address.get("last_name")))),
            "company": address.get("company"),
            "address1": address.get("address1"),
            "address2": address.get("address2"),
            "city": address.get("city"),
            "region": address.get("province_code"),
            "postal_code": address.get("zip"),
            "country": (address.get("country_code") or "").upper(),
        }
    )


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None and value != ""}


def _exact(text: str | None) -> Decimal | None:
    return Decimal(text) if text else None


def _utc(text: str | None) -> str | None:
    return datetime.fromisoformat(text).astimezone(UTC).isoformat().removesuffix("+00:00") + "Z" if text else None


JSONATA = """{
  "external_id": id, "number": name, "placed_at": created_at, "updated_at": updated_at, "currency": currency,
  "payment": $lookup({"PAID": "paid", "PENDING": "pending", "AUTHORIZED": "authorized"}, payment.status),
  "email": $lowercase($trim(customer.email)),
  "phone": customer.phone ? customer.phone : shipping_address.phone,
  "note": $trim(note), "channel": "web", "taxes_included": taxes_included, "test": test,
  "totals": {
    "subtotal": amounts.subtotal, "discount": amounts.discount, "shipping": $sum(shipping_lines.$number(price)),
    "tax": amounts.tax, "total": amounts.total
  },
  "ship_to": shipping_address.{
    "name": $join([first_name, last_name], " "), "address1": address1, "address2": address2, "city": city,
    "region": province_code, "postal_code": zip, "country": $uppercase(country_code)
  },
  "lines": [line_items#$i.{
    "external_id": id, "position": $i + 1, "sku": sku ? sku : variant.sku, "title": title, "quantity": quantity,
    "unit_price": price, "tax": $sum(tax_lines.$number(amount)), "ships": $not(gift_card) and requires_shipping
  }]
}"""


def contenders() -> dict[str, Mapper]:
    """By name, the hub and the hand-written function first; the others where they are installed."""
    mapping = Mapping.from_text(MAPPING.read_text())
    found: dict[str, Mapper] = {"the hub's mapping": mapping.run, "hand-written function": by_hand}
    for name, load in {"glom": _glom, "jsonata-python": _jsonata}.items():
        try:
            found[name] = load()
        except ImportError:
            continue
    return found


def _jsonata() -> Mapper:
    import jsonata

    expression = jsonata.Jsonata(JSONATA)
    return lambda document: expression.evaluate(document)


def _glom() -> Mapper:
    from glom import SKIP, Coalesce, GlomError, Spec, glom

    def opt(path: str, then: Callable[[Any], Any] | None = None) -> Any:
        spec = path if then is None else (path, then)
        return Coalesce(spec, skip=(None, ""), skip_exc=(GlomError, TypeError, AttributeError), default=SKIP)

    def total(path: str, name: str) -> Any:
        return (path, [name], lambda amounts: sum(map(Decimal, amounts), Decimal(0)))

    line = {
        "external_id": "id", "sku": lambda t: t.get("sku") or t["variant"]["sku"], "title": opt("title"),
        "quantity": "quantity", "unit_price": opt("price", Decimal), "tax": total("tax_lines", "amount"),
        "ships": lambda t: not t.get("gift_card") and t["requires_shipping"],
    }  # fmt: skip
    spec = Spec(
        {
            "external_id": "id", "number": opt("name"), "placed_at": opt("created_at", _utc),
            "updated_at": opt("updated_at", _utc), "currency": opt("currency"),
            "payment": ("payment.status", PAYMENTS.__getitem__),
            "email": opt("customer.email", lambda v: v.strip().lower()),
            "phone": Coalesce("customer.phone", "shipping_address.phone", skip=(None, "")),
            "note": opt("note", str.strip),
            "channel": lambda t: "web", "taxes_included": "taxes_included", "test": "test",
            "totals": {
                "subtotal": opt("amounts.subtotal", Decimal), "discount": opt("amounts.discount", Decimal),
                "shipping": total("shipping_lines", "price"), "tax": opt("amounts.tax", Decimal),
                "total": opt("amounts.total", Decimal),
            },
            "ship_to": (
                "shipping_address",
                {
                    "name": lambda t: " ".join(filter(None, (t.get("first_name"), t.get("last_name")))),
                    "company": opt("company"), "address1": opt("address1"), "address2": opt("address2"),
                    "city": opt("city"), "region": opt("province_code"), "postal_code": opt("zip"),
                    "country": opt("country_code", str.upper),
                },
            ),
            "lines": ("line_items", [line], lambda lines: [{**v, "position": n} for n, v in enumerate(lines, 1)]),
        }
    )  # fmt: skip
    return lambda document: glom(document, spec)


def alike(value: Any) -> Any:
    """A result without the differences that are known: numbers by value, whatever holds them."""
    if isinstance(value, dict):
        return {name: alike(each) for name, each in value.items()}
    if isinstance(value, list):
        return [alike(each) for each in value]
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return Decimal(str(value)).normalize()
    try:
        return Decimal(value).normalize() if isinstance(value, str) and "." in value else value
    except ArithmeticError:
        return value
