"""What the pages show and what their buttons do, in a browser without scripts."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from hub.flows import actions
from hub.installation import Installation
from hub.store import tables as t
from tests.console.conftest import NOW, Browser
from tests.console.seed import Seed, World


def text_of(page: str) -> str:
    """The words of a page's main part."""
    body = page[page.index("<main") :]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def test_the_overview_answers_its_three_questions(operator: Browser) -> None:
    page = operator.get("/")
    words = text_of(page)
    assert "Flowing, and 6 things wait for a person." in words
    assert "3 parked documents" in words
    assert "1 held order" in words
    assert "Does it add up?" in words
    assert "Better or worse?" in words


def test_every_number_of_the_completeness_table_leads_to_what_is_behind_it(operator: Browser) -> None:
    page = operator.get("/")
    table = page[page.index('class="sums"') : page.index("Better or worse?")]
    links = re.findall(r'<a href="([^"]+)"><b>([\d,]+)</b> ([\w -]+)</a>', table)
    assert {name for _, _, name in links} >= {"done", "parked", "cancelled", "held", "allocated", "shipped", "pending"}
    for address, number, name in links:
        listed = operator.get(address.replace("&amp;", "&"))
        rows = listed.count('<td class="lead">')
        assert rows > 0, (address, name)
        if "/messages" in address:
            assert rows == int(number), (address, name)


def test_an_empty_installation_says_what_to_do(person: Callable[..., Browser]) -> None:
    browser = person("admin")
    assert "hub connection add" in browser.get("/")
    for page in ("/orders", "/flows", "/connections", "/attention", "/messages"):
        assert "<h2>" in browser.get(page)


@pytest.mark.parametrize(
    "wanted", ["2001", "#2001", "5402001", "JJD000390007", "gift-50", "APRON", "000000042/42/0001"]
)
def test_search_finds_orders_by_whatever_people_have_in_hand(operator: Browser, wanted: str) -> None:
    response = operator.client.get("/search", query_string={"q": wanted}, follow_redirects=True)
    assert response.status_code == 200
    page = response.get_data(as_text=True)
    expected = {"APRON": "#2002", "000000042/42/0001": "4500981"}.get(wanted, "#2001")
    assert expected in page


def test_search_finds_an_interchange_by_its_control_number(operator: Browser, world: World) -> None:
    assert f"/messages/{world.interchange}" in operator.get("/search?q=000000042")


def test_filters_live_in_the_address_and_can_be_taken_away(operator: Browser) -> None:
    page = operator.get("/orders?state=waiting")
    assert "#2002" in page
    assert "#2001" not in page
    assert '<a class="chip on" href="/orders" aria-current="true">Waiting for a person' in page
    assert "No order fits" in operator.get("/orders?q=nothing-like-this")
    failed = operator.get("/orders?state=failed")
    assert "#2003" in failed
    assert "#2002" not in failed


@pytest.mark.parametrize(
    ("has", "there"),
    [("held", "#2002"), ("returned", "#2001"), ("unwritten", "#2001"), ("cancelled", "#1009"), ("open", "4500981")],
)
def test_orders_are_found_by_what_they_have(operator: Browser, has: str, there: str) -> None:
    assert there in operator.get(f"/orders?has={has}")


def test_every_order_has_the_status_by_which_it_is_found(operator: Browser) -> None:
    words = {"flowing": "Flowing", "done": "Done", "waiting": "Waiting for a person", "failed": "Failed"}
    found = 0
    for state, word in words.items():
        page = operator.get(f"/orders?state={state}")
        statuses = re.findall(r'<span class="badge (\w+)">', page)
        assert set(statuses) <= {state}, word
        found += len(statuses)
    assert found == operator.get("/orders").count('<td class="lead">')


def test_pages_are_keyset_paged_both_ways(operator: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = re.findall(r'href="/orders/(\d+)"><b>', operator.get("/orders"))
    monkeypatch.setattr("hub.views.orders.order_list.__defaults__", (5,))
    seen: list[str] = []
    address = "/orders"
    while address:
        page = operator.get(address)
        seen += re.findall(r'href="/orders/(\d+)"><b>', page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        address = older[1] if older else ""
    assert seen == everything
    newer = re.search(r'rel="prev" href="([^"]+)"', page)
    assert newer
    last = len(re.findall(r'href="/orders/(\d+)"><b>', page))
    assert re.findall(r'href="/orders/(\d+)"><b>', operator.get(newer[1])) == everything[-last - 5 : -last]


def test_orders_export_as_csv_without_formulas(operator: Browser, hub: Installation, world: World) -> None:
    with hub.db.write() as tx:
        Seed(tx, NOW).order(world.shop, "=HYPERLINK(1)", [{"sku": "A", "units": 1}], NOW, external_id="evil")
    rows = list(csv.reader(io.StringIO(operator.get("/orders.csv"))))
    assert rows[0][0] == "number"
    assert rows[1][0] == "'=HYPERLINK(1)"
    order = next(row for row in rows if row[0] == "#2001")
    assert order[4:6] == ["Flowing", "partly shipped"]
    assert order[-5:] == ["6", "1", "1", "4", "1"]


def test_story_19_an_order_shows_quantities_per_line(operator: Browser, world: World) -> None:
    words = text_of(operator.get(f"/orders/{world.partly}"))
    assert "4 ordered 3 shipped 1 allocated 1 returned" in words
    assert "2 ordered 1 shipped 1 cancelled" in words
    assert "Nothing to ship" in words
    assert "JJD000390007" in words
    assert "Alder &amp; Ash shop has not been told yet" in words


def test_an_order_shows_its_invoices_with_their_documents(operator: Browser, hub: Installation, world: World) -> None:
    with hub.db.write() as tx:
        seed = Seed(tx, NOW)
        line = tx.execute(select(t.order_lines.c.id).where(t.order_lines.c.order_id == world.partly)).scalars().first()
        assert line is not None
        facts: dict[str, Any] = {"number": "INV-000031", "total": Decimal("55.50"), "sent_to": world.shop}
        seed.invoice(world.partly, [(line, 3)], NOW, paid=Decimal("50.00"), **facts)
        seed.invoice(world.partly, [(line, 1)], NOW, number=None, issued_on=None)
        kept = {"connection_id": world.warehouse, "scope": "theirs", "number": "W-77", "total": Decimal("9.10")}
        seed.invoice(world.partly, [(line, 3)], NOW, kind="credit", **kept)
    page = operator.get(f"/orders/{world.partly}")
    words = text_of(page)
    assert "INV-000031 55.50 EUR 3 × MUG-STONE" in words and "paid 50.00" in words
    assert "No number yet" in words and "has not got it yet" in words
    assert "Credit note W-77 from Warehouse Lyon 9.10 EUR" in words and "Kept here" in words
    assert "Order #2001" in operator.client.get("/search?q=INV-000031", follow_redirects=True).get_data(as_text=True)
    (link,) = re.findall(r'href="(/messages/\d+)">INV-000031</a>', page)
    assert "INV-000031" in operator.get(link)


def test_an_orders_story_is_sentences_with_every_document_one_click_away(operator: Browser, world: World) -> None:
    page = operator.get(f"/orders/{world.partly}")
    words = text_of(page)
    assert "Order received from the shop: 3 lines, 7 units to ship" in words
    assert "Routed to Warehouse Lyon: 2 lines, 5 units" in words
    assert "Warehouse Lyon gave back 1 of 2 units" in words
    assert "Warehouse Lyon shipped 3 units in 1 package" in words
    for link in set(re.findall(r'href="(/messages/\d+)"', page)):
        assert "raw bytes" in operator.get(link)


def test_story_3_retry_and_replay_stand_on_the_order_and_on_the_document(
    operator: Browser, world: World, hub: Installation
) -> None:
    on_order = operator.get(f"/orders/{world.parked_order}")
    assert "Retry order" in on_order
    assert "Replay document" in on_order
    assert "the postcode 1099 is no German postcode" in on_order
    assert "Replay document" in operator.get(f"/messages/{world.parked}")
    assert "Trying again: 0 documents, 1 deliveries" in operator.post(f"/orders/{world.parked_order}/retry")
    with hub.db.read() as tx:
        (job,) = tx.execute(t.jobs.select().where(t.jobs.c.message_id == world.parked)).all()
    assert job.state == "pending"


def test_replay_of_a_purchase_order_reads_it_again(operator: Browser, world: World, hub: Installation) -> None:
    page = operator.post(f"/messages/{world.parked_po}/replay")
    assert "Reading it again with the present mappings." in page
    with hub.db.read() as tx:
        row = tx.execute(t.messages.select().where(t.messages.c.id == world.parked_po)).one()
        events = tx.execute(t.events.select().where(t.events.c.message_id == world.parked_po)).all()
    assert row.state == "received"
    assert [(e.kind, e.actor) for e in events] == [("message.replayed", "operator")]
    assert "replayed" in text_of(operator.get(f"/messages/{world.parked_po}"))


def test_only_what_was_sent_by_edi_offers_to_go_again(operator: Browser, world: World) -> None:
    page = operator.post(f"/messages/{world.parked}/resend")
    assert "Only EDI that we sent can be sent again as it was." in page and "message.not-resendable" in page
    assert "Send again…" not in page


def test_a_document_is_refused_with_words_for_its_partner(operator: Browser, world: World) -> None:
    address = f"/messages/{world.parked_po}"
    assert "Refuse…" in operator.get(address) and "Refuse…" not in operator.get(f"/messages/{world.parked}")
    assert operator.send(f"{address}/refuse", {"reason": " "}).status_code == 422
    assert "message.no-advice" in operator.post(f"{address}/refuse", {"reason": "Not as agreed"})


def test_ignoring_needs_a_reason_and_can_be_taken_back(operator: Browser, world: World) -> None:
    assert operator.send(f"/messages/{world.parked_po}/ignore", {"reason": " "}).status_code == 422
    page = operator.post(f"/messages/{world.parked_po}/ignore", {"reason": "entered by hand"})
    assert "Replay it after all" in page
    assert "Paused" in page


def test_the_parked_are_grouped_by_cause_and_acted_on_at_once(
    operator: Browser, world: World, hub: Installation
) -> None:
    words = text_of(operator.get("/attention"))
    assert "3 parked documents" in words
    assert "Waits for order 450100, which releases it." in words
    page = operator.post("/attention/act", {"do": "replay-all", "group": "order.unknown"})
    assert "3 documents are replayed." in page
    assert "3 parked documents" not in page


def test_chosen_documents_are_ignored_together(operator: Browser, hub: Installation) -> None:
    page = operator.get("/attention?reason=order.unknown")
    assert "held order" not in page
    ids = re.findall(r'name="id" value="(\d+)"', page)
    assert len(ids) == 3
    answer = operator.post("/attention/act", {"do": "ignore", "id": ids[:2], "why": "test files"})
    assert "2 documents are ignored." in answer


def test_releasing_a_hold_says_what_came_of_it(operator: Browser, world: World) -> None:
    assert "Release hold: sends 2 units" in operator.get(f"/orders/{world.held}")
    page = operator.post(f"/orders/{world.held}/holds/{world.hold}/release")
    assert "Hold released: hold.unpaid" in text_of(page)
    assert "by operator" in page
    again = operator.post(f"/orders/{world.held}/holds/{world.hold}/release")
    assert "This hold is no longer open." in again


def test_cancelling_tells_what_it_will_do_and_asks_why(operator: Browser, world: World) -> None:
    assert "This cannot be undone." in operator.get(f"/orders/{world.held}")
    assert operator.send(f"/orders/{world.held}/cancel").status_code == 422
    page = operator.post(f"/orders/{world.held}/cancel", {"reason": "customer"})
    assert "cancelled" in text_of(page)


@pytest.mark.parametrize(
    ("action", "form", "said"),
    [
        ("hold", {"reason": "address is checked"}, "Held"),
        ("ship-outside", {}, "shipped outside"),
        ("close-short", {}, "Closed short"),
        ("retry", {}, "Trying again"),
    ],
)
def test_a_person_states_the_truth_by_hand(
    operator: Browser, world: World, action: str, form: dict[str, object], said: str
) -> None:
    assert said in operator.post(f"/orders/{world.foreign}/{action}", form)


def test_a_delivery_that_could_not_be_made_waits_for_a_person(
    operator: Browser, world: World, hub: Installation
) -> None:
    error = {"code": "mapping.path-missing", "detail": "ship_to.city is missing."}
    with hub.db.write() as tx:
        seed = Seed(tx, NOW)
        seed.job(world.warehouse, "deliver", "fulfillment", "parked", order_id=world.foreign, key="f/1", error=error)
    words = text_of(operator.get("/attention"))
    assert "1 parked delivery" in words
    assert "ship_to.city is missing." in words
    assert "The fulfillment could not be made." in text_of(operator.get(f"/orders/{world.foreign}"))
    assert "#B-77" in operator.get("/orders?state=failed")
    assert "Trying again" in operator.post(f"/orders/{world.foreign}/retry", {"back": "attention"})


def test_edi_has_a_segment_on_each_line_with_the_faulty_one_marked(operator: Browser, world: World) -> None:
    page = operator.get(f"/messages/{world.parked_po}")
    assert "<span>ST*850*0001~</span><span" in page
    assert '<span class="marked">PO1*1*2.5*CA*118.80**UP*614141000036*VN*MUG-STONE~</span>' in page
    assert f'href="/messages/{world.interchange}"' in page
    parent = operator.get(f"/messages/{world.interchange}")
    assert f'href="/messages/{world.parked_po}"' in parent
    assert "<span>GS*PO*NORTHFIELD*ALDERASH*20261123*0912*42*X*004010~</span>" in parent


def test_json_is_indented_and_its_numbers_stay_as_they_came(operator: Browser, hub: Installation, world: World) -> None:
    with hub.db.write() as tx:
        message = Seed(tx, NOW).message(world.shop, "in", "order", '{"a":[1.10,{"b":"{x}, \\"y\\""}],"c":{},"d":[]}')
    page = operator.get(f"/messages/{message}").replace("&#34;", '"')
    assert '{\n  "a": [\n    1.10,\n    {\n      "b": "{x}, \\"y\\""\n    }\n  ],\n  "c": {},\n  "d": []\n}' in page


def test_what_the_other_side_said_of_a_refusal_stands_with_it(
    operator: Browser, world: World, hub: Installation
) -> None:
    with hub.db.write() as tx:
        seed = Seed(tx, NOW)
        problem = {"code": "connector.rejected", "detail": "the warehouse refuses it", "field": "ship_to.name"}
        facts = {"state": "parked", "reason": problem["code"], "problem": problem}
        message = seed.message(world.warehouse, "out", "fulfillment", {"ship_to": {"name": "Ada"}}, **facts)
        answer = seed.payload(message, "answer", b"No Ada <b>here</b>.")
    page = operator.get(f"/messages/{message}")
    assert f'href="#payload-{answer}"' in page and f'id="payload-{answer}"' in page
    assert "<pre>No Ada &lt;b&gt;here&lt;/b&gt;.</pre>" in page
    assert "At ship_to.name" in text_of(page)


def test_raw_bytes_come_as_they_are_and_are_never_run(operator: Browser, world: World) -> None:
    page = operator.get(f"/messages/{world.parked_po}")
    link = re.search(r'href="(/messages/\d+/payloads/\d+)"', page)
    assert link
    response = operator.client.get(link[1])
    assert response.data.startswith(b"ST*850*0001~BEG")
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.mimetype == "application/octet-stream"
    assert operator.status(link[1].replace(str(world.parked_po), str(world.parked), 1)) == 404


def test_what_others_sent_is_shown_not_obeyed(operator: Browser, hub: Installation, world: World) -> None:
    with hub.db.write() as tx:
        seed = Seed(tx, NOW)
        lines = [{"sku": "<b>sku</b>", "title": "<script>alert(1)</script>", "units": 1}]
        order, _ = seed.order(world.shop, "#<i>9</i>", lines, NOW, external_id="x1")
    page = operator.get(f"/orders/{order}")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_erased_bytes_leave_their_hash(operator: Browser, hub: Installation, world: World) -> None:
    with hub.db.write() as tx:
        tx.execute(t.payloads.update().where(t.payloads.c.message_id == world.parked).values(body=None, erased_at=NOW))
    assert "Its SHA-256 was" in operator.get(f"/messages/{world.parked}")


def test_story_37_a_document_shows_the_mapping_it_used_and_the_one_a_replay_would_use(
    operator: Browser, world: World, hub: Installation
) -> None:
    page = operator.get(f"/messages/{world.parked}")
    assert world.mapping_hash[:8] in page
    now = hub.mappings.get("rest_warehouse/fulfillment.out").hash
    said = f"Replay uses mapping rest_warehouse/fulfillment.out {now[:8]}; before it was {world.mapping_hash[:8]}."
    assert said in page
    assert "target: fulfillment" in operator.get(f"/mappings/texts/{world.mapping_hash}")


def test_flows_pause_with_a_way_back(operator: Browser, hub: Installation, world: World) -> None:
    page = operator.post("/flows/1/pause")
    assert "The flow is paused." in page
    assert "Resume</button>" in page
    assert "The flow is resumed." in operator.post("/flows/1/resume")
    assert "Pulling now." in operator.post("/flows/1/run")
    assert operator.send("/flows/999/run").status_code == 404


def test_outbound_is_stopped_with_one_switch(person: Callable[..., Browser], world: World, hub: Installation) -> None:
    admin = person("admin")
    assert "All outbound is stopped." in admin.post("/outbound/stop")
    assert "Outbound is stopped" in admin.get("/")
    assert "All outbound is started." in admin.post("/outbound/start")
    assert "Outbound to Warehouse Lyon is stopped." in admin.post(f"/outbound/stop?connection_id={world.warehouse}")
    assert "Alder &amp; Ash shop is now shadow." in admin.post(f"/connections/{world.shop}/mode/shadow")


def test_trouble_leads_the_overview_and_is_cleared(
    person: Callable[..., Browser], world: World, hub: Installation
) -> None:
    admin = person("admin")
    trouble = {"trouble": "connector.unauthorised", "trouble_detail": "The token was refused."}
    with hub.db.write() as tx:
        tx.execute(t.connections.update().where(t.connections.c.id == world.warehouse).values(**trouble))
    assert "Not flowing: Warehouse Lyon: The token was refused." in text_of(admin.get("/"))
    assert "is called again." in admin.post(f"/connections/{world.warehouse}/mended")


def test_a_refused_action_says_why_with_its_code(
    operator: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hub.errors import Refused

    def refuse(*arguments: object, actor: str) -> str:
        raise Refused("order.nothing-to-cancel", "Nothing of this order can still be cancelled.")

    monkeypatch.setattr(actions, "cancel_order", refuse)
    page = operator.post(f"/orders/{world.held}/cancel", {"reason": "x"})
    assert "Nothing of this order can still be cancelled." in page
    assert "/docs/codes/order.nothing-to-cancel" in page


def test_no_page_of_the_rail_is_a_dead_link(operator: Browser) -> None:
    page = operator.get("/")
    frame = page[: page.index("<main")]
    links = set(re.findall(r'href="(/[^"]*)"', frame))
    assert {"/", "/orders", "/attention", "/flows", "/connections", "/docs", "/account"} <= links
    for link in links:
        assert operator.status(link) == 200, link


def test_documentation_is_rendered_with_its_anchors_and_links(
    operator: Browser, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    docs = tmp_path_factory.mktemp("docs")
    (docs / "errors.md").write_text("# Errors\n\n## `order.held`\n\nIt is held; see [flows](flows.md#x). <b>no</b>\n")
    (docs / "flows.md").write_text("# Flows of things\n")
    monkeypatch.setattr("hub.console.documentation.DOCS", docs)
    assert "Flows of things" in operator.get("/docs")
    assert operator.client.get("/docs/codes/order.held").location == "/docs/errors#orderheld"
    page = operator.get("/docs/errors")
    assert 'id="orderheld"' in page
    assert 'href="/docs/flows#x"' in page
    assert "<b>no</b>" not in page
    assert operator.status("/docs/codes/no.such") == 404
    assert operator.status("/docs/..%2fREADME") == 404
    assert operator.status("/docs/nothing") == 404


def test_unknown_pages_say_so(operator: Browser) -> None:
    assert operator.status("/orders/99999") == 404
    assert operator.status("/nothing") == 404
    assert "There is no such order." in operator.client.get("/orders/99999").get_data(as_text=True)


def test_refreshing_by_itself_is_worked_out_once_for_all_viewers(
    operator: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hub.console import pages

    asked: list[object] = []
    real = pages.overview_of
    monkeypatch.setattr("hub.console.recent.SHARE_OF_TIME", 1e6)
    monkeypatch.setattr(pages, "overview_of", lambda *arguments: asked.append(arguments) or real(*arguments))
    for _ in range(3):
        operator.get("/", headers={"HX-Request": "true", "HX-Trigger": "live"})
    assert len(asked) == 1
    operator.get("/")
    operator.get("/?window=week", headers={"HX-Request": "true", "HX-Trigger": "live"})
    assert len(asked) == 3


def test_work_that_nobody_takes_is_said_at_the_top(
    person: Callable[..., Browser], hub: Installation, world: World
) -> None:
    admin = person("admin")
    with hub.db.write() as tx:
        seed = Seed(tx, NOW)
        seed.job(world.warehouse, "deliver", "fulfillment", "pending", due_at=seed.ago(minutes=9), lane="late")
    assert "Work is due and nobody takes it." in admin.get("/")
    assert "1 job is due, the oldest for 9 min" in text_of(admin.get("/"))
    admin.post("/outbound/stop")
    assert "nobody takes it" not in admin.get("/")
    admin.post("/outbound/start")
    admin.post(f"/connections/{world.warehouse}/mode/off")
    assert "nobody takes it" not in admin.get("/")
