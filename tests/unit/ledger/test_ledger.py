"""Quantities decide: properties of sums, statuses, changes, units and kits."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ledger import (
    Entry,
    Kind,
    NotWhole,
    OutOfBounds,
    Quantities,
    Status,
    base_units,
    ordered_units,
    post,
    status_of,
    total,
)
from hub.ledger.changes import Change, Wanted, change_of, kits_completed
from hub.ledger.completeness import Verdict, closes, row

units = st.integers(0, 12)
entries = st.builds(Entry, st.integers(1, 3), st.sampled_from(list(Kind)), st.integers(-6, 6), st.text(max_size=3))


@st.composite
def states(draw: st.DrawFn) -> Quantities:
    """A line that can be."""
    cancelled, allocated, shipped, free = (draw(units) for _ in range(4))
    ordered = cancelled + allocated + shipped + free
    return Quantities(ordered, cancelled, allocated, shipped, draw(st.integers(0, shipped)))


def in_bounds(q: Quantities) -> bool:
    return min(q.ordered, q.cancelled, q.allocated, q.shipped, q.returned, q.open) >= 0 and q.returned <= q.shipped


# -- sums -----------------------------------------------------------------------------------------------------------


@given(st.lists(st.lists(entries, max_size=4), max_size=12))
def test_story_22_no_sequence_of_accepted_entries_leaves_the_bounds(batches: list[list[Entry]]) -> None:
    lines: dict[int, Quantities] = {}
    for batch in batches:
        before = dict(lines)
        try:
            lines = post(lines, batch)
        except OutOfBounds as error:
            assert lines == before, "what is refused changes nothing"
            assert error.value < 0 or error.quantity == "returned"
        assert all(in_bounds(q) for q in lines.values())


@given(st.lists(entries, max_size=8))
def test_entries_are_judged_together_not_one_by_one(batch: list[Entry]) -> None:
    sums: dict[int, Counter[str]] = {}
    for entry in batch:
        sums.setdefault(entry.line_id, Counter())[entry.kind.value] += entry.delta
    fits = all(in_bounds(Quantities(**counts)) for counts in sums.values())
    try:
        assert post({}, batch) == {line: Quantities(**counts) for line, counts in sums.items()} and fits
    except OutOfBounds:
        assert not fits


@given(st.lists(states(), max_size=5))
def test_a_total_is_the_sum_of_each_quantity(lines: list[Quantities]) -> None:
    both = total(lines)
    assert both.open == sum(q.open for q in lines) and both.shipped == sum(q.shipped for q in lines)


# -- status ---------------------------------------------------------------------------------------------------------


@given(states(), st.booleans())
def test_story_21_every_state_has_exactly_one_status(q: Quantities, held: bool) -> None:
    status = status_of(q, held)
    assert (status is Status.NOTHING_TO_SHIP) == (q.ordered == 0)
    assert (status is Status.CANCELLED) == (0 < q.ordered == q.cancelled)
    if status is Status.SHIPPED:
        assert q.shipped and not q.open and not q.allocated
    if status is Status.PARTLY_SHIPPED:
        assert q.shipped and (q.open or q.allocated)
    if status is Status.RETURNED:
        assert q.returned == q.shipped > 0
    if status is Status.HELD:
        assert held and q.open
    if status in (Status.OPEN, Status.IN_FULFILMENT):
        assert not q.shipped and (q.open or q.allocated)


# -- changes --------------------------------------------------------------------------------------------------------


def applied(q: Quantities, change: Change) -> Quantities:
    """The line after a change, with everything granted that is asked of backends."""
    return replace(
        q,
        ordered=q.ordered + change.order_more,
        cancelled=q.cancelled + change.cancel_now + change.cancel_allocated,
        shipped=q.shipped + change.ship_now + change.ship_allocated,
        allocated=q.allocated - change.cancel_allocated - change.ship_allocated,
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[Quantities, Wanted, dict[str, int], bool]:
    q = draw(states())
    ordered = draw(units)
    wanted = Wanted(ordered, draw(st.integers(0, ordered)), draw(st.integers(0, ordered)))
    facts = {
        "shipped_by_us": draw(st.integers(0, q.shipped)),
        "cancelled_by_source": draw(st.integers(0, q.cancelled)),
    }
    return q, wanted, facts, draw(st.booleans())


@given(cases())
def test_a_change_leaves_a_line_that_can_be_and_is_idempotent(
    case: tuple[Quantities, Wanted, dict[str, int], bool],
) -> None:
    q, wanted, facts, cancel_all = case
    change = change_of(q, wanted, cancel_all=cancel_all, **facts)
    after = applied(q, change)
    assert in_bounds(after)
    facts["cancelled_by_source"] += change.cancel_now + change.cancel_allocated
    again = change_of(after, wanted, cancel_all=cancel_all, **facts)
    assert replace(again, too_late=0) == Change(), "the same word again asks for nothing more"


@given(cases())
def test_story_27_after_a_change_the_ledger_says_what_the_source_wants(
    case: tuple[Quantities, Wanted, dict[str, int], bool],
) -> None:
    q, wanted, facts, cancel_all = case
    by_person = q.cancelled - facts["cancelled_by_source"]
    change = change_of(q, wanted, cancel_all=cancel_all, **facts)
    after = applied(q, change)
    live = 0 if cancel_all else wanted.ordered - wanted.cancelled
    kept = after.ordered - after.cancelled
    if change.too_late:
        assert kept == after.shipped >= live and not after.open and not after.allocated
    elif by_person == 0:
        assert kept == live
    else:
        assert live - by_person <= kept <= live, "what a person cancelled does not come back"


@given(states(), st.integers(0, 12), st.data())
def test_units_that_are_asked_back_are_not_asked_for_twice(q: Quantities, ordered: int, data: st.DataObject) -> None:
    asked = data.draw(st.integers(0, q.allocated))
    change = change_of(q, Wanted(ordered), shipped_by_us=q.shipped, asked_back=asked)
    assert change.cancel_allocated + change.ship_allocated <= q.allocated - asked


@given(states(), st.integers(0, 12), st.data())
def test_what_is_wanted_again_while_it_is_taken_back_is_kept(q: Quantities, ordered: int, data: st.DataObject) -> None:
    asked = data.draw(st.integers(0, q.allocated))
    kept = data.draw(st.integers(0, asked))
    change = change_of(
        q,
        Wanted(ordered),
        shipped_by_us=q.shipped,
        cancelled_by_source=q.cancelled,
        asked_back=asked,
        back_for_source=asked - kept,
        kept=kept,
    )
    assert 0 <= kept + change.keep <= asked
    back = asked - kept - change.keep
    left = q.ordered + change.order_more - q.cancelled - change.cancel_now - change.cancel_allocated - back
    if change.too_late:
        assert left > ordered and back == asked, "all that can still be taken back is"
    else:
        assert left == ordered


@given(states(), st.data())
def test_what_the_source_ships_elsewhere_is_not_shipped_by_us(q: Quantities, data: st.DataObject) -> None:
    ours = data.draw(st.integers(0, q.shipped))
    elsewhere = data.draw(st.integers(0, q.ordered))
    change = change_of(
        q, Wanted(q.ordered, q.cancelled, elsewhere), shipped_by_us=ours, cancelled_by_source=q.cancelled
    )
    gained = change.ship_now + change.ship_allocated
    assert gained == min(max(0, elsewhere - q.shipped), q.open + q.allocated)


# -- units and kits -------------------------------------------------------------------------------------------------

factors = st.decimals("0.5", "1000", places=3).filter(lambda d: d > 0)


@given(st.integers(0, 10_000), st.integers(1, 500).map(Decimal))
def test_base_units_and_back(quantity: int, factor: Decimal) -> None:
    counted = base_units(Decimal(quantity), factor)
    assert ordered_units(counted, factor) == quantity


@given(st.decimals("0", "1000", places=3), factors)
def test_base_units_are_whole_or_refused(quantity: Decimal, factor: Decimal) -> None:
    try:
        assert base_units(quantity, factor) == quantity * factor
    except NotWhole:
        assert (quantity * factor) % 1 != 0


@given(st.integers(0, 10_000), factors)
def test_ordered_units_are_exact_or_refused(counted: int, factor: Decimal) -> None:
    try:
        assert ordered_units(counted, factor) * factor == counted
    except NotWhole:
        assert round(Decimal(counted) / factor, 6) * factor != counted


skus = st.sampled_from("ABC")


@given(st.dictionaries(skus, st.integers(1, 4), min_size=1), st.dictionaries(skus, st.integers(0, 20)))
def test_a_kit_is_complete_when_its_scarcest_component_is(per: dict[str, int], packed: dict[str, int]) -> None:
    made = kits_completed(packed, per)
    assert all(packed.get(sku, 0) >= made * n for sku, n in per.items())
    assert any(packed.get(sku, 0) < (made + 1) * n for sku, n in per.items())


# -- the completeness table -----------------------------------------------------------------------------------------

parts = st.dictionaries(st.sampled_from(["done", "parked", "held", "pending", "in progress", "ignored"]), units)


@given(st.none() | units, parts)
def test_a_row_is_green_only_when_both_sides_are_known_and_equal(expected: int | None, counts: dict[str, int]) -> None:
    verdict = row("documents", "here", expected, counts).verdict
    assert (verdict is Verdict.UNKNOWN) == (expected is None)
    if closes(verdict):
        assert expected == sum(counts.values()) and not counts.get("pending") and not counts.get("in progress")
    if verdict is Verdict.CLOSED:
        assert not counts.get("parked") and not counts.get("held")


@pytest.mark.parametrize("expected", [0, 5])
def test_a_difference_is_never_green(expected: int) -> None:
    assert not closes(row("units", "all", expected, {"done": 3}).verdict)
