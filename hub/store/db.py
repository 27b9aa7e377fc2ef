"""The database: opened once per process, asked through `read()` and changed through `write()`.

What differs between SQLite and PostgreSQL stands here: pragmas, how a writing transaction begins, how a change by
another process is noticed.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

BUSY_SECONDS = 30


class Database:
    """A pool of connections to one database."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        if self.sqlite:
            if self.url.database and self.url.database != ":memory:":
                Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
            self.engine: Engine = create_engine(
                self.url,
                connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
                pool_size=24,
                hide_parameters=True,  # an error's text must never hold a payload or a name
            )
            event.listen(self.engine, "connect", _prepare_sqlite)
        else:
            target = self.url.set(drivername="postgresql+psycopg")
            self.engine = create_engine(target, pool_size=24, hide_parameters=True)
        # SQLite lets one writer in and has the others ask again and again, with growing pauses. Those of this process
        # stand in a queue instead. Reentrant, so that a transaction inside another still ends with SQLite's error.
        self._turn: AbstractContextManager[object] = threading.RLock() if self.sqlite else nullcontext()
        self._watch: Connection | None = None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may change rows; it commits when the block ends and rolls back when it raises."""
        with self._turn, self.engine.begin() as connection:
            begin(connection, "BEGIN IMMEDIATE")
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database."""
        with self.engine.begin() as connection:
            begin(connection, "BEGIN")
            yield connection

    def version(self) -> Any:
        """A value that differs once another process has committed: a cheap way to notice work (SQLite)."""
        if not self.sqlite:
            return None
        if self._watch is None:
            self._watch = self.engine.connect()
        value = self._watch.exec_driver_sql("PRAGMA data_version").scalar()
        self._watch.rollback()
        return value

    def close(self) -> None:
        """Give all connections back to the operating system."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        self.engine.dispose()


def _prepare_sqlite(connection: Any, record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions by itself: `_begin_sqlite` does
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY", "cache_size=-32000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def begin(connection: Connection, how: str) -> None:
    """Begin SQLite's transaction, which its driver was told to leave to us.

    A writer takes the lock at once: upgrading a read lock later can fail although nobody did anything wrong.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(how)


@contextmanager
def savepoint(connection: Connection) -> Iterator[None]:
    """A part of a transaction that takes only itself back when it raises. They do not nest.

    Plain SQL: the driver-independent form costs as much as three statements, and every document has one.
    """
    connection.exec_driver_sql("SAVEPOINT part")
    try:
        yield
    except BaseException:
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT part")
        raise
    finally:
        connection.exec_driver_sql("RELEASE SAVEPOINT part")
