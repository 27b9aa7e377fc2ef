"""`python -m bench.edi`: how fast a file of orders is validated, beside readers that check less.

Every way is a process of its own over the same file, and what counts is the processor time of the whole process. The
ways take turns; a ratio is taken within one turn.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.edi_files import LINES, orders, purchase_orders
from bench.report import table
from hub.config import CHECKOUT

PAGE = CHECKOUT / "docs" / "benchmarks-edi.md"
FAULTY = 0.3

HEAD = """# Benchmarks of EDI

Written by `python -m bench.edi`. Whole processes over the same file, from the start of Python to the last line printed;
what counts is their processor time. The hub's is `hub edi validate FILE --json`: envelopes, order and repetition,
elements, codes, syntax notes. The others check less: pyx12's X12Reader envelopes only; pydifact makes segments of the
text, and the floor cuts it at its separators.
The ways take turns, and a ratio is taken within one turn.
"""


@dataclass(frozen=True, slots=True)
class Contest:
    """One file, what the hub is compared with, and how many times faster it should be. `faults`: so many sets are
    wrong."""

    title: str
    data: bytes
    sets: int
    faults: int
    other: str
    goal: float


def main(arguments: list[str]) -> int:
    """Measure and save the page, unless `--no-save`."""
    parser = argparse.ArgumentParser(prog="python -m bench.edi", description="The EDI engine beside other readers.")
    parser.add_argument("--rounds", type=int, default=5, help="turns of every way")
    parser.add_argument("--sets", type=int, default=10_000, help="orders of a file")
    parser.add_argument("--no-save", action="store_true", help=f"leave {PAGE.relative_to(CHECKOUT)} as it is")
    given = parser.parse_args(arguments)
    text = page(given.rounds, given.sets)
    print(text)
    if not given.no_save:
        PAGE.write_text(text)
    return 0


def page(rounds: int, sets: int) -> str:
    """All tables as Markdown."""
    now = dt.datetime.now(dt.UTC)
    where = f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}, {os.cpu_count()} cores"
    parts = [HEAD, f"{now:%Y-%m-%d %H:%M} UTC, {where}, {rounds} turns."]
    parts += [_section(contest, rounds) for contest in _contests(sets)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _contests(sets: int) -> list[Contest]:
    clean, _ = purchase_orders(sets)
    wrong, faults = purchase_orders(sets, FAULTY)
    title = f"{sets:,} 850s of {LINES} lines"
    return [
        Contest(title, clean, sets, 0, "pyx12", 4),
        Contest(f"{title}, {faults / sets:.0%} of them faulty", wrong, sets, faults, "pyx12", 1),
        Contest(f"{sets:,} ORDERS of {LINES} lines", orders(sets), sets, 0, "pydifact", 20),
    ]


def _section(contest: Contest, rounds: int) -> str:
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
        file = Path(folder) / "orders.edi"
        file.write_bytes(contest.data)
        turns = [_turn(contest, str(file)) for _ in range(rounds)]
    ratios = [turn[contest.other] / turn["hub"] for turn in turns]
    size = len(contest.data) / 1e6
    names = {"hub": "the hub", contest.other: contest.other, "split": "the floor"}
    rows = [[name, *_figures([turn[way] for turn in turns], size, contest.sets)] for way, name in names.items()]
    told = f"{min(ratios):.1f} / {median(ratios):.1f} / {max(ratios):.1f}"
    floors = median(turn["split"] / turn["hub"] for turn in turns)
    for row, ratio in zip(rows, ("", f"{told} (goal ≥ {contest.goal:g})", f"{floors:.2f}"), strict=True):
        row.append(ratio)
    head = ["way", "seconds (best / median)", "MB a second", "orders a second",
            "its time in the hub's (min / median / max)"]  # fmt: skip
    return f"## {contest.title} ({size:.1f} MB)\n\n{table(head, rows)}"


def _figures(seconds: Sequence[float], size: float, sets: int) -> list[str]:
    best = min(seconds)
    return [f"{best:.2f} / {median(seconds):.2f}", f"{size / best:.1f}", f"{sets / best:,.0f}"]


def _turn(contest: Contest, file: str) -> dict[str, float]:
    """Processor seconds of each way, in one turn; what they found must agree."""
    used, hub = _run(["-m", "hub", "edi", "validate", file, "--json"], status=bool(contest.faults))
    report = json.loads(hub)
    assert (report["sets"], report["errors"]) == (contest.sets, contest.faults), (report["sets"], report["errors"])
    turn = {"hub": used}
    counted = {}
    for way in (contest.other, "split"):
        turn[way], counted[way] = _run(["-m", "bench.edi_readers", way, file])
    alike = counted["split"] if contest.other == "pyx12" else str(contest.sets)
    assert counted[contest.other].strip() == alike.strip(), counted
    return turn


def _run(arguments: list[str], status: int = 0) -> tuple[float, str]:
    """The processor seconds of a process, and what it printed."""
    with tempfile.TemporaryFile("w+") as output:
        # Modules are compiled once, as where the hub is installed; pydifact warns of files that it does not ship.
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        command = [sys.executable, "-W", "ignore", *arguments]
        process = subprocess.Popen(command, stdout=output, cwd=CHECKOUT, env=environment)
        _, ended, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(ended)
        assert process.returncode == status, arguments
        output.seek(0)
        return usage.ru_utime + usage.ru_stime, output.read()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
