"""Keeps the hub's processes running: starts them, starts again what crashed, ends them with itself.

Each child holds one end of a pipe, its lifeline. When the supervisor dies in any way, even by SIGKILL, the pipe closes
and the child ends at once: whatever it was doing is as safe as after a power cut, and no two generations overlap.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

log = structlog.get_logger()

FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
STEADY_SECONDS = 60.0
"""A child that ran this long before it crashed starts again at once, with the shortest delay."""
GRACE_SECONDS = 30.0
HOPELESS = 2
"""The exit code of a child that cannot run as configured: starting it again would not help."""


@dataclass
class Child:
    """One process: how it is started, and how often it crashed in a row."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    crashes: int = 0
    due: float = field(default=0.0)


class Supervisor:
    """Runs commands until told to stop. A command's text `{lifeline}` becomes the number of its lifeline."""

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        *,
        environ: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._children = [Child(name, command) for name, command in commands.items()]
        self._environ = dict(os.environ if environ is None else environ)
        self._clock = clock
        self._stop = threading.Event()
        self._impatient = False
        self._read, self._write = os.pipe()  # only the supervisor has the writing end: its death closes it

    def processes(self) -> dict[str, int]:
        """The process ids of the children that run, by name."""
        return {child.name: child.process.pid for child in self._children if child.process is not None}

    def stop(self) -> None:
        """End; asked a second time, do not wait for what is under way."""
        self._impatient = self._stop.is_set()
        self._stop.set()

    def run(self) -> int:
        """Start the children and stay until `stop`, or until one cannot run as configured. Gives the exit code."""
        code = 0
        try:
            while not self._stop.is_set():
                for child in self._children:
                    if self._attend(child) == HOPELESS:
                        code = HOPELESS
                        self._stop.set()
                self._stop.wait(0.1)
        finally:
            self._end()
        return code

    @contextlib.contextmanager
    def signals(self) -> Iterator[None]:
        """SIGTERM, SIGINT and SIGHUP stop the supervisor (and through it the children) while inside."""
        wanted = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        before = {number: signal.signal(number, lambda *_: self.stop()) for number in wanted}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _attend(self, child: Child) -> int | None:
        """Start a child that is due, and notice one that has ended; give the exit code then."""
        now = self._clock()
        if child.process is None:
            if now >= child.due:
                self._start(child)
            return None
        code = child.process.poll()
        if code is None:
            return None
        child.process = None
        child.crashes = 1 if now - child.started >= STEADY_SECONDS else child.crashes + 1
        delay = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** (child.crashes - 1))
        child.due = now + delay
        if code != HOPELESS:
            log.warning("supervisor.child-ended", child=child.name, code=code, again_in=delay)
        return code

    def _start(self, child: Child) -> None:
        command = [part.replace("{lifeline}", str(self._read)) for part in child.command]
        # A session of its own: Ctrl-C in a terminal reaches the supervisor only, which ends its children in order.
        child.process = subprocess.Popen(  # noqa: S603
            command, env=self._environ, pass_fds=(self._read,), start_new_session=True, stdin=subprocess.DEVNULL
        )
        child.started = self._clock()

    def _end(self) -> None:
        running = [child.process for child in self._children if child.process is not None]
        for process in running:
            process.terminate()
        deadline = self._clock() + GRACE_SECONDS
        while any(process.poll() is None for process in running):
            if self._impatient or self._clock() >= deadline:
                for process in running:
                    process.kill()
                break
            time.sleep(0.05)
        for process in running:
            process.wait()
        os.close(self._write)
        os.close(self._read)


def hold_lifeline(descriptor: int) -> None:
    """In a child: end this process at once when the supervisor is gone."""

    def watch() -> None:
        with contextlib.suppress(OSError):
            os.read(descriptor, 1)
        os._exit(1)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()
