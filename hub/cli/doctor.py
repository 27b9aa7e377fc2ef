"""`hub doctor`: what works, what does not, and what to do."""

from __future__ import annotations

import datetime as dt
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from hub.cli.common import console, emit, installation, json_option
from hub.errors import HubError

if TYPE_CHECKING:
    from hub.installation import Installation

LATE = dt.timedelta(minutes=5)
"""Work that was due longer ago, and slots that nobody won, mean that no worker runs or keeps up."""
CHECKS_AT_ONCE = 8
SIGNS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "problem": ("✗", "red")}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `state`: ok, warning or problem; `code` leads to docs/errors.md."""

    area: str
    state: str
    sentence: str
    code: str | None = None


def ok(area: str, sentence: str) -> Finding:
    """It is as it should be."""
    return Finding(area, "ok", sentence)


def warning(area: str, code: str, sentence: str) -> Finding:
    """It works, and a person should know."""
    return Finding(area, "warning", sentence, code)


def problem(area: str, code: str, sentence: str) -> Finding:
    """A person must act."""
    return Finding(area, "problem", sentence, code)


@click.command()
@click.option("--offline", is_flag=True, help="Do not call the connections' other sides.")
@json_option
def doctor(offline: bool, as_json: bool) -> int:
    """Check the installation and say what needs a person. Exits with 1 when there is a problem."""
    hub = installation()
    looks: list[Callable[[Installation], Iterator[Finding]]] = [
        configuration, database, keys, connectors, mappings, schedules, work
    ]  # fmt: skip
    findings = [finding for look in looks for finding in look(hub)]
    findings += connections(hub, offline)
    problems = sum(finding.state == "problem" for finding in findings)
    if as_json:
        emit({"healthy": problems == 0, "findings": [asdict(finding) for finding in findings]})
        return 1 if problems else 0
    for finding in findings:
        sign, colour = SIGNS[finding.state]
        line = Text.assemble((f"{sign} {finding.area:<14}", colour), finding.sentence)
        console.print(line + Text(f" ({finding.code})" if finding.code else "", style="dim"), soft_wrap=True)
    if problems:
        console.print(f"{problems} to mend. docs/errors.md explains each code.", style="red")
    return 1 if problems else 0


def configuration(hub: Installation) -> Iterator[Finding]:
    """Where settings come from, and an address that cannot be private."""
    yield ok("configuration", str(hub.config.source or "environment and defaults"))
    address = hub.config.public_url
    if address.startswith("http://") and not any(name in address for name in ("//localhost", "//127.", "//[::1]")):
        yield warning("configuration", "config.public-url-plain", f"{address} is not encrypted; logins can be read.")


def database(hub: Installation) -> Iterator[Finding]:
    """It was opened and migrated, else the command had ended."""
    from hub.store.migrations import current

    name = hub.db.url.render_as_string(hide_password=True)
    yield ok("database", f"{name}, revision {current(hub.db)}")


def keys(hub: Installation) -> Iterator[Finding]:
    """Every secret opens; the key file is private."""
    from hub.store import connections as store
    from hub.vault import key_file

    with hub.db.read() as tx:
        rows = [row for row in store.everything(tx).values() if row.secrets]
    old = 0
    for row in rows:
        try:
            hub.vault.open(row.secrets)
            old += not hub.vault.is_current(row.secrets)
        except HubError as error:
            yield problem("vault", error.code, f"{row.name}: {error.sentence}")
    if old:
        yield warning("vault", "vault.key-old", f"{old} connections are sealed with an old key: `hub vault rotate`.")
    path = key_file(hub.config)
    if not hub.config.secret_keys and stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield problem("vault", "vault.key-exposed", f"Others can read {path}: `chmod 600 {path}`.")
    yield ok("vault", f"key {hub.vault.key_ids[0]}, {len(rows)} sealed credentials")


def connectors(hub: Installation) -> Iterator[Finding]:
    """Each one that was found can be imported."""
    working, broken = hub.registry.all()
    for error in broken.values():
        yield problem("connectors", error.code, error.sentence)
    yield ok("connectors", ", ".join(working) or "none")


def mappings(hub: Installation) -> Iterator[Finding]:
    """Each mapping compiles, file or version, and no file has changed under a version."""
    from hub.flows.mappings.versions import updates
    from hub.mapping import MappingError

    good, library = 0, hub.mappings
    for name in library.names():
        try:
            library.get(name)
            good += 1
        except MappingError as error:
            yield problem("mappings", "mapping.broken", f"{name}: {error}")
    older = sorted({update.mapping for update in updates(hub)})
    if older:
        yield warning(
            "mappings", "mapping.updated", f"{', '.join(older)}: written over older files. `hub mapping updates`."
        )
    yield ok("mappings", f"{good} in {', '.join(map(str, hub.config.mappings))}, {len(library.versions)} as versions")


def schedules(hub: Installation) -> Iterator[Finding]:
    """Each slot that came was won by some worker."""
    from hub.store import overview, schedule

    now = hub.now()
    with hub.db.read() as tx:
        overdue = schedule.overdue(tx, now - LATE)
        stopped = overview.outbound_stopped(tx)
    if overdue:
        yield problem("schedule", "flow.overdue", f"{len(overdue)} flows are overdue: does `hub serve` run?")
    else:
        yield ok("schedule", "no flow is overdue")
    if stopped:
        yield warning("outbound", "outbound.stopped", "All outbound is stopped: `hub start` lets it go.")


def work(hub: Installation) -> Iterator[Finding]:
    """Jobs are done in time; what waits for a person is told."""
    from hub.store import health, overview

    now = hub.now()
    with hub.db.read() as tx:
        found = health.work(tx, now - LATE)
        alerts = overview.open_alerts(tx, None)
    if found.silent:
        yield problem("work", "job.silent", f"{found.silent} jobs are held by a worker that has gone silent.")
    if found.late:
        yield problem("work", "job.late", f"{found.late} jobs have waited over five minutes: does `hub serve` run?")
    if not found.silent and not found.late:
        yield ok("work", f"{found.running} jobs are running, none is late")
    if found.messages or found.parked:
        yield warning("work", "message.parked", f"{found.messages} messages and {found.parked} jobs wait for a person.")
    for alert in alerts:
        yield warning("alerts", alert.code, alert.detail)


def connections(hub: Installation, offline: bool) -> list[Finding]:
    """Each connection that is not off works, and has nothing coming up that an admin should know."""
    from hub.store import connections as store

    with hub.db.read() as tx:
        rows = sorted(store.everything(tx).values(), key=lambda row: row.name)
    if not rows:
        return [ok("connections", "none yet: `hub connection add TYPE NAME`")]
    with ThreadPoolExecutor(CHECKS_AT_ONCE) as pool:
        return [finding for found in pool.map(lambda row: _connection(hub, row, offline), rows) for finding in found]


def _connection(hub: Installation, row: Any, offline: bool) -> list[Finding]:
    from hub.sdk import ConnectorError

    if row.mode == "off":
        return [ok(row.name, "off")]
    found = [warning(row.name, row.trouble, str(row.trouble_detail))] if row.trouble else []
    try:
        connector = hub.connector(row)
        found += [warning(row.name, "connector.warning", sentence) for sentence in connector.warnings()]
        if not offline:
            connector.check()
    except ConnectorError as error:
        return [*found, problem(row.name, error.code, error.detail)]
    except HubError as error:
        return [*found, problem(row.name, error.code, error.sentence)]
    except Exception as error:  # a connector may fail in any way; the others must still be looked at
        return [*found, problem(row.name, "connector.failed", f"{type(error).__name__}: {error}")]
    return [*found, ok(row.name, f"{row.type}, {row.mode}" + (", not called" if offline else ", answers"))]
