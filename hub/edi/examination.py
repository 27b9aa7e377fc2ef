"""Hands out the judged interchanges of a file, whole or part by part as they end, whatever the syntax."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic

from hub.edi.findings import EdiError, Finding
from hub.edi.reading.reader import FileReader, G, N, Part, S


class Examination(Generic[N, G, S]):
    """Iterator over the judged interchanges of a file, single pass.

    After it is exhausted, `findings` holds what belongs to no interchange and `readable` tells whether the
    file held an interchange at all. `judge` completes the findings of each part as it ends.
    """

    def __init__(self, reader: FileReader[N, G, S], judge: Callable[[Part[N, G, S]], None]) -> None:
        self._reader = reader
        self._judge = judge
        self._iterator = (part.interchange for part in self._judged(keep=True) if part.group is None)

    @property
    def findings(self) -> list[Finding]:
        return self._reader.findings

    @property
    def readable(self) -> bool:
        return self._reader.interchanges > 0

    def __iter__(self) -> Iterator[N]:
        return self

    def __next__(self) -> N:
        return next(self._iterator)

    def parts(self) -> Iterator[Part[N, G, S]]:
        """Each judged set as it ends, then the group that held it, then the interchange. They keep nothing of one
        another but their counts. Instead of iterating, not beside it."""
        return self._judged(keep=False)

    def _judged(self, keep: bool) -> Iterator[Part[N, G, S]]:
        for part in self._reader.parts(keep=keep):
            self._judge(part)
            yield part


def refuse_invalid(examination: Examination[Any, Any, Any]) -> None:
    """Raise EdiError `edi.not-valid` where what we have written has errors."""
    found = [f for interchange in examination for f in interchange.all_findings() if f.is_error]
    found += [f for f in examination.findings if f.is_error]
    if found:
        raise EdiError.of("edi.not-valid", found)
