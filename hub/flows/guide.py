"""Which mapping reads or writes a document, and what it may see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Row

from hub.edi.tree import STANDARDS
from hub.flows.batch import Batch
from hub.flows.edi import sets
from hub.flows.problems import Park
from hub.installation import Installation
from hub.mapping import Context, MappingError
from hub.mapping import Mapping as CompiledMapping
from hub.mapping.parts import FORMATS as PARTS
from hub.store import connections as connection_store
from hub.store import lookups as lookup_store
from hub.store import mappings as mapping_store
from hub.store import partners as partner_store


class Guide:
    """Which mapping reads or writes a document, and what it may see, for the length of one batch."""

    def __init__(self, inst: Installation, tx: Connection, batch: Batch | None = None) -> None:
        """`batch`: the one in whose transaction this is, which knows the connections and flows already."""
        self.inst = inst
        self.tx = tx
        self._connections = batch.connections if batch else connection_store.everything(tx)
        self._flows = batch.flows if batch else connection_store.all_flows(tx)
        self._partners: dict[int, Row[Any]] = {}
        self._agreements: dict[tuple[int, str, str], Row[Any] | None] = {}
        self._manners: dict[tuple[int, str], sets.Manner] = {}
        self._mappings: dict[str, CompiledMapping] = {}
        self._looked_up: dict[tuple[str, str], dict[str, str] | None] = {}
        self._tables_asked: dict[str, int] = {}
        self.library = inst.mappings_at(tx)

    def inbound(self, message: Row[Any]) -> tuple[str, CompiledMapping, Context]:
        """For a document that came: what kind it is, what reads it, and what that may see. Raises `Park` when no
        mapping fits."""
        connection = self._connections[message.connection_id]
        if message.partner_id is not None and message.set_id is not None:
            agreement = self.agreement(message.partner_id, "in", message.set_id)
            kind, name = (agreement.kind, agreement.mapping) if agreement else (message.kind, None)
        else:
            kind = message.kind
            flow = self._flows.get((connection.id, "in", message.kind))
            name = flow.mapping if flow and flow.mapping else f"{connection.type}/{message.kind}.in"
        if name is None:
            raise Park("edi.no-agreement", f"There is no agreement with the partner on set {message.set_id}.")
        return kind, self.mapping(name), self.context(message.connection_id, message.partner_id)

    def manner(self, message: Row[Any]) -> sets.Manner | None:
        """How a document of this sender is read; None as usual. Raises `Park`."""
        if message.format not in STANDARDS:
            encoding = self._connections[message.connection_id].policy.get("character_set")
            return sets.Manner(None, encoding) if encoding and message.format not in PARTS else None
        if message.partner_id is None:
            return None
        key = (message.partner_id, message.format)
        if key not in self._manners:
            said = sets.profile_of(self._partner_row(message.partner_id).settings)
            self._manners[key] = sets.manner(self.inst, said, message.format)
        return self._manners[key]

    def outbound(self, connection_id: int, kind: str) -> CompiledMapping:
        """For a document that goes to a connection without a partner."""
        connection = self._connections[connection_id]
        flow = self._flows.get((connection_id, "out", kind))
        return self.mapping(flow.mapping if flow and flow.mapping else f"{connection.type}/{kind}.out")

    def agreement(self, partner_id: int, direction: str, set_id: str) -> Row[Any] | None:
        """What was agreed with a partner on one set."""
        key = (partner_id, direction, set_id)
        if key not in self._agreements:
            self._agreements[key] = partner_store.agreement(self.tx, partner_id, direction, set_id=set_id)
        return self._agreements[key]

    def mapping(self, name: str) -> CompiledMapping:
        """A compiled mapping. Raises `Park` when it is missing or wrong."""
        if name not in self._mappings:
            try:
                self._mappings[name] = self.library.get(name)
            except MappingError as error:
                raise Park("mapping.broken", f"Mapping {name} cannot be used: {error}"[:500], mapping=name) from error
        return self._mappings[name]

    def context(self, connection_id: int, partner_id: int | None, source: Any = None) -> Context:
        """What a mapping may read besides its document."""
        connection = self._connections[connection_id]
        return Context(
            source=source,
            partner=self._partner(partner_id) if partner_id is not None else {},
            connection={**connection.policy, **connection.settings, "name": connection.name, "type": connection.type},
            lookup=self._lookup,
        )

    @contextmanager
    def noting_tables(self) -> Iterator[Mapping[str, int]]:
        """Which lookup tables mappings ask meanwhile, with their present versions, 0 for one that has no row here."""
        self._tables_asked = {}
        yield self._tables_asked

    def _lookup(self, table: str, key: str) -> dict[str, str] | None:
        version = self._tables_asked[table] = self._versions.get(table, 0)
        if not version:
            return None
        if (table, key) not in self._looked_up:
            self._looked_up[table, key] = lookup_store.cells(self.tx, table, key)
        return self._looked_up[table, key]

    @cached_property
    def _versions(self) -> dict[str, int]:
        return lookup_store.current_versions(self.tx)

    def _partner(self, partner_id: int) -> dict[str, Any]:
        row = self._partner_row(partner_id)
        return {"id": row.id, "name": row.name, **row.settings}

    def _partner_row(self, partner_id: int) -> Row[Any]:
        if partner_id not in self._partners:
            row = partner_store.get(self.tx, partner_id)
            if row is None:
                raise Park("edi.unknown-partner", "The partner of this document no longer exists.")
            self._partners[partner_id] = row
        return self._partners[partner_id]

    def remember(self, tx: Connection, now: Any) -> None:
        """Keep the text of each mapping that was used, so that its results can be explained later."""
        for name, mapping in self._mappings.items():
            used = (mapping.hash, name, mapping.version)
            if used in self.inst.remembered:
                continue
            if not mapping_store.remember(tx, *used, mapping.text, now):
                self.inst.remembered.add(used)  # only what a committed transaction has stored is known to be
