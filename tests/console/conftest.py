"""A console over a small house of orders, and browsers of people who look at it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hub import auth
from hub.installation import Installation
from hub.web import create_app
from tests.console.seed import World, build

NOW = dt.datetime(2026, 11, 23, 14, 7, 30, tzinfo=dt.UTC)


@pytest.fixture
def hub(installation: Installation) -> Installation:
    """An installation whose clock stands still."""
    installation.now = lambda: NOW
    return installation


@pytest.fixture
def world(hub: Installation) -> World:
    """Orders in every state, parked documents, a held order."""
    with hub.db.write() as tx:
        return build(tx, NOW, orders=12)


@pytest.fixture
def app(hub: Installation) -> Flask:
    """The console of the installation."""
    return create_app(hub)


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
