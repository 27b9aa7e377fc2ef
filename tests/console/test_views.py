"""The read models by themselves: sentences, statuses, payloads, schemas, and the completeness table."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from types import SimpleNamespace
from typing import Any

import pytest

from hub.ledger import Quantities
from hub.ledger.completeness import Verdict
from hub.store import tables as t
from hub.store.conditions import KINDS
from hub.store.db import Database
from hub.views.attention import attention
from hub.views.base import dump, schema_of
from hub.views.completeness import completeness
from hub.views.messages import MessageQuery, message_detail, message_list
from hub.views.orders import OrderDetail, OrderQuery, order_detail, order_list
from hub.views.overview import overview_of
from hub.views.payloads import readable
from hub.views.status import Tone, of_order
from hub.views.timeline import of_event, sentence
from tests.console.conftest import NOW
from tests.console.seed import Seed, build


@pytest.mark.parametrize(
    ("kind", "data", "text"),
    [
        (
            "order.received",
            {"channel": "Shop", "lines": 1, "units": 2},
            "Order received from Shop: 1 line, 2 units to ship",
        ),
        ("order.received", {}, "Order received"),
        ("order.held", {"detail": "Unpaid.", "code": "hold.unpaid"}, "Held: Unpaid. (hold.unpaid)"),
        ("fulfillment.accepted", {"to": "Lyon", "accepted": 3, "lines": 4}, "Lyon accepted 3 of 4 lines"),
        ("cancellation.granted", {"to": "Lyon", "units": 0, "asked": 1}, "Lyon gave back 0 of 1 unit"),
        ("shipment.written_back", {}, "Told the other side of the shipment"),
        ("message.parked", {"document": "shipment", "code": "line.unknown"}, "Shipment parked (line.unknown)"),
        ("order.retried", {"documents": 0, "deliveries": 2}, "Tried again: 0 documents, 2 deliveries"),
        ("thing.made-up", {"units": 2, "empty": ""}, "Thing made up: units 2"),
    ],
)
def test_events_are_sentences_that_say_what_they_know(kind: str, data: dict[str, Any], text: str) -> None:
    assert sentence(kind, data)[1] == text


def test_an_event_names_its_connection() -> None:
    facts = {"id": 1, "at": NOW, "data": {}, "actor": None, "message_id": 7}
    row = SimpleNamespace(kind="shipment.written_back", connection="Shop", **facts)
    assert of_event(row).text == "Told Shop of the shipment"


@pytest.mark.parametrize(
    ("quantities", "holds", "parked", "tone", "detail"),
    [
        (Quantities(2), [], False, Tone.FLOWING, "open"),
        (Quantities(2, allocated=2), [], False, Tone.FLOWING, "in fulfilment"),
        (Quantities(2, shipped=1, allocated=1), [], False, Tone.FLOWING, "partly shipped"),
        (Quantities(2, shipped=2), [], False, Tone.DONE, "shipped"),
        (Quantities(2, cancelled=2), [], False, Tone.DONE, "cancelled"),
        (Quantities(), [], False, Tone.DONE, "nothing to ship"),
        (Quantities(2), ["hold.unpaid"], False, Tone.WAITING, "held"),
        (Quantities(2), ["hold.unpaid"], True, Tone.FAILED, "held, something is parked"),
    ],
)
def test_a_status_is_computed_from_quantities(
    quantities: Quantities, holds: list[str], parked: bool, tone: Tone, detail: str
) -> None:
    status = of_order(quantities, holds, parked)
    assert (status.tone, status.detail) == (tone, detail)


ISA = "ISA*00*          *00*          *ZZ*A              *ZZ*B              *261123*0912*U*00401*000000042*0*P*>"


@pytest.mark.parametrize(
    ("body", "form", "family", "lines"),
    [
        (f"{ISA}|GS*PO|ST*850|", "x12", [], [f"{ISA}|", "GS*PO|", "ST*850|"]),
        (f"{ISA}~\r\nGS*PO~\r\n", "x12", [], [f"{ISA}~", "GS*PO~"]),
        ("ST*850*1|BEG*00|", "x12", [f"{ISA}|GS*PO|".encode()], ["ST*850*1|", "BEG*00|"]),
        ("UNB+UNOA:1'FTX+AAI+++it??'NAD+BY'", "edifact", [], ["UNB+UNOA:1'", "FTX+AAI+++it??'", "NAD+BY'"]),
        ("FTX+AAI+++it?'s'NAD+BY'", "edifact", [], ["FTX+AAI+++it?'s'", "NAD+BY'"]),
        ("UNA:+.? ~UNB+1~BGM+2~", "edifact", [], ["UNA:+.? ~", "UNB+1~", "BGM+2~"]),
    ],
)
def test_edi_is_shown_a_segment_a_line(body: str, form: str, family: list[bytes], lines: list[str]) -> None:
    text, kind = readable(body.encode(), form, family)
    assert kind == "edi"
    assert text.splitlines() == lines


def test_a_latin_1_document_is_readable_too() -> None:
    assert readable("NAD+BY+S\xfcd'".encode("latin-1"), "edifact", [])[0] == "NAD+BY+Süd'"


def test_broken_json_is_shown_as_it_came() -> None:
    assert readable(b'{"a": 1,', "json", []) == ('{"a": 1,', "text")


def test_schemas_come_from_the_read_models() -> None:
    fields = schema_of(OrderDetail)().fields
    assert fields["row"].nested().fields["total"].as_string  # type: ignore[attr-defined]
    assert fields["cancelled"].allow_none


def test_views_dump_as_json_and_answer_on_both_stores(database: Database) -> None:
    with database.write() as tx:
        world = build(tx, NOW, orders=8)
        one = Seed(tx, NOW).merchant("Third")
    with database.read() as tx:
        for merchant in (None, world.merchant, one):
            page = order_list(tx, OrderQuery(text="2001", state="flowing", has="unwritten", merchant_id=merchant), 5)
            assert [row.number for row in page.rows] == ([] if merchant == one else ["#2001"])
            message_list(tx, MessageQuery(text="4500981", state="done", merchant_id=merchant), 5)
            attention(tx, merchant)
            for state, has in itertools.product(
                ("", "waiting", "failed", "done"), (*KINDS, "held", "open", "unwritten")
            ):
                order_list(tx, OrderQuery(state=state, has=has, merchant_id=merchant), 5)
            order_list(tx, OrderQuery(has="unwritten-returns", merchant_id=merchant), 5)
            overview = overview_of(tx, merchant, NOW, "hour")
        detail = order_detail(tx, world.partly, None)
        message = message_detail(tx, world.parked_po, None)
    written = json.loads(json.dumps([dump(detail), dump(message), dump(overview)]))
    assert written[0]["row"]["total"] == "252"
    assert written[0]["row"]["status"]["tone"] == "flowing"
    assert written[0]["lines"][0]["units"]["shipped"] == 3
    assert written[1]["findings"][0]["where"] == "PO102 (segment 9)"


# -- the completeness table -----------------------------------------------------------------------------------------


@pytest.fixture
def seed(new_database: Any) -> Any:
    database = Database(new_database("sqlite"))
    with database.write() as tx:
        yield Seed(tx, NOW)
    database.close()


def rows(seed: Seed, noun: str) -> list[Any]:
    return [row for row in completeness(seed.tx, None, NOW) if row.noun == noun]


def shop_with(seed: Seed, count: int | None, counted: dt.datetime, ran: dt.datetime | None) -> int:
    shop = seed.connection("Shop", "storefront")
    seed.flow(shop, "in", "order", source_count=count, source_counted_at=counted, last_run_at=ran)
    return shop


def test_a_document_counts_once_whatever_its_revisions(seed: Seed) -> None:
    before = NOW - dt.timedelta(minutes=5)
    shop = shop_with(seed, 3, NOW, NOW)
    for state in ("done", "done", "ignored"):
        seed.message(shop, "in", "order", f"a{state}{next(seed.numbers)}", external_id="1", state=state, at=before)
    seed.message(shop, "in", "order", "b", external_id="2", state="parked", at=before)
    seed.message(shop, "in", "order", "c", external_id="3", state="ignored", at=before)
    seed.message(shop, "in", "webhook", "d", external_id="w", at=before)
    (row,) = rows(seed, "documents")
    assert row.parts == {"done": 1, "parked": 1, "ignored": 1, "in progress": 0}
    assert row.verdict is Verdict.WAITING


def test_story_9_a_document_that_never_came_turns_the_row_red(seed: Seed) -> None:
    shop = shop_with(seed, 2, NOW - dt.timedelta(minutes=1), NOW)
    seed.message(shop, "in", "order", "a", at=NOW - dt.timedelta(minutes=2))
    assert rows(seed, "documents")[0].verdict is Verdict.OPEN


def test_what_a_pull_still_brings_is_on_its_way(seed: Seed) -> None:
    shop = shop_with(seed, 2, NOW, NOW - dt.timedelta(minutes=1))
    seed.message(shop, "in", "order", "a", at=NOW)
    (row,) = rows(seed, "documents")
    assert (row.expected, row.parts["in progress"], row.verdict) == (2, 1, Verdict.MOVING)


def test_what_a_webhook_brings_after_the_count_is_no_surplus(seed: Seed) -> None:
    shop = shop_with(seed, 1, NOW - dt.timedelta(minutes=1), NOW)
    seed.message(shop, "in", "order", "a", at=NOW - dt.timedelta(minutes=2))
    seed.message(shop, "in", "order", "b", at=NOW)
    (row,) = rows(seed, "documents")
    assert (row.expected, row.verdict) == (2, Verdict.CLOSED)


def test_a_surplus_is_red(seed: Seed) -> None:
    shop = shop_with(seed, 1, NOW, NOW)
    for body in "ab":
        seed.message(shop, "in", "order", body, at=NOW - dt.timedelta(minutes=2))
    assert rows(seed, "documents")[0].verdict is Verdict.OPEN


def test_a_source_that_cannot_count_is_never_green(seed: Seed) -> None:
    shop_with(seed, None, NOW, NOW)
    assert rows(seed, "documents")[0].verdict is Verdict.UNKNOWN


@pytest.fixture
def shipped(seed: Seed) -> Any:
    """One shipment of which its source has not been told: (seed, shop, shipment id)."""
    shop, warehouse = seed.connection("Shop", "storefront"), seed.connection("Warehouse", "rest_warehouse")
    seed.flow(shop, "out", "shipment")
    order, (line,) = seed.order(shop, "#1", [{"sku": "A", "units": 1}], NOW)
    part = seed.fulfillment(order, warehouse, "Warehouse", [(line, "A", 1)], NOW)
    shipment = seed.shipment(order, part, warehouse, shop, [(line, 1)], NOW, "T1", told=False)
    return seed, shop, shipment


def settle(seed: Seed, shipment: int, **values: Any) -> Any:
    seed.tx.execute(t.messages.update().where(t.messages.c.external_id == f"shipment/{shipment}").values(**values))
    return rows(seed, "shipments")[0]


def test_a_shipment_is_written_back_or_pending_or_waits_for_a_person(shipped: Any) -> None:
    seed, _, shipment = shipped
    assert rows(seed, "shipments")[0].verdict is Verdict.MOVING
    assert settle(seed, shipment, state="done").verdict is Verdict.CLOSED
    assert settle(seed, shipment, state="parked").verdict is Verdict.WAITING
    let_be = settle(seed, shipment, state="withdrawn", reason="person.ignored")
    assert (let_be.parts["let be"], let_be.verdict) == (1, Verdict.CLOSED)


def test_story_26_a_shipment_that_nobody_writes_back_is_red(shipped: Any) -> None:
    seed, shop, shipment = shipped
    assert settle(seed, shipment, subject_id=None).verdict is Verdict.OPEN
    seed.job(shop, "deliver", "shipment", "pending", order_id=1, subject_id=shipment)
    assert rows(seed, "shipments")[0].verdict is Verdict.MOVING


def test_a_source_that_takes_no_shipments_is_owed_none(shipped: Any) -> None:
    seed, _, shipment = shipped
    seed.tx.execute(t.flows.delete())
    row = settle(seed, shipment, subject_id=None)
    assert (row.parts["not owed"], row.verdict) == (1, Verdict.CLOSED)


def test_an_overdue_or_a_negative_acknowledgement_is_red(seed: Seed) -> None:
    shop = seed.connection("Folder", "files")
    due = NOW + dt.timedelta(hours=1)
    seed.message(shop, "out", "shipment", "a", acknowledge_by=due)
    assert rows(seed, "acknowledgements")[0].verdict is Verdict.MOVING
    seed.message(shop, "out", "shipment", "b", acknowledge_by=NOW - dt.timedelta(hours=1))
    assert rows(seed, "acknowledgements")[0].verdict is Verdict.OPEN
    seed.tx.execute(t.messages.update().values(acknowledged="accepted"))
    assert rows(seed, "acknowledgements")[0].verdict is Verdict.CLOSED
    seed.tx.execute(t.messages.update().values(acknowledged="rejected"))
    assert rows(seed, "acknowledgements")[0].verdict is Verdict.OPEN


def test_held_units_are_those_that_a_hold_keeps_back(seed: Seed) -> None:
    shop = seed.connection("Shop", "storefront")
    order, ids = seed.order(shop, "#1", [{"sku": "A", "units": 2}, {"sku": "B", "units": 3}], NOW)
    seed.hold(order, "hold.no-sku", "Line 2 has no SKU.", NOW)
    seed.tx.execute(t.holds.update().values(line_id=ids[1]))
    (row,) = rows(seed, "units")
    assert (row.parts["held"], row.parts["open"]) == (3, 2)
    seed.tx.execute(t.holds.update().values(line_id=None))
    assert rows(seed, "units")[0].parts["held"] == 5
