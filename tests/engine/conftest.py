"""A hub among scripted peers. One of each kind is opened for the whole session and emptied for every test: to open one
takes longer than most tests do."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.config import load
from hub.installation import Installation
from hub.store.tables import metadata, settings
from hub.vault import CHECK
from tests.conftest import REPOSITORY, Server
from tests.engine.scripted.house import Clock, House
from tests.engine.scripted.peer import PEERS

SCRIPTED = Path(__file__).parent / "scripted"
EMPTYING = [
    f"DELETE FROM {table.name}" + (f" WHERE name <> '{CHECK}'" if table is settings else "")
    for table in reversed(metadata.sorted_tables)
]


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
        server: Server = request.getfixturevalue("postgresql_server")
        return server.new_database()

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
        for statement in EMPTYING:
            tx.exec_driver_sql(statement)
        if inst.db.sqlite:
            tx.exec_driver_sql("DELETE FROM sqlite_sequence")
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
