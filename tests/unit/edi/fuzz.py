"""Documents broken at random, from a seed: read, judged, turned to JSON and back, answered and explained.

    python -m tests.unit.edi.fuzz --seed 1 --count 1000000

An input is made again from the seed and its number alone (`--first NUMBER --count 1`). Each has a bound of processor
time, and all together one of memory; what breaks something is printed, and the run goes on.
"""

from __future__ import annotations

import argparse
import random
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path

from hub.edi.grammars.library import default_library
from hub.edi.judging.segments import SegmentJudge
from hub.edi.specimen import specimen_file, specimens
from tests.unit.edi.exercise import POLICIES, exercise

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "samples" / "edi"
MOST_SECONDS = 2.0
"""Of the processor, for one input of some kilobytes: what takes it is a hang or a quadratic loop."""
MOST_MEMORY = 1 << 30
"""Bytes over what the process has when it begins; they do not grow with the number of inputs."""
MOST_FAILURES = 20
PATIENCE, PATTERNED = SegmentJudge.patience, 8
"""Of so many inputs two, one of each syntax, have their patterns made at once; most others are looked at closely."""
EXPLAINED = 100
"""Every so many inputs are also explained, which takes ten times as long as all else."""
HEADS_BROKEN = 0.1
_HEAD = 106
PIECES = {
    "x12": [b"~", b"*", b">", b"^", b"ISA*", b"GS*", b"ST*850*", b"~SE*1~", b"~IEA*1~", b"\r\n", b"\n", b"\xff",
            b"\x00", b"HL*1*1*S~", b"PO1*", b"TA1*", b" " * 90, b"9" * 90],
    "edifact": [b"'", b"+", b":", b"?", b"UNA:+.? '", b"UNB+UNOA:1+", b"'UNH+1+", b"'UNT+1'", b"UNZ+", b"UNG+", b"\r\n",
                b"\xff", b"\x00", b"*", b"LIN+1'", b" " * 90, b"9" * 90],
}  # fmt: skip


@cache
def specimen_files(standard: str) -> list[bytes]:
    """A clean file of every set in every version described, with a line for each segment and without."""
    when, library = datetime(2026, 1, 5, 12), default_library(standard)
    files = []
    for set_id in specimens(standard):
        for version in library.versions(set_id):
            data = specimen_file(set_id, version, when, library)
            files += [data, data.replace(b"\n", b"")]
    return files


def sample_files(standard: str) -> list[bytes]:
    """The documents of others, where they are at hand."""
    folder = FOLDER / standard
    return [path.read_bytes() for path in sorted(folder.glob("*"))] if folder.is_dir() else []


def mutated(data: bytes, pieces: list[bytes], chance: random.Random) -> bytes:
    """A document with a few things wrong: bytes changed, lost, doubled, moved, put in, or cut off."""
    work = bytearray(data)
    # Most spare the head: without it there is nothing to read, and each other delimiter costs patterns made anew.
    low = 0 if chance.random() < HEADS_BROKEN else _HEAD
    for _ in range(chance.randint(1, 6)):
        at, length = chance.randint(min(low, len(work)), len(work)), chance.randint(1, 40)
        kind = chance.randrange(12)
        if kind < 3:
            work[at : at + 1] = bytes([chance.randrange(256)])
        elif kind < 5:
            del work[at : at + length]
        elif kind < 7:
            work[at:at] = work[at : at + length] * (1 if kind == 5 else chance.randint(1, 30))
        elif kind < 9:
            work[at:at] = chance.choice(pieces)
        elif kind == 9 and chance.random() < 0.3:
            del work[at:]
        elif kind == 10 and chance.random() < 0.1:
            mark = bytes([chance.choice(b"~*>^|\n\r'+:?")])
            work = work.replace(chance.choice(pieces[:3]), mark)
        else:
            other = chance.randrange(len(work) + 1)
            work[at:at] = work[other : other + length]
        if not work:
            break
    return bytes(work)


def inputs(seed: int, first: int, count: int, files: dict[str, list[bytes]]) -> Iterator[tuple[int, bytes]]:
    """Numbered broken documents; each depends on the seed, its number and the files alone."""
    standards = sorted(standard for standard in files if files[standard])
    for number in range(first, first + count):
        chance = random.Random(seed * 1_000_003 + number)
        standard = standards[number % len(standards)]
        yield number, mutated(chance.choice(files[standard]), PIECES[standard], chance)


class TooSlow(Exception):
    """An input took more processor time than any may."""


@contextmanager
def bounded() -> Iterator[None]:
    """Memory of the process within its bound, and a signal to whatever spends the time set by `ITIMER_VIRTUAL`."""

    def slow(number, frame):
        raise TooSlow(f"more than {MOST_SECONDS} s")

    before = signal.signal(signal.SIGVTALRM, slow), resource.getrlimit(resource.RLIMIT_AS)
    present = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (present + MOST_MEMORY, before[1][1]))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before[0])
        resource.setrlimit(resource.RLIMIT_AS, before[1])


def run(seed: int, first: int, count: int, files: dict[str, list[bytes]]) -> int:
    """Exercise so many inputs; tells the speed and what became of them, and returns how many broke something."""
    outcomes: Counter[str] = Counter()
    start, failures = time.monotonic(), 0
    with bounded():
        for done, (number, data) in enumerate(inputs(seed, first, count, files), 1):
            signal.setitimer(signal.ITIMER_VIRTUAL, MOST_SECONDS)
            SegmentJudge.patience = 0 if number % PATTERNED < 2 else PATIENCE
            try:
                policies = [POLICIES[number // 2 % len(POLICIES)]]
                outcomes[exercise(data, explain=number % EXPLAINED == 0, policies=policies)] += 1
            except Exception:
                signal.setitimer(signal.ITIMER_VIRTUAL, 0)
                failures += 1
                print(f"seed {seed}, number {number}: {data!r}\n{traceback.format_exc(limit=-4)}", flush=True)
                if failures == MOST_FAILURES:
                    break
            if done % 10_000 == 0 or done == count:
                _tell(done, failures, outcomes, time.monotonic() - start)
    return failures


def _tell(done: int, failures: int, outcomes: Counter[str], seconds: float) -> None:
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"{done} inputs, {failures} failures, {done / seconds:.0f} a second, {memory} MiB: {told}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the number of the first input")
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--samples", action="store_true", help="break the documents of others instead of specimens")
    given = parser.parse_args()
    choose = sample_files if given.samples else specimen_files
    sys.exit(bool(run(given.seed, given.first, given.count, {name: choose(name) for name in PIECES})))
