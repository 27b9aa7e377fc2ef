"""What we answer to EDI that came: interchange (TA1) and functional acknowledgements (997, 999), sealed in the
transaction that stores the documents, before anything is mapped."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from hub import jobs
from hub.edi.x12.acknowledge import FUNCTIONAL_ACKNOWLEDGEMENT, STRICT, GroupDecision, Policy, write_answer
from hub.edi.x12.interchange import Group, Interchange
from hub.edi.x12.ta1 import InterchangeDecision, write_interchange_answer
from hub.flows import controls
from hub.flows.batch import Batch
from hub.store import messages as message_store

KIND = "functional_acknowledgement"


def policy(partner: Row[Any] | None) -> Policy:
    """How a partner is answered, by its settings: `answer` 997 or 999, `answer_interchanges` requested, always, errors
    or never, `strict` true where every fault rejects."""
    settings = partner.settings if partner is not None else {}
    base = STRICT if settings.get("strict") else Policy()
    given = {"answer": settings.get("answer"), "interchange": settings.get("answer_interchanges")}
    return replace(base, **{name: value for name, value in given.items() if value})


def zone(partner: Any) -> ZoneInfo:
    """The time zone of the times that are written to a partner."""
    return ZoneInfo(partner.settings.get("timezone", "UTC"))


def to_group(
    batch: Batch,
    message: Row[Any],
    partner: Row[Any] | None,
    interchange: Interchange,
    group: Group,
    decision: GroupDecision,
) -> None:
    """Seal the functional acknowledgement of a group and queue its delivery, unless it must not be answered."""
    if decision.root is None or partner is None:
        return
    control, group_control = _interchange_number(batch, interchange), _group_number(batch, interchange)
    body = write_answer(
        decision,
        interchange,
        group,
        interchange_control_number=control,
        group_control_number=group_control,
        when=batch.now.astimezone(zone(partner)),
    )
    facts = {"set_id": decision.answer, "control": f"{FUNCTIONAL_ACKNOWLEDGEMENT}/{group_control}"}
    _seal(batch, message, partner, interchange, f"{decision.answer}-{partner.id}-{control:09d}", body, facts)
    batch.event(
        "acknowledgement.owed",
        message_id=message.id,
        connection_id=message.connection_id,
        verdict=decision.code,
        group=group.control_number,
        sets=len(decision.sets),
        accepted=sum(one.accepted for one in decision.sets),
    )


def to_interchange(
    batch: Batch,
    message: Row[Any],
    partner: Row[Any] | None,
    interchange: Interchange,
    decision: InterchangeDecision,
    place: int,
) -> None:
    """Seal the acknowledgement of an interchange, where one is owed, and queue its delivery. `place`: which one of its
    file it is; what is read again is not answered again."""
    if partner is None or not decision.owed:
        return
    key = f"TA1-{partner.id}-{message.id}-{place}"
    if batch.outgoing.get((message.connection_id, KIND, key)) is not None:
        return
    body = write_interchange_answer(
        decision,
        interchange,
        interchange_control_number=_interchange_number(batch, interchange),
        when=batch.now.astimezone(zone(partner)),
    )
    _seal(batch, message, partner, interchange, key, body, {"set_id": "TA1"})
    batch.event(
        "acknowledgement.interchange-owed",
        message_id=message.id,
        connection_id=message.connection_id,
        verdict=decision.code,
        interchange=decision.control_number,
        note=decision.note,
    )


def _seal(
    batch: Batch,
    message: Row[Any],
    partner: Row[Any],
    interchange: Interchange,
    key: str,
    body: bytes,
    facts: dict[str, Any],
) -> None:
    message_id = message_store.seal(
        batch.rows,
        {
            "direction": "out",
            "connection_id": message.connection_id,
            "partner_id": partner.id,
            "parent_id": message.id,
            "kind": KIND,
            "format": "x12",
            "external_id": key,
            "revision": "0",
            "via": "hub",
            "test": interchange.part(15) == "T",
            "state": "sealed",
            "at": batch.now,
            **facts,
        },
        body,
    )
    batch.outgoing.forget((message.connection_id, KIND, key))
    job = jobs.deliver_job(KIND, message_id, message.connection_id, None, batch.now, message_id=message_id)
    batch.jobs.append({**job, "key": key})


def _interchange_number(batch: Batch, interchange: Interchange) -> int:
    return controls.number(batch, f"isa/{_ours(interchange)}/{_theirs(interchange)}")


def _group_number(batch: Batch, interchange: Interchange) -> int:
    return controls.number(batch, f"gs/{_ours(interchange)}/{_theirs(interchange)}/{FUNCTIONAL_ACKNOWLEDGEMENT}")


def _ours(interchange: Interchange) -> str:
    return f"{interchange.part(7)}:{interchange.part(8)}"


def _theirs(interchange: Interchange) -> str:
    return f"{interchange.part(5)}:{interchange.part(6)}"
