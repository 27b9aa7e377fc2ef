"""A file with several documents in it: it is one message, and each document ends by itself."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from hub.errors import Refused
from hub.flows import actions
from hub.flows.steering import set_mapping
from hub.ledger.completeness import closes
from hub.sdk import Document
from hub.store.connections import all_flows
from hub.store.tables import orders
from hub.views.completeness import completeness
from tests.engine.scripted.house import ACTOR, House, Side

HEADER = "order_number,sku,quantity,country,unit_price,currency"


@pytest.fixture
def shop(house: House) -> Side:
    """A shop whose orders come as CSV files; a depot stands ready."""
    side = house.shop()
    house.depot()
    choose(house, side, "generic/csv_order.in")
    return side


def choose(house: House, side: Side, mapping: str | None) -> str:
    with house.inst.db.read() as tx:
        flow = all_flows(tx)[side.id, "in", "order"]
    return set_mapping(house.inst, flow.id, mapping, ACTOR)


def drop(house: House, shop: Side, *rows: str, name: str = "orders.csv") -> bytes:
    body = "\n".join([HEADER, *rows, ""]).encode()
    shop.peer.put(Document("order", name, body, format="csv"))
    house.run()
    return body


def test_each_order_of_a_file_ends_by_itself(house: House, shop: Side) -> None:
    body = drop(
        house, shop, "A1,MUG,2,US,9.50,USD", "A2,TEA,none,US,4,USD", "A1,TEA,1,US,4,USD", "A3,MUG,1,Atlantis,9,USD"
    )
    (file,) = house.messages(parent_id=None, kind="order", direction="in")
    assert house.body(file.id) == body and (file.state, file.documents) == ("done", 3)
    ends = {row.external_id: (row.state, row.reason) for row in house.messages(parent_id=file.id)}
    assert ends == {
        "A1": ("done", None),
        "A2": ("parked", "mapping.failed"),
        "A3": ("parked", "mapping.failed"),
    }
    assert house.rows(select(orders.c.number)) == [("A1",)]
    assert [line["sku"] for line in house.sides["Depot"].peer.of("fulfillment")[0].json["lines"]] == ["MUG", "TEA"]


def test_the_books_close_over_what_a_file_held(house: House, shop: Side) -> None:
    drop(house, shop, "A1,MUG,2,US,9,USD", "A2,TEA,none,US,4,USD")
    with house.inst.db.read() as tx:
        rows = {(row.noun, row.where): row for row in completeness(tx, None, house.clock.now)}
    inside = rows["documents in files", "Shop: order"]
    assert inside.expected == 2 and inside.parts == {"done": 1, "parked": 1, "ignored": 0, "in progress": 0}
    assert closes(inside.verdict) and rows["documents", "Shop: order"].parts["done"] == 1


def test_one_part_is_replayed_by_itself(house: House, shop: Side) -> None:
    drop(house, shop, "A1,MUG,2,US,9,USD", "A2,MUG,1,Atlantis,9,USD")
    (parked,) = house.messages(state="parked")
    actions.replay_message(house.inst, parked.id, ACTOR)
    house.drain()
    assert [row.reason for row in house.messages(parent_id=parked.parent_id)] == [None, "mapping.failed"]
    assert len(house.attempts(house.jobs(message_id=parked.id)[0].id)) == 1


def test_the_same_orders_in_another_file_change_nothing(house: House, shop: Side) -> None:
    rows = ("A1,MUG,2,US,9,USD", "A2,TEA,1,US,4,USD")
    drop(house, shop, *rows)
    drop(house, shop, *rows)
    assert len(house.messages(via="poll", kind="order")) == 1, "the same file is known"
    drop(house, shop, *rows, name="again.csv")
    (again,) = house.messages(external_id="again.csv")
    assert [row.reason for row in house.messages(parent_id=again.id)] == ["revision.same"] * 2
    assert len(house.sides["Depot"].peer.of("fulfillment")) == 2


def test_an_order_that_another_file_states_otherwise_waits_for_a_person(house: House, shop: Side) -> None:
    drop(house, shop, "A1,MUG,2,US,9,USD")
    drop(house, shop, "A1,MUG,3,US,9,USD", "A2,TEA,1,US,4,USD", name="next.csv")
    assert house.parked() == ["order.same-number"]
    assert len(house.rows(select(orders.c.id))) == 2


def test_a_file_without_rows_is_ignored_and_one_that_is_no_csv_waits(house: House, shop: Side) -> None:
    drop(house, shop)
    drop(house, shop, 'A1,"MUG,2,US,9,USD', name="broken.csv")
    ends = [(row.external_id, row.state, row.reason) for row in house.messages(kind="order", direction="in")]
    assert ends == [
        ("orders.csv", "ignored", "document.empty"),
        ("broken.csv", "parked", "document.undecodable"),
    ]


def test_rows_without_the_number_of_their_order_are_one_part_that_is_told(house: House, shop: Side) -> None:
    drop(house, shop, "A1,MUG,2,US,9,USD", ",TEA,1,US,4,USD")
    (nameless,) = house.messages(state="parked")
    assert nameless.external_id == "orders.csv#2" and nameless.reason == "mapping.failed"


def test_what_a_file_is_called_does_not_decide_how_it_is_read(house: House, shop: Side) -> None:
    body = f"{HEADER}\nA1,MUG,2,US,9,USD\n".encode()
    shop.peer.put(Document("order", "ORDERS.DAT", body, format="text"))
    house.run()
    assert house.rows(select(orders.c.number)) == [("A1",)]


def test_a_flow_reads_with_the_mapping_that_is_chosen_for_it(house: House, shop: Side) -> None:
    choose(house, shop, None)
    drop(house, shop, "A1,MUG,2,US,9,USD")
    assert len(house.parked()) == 1
    said = choose(house, shop, "generic/csv_order.in")
    house.drain()
    assert said.endswith("; 1 documents that waited are read again.") and house.parked() == []
    wrong = {"generic/none.in": "flow.mapping-broken", "generic/flat_inventory.in": "flow.mapping-other-kind"}
    for name, code in wrong.items():
        with pytest.raises(Refused) as refused:
            choose(house, shop, name)
        assert refused.value.code == code
