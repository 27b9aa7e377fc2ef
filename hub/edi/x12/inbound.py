"""What an X12 interchange that came brings, and what is owed for it. See `hub.edi.inbound`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from hub.edi.inbound import Answer, Decision, Document, NextNumber, Seen, Terms, Written, document, numbered
from hub.edi.judging.values import as_count
from hub.edi.x12.acknowledge import (
    FUNCTIONAL_ACKNOWLEDGEMENT,
    STRICT,
    GroupDecision,
    Policy,
    acknowledge_group,
    write_answer,
)
from hub.edi.x12.interchange import Group, Interchange
from hub.edi.x12.ta1 import DUPLICATE, InterchangeDecision, acknowledge_interchange, write_interchange_answer

_SET_NUMBER = "0001"


def decide(interchange: Interchange, terms: Terms, seen: Seen) -> Decision:
    """See `hub.edi.inbound.decide`."""
    policy = replace(
        STRICT if terms.profile.strict else Policy(),
        reject_set=Policy().reject_set,
        strict_sets=terms.strict_sets(interchange),
        answer=terms.profile.answer,
        interchange=terms.profile.answer_interchanges,
    )
    judged = [(group, acknowledge_group(group, policy)) for group in interchange.groups]
    documents = [_documents(interchange, group, said) for group, said in judged]
    everything = [*_interchange_notes(interchange), *(one for group in documents for one in group)]
    duplicate = seen(everything)
    note = DUPLICATE if duplicate else ""
    verdict = acknowledge_interchange(interchange, policy, note, rejects=duplicate == "refused")
    answers = []
    for (group, said), named in zip(judged, documents, strict=True):
        withheld = _withheld(interchange, group, said, verdict) or terms.withholds(named)
        answers.append(_of_group(interchange, group, said, named, withheld))
    if verdict.owed or not (verdict.accepted or interchange.bare):
        answers.append(_of_interchange(interchange, verdict))
    return Decision(None if verdict.accepted else verdict.error, answers, _stated(interchange))


def _withheld(interchange: Interchange, group: Group, judged: GroupDecision, verdict: InterchangeDecision) -> str:
    """Why a group gets no acknowledgement, whatever was agreed; `""` where it does."""
    if not group.is_real:
        return "Without GS there is nothing to answer."
    if judged.root is None:
        return "Acknowledgements are not acknowledged."
    if interchange.bare:
        return "Without ISA there is nobody to answer."
    return "" if verdict.accepted else "What is in a rejected interchange is not answered."


def _documents(interchange: Interchange, group: Group, judged: GroupDecision) -> list[Document]:
    return numbered(
        document(
            one,
            said,
            functional_id=group.functional_id,
            group=group.control_number,
            content=one.body,
            raw=interchange.alone(group, one),
        )
        for one, said in zip(group.sets, judged.sets, strict=True)
    )


def _stated(interchange: Interchange) -> int:
    """The sets that GE01 of each group counts, and the TA1s."""
    counted = [as_count(group.trailer[0].strip()) if group.trailer else None for group in interchange.groups]
    held = (len(group.sets) for group in interchange.groups)
    said = [there if count is None else count for count, there in zip(counted, held, strict=True)]
    return sum(said) + len(interchange.ta1)


def _interchange_notes(interchange: Interchange) -> list[Document]:
    """The TA1s that stand in an interchange."""
    marks = interchange.delimiters
    found = []
    for elements in interchange.ta1:
        text = marks.element.join(("TA1", *elements))
        raw = interchange.raw + f"{marks.suffix}{text}{marks.terminator}".encode(interchange.encoding)
        found.append(Document("TA1", "TA1", "", elements[0] if elements else "", text, raw))
    return numbered(found)


def _of_group(
    interchange: Interchange, group: Group, judged: GroupDecision, documents: list[Document], withheld: str
) -> Answer:
    def write(number: NextNumber, when: datetime) -> Written:
        control, group_control = number("isa", ""), number("gs", FUNCTIONAL_ACKNOWLEDGEMENT)
        body = write_answer(
            judged,
            interchange,
            group,
            interchange_control_number=control,
            group_control_number=group_control,
            set_control_number=_SET_NUMBER,
            when=when,
        )
        return Written(body, control, f"{FUNCTIONAL_ACKNOWLEDGEMENT}/{group_control}", _SET_NUMBER)

    return Answer(
        judged.answer, group.control_number, judged.code, judged.codes, judged.accepted, judged.sets, documents, write,
        withheld, group.functional_id, group.version,
    )  # fmt: skip


def _of_interchange(interchange: Interchange, verdict: InterchangeDecision) -> Answer:
    def write(number: NextNumber, when: datetime) -> Written:
        control = number("isa", "")
        body = write_interchange_answer(verdict, interchange, interchange_control_number=control, when=when)
        return Written(body, control, "", "")

    said, note = verdict.code, [verdict.note]
    return Answer("TA1", verdict.control_number, said, note, verdict.accepted, [], [], write, verdict.withheld)
