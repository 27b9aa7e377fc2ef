"""`hub demo`: the main job, seen from outside."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.common import console
from hub.ledger.completeness import Row, Verdict, closes

if TYPE_CHECKING:
    from hub.demo import Demo, Progress, Size

SETTLE_SECONDS = 80.0
BOOKS_SECONDS = 20.0
QUIET_LOOKS = 8
"""How often in a row nothing must move before the books are read."""

TRICKLE = 0.5
"""Orders a second that keep coming while people look around."""


@click.command()
@click.option("--once", is_flag=True, help="End after the completeness table; exit code 0 only if every row closes.")
@click.option("--orders", default=200, show_default=True, help="Store orders to send.")
@click.option("--port", type=int, help="Port of the console; a free one by default.")
@click.option("--folder", type=click.Path(path_type=Path), help="Keep the demo's files here.")
def demo(once: bool, orders: int, port: int | None, folder: Path | None) -> int:
    """Run the hub against a sandbox of a store, a warehouse and a trading partner."""
    from hub.demo import Demo, Size

    place = folder or Path(tempfile.mkdtemp(prefix="hub-demo-"))
    place.mkdir(parents=True, exist_ok=True)
    try:
        with Demo(place, port).running() as running:
            console.print(
                f"A store, a warehouse and a trading partner run; the hub is at {running.config.public_url}",
                soft_wrap=True,
            )
            complete = _main_job(running, Size(orders=orders))
            if not once:
                _go_on(running)
            return 0 if complete else 1
    except KeyboardInterrupt:
        return 0
    finally:
        if folder is None:
            shutil.rmtree(place, ignore_errors=True)


def _main_job(running: Demo, size: Size) -> bool:
    from hub.cli import ledger

    began = time.monotonic()
    running.send(size)
    console.print(
        f"{size.orders} store orders and {size.purchase_orders} purchase orders "
        f"in {size.interchanges} interchanges come in"
    )
    settled = _watch(running, "shipping", expected=size.orders + size.purchase_orders)
    returned = running.return_goods(size.returns)
    console.print(f"{returned} customers send goods back")
    settled = _watch(running, "returns", returned=returned) and settled
    rows = _books(running)
    ledger.show(rows)
    disagreements = running.disagreements()
    for each in disagreements[:10]:
        console.print(f"[red]The peers disagree:[/red] {each}", markup=True)
    if not disagreements:
        console.print("[green]The store, the warehouse and the partner say the same.[/green]")
    console.print(f"Took {time.monotonic() - began:.0f} s.")
    if not settled:
        console.print(f"[red]Not everything came to rest; see {running.log}[/red]")
    return settled and not disagreements and all(closes(row.verdict) for row in rows)


def _watch(running: Demo, what: str, expected: int = 0, returned: int = 0) -> bool:
    """Show the books until nothing moves any more. False when that did not come in time."""
    from rich.live import Live

    deadline = time.monotonic() + SETTLE_SECONDS
    quiet = 0
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        while time.monotonic() < deadline and quiet < QUIET_LOOKS:
            now = running.progress()
            live.update(_line(what, now))
            reached = now.orders + now.parked >= expected and now.returned >= returned
            quiet = quiet + 1 if reached and now.at_rest else 0
            time.sleep(0.25)
    console.print(_line(what, now))
    return quiet >= QUIET_LOOKS


def _books(running: Demo) -> list[Row]:
    """The completeness table once it stands still: a poll may just be reading an order that our own answer touched."""
    deadline = time.monotonic() + BOOKS_SECONDS
    while True:
        rows = running.completeness()
        if not any(row.verdict is Verdict.MOVING for row in rows) or time.monotonic() > deadline:
            return rows
        time.sleep(0.25)


def _line(what: str, now: Progress) -> str:
    return (
        f"  {what}: {now.orders} orders, {now.ordered} units: {now.allocated} with the warehouse, "
        f"{now.shipped} shipped, {now.returned} returned, {now.held} held; "
        f"{now.written_back} of {now.shipments} answers written back; {now.parked} documents parked"
    )


def _go_on(running: Demo) -> None:
    """Let orders trickle in until Ctrl-C."""
    running.world.store.post("trickle", per_second=TRICKLE, seed=2, offset=10_000)
    console.print(f"\nThe console: {running.config.public_url}")
    console.print(f"Log in, once: {running.login()}", soft_wrap=True)
    console.print("Orders keep coming. Ctrl-C ends it all.")
    while True:
        time.sleep(1)
