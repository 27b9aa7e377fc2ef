"""Lookup tables that are kept in the hub: their versions, and what a new row sets free."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub.errors import NotFound, Refused
from hub.flows.guide import Guide
from hub.flows.mappings import tables
from hub.sdk import Document
from hub.store import lookups as store
from hub.views.messages import message_detail
from tests.engine.scripted import both, edi
from tests.engine.scripted.house import ACTOR, House, line


def kept(house: House, table: str = "items") -> dict[str, dict[str, str]]:
    with house.inst.db.read() as tx:
        return store.rows(tx, table)


def history(house: House, table: str = "items") -> list[tuple[int, str, int, int]]:
    with house.inst.db.read() as tx:
        return [(row.version, row.author, row.set, row.removed) for row in store.versions(tx, table)]


@both
def test_each_change_is_a_version_that_can_be_gone_back_to(house: House) -> None:
    inst = house.inst
    tables.set_row(inst, "items", "77", "MUG", "ada")
    tables.import_rows(inst, "items", "key,value\n77,TEA\n78,POT\n", "bob")
    tables.remove_row(inst, "items", "78", "ada")
    assert kept(house) == {"77": {"value": "TEA"}}
    said = tables.roll_back(inst, "items", 2, "eve", reason="the wrong row")
    assert "version 4: 1 row set" in said and kept(house) == {"77": {"value": "TEA"}, "78": {"value": "POT"}}
    tables.roll_back(inst, "items", 1, "eve")
    assert kept(house) == {"77": {"value": "MUG"}}
    assert history(house) == [(5, "eve", 1, 1), (4, "eve", 1, 0), (3, "ada", 0, 1), (2, "bob", 2, 0), (1, "ada", 1, 0)]
    with inst.db.read() as tx:
        assert store.rows_at(tx, "items", 2) == {"77": {"value": "TEA"}, "78": {"value": "POT"}}
        (row,) = store.tables(tx)
    assert (row.name, row.version, row.rows, row.author) == ("items", 5, 1, "eve")


def test_what_is_so_already_makes_no_version(house: House) -> None:
    text = "key,value\n77,MUG\n78,POT\n"
    tables.import_rows(house.inst, "items", text, ACTOR)
    assert "nothing has changed" in tables.import_rows(house.inst, "items", text, ACTOR)
    assert "nothing has changed" in tables.import_rows(house.inst, "items", text.replace(",", ";"), ACTOR)
    tables.import_rows(house.inst, "items", "key,value\n77,MUG\n79,TEA\n", ACTOR, replace=True)
    assert history(house) == [(2, ACTOR, 1, 1), (1, ACTOR, 2, 0)] and list(kept(house)) == ["77", "79"]


def test_a_table_with_more_columns_comes_back_as_it_was(house: House) -> None:
    text = 'key,value,city,note\n1,main,Reno,"a, b"\n2,,Ames,\n'
    tables.import_rows(house.inst, "sites", text, ACTOR)
    tables.set_row(house.inst, "sites", "1", {"city": "Elko"}, ACTOR)
    assert kept(house, "sites")["1"] == {"value": "main", "city": "Elko", "note": "a, b"}
    exported = tables.as_csv(kept(house, "sites"))
    assert exported == text.replace("Reno", "Elko")
    assert "nothing has changed" in tables.import_rows(house.inst, "sites", exported, ACTOR, replace=True)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda inst: tables.import_rows(inst, "items", "item,value\n1,A\n", ACTOR), "table.invalid"),
        (lambda inst: tables.import_rows(inst, "items", "key,value\n1,A\n1,B\n", ACTOR), "table.invalid"),
        (lambda inst: tables.import_rows(inst, "items", "key,value\n,A\n", ACTOR), "table.invalid"),
        (lambda inst: tables.set_row(inst, "items", "1", "", ACTOR), "table.invalid"),
        (lambda inst: tables.set_row(inst, "../items", "1", "A", ACTOR), "table.name-invalid"),
        (lambda inst: tables.remove_row(inst, "items", "1", ACTOR), "table.row-missing"),
        (lambda inst: tables.roll_back(inst, "items", 3, ACTOR), "table.version-missing"),
    ],
)
def test_a_change_that_cannot_be_is_refused_and_leaves_nothing(
    house: House, change: Callable[[Any], str], code: str
) -> None:
    with pytest.raises((Refused, NotFound)) as refused:
        change(house.inst)
    assert refused.value.code == code and kept(house) == {} and history(house) == []


def test_story_2_an_import_releases_every_document_that_waits_for_one_of_its_rows(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    for number in range(6):
        house.say(shop, f"o{number}", [line("a", None, 1, item=str(70 + number))])
    house.run()
    assert house.parked() == ["mapping.lookup-missing"] * 6
    said = tables.import_rows(house.inst, "items", "key,value\n70,MUG\n71,TEA\n99,POT\n", ACTOR)
    assert "3 rows set; 2 parked documents released" in said
    house.drain()
    assert sorted(e.json["lines"][0]["sku"] for e in depot.peer.of("fulfillment")) == ["MUG", "TEA"]
    assert len(house.parked()) == 4


def test_a_message_keeps_which_version_of_a_table_it_saw(house: House) -> None:
    shop, _ = house.shop(), house.depot()
    tables.set_row(house.inst, "items", "77", "MUG", ACTOR)
    tables.set_row(house.inst, "items", "78", "TEA", ACTOR)
    house.order(shop, lines=[line("a", None, 1, item="77")])
    house.order(shop, "o2", lines=[line("a", "MUG", 1)])
    assert [row.tables for row in house.messages(kind="order", direction="in")] == [{"items": 2}, None]


def test_a_row_that_comes_while_the_document_is_read_is_not_missed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, depot = house.shop(), house.depot()
    noting = Guide.noting_tables
    came: list[str] = []

    def meanwhile(guide: Guide) -> Any:
        if not came:
            guide._versions  # noqa: B018  (it has looked)
            came.append(tables.set_row(house.inst, "items", "77", "MUG", ACTOR))
        return noting(guide)

    monkeypatch.setattr(Guide, "noting_tables", meanwhile)
    house.order(shop, lines=[line("a", None, 1, item="77")])
    assert "0 parked documents" in came[0] and house.parked() == []
    assert len(depot.peer.of("fulfillment")) == 1


def test_story_4_what_failed_with_a_mapping_that_reads_the_table_is_tried_again_too(house: House) -> None:
    shop, _ = house.shop(), house.depot()
    house.order(shop, lines=[line("a", None, "none", item="77")])
    assert house.parked() == ["mapping.failed"]
    with house.inst.db.read() as tx:
        detail = message_detail(tx, house.messages(state="parked")[0].id, None)
    assert detail is not None
    told = [(found.where, found.message) for found in detail.findings if found.code == "mapping.not-a-number"]
    assert told == [("$.lines[0].quantity", "lines.quantity: not a number")]
    assert "tried again" not in tables.set_row(house.inst, "services", "X1", "EXPRESS", ACTOR)
    said = tables.set_row(house.inst, "items", "77", "MUG", ACTOR)
    assert said.endswith("0 parked documents released, and 1 that had failed are tried again.")
    assert house.messages(state="received") and house.drain()
    assert house.parked() == ["mapping.failed"], "it was not the row that it wanted"


def test_a_partner_may_have_a_table_of_its_own(house: House) -> None:
    mailbox, depot = house.add("mailbox", "Mailbox"), house.depot()
    edi.partner(house, mailbox, tables={"items": "buyer_s_items"})
    tables.set_row(house.inst, "buyer_items", "77", "TEA", ACTOR)
    body = edi.interchange(edi.purchase_order("A1", "PO1*1*2*EA*9.25**IN*77"))
    mailbox.peer.put(Document("edi", "one.edi", body, format="x12"))
    house.run()
    assert [row.awaits for row in house.messages(state="parked")] == ["lookup/buyer_s_items/77"]
    tables.set_row(house.inst, "buyer_s_items", "77", "MUG", ACTOR)
    house.drain()
    assert [effect.json["lines"][0]["sku"] for effect in depot.peer.of("fulfillment")] == ["MUG"]
    assert [row.tables for row in house.messages(set_id="850")] == [{"buyer_s_items": 1}]
