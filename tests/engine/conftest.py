"""A hub among scripted peers. One of each kind is opened for the whole session and emptied for every test: to open one
takes longer than most tests do."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, select, text

from hub.config import load
from hub.installation import Installation
from hub.store.tables import metadata, settings
from tests.conftest import REPOSITORY, _administer, _database_url
from tests.engine.scripted.house import Clock, House
from tests.engine.scripted.peer import PEERS

SCRIPTED = Path(__file__).parent / "scripted"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def installations(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Installation]]:
    """An opened installation on a kind of database, with the scripted connectors and mappings."""
    opened: dict[str, Installation] = {}
    folder = tmp_path_factory.mktemp("houses")

    def database(kind: str) -> str:
        if kind == "sqlite":
            shutil.copy(request.getfixturevalue("sqlite_template"), folder / "house.sqlite3")
            return f"sqlite:///{folder / 'house.sqlite3'}"
        uri, name = request.getfixturevalue("postgresql_server"), f"house_{next(_numbers)}"
        _administer(uri, f"CREATE DATABASE {name} TEMPLATE template_hub")
        return _database_url(uri, name)

    def get(kind: str) -> Installation:
        if kind not in opened:
            environ = {
                "HUB_DATABASE": database(kind),
                "HUB_DATA_DIR": str(folder / kind),
                "HUB_CONNECTORS": str(SCRIPTED / "peers"),
                "HUB_MAPPINGS": f"{SCRIPTED / 'mappings'},{REPOSITORY / 'mappings'}",
                "HUB_WORKER_THREADS": "2",
            }
            opened[kind] = Installation(load(environ, cwd=folder))
        return opened[kind]

    # Asked for now, so that it outlives the installations: fixtures end in the reverse of the order of their setup.
    request.getfixturevalue("sqlite_template")
    yield get
    for installation in opened.values():
        installation.close()


def _empty(inst: Installation) -> None:
    """As it was when it was opened: no row but the vault's key check, nothing remembered."""
    with inst.db.write() as tx:
        kept = select(settings.c.name).where(settings.c.name.like("%vault%"))
        for table in reversed(metadata.sorted_tables):
            tx.execute(delete(table) if table is not settings else delete(table).where(settings.c.name.not_in(kept)))
        if inst.db.sqlite:
            tx.execute(text("DELETE FROM sqlite_sequence"))
    inst.remembered.clear()
    inst._connectors.clear()
    inst._budgets.clear()
    if list(inst.mappings.paths) != list(inst.config.mappings):
        inst.mappings.paths[:] = inst.config.mappings
        inst.mappings.reload()


@pytest.fixture
def house(request: pytest.FixtureRequest, installations: Callable[[str], Installation]) -> Iterator[House]:
    """A hub on SQLite; `@both` runs the test on PostgreSQL too."""
    inst = installations(getattr(request, "param", "sqlite"))
    _empty(inst)
    clock = Clock()
    inst.now = clock
    opened = House(inst, clock)
    yield opened
    opened.close()
    PEERS.clear()
