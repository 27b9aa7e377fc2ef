"""Run commands of the hub, each in a process of its own that has its libraries loaded already.

A start of Python and of the libraries takes half a second, and the pages show dozens of commands. Each process is
forked from a server that has imported the hub and done nothing else, so it is as fresh as one that was started anew.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

PATIENCE = 60.0
"""Seconds after which a command is taken as hanging."""

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        "hub.cli",
        "hub.cli.common",
        "hub.cli.edi",
        "hub.cli.mapping",
        "hub.flows.setup",
        "hub.flows.outbound.deliver",
        "hub.views",
    ]
)


def hub(
    words: Sequence[str], cwd: Path, environment: Mapping[str, str], typed: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `hub` with these words, in `cwd`, with `typed` as its input; gives its exit code and what it wrote."""
    with TemporaryDirectory() as folder:
        given, out, err = (Path(folder) / name for name in ("in", "out", "err"))
        given.write_text(typed or "")
        process = _CONTEXT.Process(target=_command, args=(list(words), str(cwd), dict(environment), given, out, err))
        process.start()
        process.join(PATIENCE)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(["hub", *words], PATIENCE)
        return subprocess.CompletedProcess(["hub", *words], process.exitcode, out.read_text(), err.read_text())


def _command(words: list[str], cwd: str, environment: dict[str, str], given: Path, out: Path, err: Path) -> None:
    """What the new process does."""
    for number, path, how in ((0, given, os.O_RDONLY), (1, out, os.O_WRONLY), (2, err, os.O_WRONLY)):
        os.dup2(os.open(path, how | os.O_CREAT), number)
    sys.stdin = os.fdopen(0, encoding="utf-8")  # multiprocessing gives its children none
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    from hub.cli import main

    main(words)
