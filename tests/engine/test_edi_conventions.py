"""What retail partners agree on: goods across a dock or straight to the consumer, and the labels of packages."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select, update

from hub.edi.partner.sscc import build
from hub.edi.tree import TransactionSet
from hub.flows.mappings import tables
from hub.sdk import Document, Retry
from hub.store.messages import bodies
from hub.store.tables import control_numbers, orders
from tests.engine.scripted.edi import interchange, partner, purchase_order, segments, sent
from tests.engine.scripted.house import ACTOR, House, Side, package

STORE = "N1*ST*STORE 7*92*0007~N3*1 MAIN ST~N4*AMES*IA*50010~"
DC_EAST = {"value": "ACME DC EAST", "address1": "1 Dock Road", "city": "Newark", "region": "NJ", "country": "US"}


@pytest.fixture
def mailbox(house: House) -> Side:
    """The mailbox of a partner with a list of its places; a depot stands ready."""
    side = house.add("mailbox", "Mailbox")
    house.depot()
    partner(house, side, tables={"places": "acme_places"})
    tables.set_row(house.inst, "acme_places", "0117", DC_EAST, actor=ACTOR)
    return side


def ordered(house: House, mailbox: Side, order: str) -> dict[str, str]:
    """The partner orders; gives where the goods go."""
    mailbox.peer.put(Document("edi", "po.edi", interchange(order), format="x12"))
    house.run()
    assert house.parked() == []
    ((ship_to,),) = house.rows(select(orders.c.ship_to))
    return {name: value or "" for name, value in ship_to.items()}


def shipped(house: House, mailbox: Side, number: str = "S1") -> TransactionSet:
    """The depot ships one unit; gives our 856."""
    depot = house.sides["Depot"]
    row = depot.peer.of("fulfillment")[0].json["lines"][0]
    house.ship(depot, number, package("1", {"line": row["line"], "quantity": 1}))
    house.run()
    return sent(mailbox, "856")[-1][1]


def test_goods_go_across_the_dock_and_the_notice_names_the_store(house: House, mailbox: Side) -> None:
    across = purchase_order("A1").replace(STORE, "N1*ST**92*0117~N1*Z7*STORE 7*92*0007~").replace("SE*8", "SE*7")
    ship_to = ordered(house, mailbox, across)
    assert (ship_to["name"], ship_to["address1"], ship_to["city"]) == ("ACME DC EAST", "1 Dock Road", "Newark")
    parties = segments(shipped(house, mailbox), "N1")
    assert parties == [("N1", "ST", "", "92", "0117"), ("N1", "Z7", "STORE 7", "92", "0007")]


def test_the_backend_is_told_whose_cartons_go_across_the_dock_also_when_that_changes(
    house: House, mailbox: Side
) -> None:
    across = purchase_order("A1").replace(STORE, "N1*ST**92*0117~N1*Z7*STORE 7*92*0007~").replace("SE*8", "SE*7")
    house.sides["Depot"].peer.fail(Retry("no answer"))
    ordered(house, mailbox, across)
    moved = across.replace("BEG*00", "BEG*05").replace("STORE 7*92*0007", "STORE 8*92*0008")
    mailbox.peer.put(Document("edi", "po2.edi", interchange(moved, number=2), format="x12"))
    house.run()
    house.clock.forward(60)
    house.run()
    (told,) = house.messages(kind="fulfillment", state="done")
    with house.inst.db.read() as tx:
        canonical = json.loads(bodies(tx, [told.id], "canonical")[told.id])
    assert canonical["parties"] == [
        {"role": "mark_for", "id": "0008", "id_qualifier": "92", "address": {"name": "STORE 8", "country": "US"}}
    ]


def test_the_consumer_of_a_drop_ship_order_is_never_looked_up_among_the_places(house: House, mailbox: Side) -> None:
    to_consumer = purchase_order("A1").replace("BEG*00*SA", "BEG*00*DS").replace("STORE 7*92*0007", "ANN LEE*92*0117")
    ship_to = ordered(house, mailbox, to_consumer.replace("N3*1 MAIN ST~", "").replace("SE*8", "SE*7"))
    assert (ship_to["name"], ship_to["city"]) == ("ANN LEE", "AMES") and not ship_to.get("address1")
    assert segments(shipped(house, mailbox), "N1")[0][1:3] == ("ST", "ANN LEE")


def test_labels_count_on_by_their_extension_digit_before_any_is_used_again(house: House, mailbox: Side) -> None:
    ordered(house, mailbox, purchase_order("A1", "PO1*1*6*EA*1**VN*MUG"))
    assert label(shipped(house, mailbox)) == "00" + build("0614141", 1)
    with house.inst.db.write() as tx:
        tx.execute(update(control_numbers).where(control_numbers.c.scope == "sscc/0614141").values(last=10**9 - 1))
    assert label(shipped(house, mailbox, "S2")) == "00" + build("0614141", 0, "1")


def label(notice: TransactionSet) -> object:
    (mark,) = [man[2] for man in segments(notice, "MAN") if man[1] == "GM"]
    return mark
