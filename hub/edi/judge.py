"""Judges the segments of one set by its grammar, whatever the syntax: values, order, repetition."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from hub.edi.delimiters import Delimiters
from hub.edi.findings import MOST_FINDINGS, Finding
from hub.edi.segments import SegmentJudge
from hub.edi.structure import Walk
from hub.edi.tree import Loop


def judge_segments(
    segments: Sequence[str], offset: Callable[[int], int], judge: SegmentJudge, findings: list[Finding], trees: bool
) -> Loop:
    """Add the findings of a set's body (without header and trailer) and give its tree.

    `segments` are their texts without terminator, still escaped; `offset` gives the byte offset of a segment by its
    index, and for the index behind the last one where the body ends. Without `trees` the tree stays empty.
    """
    current = 0

    def report(found: Finding) -> None:
        if judge.grammar.partner and found.kind == "standard":
            found = replace(found, kind="partner")
        if len(findings) < MOST_FINDINGS:
            findings.append(found.at(offset(current), current + 2, found.loop))

    walk = Walk(judge.grammar, report, trees)
    step, verdict, split = walk.step, judge.verdict, judge.split
    numbered = judge.grammar.numbered
    for current, text in enumerate(segments):
        segment_id, faults = verdict(text)
        step(segment_id, split(text) if trees or segment_id in numbered else (segment_id,))
        for fault in faults:
            if len(findings) < MOST_FINDINGS:
                findings.append(fault.at(offset(current), current + 2, walk.loop))
    current = len(segments)
    walk.finish()
    return walk.tree


def flat(set_id: str, segments: Sequence[str], marks: Delimiters) -> Loop:
    """The tree of a set without a grammar: its segments one after another, cut into elements alone."""
    return Loop(set_id, [tuple(map(marks.plain, marks.split(text, marks.element))) for text in segments])
