"""How the suite is bound to a connector: fixtures, parameters, and which cases apply."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest

from hub.sdk.connector import Connector, Guarantee, secret_names
from hub.sdk.errors import Unauthorised
from hub.sdk.http import Http
from hub.sdk.testing.intake import Intake, SpyBudget
from hub.sdk.testing.peer import Peer

Case = TypeVar("Case", bound=Callable[..., None])


def needs(*capabilities: str) -> Callable[[Case], Case]:
    """Mark a case with the declared capabilities without which it cannot be."""

    def mark(case: Case) -> Case:
        case.__dict__["needs"] = capabilities
        return case

    return mark


class Suite:
    """What every group of cases shares. `ConnectorSuite` joins the groups."""

    connector: ClassVar[type[Connector]]
    over_http: ClassVar[bool] = True
    """False for a connector that makes no HTTP calls: then there are no HTTP faults to survive."""
    pull_kinds: ClassVar[Sequence[str] | None] = None
    """The kinds to run the pulling cases with; by default all that the class declares. Needed where settings decide."""
    history_kinds: ClassVar[Sequence[str] | None] = None
    """The kinds of which a new connection leaves history alone; by default all. Not those that state how things are
    now (stock), nor those of a source that forgets what was taken (a folder)."""
    push_kinds: ClassVar[Sequence[str] | None] = None
    left_out: ClassVar[Mapping[str, str]] = {}

    def make_peer(self, folder: Path) -> Peer:
        """A fresh fake of the other side. `folder` is empty and the test's own."""
        raise NotImplementedError

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "connector" not in cls.__dict__:
            return
        capabilities = cls._capabilities()
        left_out = {}
        for name in dir(cls):
            missing = [c for c in getattr(getattr(cls, name), "needs", ()) if c not in capabilities]
            if missing:
                left_out[name] = f"{cls.connector.type} declares no {missing[0]}"
                setattr(cls, name, None)
        cls.left_out = left_out

    @classmethod
    def _capabilities(cls) -> set[str]:
        connector = cls.connector
        declared = {
            "pulls": cls.pull_kinds or connector.pulls,
            "pushes": cls.push_kinds or connector.pushes,
            "resends": connector.resends,
            "topics": connector.topics,
            "http": cls.over_http,
            "history": cls._dated(),
            "credential": secret_names(connector.Settings),
            "key honoured": connector.guarantee is Guarantee.KEY_HONOURED,
            "can be asked": connector.guarantee is Guarantee.CAN_BE_ASKED,
        }
        return {name for name, present in declared.items() if present}

    @classmethod
    def _dated(cls) -> Sequence[str]:
        if cls.history_kinds is not None:
            return cls.history_kinds
        return cls.pull_kinds or sorted(cls.connector.pulls)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One case for each kind or topic the connector declares."""
        connector = self.connector
        for name, values in (
            ("pulled", self.pull_kinds or sorted(connector.pulls)),
            ("dated", self._dated()),
            ("pushed", self.push_kinds or sorted(connector.pushes)),
            ("topic", sorted(connector.topics)),
        ):
            if name in metafunc.fixturenames:
                metafunc.parametrize(name, values)

    @pytest.fixture
    def peer(self, tmp_path: Path) -> Iterator[Peer]:
        peer = self.make_peer(tmp_path)
        yield peer
        peer.close()

    @pytest.fixture
    def budget(self) -> SpyBudget:
        return SpyBudget()

    @pytest.fixture
    def connect(self, peer: Peer, budget: SpyBudget) -> Callable[[], Connector]:
        """A new connector on the peer's settings, as a new process would make it."""
        return lambda: self.build(peer.settings, budget)

    def build(self, settings: Mapping[str, Any], budget: SpyBudget) -> Connector:
        """Load settings and bring up the connector, with short time limits."""
        http = Http("http://unset.invalid", budget=budget, timeout=(1.0, 1.0))
        return self.connector(self.connector.Settings().load(dict(settings)), http)

    def intake(self, kind: str, peer: Peer) -> Intake:
        """An empty intake whose start lies before everything the peer will hold."""
        return Intake(kind, peer.now() - timedelta(days=1))

    def test_declares_what_it_can(self, connect: Callable[[], Connector], budget: SpyBudget) -> None:
        """What is declared is there, so that no case was left out that should have run."""

        def overrides(name: str) -> bool:
            return getattr(self.connector, name) is not getattr(Connector, name)

        made = connect()
        made.check()
        assert bool(budget.taken) is self.over_http, "`over_http` must say whether the connector makes HTTP calls"
        assert overrides("pull") == bool(made.pulls)
        assert overrides("push") == bool(made.pushes)
        assert overrides("resend") == made.resends
        assert overrides("receive") == overrides("subscribe") == overrides("subscriptions") == bool(made.topics)
        assert overrides("find") or made.guarantee is not Guarantee.CAN_BE_ASKED
        assert set(self.pull_kinds or ()) <= made.pulls and set(self.push_kinds or ()) <= made.pushes

    def test_check_refuses_bad_settings(self, peer: Peer, budget: SpyBudget) -> None:
        bad = peer.bad_settings()
        assert bad, "name at least one wrong setting"
        for settings, error in bad:
            with pytest.raises(error):
                self.build(settings, budget).check()

    @needs("http", "credential")
    def test_check_tells_an_expired_credential(self, peer: Peer, connect: Callable[[], Connector]) -> None:
        connect().check()
        peer.expire_credential()
        with pytest.raises(Unauthorised):
            connect().check()
