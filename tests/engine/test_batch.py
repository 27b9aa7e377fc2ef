"""A batch: what documents ask and store together, and what becomes of the others when one fails."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event, select

from hub.flows.inbound.pull import store_documents
from hub.flows.orders import orders as flow
from hub.store import orders as order_store
from hub.store.tables import ledger, orders, returns
from tests.engine.scripted import both
from tests.engine.scripted.house import House, line


@both
def test_many_documents_cost_as_many_statements_as_few(house: House) -> None:
    shop = house.shop()
    house.depot()
    counts = []
    for start, number in ((0, 2), (100, 40)):
        for n in range(number):
            house.say(shop, f"o{start + n}")
        house.poll()
        seen: list[str] = []

        def count(connection: Any, cursor: Any, statement: str, *rest: Any, into: list[str] = seen) -> None:
            into.append(statement)

        event.listen(house.inst.db.engine, "before_cursor_execute", count)
        house.drain()
        event.remove(house.inst.db.engine, "before_cursor_execute", count)
        counts.append(len(seen))
    assert counts[1] <= counts[0] + 10


@both
def test_rows_the_database_refuses_take_only_their_own_document(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    shop, depot = house.shop(), house.depot()
    add = order_store.add

    def refused(rows: Any, row: Any) -> int:
        return add(rows, {**row, "currency": None, "taxes_included": None} if row["external_id"] == "o2" else row)

    monkeypatch.setattr(flow.store, "add", refused)
    for name in ("o1", "o2", "o3"):
        house.say(shop, name)
    house.poll()
    house.drain()
    assert house.parked() == ["document.unexpected"]
    assert {row.external_id for row in house.rows(select(orders))} == {"o1", "o3"}
    assert len(depot.peer.of("fulfillment")) == 2
    assert len(house.rows(select(ledger))) == 4, "two lines were ordered and allocated"


@both
def test_a_document_parked_before_what_it_waits_for_in_one_batch_is_read_after_it(house: House) -> None:
    shop = house.shop()
    house.depot()
    rows = [{"id": "R1-a", "line": "a", "quantity": 1}]
    opened = house.tell(shop, "return", "R1", order="o1", status="open", lines=rows)
    order = house.say(shop, "o1", lines=[line("a", "MUG", 2)])
    with house.inst.db.write() as tx:
        store_documents(tx, [opened, order], shop.id, house.clock.now, "poll")
    house.drain()
    assert house.parked() == []
    assert [row.external_id for row in house.rows(select(returns))] == ["R1"]
