"""Judges a whole X12 file: envelopes, then each set by its grammar, giving findings and trees.

for interchange in (reader := examine(data)):
    for group in interchange.groups:
        for one in group.sets:
            one.findings, one.tree
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hub.edi.findings import Finding, finding
from hub.edi.grammar import Library, default_library
from hub.edi.judge import flat, judge_segments
from hub.edi.segments import judge_for
from hub.edi.tree import TransactionSet
from hub.edi.values import as_count
from hub.edi.x12.body import Body
from hub.edi.x12.envelopes import judge_envelopes
from hub.edi.x12.reader import Group, Interchange, RawSet, Reader, read


class Examination:
    """Iterator over the judged interchanges of a file, single pass.

    After it is exhausted, `findings` holds what belongs to no interchange and `readable` tells whether the
    file held an interchange at all.
    """

    def __init__(self, data: bytes, library: Library, trees: bool) -> None:
        self._reader: Reader = read(data)
        self._library = library
        self._trees = trees

    @property
    def findings(self) -> list[Finding]:
        return self._reader.findings

    @property
    def readable(self) -> bool:
        return self._reader.interchanges > 0

    def __iter__(self) -> Iterator[Interchange]:
        return self

    def __next__(self) -> Interchange:
        interchange = next(self._reader)
        judge_envelopes(interchange, self._library)
        for group in interchange.groups:
            for one in group.sets:
                judge_set(interchange, group, one, self._library, self._trees)
        return interchange


def examine(data: bytes, library: Library | None = None, *, trees: bool = True) -> Examination:
    """Read and judge a file. Never raises on content.

    Without `trees` only the findings are made. `library` defaults to the built-in grammars.
    """
    return Examination(data, library or default_library(), trees)


def judge_set(interchange: Interchange, group: Group, one: RawSet, library: Library, trees: bool = True) -> None:
    """Complete the findings of one set and, when wanted, its tree."""
    body = Body(interchange, one, library)
    one.counted = len(body.segments) + 1 + (one.trailer is not None)
    _judge_count(one)
    version = group.version or interchange.part(12) + "0"
    grammar = library.grammar(one.set_id, version)
    at_start: dict[str, Any] = {"offset": one.offset, "position": 1, "segment": "ST"}
    if grammar is None:
        message = f"There is no grammar for transaction set {one.set_id!r}; its body was not checked."
        reported = finding("edi.set-not-supported", message, **at_start, element=1, value=one.set_id)
        one.findings.append(reported)
        root = flat(one.set_id, body.segments, interchange.delimiters)
    else:
        if not grammar.exact:
            message = f"Version {version[:6]!r} is not described here; the nearest, {grammar.version}, was used."
            one.findings.append(finding("edi.version-nearest", message, **at_start, value=version))
        judge = judge_for(grammar, interchange.delimiters)
        root = judge_segments(body.segments, body.offset, judge, one.findings, trees)
    one.findings.sort(key=lambda f: f.offset)
    if trees:
        envelope = interchange.envelope(group)
        one.tree = TransactionSet("x12", one.set_id, version, one.control_number, root, envelope)


def _judge_count(one: RawSet) -> None:
    """SE01 counts all segments from ST to SE."""
    if one.trailer is None:
        return
    said = one.trailer[0] if one.trailer else ""
    if as_count(said) == one.counted:
        return
    message = f"SE01 does not give the number of segments; ST to SE are {one.counted}."
    place: dict[str, Any] = {"offset": one.trailer_offset, "position": one.counted, "segment": "SE", "element": 1}
    one.findings.append(finding("edi.segment-count-wrong", message, **place, reference="96", value=said))
