"""Judges a whole EDIFACT file: envelopes, then each message by its grammar, giving findings and trees.

    for interchange in (examination := examine(file)):
        for group in interchange.groups:
            for one in group.sets:
                one.findings, one.tree

A file of any size is read in bounded memory by `Examination.parts`, which keeps nothing that it has handed out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.edi.edifact.body import Body
from hub.edi.edifact.envelopes import judge_group, judge_interchange, judge_message_envelope
from hub.edi.edifact.interchange import Group, Interchange, Message, part
from hub.edi.edifact.reader import Part, Reader
from hub.edi.edifact.scan import LONGEST_MESSAGE
from hub.edi.edifact.text import parse
from hub.edi.examination import Examination
from hub.edi.findings import finding
from hub.edi.grammars.library import Library, default_library
from hub.edi.grammars.rules import SetGrammar
from hub.edi.judging.judge import judge_segments
from hub.edi.judging.segments import judge_for
from hub.edi.judging.values import as_count
from hub.edi.reading.interchange import note
from hub.edi.reading.source import Input
from hub.edi.tree import Loop, TransactionSet

CONTRL = "CONTRL"


def examine(
    file: Input,
    library: Library | None = None,
    *,
    trees: bool = True,
    encoding: str = "",
) -> Examination[Interchange, Group, Message]:
    """Read and judge a file, given whole or open for reading bytes. Never raises on content.

    Without `trees` only the findings are made. `library` defaults to the built-in grammars; `encoding` is a codec
    that counts instead of the character set UNB names.
    """
    return Examination(Reader(file, encoding), judge_with(library or default_library("edifact"), trees))


def judge_with(library: Library, trees: bool) -> Callable[[Part], None]:
    """Completes the findings of each part by the grammars of a library."""

    def judge(ended: Part) -> None:
        interchange, group, one = ended
        if group is None:
            judge_interchange(interchange)
        elif one is None:
            judge_group(interchange, group)
        else:
            judge_message_envelope(interchange, group, one)
            judge_message(interchange, group, one, library, trees)

    return judge


def grammar_of(set_id: str, version: str, syntax_version: str, library: Library) -> SetGrammar | None:
    """The grammar of a message type. CONTRL belongs to the syntax, not to a directory: its later form is version 4."""
    if set_id == CONTRL:
        version = library.syntax.versions[syntax_version >= "4"]
    return library.grammar(set_id, version)


def contrl_version(syntax_version: str) -> str:
    """What stands in UNH as the version of a CONTRL: that of the syntax, `D3` or `41`."""
    return "41" if syntax_version >= "4" else "D3"


def judge_message(interchange: Interchange, group: Group, one: Message, library: Library, trees: bool = True) -> None:
    """Complete the findings of one message and, when wanted, its tree."""
    if one.oversize:
        message = f"The message has {one.length} bytes; more than {LONGEST_MESSAGE} are not read."
        _add(one, "edi.set-too-large", message, offset=one.offset, position=1, segment="UNH")
        return
    marks = interchange.delimiters
    body = Body(one, marks, library)
    one.counted = len(body.segments) + 1 + (one.trailer is not None)
    _judge_count(one)
    grammar = grammar_of(one.set_id, one.version, interchange.syntax_version, library)
    at_start: dict[str, Any] = {"offset": one.offset, "position": 1, "segment": "UNH", "element": 2}
    if grammar is None:
        if not any(f.code == "edi.message-type-invalid" for f in one.findings):
            message = f"There is no grammar for message type {one.set_id!r}; its body was not checked."
            _add(one, "edi.set-not-supported", message, **at_start, value=one.set_id)
        root = Loop(one.set_id, [parse(text, marks) for text in body.segments])
    else:
        if not grammar.exact:
            message = f"Directory {one.version!r} is not described here; the nearest, {grammar.version}, was used."
            _add(one, "edi.version-nearest", message, **at_start, value=one.version)
        root = judge_segments(body.segments, body.offset, judge_for(grammar, marks), one.findings, trees)
    one.findings.sort(key=lambda f: f.offset)
    if trees:
        envelope = interchange.envelope(group, one)
        one.tree = TransactionSet("edifact", one.set_id, one.version, one.control_number, root, envelope)


def _judge_count(one: Message) -> None:
    """UNT01 counts all segments from UNH to UNT."""
    if one.trailer is None or as_count(said := part(one.trailer, 1)) == one.counted:
        return
    message = f"UNT01 does not give the number of segments; UNH to UNT are {one.counted}."
    place: dict[str, Any] = {"offset": one.trailer_offset, "position": one.counted, "segment": "UNT", "element": 1}
    _add(one, "edi.message-length-wrong", message, **place, reference="0074", value=said)


def _add(one: Message, code: str, message: str, **place: Any) -> None:
    note(one, finding(code, message, standard="edifact", **place))
