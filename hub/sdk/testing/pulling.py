"""Cases of pulling: cursors, overlap, changes on the way, trouble on the way."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from hub.sdk.connector import Connector
from hub.sdk.errors import Retry, Unauthorised
from hub.sdk.testing.base import Suite, needs
from hub.sdk.testing.intake import Intake, SpyBudget
from hub.sdk.testing.peer import MANY, RETRY_AFTER, Fault, Peer


class PullCases(Suite):
    """Each runs with every kind in `pull_kinds`."""

    @needs("pulls")
    def test_an_empty_source_then_documents(self, pulled: str, peer: Peer, connect: Callable[[], Connector]) -> None:
        """Nothing there is no error, and the cursor of nothing skips nothing."""
        intake = self.intake(pulled, peer)
        intake.settle(connect, peer)
        assert intake.documents == []
        ids = peer.seed(pulled, 2)
        intake.settle(connect, peer)
        assert intake.ids == set(ids)

    @needs("pulls")
    @pytest.mark.parametrize("same_time", [False, True], ids=["times-differ", "times-equal"])
    def test_story_8_every_document_comes_page_by_page(
        self, pulled: str, same_time: bool, peer: Peer, connect: Callable[[], Connector]
    ) -> None:
        """Equal times across a page border lose nothing."""
        ids = peer.seed(pulled, MANY, same_time=same_time)
        intake = self.intake(pulled, peer)
        intake.settle(connect, peer)
        assert intake.ids == set(ids)
        assert len([p for p in intake.pages if p.documents]) >= 3, "the peer's settings must make small pages"
        for document in intake.documents:
            assert document.kind == pulled and document.complete
            assert document.revised_at is None or document.revised_at.utcoffset() == timedelta(0)

    @needs("pulls")
    @pytest.mark.parametrize("same_time", [False, True], ids=["times-differ", "times-equal"])
    @pytest.mark.parametrize("lose_next", [False, True], ids=["at-the-border", "page-fetched-not-stored"])
    @pytest.mark.parametrize("full_pages", [0, 1, 2, 3])
    def test_story_9_a_crash_between_pages_loses_nothing(
        self,
        pulled: str,
        full_pages: int,
        lose_next: bool,
        same_time: bool,
        peer: Peer,
        connect: Callable[[], Connector],
    ) -> None:
        ids = peer.seed(pulled, MANY, same_time=same_time)
        intake = self.intake(pulled, peer)
        intake.begin(connect, peer, full_pages, lose_next=lose_next)
        intake.settle(connect, peer)
        assert intake.ids == set(ids)
        assert len(intake.revisions) == len(ids), "a document nobody changed came in two revisions"

    @needs("pulls")
    def test_story_7_overlap_repeats_only_what_is_known(
        self, pulled: str, peer: Peer, connect: Callable[[], Connector]
    ) -> None:
        """What overlap brings again is the same in external id and revision, so that the hub can drop it."""
        peer.seed(pulled, MANY)
        intake = self.intake(pulled, peer)
        intake.settle(connect, peer)
        known = intake.revisions
        for _ in range(2):
            peer.pass_time(60)
            intake.pull(connect())
        assert intake.revisions == known
        late = peer.seed(pulled, 1)
        intake.settle(connect, peer)
        assert intake.revisions > known and set(late) <= intake.ids

    @needs("pulls")
    @pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles"])
    def test_story_7_times_are_in_utc_wherever_the_hub_stands(
        self, pulled: str, zone: str, peer: Peer, connect: Callable[[], Connector]
    ) -> None:
        """A cursor or a filter in local time leaves out the hours between here and UTC, or brings them again."""
        with _standing_in(zone):
            intake = Intake(pulled, (peer.now() - timedelta(minutes=1)).astimezone())
            ids = peer.seed(pulled, 2)
            intake.settle(connect, peer)
            assert intake.ids == set(ids)
            peer.pass_time(1800)
            ids += peer.seed(pulled, 2)
            intake.settle(connect, peer)
        assert intake.ids == set(ids) and len(intake.revisions) == len(ids)
        for document in intake.documents:
            assert document.revised_at is None or document.revised_at <= peer.now()

    @needs("pulls")
    @pytest.mark.parametrize("which", [0, MANY - 1], ids=["already-taken", "still-to-come"])
    def test_story_12_a_document_that_changes_while_paging(
        self, pulled: str, which: int, peer: Peer, connect: Callable[[], Connector]
    ) -> None:
        """It moves in the order of changes; its new state comes, and nobody else falls into the gap."""
        ids = peer.seed(pulled, MANY)
        intake = self.intake(pulled, peer)
        intake.begin(connect, peer)
        peer.pass_time(5)
        mark = peer.change(pulled, ids[which])
        intake.settle(connect, peer)
        assert intake.ids >= set(ids) - {ids[which]}
        assert any(mark in document.body for document in intake.documents)

    @needs("pulls")
    def test_story_8_a_document_that_changes_after_it_was_taken(
        self, pulled: str, peer: Peer, connect: Callable[[], Connector]
    ) -> None:
        (external_id,) = peer.seed(pulled, 1)
        intake = self.intake(pulled, peer)
        intake.settle(connect, peer)
        peer.pass_time(5)
        mark = peer.change(pulled, external_id)
        intake.settle(connect, peer)
        assert len(intake.revisions) == 2
        assert [d for d in intake.documents if mark in d.body], "the new state never came"

    @needs("pulls")
    def test_story_11_a_malformed_document_among_good_ones(
        self, pulled: str, peer: Peer, connect: Callable[[], Connector]
    ) -> None:
        """It comes through as it is, to be parked; the others are not held up."""
        ids = peer.seed(pulled, 2)
        bad = peer.seed_malformed(pulled)
        ids += peer.seed(pulled, 2)
        intake = self.intake(pulled, peer)
        intake.settle(connect, peer)
        assert intake.ids == {*ids, bad}

    @needs("pulls")
    def test_a_body_is_a_slice_of_the_bytes_that_arrived(
        self, pulled: str, peer: Peer, connect: Callable[[], Connector]
    ) -> None:
        peer.seed(pulled, MANY)
        intake = self.intake(pulled, peer)
        intake.settle(connect, peer)
        for document in intake.documents:
            assert any(document.body in sent for sent in peer.sent())
        readable = [d.body for d in intake.documents if d.format == "json"]
        assert not readable or any(body not in _rewritten(body) for body in readable), (
            "the peer writes JSON as json.dumps does, so a re-serialised body would not show"
        )

    @needs("pulls", "history")
    def test_a_new_connection_leaves_history_alone(
        self, dated: str, peer: Peer, connect: Callable[[], Connector]
    ) -> None:
        peer.seed(dated, 3)
        peer.pass_time(7200)
        intake = Intake(dated, peer.now())
        peer.pass_time(7200)
        ids = peer.seed(dated, 3)
        intake.settle(connect, peer)
        assert intake.ids == set(ids)

    @needs("pulls", "http")
    def test_story_32_a_limit_while_pulling(
        self, pulled: str, peer: Peer, connect: Callable[[], Connector], budget: SpyBudget
    ) -> None:
        """429: the connection's one budget is held for as long as the other side says, and nothing is lost."""
        ids = peer.seed(pulled, MANY)
        intake = self.intake(pulled, peer)
        intake.begin(connect, peer)
        peer.fail_next(Fault.LIMITED)
        with pytest.raises(Retry) as caught:
            intake.pull(connect())
        assert caught.value.limited and caught.value.after == pytest.approx(RETRY_AFTER, abs=1)
        assert budget.held == [pytest.approx(RETRY_AFTER, abs=1)]
        intake.settle(connect, peer)
        assert intake.ids == set(ids)

    @needs("pulls", "http")
    @pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.LOST_REQUEST])
    def test_an_outage_while_pulling(
        self, pulled: str, fault: Fault, peer: Peer, connect: Callable[[], Connector]
    ) -> None:
        ids = peer.seed(pulled, MANY)
        intake = self.intake(pulled, peer)
        intake.begin(connect, peer)
        peer.fail_next(fault, times=20)
        with pytest.raises(Retry) as caught:
            intake.pull(connect())
        assert not caught.value.limited
        peer.fail_next(fault, times=0)
        intake.settle(connect, peer)
        assert intake.ids == set(ids)

    @needs("pulls", "http", "credential")
    def test_an_expired_credential_while_pulling(
        self, pulled: str, peer: Peer, connect: Callable[[], Connector]
    ) -> None:
        peer.seed(pulled, 1)
        peer.expire_credential()
        with pytest.raises(Unauthorised):
            self.intake(pulled, peer).pull(connect())


@contextmanager
def _standing_in(zone: str) -> Iterator[None]:
    """This process's local time is that of `zone`."""
    before = os.environ.get("TZ")
    try:
        os.environ["TZ"] = zone
        time.tzset()
        yield
    finally:
        os.environ.pop("TZ")
        if before is not None:
            os.environ["TZ"] = before
        time.tzset()


def _rewritten(body: bytes) -> set[bytes]:
    """The ways a careless connector would write a body again."""
    value = json.loads(body)
    return {
        json.dumps(value, separators=separators, ensure_ascii=ascii_only).encode()
        for separators in ((", ", ": "), (",", ":"))
        for ascii_only in (True, False)
    }
