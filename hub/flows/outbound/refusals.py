"""What partners' applications are told of documents of theirs that a person has refused: an application advice (824,
APERAK), where one is agreed on.

Their syntax was acknowledged when they came; a document that only waits here is not refused, and nobody is told of it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from hub import jobs
from hub.edi.inbound import ACKNOWLEDGEMENTS
from hub.edi.tree import element
from hub.errors import Refused
from hub.flows.batch import Batch
from hub.flows.edi.sets import only_set
from hub.flows.outbound import envelopes
from hub.flows.outbound.envelopes import Recipient
from hub.flows.problems import Park
from hub.mapping.decode import EDI_PART
from hub.store import messages as message_store
from hub.store.jobs import Job

KIND = "advice"
LONGEST = 250
"""Characters of a reason; an 824 and an APERAK have room for some more, as lines end with words."""
LONGEST_NAME = 35
"""Characters of the name of a part in front of a reason."""


def is_refusable(message: Any) -> bool:
    """Whether a message is a document that a partner sent by EDI, and no answer to one of ours."""
    theirs = message.direction == "in" and message.via == "split" and message.partner_id is not None
    return theirs and message.kind != KIND and message.set_id not in ACKNOWLEDGEMENTS


def owe(batch: Batch, message: Row[Any], reason: str) -> None:
    """Queue what its partner is told of a refused document. Raises `Refused` where it cannot be told."""
    if len(reason) > LONGEST:
        raise Refused("message.reason-too-long", f"Their answer has room for {LONGEST} characters; say it shorter.")
    if not is_refusable(message):
        raise Refused("message.not-refusable", "Only a document that a partner sent by EDI can be refused.")
    if batch.agreed.get((message.partner_id, KIND)) is None:
        raise Refused(
            "message.no-advice",
            "Nothing is agreed on by which its partner could be told: `hub partner agree PARTNER 824 out`, or APERAK.",
        )
    batch.jobs.append(jobs.deliver_job(KIND, message.id, message.connection_id, None, batch.now))


def recipient(batch: Batch, job: Job) -> Recipient:
    """The partner whose document was refused, in test where that was in test. Raises `Park`."""
    message = _refused(batch, job)
    agreement = batch.agreed.get((message.partner_id, KIND))
    if agreement is None:
        raise Park("edi.no-agreement", f"There is no agreement with the partner on sending {KIND}.")
    return envelopes.recipient(batch, agreement, test=bool(message.test))


def document(batch: Batch, job: Job, to: Recipient, generation: int) -> dict[str, Any]:
    """The advice: which document, by its control numbers and, where all sets of a syntax have it in one place, by its
    own number; and why. Of a part of one, the rest of which counts: which part it is, and no more than errors."""
    message = _refused(batch, job)
    sent, why = _sent(batch, message), message.problem["refused_because"]
    group, set_control = _control(sent)
    whole = sent is message
    return {
        "number": f"REFUSED-{message.id}",
        "advised_on": batch.now.astimezone(to.profile.zone).date(),
        "documents": [
            {
                "set_id": message.set_id,
                "group_control": group,
                "set_control": set_control,
                "reference": _number(batch, sent),
                "verdict": "rejected" if whole else "errors",
                "errors": [{"message": why if whole else f"{message.external_id[:LONGEST_NAME]}: {why}"}],
            }
        ],
    }


def _refused(batch: Batch, job: Job) -> Row[Any]:
    return message_store.get(batch.tx, [job.subject_id or 0])[job.subject_id or 0]


def _sent(batch: Batch, message: Row[Any]) -> Row[Any]:
    """The document as its partner sent it: that itself, or what it was cut out of."""
    while message.format == EDI_PART:
        message = message_store.get(batch.tx, [message.parent_id])[message.parent_id]
    return message


def _control(message: Row[Any]) -> tuple[str | None, str | None]:
    """The control numbers of its group and its own, as it came: the last two that are kept with it."""
    _, *numbers = (message.control or "").rsplit("/", 2)
    group, own = numbers if len(numbers) == 2 else ("", "")
    return group or None, own or None


def _number(batch: Batch, message: Row[Any]) -> str | None:
    """The number in BGM. X12 sets have theirs in many places, and are named by their control numbers alone."""
    body = message_store.bodies(batch.tx, [message.id]).get(message.id)
    if message.format != "edifact" or body is None:
        return None
    bgm = next((segment for segment in only_set(body).root.walk() if segment[0] == "BGM"), None)
    return str(element(bgm, 2, 1)) or None if bgm is not None else None
