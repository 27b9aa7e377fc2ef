"""What stands in for the hub while a connector is under test: its intake and its budget of calls."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime

from hub.sdk.connector import Connector, Document, Json, Page
from hub.sdk.testing.peer import Peer


class SpyBudget:
    """A budget that never waits and remembers what it was told."""

    def __init__(self) -> None:
        self.taken = 0.0
        self.held: list[float] = []

    def take(self, cost: float = 1.0) -> None:
        self.taken += cost

    def observe(self, remaining: float | None, per_second: float | None, capacity: float | None) -> None:
        pass

    def hold_until(self, seconds: float) -> None:
        self.held.append(seconds)


def revision(document: Document) -> tuple[str, datetime | None, str]:
    """What the hub tells revisions apart by: external id, source time, content hash."""
    return document.external_id, document.revised_at, hashlib.sha256(document.body).hexdigest()


class Intake:
    """What the hub keeps of one flow: each page stored in one step with its cursor, which passes through JSON."""

    def __init__(self, kind: str, start_at: datetime) -> None:
        self.kind = kind
        self.start_at = start_at
        self.cursor: Json = None
        self.pages: list[Page] = []

    @property
    def documents(self) -> list[Document]:
        return [document for page in self.pages for document in page.documents]

    @property
    def ids(self) -> set[str]:
        return {document.external_id for document in self.documents}

    @property
    def revisions(self) -> set[tuple[str, datetime | None, str]]:
        return {revision(document) for document in self.documents}

    def store(self, page: Page) -> None:
        self.pages.append(page)
        self.cursor = json.loads(json.dumps(page.cursor))

    def pull(self, connector: Connector, *, full_pages: int | None = None, lose_next: bool = False) -> None:
        """Pull to the end, or die after that many pages with documents.

        `lose_next`: die later, when the page after them was fetched but not yet stored.
        """
        pages = connector.pull(self.kind, self.cursor, self.start_at)
        while full_pages is None or full_pages > 0:
            page = next(pages, None)
            if page is None:
                return
            self.store(page)
            if full_pages is not None and page.documents:
                full_pages -= 1
        if lose_next:
            next(pages, None)

    def begin(self, connect: Callable[[], Connector], peer: Peer, pages: int = 1, *, lose_next: bool = False) -> None:
        """Store that many pages with documents, then die. A source that wants a second look gets it."""
        for _ in range(3):
            self.pull(connect(), full_pages=pages, lose_next=lose_next)
            if self.documents or not pages:
                return
            peer.pass_time(1)
        raise AssertionError(f"pull {self.kind} brings nothing in three pulls")

    def settle(self, connect: Callable[[], Connector], peer: Peer) -> None:
        """Pull, each time as a new process would, until two pulls running bring nothing new."""
        quiet = 0
        for _ in range(20):
            known = self.revisions
            self.pull(connect())
            peer.pass_time(1)
            quiet = quiet + 1 if self.revisions == known else 0
            if quiet == 2:
                return
        raise AssertionError(f"pull {self.kind} brings new revisions for ever, of documents nobody changes")
