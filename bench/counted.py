"""The worker, with its statements, durable commits and HTTP calls counted: `python -m bench.counted RESULT`.

A statement is one call of the database driver, also where it stores many rows. A commit is durable when its
transaction has changed a row: SQLite writes nothing for others.
"""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import Engine, event

from bench.floor import kind_of_call
from hub.cli.serve import serve_worker
from hub.config import load
from hub.installation import Installation

counts: Counter[str] = Counter()
calls: Counter[str] = Counter()
statements: Counter[str] = Counter()
_lock = threading.Lock()


def _statement(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
    if not statement.startswith(("BEGIN", "PRAGMA")):
        with _lock:
            counts["statements"] += 1
            statements[" ".join(statement.split())[:160]] += 1


def _begin(connection: Any) -> None:
    connection.info["changes"] = connection.connection.driver_connection.total_changes


def _commit(connection: Any) -> None:
    if connection.connection.driver_connection.total_changes != connection.info.get("changes"):
        with _lock:
            counts["commits"] += 1


def _request(send: Any) -> Any:
    def counting(session: requests.Session, request: requests.PreparedRequest, **kwargs: Any) -> Any:
        with _lock:
            calls[kind_of_call(request)] += 1
        return send(session, request, **kwargs)

    return counting


def main(result: Path) -> int:
    """Serve as `hub serve --only worker` does, and write the counts at the end."""
    event.listen(Engine, "before_cursor_execute", _statement)
    event.listen(Engine, "begin", _begin)
    event.listen(Engine, "commit", _commit)
    requests.Session.send = _request(requests.Session.send)  # type: ignore[method-assign]
    with Installation(load()) as hub:
        for counter in (counts, statements):
            counter.clear()
        status = serve_worker(hub)
    result.write_text(json.dumps({**counts, "calls": calls, "by_statement": statements.most_common()}))
    return status


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
