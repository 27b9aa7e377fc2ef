"""Orders as shops really have them, made from a seed: the same seed gives the same orders."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from hub.sandbox.catalog import GOODS, PRODUCTS, Product
from hub.sandbox.store.money import Currencies
from hub.sandbox.store.orders import LineSpec, Node, OrderSpec, build_order
from hub.sandbox.store.shop import Shop

RATES: dict[str, float] = {
    "unpaid": 0.03, "on_hold": 0.02, "test": 0.01, "gift_card": 0.04, "digital": 0.04, "same_sku": 0.12,
    "two_locations": 0.08, "no_customer": 0.08, "discount": 0.2, "line_discount": 0.1, "note": 0.15, "phone": 0.5,
}  # fmt: skip
"""Share of orders with each trait; a seed request may override any of them."""

MALFORMED = ("sku-null", "address-null", "country-null", "sku-unknown", "total-mismatch")
"""Ways an order can be wrong. `total-mismatch` adds up wrongly; the others lack or invent what a warehouse needs."""

_PEOPLE = (
    ("Ada", "Okafor"), ("Bram", "de Vries"), ("Chloé", "Martin"), ("Dmitri", "Weiß"), ("Elif", "Kaya"),
    ("Fiona", "O'Neill"), ("Søren", "Ørsted"), ("Hana", "Sato"), ("Iván", "Muñoz"), ("June", "Carter-Hill"),
)  # fmt: skip
_COUNTRIES: tuple[tuple[str, str, str, str, str, str, bool, tuple[tuple[str, str, str, str | None], ...]], ...] = (
    ("US", "United States", "USD", "1", "0.0825", "Sales Tax", False,
     (("77 Pine Street", "Austin", "78701", "TX"), ("4 Elm Court Apt 9", "Seattle", "98101", "WA"),
      ("1200 Lake Shore Dr", "Chicago", "60610", "IL"))),
    ("CA", "Canada", "CAD", "1.37", "0.05", "GST", False, (("18 Queen St W", "Toronto", "M5H 2N2", "ON"),)),
    ("GB", "United Kingdom", "GBP", "0.79", "0.20", "VAT", True, (("5 Mill Lane", "Leeds", "LS1 4DY", None),)),
    ("DE", "Germany", "EUR", "0.92", "0.19", "MwSt.", True,
     (("Lindenstraße 12", "Köln", "50674", None), ("Am Süßen Eck 3", "München", "80331", None))),
    ("FR", "France", "EUR", "0.92", "0.20", "TVA", True, (("8 rue de l'Église", "Lyon", "69002", None),)),
    ("JP", "Japan", "JPY", "151.2", "0.10", "CT", True, (("2-11-3 Meguro", "Tokyo", "153-0063", "13"),)),
)  # fmt: skip
_WEIGHTS = (60, 8, 10, 10, 7, 5)


def seed_orders(shop: Shop, body: dict[str, Any], times: list[str]) -> list[Node]:
    """Build, list and announce one order per entry of `times`. See the control API's `seed` for the body."""
    source = random.Random(f"orders:{body.get('seed', 1)}:{body.get('offset', 0)}")
    rates = {**RATES, **(body.get("rates") or {})}
    if unknown := set(rates) - set(RATES):
        raise ValueError(f"unknown rates: {sorted(unknown)}; known: {', '.join(RATES)}")
    every = int(body.get("malformed_every") or 0)
    kinds = body.get("malformed_kinds") or ["sku-null", "address-null"]
    if wrong := set(kinds) - set(MALFORMED):
        raise ValueError(f"unknown malformed kinds: {sorted(wrong)}; known: {', '.join(MALFORMED)}")
    made = []
    for index, when in enumerate(times):
        with shop.lock:
            spec = _spec(shop, source, rates)
            position = int(body.get("offset", 0)) + index
            kind = kinds[position // every % len(kinds)] if every and position % every == every // 2 else None
            order = build_order(shop, spec, when)
            if kind:
                _spoil(order, kind)
            shop.list_order(order)
            shop.emit("ORDERS_CREATE", order)
            if spec.financial_status == "PAID":
                shop.emit("ORDERS_PAID", order)
            made.append(order)
    return made


def _spec(shop: Shop, source: random.Random, rates: dict[str, float]) -> OrderSpec:
    def chance(name: str) -> bool:
        return source.random() < rates[name]

    code, country, currency, rate, tax, tax_title, included, places = source.choices(_COUNTRIES, _WEIGHTS)[0]
    traits: list[str] = []
    first, last = source.choice(_PEOPLE)
    anonymous = chance("no_customer")
    phone = f"+1555{source.randrange(10**7):07d}" if chance("phone") else None
    address = _address(shop, source.choice(places), code, country, (first, last), anonymous, phone)
    email = None if anonymous else f"{first}.{last}.{source.randrange(1000)}@mail.example".lower().replace("'", "")
    lines = _lines(source, chance, traits)
    spec = OrderSpec(
        lines=lines, currencies=Currencies("USD", currency, Decimal(rate)), shipping_address=address,
        billing_address=None if anonymous else {**address, "id": shop.gid("MailingAddress")}, email=email,
        phone=phone, customer=None if anonymous else _customer(shop, first, last, email, phone),
        tax_title=tax_title, tax_rate=Decimal(tax), taxes_included=included,
        shipping_title=source.choice(("Standard", "Standard", "Express")), shipping_price=Decimal("6.90"),
        note="Please ring twice." if chance("note") else None, attributes={"gift": "yes"} if chance("note") else {},
    )  # fmt: skip
    if chance("discount"):
        spec.code, spec.code_discount = "WELCOME10", Decimal("0.10")
        traits.append("discount")
    if anonymous:
        traits.append("no_customer")
    if chance("unpaid"):
        spec.financial_status = "PENDING"
        traits.append("unpaid")
    for trait in ("on_hold", "test"):
        if chance(trait):
            setattr(spec, trait, True)
            traits.append(trait)
    spec.traits = traits
    return spec


def _lines(source: random.Random, chance: Any, traits: list[str]) -> list[LineSpec]:
    count = source.choices((1, 2, 3, 4, 6), (30, 30, 20, 12, 8))[0]
    chosen: list[Product] = source.sample(GOODS, count)
    lines = [LineSpec(product, source.choices((1, 2, 3, 5), (60, 25, 10, 5))[0]) for product in chosen]
    if chance("same_sku"):
        lines.append(LineSpec(lines[0].product, source.randint(1, 2), attributes={"engraving": "for Max"}))
        traits.append("same_sku")
    if chance("line_discount"):
        lines[0].discount = Decimal("0.15")
        traits.append("line_discount")
    for kind in ("gift_card", "digital"):
        if chance(kind):
            lines.append(LineSpec(next(p for p in PRODUCTS if p.kind == kind), 1))
            traits.append(kind)
    if chance("two_locations") and len(lines) > 1:
        lines[0].location = 1
        traits.append("two_locations")
    return lines


def _address(
    shop: Shop, place: tuple[str, str, str, str | None], code: str, country: str, name: tuple[str, str],
    anonymous: bool, phone: str | None,
) -> Node:  # fmt: skip
    street, city, zip_code, province = place
    first, last = (None, None) if anonymous else name
    return shop.node(
        "MailingAddress", address1=street, address2=None, city=city, company=None, country=country,
        countryCodeV2=code, firstName=first, lastName=last, name=" ".join(filter(None, (first, last))) or None,
        phone=phone, province=province, provinceCode=province, zip=zip_code, latitude=None, longitude=None,
        coordinatesValidated=False,
    )  # fmt: skip


def _customer(shop: Shop, first: str, last: str, email: str | None, phone: str | None) -> Node:
    return shop.node(
        "Customer", firstName=first, lastName=last, displayName=f"{first} {last}", createdAt="2025-01-01T00:00:00Z",
        updatedAt="2025-01-01T00:00:00Z", locale="en", note=None, tags=[], taxExempt=False,
        defaultEmailAddress={"emailAddress": email} if email else None,
        defaultPhoneNumber={"phoneNumber": phone} if phone else None,
    )  # fmt: skip


def _spoil(order: Node, kind: str) -> None:
    order["_traits"].append(f"malformed:{kind}")
    line = next(line for line in order["_lines"] if line["requiresShipping"])
    if kind == "sku-null":
        line["sku"] = None
    elif kind == "sku-unknown":
        line["sku"] = f"NO-SUCH-{order['number']}"
    elif kind == "address-null":
        order["shippingAddress"] = order["billingAddress"] = None
    elif kind == "country-null":
        order["shippingAddress"].update(countryCodeV2=None, country=None)
    else:
        money = order["_spec"].currencies
        order["totalPriceSet"] = money.bag(order["_grand"] + money.pair(Decimal("2.00")))
        order["currentTotalPriceSet"] = order["totalPriceSet"]
