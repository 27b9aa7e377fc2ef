"""An order with a change put upon it: whatever is asked for, each line is done or refused, and nothing else moves."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.documents import SCHEMAS
from hub.documents.order_change import ACTIONS
from hub.flows.orders.amendment import EXISTS, SEVERAL, UNKNOWN, Amended, amended

NAMES = ["1", "2", "3", "9"]
ITEMS = ["MUG", "TEA", "CUP"]

quantities = st.integers(0, 9).map(Decimal)
stored = st.fixed_dictionaries(
    {
        "sku": st.sampled_from(ITEMS),
        "quantity": quantities,
        "unit": st.sampled_from(["EA", "CA"]),
        "unit_price": st.none() | quantities,
    }
)
wanted = st.fixed_dictionaries(
    {"action": st.sampled_from(ACTIONS)},
    optional={
        "external_id": st.sampled_from(NAMES),
        "sku": st.sampled_from(ITEMS),
        "quantity": quantities,
        "unit": st.sampled_from(["EA", "CA"]),
        "pack_factor": st.just(Decimal(12)),
        "unit_price": quantities,
    },
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Decimal], set[str], dict[str, Any]]:
    """A loaded order, how much of each line stands, lines that a backend has, and a loaded change."""
    lines = [
        {"external_id": str(n), **line} for n, line in enumerate(draw(st.lists(stored, min_size=1, max_size=3)), 1)
    ]
    order = SCHEMAS["order"]().load({"external_id": "A1", "lines": lines})
    standing = {line["external_id"]: draw(st.sampled_from([line["quantity"], Decimal(0)])) for line in order["lines"]}
    fixed = draw(st.sets(st.sampled_from(NAMES)))
    asked = draw(st.lists(wanted, max_size=4, unique_by=lambda line: line.get("external_id", id(line))))
    asked = [line for line in asked if line.get("external_id") or line.get("sku") or line["action"] == "add"]
    purpose = draw(st.sampled_from(["change", "replace", "cancel"] if asked else ["change", "cancel"]))
    change = SCHEMAS["order_change"]().load({"order_external_id": "A1", "purpose": purpose, "lines": asked})
    return order, standing, fixed, change


def live(made: Amended, name: str, standing: dict[str, Decimal]) -> Decimal:
    """What is on order of a line once the change is done."""
    if made.order["purpose"] == "cancel":
        return Decimal(0)
    if name in made.stays:
        return standing[name]
    line = next(line for line in made.order["lines"] if line["external_id"] == name)
    left: Decimal = line["quantity"] - line["cancelled"]
    return left


@given(cases())
@settings(max_examples=60)
def test_every_line_is_done_or_refused_and_no_other_moves(case: Any) -> None:
    order, standing, fixed, change = case
    made = amended(order, standing, fixed, change)
    SCHEMAS["order"]().load(SCHEMAS["order"]().dump(made.order))
    done = {line.external_id: line.asked for line in made.lines if line.refused is None and line.asked is not None}
    for name, asked in done.items():  # of a line that is named twice, the last word
        assert live(made, name, standing) == asked
    for name in standing.keys() - done.keys():
        assert live(made, name, standing) == (standing[name] if change["purpose"] != "cancel" else 0)
    if change["purpose"] == "change":
        silent = sum(line["action"] == "none" for line in change["lines"])
        assert len(change["lines"]) - silent <= len(made.lines) <= len(change["lines"])


@given(cases())
@settings(max_examples=60)
def test_a_replaced_order_has_what_the_change_names_and_nothing_else(case: Any) -> None:
    order, standing, fixed, change = case
    if change["purpose"] == "replace":
        made = amended(order, standing, fixed, change)
        named = {line.external_id for line in made.lines if line.action != "delete"}
        named |= {line.get("external_id") for line in change["lines"] if line["action"] == "none"}
        named |= {line["external_id"] for line in order["lines"] for said in change["lines"]
                  if said["action"] == "none" and said.get("sku") == line.get("sku")}  # fmt: skip
        assert all(not live(made, name, standing) for name in standing.keys() - named)


def change_of(*lines: dict[str, Any], **head: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = SCHEMAS["order_change"]().load({"order_external_id": "A1", "lines": list(lines), **head})
    return loaded


def order_of(*items: str, **head: Any) -> dict[str, Any]:
    lines = [{"external_id": str(n), "sku": sku, "quantity": 2} for n, sku in enumerate(items, 1)]
    loaded: dict[str, Any] = SCHEMAS["order"]().load({"external_id": "A1", "lines": lines, **head})
    return loaded


def put(order: dict[str, Any], change: dict[str, Any]) -> Amended:
    standing = {line["external_id"]: line["quantity"] for line in order["lines"]}
    return amended(order, standing, set(), change)


def test_a_line_without_a_number_is_the_only_one_with_its_item() -> None:
    order = order_of("MUG", "TEA", "TEA")
    found = put(order, change_of(*({"action": "delete", "sku": sku} for sku in ("MUG", "TEA", "CUP"))))
    assert [line.refused for line in found.lines] == [None, SEVERAL, UNKNOWN]


def test_a_line_that_is_said_to_stay_stays_in_an_order_that_is_replaced() -> None:
    lines = [{"action": "none", "external_id": "1"}, {"action": "delete", "external_id": "9"},
             {"action": "replace", "external_id": "3", "quantity": 1}]  # fmt: skip
    made = put(order_of("MUG", "TEA"), change_of(*lines, purpose="replace"))
    assert [(line.external_id, line.action, line.asked, line.refused) for line in made.lines] == [
        ("9", "delete", None, UNKNOWN), ("3", "add", 1, None), ("2", "delete", 0, None),
    ]  # fmt: skip


def test_a_line_that_is_gone_can_be_added_again() -> None:
    order = order_of("MUG")
    again = change_of({"action": "add", "external_id": "1", "quantity": 3})
    assert put(order, again).lines[0].refused == EXISTS
    assert amended(order, {"1": Decimal(0)}, set(), again).lines[0].asked == 3


def test_a_difference_is_added_or_taken_away() -> None:
    lines = [{"action": action, "external_id": n, "difference": 1} for n, action in (("1", "more"), ("2", "fewer"))]
    assert [line.asked for line in put(order_of("MUG", "TEA"), change_of(*lines)).lines] == [3, 1]


def test_story_27_a_line_edited_down_takes_its_part_of_the_discount_with_it() -> None:
    order = order_of(
        "MUG", "TEA", totals={"subtotal": "40", "discount": "9", "tax": "4", "shipping": "3", "total": "38"}
    )
    order["lines"][0] |= {"quantity": Decimal(10), "discount": Decimal(6), "tax": Decimal(4)}
    made = put(order, change_of({"action": "fewer", "external_id": "1", "quantity": 5})).order
    assert (made["lines"][0]["discount"], made["lines"][0]["tax"]) == (3, 2)
    assert (made["totals"]["discount"], made["totals"]["tax"], made["totals"]["shipping"]) == (6, 2, 3)
    assert made["totals"]["total"] is made["totals"]["subtotal"] is None, "the sums of lines are no longer known"


def test_the_head_is_changed_where_it_is_stated() -> None:
    address = {"name": "Store 7", "city": "Ames"}
    store = {"role": "ship_to", "id": "7"}
    order = order_of("MUG", ship_to=address, note="first", references={"department": "1", "promotion": "2"},
                     parties=[store, {"role": "buyer", "id": "B"}], totals={"subtotal": "4", "total": "4"})  # fmt: skip
    made = put(order, change_of(references={"department": "3"}, deliver_by="2026-04-01", parties=[store])).order
    assert (made["ship_to"], made["note"], str(made["deliver_by"])) == (address, "first", "2026-04-01")
    assert made["references"] == {"department": "3", "promotion": "2"} and len(made["parties"]) == 2
    assert made["totals"]["total"] == 4, "no line has changed"
    moved = put(order, change_of({"action": "delete", "external_id": "1"}, parties=[{"role": "ship_to", "id": "8"}]))
    assert moved.order.get("ship_to") is None and moved.order["totals"]["total"] is None, "neither is known any more"
