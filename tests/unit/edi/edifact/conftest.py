"""Specimens: an interchange put together from segments, so that a test states only what it is about."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hub.edi.edifact.validation import examine
from hub.edi.findings import Finding

ORDER = (
    "BGM+220+4711+9",
    "DTM+137:20260105:102",
    "NAD+BY+4012345000009::9",
    "NAD+SU+4012345000016::9",
    "LIN+1++4012345000122:EN",
    "QTY+21:5:PCE",
    "PRI+AAA:9.25",
    "LIN+2++4012345000139:EN",
    "QTY+21:1",
    "UNS+S",
    "CNT+2:2",
)


def one_message(*segments: str, kind: str = "ORDERS", number: str = "1", directory: str = "D:96A") -> str:
    """UNH to UNT, with the count right."""
    lines = [f"UNH+{number}+{kind}:{directory}:UN:EAN008", *segments]
    return "'".join([*lines, f"UNT+{len(lines) + 1}+{number}"]) + "'"


def one_group(*messages: str, kind: str = "ORDERS", number: str = "7") -> str:
    """UNG to UNE around messages."""
    start = f"UNG+{kind}+SENDER+RECEIVER+260105:1200+{number}+UN+D:96A'"
    return start + "".join(messages) + f"UNE+{len(messages)}+{number}'"


def one_interchange(
    *inside: str, una: str = "", syntax: str = "UNOC:3", number: str = "REF1", count: int | None = None
) -> bytes:
    """UNB to UNZ around messages or groups, with the default delimiters."""
    date = "20260105" if syntax.endswith("4") else "260105"
    unb = f"UNB+{syntax}+SENDER:14+RECEIVER:14+{date}:1200+{number}'"
    codec = "utf-8" if syntax.startswith("UNOW") else "latin-1"
    counted = len(inside) if count is None else count
    return (una + unb + "".join(inside) + f"UNZ+{counted}+{number}'").encode(codec)


@pytest.fixture
def order_segments() -> tuple[str, ...]:
    return ORDER


@pytest.fixture
def edifact() -> Callable[..., bytes]:
    """`edifact(*segments)` is an interchange with one message of these; by default a clean ORDERS."""

    def make(*segments: str, kind: str = "ORDERS", directory: str = "D:96A", syntax: str = "UNOC:3") -> bytes:
        return one_interchange(one_message(*(segments or ORDER), kind=kind, directory=directory), syntax=syntax)

    return make


@pytest.fixture
def parts() -> tuple[Callable[..., str], Callable[..., str], Callable[..., bytes]]:
    """The three makers themselves: message, group, interchange."""
    return one_message, one_group, one_interchange


@pytest.fixture
def found() -> Callable[..., list[Finding]]:
    """All findings of a file."""

    def run(data: bytes, encoding: str = "") -> list[Finding]:
        examination = examine(data, encoding=encoding)
        inside = [f for interchange in examination for f in interchange.all_findings()]
        return [*examination.findings, *inside]

    return run
