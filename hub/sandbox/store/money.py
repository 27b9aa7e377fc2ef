"""Amounts in the shop's and the customer's currency, kept together."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")
ZERO_DECIMALS = {"JPY"}


@dataclass(frozen=True, slots=True)
class Currencies:
    """The two currencies of an order; one unit of `shop` is `rate` units of `presentment`."""

    shop: str
    presentment: str
    rate: Decimal

    def pair(self, amount: Decimal) -> Pair:
        """`amount` is in the shop's currency."""
        return Pair(_round(amount, self.shop), _round(amount * self.rate, self.presentment))

    def bag(self, pair: Pair) -> dict[str, Any]:
        """A MoneyBag. The platform writes amounts without trailing zeros, yet with one decimal."""
        return {
            "shopMoney": {"amount": amount_text(pair.shop), "currencyCode": self.shop},
            "presentmentMoney": {"amount": amount_text(pair.presentment), "currencyCode": self.presentment},
        }

    def part(self, pair: Pair, share: Decimal) -> Pair:
        return Pair(_round(pair.shop * share, self.shop), _round(pair.presentment * share, self.presentment))


@dataclass(frozen=True, slots=True)
class Pair:
    shop: Decimal
    presentment: Decimal

    def __add__(self, other: Pair) -> Pair:
        return Pair(self.shop + other.shop, self.presentment + other.presentment)

    def __sub__(self, other: Pair) -> Pair:
        return Pair(self.shop - other.shop, self.presentment - other.presentment)

    def __mul__(self, count: int) -> Pair:
        return Pair(self.shop * count, self.presentment * count)


NOTHING = Pair(Decimal(0), Decimal(0))


def total(pairs: list[Pair]) -> Pair:
    result = NOTHING
    for pair in pairs:
        result = result + pair
    return result


def _round(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(Decimal(1) if currency in ZERO_DECIMALS else CENT, ROUND_HALF_UP)


def amount_text(amount: Decimal) -> str:
    whole, _, fraction = f"{amount:f}".partition(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}"
