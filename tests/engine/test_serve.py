"""`hub serve` as a person runs it: real processes, a real port."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

REPOSITORY = Path(__file__).resolve().parents[2]
DEADLINE = 60.0


def until(condition: Callable[[], object]) -> object:
    """Wait for a true value and give it; fail when it does not come in time."""
    end = time.monotonic() + DEADLINE
    while not (value := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
    return value


def children(pid: int) -> dict[str, int]:
    """The processes of a `hub serve`, by what they do."""
    found = {}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        words = Path(f"/proc/{child}/cmdline").read_bytes().decode().split("\0")
        if "--only" in words:
            found[words[words.index("--only") + 1]] = int(child)
    return found


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


class Served:
    """A running `hub serve` and what it has printed."""

    def __init__(self, folder: Path, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hub", "serve"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), "HUB_WEB_PORT": str(port)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.lines: list[str] = []
        self.errors: list[str] = []
        for stream, lines in ((self.process.stdout, self.lines), (self.process.stderr, self.errors)):
            threading.Thread(target=lambda s=stream, into=lines: into.extend(s), daemon=True).start()

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def healthy(self) -> bool:
        try:
            return requests.get(f"{self.address}/health", timeout=5).json() == {"status": "ok"}
        except requests.RequestException:
            return False


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def served(tmp_path: Path, port: int) -> Iterator[Served]:
    running = Served(tmp_path, port)
    yield running
    if running.process.poll() is None:
        running.process.kill()
    running.process.wait()


def test_it_greets_restarts_what_was_killed_and_ends_in_order(served: Served) -> None:
    try:
        until(lambda: "First login" in served.output or served.process.poll() is not None)
    finally:
        print(served.output, *served.errors)  # pytest shows it when the test fails
    assert f"The hub runs at {served.address}" in served.output
    link = re.search(r"http://\S+/login/\S+", served.output)
    assert link is not None
    assert requests.get(link[0], timeout=10).status_code == 200
    until(served.healthy)
    before = until(lambda: len(children(served.process.pid)) == 2 and children(served.process.pid))
    assert isinstance(before, dict)
    for name in ("web", "worker"):
        os.kill(before[name], signal.SIGKILL)
    after = until(
        lambda: (
            (now := children(served.process.pid)).keys() == before.keys()
            and not set(now.values()) & set(before.values())
            and now
        )
    )
    until(served.healthy)
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(DEADLINE) == 0
    assert isinstance(after, dict)
    assert all(gone(pid) for pid in after.values())
    assert "Traceback" not in "".join(served.errors)


def test_its_processes_do_not_outlive_it(served: Served) -> None:
    running = until(lambda: len(children(served.process.pid)) == 2 and children(served.process.pid))
    assert isinstance(running, dict)
    served.process.kill()
    until(lambda: all(gone(pid) for pid in running.values()))


def test_a_taken_address_is_told(tmp_path: Path, port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        ran = subprocess.run(
            [sys.executable, "-m", "hub", "serve"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), "HUB_WEB_PORT": str(port)},
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )
    assert ran.returncode == 2
    assert ran.stderr.startswith("serve.address-taken: ")


def test_a_second_worker_is_refused(served: Served, tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from hub.cli import serve
    from hub.config import load
    from hub.errors import ConfigError
    from hub.installation import Installation

    until(served.healthy)
    until(lambda: "worker" in children(served.process.pid))
    monkeypatch.setattr(serve, "LOCK_SECONDS", 0.2)
    with Installation(load({}, cwd=tmp_path)) as hub:
        until(lambda: (tmp_path / "var" / "hub.sqlite3.worker").exists())

        def refused() -> bool:
            try:
                with serve._only_worker(hub):
                    return False
            except ConfigError as error:
                return error.code == "serve.already-running"

        until(refused)
