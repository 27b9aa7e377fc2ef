"""The main job, end to end, as `make demo ONCE=1` runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_demo_ends_with_a_table_in_which_every_row_closes(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hub", "demo", "--once", "--orders", "30", "--folder", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The store, the warehouse and the partner say the same." in done.stdout
    for word in (" open", " moving", " unknown"):
        assert not any(line.rstrip().endswith(word) for line in done.stdout.splitlines()), done.stdout
