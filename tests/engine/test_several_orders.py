"""A ship notice about several orders: kept whole once, acknowledged once, and each order's part ends by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from hub.cli import cli
from hub.flows import actions
from hub.flows.mappings import tables, versions
from hub.flows.partners import partners
from hub.ledger import Quantities
from hub.ledger.completeness import closes
from hub.store.tables import packages, shipments
from hub.views.completeness import completeness
from tests.engine.scripted.dock import SUPPLIER, says, supplier, transaction
from tests.engine.scripted.edi import segments, sent
from tests.engine.scripted.house import ACTOR, House, Side, line

LABEL = "006141411234567890"


class Wanted(NamedTuple):
    """An order of ours, and what the supplier knows of it: its number, and the number of its one line."""

    id: int
    number: str
    line: str


@pytest.fixture
def dock(house: House) -> Side:
    side = house.add("dock", "EDI")
    supplier(house, side)
    return side


@pytest.fixture
def two(house: House, dock: Side) -> list[Wanted]:
    """Two orders that the supplier has: three mugs, and two."""
    shop = house.shop()
    ids = [
        house.order(shop, key, number=f"#{key}", lines=[line("a", "MUG", units)]) for key, units in (("1", 3), ("2", 2))
    ]
    trees = [tree for _, tree in sent(dock, "850")]
    return [
        Wanted(id_, str(segments(t, "BEG")[0][3]), str(segments(t, "PO1")[0][1]))
        for id_, t in zip(ids, trees, strict=True)
    ]


def notice(*orders: tuple[str, str, int], purpose: str = "00", tracking: str = "") -> tuple[str, ...]:
    """A ship notice of one pack that holds items of each of these: order, line, units."""
    body = [f"BSN*{purpose}*ASN-1*20260304*1130*0003", "HL*1**S", "TD5*B*2*UPSN", "HL*2*1*P", f"MAN*GM*00{LABEL}"]
    body += [f"MAN*CP*{tracking}"] if tracking else []
    for place, (number, of_line, units) in enumerate(orders):
        above = 3 + 2 * place
        body += [
            f"HL*{above}*2*O",
            f"PRF*{number}",
            f"HL*{above + 1}*{above}*I",
            f"LIN*{of_line}*VN*MUG",
            f"SN1**{units}*EA",
        ]
    return (*body, f"CTT*{2 + 2 * len(orders)}")


def hears(house: House, dock: Side, *body: str, number: int = 1) -> None:
    says(house, dock, transaction("856", *body), number=number, functional_id="SH", sender=SUPPLIER)


def parts(house: House) -> dict[str, tuple[str, str | None, int | None]]:
    """State, reason and order of each part, the newest of a name, by what it is called."""
    return {row.external_id: (row.state, row.reason, row.order_id) for row in house.messages(format="edi-part")}


def test_each_order_of_a_ship_notice_has_its_own_shipment(house: House, dock: Side, two: list[Wanted]) -> None:
    mine, other = two
    hears(house, dock, *notice((mine.number, mine.line, 3), (other.number, other.line, 2), tracking="1Z9"))
    assert house.parked() == []
    assert parts(house) == {one.number: ("done", None, one.id) for one in two}
    assert [house.sums(one.id) for one in two] == [Quantities(ordered=3, shipped=3), Quantities(ordered=2, shipped=2)]
    labels = house.rows(select(shipments.c.order_id, packages.c.sscc, packages.c.tracking_number).join(packages))
    assert sorted(labels) == sorted((one.id, LABEL, "1Z9") for one in two), "one pack, in the shipment of each"
    told = [effect.json["packages"] for effect in house.sides["Shop"].peer.of("shipment")]
    assert [[package["tracking"] for package in one] for one in told] == [["1Z9"], ["1Z9"]]


def test_it_is_kept_whole_and_acknowledged_once(house: House, dock: Side, two: list[Wanted]) -> None:
    mine, other = two
    hears(house, dock, *notice((mine.number, mine.line, 3), (other.number, other.line, 2)))
    (whole,) = house.messages(set_id="856", format="x12")
    assert (whole.state, whole.documents, whole.order_id) == ("done", 2, None)
    assert b"PRF*" + mine.number.encode() in house.body(whole.id) and b"PRF*" + other.number.encode() in house.body(
        whole.id
    )
    answers = [segments(tree, "AK9")[0][1:] for _, tree in sent(dock, "997")]
    assert answers == [("A", "1", "1", "1")]
    with house.inst.db.read() as tx:
        rows = {(row.noun, row.where): row for row in completeness(tx, None, house.clock.now)}
    inside = rows["documents in files", "EDI: shipment"]
    assert inside.expected == 3 and inside.parts["done"] == 3 and closes(inside.verdict)


def test_an_order_that_is_not_ours_does_not_hold_up_the_others(house: House, dock: Side, two: list[Wanted]) -> None:
    mine, other = two
    hears(house, dock, *notice((mine.number, mine.line, 3), ("STRANGER", "1", 2), (other.number, other.line, 9)))
    assert parts(house) == {
        mine.number: ("done", None, mine.id),
        "STRANGER": ("parked", "shipment.unknown-reference", None),
        other.number: ("parked", "shipment.exceeds-allocation", other.id),
    }
    for waiting in house.messages(state="parked"):
        actions.replay_message(house.inst, waiting.id, ACTOR)
    house.drain()
    assert [house.sums(one.id).shipped for one in two] == [3, 0], "what was done is not done again"


def test_the_same_notice_again_and_a_correction_count_nothing_twice(
    house: House, dock: Side, two: list[Wanted]
) -> None:
    mine, other = two
    said = notice((mine.number, mine.line, 3), (other.number, other.line, 2))
    hears(house, dock, *said)
    hears(house, dock, *said)  # the very file
    hears(house, dock, *said, number=2)  # the same under other control numbers
    ends = [row.reason for row in house.messages(set_id="856", format="x12")]
    assert ends == [None, "edi.duplicate-content"] and len(house.messages(format="edi-part")) == 2
    corrected = notice((mine.number, mine.line, 3), (other.number, other.line, 1), purpose="05", tracking="1Z9")
    hears(house, dock, *corrected, number=3)
    assert parts(house) == {
        mine.number: ("done", None, mine.id),
        other.number: ("parked", "shipment.changed", other.id),
    }
    assert [house.sums(one.id).shipped for one in two] == [3, 2]
    assert [p["tracking"] for p in house.sides["Shop"].peer.of("tracking")[0].json["packages"]] == ["1Z9"]


def test_a_cancelled_notice_waits_order_by_order(house: House, dock: Side, two: list[Wanted]) -> None:
    mine, other = two
    hears(house, dock, *notice((mine.number, mine.line, 3)))
    gone = notice((mine.number, mine.line, 3), (other.number, other.line, 2), purpose="01")
    hears(house, dock, *gone, number=2)
    assert house.parked() == ["shipment.withdrawn"] * 2
    said = [str(row.problem["detail"]).rsplit(" ", 2)[-2:] for row in house.messages(format="edi-part")]
    assert said == [["been", "counted."], ["never", "counted."]]
    assert [house.sums(one.id).shipped for one in two] == [3, 0]


def test_a_part_that_is_refused_is_told_by_the_numbers_of_the_whole(
    house: House, dock: Side, two: list[Wanted]
) -> None:
    partners.agree(house.inst, SUPPLIER, "824", "out", given={}, actor=ACTOR)
    hears(house, dock, *notice((two[0].number, two[0].line, 3), ("STRANGER", "1", 2)), number=7)
    (strange,) = house.messages(state="parked")
    actions.refuse_message(house.inst, strange.id, "Not an order of ours", ACTOR)
    house.run()
    ((_, tree),) = sent(dock, "824")
    (oti,), (ted,) = segments(tree, "OTI"), segments(tree, "TED")
    assert (oti[1], oti[8:11]) == ("TE", ("7", "0001", "856")), "the rest of it counts"
    assert ted[2] == "STRANGER: Not an order of ours"


def change_mapping(house: House, text: str) -> None:
    name = "x12/856.in"
    versions.draft(house.inst, {name: f"extends: {name}\n{text}"}, ACTOR)
    versions.publish(house.inst, [name], "as asked", ACTOR, force=True, last=10)
    house.drain()


def test_one_part_waits_for_a_row_and_goes_on_when_it_comes(house: House, dock: Side, two: list[Wanted]) -> None:
    mine, other = two
    change_mapping(house, "rows:\n  location: //HL[O]/PRF01 | first | lookup(sites, park)\n")
    tables.set_row(house.inst, "sites", mine.number, "RENO", ACTOR)
    hears(house, dock, *notice((mine.number, mine.line, 3), (other.number, other.line, 2)))
    waiting = ("parked", "mapping.lookup-missing", None)
    assert parts(house) == {mine.number: ("done", None, mine.id), other.number: waiting}
    tables.set_row(house.inst, "sites", other.number, "ELKO", ACTOR)
    house.drain()
    assert [house.sums(one.id).shipped for one in two] == [3, 2] and house.parked() == []


def test_orders_that_nothing_told_apart_come_apart_by_another_mapping(
    house: House, dock: Side, two: list[Wanted]
) -> None:
    mine, other = two
    named = {f"PRF*{number}": f"REF*PO*{number}" for number in (other.number, "STRANGER")}
    said = notice((mine.number, mine.line, 3), (other.number, other.line, 2), ("STRANGER", "1", 1))
    hears(house, dock, *(named.get(segment, segment) for segment in said))
    (left,) = house.messages(state="parked")
    assert left.reason == "mapping.failed" and house.sums(mine.id).shipped == 3
    change_mapping(
        house,
        "split:\n  each: //HL[O]\n  group_by: PRF01 ?? REF[PO]/REF02\n"
        "rows:\n  reference!: (//HL[O]/PRF01, //HL[O]/REF[PO]/REF02) | first\n",
    )
    ends = [(row.external_id, row.state, row.parent_id) for row in house.messages(format="edi-part")]
    assert ends[1:] == [
        (left.external_id, "done", left.parent_id),
        (other.number, "done", left.id),
        ("STRANGER", "parked", left.id),
    ]
    assert [house.sums(one.id).shipped for one in two] == [3, 2]


def test_a_person_sees_the_parts_and_where_each_value_came_from(
    house: House, dock: Side, two: list[Wanted], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mine, _ = two
    hears(house, dock, *notice((mine.number, mine.line, 3), ("STRANGER", "1", 2)))
    monkeypatch.setenv("HUB_DATABASE", house.inst.config.database)
    monkeypatch.setenv("HUB_DATA_DIR", str(house.inst.config.data_dir))
    monkeypatch.setenv("HUB_CONNECTORS", ",".join(map(str, house.inst.config.connectors)))
    monkeypatch.setenv("HUB_MAPPINGS", ",".join(map(str, house.inst.config.mappings)))

    def said(*words: str) -> str:
        return CliRunner().invoke(cli, words, standalone_mode=False, env={"COLUMNS": "200"}).output

    (whole,) = house.messages(set_id="856", format="x12")
    done, parked = house.messages(format="edi-part")
    shown = said("messages", "show", str(whole.id))
    assert "STRANGER  parked  shipment.unknown-reference" in shown and f"{mine.number}" in shown
    shown = said("messages", "show", str(parked.id))
    assert f"Part of message {whole.id}" in shown and mine.number not in shown
    assert "HL*5*2*O\nPRF*STRANGER\nHL*6*5*I" in shown
    told = json.loads(said("mapping", "explain", "x12/856.in", str(whole.id), "--json"))
    came = [{o["target"]: o["sources"] for o in one["origins"]}["packages[1].lines[1].quantity"] for one in told]
    assert came == [["$/HL[#1]/HL[#1]/HL[#1]/HL[#1]/SN102"]] * 2
    alone = json.loads(said("mapping", "explain", "x12/856.in", str(done.id), "--json"))
    assert alone == [told[0]], "a part is explained as it is in the whole"
    draft = tmp_path / "draft.yaml"
    draft.write_text("extends: x12/856.in\nrows:\n  service: BSN05\n")
    changed = said("mapping", "diff", "x12/856.in", str(draft), "--last", "5")
    assert "2 documents, 2 change" in changed, "each part as one, and none a second time as a part of its own"
