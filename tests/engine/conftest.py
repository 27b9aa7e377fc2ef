"""A hub among scripted peers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.config import Config
from hub.installation import Installation
from tests.conftest import REPOSITORY
from tests.engine.scripted.house import Clock, House
from tests.engine.scripted.peer import PEERS

SCRIPTED = Path(__file__).parent / "scripted"


@pytest.fixture
def open_house(
    make_config: Callable[..., Config], new_database: Callable[[str], str]
) -> Iterator[Callable[[str], House]]:
    """Open a hub on a kind of database."""
    opened: list[House] = []

    def make(kind: str) -> House:
        clock = Clock()
        config = make_config(
            database=new_database(kind),
            connectors=str(SCRIPTED / "peers"),
            mappings=f"{SCRIPTED / 'mappings'},{REPOSITORY / 'mappings'}",
            worker_threads="2",
        )
        opened.append(House(Installation(config, now=clock), clock))
        return opened[-1]

    yield make
    for house in opened:
        house.close()
        house.inst.close()
    PEERS.clear()


@pytest.fixture
def house(request: pytest.FixtureRequest, open_house: Callable[[str], House]) -> House:
    """A hub on SQLite; `@both` runs the test on PostgreSQL too."""
    return open_house(getattr(request, "param", "sqlite"))
