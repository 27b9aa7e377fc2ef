"""All that is done with an inbound file, of either syntax: raises only where something does what it must never do."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import datetime
from unittest.mock import patch

from rich.console import Console

from hub.cli import edi_answers, edi_show
from hub.cli.edi_files import Opened
from hub.edi import convert
from hub.edi.edifact import acknowledge as contrl
from hub.edi.edifact import received as edifact_received
from hub.edi.findings import EdiError
from hub.edi.grammars.library import default_library
from hub.edi.inbound import Terms
from hub.edi.json_form import from_json, to_json
from hub.edi.reading.syntax import detect
from hub.edi.tree import STANDARDS
from hub.edi.validation import examine
from hub.edi.x12.acknowledge import Policy, acknowledge, write_answer
from hub.edi.x12.received import read_acknowledgement, read_interchange_acknowledgement
from hub.edi.x12.ta1 import acknowledge_interchange, write_interchange_answer

WHEN = datetime(2026, 1, 6, 9, 30)
BLANKS = b" \t\r\n\0\x0b\x0c\x1a"
POLICIES = (Policy(interchange="always"), Policy(answer="999"))


def exercise(data: bytes, *, explain: bool = False, policies: Sequence[Policy] = POLICIES) -> str:
    """Read, judge, convert and answer a file, and read the answers; with `explain` show it to people too.

    X12 is answered by each of the policies. Tells what became of the file, such as `"x12 clean"`.
    """
    standard = detect(data) or "x12"
    examination = examine(data)
    interchanges = list(examination)
    findings = list(examination.findings)
    for interchange in interchanges:
        found = interchange.all_findings()
        findings += found
        assert 0 <= interchange.offset <= interchange.offset + interchange.length <= len(data)
        for one in interchange.sets:
            _judge_set(one, data, interchange.standard)
        if interchange.standard == "x12":
            _answer_x12(interchange, policies)
        else:
            _answer_edifact(interchange)
    assert interchanges or any(f.is_error for f in findings)
    for finding in findings:
        assert 0 <= finding.offset <= len(data), finding
        assert finding.kind != "gap" or (finding.severity, finding.ack_segment) == ("warning", None), finding
    _treeless(data, findings)
    if interchanges:
        _convert(data, interchanges, clean=not findings)
    if explain:
        _explain(data)
    faulty = any(f.is_error for f in findings)
    return f"{standard} {'unreadable' if not interchanges else 'faulty' if faulty else 'clean'}"


def _judge_set(one, data: bytes, standard: str) -> None:
    assert 0 <= one.offset <= one.offset + one.length <= len(data)
    if one.tree is None:
        assert one.oversize
        return
    assert sum(1 for _ in one.tree.root.walk()) == one.counted - 1 - (one.trailer is not None)
    assert from_json(to_json(one.tree)) == one.tree
    if standard == "edifact":
        edifact_received.read_acknowledgement(one.tree)
    elif one.set_id in ("997", "999"):
        read_acknowledgement(one.tree)


def _treeless(data: bytes, findings) -> None:
    """The quick way, which makes no trees, finds the same."""
    examination = examine(data, trees=False)
    again = [f for interchange in examination for f in interchange.all_findings()]
    assert [*examination.findings, *again] == findings


def _convert(data: bytes, interchanges, clean: bool) -> None:
    try:
        back = convert.file_from_json(json.loads(json.dumps(convert.file_to_json(interchanges))))
    except EdiError as error:
        assert not clean and error.code == "edi.json-form-invalid", error
    else:
        # A line break behind the last terminator is how files end, not part of what they say.
        assert not clean or back.rstrip(BLANKS) == data.rstrip(BLANKS), "a clean file comes back byte for byte"


def _answer_x12(interchange, policies: Sequence[Policy]) -> None:
    """Write every acknowledgement; where its envelope cannot be written, that is the fault of what came in."""
    for elements in interchange.ta1:
        read_interchange_acknowledgement(elements)
    for policy in policies:
        decided = acknowledge_interchange(interchange, policy)
        writers = []
        if decided.owed:
            writers.append(
                lambda d=decided: write_interchange_answer(d, interchange, interchange_control_number=1, when=WHEN)
            )
        for group, decision in zip(interchange.groups, acknowledge(interchange, policy), strict=True):
            if decision.root is not None:
                writers.append(
                    lambda d=decision, g=group: write_answer(
                        d, interchange, g, interchange_control_number=1, group_control_number=1, when=WHEN
                    )
                )
        for write in writers:
            try:
                answer = write()
            except EdiError as error:
                own = error.code == "edi.envelope-invalid" or all(f.segment in ("ISA", "GS") for f in error.findings)
                assert own or error.code == "edi.characters-forbidden", (error, error.findings)
            else:
                assert list(examine(answer, trees=False))


def _answer_edifact(interchange) -> None:
    """The CONTRL. None goes to an interchange without usable ids, or with ids that look like the start of another."""
    decision = contrl.acknowledge(interchange)
    if decision.root is None:
        return
    try:
        answer = contrl.write_answer(decision, interchange, control_reference="1", when=WHEN)
    except EdiError as error:
        places = {f.segment for f in error.findings}
        own = error.code == "edi.envelope-invalid" or places <= {"UNB", "UCI", "UCF", "UCM"} or "UNZ" in places
        assert own, (error, error.findings)
    else:
        assert list(examine(answer, trees=False))


def _explain(data: bytes) -> None:
    """Print it as `hub edi explain` does."""
    console = Console(file=io.StringIO(), force_terminal=True, width=110)
    with patch.object(edi_show, "console", console):
        opened = Opened({one: default_library(one) for one in STANDARDS}, examine(data), Terms())
        for interchange in opened.interchanges():
            edi_show.explain(interchange, opened)
            edi_show.explain_answers(edi_answers.answers(interchange, opened))
        edi_show.findings([(f, {}) for f in opened.outside()], "")
