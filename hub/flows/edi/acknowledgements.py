"""Partners' acknowledgements of what we sent: until when each is due, and what it says when it comes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row

from hub.edi.inbound import ACKNOWLEDGEMENTS
from hub.edi.reports import Report, of_interchange, of_set
from hub.edi.x12.reader import read
from hub.flows.batch import Batch
from hub.flows.edi import controls
from hub.flows.edi.sets import Manner, only_set
from hub.flows.problems import Ignore, Park, printable
from hub.store import messages as message_store
from hub.store import partners as partner_store

MAX_FAULTS = 25
REJECTED, RECEIVED = "rejected", "received"


def is_acknowledgement(message: Row[Any]) -> bool:
    """Is this document a partner's acknowledgement of what we sent?"""
    return bool(message.via == "split" and message.set_id in ACKNOWLEDGEMENTS)


def read_report(message: Row[Any], body: bytes, by: Manner | None) -> Report:
    """What an acknowledgement says. Raises `Park` for one that cannot be read."""
    report = of_interchange(body) if message.set_id == "TA1" else of_set(only_set(body, by))
    if report is None:
        raise Park("edi.unreadable", "The document cannot be read as an acknowledgement.")
    return report


def expect(tx: Connection, sent: Iterable[Row[Any]], now: dt.datetime) -> None:
    """Note until when partners are to acknowledge what has just been sent, where the agreement names the hours."""
    agreed: dict[tuple[int, str], Row[Any] | None] = {}
    due = []
    for message in sent:
        if message.partner_id is None or message.set_id is None:
            continue
        key = (message.partner_id, message.set_id)
        if key not in agreed:
            agreed[key] = partner_store.agreement(tx, message.partner_id, "out", set_id=message.set_id)
        agreement = agreed[key]
        if agreement is not None and agreement.acknowledge and agreement.acknowledge_hours is not None:
            due.append({"b_id": message.id, "acknowledge_by": now + dt.timedelta(hours=agreement.acknowledge_hours)})
    message_store.change(tx, due)


def acknowledged(batch: Batch, message: Row[Any], report: Report) -> Park | Ignore | None:
    """Find what an acknowledgement is about and note its verdict. Gives the problem when that is nothing, and why
    nothing follows when it says what was known."""
    sent = _about(batch, message, report)
    if not sent:
        what = f"group {report.control}" if report.control else f"interchange {report.interchange}"
        return Park("acknowledgement.unmatched", f"It acknowledges {printable(what)}, which the partner was not sent.")
    said = [(each, *report.of(each.set_control)) for each in sent]
    news = [(each, verdict, faults) for each, verdict, faults in said if not _known(each, verdict)]
    for each, verdict, faults in news:
        _note(batch, each, verdict, faults)
    return None if news else Ignore("acknowledgement.repeated")


def _about(batch: Batch, message: Row[Any], report: Report) -> list[Row[Any]]:
    """The documents of ours that an acknowledgement speaks of: those under the ids that it came under, else under
    others of the partner, unless several pairs of them have used the number."""
    came = (report.ours, report.theirs, report.test)
    if report.control:
        named = {"control": [printable(report.control)]}
    else:
        pairs = [came, *_pairs(batch, message.partner_id)]
        named = {"interchange": [controls.interchange(*pair[:2], report.interchange, pair[2]) for pair in pairs]}
    found = message_store.sent_to(batch.tx, message.partner_id, **named)
    home = [each for each in found if _between(each) == controls.between(*came)]
    sent = home or found
    if report.sent_at is not None and len({each.at for each in sent}) > 1:
        # Control numbers begin again after their last one; a TA1 also says when the interchange was written.
        bodies = message_store.bodies(batch.tx, [each.id for each in sent])
        sent = [each for each in sent if _written_at(bodies.get(each.id, b"")) == report.sent_at]
    elif report.control:
        # The newest document of each number: the earlier one was sent before the numbers began again.
        sent = list({(_between(each), each.set_control): each for each in sent}.values())
    return sent if len({_between(each) for each in sent}) < 2 else []


def _pairs(batch: Batch, partner_id: int) -> list[tuple[controls.Party, controls.Party, bool]]:
    """Our and their ids as we write to a partner under them."""
    rows = partner_store.ids_of(batch.tx, partner_id)
    return [((row.own_qualifier, row.own_value), (row.qualifier, row.value), row.test) for row in rows]


def _between(sent: Row[Any]) -> str:
    """Who wrote to whom in the interchange of a document of ours."""
    return str(sent.interchange or "").rpartition("/")[0]


def _written_at(body: bytes) -> tuple[str, str] | None:
    """Date and time of the ISA of an interchange of ours."""
    return next(((interchange.part(9), interchange.part(10)) for interchange in read(body)), None)


def _known(sent: Row[Any], verdict: str) -> bool:
    """Whether we know this already. That a document arrived is no news once the partner has judged it."""
    return bool(sent.acknowledged if verdict == RECEIVED else sent.acknowledged == verdict)


def _note(batch: Batch, sent: Row[Any], verdict: str, faults: Sequence[str]) -> None:
    if verdict != RECEIVED:  # its verdict is still to come
        message_store.change(batch.tx, [{"b_id": sent.id, "acknowledged": verdict}])
    batch.event("acknowledgement.received", order_id=sent.order_id, message_id=sent.id, verdict=verdict)
    if verdict == REJECTED and sent.state == "done":
        rejected(batch, sent, faults)
    elif verdict not in (REJECTED, RECEIVED) and sent.state == "parked" and sent.reason == "acknowledgement.rejected":
        batch.end(sent.id, "done", order_id=sent.order_id, mapping_hash=sent.mapping_hash)


def rejected(
    batch: Batch, message: Row[Any], faults: Sequence[str] = (), code: str = "acknowledgement.rejected"
) -> None:
    """The partner takes nothing from a document of ours: it waits for a person, who has it written anew. `faults`: what
    the acknowledgement says is wrong with it, in words and without values."""
    findings = [{"code": code, "message": printable(fault)} for fault in faults[:MAX_FAULTS]]
    problem = Park(code, "The partner rejects it.", findings=findings)
    batch.end(
        message.id,
        "parked",
        reason=problem.code,
        problem=problem.problem(),
        order_id=message.order_id,
        mapping_hash=message.mapping_hash,
    )
    batch.event(
        "message.parked",
        order_id=message.order_id,
        message_id=message.id,
        connection_id=message.connection_id,
        code=problem.code,
        document=message.kind,
    )
