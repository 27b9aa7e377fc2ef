"""Kill the process with -9 before every single system call that changes a folder, and look what is left.

Reads and syncs are no steps here: dying before one leaves the same files as dying before the change after it.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from connectors.files import CONNECTOR
from connectors.files.connector import FilesConnector
from hub.sdk import Http
from hub.sdk.testing import revision

CHANGING = ("open", "write", "link", "rename", "unlink", "mkdir")
START = datetime(2026, 3, 1, tzinfo=UTC)


def die_before(number: int) -> None:
    """Make this process kill itself instead of making its `number`-th changing call (from 0)."""
    calls = iter(range(10**6))

    def step(real: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        reads = real.__name__ == "open" and not args[1] & os.O_CREAT
        if not reads and next(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)

    for name in CHANGING:
        setattr(os, name, partial(step, getattr(os, name)))


def killed(action: Callable[[], object], before: int) -> bool:
    """Run the action in a process of its own that dies before that call. False when it ended first."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            die_before(before)
            action()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) == 0, "the action failed by itself"
    return False


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


def connector(root: Path, **settings: Any) -> FilesConnector:
    for folder in ("in", "out"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    loaded = CONNECTOR.Settings().load(
        {
            "root": str(root),
            "inboxes": {"order": "in"},
            "outboxes": {"order": "out"},
            "stable_seconds": 0,
            "page_size": 2,
            **settings,
        }
    )
    return CONNECTOR(loaded, Http("http://unset.invalid"))


class Partner:
    """Picks up every file it sees, at once; so a second delivery cannot hide behind the first."""

    def __init__(self, root: Path) -> None:
        self.out = root / "out"
        self.taken: list[tuple[str, bytes]] = []

    def pick_up(self) -> None:
        for path in self.out.iterdir():
            assert not path.name.startswith("."), "the partner sees a file that is not finished"
            self.taken.append((path.name, path.read_bytes()))
            path.unlink()


def no_hard_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*args: Any, **kwargs: Any) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", link)


@pytest.mark.parametrize("links", [True, False], ids=["hard-links", "no-hard-links"])
def test_story_41_a_push_killed_twice_anywhere_delivers_once(
    tmp_path: Path, links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dies before call n, is repeated and dies before call m, is repeated: the partner got one whole file."""
    if not links:
        no_hard_links(monkeypatch)
    payload = b"ISA*00*" + b"x" * 5000
    runs = 0
    for first in range(100):
        ended = False
        for second in range(100) if links else (first, 100):
            root = tmp_path / f"{first}-{second}"
            push = partial(connector(root).push, "order", payload, "ack:1")
            partner = Partner(root)
            survived = not killed(push, first)
            partner.pick_up()
            again = killed(push, second)
            partner.pick_up()
            receipt = push()
            partner.pick_up()
            assert partner.taken == [(receipt.remote_id, payload)], (first, second)
            runs += 1
            ended = survived
            if not again:
                break
        if ended:
            break
    else:
        raise AssertionError("the push never ended")
    assert runs > 10, "each step was one to die before"


def test_find_tells_the_truth_wherever_a_push_died(tmp_path: Path) -> None:
    for number in range(100):
        root = tmp_path / str(number)
        push = partial(connector(root).push, "order", b"{}", "k")
        partner = Partner(root)
        died = killed(push, number)
        partner.pick_up()
        answer = type(connector(root).find("order", b"{}", "k")).__name__
        assert answer == ("Found" if partner.taken else "Absent"), number
        if not died:
            return
    raise AssertionError("the push never ended")


class Hub:
    """Stores pages as the hub does: the documents and the cursor in one step that happens or does not."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "hub.json"

    def state(self) -> dict[str, Any]:
        return json.loads(self.file.read_bytes()) if self.file.exists() else {"cursor": None, "documents": []}

    def pull(self, root: Path, **settings: Any) -> int:
        state = self.state()
        count = 0
        for page in connector(root, **settings).pull("order", state["cursor"], START):
            state["cursor"] = page.cursor
            state["documents"] += [[list(map(str, revision(d))), d.body.decode()] for d in page.documents]
            count += len(page.documents)
            draft = self.file.with_suffix(".draft")
            draft.write_text(json.dumps(state))
            os.rename(draft, self.file)
        return count

    def bodies(self) -> list[str]:
        return sorted({(revision[0], body): body for revision, body in self.state()["documents"]}.values())


def rounds(root: Path, hub: Hub, **settings: Any) -> Iterator[Callable[[], object]]:
    """Two pulls: one takes, the next puts away."""
    for _ in range(2):
        yield lambda: hub.pull(root, **settings)


@pytest.mark.parametrize("archive", ["archive", None], ids=["archived", "deleted"])
def test_story_9_a_pull_killed_anywhere_loses_no_file(tmp_path: Path, archive: str | None) -> None:
    """Whatever step it died before: each file is stored under one revision, and leaves the inbox only then."""
    names = [f"po{n}.edi" for n in range(5)]
    ended = False
    for number in range(200):
        base = tmp_path / str(number)
        root = base / "root"
        connector(root)
        hub = Hub(base)
        for name in names:
            (root / "in" / name).write_text(f"order in {name}")
        died = [killed(action, number) for action in rounds(root, hub, archive=archive)]
        in_inbox = {path.read_text() for path in (root / "in").iterdir()}
        assert in_inbox | set(hub.bodies()) == {f"order in {name}" for name in names}, number
        for _ in range(3):
            hub.pull(root, archive=archive)
        assert hub.bodies() == [f"order in {name}" for name in names]
        assert list((root / "in").iterdir()) == []
        if archive:
            archived = sorted(path.read_text() for path in (root / "archive" / "order").iterdir())
            assert archived == hub.bodies()
        if not any(died):
            ended = True
            break
    assert ended, "the pull never ended"
