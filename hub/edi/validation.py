"""Reads and judges a file of either syntax.

    for interchange in (examination := examine(data)):
        for one in interchange.sets:
            one.findings, one.tree

What the two syntaxes have in common is told here; each has more of its own in `x12` and `edifact`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Protocol, cast

from hub.edi.delimiters import Delimiters
from hub.edi.findings import Finding
from hub.edi.grammar import Library
from hub.edi.syntax import detect
from hub.edi.tree import Standard, TransactionSet

READERS: dict[Standard, str] = {"x12": "hub.edi.x12.validation", "edifact": "hub.edi.edifact.validation"}
"""The module of each syntax whose `examine` reads it; imported on first use."""


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


def examine(data: bytes, library: Library | None = None, *, trees: bool = True, encoding: str = "") -> Examined:
    """Read and judge a file. Never raises on content.

    Without `trees` only the findings are made. `library` defaults to the built-in grammars of the file's syntax;
    one that is given must be of that syntax. `encoding` is a codec that counts instead of what the file says. A file
    in neither syntax is judged as X12, which says what it lacks.
    """
    module = import_module(READERS.get(detect(data) or "x12", READERS["x12"]))
    return cast(Examined, module.examine(data, library, trees=trees, encoding=encoding))
