"""How finely money is counted."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

_PLACES = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0,
    "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}  # fmt: skip
"""Currencies whose small unit is not the hundredth part; ISO 4217."""


def places(currency: str | None) -> int:
    """Decimals of a currency (ISO 4217 code); two where it is not known."""
    return _PLACES.get((currency or "").upper(), 2)


def rounded(amount: Decimal, decimals: int) -> Decimal:
    """An amount of money to so many decimals, half away from zero, as invoices are."""
    return amount.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
