"""Judges the segments of one set by its grammar, whatever the syntax: values, order, repetition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter

from hub.edi.delimiters import Delimiters
from hub.edi.findings import MOST_FINDINGS, Finding
from hub.edi.judging.controls import Totals, differing, totals_in
from hub.edi.judging.outline import Outline, outline
from hub.edi.judging.segments import SegmentJudge
from hub.edi.judging.structure import meant_by
from hub.edi.tree import Loop, Segment

_KEPT_OUTLINES = 500
_KEPT_SEGMENTS = 200
"""No outline of a longer set is kept."""


def judge_segments(
    segments: Sequence[str], offset: Callable[[int], int], judge: SegmentJudge, findings: list[Finding], trees: bool
) -> Loop:
    """Add the findings of a set's body (without header and trailer) and give its tree.

    `segments` are their texts without terminator, still escaped; `offset` gives the byte offset of a segment by its
    index, and for the index behind the last one where the body ends. Without `trees` the tree stays empty.
    """
    inside, clean = judge.faults(segments)
    shape = judge.heads(segments) if clean else judge.ids(segments)
    whole, totals = _shaped(judge, segments, shape, trees)
    missing = {fault.segment for _, fault in whole.faults if fault.code == "edi.segment-missing"}
    inside += differing(totals, judge, segments, missing)
    if not inside and not whole.faults:
        return whole.tree
    found = [(index, fault, fault.loop) for index, fault in whole.faults]
    found += [(index, fault, whole.loop(index)) for index, fault in inside]
    found.sort(key=itemgetter(0))
    for index, fault, loop in found[: max(MOST_FINDINGS - len(findings), 0)]:
        findings.append(fault.at(offset(index), index + 2, loop))
    return whole.tree


def _shaped(
    judge: SegmentJudge, segments: Sequence[str], shape: tuple[str, ...], trees: bool
) -> tuple[Outline, Totals]:
    """How the segments stand and which of them state totals; `shape` tells their ids.

    Without a tree it follows from the ids alone, except where a segment numbers a level (HL): so what is found for
    clean sets is kept, and most sets of a partner are alike.
    """
    kept = None if trees else judge.kept_outlines.get(shape)
    if kept is not None:
        return kept
    ids = judge.ids(segments)
    judge.learn(ids)
    if trees:
        return _outline(judge, map(judge.split, segments), True), totals_in(judge.grammar, ids)
    whole, totals = _treeless(judge, segments, ids), totals_in(judge.grammar, ids)
    if not whole.faults and len(ids) <= _KEPT_SEGMENTS and judge.grammar.numbered.isdisjoint(ids):
        if len(judge.kept_outlines) >= _KEPT_OUTLINES:
            judge.kept_outlines.clear()
        judge.kept_outlines[shape] = whole, totals
    return whole, totals


def _outline(judge: SegmentJudge, segments: Iterable[Segment], trees: bool) -> Outline:
    whole = outline(judge.grammar, segments, trees)
    if not whole.faults:
        return whole
    grammar = judge.grammar
    return whole._replace(faults=tuple((at, grammar.classed(one, grammar.partner)) for at, one in whole.faults))


def _treeless(judge: SegmentJudge, segments: Sequence[str], ids: tuple[str, ...]) -> Outline:
    numbered = judge.grammar.numbered
    # A misspelt id is placed like the one that is meant, so it needs its numbers too.
    heads = (
        judge.split(text) if meant_by(one) in numbered else (one,) for one, text in zip(ids, segments, strict=True)
    )
    return _outline(judge, heads, False)


def flat(set_id: str, segments: Sequence[str], marks: Delimiters) -> Loop:
    """The tree of a set without a grammar: its segments one after another, cut into elements alone."""
    return Loop(set_id, [tuple(map(marks.plain, marks.split(text, marks.element))) for text in segments])
