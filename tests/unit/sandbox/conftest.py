"""A world per module, reset before each test, and a receiver for webhooks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from hub.sandbox.world import STORE_TOKEN, WAREHOUSE_TOKEN, World

QUICK = {"allocate_after": [0, 0.02], "ship_after": [0, 0.02], "return_after": [0, 0.02]}
NO_FAULTS = {"duplicate": 0, "reorder": 0, "drop": 0, "retry_seconds": [0.05] * 4, "timeout_seconds": 5}


def wait_for(condition: Callable[[], Any], seconds: float = 10) -> Any:
    """The first true value `condition` gives before the deadline."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.01)
    raise AssertionError(f"not within {seconds} s: {condition}")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture
def world(running: World) -> World:
    for peer in running.peers.values():
        peer.post("reset")
    running.store.post("token", token=STORE_TOKEN)
    running.store.post("plan", plan="generous")
    running.store.post("webhooks", **NO_FAULTS)
    running.warehouse.post("token", token=WAREHOUSE_TOKEN)
    running.warehouse.post("webhooks", **NO_FAULTS)
    running.warehouse.post("simulation", partial_rate=0.35, packages_max=3, return_rate=0, malformed_every=0,
                           paused=False, seed=1, **QUICK)  # fmt: skip
    running.partner.post("faults", half_written=0)
    return running


class StoreClient:
    """Sends documents to the store, as an integration would."""

    def __init__(self, world: World) -> None:
        self.url = f"{world.store.url}/admin/api/2026-07/graphql.json"
        self.session = requests.Session()
        self.session.headers["X-Shopify-Access-Token"] = STORE_TOKEN

    def answer(self, text: str, **variables: Any) -> requests.Response:
        return self.session.post(self.url, json={"query": text, "variables": variables}, timeout=10)

    def __call__(self, text: str, **variables: Any) -> Any:
        body = self.answer(text, **variables).json()
        assert "errors" not in body, body["errors"]
        return body["data"]


@pytest.fixture
def store(world: World) -> StoreClient:
    return StoreClient(world)


@dataclass
class Received:
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Keeps every request; answers the statuses in `answers` first, then 200."""

    url: str = ""
    requests: list[Received] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.requests.append(Received({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(kept.answers.pop(0) if kept.answers else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_address[1]}/hook?from=sandbox"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield kept
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).resolve().parents[3]
