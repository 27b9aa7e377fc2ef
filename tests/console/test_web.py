"""The web process's own addresses: webhooks as raw bytes, the health check, and what a proxy may say."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, request

from hub.errors import HubError
from hub.flows.inbound import intake
from hub.installation import Installation
from hub.sdk.connector import WebhookRequest
from hub.store import tables as t
from hub.web import WEBHOOK_BYTES, BehindProxy
from tests.console.seed import World


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, WebhookRequest]]:
    """What the intake was given; it says yes."""
    found: list[tuple[str, WebhookRequest]] = []

    def receive(inst: Installation, row: Any, asked: WebhookRequest) -> bool:
        found.append((row.name, asked))
        return asked.body != b"forged"

    monkeypatch.setattr(intake, "receive_webhook", receive)
    return found


@pytest.fixture
def hook(hub: Installation, world: World) -> str:
    """The address of the shop's webhooks."""
    with hub.db.read() as tx:
        statement = t.connections.select().where(t.connections.c.id == world.shop)
        return f"/hooks/{tx.execute(statement).one().webhook_token}"


def test_story_16_a_webhook_is_handed_on_as_raw_bytes(
    app: Flask, hook: str, taken: list[tuple[str, WebhookRequest]]
) -> None:
    body = b'{"b": 1.10,  "a":\t"\xc3\xbc"}'
    headers = {"X-Signature": "s", "Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    response = app.test_client().post(
        f"{hook}?x=1", data=body, headers=headers, content_type="application/x-www-form-urlencoded"
    )
    assert response.status_code == 200
    (name, asked), *_ = taken
    assert (name, asked.body, asked.query) == ("Alder & Ash shop", body, {"x": "1"})
    assert asked.headers["x-signature"] == "s"


def test_a_forged_or_lost_webhook_is_refused(app: Flask, hook: str, taken: list[Any]) -> None:
    client = app.test_client()
    assert client.post(hook, data=b"forged").status_code == 401
    assert client.post("/hooks/nobody", data=b"x").status_code == 404
    assert client.get(hook).status_code == 405
    assert len(taken) == 1


def test_a_webhook_is_no_way_to_fill_the_memory(app: Flask, hook: str, taken: list[Any]) -> None:
    client = app.test_client()
    assert client.post(hook, data=b"x" * (WEBHOOK_BYTES + 1)).status_code == 413
    assert client.post(hook, data=b"x" * WEBHOOK_BYTES).status_code == 200
    assert len(taken) == 1


def test_a_webhook_that_cannot_be_taken_now_is_asked_for_again(
    app: Flask, hook: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object) -> bool:
        raise HubError("vault.closed", "The secrets cannot be opened.")

    monkeypatch.setattr(intake, "receive_webhook", broken)
    assert app.test_client().post(hook, data=b"x").status_code == 503


def test_health_needs_no_session(app: Flask) -> None:
    response = app.test_client().get("/health")
    assert (response.status_code, response.get_json()) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("peer", "forwarded", "seen", "scheme"),
    [
        ("10.0.0.5", "203.0.113.9", "203.0.113.9", "https"),
        ("10.0.0.5", "198.51.100.1, 203.0.113.9, 10.0.0.7", "203.0.113.9", "https"),
        ("203.0.113.50", "198.51.100.1", "203.0.113.50", "http"),
        ("10.0.0.5", "", "10.0.0.5", "https"),
    ],
)
def test_a_proxy_is_believed_only_where_it_is_ours(peer: str, forwarded: str, seen: str, scheme: str) -> None:
    app = Flask("probe")

    @app.get("/")
    def probe() -> dict[str, str | None]:
        return {"address": request.remote_addr, "scheme": request.scheme}

    app.wsgi_app = BehindProxy(app.wsgi_app, ["10.0.0.0/8"])  # type: ignore[method-assign]
    headers = {"X-Forwarded-For": forwarded, "X-Forwarded-Proto": "https"}
    answer = app.test_client().get("/", headers=headers, environ_base={"REMOTE_ADDR": peer}).get_json()
    assert answer == {"address": seen, "scheme": scheme}
