"""Every code that can be met is explained on the page of findings."""

from __future__ import annotations

import re
from pathlib import Path

from hub.edi.findings import catalogue

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "edi-findings.md").read_text(encoding="utf-8")
ROWS = {row[0].strip("`"): row[1:] for row in re.findall(r"^\| (`edi\.[a-z0-9-]+`) \|(.*)\|$", PAGE, re.MULTILINE)}


def test_every_finding_has_its_entry_with_the_same_text():
    for code, entry in catalogue().items():
        cells = [cell.strip() for cell in ROWS[code][0].split("|")]
        reported = ", ".join(place.replace(":", " ") for place in (entry.ack, entry.contrl) if place) or "-"
        assert cells == [entry.kind, entry.severity, reported, entry.meaning, entry.advice], code


def test_every_code_in_the_source_has_an_entry_and_every_entry_a_use():
    sources = [*(ROOT / "hub" / "edi").rglob("*.py"), *(ROOT / "hub" / "cli").glob("edi*.py")]
    used = set(re.findall(r"\"(edi\.[a-z0-9-]+)\"", "".join(p.read_text(encoding="utf-8") for p in sources)))
    assert used == set(ROWS)
