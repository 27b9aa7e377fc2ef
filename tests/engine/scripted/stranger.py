"""A trading partner that others wrote (`mock-edi`), behind a mailbox: files are carried to and fro between us."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from hub.sdk import Document
from tests.engine.scripted.edi import US
from tests.engine.scripted.house import House, Side


class Stranger:
    """The partner, and what of its files and ours has been carried."""

    def __init__(self, mock: Any, house: House, mailbox: Side) -> None:
        self.mock, self.house, self.mailbox = mock, house, mailbox
        self._fetched: set[Any] = set()
        self._brought = 0

    def converse(self) -> None:
        """Carry what either side has to say to the other, until both are silent."""
        while self._bring() + self._fetch():
            self.house.run()

    def _bring(self) -> int:
        """Ours to them."""
        ours = self.mailbox.peer.effects[self._brought :]
        self._brought += len(ours)
        for effect in ours:
            self.mock.send(effect.payload.decode("latin-1"))
        return len(ours)

    def _fetch(self) -> int:
        """Theirs to us, in the order in which they were written."""
        self.mock.advance(everything=True)
        theirs = [row for row in self.mock.documents() if row["direction"] == "out" and row["id"] not in self._fetched]
        for row in sorted(theirs, key=lambda row: row["id"]):
            self._fetched.add(row["id"])
            whole = self.mock.expect("GET", f"/_mock/documents/{row['id']}")["payload"]
            self.mailbox.peer.put(Document("edi", f"{row['id']}.edi", whole.encode("latin-1"), format="x12"))
        return len(theirs)

    def order(self, number: str) -> Any:
        """An order as the partner's books have it."""
        return self.mock.order(number)


@contextmanager
def stranger(house: House, mailbox: Side, name: str, **facts: Any) -> Iterator[Stranger]:
    """Start the partner under this name; `facts`: what it knows of us, as `mock-edi` calls it."""
    testing = pytest.importorskip("mockedi.testing", reason="needs mock-edi (make test installs it)")
    with testing.Mock.start(as2_id=name) as mock:
        mock.expect("POST", "/_mock/partners", {"id": US, "name": "Hub", "test": False, **facts}, status=201)
        yield Stranger(mock, house, mailbox)
