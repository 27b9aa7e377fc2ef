"""Cases of pushing: one key, one effect, whatever happens to the answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hub.sdk.connector import Absent, Connector, Found, Guarantee, Unknown
from hub.sdk.errors import Retry, Unauthorised
from hub.sdk.testing.base import Suite, needs
from hub.sdk.testing.intake import SpyBudget
from hub.sdk.testing.peer import RETRY_AFTER, Fault, Peer


class PushCases(Suite):
    """Each runs with every kind in `push_kinds`."""

    @needs("pushes")
    def test_two_keys_are_two_effects(self, pushed: str, peer: Peer, connect: Callable[[], Connector]) -> None:
        for number in (1, 2):
            connect().push(pushed, peer.payload(pushed, number), f"key-{number}")
        assert len(peer.effects(pushed)) == 2

    @needs("pushes", "key honoured")
    def test_the_same_key_again_is_the_same_effect(
        self, pushed: str, peer: Peer, connect: Callable[[], Connector]
    ) -> None:
        payload = peer.payload(pushed, 1)
        first = connect().push(pushed, payload, "key-1")
        again = connect().push(pushed, payload, "key-1")
        assert again.remote_id == first.remote_id
        assert len(peer.effects(pushed)) == 1

    @needs("pushes", "resends")
    def test_story_42_what_was_delivered_goes_again_once_for_each_time(
        self, pushed: str, peer: Peer, connect: Callable[[], Connector]
    ) -> None:
        """Under the same name, however long ago it was delivered; what it repeats is not delivered by it."""
        payload = peer.payload(pushed, 1)
        first = connect().push(pushed, payload, "key-1")
        for times in (1, 2):
            assert len(peer.effects(pushed)) == times
            for _ in range(2 if self.connector.guarantee is Guarantee.KEY_HONOURED else 1):
                assert connect().resend(pushed, payload, "key-1", times).remote_id == first.remote_id
                assert len(peer.effects(pushed)) == times + 1
        connect().push(pushed, peer.payload(pushed, 2), "key-2")
        assert len(peer.effects(pushed)) == 4

    @needs("pushes", "http")
    def test_a_limit_while_pushing(
        self, pushed: str, peer: Peer, connect: Callable[[], Connector], budget: SpyBudget
    ) -> None:
        payload = peer.payload(pushed, 1)
        peer.fail_next(Fault.LIMITED)
        with pytest.raises(Retry) as caught:
            connect().push(pushed, payload, "key-1")
        assert caught.value.limited and not caught.value.maybe_done
        assert caught.value.after == pytest.approx(RETRY_AFTER, abs=1) and budget.held
        connect().push(pushed, payload, "key-1")
        assert len(peer.effects(pushed)) == 1

    @needs("pushes", "http")
    @pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.LOST_REQUEST])
    def test_an_outage_while_pushing(
        self, pushed: str, fault: Fault, peer: Peer, connect: Callable[[], Connector]
    ) -> None:
        """Nothing took effect; the hub can find that out, and the second push is the first effect."""
        payload = peer.payload(pushed, 1)
        peer.fail_next(fault, times=20)
        with pytest.raises(Retry) as caught:
            connect().push(pushed, payload, "key-1")
        assert not caught.value.limited
        assert len(peer.effects(pushed)) == 0
        peer.fail_next(fault, times=0)
        self.settle_doubt(pushed, payload, peer, connect, expected=Absent)
        connect().push(pushed, payload, "key-1")
        assert len(peer.effects(pushed)) == 1

    @needs("pushes", "http")
    @pytest.mark.parametrize("times", [1, 20], ids=["one-answer-lost", "all-answers-lost"])
    def test_story_41_an_answer_lost_after_the_effect(
        self, pushed: str, times: int, peer: Peer, connect: Callable[[], Connector]
    ) -> None:
        """The doubt is said, and settled as the declared guarantee promises: never a second effect."""
        payload = peer.payload(pushed, 1)
        peer.fail_next(Fault.LOST_ANSWER, times=times)
        try:
            connect().push(pushed, payload, "key-1")
        except Retry as doubt:
            assert doubt.maybe_done and not doubt.limited
        else:
            assert self.connector.guarantee is Guarantee.KEY_HONOURED, "only then may a push be repeated unasked"
        assert len(peer.effects(pushed)) == 1
        peer.fail_next(Fault.LOST_ANSWER, times=0)
        if self.connector.guarantee is Guarantee.KEY_HONOURED:
            connect().push(pushed, payload, "key-1")
        self.settle_doubt(pushed, payload, peer, connect, expected=Found)
        assert len(peer.effects(pushed)) == 1

    def settle_doubt(
        self,
        kind: str,
        payload: bytes,
        peer: Peer,
        connect: Callable[[], Connector],
        *,
        expected: type[Found | Absent],
    ) -> None:
        """Ask after the settle time. Only a connector that declares it can be asked must know."""
        peer.pass_time(self.connector.settle_seconds)
        answer = connect().find(kind, payload, "key-1")
        if self.connector.guarantee is Guarantee.CAN_BE_ASKED:
            assert isinstance(answer, expected)
        else:
            assert isinstance(answer, (expected, Unknown))

    @needs("pushes", "http", "credential")
    def test_an_expired_credential_while_pushing(
        self, pushed: str, peer: Peer, connect: Callable[[], Connector]
    ) -> None:
        payload = peer.payload(pushed, 1)
        peer.expire_credential()
        with pytest.raises(Unauthorised):
            connect().push(pushed, payload, "key-1")
        assert len(peer.effects(pushed)) == 0
