"""A console over a small house of orders, and browsers of people who look at it."""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import BytecodeCache, FileSystemBytecodeCache

from hub import auth
from hub.config import load
from hub.installation import Installation
from hub.web import create_app
from tests.console.seed import World, build

NOW = dt.datetime(2026, 11, 23, 14, 7, 30, tzinfo=dt.UTC)


@dataclass
class Opened:
    """An installation that is opened once for the session, and what its database can be set back to: to open and fill
    one takes longer than most tests do."""

    hub: Installation
    empty: sqlite3.Connection
    filled: sqlite3.Connection
    world: World

    def set_back(self, kept: sqlite3.Connection) -> None:
        """Make the database what it was when it was kept."""
        _copy(kept, self.hub, into=True)


def _copy(kept: sqlite3.Connection, hub: Installation, *, into: bool) -> None:
    with hub.db.engine.connect() as connection:
        live = connection.connection.driver_connection
        kept.backup(live) if into else live.backup(kept)


@pytest.fixture(scope="session")
def opened(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """An installation on SQLite, with the checkout's mappings and connectors."""
    folder = tmp_path_factory.mktemp("console")
    shutil.copy(sqlite_template, folder / "hub.sqlite3")
    environ = {
        "HUB_DATABASE": f"sqlite:///{folder / 'hub.sqlite3'}",
        "HUB_DATA_DIR": str(folder / "var"),
        "HUB_ALLOWED_HOSTS": "127.0.0.1,localhost",
    }
    with Installation(load(environ, cwd=folder)) as hub:
        empty, filled = (sqlite3.connect(":memory:", check_same_thread=False) for _ in range(2))
        _copy(empty, hub, into=False)
        with hub.db.write() as tx:
            world = build(tx, NOW, orders=12)
        _copy(filled, hub, into=False)
        yield Opened(hub, empty, filled, world)
        empty.close()
        filled.close()


@pytest.fixture
def hub(opened: Opened) -> Installation:
    """An empty installation whose clock stands still."""
    opened.set_back(opened.empty)
    opened.hub.now = lambda: NOW
    return opened.hub


@pytest.fixture
def world(opened: Opened, hub: Installation) -> World:
    """Orders in every state, parked documents, a held order."""
    opened.set_back(opened.filled)
    return opened.world


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> BytecodeCache:
    """Templates are compiled once for all consoles."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def app(hub: Installation, compiled_templates: BytecodeCache) -> Flask:
    """The console of the installation."""
    made = create_app(hub)
    made.jinja_env.bytecode_cache = compiled_templates
    return made


class Browser:
    """A test client that sends what a browser would."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, **kwargs: object) -> str:
        """The page's text, which must be there."""
        response = self.client.get(path, **kwargs)  # type: ignore[arg-type]
        assert response.status_code == 200, (path, response.status_code)
        return response.get_data(as_text=True)

    def status(self, path: str) -> int:
        """The status of a page."""
        return self.client.get(path).status_code

    def post(self, path: str, form: dict[str, object] | None = None, **headers: str) -> str:
        """Post a form as our own page would and follow to the page that answers."""
        response = self.send(path, form, **headers)
        assert response.status_code in (200, 303), (path, response.status_code)
        return response.get_data(as_text=True) if response.status_code == 200 else self.get(response.location)

    def send(self, path: str, form: dict[str, object] | None = None, **headers: str):  # type: ignore[no-untyped-def]
        """Post a form and look at the answer itself."""
        sent = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(path, data=form or {}, headers={k: v for k, v in sent.items() if v})


@pytest.fixture
def person(hub: Installation, app: Flask) -> Callable[..., Browser]:
    """Sign somebody in through a one-time link: `person("admin")`, `person("viewer", merchant_id=1)`."""

    def sign_in(role: str, merchant_id: int | None = None) -> Browser:
        name = f"{role} {merchant_id or ''}".strip()
        user = auth.add_user(hub.db, name, role, NOW, actor=None, merchant_id=merchant_id)
        browser = Browser(app.test_client())
        token = auth.make_link(hub.db, user.id, NOW, actor=None)
        assert browser.send(f"/login/{token}").status_code == 303
        return browser

    return sign_in


@pytest.fixture
def operator(person: Callable[..., Browser], world: World) -> Iterator[Browser]:
    """An operator who sees everything."""
    yield person("operator")
