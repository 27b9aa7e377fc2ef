"""Brings a database to the revision that this code was written for.

Revisions are files `versions/NNNN_what.py`; their number is their Alembic id. Alembic itself is imported only when
there is something to do, since most starts find the database current.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import OperationalError

from hub.errors import DatabaseError
from hub.store.db import Database, begin

FOLDER = Path(__file__).parent
_ADVISORY_LOCK = 0x68756200


def head() -> str:
    """The newest revision there is."""
    return max(path.name.partition("_")[0] for path in (FOLDER / "versions").glob("[0-9]*_*.py"))


def current(db: Database) -> str | None:
    """The database's revision, None for an empty database. Raises `DatabaseError` when it cannot be reached."""
    try:
        with db.read() as tx:
            if not inspect(tx).has_table("alembic_version"):
                return None
            return tx.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except OperationalError as error:
        raise DatabaseError(
            "database.unreachable",
            f"The database {db.url.render_as_string(hide_password=True)} cannot be opened: {error.orig}",
        ) from error


def migrate(db: Database) -> bool:
    """Make the database current; True when something was done. Processes that start together take turns.

    Raises `DatabaseError` for a database that a newer version of the hub wrote.
    """
    wanted = head()
    if current(db) == wanted:
        return False
    with _turn(db):
        found = current(db)
        if found == wanted:
            return False
        if found is not None and found > wanted:
            raise DatabaseError(
                "database.newer",
                f"The database has revision {found}, this hub knows {wanted}; start the newer hub or restore a backup.",
            )
        with _exclusive(db) as connection:
            _upgrade(connection)
    return True


def configuration(connection: Connection | None = None) -> Any:
    """Alembic's configuration, for this folder and the given connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    from alembic import command

    command.upgrade(configuration(connection), "head")


@contextmanager
def _turn(db: Database) -> Iterator[None]:
    """Wait until no other process migrates this database."""
    if db.sqlite:
        with open(f"{db.url.database}.migrating", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        return
    with db.engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _ADVISORY_LOCK})
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _ADVISORY_LOCK})


@contextmanager
def _exclusive(db: Database) -> Iterator[Connection]:
    """One writing transaction around all revisions: a failing one leaves the database as it was."""
    with db.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        if db.sqlite:  # batch mode drops and renames tables that others refer to; no effect inside a transaction
            driver.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                begin(connection, "BEGIN IMMEDIATE")
                yield connection
        finally:
            if db.sqlite:
                driver.execute("PRAGMA foreign_keys=ON")
