"""A file with several documents that is no EDI: kept whole, and cut into documents that each end by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from hub import jobs
from hub.flows.batch import Batch
from hub.flows.edi.sets import Manner
from hub.flows.problems import Ignore
from hub.flows.reading import decoded, understood
from hub.mapping import Context, parts
from hub.mapping import Mapping as CompiledMapping
from hub.mapping.parts import FORMAT, Part
from hub.store import messages as message_store


def comes_apart(message: Row[Any], mapping: CompiledMapping) -> bool:
    """Whether the mapping takes this message for a file of several documents. A part of one is whole."""
    return mapping.splits and message.format != FORMAT


def cut(
    message: Row[Any], body: bytes, mapping: CompiledMapping, context: Context, by: Manner | None = None
) -> list[Part]:
    """The documents inside a file, one or many. Raises `Park` for a file that cannot be read, `Ignore` for an empty
    one."""
    document = decoded(body, message.format, mapping, by)
    with understood(mapping):
        found = parts(mapping, document, context)
    if not found:
        raise Ignore("document.empty")
    return found


def apply(batch: Batch, message: Row[Any], found: Sequence[Part]) -> None:
    """Keep each part as a message of its own, to be read next. A file that is replayed adds only those it lacks."""
    rows = [(_document(batch, message, part, place), part.body) for place, part in enumerate(found, 1)]
    for id_, kind, external_id in message_store.add(batch.tx, rows):
        batch.jobs.append(jobs.translate_job(id_, kind, external_id, message.connection_id, batch.now))
    message_store.change(batch.tx, [{"b_id": message.id, "documents": len(found)}])


def _document(batch: Batch, message: Row[Any], part: Part, place: int) -> dict[str, Any]:
    """One part as a row. It goes by its own name where it has one, so that what later files say of the same document
    stands in one lane with it; the file's id tells it from the same content in another file."""
    name = part.name if 0 < len(part.name) <= 255 else f"{message.external_id[:240]}#{place}"
    return {
        "direction": "in",
        "connection_id": message.connection_id,
        "partner_id": message.partner_id,
        "parent_id": message.id,
        "kind": message.kind,
        "format": FORMAT,
        "external_id": name,
        "revision": f"{message.id}/{message_store.digest(part.body)[:24]}",
        "revised_at": message.revised_at,
        "via": "split",
        "test": message.test,
        "state": "received",
        "at": batch.now,
    }
