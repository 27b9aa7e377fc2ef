"""Reads and judges a file of either syntax, or of both.

    for interchange in (examination := examine(data)):
        for one in interchange.sets:
            one.findings, one.tree

What the two syntaxes have in common is told here; each has more of its own in `x12` and `edifact`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Protocol

from hub.edi.delimiters import Delimiters
from hub.edi.examination import Examination
from hub.edi.findings import Finding
from hub.edi.grammars.library import Library, default_library
from hub.edi.reading.mixed import AnyPart, MixedReader
from hub.edi.reading.source import Input
from hub.edi.tree import Standard, TransactionSet

_JUDGES: dict[Standard, str] = {"x12": "hub.edi.x12.validation", "edifact": "hub.edi.edifact.validation"}
"""The module of each syntax whose `judge_with` judges it; imported on first use."""


class JudgedSet(Protocol):
    """One transaction set (EDIFACT: message) and what was found in it.

    `offset` and `length` (bytes) slice it out of the file. `counted` is its number of segments, header and trailer
    included. `tree` is None where no trees were asked for.
    """

    offset: int
    length: int
    findings: list[Finding]
    tree: TransactionSet | None
    counted: int

    @property
    def set_id(self) -> str: ...
    @property
    def control_number(self) -> str: ...


class JudgedGroup(Protocol):
    """One functional group; in EDIFACT also the messages that stand in none."""

    findings: list[Finding]


class JudgedInterchange(Protocol):
    """One interchange with its sets, in the order of the file.

    `sender` and `receiver` are qualifier and id. `bare`: it has no envelope, so they and the control number are empty.
    """

    offset: int
    length: int
    findings: list[Finding]

    @property
    def standard(self) -> Standard: ...
    @property
    def bare(self) -> bool: ...
    @property
    def sender(self) -> tuple[str, str]: ...
    @property
    def receiver(self) -> tuple[str, str]: ...
    @property
    def control_number(self) -> str: ...
    @property
    def test(self) -> bool: ...
    @property
    def delimiters(self) -> Delimiters: ...
    @property
    def encoding(self) -> str: ...
    @property
    def groups(self) -> Sequence[JudgedGroup]: ...
    @property
    def sets(self) -> Iterator[JudgedSet]: ...
    def all_findings(self) -> list[Finding]:
        """Its own findings, then each group's, then each set's."""
        ...


class Examined(Protocol):
    """Iterator over the judged interchanges of a file, single pass.

    After it is exhausted, `findings` holds what belongs to no interchange and `readable` tells whether the file held
    an interchange at all.
    """

    @property
    def findings(self) -> list[Finding]: ...
    @property
    def readable(self) -> bool: ...
    def __iter__(self) -> Iterator[JudgedInterchange]: ...
    def __next__(self) -> JudgedInterchange: ...


def examine(file: Input, *libraries: Library | None, trees: bool = True, encoding: str = "") -> Examined:
    """Read and judge a file, given whole or open for reading bytes. Never raises on content.

    Its interchanges may be of both syntaxes. Without `trees` only the findings are made. Each of the `libraries` counts
    instead of the built-in grammars of its syntax. `encoding` is a codec that counts instead of what the file says.
    """
    grammars = {one.syntax.standard: one for one in libraries if one is not None}
    judges: dict[Standard, Callable[[AnyPart], None]] = {}

    def judge(part: AnyPart) -> None:
        standard: Standard = part.interchange.standard
        if standard not in judges:
            library = grammars.get(standard) or default_library(standard)
            judges[standard] = import_module(_JUDGES[standard]).judge_with(library, trees)
        judges[standard](part)

    return Examination(MixedReader(file, encoding), judge)
