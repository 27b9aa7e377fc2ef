"""The connector on the page docs/write-a-connector.md passes the suite; with a defect put into it, the suite fails."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.sdk.testing import Intake, SpyBudget

PAGE = (Path(__file__).parents[3] / "docs" / "write-a-connector.md").read_text()
IMPORTS = """
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import quote
from marshmallow import Schema, ValidationError, fields
from hub.sdk import *
from hub.sdk.http import Refusal, loads
from hub.sdk.slices import cut_each
from hub.sdk.testing import *
"""


def page() -> dict[str, Any]:
    """What the page's code defines."""
    names: dict[str, Any] = {"__name__": "shelf"}
    for code in [IMPORTS, *re.findall(r"^```python (?:connector|test)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)]:
        exec(compile(code, "docs/write-a-connector.md", "exec"), names)
    return names


NAMES = page()
Shelf: Any = NAMES["ShelfConnector"]
TestShelf = NAMES["TestShelf"]


def test_what_the_page_leaves_out() -> None:
    lacks = {"topics", "key honoured", "resends"}
    assert set(TestShelf.left_out.values()) == {f"shelf declares no {capability}" for capability in lacks}


class CursorOnId(Shelf):
    """Story 8: updates are never seen."""

    def pull(self, kind: str, cursor: Any, start_at: Any) -> Any:
        for page in super().pull(kind, None, start_at):
            fresh = [d for d in page.documents if not cursor or d.external_id > cursor]
            if fresh:
                yield type(page)(fresh, max(d.external_id for d in fresh))
                cursor = max(d.external_id for d in fresh)


class CursorAhead(Shelf):
    """Story 9: the cursor runs ahead of what was handed over."""

    def pull(self, kind: str, cursor: Any, start_at: Any) -> Any:
        pages = list(super().pull(kind, cursor, start_at))
        for page in pages:
            yield type(page)(page.documents, pages[-1].cursor)


class CursorOnTime(Shelf):
    """Equal times across a page border."""

    def pull(self, kind: str, cursor: Any, start_at: Any) -> Any:
        for page in super().pull(kind, cursor, start_at):
            yield type(page)(page.documents, [page.cursor[0], "~"])


class LocalTime(Shelf):
    """Story 7: the filter reads the local clock."""

    def pull(self, kind: str, cursor: Any, start_at: Any) -> Any:
        at, last = cursor or [start_at.isoformat(), ""]
        local = datetime.fromisoformat(at).astimezone().replace(tzinfo=UTC)
        return super().pull(kind, [local.isoformat(), last], start_at)


class Offsets(Shelf):
    """Story 12: pages are counted off from the front, and the set moves meanwhile."""

    def pull(self, kind: str, cursor: Any, start_at: Any) -> Any:
        done = cursor or 0
        while True:
            everything = [d for page in super().pull(kind, None, start_at) for d in page.documents]
            size = self.settings["page_size"]
            if not everything[done:]:
                return
            yield NAMES["Page"](everything[done : done + size], done + size)
            done += size


class Rewritten(Shelf):
    """The body passes through json."""

    def document(self, value: Any, body: bytes) -> Any:
        return super().document(value, NAMES["json"].dumps(value).encode())


class Strict(Shelf):
    """Story 11: one bad document stops the page."""

    def document(self, value: Any, body: bytes) -> Any:
        NAMES["json"].loads(body)["total"].upper()
        return super().document(value, body)


class Certain(Shelf):
    """Story 41: a lost answer is taken for a failure."""

    def push(self, kind: str, payload: bytes, key: str) -> Any:
        try:
            return super().push(kind, payload, key)
        except NAMES["Retry"] as error:
            error.maybe_done = False
            raise


class Forgetful(Shelf):
    """It can be asked, but always says no."""

    def find(self, kind: str, payload: bytes, key: str) -> Any:
        return NAMES["Absent"]()


class Hasty(Shelf):
    """A push that is repeated without asking."""

    def push(self, kind: str, payload: bytes, key: str) -> Any:
        try:
            return super().push(kind, payload, key)
        except NAMES["Retry"]:
            return super().push(kind, payload, key)


@pytest.mark.parametrize(
    ("defect", "case", "facts"),
    [
        (CursorOnId, "test_story_8_a_document_that_changes_after_it_was_taken", {}),
        (LocalTime, "test_story_7_times_are_in_utc_wherever_the_hub_stands", {"zone": "Pacific/Auckland"}),
        (Offsets, "test_story_12_a_document_that_changes_while_paging", {"which": 0}),
        (CursorAhead, "test_story_9_a_crash_between_pages_loses_nothing", {"full_pages": 1, "lose_next": False}),
        (CursorOnTime, "test_story_9_a_crash_between_pages_loses_nothing", {"full_pages": 1, "lose_next": True}),
        (Rewritten, "test_a_body_is_a_slice_of_the_bytes_that_arrived", {}),
        (Strict, "test_story_11_a_malformed_document_among_good_ones", {}),
        (Certain, "test_story_41_an_answer_lost_after_the_effect", {"times": 1}),
        (Forgetful, "test_story_41_an_answer_lost_after_the_effect", {"times": 1}),
        (Hasty, "test_story_41_an_answer_lost_after_the_effect", {"times": 1}),
    ],
)
def test_the_suite_fails_a_connector_with_a_defect(
    defect: Any, case: str, facts: dict[str, Any], tmp_path: Path
) -> None:
    if "story_9" in case:
        facts = {**facts, "same_time": True}
    with pytest.raises((AssertionError, AttributeError)):
        run(defect, case, facts, tmp_path)
    run(Shelf, case, facts, tmp_path)


def run(connector: Any, case: str, facts: dict[str, Any], folder: Path) -> None:
    """One case of the suite against a fresh peer."""
    suite = type("Suite", (TestShelf,), {"connector": connector})()
    peer = suite.make_peer(folder)
    try:
        connect: Callable[[], Any] = lambda: suite.build(peer.settings, SpyBudget())  # noqa: E731
        kind = {"pushed": "shipment"} if "story_41" in case else {"pulled": "order"}
        getattr(suite, case)(**kind, **facts, peer=peer, connect=connect)
    finally:
        peer.close()


def test_the_hub_in_the_suite_stores_cursors_as_json() -> None:
    intake = Intake("order", NAMES["EPOCH"])
    with pytest.raises(TypeError):
        intake.store(NAMES["Page"]([], {"at": NAMES["EPOCH"]}))
