"""A stored message made a sample of its mapping, with nobody's data in it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row

from hub.errors import NotFound, Refused
from hub.flows.guide import Guide
from hub.flows.outbound.writing import reads_source
from hub.installation import Installation
from hub.mapping import Context, DecodeError, Finding, Mapping
from hub.mapping.differences import exact_json
from hub.mapping.parts import FORMATS as PARTS
from hub.mapping.pseudonyms import replace_texts, without_persons
from hub.mapping.samples import write_sample
from hub.mapping.trial import documents, outcomes
from hub.store import messages as message_store
from hub.store import orders as order_store


def make(inst: Installation, name: str, message_id: int, called: str, *, as_it_is: bool = False) -> Path:
    """A sample of the mapping that is live, from what it reads of a message; personal data is replaced unless it is to
    stay as it is. Gives its folder.

    Only the settings that the mapping reads, and the rows that it looks up, become part of it. Raises `Refused`,
    `DecodeError` for a document that is not what the mapping reads, and `MappingError`.
    """
    with inst.db.read() as tx:
        row = message_store.get(tx, [message_id]).get(message_id)
        if row is None:
            raise NotFound("message.missing", f"There is no message {message_id}; `hub messages list` shows them.")
        mapping = inst.mappings_at(tx).get(name)
        body, source = _kept(tx, row), None
        if row.direction == "out" and reads_source(mapping.text):
            source = _original(tx, row)
        guide = Guide(inst, tx)
        original = next(iter(documents(mapping.original, source)), None) if source is not None else None
        context = guide.context(row.connection_id, row.partner_id, original)
        if not as_it_is:
            body, personal = without_persons(mapping, body, context)
            source = replace_texts(mapping.original, source, personal) if source is not None else None
        facts = _facts(mapping, body, context)
        folder = inst.mappings_at(tx).paths[0] / "samples" / name / called
    if folder.exists():
        raise DecodeError([Finding("mapping.sample", "there is a sample of that name", str(folder))])
    write_sample(folder, mapping, body, context=exact_json(facts).encode() + b"\n" if facts else None, source=source)
    return folder


def _kept(tx: Connection, row: Row[Any]) -> bytes:
    """What the mapping reads of a message. Raises `Refused`."""
    if row.format in PARTS:
        raise Refused(
            "message.part-of-file",
            f"Message {row.id} was cut out of another, and a sample is whole: make it from message {row.parent_id}.",
        )
    part = "body" if row.direction == "in" else message_store.WRITTEN_FROM
    body = message_store.bodies(tx, [row.id], part).get(row.id)
    if body is None:
        raise Refused("payload.erased", f"What the mapping reads of message {row.id} is not kept any more.")
    return body


def _original(tx: Connection, row: Row[Any]) -> bytes:
    order = order_store.many(tx, [row.order_id]).get(row.order_id)
    body = message_store.bodies(tx, [order.message_id]).get(order.message_id) if order is not None else None
    if body is None:
        raise Refused("payload.erased", f"The original order of message {row.id} is not kept any more.")
    return body


def _facts(mapping: Mapping, body: bytes, context: Context) -> dict[str, Any]:
    """As much of the context as the mapping uses over this document."""
    tables: dict[str, dict[str, Any]] = defaultdict(dict)

    def lookup(table: str, key: str) -> Any:
        found = context.lookup(table, key)
        if found is not None:
            tables[table][key] = found
        return found

    for _ in outcomes(mapping, documents(mapping.source, body), replace(context, lookup=lookup)):
        pass  # what it looks up is what counts
    facts: dict[str, Any] = {
        root: {key: value for key, value in given.items() if key in _read(mapping, root)}
        for root, given in (("partner", context.partner), ("connection", context.connection))
    }
    return {name: value for name, value in {**facts, "tables": dict(tables)}.items() if value}


def _read(mapping: Mapping, root: str) -> set[str]:
    """Which settings a mapping reads."""
    return {str(read.path.steps[0].name) for read in mapping.reads if read.path.root == root and read.path.steps}
