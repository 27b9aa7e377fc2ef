"""What an EDIFACT interchange that came brings, and what is owed for it. See `hub.edi.inbound`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from hub.edi.edifact.acknowledge import STRICT, GroupDecision, InterchangeDecision, Policy, acknowledge, write_answer
from hub.edi.edifact.interchange import Interchange, part
from hub.edi.edifact.validation import CONTRL
from hub.edi.findings import Finding
from hub.edi.inbound import Answer, Decision, Document, NextNumber, Seen, Terms, Written, numbered
from hub.edi.values import as_count

_DUPLICATE = "26"
_MESSAGE_REFERENCE = "1"


def decide(interchange: Interchange, terms: Terms, seen: Seen) -> Decision:
    """See `hub.edi.inbound.decide`."""
    policy = replace(
        STRICT if terms.strict else Policy(), reject_message=Policy().reject_message, strict_sets=terms.strict_sets
    )
    verdict = acknowledge(interchange, policy)
    documents = [one for group in verdict.groups for one in _documents(interchange, group)]
    duplicate = seen(documents)
    if duplicate == "noted":
        policy = replace(policy, reject_interchange=policy.reject_interchange - {f"UCI:{_DUPLICATE}"})
    if duplicate:
        verdict = acknowledge(interchange, policy, [_DUPLICATE])
    decision = Decision(_fatal(interchange, policy), [], _stated(interchange))
    if verdict.root is not None and _is_owed(interchange, terms, verdict):
        decision.answers.append(_answer(interchange, verdict, documents))
    return decision


def _fatal(interchange: Interchange, policy: Policy) -> Finding | None:
    """The first fault that rejects the interchange."""
    errors = (f for f in interchange.findings if f.is_error and f.ack_segment == "UCI")
    return next((f for f in errors if f"UCI:{f.ack_code}" in policy.reject_interchange), None)


def _is_owed(interchange: Interchange, terms: Terms, verdict: InterchangeDecision) -> bool:
    if terms.interchange == "requested":
        return interchange.acknowledgement_requested
    faulty = bool(verdict.codes) or any(one.errors or not one.accepted for one in verdict.sets)
    return terms.interchange == "always" or (terms.interchange == "errors" and faulty)


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
        [
            Document(
                one.set_id,
                group.functional_id or one.set_id,
                group.control_number,
                one.control_number,
                one.body,
                interchange.alone(group, one),
                said.accepted,
                [f for f in one.findings if f.is_error],
            )
            for one, said in zip(group.sets, judged.sets, strict=True)
        ]
    )


def _answer(interchange: Interchange, verdict: InterchangeDecision, documents: list[Document]) -> Answer:
    def write(number: NextNumber, when: datetime) -> Written:
        control = number("unb", "")
        body = write_answer(
            verdict, interchange, control_reference=str(control), when=when, message_reference=_MESSAGE_REFERENCE
        )
        return Written(body, control, f"{CONTRL}/{control}", _MESSAGE_REFERENCE)

    named = [one for one in documents if one.set_id != CONTRL] if verdict.accepted else []
    return Answer(CONTRL, verdict.control_number, verdict.code, next(iter(verdict.codes), ""), named, write)
