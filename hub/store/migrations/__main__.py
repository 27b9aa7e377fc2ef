"""`python -m hub.store.migrations MESSAGE`: write the revision that leads from the newest one to `hub.store.tables`.

With `--replace` the newest revision is written anew instead: for one that nobody has run yet.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory

from hub.store import migrations
from hub.store.db import Database


def main() -> int:
    """Write the revision's file and print its path."""
    parser = argparse.ArgumentParser(prog="python -m hub.store.migrations", description=__doc__)
    parser.add_argument("message")
    parser.add_argument("--replace", action="store_true", help="write the newest revision anew")
    arguments = parser.parse_args()
    versions = migrations.FOLDER / "versions"
    if arguments.replace:
        for path in versions.glob(f"{migrations.head()}_*.py"):
            path.unlink()
    number = f"{len(list(versions.glob('[0-9]*_*.py'))) + 1:04d}"
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{Path(folder) / 'empty.sqlite3'}")
        with migrations._exclusive(db) as connection:
            config = migrations.configuration(connection)
            config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
            if ScriptDirectory.from_config(config).get_heads():
                command.upgrade(config, "head")
            made = command.revision(config, arguments.message, autogenerate=True, rev_id=number)
        db.close()
    sys.stdout.write(f"{getattr(made, 'path', 'nothing changed')}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
