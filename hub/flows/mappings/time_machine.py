"""What a change of mappings would do to the documents that have come and gone: old and new over stored messages.

A document that came is read from its stored bytes. One that went out is written from the canonical document that was
kept with it: nothing is rendered again, so that no number is taken, and what the order says by now does not count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from hub.errors import NotFound, Refused
from hub.flows.edi.sets import Manner
from hub.flows.guide import Guide
from hub.flows.outbound.writing import original, reads_source
from hub.flows.problems import Park
from hub.flows.reading import decoded
from hub.installation import Installation
from hub.mapping import Context, Finding, Library, Mapping, MappingError, decode
from hub.mapping.comparison import Change, Comparison
from hub.mapping.explain import Explanation
from hub.mapping.parts import FORMATS as PARTS
from hub.mapping.trial import SYNTAXES, Outcome, outcomes
from hub.mapping.written import unwritable
from hub.store import connections as connection_store
from hub.store import mappings as store
from hub.store import messages as message_store
from hub.store import orders as order_store
from hub.store.mappings import Route

AT_ONCE = 20
"""How many stored messages are in memory at a time."""

Told = Callable[[Sequence[Change]], None]


@dataclass(frozen=True, slots=True)
class Stored:
    """One stored message: what its mapping reads, the message that its order came from, and how its EDI is read."""

    row: Row[Any]
    body: bytes
    original: Any
    by: Manner | None

    @property
    def label(self) -> str:
        """How it is called in a comparison."""
        return f"message {self.row.id} ({self.row.kind} {self.row.external_id})"

    def outcomes(self, mapping: Mapping | None, context: Context) -> list[Outcome]:
        """What becomes of its documents. A mapping that cannot be used fails each."""
        if mapping is None:
            return [Outcome(findings=[Finding("mapping.broken", "the mapping cannot be used")])]
        try:
            found = list(outcomes(mapping, [self.document(mapping)], context))
        except Park as problem:
            return [Outcome(findings=[Finding(problem.code, problem.detail)])]
        for outcome in found if mapping.target.name in SYNTAXES else ():
            if outcome.value is not None:
                outcome.refused += unwritable(mapping.target, outcome.value, self.by.grammars if self.by else None)
        return found

    def document(self, mapping: Mapping) -> Any:
        """The message as a mapping reads it. Raises `Park`."""
        if self.row.direction == "out":
            return decode(self.body, "json")
        return decoded(self.body, self.row.format, mapping, self.by)


def affected(before: Library, after: Library) -> list[str]:
    """The mappings that are other ones afterwards, those that extend a changed one among them; the two libraries have
    the same folders.

    Raises `MappingError` for one that could be used before and cannot be afterwards.
    """
    changed = []
    versions = before.differing(after)
    for name in after.names():
        if versions.isdisjoint(after.names_under(name)):
            continue  # to compile all of them would take a second and more
        old, new = usable(before, name), usable(after, name)
        if new is None and old is not None:
            after.get(name)
        if new is not None and (old is None or old.hash != new.hash):
            changed.append(name)
    return changed


def usable(library: Library, name: str) -> Mapping | None:
    """The mapping, None where it cannot be used."""
    try:
        return library.get(name)
    except MappingError:
        return None


def compare(
    inst: Installation, before: Library, after: Library, names: Sequence[str], last: int, told: Told
) -> Comparison:
    """Both over the newest `last` messages of each of these mappings; `told` gets what changes, message by message."""
    compared = Comparison()
    with inst.db.read() as tx:
        guide = Guide(inst, tx)
        for name in names:
            old, new = usable(before, name), after.get(name)
            originals = any(reads_source(mapping.text) for mapping in (old, new) if mapping is not None)
            for stored in newest(guide, name, last, originals):
                context = guide.context(stored.row.connection_id, stored.row.partner_id, stored.original)
                told(compared.add(stored.label, stored.outcomes(old, context), stored.outcomes(new, context)))
    return compared


def explain(inst: Installation, name: str, message_id: int) -> tuple[Mapping, list[tuple[Any, Explanation]]]:
    """The mapping that is live, and of each document in a message the document and where its values came from.

    Raises `Refused`, `Park` for a document that cannot be read at all, and `MappingError`.
    """
    with inst.db.read() as tx:
        guide = Guide(inst, tx)
        mapping = guide.library.get(name)
        if not message_store.get(tx, [message_id]):
            raise NotFound("message.missing", f"There is no message {message_id}; `hub messages list` shows them.")
        for stored in load(guide, [message_id], reads_source(mapping.text)):
            context = guide.context(stored.row.connection_id, stored.row.partner_id, stored.original)
            parts = mapping.split(stored.document(mapping), context)
            return mapping, [(part, mapping.explain(part, context)) for part in parts]
    raise Refused("payload.erased", f"What the mapping reads of message {message_id} is not kept any more.")


def newest(guide: Guide, name: str, last: int, originals: bool) -> Iterator[Stored]:
    """The newest messages that a mapping reads or writes, the newest first, a few in memory at a time."""
    ids = store.past(guide.tx, routes(guide.tx, name), last, PARTS)
    for start in range(0, len(ids), AT_ONCE):
        yield from load(guide, ids[start : start + AT_ONCE], originals)


def load(guide: Guide, ids: Sequence[int], originals: bool) -> Iterator[Stored]:
    """These messages as their mappings see them; `originals`: with the messages that their orders came from. One of
    which something that is needed was erased, or whose partner's own grammar cannot be used, is left out."""
    rows = message_store.get(guide.tx, ids)
    came = message_store.bodies(guide.tx, ids)
    went = message_store.bodies(guide.tx, ids, message_store.WRITTEN_FROM)
    for row in (rows[id_] for id_ in ids if id_ in rows):
        body = (came if row.direction == "in" else went).get(row.id)
        try:
            source = _original(guide, row) if originals and row.direction == "out" else None
            by = guide.manner(row)
        except Park:
            continue
        if body is not None:
            yield Stored(row, body, source, by)


def _original(guide: Guide, row: Row[Any]) -> Any:
    order = order_store.many(guide.tx, [row.order_id]).get(row.order_id) if row.order_id else None
    if order is None:
        return None
    return original(message_store.originals(guide.tx, [order.message_id])[order.message_id], guide)


def routes(tx: Connection, name: str) -> list[Route]:
    """Where documents go through this mapping: flows and agreements that name it, and what it is the usual one of."""
    flows = connection_store.all_flows(tx)
    found = [
        Route(direction, connection_id=connection_id, kind=kind)
        for (connection_id, direction, kind), flow in flows.items()
        if flow.mapping == name
    ]
    type_, _, rest = name.partition("/")
    kind, _, direction = rest.rpartition(".")
    for connection in connection_store.everything(tx).values():
        flow = flows.get((connection.id, direction, kind))
        if connection.type == type_ and direction in ("in", "out") and (flow is None or not flow.mapping):
            found.append(Route(direction, connection_id=connection.id, kind=kind))
    found += [
        Route(agreement.direction, partner_id=agreement.partner_id, set_id=agreement.set_id)
        for agreement in store.agreed(tx, name)
    ]
    return found
