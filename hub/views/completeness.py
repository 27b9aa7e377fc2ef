"""The completeness table: the store's counts as equations, judged by the ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from hub.ledger.completeness import Row, Verdict, row
from hub.store import completeness as store
from hub.views.status import Status, of_verdict

_STATES = {"done": "done", "parked": "parked", "ignored": "ignored", "in progress": "received"}

SNAPSHOTS = frozenset({"inventory"})
"""Kinds whose documents replace one another: there is nothing in them to be lost, so nothing to count."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its name; `page` and `query` find what is behind it, None where nothing is."""

    name: str
    value: int
    page: str | None = None
    query: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class CompletenessRow:
    """One equation: `expected` = the sum of `parts`. None: the source cannot count. `left` names the left side."""

    noun: str
    where: str
    left: str
    expected: int | None
    parts: list[Figure]
    verdict: str
    status: Status


def completeness(tx: Connection, merchant_id: int | None, now: dt.datetime) -> list[Row]:
    """The rows of the table, judged."""
    return [each for each, _ in _rows(tx, merchant_id, now)]


def completeness_table(tx: Connection, merchant_id: int | None, now: dt.datetime) -> list[CompletenessRow]:
    """The rows of the table with what is behind each number."""
    return [_shown(each, behind) for each, behind in _rows(tx, merchant_id, now)]


def _rows(tx: Connection, merchant_id: int | None, now: dt.datetime) -> list[tuple[Row, dict[str, str]]]:
    found = [*_documents(tx, merchant_id), *_inside(tx, merchant_id)]
    found.append((_units(tx, merchant_id), {}))
    found.append((_told("shipments", store.shipments_told(tx, merchant_id)), {}))
    found.append((_told("returns", store.returns_told(tx, merchant_id)), {}))
    billed = store.invoices_told(tx, merchant_id)
    if billed:
        found.append((_told("invoices", billed, "all orders"), {}))
    return found + [(each, {}) for each in _acknowledgements(tx, merchant_id, now)]


def _documents(tx: Connection, merchant_id: int | None) -> list[tuple[Row, dict[str, str]]]:
    counts: dict[tuple[int, str], dict[str, int]] = {}
    late: dict[tuple[int, str], int] = {}
    for each in store.documents(tx, merchant_id):
        key = (each.connection_id, each.kind)
        counts.setdefault(key, {})[store.STATES[each.rank]] = each.total
        late[key] = late.get(key, 0) + int(each.uncounted)
    found = []
    for flow in store.inbound_flows(tx, merchant_id):
        if flow.kind in SNAPSHOTS:
            continue
        states = counts.get((flow.connection_id, flow.kind), {})
        parts = {name: states.get(state, 0) for name, state in _STATES.items()}
        judged = row("documents", f"{flow.connection}: {flow.kind}", flow.source_count, parts)
        if flow.source_count is not None:
            judged = _since_counted(flow, judged, late.get((flow.connection_id, flow.kind), 0))
        found.append((judged, {"connection": str(flow.connection_id), "kind": flow.kind, "file": "no"}))
    return found


def _since_counted(flow: Any, judged: Row, late: int) -> Row:
    """The source is counted when a pull begins. What came since (a webhook is faster than a poll) is added to its
    count; what it counted and the same pull has not brought yet is on its way."""
    expected, here = int(flow.source_count), sum(judged.parts.values())
    if here > expected:
        return row(judged.noun, judged.where, expected + min(late, here - expected), judged.parts)
    underway = flow.last_run_at is None or (flow.counted_at is not None and flow.last_run_at < flow.counted_at)
    if here < expected and underway:
        parts = {**judged.parts, "in progress": judged.parts["in progress"] + expected - here}
        return row(judged.noun, judged.where, expected, parts)
    return judged


def _inside(tx: Connection, merchant_id: int | None) -> list[tuple[Row, dict[str, str]]]:
    """Documents out of files: what a file was found to hold; for an interchange, what was stored of it."""
    counts: dict[tuple[str, int, str], dict[str, int]] = {}
    expected = store.held_by_files(tx, merchant_id)
    for each in store.documents_in_files(tx, merchant_id):
        counts.setdefault((each.connection, each.connection_id, each.kind), {})[each.state] = each.total
        key = (each.connection_id, each.kind)
        expected[key] = expected.get(key, 0) + int(each.uncounted)
    found = []
    for (name, connection_id, kind), states in counts.items():
        parts = {part: states.get(state, 0) for part, state in _STATES.items()}
        judged = row("documents in files", f"{name}: {kind}", expected[connection_id, kind], parts)
        found.append((judged, {"connection": str(connection_id), "kind": kind, "file": "yes"}))
    return found


def _units(tx: Connection, merchant_id: int | None) -> Row:
    units = store.units(tx, merchant_id)
    held = store.held_units(tx, merchant_id)
    spoken_for = sum(units.get(kind, 0) for kind in ("cancelled", "allocated", "shipped"))
    parts = {
        "cancelled": units.get("cancelled", 0),
        "held": held,
        "open": units.get("ordered", 0) - spoken_for - held,
        "allocated": units.get("allocated", 0),
        "shipped": units.get("shipped", 0),
    }
    return row("units", "all orders", units.get("ordered", 0), parts)


def _told(noun: str, states: Mapping[str, int], where: str = "all backends") -> Row:
    """What is owed and that nobody is at stands in no part, so that the row does not add up."""
    names = ["written back", "pending", *(name for name in ("parked", "let be", "not owed") if states.get(name))]
    return row(noun, where, sum(states.values()), {name: states.get(name, 0) for name in names})


def _acknowledgements(tx: Connection, merchant_id: int | None, now: dt.datetime) -> list[Row]:
    found = []
    sent = store.acknowledgements_sent(tx, merchant_id)
    if sent:
        parts = {"sent": sent.get("done", 0), "pending": sent.get("sealed", 0) + sent.get("sent", 0)}
        parts["parked"] = sent.get("parked", 0)
        found.append(row("acknowledgements", "owed by us", sum(sent.values()), parts))
    due = store.acknowledgements_due(tx, merchant_id, now)
    if due.total:
        parts = {"received": due.received, "pending": due.total - due.received - due.overdue, "overdue": due.overdue}
        judged = row("acknowledgements", "owed to us", due.total, parts)
        found.append(replace(judged, verdict=Verdict.OPEN) if due.overdue or due.rejected else judged)
    return found


_LEFT = {
    "documents": "at the source",
    "documents in files": "in the files",
    "units": "ordered",
    "shipments": "received",
    "returns": "received",
    "invoices": "owed",
    "acknowledgements": "owed",
}

_QUERIES = {
    ("shipments", "written back"): ("console.orders", {"has": "shipped"}),
    ("shipments", "pending"): ("console.orders", {"has": "unwritten"}),
    ("shipments", "parked"): ("console.orders", {"has": "unwritten"}),
    ("returns", "written back"): ("console.orders", {"has": "returned"}),
    ("returns", "pending"): ("console.orders", {"has": "unwritten-returns"}),
    ("returns", "parked"): ("console.orders", {"has": "unwritten-returns"}),
    ("invoices", "written back"): ("console.messages", {"direction": "out", "kind": "invoice", "state": "done"}),
    ("invoices", "pending"): ("console.messages", {"direction": "out", "kind": "invoice", "state": "in-progress"}),
    ("invoices", "parked"): ("console.messages", {"direction": "out", "kind": "invoice", "state": "parked"}),
}


def _behind(noun: str, where: str, part: str, behind: dict[str, str]) -> tuple[str, dict[str, str]] | None:
    """The page and query that find what one number counts."""
    if noun in ("documents", "documents in files"):
        state = "in-progress" if part == "in progress" else part
        return "console.messages", {"direction": "in", "state": state, **behind}
    if noun == "units":
        return "console.orders", {"has": part}
    if noun == "acknowledgements" and where == "owed to us":
        return ("console.messages", {"direction": "out", "unacknowledged": "1"}) if part != "received" else None
    return _QUERIES.get((noun, part))


def _shown(each: Row, behind: dict[str, str]) -> CompletenessRow:
    parts = []
    for name, value in each.parts.items():
        found = _behind(each.noun, each.where, name, behind) if value else None
        parts.append(Figure(name, value, *(found or (None, None))))
    verdict = str(each.verdict)
    return CompletenessRow(
        each.noun, each.where, _LEFT[each.noun], each.expected, parts, verdict, of_verdict(each.verdict)
    )
