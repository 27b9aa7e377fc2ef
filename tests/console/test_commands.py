"""`hub orders` and `hub messages`, as a person and as a program calls them."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from hub.cli import cli
from hub.errors import HubError
from hub.installation import Installation
from hub.store import tables as t
from tests.console.conftest import NOW
from tests.console.seed import Seed, World


@pytest.fixture
def call(hub: Installation, world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """Run the command line on the world of the other tests."""
    monkeypatch.setenv("HUB_DATABASE", str(hub.config.database))
    monkeypatch.setenv("HUB_DATA_DIR", str(hub.config.data_dir))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(cli, list(arguments), standalone_mode=False)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


def answer(result: Result) -> Any:
    return json.loads(result.output)


def test_orders_are_listed_found_and_paged(call: Callable[..., Result]) -> None:
    first = answer(call("orders", "list", "--limit", "2", "--json"))
    assert [order["number"] for order in first["orders"]] == ["#B-77", "4500981"]
    second = answer(call("orders", "list", "--limit", "1", "--before", str(first["before"]), "--json"))
    assert second["orders"][0]["number"] == "#2003"
    waiting = answer(call("orders", "list", "--state", "waiting", "--json"))["orders"]
    assert [(order["number"], order["holds"]) for order in waiting] == [("#2002", ["hold.unpaid"])]
    assert "#2001" in call("orders", "list", "--search", "JJD000390007").output


def test_an_order_is_named_by_number_external_id_or_id(call: Callable[..., Result], world: World) -> None:
    for name in ("#2001", "2001", "5402001", str(world.partly)):
        shown = answer(call("orders", "show", name, "--json"))
        assert shown["row"]["id"] == world.partly
    assert shown["lines"][0]["units"] == {
        "ordered": 4, "cancelled": 0, "allocated": 1, "shipped": 3, "returned": 1, "open": 0
    }  # fmt: skip
    text = call("orders", "show", "#2001").output
    assert "JJD000390007" in text
    assert "Warehouse Lyon shipped 3 units" in text


def test_an_orders_invoices_stand_with_it(call: Callable[..., Result], hub: Installation, world: World) -> None:
    with hub.db.write() as tx:
        seed = Seed(tx, NOW)
        facts: dict[str, Any] = {"number": "INV-000031", "total": Decimal("55.50"), "paid": Decimal("50.00")}
        seed.invoice(world.partly, [], NOW, sent_to=world.shop, **facts)
    text = call("orders", "show", "#2001").output
    assert "INV-000031" in text and "55.5 EUR" in text
    (shown,) = answer(call("orders", "show", "#2001", "--json"))["invoices"]
    assert (shown["sent"], Decimal(shown["paid"]), shown["issuer"]) == (True, 50, None)


def test_an_unknown_order_is_refused_with_a_code(call: Callable[..., Result]) -> None:
    with pytest.raises(HubError) as refused:
        call("orders", "show", "nothing")
    assert refused.value.code == "order.missing"


def due(hub: Installation, message_id: int) -> list[tuple[str, str]]:
    """The work about one message that waits for a worker: (kind, state)."""
    statement = select(t.jobs.c.kind, t.jobs.c.state).where(t.jobs.c.message_id == message_id)
    with hub.db.read() as tx:
        return [(row.kind, row.state) for row in tx.execute(statement) if row.state in ("pending", "running")]


def test_story_3_a_retried_order_and_a_replayed_message_are_work_again(
    call: Callable[..., Result], world: World, hub: Installation
) -> None:
    assert due(hub, world.parked) == due(hub, world.parked_po) == []
    assert "Trying again: 0 documents, 1 deliveries" in call("orders", "retry", "#2003").output
    assert due(hub, world.parked) == [("deliver", "pending")]
    replayed = answer(call("messages", "replay", str(world.parked_po), "--json"))
    assert replayed == [{"message": world.parked_po, "result": "Reading it again with the present mappings."}]
    assert due(hub, world.parked_po) == [("translate", "pending")]


def test_a_refusal_that_nobody_would_hear_is_refused_itself(call: Callable[..., Result], world: World) -> None:
    with pytest.raises(HubError) as refused:
        call("messages", "refuse", str(world.parked_po), "--reason", "Not as agreed")
    assert refused.value.code == "message.no-advice"
    with pytest.raises(HubError) as refused:
        call("messages", "resend", str(world.parked))
    assert refused.value.code == "message.not-resendable"


def test_story_37_a_replay_says_which_version_of_the_mapping_it_uses(
    call: Callable[..., Result], world: World, hub: Installation
) -> None:
    name = "rest_warehouse/fulfillment.out"
    now = hub.mappings.get(name).hash
    assert f"Mapping {name} {world.mapping_hash[:8]}" in call("messages", "show", str(world.parked)).output
    (replayed,) = answer(call("messages", "replay", str(world.parked), "--json"))
    assert replayed["result"] == (
        "Sending it again, as the order now stands. "
        f"Replay uses mapping {name} {now[:8]}; before it was {world.mapping_hash[:8]}."
    )


def test_story_37_a_replay_says_so_when_its_flow_now_has_another_mapping(
    call: Callable[..., Result], world: World, hub: Installation
) -> None:
    with hub.db.write() as tx:
        values = {"connection_id": world.warehouse, "direction": "out", "kind": "fulfillment", "timezone": "UTC"}
        tx.execute(t.flows.delete().where(t.flows.c.connection_id == world.warehouse, t.flows.c.kind == "fulfillment"))
        tx.execute(t.flows.insert().values(**values, settings={}, mapping="rest_warehouse/cancellation.out"))
    now = hub.mappings.get("rest_warehouse/cancellation.out").hash
    (replayed,) = answer(call("messages", "replay", str(world.parked), "--json"))
    assert replayed["result"].endswith(
        f"Replay uses mapping rest_warehouse/cancellation.out {now[:8]}; "
        f"before it was rest_warehouse/fulfillment.out {world.mapping_hash[:8]}."
    )


def test_story_2_what_a_parked_document_waits_for_is_said_by_name(
    call: Callable[..., Result], world: World, hub: Installation
) -> None:
    facts = {"reason": "mapping.lookup-missing", "awaits": "lookup/buyer_items/4711-X"}
    with hub.db.write() as tx:
        tx.execute(t.messages.update().where(t.messages.c.id == world.parked_po).values(**facts))
    shown = call("messages", "show", str(world.parked_po)).output
    assert "mapping.lookup-missing" in shown and "Waits for lookup/buyer_items/4711-X" in shown
    assert answer(call("messages", "show", str(world.parked_po), "--json"))["row"]["awaits"] == facts["awaits"]
    released = call("table", "set", "buyer_items", "4711-X", "MUG").output
    assert "1 parked document released" in released and due(hub, world.parked_po) == [("translate", "pending")]


def test_an_order_is_cancelled_with_a_reason(call: Callable[..., Result]) -> None:
    assert "Cancelled 2 units" in answer(call("orders", "cancel", "#2002", "--reason", "customer", "--json"))["result"]


def test_messages_are_listed_shown_and_ignored(call: Callable[..., Result], world: World) -> None:
    parked = answer(call("messages", "list", "--state", "parked", "--reason", "order.unknown", "--json"))["messages"]
    assert len(parked) == 3
    shown = answer(call("messages", "show", str(world.parked_po), "--json"))
    assert shown["row"]["reason"] == "order.not-whole"
    assert shown["findings"][0]["where"] == "PO102 (segment 9)"
    assert "2.5 cases of 12" in call("messages", "show", str(world.parked_po)).output
    assert "Ignored." in call("messages", "ignore", str(parked[0]["id"]), "--reason", "test").output
    assert "order" in call("messages", "list").output


def test_raw_prints_the_bytes_and_nothing_else(call: Callable[..., Result], world: World) -> None:
    assert call("messages", "show", str(world.parked_po), "--raw").stdout_bytes.startswith(b"ST*850*0001~BEG*00")
