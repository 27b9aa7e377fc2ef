"""Specimens: an interchange put together from segments, so that a test states only what it is about."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hub.edi.findings import Finding
from hub.edi.validation import examine

Interchange = Callable[..., bytes]

ORDER = (
    "BEG*00*SA*4711**20260105",
    "REF*DP*38",
    "N1*ST*Store 7*92*0007",
    "N3*1 Main Street",
    "N4*Ames*IA*50010",
    "PO1*1*5*EA*9.25**UP*012345678905",
    "PID*F****Widget",
    "PO1*2*1*EA*12**UP*012345678912",
    "CTT*2",
)


def one_set(*segments: str, set_id: str = "850", number: str = "0001") -> str:
    """ST to SE, with the count right."""
    lines = [f"ST*{set_id}*{number}", *segments]
    return "~".join([*lines, f"SE*{len(lines) + 1}*{number}"]) + "~"


def one_group(*sets: str, functional_id: str = "PO", number: str = "1", version: str = "004010") -> str:
    """GS to GE around sets."""
    start = f"GS*{functional_id}*SENDER*RECEIVER*20260105*1200*{number}*X*{version}~"
    return start + "".join(sets) + f"GE*{len(sets)}*{number}~"


def one_interchange(*groups: str, number: str = "000000001", isa11: str = "U", version: str = "00401") -> bytes:
    """ISA to IEA around groups, with `*`, `>` and `~`."""
    isa = (
        f"ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260105*1200*{isa11}*{version}"
        f"*{number}*0*T*>~"
    )
    return (isa + "".join(groups) + f"IEA*{len(groups)}*{number}~").encode()


@pytest.fixture
def order_segments() -> tuple[str, ...]:
    return ORDER


@pytest.fixture
def x12() -> Interchange:
    """`x12(*segments)` is an interchange with one set of these; by default a clean 850."""

    def make(*segments: str, set_id: str = "850", functional_id: str = "PO", version: str = "004010") -> bytes:
        isa11, isa_version = ("^", "00501") if version >= "005010" else ("U", "00401")
        body = one_set(*(segments or ORDER), set_id=set_id)
        group = one_group(body, functional_id=functional_id, version=version)
        return one_interchange(group, isa11=isa11, version=isa_version)

    return make


@pytest.fixture
def parts() -> tuple[Callable[..., str], Callable[..., str], Callable[..., bytes]]:
    """The three makers themselves: set, group, interchange."""
    return one_set, one_group, one_interchange


@pytest.fixture
def found() -> Callable[[bytes], list[Finding]]:
    """All findings of a file."""

    def run(data: bytes) -> list[Finding]:
        examination = examine(data)
        inside = [f for interchange in examination for f in interchange.all_findings()]
        return [*examination.findings, *inside]

    return run
