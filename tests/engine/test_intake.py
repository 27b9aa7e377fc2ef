"""What comes in: revisions, webhooks, hints, pages, documents that wait and documents that are wrong."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select

from hub.errors import Refused
from hub.flows import actions
from hub.flows.crashed import take_up
from hub.flows.inbound.intake import KEPT_REFUSED
from hub.flows.inbound.mended import read_mended
from hub.flows.mappings import tables
from hub.ledger import Quantities
from hub.sdk import Document, Rejected, Retry
from hub.store import lookups as lookup_store
from hub.store import mappings as mapping_store
from hub.store.tables import flows, fulfillments, mapping_texts, orders, payloads
from hub.views.completeness import completeness
from tests.engine.scripted import both
from tests.engine.scripted.house import ACTOR, START, House, Side, line, package

# -- revisions ------------------------------------------------------------------------------------------------------


@both
def test_an_older_revision_is_recorded_and_not_applied(house: House) -> None:
    shop = house.shop()
    house.depot()
    order = house.order(shop, note="new")
    house.order(shop, note="old", at=START - dt.timedelta(hours=1))
    (row,) = house.rows(select(orders).where(orders.c.id == order))
    assert row.note == "new"
    assert [(m.state, m.reason) for m in house.messages(kind="order")] == [
        ("done", None),
        ("ignored", "revision.older"),
    ]


@both
def test_an_equal_time_with_other_content_is_fetched_again(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    moment = START + dt.timedelta(minutes=5)
    order = house.order(shop, at=moment)
    house.say(shop, lines=[line("o1-1", "MUG", 5)], at=moment)
    house.say(shop, lines=[line("o1-1", "MUG", 4)], at=moment, silent=True)
    house.run()
    assert shop.peer.calls["fetch order"] == 1
    assert house.sums(order) == Quantities(ordered=4, allocated=4)
    assert [m.reason for m in house.messages(kind="order", via="poll")] == [None, "revision.refetched"]
    assert len(depot.peer.of("fulfillment")) == 2


def test_what_a_fetch_finds_unchanged_is_read_as_its_answer(house: House) -> None:
    shop = house.shop()
    house.depot()
    moment = START + dt.timedelta(minutes=5)
    order = house.order(shop, at=moment)
    house.say(shop, lines=[line("o1-1", "MUG", 5)], at=moment)
    house.run()
    assert house.sums(order).ordered == 5 and shop.peer.calls["fetch order"] == 1


def test_story_7_what_the_overlap_brings_again_is_stored_once(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    said = house.say(shop)
    house.run()
    tries = len(house.jobs(kind="translate"))
    for _ in range(3):
        house.clock.forward(60)
        shop.peer.put(said)
        house.run()
    assert len(house.messages(kind="order")) == 1 and len(house.jobs(kind="translate")) == tries
    assert len(depot.peer.of("fulfillment")) == 1


# -- webhooks -------------------------------------------------------------------------------------------------------


@both
def test_story_1_a_webhook_is_a_hint_and_the_resource_is_fetched(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    house.say(shop, silent=True)
    assert house.webhook(shop, "o1", "paid-comes-before-create")
    house.drain()
    assert house.find(shop, "o1") is not None and len(depot.peer.of("fulfillment")) == 1
    assert house.webhook(shop, "o1", "create")
    house.drain()
    assert len(depot.peer.of("fulfillment")) == 1 and shop.peer.calls["fetch order"] == 2
    assert {message.via for message in house.messages(kind="order")} == {"fetch"}, "what a webhook says is no order"
    first, _ = house.messages(kind="webhook")
    assert json.loads(house.body(first.id))["delivery"] == "paid-comes-before-create", "it is kept as it came"


def test_story_1_reordered_webhooks_end_with_the_present_state(house: House) -> None:
    shop = house.shop()
    house.depot()
    for note in ("first", "second"):
        house.say(shop, note=note, silent=True)
    for delivery in ("second", "first"):
        house.webhook(shop, "o1", delivery)
        house.drain()
    found = house.find(shop, "o1")
    assert found is not None and found.note == "second"


def test_a_repeated_webhook_asks_once(house: House) -> None:
    shop = house.shop()
    house.depot()
    house.say(shop, silent=True)
    for _ in range(3):
        assert house.webhook(shop, "o1", "same")
    house.drain()
    assert shop.peer.calls["fetch order"] == 1 and len(house.messages(kind="webhook")) == 1


def test_many_webhooks_of_one_order_wait_for_one_fetch(house: House) -> None:
    shop = house.shop()
    house.depot()
    house.say(shop, silent=True)
    for number in range(5):
        house.webhook(shop, "o1", f"d{number}")
    house.drain()
    assert shop.peer.calls["fetch order"] == 1


def test_a_webhook_about_what_is_gone_leaves_nothing(house: House) -> None:
    shop = house.shop()
    house.depot()
    house.webhook(shop, "nothing", "d1")
    house.drain()
    assert house.messages(kind="order") == [] and house.jobs(state="pending") == []


def test_refused_webhooks_are_kept_within_a_quota_and_never_processed(house: House) -> None:
    shop = house.shop()
    house.depot()
    house.say(shop, silent=True)
    for number in range(KEPT_REFUSED + 10):
        house.clock.forward(1)
        assert not house.webhook(shop, "o1", f"d{number}", signature="theirs")
    house.drain()
    kept = house.messages(kind="webhook")
    assert len(kept) == KEPT_REFUSED and {m.state for m in kept} == {"ignored"}
    assert house.find(shop, "o1") is None and house.alerts() == ["webhook.refused"]


def test_story_6_a_poll_finds_what_no_webhook_told(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    house.order(shop)
    assert len(depot.peer.of("fulfillment")) == 1 and house.messages(kind="webhook") == []


# -- pages ----------------------------------------------------------------------------------------------------------


@both
def test_story_9_the_cursor_moves_with_the_rows(house: House) -> None:
    shop = house.shop()
    house.depot()
    for number in range(45):
        house.say(shop, f"o{number}")

    def third(kind: str, at: int) -> None:
        if (kind, at) == ("order", 40):
            raise Retry("the line went dead on the third page")

    shop.peer.before_page = third
    house.run()
    shop.peer.before_page = lambda kind, at: None
    (flow,) = house.rows(select(flows).where(flows.c.connection_id == shop.id, flows.c.kind == "order"))
    assert flow.cursor == 40 == len(house.messages(kind="order"))
    house.clock.forward(60)
    house.run()
    assert len(house.messages(kind="order")) == 45 == len({m.external_id for m in house.messages(kind="order")})


@both
def test_story_9_a_worker_killed_between_the_rows_of_a_page_and_its_cursor_loses_none(house: House) -> None:
    shop = house.shop()
    house.depot()
    for number in range(45):
        house.say(shop, f"o{number}")

    class Killed(BaseException):
        pass

    pages = 0

    def die(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        nonlocal pages
        pages += statement.startswith("INSERT INTO messages")
        if pages == 2:
            raise Killed

    event.listen(house.inst.db.engine, "before_cursor_execute", die)
    with pytest.raises(Killed):
        house.run()
    event.remove(house.inst.db.engine, "before_cursor_execute", die)
    (flow,) = house.rows(select(flows).where(flows.c.connection_id == shop.id, flows.c.kind == "order"))
    assert flow.cursor == 20 == len(house.messages(kind="order"))
    house.clock.forward(600)
    with house.inst.db.write() as tx:
        take_up(tx, house.clock.now, "test")
    house.run()
    assert len(house.messages(kind="order")) == 45 == len({m.external_id for m in house.messages(kind="order")})


def test_story_9_what_the_source_holds_is_compared_with_what_came(house: House) -> None:
    shop = house.shop()
    house.depot()

    def row() -> tuple[int | None, int, str]:
        with house.inst.db.read() as tx:
            found = next(r for r in completeness(tx, None, house.clock.now) if r.where == "Shop: order")
        return found.expected, found.parts["done"], str(found.verdict)

    for number in range(3):
        house.say(shop, f"o{number}")
    house.run()
    assert row() == (3, 3, "closed")
    house.say(shop, "lost")
    with house.inst.db.write() as tx:
        tx.execute(flows.update().where(flows.c.connection_id == shop.id, flows.c.kind == "order").values(cursor=4))
    house.clock.forward(60)
    house.run()
    assert row() == (4, 3, "open"), "a cursor that went past a document shows"


# -- documents that wait --------------------------------------------------------------------------------------------


@both
def test_story_2_an_unmapped_line_parks_the_order_and_says_what_is_missing(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    house.order(shop, lines=[line("a", None, 1, item="77"), line("b", "TEA", 1)])
    (message,) = house.messages(kind="order")
    assert (message.state, message.reason) == ("parked", "mapping.lookup-missing")
    assert message.problem["table"] == "items" and message.awaits == "lookup/items/77"
    assert house.body(message.id) and house.find(shop, "o1") is None and depot.peer.pushed == []


@both
def test_story_4_a_new_lookup_row_releases_every_document_without_a_fetch(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    for number in range(23):
        house.say(shop, f"o{number}", [line("a", None, 1, item="77" if number else "78")])
    house.run()
    calls = dict(shop.peer.calls)
    assert house.parked() == ["mapping.lookup-missing"] * 23
    tables.set_row(house.inst, "items", "77", "MUG", ACTOR)
    house.drain()
    assert len(depot.peer.of("fulfillment")) == 22 and house.parked() == ["mapping.lookup-missing"]
    assert dict(shop.peer.calls) == calls


@both
def test_story_3_a_document_whose_cause_is_fixed_is_replayed(house: House) -> None:
    shop, _ = house.shop(), house.depot()
    order = house.order(shop)
    house.order(shop, lines=[line("o1-1", None, 5, item="77")])
    with house.inst.db.write() as tx:
        version = lookup_store.hold(tx, "items") + 1
        row = {"77": {"value": "MUG"}}
        lookup_store.write(tx, "items", version, row, author=ACTOR, reason=None, now=START)
    (parked,) = house.messages(state="parked")
    actions.replay_message(house.inst, parked.id, ACTOR)
    house.drain()
    assert house.parked() == [] and house.sums(order) == Quantities(ordered=5, allocated=5)
    assert house.events("message.replayed")[0].actor == ACTOR


@both
def test_story_3_a_retry_of_the_order_covers_its_deliveries_and_its_documents(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    depot.peer.fail(Rejected("unknown SKU"))
    order = house.order(shop)
    house.tell(depot, "return", "W1", reference=house.rows(select(fulfillments.c.reference))[0][0],
               lines=[{"sku": "MUG", "quantity": 1}])  # fmt: skip
    house.run()
    assert sorted(house.parked()) == ["connector.rejected", "return.exceeds-shipped"]
    house.clock.forward(86400)
    house.run()
    assert len(depot.peer.pushed) == 1, "nothing is tried again by itself"
    actions.retry_order(house.inst, order, ACTOR)
    house.drain()
    assert house.parked() == ["return.exceeds-shipped"] and len(depot.peer.of("fulfillment")) == 1
    house.ship(depot, "S1", package("1", {"sku": "MUG", "quantity": 2}))
    house.run()
    said = actions.retry_order(house.inst, order, ACTOR)
    house.drain()
    assert house.parked() == [] and house.sums(order) == Quantities(ordered=2, shipped=2, returned=1)
    assert said == "Trying again: 1 documents, 0 deliveries, 0 units released."


def test_only_what_waits_is_replayed_or_ignored(house: House) -> None:
    shop = house.shop()
    house.depot()
    house.order(shop)
    (done,) = house.messages(kind="order")
    for refused in (
        lambda: actions.replay_message(house.inst, done.id, ACTOR),
        lambda: actions.ignore_message(house.inst, done.id, "why", ACTOR),
        lambda: actions.replay_message(house.inst, 999, ACTOR),
    ):
        with pytest.raises(Refused):
            refused()


def test_a_parked_document_is_closed_by_a_person_with_a_reason(house: House) -> None:
    shop = house.shop()
    house.depot()
    house.order(shop, lines=[])
    (message,) = house.messages(state="parked")
    actions.ignore_message(house.inst, message.id, "a test of theirs", ACTOR)
    (message,) = house.messages(kind="order")
    assert (message.state, message.reason, message.problem["ignored_because"]) == (
        "ignored",
        "person.ignored",
        "a test of theirs",
    )


def test_a_good_revision_supersedes_a_parked_one(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    house.order(shop, lines=[])
    house.order(shop)
    assert [(m.state, m.reason) for m in house.messages(kind="order")] == [
        ("ignored", "revision.superseded"),
        ("done", None),
    ]
    assert len(depot.peer.of("fulfillment")) == 1


@both
def test_a_change_before_its_original_waits_and_is_released_by_it(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    house.clock.forward(60)
    house.order(shop, purpose="cancel")
    assert house.parked() == ["order.original-missing"]
    house.order(shop, at=START + dt.timedelta(seconds=1))
    (found,) = house.rows(select(orders))
    assert house.parked() == [] and house.sums(found.id) == Quantities(ordered=2, cancelled=2)
    assert depot.peer.effects == []


@both
def test_story_11_one_bad_document_among_fifty_is_set_aside_once(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    for number in range(50):
        if number == 17:
            shop.peer.put(Document("order", "bad", b'{"id": "bad", "lines": [', revised_at=house.clock.now))
        house.say(shop, f"o{number}")
    house.run()
    assert len(depot.peer.of("fulfillment")) == 50
    (parked,) = house.messages(state="parked")
    assert parked.external_id == "bad" and parked.reason == "document.undecodable"
    tries = len(house.attempts(house.jobs(message_id=parked.id)[0].id))
    house.clock.forward(7200)
    house.run()
    assert len(house.attempts(house.jobs(message_id=parked.id)[0].id)) == tries == 1


def test_an_unexpected_fault_of_ours_takes_one_document_aside(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from hub.flows.inbound import translate

    shop, depot = house.shop(), house.depot()
    real = translate.APPLY["order"]

    def broken(batch, message, doc, content):  # type: ignore[no-untyped-def]
        real(batch, message, doc, content)
        if doc["external_id"] == "o2":
            raise ZeroDivisionError("secret value 4711")
        return

    monkeypatch.setitem(translate.APPLY, "order", broken)
    for number in range(4):
        house.say(shop, f"o{number}")
    house.run()
    assert house.parked() == ["document.unexpected"] and len(depot.peer.of("fulfillment")) == 3
    assert "4711" not in json.dumps(house.messages(state="parked")[0].problem), "a fault's text may hold anything"
    assert house.find(shop, "o2") is None


def test_an_error_names_where_and_what_and_never_the_value(house: House) -> None:
    shop = house.shop()
    house.depot()
    house.order(shop, ship_to={"name": "Ada King", "country": "Atlantis"})
    (message,) = house.messages(state="parked")
    assert message.reason == "document.invalid" and "ship_to.country" in message.problem["detail"]
    assert "Atlantis" not in json.dumps(message.problem)


# -- mappings -------------------------------------------------------------------------------------------------------


def test_story_37_the_mapping_that_was_used_stands_with_each_try(house: House) -> None:
    shop = house.shop()
    house.depot()
    house.order(shop, lines=[])
    house.order(shop)
    texts = {row.hash: row for row in house.rows(select(mapping_texts))}
    for message in house.messages(kind="order"):
        (attempt,) = house.attempts(house.jobs(message_id=message.id)[0].id)
        assert texts[attempt.mapping_hash].name == "shop/order.in", message.state
        assert message.mapping_hash == attempt.mapping_hash
    (sent,) = house.messages(kind="fulfillment")
    assert texts[sent.mapping_hash].name == "depot/fulfillment.out"


def test_story_37_a_replay_uses_the_mapping_of_now_and_says_so(house: House, tmp_path: Path) -> None:
    shop, depot = house.shop(), house.depot()
    mended = tmp_path / "mappings"
    override(house, mended, "rows: {'number': wrong | decimal}")
    house.order(shop, wrong="not a number")
    (parked,) = house.messages(state="parked")
    override(house, mended, "rows: {'number': wrong}")
    actions.replay_message(house.inst, parked.id, ACTOR)
    house.drain()
    assert len(depot.peer.of("fulfillment")) == 1 and house.parked() == []
    (job, again) = house.jobs(message_id=parked.id)
    first, second = house.attempts(job.id)[0].mapping_hash, house.attempts(again.id)[0].mapping_hash
    assert first != second and len(house.rows(select(mapping_texts).where(mapping_texts.c.name == "own/order"))) == 2


WRONG, RIGHT = "rows: {'number': wrong | decimal}", "rows: {'number': wrong}"
"""Two texts of a mapping: the first cannot read what the second can."""


def unread(house: House, folder: Path) -> Side:
    """A shop of which one order waits, since its mapping could not read it."""
    shop = house.shop()
    house.depot()
    override(house, folder, WRONG)
    house.order(shop, wrong="not a number")
    assert house.parked() == ["mapping.failed"]
    return shop


def edited(house: House, folder: Path) -> None:
    override(house, folder, RIGHT)


def rolled_back(house: House, folder: Path) -> None:
    """To a text that has read documents before."""
    override(house, folder, RIGHT)
    mapping = house.inst.mappings.get("own/order")
    with house.inst.db.write() as tx:
        mapping_store.remember(tx, mapping.hash, "own/order", 0, mapping.text, START)


def another_in_the_flow(house: House, folder: Path) -> None:
    with house.inst.db.write() as tx:
        tx.execute(flows.update().where(flows.c.kind == "order").values(mapping=None))


def gone_and_put_back(house: House, folder: Path) -> None:
    (folder / "own" / "order.yaml").unlink()
    assert read_mended(house.inst) == 0
    override(house, folder, RIGHT)


@pytest.mark.parametrize("mend", [edited, rolled_back, another_in_the_flow, gone_and_put_back])
def test_story_4_a_mended_mapping_waits_for_no_new_document(
    house: House, tmp_path: Path, mend: Callable[[House, Path], None]
) -> None:
    shop = unread(house, tmp_path)
    depot = house.sides["Depot"]
    assert read_mended(house.inst) == 0, "it is the mapping that could not read it"
    calls = dict(shop.peer.calls)
    mend(house, tmp_path)
    assert read_mended(house.inst) == 1
    house.drain()
    assert house.parked() == [] and len(depot.peer.of("fulfillment")) == 1
    assert dict(shop.peer.calls) == calls and read_mended(house.inst) == 0


@both
def test_story_4_a_new_row_in_a_tables_file_releases_what_waits_for_it(house: House, tmp_path: Path) -> None:
    shop, depot = house.shop(), house.depot()
    (tmp_path / "tables").mkdir()
    table = tmp_path / "tables" / "items.csv"
    table.write_text("key,value\n1,ONE\n")
    override(house, tmp_path, "rows: {}")
    for number, item in enumerate(("77", "77", "78")):
        house.say(shop, f"o{number}", [line("a", None, 1, item=item)])
    house.run()
    assert house.parked() == ["mapping.lookup-missing"] * 3 and read_mended(house.inst) == 0
    table.write_text("key,value\n1,ONE\n77,MUG\n")
    read_mended(house.inst)
    house.drain()
    assert house.parked() == ["mapping.lookup-missing"] and len(depot.peer.of("fulfillment")) == 2
    assert read_mended(house.inst) == 0, "what still has no row is not tried over and over"


def test_story_4_a_mapping_that_was_missing_reads_what_waits_for_it(house: House, tmp_path: Path) -> None:
    shop, depot = house.shop(), house.depot()
    override(house, tmp_path, RIGHT)
    (tmp_path / "own" / "order.yaml").unlink()
    house.order(shop)
    assert house.parked() == ["mapping.broken"] and read_mended(house.inst) == 0
    override(house, tmp_path, RIGHT)
    assert read_mended(house.inst) == 1
    house.drain()
    assert house.parked() == [] and len(depot.peer.of("fulfillment")) == 1


def override(house: House, folder: Path, rows: str) -> None:
    """The shop's orders are read by a mapping of the admin's own, as it now stands in its file."""
    (folder / "own").mkdir(parents=True, exist_ok=True)
    (folder / "own" / "order.yaml").write_text(f"extends: shop/order.in\n{rows}\n")
    if folder not in house.inst.mappings.paths:
        house.inst.mappings.paths.insert(0, folder)
    house.inst.mappings.reload()
    with house.inst.db.write() as tx:
        tx.execute(flows.update().where(flows.c.kind == "order").values(mapping="own/order"))


def test_a_missing_mapping_parks_and_says_which(house: House) -> None:
    shop = house.shop()
    house.depot()
    with house.inst.db.write() as tx:
        tx.execute(flows.update().where(flows.c.kind == "order").values(mapping="own/gone"))
    house.order(shop)
    (message,) = house.messages(state="parked")
    assert message.reason == "mapping.broken" and "own/gone" in message.problem["detail"]


def test_an_erased_payload_cannot_be_read_again(house: House) -> None:
    shop = house.shop()
    house.depot()
    house.order(shop, lines=[])
    (message,) = house.messages(state="parked")
    with house.inst.db.write() as tx:
        tx.execute(payloads.update().values(body=None, erased_at=START))
    actions.replay_message(house.inst, message.id, ACTOR)
    house.drain()
    assert house.parked() == ["payload.erased"]
    assert house.rows(select(func.count()).select_from(payloads))[0][0] == 1, "its hash and size stay"
