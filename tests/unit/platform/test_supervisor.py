"""The supervisor: starts again what crashed, gives up on what cannot run, and takes its children with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.supervisor import Supervisor

REPOSITORY = Path(__file__).resolve().parents[3]
DEADLINE = 30.0


def until(condition: Callable[[], bool]) -> None:
    """Wait until it holds; fail when it does not in time."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def child(tmp_path: Path, name: str, body: str) -> list[str]:
    """A command that notes its start and then does what `body` says."""
    script = tmp_path / f"{name}.py"
    head = f"""
        import os, signal, sys, threading, time
        from pathlib import Path
        from hub.supervisor import hold_lifeline
        hold_lifeline(int(sys.argv[1]))
        with open({str(tmp_path / name)!r}, "a") as notes:
            notes.write(f"{{os.getpid()}}\\n")
    """
    script.write_text(textwrap.dedent(head) + textwrap.dedent(body))
    return [sys.executable, str(script), "{lifeline}"]


def starts(tmp_path: Path, name: str) -> list[int]:
    path = tmp_path / name
    return [int(word) for word in path.read_text().split()] if path.exists() else []


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"


@pytest.fixture
def environ() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(REPOSITORY)}


def test_a_crashed_child_starts_again_and_a_stop_reaches_all(tmp_path: Path, environ: dict[str, str]) -> None:
    done = tmp_path / "ended-in-order"
    waits = f"""
        signal.signal(signal.SIGTERM, lambda *_: (Path({str(done)!r}).touch(), sys.exit(0)))
        while True:
            time.sleep(1)
    """
    supervisor = Supervisor(
        {"steady": child(tmp_path, "steady", waits), "other": child(tmp_path, "other", waits)}, environ=environ
    )
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(supervisor.run()))
    thread.start()
    until(lambda: len(starts(tmp_path, "steady")) == 1 and len(starts(tmp_path, "other")) == 1)
    os.kill(starts(tmp_path, "steady")[0], signal.SIGKILL)
    until(lambda: len(starts(tmp_path, "steady")) == 2)
    assert len(starts(tmp_path, "other")) == 1
    supervisor.stop()
    thread.join(DEADLINE)
    assert codes == [0]
    assert done.exists()
    assert not any(alive(pid) for pid in starts(tmp_path, "steady") + starts(tmp_path, "other"))


def test_a_child_that_cannot_run_as_configured_ends_everything(tmp_path: Path, environ: dict[str, str]) -> None:
    commands = {
        "hopeless": child(tmp_path, "hopeless", "sys.exit(2)"),
        "other": child(tmp_path, "other", "while True: time.sleep(1)"),
    }
    assert Supervisor(commands, environ=environ).run() == 2
    assert len(starts(tmp_path, "hopeless")) == 1
    assert not any(alive(pid) for pid in starts(tmp_path, "other"))


def test_children_end_when_the_supervisor_is_killed(tmp_path: Path, environ: dict[str, str]) -> None:
    stubborn = """
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            time.sleep(1)
    """
    command = child(tmp_path, "stubborn", stubborn)
    parent = subprocess.Popen(
        [sys.executable, "-c", f"from hub.supervisor import Supervisor; Supervisor({{'stubborn': {command!r}}}).run()"],
        env=environ,
    )
    until(lambda: len(starts(tmp_path, "stubborn")) == 1)
    parent.kill()
    parent.wait()
    until(lambda: not alive(starts(tmp_path, "stubborn")[0]))
