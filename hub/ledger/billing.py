"""What of an order's money falls to one invoice, so that all its invoices together bill each amount exactly once."""

from __future__ import annotations

from decimal import Decimal

from hub.documents.money import rounded


def share(amount: Decimal, quantity: Decimal, before: Decimal, now: Decimal, decimals: int) -> Decimal:
    """The part of an amount for `quantity` of a line that falls to the next `now` of it, after `before` were billed.

    Each share is the difference of two rounded running sums, so the shares of a line add up to the whole amount
    however it is split. Where more was shipped than the line now orders, what was shipped is the whole.
    """
    quantity = max(quantity, before + now)
    return rounded(amount * (before + now) / quantity, decimals) - rounded(amount * before / quantity, decimals)


def remainder(whole: Decimal | None, of_lines: list[Decimal | None]) -> Decimal:
    """What of an order's amount its lines do not account for: it belongs to the order as a whole.

    An order states a discount or a tax in sum, and may also say which part of it each line has. Lines that say more
    than the sum leave nothing.
    """
    return max(Decimal(), (whole or Decimal()) - sum((part or Decimal() for part in of_lines), Decimal()))
