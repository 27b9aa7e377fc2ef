"""Whatever way a line is shipped, its invoices together bill each amount exactly once."""

from __future__ import annotations

from decimal import Decimal
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from hub.documents import SCHEMAS
from hub.documents.invoice import sums, total_mismatch
from hub.ledger.billing import remainder, share

MONEY = st.decimals(0, 10**6, places=6)


@given(MONEY, st.lists(st.integers(1, 50), min_size=1, max_size=8), st.sampled_from([0, 2, 3]))
def test_the_shares_of_a_line_add_up_to_the_whole(amount: Decimal, parts: list[int], decimals: int) -> None:
    quantity = Decimal(sum(parts))
    before = [0, *accumulate(parts)]
    shares = [share(amount, quantity, Decimal(b), Decimal(p), decimals) for b, p in zip(before, parts, strict=False)]
    assert sum(shares) == amount.quantize(Decimal(1).scaleb(-decimals), "ROUND_HALF_UP")
    assert all(each >= 0 for each in shares)


def test_a_line_that_was_reduced_after_it_shipped_bills_no_more_than_its_amount() -> None:
    assert share(Decimal("3"), Decimal(0), Decimal(0), Decimal(2), 2) == 3
    assert share(Decimal("3"), Decimal(1), Decimal(1), Decimal(1), 2) == Decimal("1.5")


def test_what_lines_account_for_is_not_billed_again_with_the_order() -> None:
    assert remainder(Decimal("10"), [Decimal("2.5"), None, Decimal("1")]) == Decimal("6.5")
    assert remainder(Decimal("3"), [Decimal("5")]) == 0 and remainder(None, [None]) == 0


def invoice(**facts: object) -> dict[str, object]:
    return {
        "number": "1", "issued_on": "2026-03-02", "currency": "USD", "totals": {"total": "22.19"},
        "lines": [{"sku": "A", "quantity": "3", "unit_price": "3.335", "tax": "0.7"},
                  {"sku": "B", "quantity": "1", "unit_price": "10", "discount": "1.02"}],
        "charges": [{"kind": "charge", "code": "freight", "amount": "4"}, {"kind": "allowance", "amount": "2.5"}],
        "taxes": [{"amount": "1"}], **facts,
    }  # fmt: skip


def test_the_total_is_lines_less_allowances_plus_charges_plus_tax() -> None:
    loaded = SCHEMAS["invoice"]().load(invoice())
    assert sums(loaded) == {
        "lines": Decimal("18.99"), "allowances": Decimal("2.50"), "charges": Decimal("4.00"), "tax": Decimal("1.70"),
        "total": Decimal("22.19"),
    }  # fmt: skip
    assert total_mismatch(loaded) == 0


def test_prices_that_hold_the_tax_are_not_taxed_again() -> None:
    loaded = SCHEMAS["invoice"]().load(invoice(taxes_included=True))
    assert total_mismatch(loaded) == Decimal("1.70")


def test_money_is_rounded_as_its_currency_counts() -> None:
    loaded = SCHEMAS["invoice"]().load(
        invoice(currency="JPY", lines=[{"sku": "A", "quantity": 3, "unit_price": "33.5"}])
    )
    assert sums(loaded)["lines"] == 101
