"""Versions of mappings: nothing changes before it is published, everything is told before that, and all of it can be
taken back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event, select

from hub.cli import doctor
from hub.errors import Refused
from hub.flows.guide import Guide
from hub.flows.inbound.mended import write_mended
from hub.flows.mappings import folder, time_machine, versions
from hub.flows.mappings.versions import Published
from hub.flows.steering import set_mapping
from hub.installation import Installation
from hub.mapping import MappingError
from hub.mapping.comparison import Change
from hub.mapping.samples import write_sample
from hub.sdk import Document
from hub.store.tables import flows, mapping_versions, orders, payloads
from hub.views.messages import message_detail, replay_says
from tests.engine.scripted import both, edi
from tests.engine.scripted.house import ACTOR, House

ORDER = "shop/order.in"
NOTED = "extends: shop/order.in\nrows:\n  note: number | upper\n"
"""A change of the shop's orders: their note is their number."""


def draft(house: House, text: str = NOTED, name: str = ORDER) -> None:
    assert versions.draft(house.inst, {name: text}, ACTOR) == [name]


def publish(house: House, *names: str, force: bool = False) -> Published:
    return versions.publish(house.inst, names or (ORDER,), "as asked", ACTOR, force=force, last=500)


def noted(house: House, id_: str) -> str | None:
    (row,) = house.rows(select(orders).where(orders.c.external_id == id_))
    note: str | None = row.note
    return note


def used(house: House, id_: str) -> str | None:
    """What the message of an order says of the mapping that read it."""
    (message,) = house.messages(kind="order", external_id=id_)
    with house.inst.db.read() as tx:
        found = message_detail(tx, message.id, None)
    assert found is not None
    return found.mapping


# -- drafted, published, rolled back --------------------------------------------------------------------------------


@both
def test_a_publication_counts_from_the_next_batch_on_in_every_process(house: House) -> None:
    shop = house.shop()
    house.depot()
    with Installation(house.inst.config, now=house.clock) as other:
        draft(house)
        house.order(shop, "o1", note="leave at the door")
        assert noted(house, "o1") == "leave at the door"
        assert publish(house).versions == {ORDER: 1}
        house.order(shop, "o2")
        assert noted(house, "o2") == "#O2"
        with other.db.read() as tx:
            assert other.mappings_at(tx).get(ORDER).version == 1


def test_a_batch_reads_by_one_set_of_versions(house: House) -> None:
    house.shop()
    with house.inst.db.read() as tx:
        guide = Guide(house.inst, tx)
        before = guide.mapping(ORDER)
        draft(house)
        publish(house)
        assert guide.library.get(ORDER) is before and guide.library.get("shop/return.in").version == 0
    with house.inst.db.read() as tx:
        assert Guide(house.inst, tx).mapping(ORDER).version == 1


def test_a_batch_asks_once_whether_something_was_published(house: House) -> None:
    house.shop()
    draft(house)
    publish(house)
    asked: list[str] = []
    with house.inst.db.read() as tx:
        Guide(house.inst, tx)
        event.listen(tx, "before_cursor_execute", lambda *call: asked.append(call[2]))
        Guide(house.inst, tx).mapping(ORDER)
    assert sum("FROM settings" in one for one in asked) == 1
    assert not any("mapping_versions" in one for one in asked)


def test_story_37_a_message_names_the_version_and_a_replay_the_one_it_will_use(house: House) -> None:
    shop = house.shop()
    house.depot()
    house.order(shop, "o1")
    draft(house)
    publish(house)
    house.order(shop, "o2")
    house.order(shop, "bad", lines=[])
    draft(house, NOTED.replace("upper", "lower"))
    publish(house)
    house.order(shop, "o3")
    house.clock.forward(60)
    versions.roll_back(house.inst, ORDER, 1, "the upper case was right", ACTOR)
    house.order(shop, "o4")
    assert [used(house, name) for name in ("o1", "o2", "o3", "o4")] == [
        ORDER, f"{ORDER} version 1", f"{ORDER} version 2", f"{ORDER} version 3",
    ]  # fmt: skip
    assert (noted(house, "o3"), noted(house, "o4")) == ("#o3", "#O4")
    (bad,) = house.messages(kind="order", external_id="bad")
    with house.inst.db.read() as tx:
        found = message_detail(tx, bad.id, None)
        assert found is not None
        assert f"Replay uses mapping {ORDER} version 3" in replay_says(house.inst, tx, found)


def test_a_roll_back_is_a_version_of_its_own_and_can_be_rolled_back(house: House) -> None:
    shop = house.shop()
    house.depot()
    draft(house)
    publish(house)
    draft(house, NOTED.replace("upper", "lower"))
    versions.roll_back(house.inst, ORDER, 0, "not yet", ACTOR)
    house.order(shop, "o1")
    assert noted(house, "o1") is None and used(house, "o1") == ORDER
    with pytest.raises(Refused) as refused:
        publish(house)
    assert refused.value.code == "mapping.draft-outdated", "it was drafted on what is not live any more"
    versions.roll_back(house.inst, ORDER, None, "now it is", ACTOR)
    house.order(shop, "o2")
    assert noted(house, "o2") == "#O2" and used(house, "o2") == f"{ORDER} version 3"
    history = house.rows(select(mapping_versions).where(mapping_versions.c.number.is_not(None)))
    assert [(row.number, row.restores, row.publisher, row.reason) for row in history] == [
        (1, None, ACTOR, "as asked"), (2, 0, ACTOR, "not yet"), (3, 1, ACTOR, "now it is"),
    ]  # fmt: skip
    assert [event.actor for event in house.events("mapping.rolled-back")] == [ACTOR, ACTOR]
    with pytest.raises(Refused, match="no other version 9"):
        versions.roll_back(house.inst, ORDER, 9, "no", ACTOR)


def test_what_cannot_be_used_is_not_even_drafted(house: House) -> None:
    with pytest.raises(MappingError) as failed:
        versions.draft(house.inst, {ORDER: "extends: shop/order.in\nrows:\n  note: number | shout\n"}, ACTOR)
    (finding,) = failed.value.findings
    assert (finding.file, finding.line, finding.target) == (f"{ORDER}.yaml@draft", 3, "note")
    with pytest.raises(Refused):
        versions.draft(house.inst, {"../etc/passwd": NOTED}, ACTOR)
    with pytest.raises(Refused, match="no draft"):
        publish(house)
    draft(house)
    publish(house)
    assert versions.draft(house.inst, {ORDER: NOTED}, ACTOR) == [], "it is so already"


def test_what_extends_a_published_mapping_follows_it(house: House, tmp_path: Path) -> None:
    shop = house.shop()
    house.depot()
    house.inst.mappings.paths.insert(0, tmp_path)
    (tmp_path / "own.yaml").write_text('extends: shop/order.in\nrows:\n  email: "ada@shop.test"\n')
    (flow,) = house.rows(select(flows).where(flows.c.connection_id == shop.id, flows.c.kind == "order"))
    set_mapping(house.inst, flow.id, "own", ACTOR)
    house.order(shop, "o1")
    draft(house)
    done = publish(house)
    assert done.trial.mappings == ["own", ORDER] and done.trial.compared.documents == 1
    house.order(shop, "o2")
    assert noted(house, "o2") == "#O2" and used(house, "o2") == "own"


# -- the time machine -----------------------------------------------------------------------------------------------


def differences(house: House, text: str, name: str = ORDER, last: int = 500) -> list[Change]:
    changes: list[Change] = []
    versions.diff(house.inst, name, text, last, changes.extend)
    return changes


def test_a_diff_tells_what_would_become_of_stored_documents(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_machine, "AT_ONCE", 2)
    shop = house.shop()
    house.depot()
    for number in range(5):
        house.order(shop, f"o{number}", note="#O3")
    house.order(shop, "o5", lines=[])
    changes = differences(house, NOTED)
    ids = {m.external_id: m.id for m in house.messages(kind="order")}
    told = [f"message {ids[name]} (order {name})" for name in ("o4", "o2", "o1", "o0")]
    assert [change.document for change in changes] == told
    assert str(changes[0].differences[0]) == 'note: "#O3" became "#O4"'
    assert differences(house, NOTED, last=2) == changes[:1], "the newest two: one fails as before, one changes"
    lenient = 'extends: shop/order.in\nrows:\n  lines:\n    - external_id: "1"\n      quantity: "1"\n'
    assert differences(house, lenient)[0].passes_now


def test_the_time_machine_writes_from_what_was_kept_and_sends_nothing(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    house.order(shop)
    house.ship(depot, "s1", {"id": "p", "lines": [{"line": "1", "quantity": 2}]})
    house.run()
    jobs, messages = len(house.jobs()), len(house.messages())
    name = "depot/fulfillment.out"
    text = "extends: depot/fulfillment.out\nrows:\n  name: ship_to.name | upper\n"
    (change,) = differences(house, text, name)
    assert [str(d) for d in change.differences] == ['name: "Ada King" became "ADA KING"'], "units were asked for then"
    (change,) = differences(house, "extends: depot/fulfillment.out\nrows:\n  location!: location\n", name)
    assert change.fails_now and change.after == ("location mapping.required",)
    assert (len(house.jobs()), len(house.messages())) == (jobs, messages)


def test_partners_documents_are_compared_set_by_set_in_both_directions(house: House) -> None:
    mailbox = house.add("mailbox", "Mailbox")
    house.depot()
    edi.partner(house, mailbox)
    two = edi.interchange(edi.purchase_order("A1"), edi.purchase_order("A2", control="0002"))
    mailbox.peer.put(Document("edi", "one.edi", two, format="x12"))
    house.run()
    changes = differences(house, "extends: x12/850.in\nrows:\n  note: BEG03 | lower\n", "x12/850.in")
    assert [str(change.differences[0]) for change in changes] == [
        'note: nothing became "a2"',
        'note: nothing became "a1"',
    ]
    changes = differences(house, "extends: x12/855.out\nrows:\n  BAK03!: source/BEG03 | lower\n", "x12/855.out")
    assert [str(change.differences[0]) for change in changes] == ['BAK03: "A2" became "a2"', 'BAK03: "A1" became "a1"']


def test_what_the_standard_refuses_fails_and_a_publication_writes_what_waited_for_it(house: House) -> None:
    mailbox = house.add("mailbox", "Mailbox")
    house.depot()
    edi.partner(house, mailbox)
    name, short = "x12/855.out", 'extends: x12/855.out\nrows:\n  BAK02: "XYZ"\n'

    def send(number: int) -> None:
        file = edi.interchange(edi.purchase_order(f"A{number}"), number=number)
        mailbox.peer.put(Document("edi", f"{number}.edi", file, format="x12"))
        house.run()

    send(1)
    (change,) = differences(house, short, name)
    assert change.fails_now and change.after[0].startswith("BAK02: edi.")
    draft(house, short, name)
    publish(house, name, force=True)
    send(2)
    assert house.parked() == ["edi.not-writable"]
    (parked,) = house.messages(state="parked")
    (change, _) = differences(house, 'extends: x12/855.out\nrows: {BAK02: "AT"}\n', name)
    assert change.passes_now and str(parked.id) in change.document, "what waits is told too"
    assert write_mended(house.inst) == 0, "and is not tried over and over"
    done = versions.roll_back(house.inst, name, 0, "a code has two letters", ACTOR)
    assert done.written == 1
    house.drain()
    assert house.parked() == [] and len(edi.sent(mailbox, "855")) == 2


def test_a_file_of_several_documents_is_compared_once_document_by_document(house: House) -> None:
    shop = house.shop()
    house.depot()
    (flow,) = house.rows(select(flows).where(flows.c.connection_id == shop.id, flows.c.kind == "order"))
    set_mapping(house.inst, flow.id, "generic/csv_order.in", ACTOR)
    rows = "order_number,sku,quantity,country,unit_price,currency\nA1,MUG,2,US,9.50,USD\nA2,TEA,none,US,4,USD\n"
    shop.peer.put(Document("order", "orders.csv", rows.encode(), format="csv"))
    house.run()
    text = 'extends: generic/csv_order.in\nrows:\n  lines:\n    quantity!: "1"\n'
    first, second = differences(house, text, "generic/csv_order.in")
    assert str(first.differences[0]) == 'lines[1].quantity: 2 became "1"' and first.document.endswith("orders.csv) (1)")
    assert second.passes_now


def test_what_was_erased_is_left_out(house: House) -> None:
    shop = house.shop()
    house.depot()
    house.order(shop)
    with house.inst.db.write() as tx:
        tx.execute(payloads.update().values(body=None, erased_at=house.clock.now))
    assert differences(house, NOTED) == []


STRICT = "extends: shop/order.in\nrows:\n  note!: note\n"


@both
def test_a_publication_that_would_fail_what_passed_is_refused_unless_forced(house: House) -> None:
    shop = house.shop()
    house.depot()
    house.order(shop, "o1", note="fragile")
    house.order(shop, "o2")
    draft(house, STRICT)
    with pytest.raises(Refused) as refused:
        publish(house)
    assert refused.value.code == "mapping.would-fail" and "order o2" in refused.value.sentence
    house.order(shop, "o3")
    assert used(house, "o3") == ORDER, "nothing has changed"
    assert publish(house, force=True).versions == {ORDER: 1}
    (row,) = house.rows(select(mapping_versions))
    assert row.forced and (row.tested["documents"], row.tested["failing"]) == (3, 2)
    assert "fragile" not in json.dumps(row.tested), "what is kept of a trial holds no values"


def test_a_publication_is_refused_while_a_sample_is_not_as_expected(house: House, tmp_path: Path) -> None:
    house.inst.mappings.paths.insert(0, tmp_path)
    body = json.dumps({"id": "1", "number": "n", "lines": [{"id": "1", "quantity": 1}]}).encode()
    sample = write_sample(tmp_path / "samples" / ORDER / "plain", house.inst.mappings.get(ORDER), body)
    draft(house)
    with pytest.raises(Refused) as refused:
        publish(house)
    assert refused.value.code == "mapping.sample-differs"
    assert f'{ORDER} plain: note: nothing became "N"' in refused.value.sentence
    expected = sample.folder / "expected.json"
    expected.write_text(json.dumps({**json.loads(expected.read_text()), "note": "N"}))
    assert publish(house).trial.samples == 1


# -- what waits goes on ---------------------------------------------------------------------------------------------


@both
def test_story_4_a_publication_reads_what_waits_for_it_from_the_store(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    draft(house, "extends: shop/order.in\nrows:\n  note: wrong | decimal\n")
    publish(house)
    for name in ("o1", "o2"):
        house.say(shop, name, wrong="not a number")
    house.say(shop, "o3", lines=[])
    house.run()
    assert house.parked() == ["mapping.failed", "mapping.failed", "document.invalid"]
    calls = dict(shop.peer.calls)
    draft(house)
    assert publish(house).read == 3
    house.drain()
    assert house.parked() == ["document.invalid"] and len(depot.peer.of("fulfillment")) == 2
    assert dict(shop.peer.calls) == calls


def test_story_3_a_roll_back_writes_what_could_not_go_out(house: House) -> None:
    shop, depot = house.shop(), house.depot()
    name = "depot/fulfillment.out"
    draft(house, "extends: depot/fulfillment.out\nrows:\n  location!: location\n", name)
    publish(house, name)
    house.order(shop)
    assert house.parked() == ["mapping.failed"] and depot.peer.of("fulfillment") == []
    (change,) = differences(house, "extends: depot/fulfillment.out\nrows: {}\n", name)
    assert change.passes_now
    done = versions.roll_back(house.inst, name, 0, "no location is known", ACTOR)
    assert (done.read, done.written) == (0, 1)
    house.drain()
    assert house.parked() == [] and len(depot.peer.of("fulfillment")) == 1


def test_story_3_a_mended_file_writes_what_could_not_go_out(house: House, tmp_path: Path) -> None:
    shop, depot = house.shop(), house.depot()
    file = tmp_path / "depot" / "fulfillment.out.yaml"
    file.parent.mkdir()
    shipped = house.inst.mappings.file_text("depot/fulfillment.out")
    file.write_text(shipped.replace("location: location", "location!: location"))
    house.inst.mappings.paths.insert(0, tmp_path)
    house.inst.mappings.reload()
    house.order(shop)
    assert house.parked() == ["mapping.failed"] and write_mended(house.inst) == 0, "it is the mapping that failed"
    file.write_text(shipped)
    assert write_mended(house.inst) == 1
    house.drain()
    assert house.parked() == [] and len(depot.peer.of("fulfillment")) == 1


# -- files that change, and files to keep ---------------------------------------------------------------------------


@pytest.fixture
def shipped(house: House, tmp_path: Path) -> Callable[[str], None]:
    """Says what the file of the shop's orders holds."""
    text = house.inst.mappings.file_text(ORDER)
    house.inst.mappings.paths.insert(0, tmp_path)

    def write(more: str) -> None:
        (tmp_path / "shop").mkdir(exist_ok=True)
        (tmp_path / "shop" / "order.in.yaml").write_text(text + more)

    write("")
    return write


def test_an_update_under_a_version_changes_nothing_before_it_is_adopted(
    house: House, shipped: Callable[[str], None]
) -> None:
    shop = house.shop()
    house.depot()
    draft(house)
    publish(house)
    assert versions.updates(house.inst) == []
    shipped("  references:\n    shop: number\n")
    (update,) = versions.updates(house.inst)
    assert (update.mapping, update.version, update.file) == (ORDER, 1, ORDER)
    assert update.now is not None and update.now.startswith(update.then)
    assert "mapping.updated" in [found.code for found in doctor.mappings(house.inst)]
    house.order(shop, "o1")
    (row,) = house.rows(select(orders))
    assert row.references == {}, "the version reads by the text that it was written over"
    versions.adopt(house.inst, ORDER, ACTOR)
    assert publish(house).versions == {ORDER: 2} and versions.updates(house.inst) == []
    house.order(shop, "o2")
    assert house.rows(select(orders))[1].references == {"shop": "#o2"} and noted(house, "o2") == "#O2"
    with pytest.raises(Refused, match="as they are"):
        versions.adopt(house.inst, ORDER, ACTOR)


def test_versions_are_kept_in_a_folder_and_brought_back(house: House, tmp_path: Path) -> None:
    draft(house)
    versions.draft(house.inst, {"own": "extends: shop/order.in\nrows:\n  email: email | lower\n"}, ACTOR)
    publish(house, ORDER, "own")
    kept = tmp_path / "kept"
    with pytest.raises(Refused, match="no file"):
        versions.roll_back(house.inst, "own", None, "there is nothing below it", ACTOR)
    assert folder.export(house.inst, kept, []) == ["own", ORDER]
    assert (kept / "shop" / "order.in.yaml").read_text() == NOTED
    assert folder.import_(house.inst, kept, ACTOR).drafted == []
    versions.roll_back(house.inst, ORDER, 0, "start anew", ACTOR)
    (kept / "versions.json").write_text((kept / "versions.json").read_text().replace('"own": "', '"own": "0'))
    done = folder.import_(house.inst, kept, ACTOR)
    assert (done.drafted, done.unchanged) == ([ORDER], ["own"])
    assert publish(house).versions == {ORDER: 3}
    with pytest.raises(Refused, match="no mapping"):
        folder.import_(house.inst, tmp_path / "nothing", ACTOR)


def test_a_version_says_where_it_was_written_over_another_text(
    house: House, shipped: Callable[[str], None], tmp_path: Path
) -> None:
    draft(house)
    publish(house)
    folder.export(house.inst, tmp_path / "kept", [ORDER])
    versions.roll_back(house.inst, ORDER, 0, "start anew", ACTOR)
    shipped("  references:\n    shop: number\n")
    done = folder.import_(house.inst, tmp_path / "kept", ACTOR)
    assert done.other_ground == [(ORDER, ORDER)]
