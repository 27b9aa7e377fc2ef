"""Documents broken at random, from a seed: read, judged, turned to JSON and back, and answered.

    python -m tests.unit.edi.fuzz --seed 1 --count 1000000

An input is made again from the seed and its number alone.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from hub.edi.findings import EdiError
from hub.edi.json_form import from_json, to_json
from hub.edi.x12.acknowledge import Policy, acknowledge, write_answer
from hub.edi.x12.received import read_acknowledgement, read_interchange_acknowledgement
from hub.edi.x12.ta1 import acknowledge_interchange, write_interchange_answer
from hub.edi.x12.validation import examine
from tests.unit.edi.conftest import one_group, one_interchange, one_set
from tests.unit.edi.specimens import SPECIMENS

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "samples" / "edi" / "x12"
WHEN = datetime(2026, 1, 6, 9, 30)
MOST_SECONDS_PER_KILOBYTE = 0.5
"""Of the processor; far more than the slowest machine needs. An input that takes it is a hang or a quadratic loop."""
PIECES = [b"~", b"*", b">", b"^", b"ISA*", b"GS*", b"ST*850*", b"~SE*1~", b"~IEA*1~", b"\r\n", b"\n", b"\xff", b"\x00",
          b"HL*1*1*S~", b"PO1*", b"TA1*", b" " * 90, b"9" * 90]  # fmt: skip


def specimen_files() -> list[bytes]:
    """A clean file of every set, in both versions."""
    files = []
    for set_id, (functional_id, segments) in SPECIMENS.items():
        for version, isa11, isa in (("004010", "U", "00401"), ("005010", "^", "00501")):
            group = one_group(one_set(*segments, set_id=set_id), functional_id=functional_id, version=version)
            files.append(one_interchange(group, isa11=isa11, version=isa))
    return files


def sample_files() -> list[bytes]:
    """The documents of others, where they are at hand."""
    return [path.read_bytes() for path in sorted(FOLDER.glob("*"))] if FOLDER.is_dir() else []


def mutated(data: bytes, chance: random.Random) -> bytes:
    """A document with a few things wrong: bytes changed, lost, doubled, moved, put in, or cut off."""
    work = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at, length = chance.randrange(len(work) + 1), chance.randint(1, 40)
        kind = chance.randrange(7)
        if kind == 0:
            work[at : at + 1] = bytes([chance.randrange(256)])
        elif kind == 1:
            del work[at : at + length]
        elif kind == 2:
            work[at:at] = work[at : at + length] * chance.randint(1, 30)
        elif kind == 3:
            work[at:at] = chance.choice(PIECES)
        elif kind == 4 and chance.random() < 0.3:
            del work[at:]
        elif kind == 5:
            other = bytes([chance.choice(b"~*>^|\n\r'+:?")])
            work = bytearray(bytes(work).replace(chance.choice([b"~", b"*", b">"]), other))
        else:
            other_at = chance.randrange(len(work) + 1)
            work[at:at] = work[other_at : other_at + length]
        if not work:
            break
    return bytes(work)


def inputs(seed: int, first: int, count: int, files: list[bytes]) -> Iterator[tuple[int, bytes]]:
    """Numbered broken documents; each depends on the seed and its number alone."""
    for number in range(first, first + count):
        chance = random.Random(seed * 1_000_003 + number)
        yield number, mutated(chance.choice(files), chance)


def exercise(data: bytes) -> None:
    """Do all that is done with an inbound file; raises only where one of these does what it must never do."""
    examination = examine(data)
    for interchange in examination:
        assert 0 <= interchange.offset <= interchange.offset + interchange.length <= len(data)
        for one in interchange.sets:
            assert 0 <= one.offset <= one.offset + one.length <= len(data)
            if one.tree is not None:
                assert from_json(to_json(one.tree)) == one.tree
                if one.set_id in ("997", "999"):
                    read_acknowledgement(one.tree)
        for finding in interchange.all_findings():
            assert 0 <= finding.offset <= len(data), finding
            assert finding.kind != "gap" or (finding.severity, finding.ack_segment) == ("warning", None), finding
        for elements in interchange.ta1:
            read_interchange_acknowledgement(elements)
        for policy in (Policy(interchange="always"), Policy(answer="999")):
            _answer(interchange, policy)
    assert examination.readable or any(f.is_error for f in examination.findings)


def _answer(interchange, policy: Policy) -> None:
    """Write every acknowledgement; where its envelope cannot be written, that is the fault of what came in."""
    decided = acknowledge_interchange(interchange, policy)
    answers = []
    if decided.owed:
        answers.append(lambda: write_interchange_answer(decided, interchange, interchange_control_number=1, when=WHEN))
    for group, decision in zip(interchange.groups, acknowledge(interchange, policy), strict=True):
        if decision.root is not None:
            answers.append(
                lambda d=decision, g=group: write_answer(
                    d, interchange, g, interchange_control_number=1, group_control_number=1, when=WHEN
                )
            )
    for answer in answers:
        try:
            data = answer()
        except EdiError as error:
            own = error.code == "edi.envelope-invalid" or all(f.segment in ("ISA", "GS") for f in error.findings)
            assert own or error.code == "edi.characters-forbidden", (error, error.findings)
        else:
            assert list(examine(data))


def run(seed: int, first: int, count: int) -> None:
    """Exercise so many inputs; tells the speed, and stops at one that breaks something or takes too long."""
    files = specimen_files() + sample_files()
    start = time.monotonic()
    for number, data in inputs(seed, first, count, files):
        began = time.process_time()
        try:
            exercise(data)
        except Exception:
            print(f"seed {seed}, number {number}: {data!r}", file=sys.stderr)
            raise
        took = time.process_time() - began
        if took > MOST_SECONDS_PER_KILOBYTE * (1 + len(data) / 1_000):
            sys.exit(f"seed {seed}, number {number}: {took:.1f} s for {len(data)} bytes")
        if number % 10_000 == 9_999:
            done = number + 1 - first
            print(f"{done} inputs, {done / (time.monotonic() - start):.0f} a second", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the number of the first input")
    parser.add_argument("--count", type=int, default=1_000_000)
    given = parser.parse_args()
    run(given.seed, given.first, given.count)
