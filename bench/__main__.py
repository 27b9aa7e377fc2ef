"""`python -m bench`: measure and save the table."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from bench import backlog, edi, mapping, webhook
from bench.report import Backlog, page
from bench.scene import Scene
from hub.config import CHECKOUT

PAGE = CHECKOUT / "docs" / "benchmarks.md"


def main(arguments: list[str]) -> int:
    """Run what was asked for; the page is saved unless `--no-save`."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="The hub beside a plain script.")
    parser.add_argument("--orders", type=int, default=600, help="orders of the backlog")
    parser.add_argument("--pairs", type=int, default=3, help="runs of hub and floor, in turns")
    parser.add_argument("--trickle", type=int, default=150, help="orders that come at five a second; 0: none")
    parser.add_argument("--mapping", type=int, default=150, help="turns of the mapping language; 0: none")
    parser.add_argument("--edi", type=int, default=5, help="turns over large EDI files, see bench.edi; 0: none")
    parser.add_argument("--no-save", action="store_true", help=f"leave {PAGE.relative_to(CHECKOUT)} as it is")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder, Scene(Path(folder)) as scene:
        measured = _backlog(scene, given.orders, given.pairs) if given.pairs else None
        delays = webhook.delays(scene, given.trickle) if given.trickle else []
    command = " ".join(["python -m bench", *arguments])
    text = page(measured, delays, command)
    print(text)
    if not given.no_save:
        PAGE.write_text(text)
    for part, rounds in (mapping, given.mapping), (edi, given.edi):
        if rounds:
            part.main(["--rounds", str(rounds), *["--no-save"] * given.no_save])
    return 0


def _backlog(scene: Scene, orders: int, pairs: int) -> Backlog:
    counts = backlog.counted(scene, orders)
    _say(f"counted: {counts['commits'] / orders:.2f} commits, {counts['statements'] / orders:.1f} statements per order")
    runs = []
    calls: dict[str, int] = {}
    for number in range(pairs):
        hub, installation = backlog.hub(scene, orders)
        floor, calls = backlog.floor(scene, orders, installation, counts["calls"]["Orders"])
        runs.append((hub, floor))
        _say(f"pair {number + 1}: hub {hub.ms_per_order:.1f}, floor {floor.ms_per_order:.1f} ms per order")
    return Backlog(runs, calls, counts, orders)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
