"""What an EDIFACT interchange that came brings, and what is owed for it. See `hub.edi.inbound`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from hub.edi.edifact.acknowledge import STRICT, GroupDecision, InterchangeDecision, Policy, acknowledge, write_answer
from hub.edi.edifact.interchange import Interchange, part
from hub.edi.edifact.validation import CONTRL
from hub.edi.findings import Finding
from hub.edi.inbound import Answer, Decision, Document, NextNumber, Seen, Terms, Written, document, numbered
from hub.edi.judging.values import as_count

_DUPLICATE = "26"
_UNASKED = "UNB 0031 asks for no CONTRL; `answer_interchanges` says when there is one."
_MESSAGE_REFERENCE = "1"


def decide(interchange: Interchange, terms: Terms, seen: Seen) -> Decision:
    """See `hub.edi.inbound.decide`."""
    policy = replace(
        STRICT if terms.profile.strict else Policy(),
        reject_message=Policy().reject_message,
        strict_sets=terms.strict_sets(interchange),
    )
    verdict = acknowledge(interchange, policy)
    documents = [one for group in verdict.groups for one in _documents(interchange, group)]
    duplicate = seen(documents)
    if duplicate == "noted":
        policy = replace(policy, reject_interchange=policy.reject_interchange - {f"UCI:{_DUPLICATE}"})
    if duplicate:
        verdict = acknowledge(interchange, policy, [_DUPLICATE])
    named = [one for one in documents if one.set_id != CONTRL] if verdict.accepted else []
    withheld = _withheld(interchange, terms, verdict) or terms.withholds(named)
    answer = _answer(interchange, verdict, named, withheld)
    return Decision(_fatal(interchange, policy), [answer], _stated(interchange))


def _fatal(interchange: Interchange, policy: Policy) -> Finding | None:
    """The first fault that rejects the interchange."""
    errors = (f for f in interchange.findings if f.is_error and f.ack_segment == "UCI")
    return next((f for f in errors if f"UCI:{f.ack_code}" in policy.reject_interchange), None)


def _withheld(interchange: Interchange, terms: Terms, verdict: InterchangeDecision) -> str:
    """Why an interchange gets no CONTRL, whatever was agreed on its sets; `""` where it does."""
    if interchange.bare:
        return "Without UNB there is nobody to answer."
    if verdict.root is None:
        return "Acknowledgements are not acknowledged."
    wanted = terms.profile.answer_interchanges
    if wanted == "requested":
        return "" if interchange.acknowledgement_requested else _UNASKED
    if wanted == "errors":
        faulty = bool(verdict.codes) or any(one.errors or not one.accepted for one in verdict.sets)
        return "" if faulty else "A CONTRL is sent on errors alone."
    return "" if wanted == "always" else "This partner is sent no CONTRL."


def _stated(interchange: Interchange) -> int:
    """The messages that UNE01 of each group counts, or UNZ01 where there are no groups."""
    if not any(group.is_real for group in interchange.groups):
        count = as_count(part(interchange.trailer, 1)) if interchange.trailer else None
        return sum(len(group.sets) for group in interchange.groups) if count is None else count
    said = 0
    for group in interchange.groups:
        count = as_count(part(group.trailer, 1)) if group.trailer else None
        said += len(group.sets) if count is None else count
    return said


def _documents(interchange: Interchange, judged: GroupDecision) -> list[Document]:
    group = judged.group
    return numbered(
        document(
            one,
            said,
            functional_id=group.functional_id or one.set_id,
            group=group.control_number,
            content=one.body,
            raw=interchange.alone(group, one),
        )
        for one, said in zip(group.sets, judged.sets, strict=True)
    )


def _answer(interchange: Interchange, verdict: InterchangeDecision, documents: list[Document], withheld: str) -> Answer:
    def write(number: NextNumber, when: datetime) -> Written:
        control = number("unb", "")
        body = write_answer(
            verdict, interchange, control_reference=str(control), when=when, message_reference=_MESSAGE_REFERENCE
        )
        return Written(body, control, f"{CONTRL}/{control}", _MESSAGE_REFERENCE)

    return Answer(
        CONTRL, verdict.control_number, verdict.code, verdict.codes, verdict.accepted, verdict.sets, documents, write,
        withheld,
    )  # fmt: skip
