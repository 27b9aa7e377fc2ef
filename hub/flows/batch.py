"""One transaction's working set: what is known while many documents are stored at once.

What documents ask is read for all of them together, and what they store is gathered and written together: a batch
runs about as many statements as one document would by itself. A document that fails takes only its own part back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, Row
from sqlalchemy.exc import OperationalError

from hub.flows.known import Known
from hub.ledger import Entry
from hub.routing.rules import Rule
from hub.store import connections as connection_store
from hub.store import events as event_store
from hub.store import invoices as invoice_store
from hub.store import jobs as job_store
from hub.store import messages as message_store
from hub.store import orders as order_store
from hub.store import partners as partner_store
from hub.store import rules as rule_store
from hub.store import settings as setting_store
from hub.store import shipments as shipment_store
from hub.store.db import savepoint
from hub.store.gather import Gather

log = structlog.get_logger()

DEFAULT_BACKEND = "default_backend"

T = TypeVar("T")


def together_or_apart(work: Callable[[bool], T]) -> T:
    """Run `work(False)`, one transaction that stores the rows of many documents together. Where the database refuses
    them, run `work(True)`, which stores those of each document by themselves: only the one at fault fails."""
    try:
        return work(False)
    except OperationalError:
        raise
    except Exception as error:
        log.warning("batch.apart", error=type(error).__name__)
        return work(True)


@dataclass(slots=True)
class _Part:
    """The document under way. `mark`: rows gathered before it. A savepoint is made only once rows of it are written."""

    tx: Connection
    mark: int
    stack: ExitStack
    saved: bool = False

    def save(self) -> None:
        if not self.saved:
            self.stack.enter_context(savepoint(self.tx))
            self.saved = True


class Batch:
    """`now` is one instant for all that happens in it; `rows` takes what is stored. `apart`: the rows of each document
    are written when it ends, not with the others'."""

    def __init__(self, tx: Connection, now: dt.datetime, apart: bool = False) -> None:
        self.now = now
        self.rows = Gather(tx)
        self.jobs: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.ends: list[dict[str, Any]] = []
        self._tx = tx
        self._apart = apart
        self._part: _Part | None = None
        see = self._see
        self.order_named = Known(see, order_store.named, self._orders_come)
        self.order = Known(see, order_store.many, self._orders_are_read)
        self.lines_of = Known(see, order_store.lines)
        self.books_of = Known(see, order_store.books)
        self.holds_of = Known(see, order_store.open_holds)
        self.waived_of = Known(see, order_store.waived)
        self.wishes_of = Known(see, order_store.wishes)
        self.fulfillments_of = Known(see, order_store.fulfillments_of)
        self.fulfillment = Known(see, order_store.fulfillments_many)
        self.fulfillment_named = Known(see, order_store.fulfillments_named, self._fulfillments_come)
        self.lines_of_fulfillment = Known(see, order_store.lines_of_fulfillments)
        self.packed_of = Known(see, shipment_store.packed)
        self.shipment = Known(see, shipment_store.many, self._shipments_come)
        self.shipment_named = Known(see, shipment_store.named)
        self.packages_of = Known(see, shipment_store.packages_of)
        self.components = Known(see, rule_store.components)
        self.outgoing = Known(see, message_store.outgoing)
        self.awaiting = Known(see, message_store.awaiting)
        self.invoice = Known(see, invoice_store.many, self._invoices_come)
        self.lines_of_invoice = Known(see, invoice_store.lines)
        self.billed_before = Known(see, invoice_store.billed_before)
        self.original = Known(see, message_store.originals)
        self.partner = Known(see, partner_store.many)
        self.addresses = Known(see, partner_store.addresses)
        self.agreed = Known(see, partner_store.agreed_out)
        self._known = [known for known in vars(self).values() if isinstance(known, Known)]

    # What a document that names one thing asks next.

    def _orders_come(self, found: Mapping[Any, Row[Any]]) -> None:
        for known in (self.lines_of, self.books_of, self.holds_of, self.waived_of, self.wishes_of):
            known.expect(row.id for row in found.values())
        self.fulfillments_of.expect(row.id for row in found.values())

    def _orders_are_read(self, found: Mapping[int, Row[Any]]) -> None:
        self.original.expect(row.message_id for row in found.values())

    def _fulfillments_come(self, found: Mapping[Any, Row[Any]]) -> None:
        self.order.expect(row.order_id for row in found.values())
        self.books_of.expect(row.order_id for row in found.values())
        self.lines_of_fulfillment.expect(row.id for row in found.values())
        self.packed_of.expect(row.id for row in found.values())

    def _shipments_come(self, found: Mapping[int, Row[Any]]) -> None:
        self.fulfillment.expect(row.fulfillment_id for row in found.values())
        self.packages_of.expect(found)

    def _invoices_come(self, found: Mapping[int, Row[Any]]) -> None:
        self.lines_of_invoice.expect(found)
        self.billed_before.expect(found)
        self.shipment.expect(row.shipment_id for row in found.values() if row.shipment_id is not None)

    # -- the transaction ----------------------------------------------------------------------------------------

    @property
    def tx(self) -> Connection:
        """For a statement of its own, which sees all that was gathered. What is known is asked anew after it."""
        self._see()
        if self._part is not None:
            self._part.save()
        self._ask_anew()
        self.rows.renew_ids()
        return self._tx

    def number(self, scope: str, largest: int) -> int:
        """The next number of a scope, see `next_control`. A document that fails gives it back."""
        self._see()
        if self._part is not None:
            self._part.save()
        return partner_store.next_control(self._tx, scope, largest)

    def _see(self) -> Connection:
        """For reading: all that was gathered is there."""
        part = self._part
        if part is not None and len(self.rows) > part.mark:
            self.rows.flush(part.mark)
            part.save()
            part.mark = 0
        elif part is not None:
            part.mark = 0
        self.rows.flush()
        return self._tx

    def _ask_anew(self) -> None:
        for known in self._known:
            known.clear()

    @contextmanager
    def document(self) -> Iterator[None]:
        """The part of one document: when it raises, its rows and what it gathered are taken back."""
        gathered = (self.jobs, self.events, self.ends)
        marks = [len(each) for each in gathered]
        try:
            with ExitStack() as stack:
                self._part = part = _Part(self._tx, len(self.rows), stack)
                try:
                    yield
                    if self._apart:
                        self._see()
                        part.save()
                        self.flush()
                        self._ask_anew()
                except BaseException:
                    self.rows.drop(part.mark)
                    raise
        except BaseException:
            for each, mark in zip(gathered, marks, strict=True):
                del each[mark:]
            self._ask_anew()
            raise
        finally:
            self._part = None

    def flush(self) -> None:
        """Write what was gathered."""
        self.rows.flush()
        message_store.change(self._tx, self.ends)
        event_store.add(self._tx, *self.events)
        job_store.add(self._tx, self.jobs)
        for each in (self.jobs, self.events, self.ends):
            each.clear()

    # -- the installation ---------------------------------------------------------------------------------------

    @cached_property
    def connections(self) -> dict[int, Row[Any]]:
        """All connections by id."""
        return connection_store.everything(self._tx)

    @cached_property
    def flows(self) -> dict[tuple[int, str, str], Row[Any]]:
        """All flows by (connection, direction, kind)."""
        return connection_store.all_flows(self._tx)

    @cached_property
    def rules(self) -> list[Rule]:
        """The routing rules in their order."""
        return [
            Rule(row.name, row.backend_id, row.conditions, row.location, row.merchant_id)
            for row in rule_store.enabled(self._tx)
        ]

    @cached_property
    def backends(self) -> list[int]:
        """The connections that can be given orders."""
        return [c for c, direction, kind in self.flows if direction == "out" and kind == "fulfillment"]

    @cached_property
    def default_backend(self) -> int | None:
        """The backend of what no rule claims: the one that is set, else the only one there is."""
        chosen = self._settings.get(DEFAULT_BACKEND)
        if chosen is not None:
            return int(chosen)
        return self.backends[0] if len(self.backends) == 1 else None

    @cached_property
    def fulfilling_partners(self) -> dict[int, list[Row[Any]]]:
        """The agreements with warehouses and suppliers that get their orders by EDI, by connection."""
        found: dict[int, list[Row[Any]]] = {}
        for agreement in partner_store.taking(self._tx, "fulfillment"):
            found.setdefault(agreement.connection_id, []).append(agreement)
        return found

    @cached_property
    def outbound_stopped(self) -> bool:
        """Has a person stopped all outbound?"""
        return bool(self._settings.get(job_store.OUTBOUND_STOPPED))

    @cached_property
    def code(self) -> str:
        """A few letters that tell this installation's references from another's in the same warehouse."""
        return str(self._settings.get("installation_code") or "H")

    @cached_property
    def _settings(self) -> dict[str, Any]:
        return setting_store.everything(self._tx)

    # -- what documents do --------------------------------------------------------------------------------------

    def post(self, order_id: int, entries: Sequence[Entry]) -> None:
        """Append to an order's ledger. Raises `OutOfBounds`, and then nothing is appended."""
        self.books_of[order_id].post(entries)
        order_store.post(self.rows, entries, self.now)

    def waiting_for(self, fact: str) -> list[int]:
        """Parked messages that this releases, with those that were parked in this batch."""
        here = [end["b_id"] for end in self.ends if end["awaits"] == fact and end["state"] == "parked"]
        return [*self.awaiting[fact], *here]

    def event(self, kind: str, **facts: Any) -> None:
        """Something happened; see `hub.store.events.event`."""
        self.events.append(event_store.event(kind, self.now, **facts))

    def end(
        self,
        message_id: int,
        state: str,
        *,
        reason: str | None = None,
        problem: Mapping[str, Any] | None = None,
        awaits: str | None = None,
        order_id: int | None = None,
        mapping_hash: str | None = None,
        tables: Mapping[str, int] | None = None,
    ) -> None:
        """A message has come to its end. `tables`: the lookup tables that its mapping asked, with their versions."""
        self.ends.append(
            {
                "b_id": message_id,
                "state": state,
                "reason": reason,
                "problem": dict(problem) if problem else None,
                "awaits": awaits,
                "order_id": order_id,
                "mapping_hash": mapping_hash,
                "tables": {table: version for table, version in (tables or {}).items() if version} or None,
                "settled_at": self.now,
            }
        )
