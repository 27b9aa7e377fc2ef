"""What a person does with a partner's documents on their pages, and what the partner gets of it."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.edi.validation import examine
from hub.engine.local import Worker
from hub.flows.partners import partners
from hub.installation import Installation
from hub.store import tables as t
from tests.console.conftest import NOW, Browser
from tests.console.seed import Seed, World, sent_documents

PARTNER = "Northfield Stores"


@pytest.fixture
def outbox(hub: Installation, world: World, tmp_path: Path) -> Path:
    """Where the partner finds what it is sent."""
    (tmp_path / "out").mkdir()
    settings = {"root": str(tmp_path), "outboxes": {"*": "out"}}
    with hub.db.write() as tx:
        tx.execute(t.connections.update().where(t.connections.c.id == world.partner_folder).values(settings=settings))
    ids = {"qualifier": "ZZ", "value": "NORTHFIELD", "own_qualifier": "ZZ", "own_value": "ALDERASH", "test": False}
    partners.add_ids(hub, PARTNER, {**ids, "location": None}, "ada")
    return tmp_path / "out"


def work(hub: Installation) -> None:
    worker = Worker(hub, threading.Event(), "test")
    worker.drain()
    worker.close()


def test_a_sent_document_goes_again_from_its_page(
    operator: Browser, hub: Installation, world: World, outbox: Path
) -> None:
    with hub.db.write() as tx:
        alone, _ = sent_documents(Seed(tx, NOW), world.partner_folder)
    page = operator.get(f"/messages/{alone}")
    assert "Send this document again" in page and "one interchange" not in page
    page = operator.post(f"/messages/{alone}/resend")
    assert "It goes again as sent, under the same name and control numbers." in page
    assert "message.resend-waits" in operator.post(f"/messages/{alone}/resend")
    work(hub)
    (file,) = outbox.iterdir()
    with hub.db.read() as tx:
        body = tx.execute(select(t.payloads.c.body).where(t.payloads.c.message_id == alone)).scalar_one()
    assert file.read_bytes() == body
    page = operator.get(f"/messages/{alone}")
    again = re.search(r'href="/messages/(\d+)">855 sent again to Northfield files, as it was<', page)
    assert again is not None and f'href="/messages/{alone}"' in operator.get(f"/messages/{again[1]}")


def test_a_document_of_an_interchange_says_what_goes_with_it(
    operator: Browser, hub: Installation, world: World, outbox: Path
) -> None:
    with hub.db.write() as tx:
        _, (one, other) = sent_documents(Seed(tx, NOW), world.partner_folder)
    assert "with 1 other document, and the whole of it goes again" in operator.get(f"/messages/{one}")
    assert "All 2 documents of the interchange go again as sent" in operator.post(f"/messages/{one}/resend")
    work(hub)
    (file,) = outbox.iterdir()
    (interchange,) = examine(file.read_bytes())
    assert [each.set_id for each in interchange.sets] == ["855", "855"]
    assert "855 sent again to Northfield files, as it was" in operator.get(f"/messages/{other}")


def test_a_refused_document_is_answered_in_the_words_of_its_page(
    operator: Browser, hub: Installation, world: World, outbox: Path
) -> None:
    partners.agree(hub, PARTNER, "824", "out", given={}, actor="ada")
    page = operator.post(f"/messages/{world.parked_po}/refuse", {"reason": "Cases are not divided"})
    assert "Refused; its partner is told." in page and "Refuse…" not in page
    work(hub)
    (file,) = outbox.iterdir()
    (interchange,) = examine(file.read_bytes())
    assert [f for f in interchange.all_findings() if f.is_error] == []
    said = file.read_text()
    assert "*NORTHFIELD     *" in said and "*42*0002*850~" in said and "Cases are not divided" in said
