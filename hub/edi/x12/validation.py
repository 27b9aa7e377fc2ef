"""Judges a whole X12 file: envelopes, then each set by its grammar, giving findings and trees.

for interchange in (examination := examine(file)):
    for group in interchange.groups:
        for one in group.sets:
            one.findings, one.tree

A file of any size is read in bounded memory by `Examination.parts`, which keeps nothing that it has handed out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.edi.examination import Examination
from hub.edi.findings import finding
from hub.edi.grammars.library import Library, default_library
from hub.edi.judging.judge import flat, judge_segments
from hub.edi.judging.segments import judge_for
from hub.edi.judging.structure import may_be_id
from hub.edi.judging.values import as_count
from hub.edi.reading.interchange import note
from hub.edi.reading.source import Input
from hub.edi.tree import TransactionSet
from hub.edi.x12.body import Body
from hub.edi.x12.envelopes import judge_group, judge_interchange, judge_set_envelope
from hub.edi.x12.interchange import Group, Interchange, RawSet
from hub.edi.x12.reader import Part, Reader
from hub.edi.x12.scan import LONGEST_SET


def examine(
    file: Input,
    library: Library | None = None,
    *,
    trees: bool = True,
    encoding: str = "",
) -> Examination[Interchange, Group, RawSet]:
    """Read and judge a file, given whole or open for reading bytes. Never raises on content.

    Without `trees` only the findings are made. `library` defaults to the built-in grammars; `encoding` counts instead
    of UTF-8.
    """
    return Examination(Reader(file, encoding), judge_with(library or default_library(), trees))


def judge_with(library: Library, trees: bool) -> Callable[[Part], None]:
    """Completes the findings of each part by the grammars of a library."""

    def judge(part: Part) -> None:
        interchange, group, one = part
        if group is None:
            judge_interchange(interchange)
        elif one is None:
            judge_group(interchange, group)
        else:
            judge_set_envelope(group, one, library)
            judge_set(interchange, group, one, library, trees)

    return judge


def judge_set(interchange: Interchange, group: Group, one: RawSet, library: Library, trees: bool = True) -> None:
    """Complete the findings of one set and, when wanted, its tree."""
    at_start: dict[str, Any] = {"offset": one.offset, "position": 1, "segment": "ST"}
    if one.oversize:
        message = f"The set has {one.length} bytes; more than {LONGEST_SET} are not read."
        note(one, finding("edi.set-too-large", message, **at_start))
        return
    marks = interchange.delimiters
    body = Body(one, marks, library)
    one.counted = len(body.segments) + 1 + (one.trailer is not None)
    version = group.version or ("004010" if interchange.bare else interchange.part(12) + "0")
    grammar = library.grammar(one.set_id, version)
    if grammar is None:
        message = f"There is no grammar for transaction set {one.set_id!r}; its body was not checked."
        note(one, finding("edi.set-not-supported", message, **at_start, element=1, value=one.set_id))
        root = flat(one.set_id, body.segments, marks)
    else:
        if not grammar.exact:
            message = f"Version {version[:6]!r} is not described here; the nearest, {grammar.version}, was used."
            note(one, finding("edi.version-nearest", message, **at_start, value=version))
        root = judge_segments(body.segments, body.offset, judge_for(grammar, marks), one.findings, trees)
    if one.trailer is None:
        _forgive_the_end(one, body)
    else:
        _judge_count(one)
    one.findings.sort(key=lambda found: found.offset)
    if trees:
        envelope = interchange.envelope(group)
        one.tree = TransactionSet("x12", one.set_id, version, one.control_number, root, envelope)


def _forgive_the_end(one: RawSet, body: Body) -> None:
    """That a set without SE lacks segments at its end, or that its last one was cut short, is no fault beside that."""
    end = len(body.segments) + (2 if body.complete else 1)
    one.findings[:] = [found for found in one.findings if found.position < end or not found.is_error]


def _judge_count(one: RawSet) -> None:
    """SE01 counts all segments from ST to SE. It cannot count those that a terminator in the data made of one."""
    said = one.trailer[0] if one.trailer else ""
    if as_count(said) == one.counted:
        return
    torn = sum(f.code == "edi.segment-unrecognised" and not may_be_id(f.value) for f in one.findings)
    if torn and as_count(said) == one.counted - torn:
        return
    message = f"SE01 does not give the number of segments; ST to SE are {one.counted}."
    place: dict[str, Any] = {"offset": one.trailer_offset, "position": one.counted, "segment": "SE", "element": 1}
    note(one, finding("edi.segment-count-wrong", message, **place, reference="96", value=said))
