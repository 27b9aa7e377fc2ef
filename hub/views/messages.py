"""Messages as people and programs see them: a row of a list, one message with its bytes, and what is parked."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from hub.flows.edi import answers
from hub.flows.guide import Guide
from hub.flows.outbound import refusals, resends
from hub.flows.problems import Park
from hub.installation import Installation
from hub.mapping import Mapping
from hub.store import messages as message_store
from hub.store import search, timeline
from hub.store.search import MessageQuery
from hub.views.base import PAGE_SIZE, Page
from hub.views.payloads import PayloadView, shown
from hub.views.status import Status, of_message
from hub.views.timeline import Sentence, of_event

__all__ = [
    "MessageDetail",
    "MessageQuery",
    "MessageRow",
    "message_detail",
    "message_list",
    "message_row",
    "replay_says",
]


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One document, in or out. `detail`: the problem's sentence where it is parked, ignored or withdrawn."""

    id: int
    direction: str
    kind: str
    format: str
    connection_id: int
    connection: str
    partner: str | None
    external_id: str
    revision: str
    set_id: str | None
    control: str | None
    test: bool
    state: str
    status: Status
    reason: str | None
    detail: str | None
    awaits: str | None
    order_id: int | None
    order: str | None
    parent_id: int | None
    subject_id: int | None
    remote_id: str | None
    acknowledge_by: dt.datetime | None
    acknowledged: str | None
    at: dt.datetime
    settled: dt.datetime | None


@dataclass(frozen=True, slots=True)
class FindingView:
    """One thing that is wrong: its code, where it stands and what it says."""

    code: str
    where: str
    message: str
    severity: str
    position: int


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One try. `mapping_hash` names the exact text of the mapping that it used; `mapping` has its version too."""

    id: int
    number: int
    job: str
    at: dt.datetime
    outcome: str
    mapping: str | None
    mapping_hash: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class JobView:
    """Work on the message that is not done: `state` pending, running or parked."""

    id: int
    kind: str
    state: str
    due: dt.datetime
    failures: int
    error: str | None


@dataclass(frozen=True, slots=True)
class MessageDetail:
    """One message: `row` as in lists, its bytes, what is wrong with it, its tries, its family.

    `mapping`, `mapping_hash`: the exact mapping that read or wrote it last, by its name and version, and its text.
    `relation`: what it is to `parent`. `others`: how many documents went in one interchange with it.
    """

    row: MessageRow
    mapping: str | None
    mapping_hash: str | None
    tables: list[str]  # the lookup tables kept here that it asked, each with the version that it saw
    path: str | None
    findings: list[FindingView]
    payloads: list[PayloadView]
    attempts: list[AttemptView]
    jobs: list[JobView]
    parent: MessageRow | None
    relation: str
    others: int
    children: list[MessageRow]
    timeline: list[Sentence]
    same_reason: int
    can: list[str]


def message_row(row: Any) -> MessageRow:
    """From a row of `hub.store.search.message_rows`."""
    problem = row.problem or {}
    same = [
        "id",
        "direction",
        "kind",
        "format",
        "connection_id",
        "connection",
        "partner",
        "external_id",
        "revision",
        "set_id",
        "control",
        "test",
        "state",
    ]
    more = [
        "reason",
        "awaits",
        "order_id",
        "parent_id",
        "subject_id",
        "remote_id",
        "acknowledge_by",
        "acknowledged",
        "at",
    ]
    return MessageRow(
        **{name: getattr(row, name) for name in (*same, *more)},
        status=of_message(row.state, row.interchange_state),
        detail=problem.get("detail"),
        order=row.order_number or row.order_external_id,
        settled=row.settled_at,
    )


def message_list(connection: Connection, query: MessageQuery, size: int = PAGE_SIZE) -> Page[MessageRow]:
    """One page of messages, newest first."""
    rows, newer, older = search.find_messages(connection, query, size)
    return Page.of([message_row(row) for row in rows], newer, older)


def message_detail(connection: Connection, message_id: int, merchant_id: int | None) -> MessageDetail | None:
    """One message with everything its page shows; None where it does not exist for this person."""
    head = timeline.message(connection, message_id, merchant_id)
    if head is None:
        return None
    row = message_row(head)
    parent_id = row.subject_id if row.kind == resends.KIND else row.parent_id
    parent = timeline.message(connection, parent_id, None) if parent_id else None
    went_in = parent if parent is not None and (parent.kind, parent.direction) == ("edi", "out") else head
    envelope = timeline.message_payloads(connection, row.parent_id) if row.parent_id else []
    parts = timeline.message_payloads(connection, message_id)
    problem = head.problem or {}
    attempts = [_attempt(attempt) for attempt in timeline.message_attempts(connection, message_id)]
    children = [message_row(child) for child in timeline.children(connection, message_id)]
    used = next(((a.mapping, a.mapping_hash) for a in attempts if a.mapping_hash), (None, head.mapping_hash))
    if used[0] is None and used[1]:
        text = timeline.mapping_text(connection, used[1])
        used = (_versioned(text.name, text.version) if text is not None else None, used[1])
    return MessageDetail(
        row=row,
        mapping=used[0],
        mapping_hash=used[1],
        tables=[f"{name} version {version}" for name, version in sorted((head.tables or {}).items())],
        path=problem.get("path") or problem.get("field"),
        findings=[_finding(finding) for finding in problem.get("findings", [])],
        payloads=[shown(part, row.format, [*parts, *envelope]) for part in parts],
        attempts=attempts,
        jobs=[_job(job) for job in timeline.message_jobs(connection, message_id)],
        parent=message_row(parent) if parent is not None else None,
        relation=_relation(row, parent),
        others=(went_in.documents or 1) - 1 if went_in is not head else 0,
        children=children,
        timeline=[of_event(event) for event in timeline.message_events(connection, message_id)],
        same_reason=timeline.same_reason(connection, row.reason) - 1 if row.reason and row.state == "parked" else 0,
        can=_can(head, went_in),
    )


def replay_says(installation: Installation, connection: Connection, found: MessageDetail) -> str:
    """Which version of which mapping a replay uses, beside the one that was used; empty where none was, or will be."""
    before = found.mapping_hash
    if not before or "replay" not in found.can:
        return ""
    message = message_store.get(connection, [found.row.id])[found.row.id]
    try:
        now = _mapping_of(Guide(installation, connection), message)
    except Park as problem:
        return f"A replay would end here: {problem.detail}"
    name = _versioned(now.name, now.version)
    if now.hash == before:
        return f"Replay uses mapping {name} {now.hash[:8]}, the same text as before."
    other = f"{found.mapping} " if found.mapping and found.mapping != name else ""
    return f"Replay uses mapping {name} {now.hash[:8]}; before it was {other}{before[:8]}."


def _versioned(name: str, version: int) -> str:
    """A mapping as it is called where its version matters; a file has none."""
    return f"{name} version {version}" if version else name


def _mapping_of(guide: Guide, message: Any) -> Mapping:
    """What reads or writes a message now. Raises `Park`."""
    if message.direction == "in":
        return guide.inbound(message)[1]
    if message.partner_id is None or message.set_id is None:
        return guide.outbound(message.connection_id, message.kind)
    agreement = guide.agreement(message.partner_id, "out", message.set_id)
    if agreement is None:
        raise Park("edi.no-agreement", f"There is no agreement with the partner on set {message.set_id}.")
    return guide.mapping(agreement.mapping)


def _relation(row: MessageRow, parent: Any) -> str:
    if row.kind == resends.KIND:
        return "Sends again"
    return "Part of" if parent is not None and parent.direction == row.direction else "Answers"


def _can(row: Any, carrier: Any) -> list[str]:
    """What a person may do with a message. `carrier`: the interchange of ours that it went in, or its own row."""
    can = ["resend"] if row.state != "withdrawn" and resends.is_sendable(carrier) else []
    if row.state == "parked":
        once = row.kind == answers.KIND and row.reason in answers.FINAL
        can += ["ignore"] if once else ["replay", "ignore"]
        can += ["refuse"] if refusals.is_refusable(row) else []
    elif row.state == "ignored" and row.direction == "in":
        can.append("replay")
    return can


def _finding(finding: dict[str, Any]) -> FindingView:
    """A finding on EDI names its segment or element, one of a mapping the value's path and the field it was for."""
    target = finding.get("target") or ""
    path = str(finding.get("path") or finding.get("value_path") or finding.get("source_path") or "").removeprefix("$/")
    where = finding.get("designator") or path or finding.get("segment") or target
    if finding.get("position"):
        where = f"{where} (segment {finding['position']})" if where else f"segment {finding['position']}"
    text = finding.get("message") or finding.get("detail") or ""
    return FindingView(
        str(finding.get("code", "")),
        str(where),
        f"{target}: {text}" if target and where != target else str(text),
        str(finding.get("severity", "error")),
        int(finding.get("position") or 0),
    )


def error_text(error: Any) -> str | None:
    """What went wrong, for people, of a stored error."""
    if not error:
        return None
    if isinstance(error, dict):
        return str(error.get("detail") or error.get("message") or error.get("code") or "")
    return str(error)


def _attempt(row: Any) -> AttemptView:
    mapping = _versioned(row.mapping, row.mapping_version) if row.mapping else None
    return AttemptView(
        row.id, row.number, row.job_kind, row.at, row.outcome, mapping, row.mapping_hash, error_text(row.error)
    )


def _job(row: Any) -> JobView:
    return JobView(row.id, row.kind, row.state, row.due_at, row.failures, error_text(row.error))


@dataclass(frozen=True, slots=True)
class MappingText:
    """The resolved text of a mapping that was used; `name` has its version too."""

    name: str
    hash: str
    text: str
    first_used: dt.datetime


def mapping_text(connection: Connection, digest: str) -> MappingText | None:
    """A mapping's text by its hash, or by the beginning of it."""
    row = timeline.mapping_text(connection, digest)
    if row is None:
        return None
    return MappingText(_versioned(row.name, row.version), row.hash, row.text, row.first_used_at)


def raw(connection: Connection, message_id: int, payload_id: int, merchant_id: int | None) -> bytes | None:
    """The bytes of one part of a message; None where there are none for this person."""
    if timeline.message(connection, message_id, merchant_id) is None:
        return None
    parts = timeline.message_payloads(connection, message_id)
    return next((bytes(part.body) for part in parts if part.id == payload_id and part.body is not None), None)


def parked_ids(connection: Connection, reason: str, merchant_id: int | None) -> list[int]:
    """All messages parked for one cause that this person sees."""
    return search.message_ids(connection, MessageQuery(state="parked", reason=reason, merchant_id=merchant_id))


def visible_ids(connection: Connection, ids: list[int], merchant_id: int | None) -> list[int]:
    """Those of `ids` that this person sees."""
    return search.message_ids(connection, MessageQuery(ids=tuple(ids), merchant_id=merchant_id))
