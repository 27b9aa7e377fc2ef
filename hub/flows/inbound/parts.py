"""A document that speaks of several things, a file of orders or a ship notice for several: kept whole, and cut into
documents that each end by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from hub import jobs
from hub.edi.tree import STANDARDS
from hub.flows.batch import Batch
from hub.flows.problems import Ignore, printable
from hub.flows.reading import understood
from hub.mapping import Context, parts
from hub.mapping import Mapping as CompiledMapping
from hub.mapping.decode import EDI_PART, PART
from hub.mapping.parts import Part
from hub.store import messages as message_store


def cut(message: Row[Any], document: Any, mapping: CompiledMapping, context: Context) -> list[Part] | None:
    """The documents inside one, None where it is one itself: an EDI set that speaks of one thing, or a part of another
    document. What was left of a set together, since nothing told its orders apart, may come apart by another mapping.
    Raises `Park` for a document that does not come apart, `Ignore` for an empty one."""
    if not mapping.splits or message.format == PART:
        return None
    with understood(mapping):
        found = parts(mapping, document, context)
    if not found:
        raise Ignore("document.empty")
    return None if message.format in (*STANDARDS, EDI_PART) and len(found) == 1 else found


def apply(batch: Batch, message: Row[Any], kind: str, found: Sequence[Part]) -> None:
    """Keep each part as a message of its own, to be read next. What is replayed adds only those it lacks."""
    rows = [_row(batch, message, kind, part, place) for place, part in enumerate(found, 1)]
    for id_, kind_, external_id in message_store.add(batch.tx, rows):
        batch.jobs.append(jobs.translate_job(id_, kind_, external_id, message.connection_id, batch.now))
    message_store.change(batch.tx, [{"b_id": message.id, "documents": len(found)}])


def _row(batch: Batch, message: Row[Any], kind: str, part: Part, place: int) -> tuple[dict[str, Any], bytes]:
    """One part as a row, with its bytes. It goes by its own name where it has one, so that what later files say of the
    same document stands in one lane with it; the message's id tells it from the same content in another one. The
    control numbers stay with the set that it was cut out of: that is what was sent, judged and acknowledged."""
    body = part.body
    name = printable(part.name) if 0 < len(part.name) <= 255 else f"{message.external_id[:240]}#{place}"
    row = {
        "direction": "in",
        "connection_id": message.connection_id,
        "partner_id": message.partner_id,
        "parent_id": message.id,
        "kind": kind,
        "format": part.format,
        "external_id": name,
        "revision": f"{message.id}/{message_store.digest(body)[:24]}",
        "revised_at": message.revised_at,
        "via": "split",
        "test": message.test,
        "set_id": message.set_id,
        "state": "received",
        "at": batch.now,
    }
    return row, body
