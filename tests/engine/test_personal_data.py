"""Personal data stands in named columns and in payloads, nowhere else."""

from __future__ import annotations

from sqlalchemy import select

from hub.sdk import Rejected
from hub.store.tables import metadata, payloads
from hub.views.messages import message_detail
from tests.engine.scripted import both
from tests.engine.scripted.house import House


@both
def test_what_a_refusal_says_stands_in_payloads_only(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    said = "We know no Augusta Ada King in Ames"
    depot.peer.fail(Rejected("the depot refuses it", field="name", code="depot.unknown-name", answer=said))
    house.order(shop)
    (message,) = house.messages(state="parked")
    assert message.problem == {"code": "depot.unknown-name", "detail": "the depot refuses it", "field": "name"}
    assert "Augusta" not in str([dict(row._mapping) for table in metadata.sorted_tables if table is not payloads
                                 for row in house.rows(select(table))])  # fmt: skip
    with house.inst.db.read() as tx:
        found = message_detail(tx, message.id, None)
    assert found is not None and found.path == "name"
    assert [(part.part, part.text) for part in found.payloads][2:] == [("answer", said)]
