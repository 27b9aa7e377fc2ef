"""`hub serve`: the web process and the worker process, and one that looks after both."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.common import configuration, console, installation
from hub.errors import ConfigError, HubError

if TYPE_CHECKING:
    from hub.config import Config
    from hub.installation import Installation

BODY_BYTES = 16 * 1024 * 1024
READY_SECONDS = 30.0
LOCK_SECONDS = 15.0


@click.command()
@click.option("--only", type=click.Choice(["web", "worker"]), help="Run one of the two processes, unsupervised.")
@click.option("--lifeline", type=int, hidden=True)
def serve(only: str | None, lifeline: int | None) -> int:
    """Run the hub: the web process and the worker process, until Ctrl-C.

    A process that crashes is started again. Killing any of them loses nothing.
    """
    from hub import log

    config = configuration()
    log.configure(config.log_level)
    if lifeline is not None:
        from hub.supervisor import hold_lifeline

        hold_lifeline(lifeline)
    if only == "web":
        return serve_web(installation())
    if only == "worker":
        return serve_worker(installation())
    return _serve_both(config)


def serve_web(hub: Installation) -> int:
    """Answer requests until told to end."""
    import waitress

    from hub.web import create_app

    config = hub.config
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server = waitress.create_server(
            create_app(hub),
            host=config.web_host,
            port=config.web_port,
            threads=config.web_threads,
            ident=None,
            max_request_body_size=BODY_BYTES,
            clear_untrusted_proxy_headers=False,  # the application judges them, by `trusted_proxies`
        )
    except OSError as error:
        raise _address_taken(config, error) from error
    server.run()
    return 0


def _address_taken(config: Config, error: OSError) -> HubError:
    return ConfigError(
        "serve.address-taken",
        f"Cannot listen on {config.web_host}:{config.web_port}: {error.strerror}. Is the hub running already? "
        "Else choose another `web_port`.",
    )


def _check_address(config: Config) -> None:
    """Somebody else who listens there must not be taken for us."""
    try:
        with socket.create_server((config.web_host, config.web_port)):
            pass
    except OSError as error:
        raise _address_taken(config, error) from error


def serve_worker(hub: Installation) -> int:
    """Do jobs and tick until told to end; what is under way is finished first."""
    from hub.engine.local import run_worker
    from hub.scheduler import Scheduler

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with _only_worker(hub) as alone:
        scheduler = Scheduler(hub)
        scheduler.start()
        try:
            run_worker(hub, stop, alone=alone)
        finally:
            scheduler.stop()
    return 0


@contextlib.contextmanager
def _only_worker(hub: Installation) -> Iterator[bool]:
    """On SQLite, be the only worker of this database: what a dead worker held is free at once then."""
    if not hub.db.sqlite:
        yield False
        return
    with open(f"{hub.db.url.database}.worker", "w") as lock:
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the system releases it when the process dies
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise ConfigError(
                        "serve.already-running", f"Another worker runs on {hub.db.url.database}; stop it first."
                    ) from None
                time.sleep(0.1)
        yield True


def _serve_both(config: Config) -> int:
    from hub.installation import Installation
    from hub.supervisor import Supervisor

    _check_address(config)
    with Installation(config) as hub:  # what cannot work is told here, once
        words = _welcome(hub)
    supervisor = Supervisor(commands(config), environ=environment())
    threading.Thread(target=_announce, args=(config, words), daemon=True).start()
    with supervisor.signals():
        return supervisor.run()


def commands(config: Config) -> dict[str, list[str]]:
    """The command of each process, for `hub.supervisor`."""
    base = [sys.executable, "-m", "hub", *(["--config", str(config.source)] if config.source else []), "serve"]
    return {name: [*base, "--only", name, "--lifeline", "{lifeline}"] for name in ("web", "worker")}


def environment() -> dict[str, str]:
    """This process's environment, in which `python -m hub` finds this checkout from any folder."""
    from hub.config import CHECKOUT

    path = [str(CHECKOUT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}


def _welcome(hub: Installation) -> list[str]:
    from hub import auth
    from hub.store import connections

    words = [f"The hub runs at {hub.config.public_url} (Ctrl-C stops it)."]
    token = auth.first_link(hub.db, hub.now())
    if token is not None:
        words.append(f"First login, once within 24 hours: {auth.login_address(hub.config.public_url, token)}")
    with hub.db.read() as tx:
        if not connections.everything(tx):
            words.append(f"Nothing is connected yet. `{_command()} connection types` lists what can be; then")
            words.append(f"`{_command()} connection add TYPE NAME` asks for what it needs and tests it before saving.")
    return words


def _command() -> str:
    """How `hub` is called from this folder."""
    beside = Path(sys.executable).with_name("hub")
    if not beside.exists():
        return "python -m hub"
    return str(beside.relative_to(Path.cwd())) if beside.is_relative_to(Path.cwd()) else str(beside)


def _announce(config: Config, words: list[str]) -> None:
    """Say where the hub is, once it answers."""
    if wait_until_it_listens(config.web_host, config.web_port):
        for line in words:
            console.print(line, soft_wrap=True, markup=False)
        sys.stdout.flush()


def wait_until_it_listens(host: str, port: int, seconds: float = READY_SECONDS) -> bool:
    """Wait until somebody listens there; False when nobody did in time."""
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (asked, not bound)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with socket.create_connection((target, port), timeout=1):
                return True
        except OSError:
            time.sleep(0.1)
    return False
