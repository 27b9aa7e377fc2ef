"""The migrations and `hub.store.tables` say the same, on every store."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from hub.errors import DatabaseError
from hub.store import migrations
from hub.store.db import Database
from hub.store.tables import metadata


def test_the_migrations_lead_to_the_tables(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_head_is_read_from_file_names() -> None:
    assert ScriptDirectory.from_config(migrations.configuration()).get_heads() == [migrations.head()]


def test_a_current_database_is_left_alone(database: Database) -> None:
    assert migrations.current(database) == migrations.head()
    assert migrations.migrate(database) is False


def test_a_database_of_a_newer_hub_is_refused(database: Database) -> None:
    with database.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError) as caught:
        migrations.migrate(database)
    assert caught.value.code == "database.newer"


def test_processes_that_start_together_migrate_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'hub.sqlite3'}"
    code = (
        "from hub.store.db import Database; from hub.store.migrations import migrate;"
        f"db = Database({url!r}); print(migrate(db)); db.close()"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=Path.cwd())
        for _ in range(3)
    ]
    answers = [process.communicate(timeout=60)[0].strip() for process in started]
    assert sorted(answers) == ["False", "False", "True"]


def test_a_failing_revision_leaves_the_database_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db = Database(f"sqlite:///{tmp_path / 'hub.sqlite3'}")
    upgrade = migrations._upgrade

    def fail_late(connection: object) -> None:
        upgrade(connection)  # type: ignore[arg-type]
        raise RuntimeError("the power went")

    monkeypatch.setattr(migrations, "_upgrade", fail_late)
    with pytest.raises(RuntimeError):
        migrations.migrate(db)
    assert migrations.current(db) is None
    monkeypatch.undo()
    assert migrations.migrate(db) is True
    with db.read() as tx:
        assert tx.execute(text("PRAGMA foreign_keys")).scalar() == 1
    db.close()
