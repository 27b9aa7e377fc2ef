"""The gate and the rules: pure decisions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.documents import SCHEMAS
from hub.routing.gate import GateSettings, reasons, total_mismatch
from hub.routing.rules import Facts, Open, Rule, assign

money = st.decimals("0", "99999", places=2)
names = st.sampled_from(["web", "b2b", "edi"])
countries = st.none() | st.sampled_from(["US", "CA", "DE"])
goods = st.sampled_from(["MUG", "MUG-XL", "TEA", ""])
patterns = st.lists(st.sampled_from(["*", "MUG*", "US", "C?", "web", "[!a]*", "TEA"]), min_size=1, max_size=2)
rules = st.builds(
    Rule,
    st.just("r"),
    st.integers(1, 3),
    st.dictionaries(st.sampled_from(["channel", "country", "sku"]), patterns, max_size=2),
    st.none() | st.sampled_from(["L1", "L2"]),
    st.none() | st.integers(1, 2),
)
facts = st.builds(Facts, names, countries, goods, st.none() | st.integers(1, 2))
lines = st.lists(st.tuples(st.integers(1, 9), facts), max_size=8).map(
    lambda found: [Open(number, units, fact) for number, (units, fact) in enumerate(found)]
)


@given(lines, st.lists(rules, max_size=4), st.none() | st.integers(1, 3))
def test_every_unit_is_assigned_once_or_comes_back(wanted: list[Open], order: list[Rule], default: int | None) -> None:
    assignments, unrouted = assign(wanted, order, default)
    given_out = [pair for a in assignments for pair in a.lines] + [(o.line_id, o.units) for o in unrouted]
    assert sorted(given_out) == sorted((o.line_id, o.units) for o in wanted)
    assert len({(a.backend, a.location) for a in assignments}) == len(assignments), "one fulfilment per place"
    assert default is None or not unrouted


@given(lines, st.lists(rules, max_size=4), st.none() | st.integers(1, 3))
def test_the_first_rule_that_matches_wins(wanted: list[Open], order: list[Rule], default: int | None) -> None:
    assignments, _ = assign(wanted, order, default)
    backend = {line: (a.backend, a.location) for a in assignments for line, _ in a.lines}
    for line in wanted:
        first = next((rule for rule in order if rule.matches(line.facts)), None)
        expected = (first.backend, first.location) if first else (default, None) if default is not None else None
        assert backend.get(line.line_id) == expected


def test_a_rule_of_a_merchant_is_for_its_orders_only() -> None:
    rule = Rule("r", 1, {}, merchant=7)
    assert rule.matches(Facts("web", "US", "MUG", 7)) and not rule.matches(Facts("web", "US", "MUG", None))


def test_patterns_are_exact_about_case() -> None:
    assert not Rule("r", 1, {"sku": ["mug"]}).matches(Facts("web", None, "MUG"))
    assert not Rule("r", 1, {"country": ["US"]}).matches(Facts("web", None, "MUG"))


# -- the gate -------------------------------------------------------------------------------------------------------


def order(**facts: Any) -> dict[str, Any]:
    found: dict[str, Any] = SCHEMAS["order"]().load(
        {"external_id": "1", "payment": "paid", "lines": [{"external_id": "a", "sku": "MUG", "quantity": 1}], **facts}
    )
    return found


@given(money, money, money, money, st.booleans(), st.decimals("-5", "5", places=2))
def test_story_29_the_totals_equation(
    subtotal: Decimal, discount: Decimal, shipping: Decimal, tax: Decimal, included: bool, off: Decimal
) -> None:
    exact = subtotal - discount + shipping + (0 if included else tax)
    totals = {"subtotal": subtotal, "discount": discount, "shipping": shipping, "tax": tax, "total": exact + off}
    found = order(taxes_included=included, totals=totals)
    assert total_mismatch(found) == off
    held = [reason.code for reason in reasons(found, GateSettings())]
    assert held == (["hold.total-mismatch"] if abs(off) > Decimal("0.01") else [])


@pytest.mark.parametrize("lacking", [{"total": "5"}, {"subtotal": "5"}, {}])
def test_without_both_sides_there_is_no_equation(lacking: dict[str, str]) -> None:
    assert total_mismatch(order(totals=lacking)) is None


def test_missing_parts_count_as_nothing() -> None:
    assert total_mismatch(order(totals={"subtotal": "5", "total": "5"})) == 0


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"test": True}, "hold.test-order"),
        ({"payment": "pending"}, "hold.unpaid"),
        ({"payment": "partially_paid"}, "hold.unpaid"),
        ({"source_holds": ["fraud"]}, "hold.source"),
        ({"lines": [{"external_id": "a", "quantity": 1}]}, "hold.no-sku"),
    ],
)
def test_what_must_not_ship_has_its_reason(facts: dict[str, Any], code: str) -> None:
    assert [reason.code for reason in reasons(order(**facts), GateSettings())] == [code]


def test_settings_widen_and_narrow_the_gate() -> None:
    settings = GateSettings.of({"payments": ["pending"], "release_tests": True, "tolerance": "2", "locations": ["L"]})
    found = order(test=True, payment="pending", totals={"subtotal": "5", "total": "6.99"})
    assert reasons(found, settings) == []
    away = order(payment="pending", lines=[{"external_id": "a", "sku": "M", "quantity": 1, "location": "X"}])
    assert [(r.code, r.line) for r in reasons(away, settings)] == [("hold.location", "a")]
    assert [r.code for r in reasons(order(), settings)] == ["hold.unpaid"], "paid is not in the list that was set"


def test_lines_that_do_not_ship_need_no_sku() -> None:
    assert reasons(order(lines=[{"external_id": "a", "quantity": 1, "ships": False}]), GateSettings()) == []
