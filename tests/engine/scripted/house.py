"""A hub in one process among scripted peers, with a clock that moves only when told."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from hub import jobs
from hub.engine.local import Worker
from hub.flows import alerts as flow_alerts
from hub.flows import setup
from hub.flows.inbound import intake
from hub.installation import Installation
from hub.ledger import Quantities, total
from hub.sdk import Document, WebhookRequest
from hub.store import connections as connection_store
from hub.store import orders as order_store
from hub.store.tables import alerts, attempts, events, holds, messages, orders, payloads
from hub.store.tables import jobs as jobs_table
from tests.engine.scripted.peer import PEERS, Peer

START = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
ACTOR = "ada"


class Clock:
    """The time is what it was last set to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> dt.datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += dt.timedelta(seconds=seconds)


@dataclass
class Side:
    """A connection with its peer."""

    id: int
    name: str
    peer: Peer


class House:
    """The hub under test. `run` polls the peers and works until nothing is due."""

    def __init__(self, inst: Installation, clock: Clock) -> None:
        self.inst = inst
        self.clock = clock
        self.sides: dict[str, Side] = {}
        self.worker = Worker(inst, threading.Event(), "test")

    def close(self) -> None:
        self.worker.close()

    # -- putting it together ------------------------------------------------------------------------------------

    def add(self, type_: str, name: str, **facts: Any) -> Side:
        """Connect a new peer."""
        peer = PEERS[name] = Peer()
        connection_id = setup.add_connection(
            self.inst, type_, name, {"peer": name}, actor=ACTOR, **{"start_at": START, **facts}
        )
        self.sides[name] = Side(connection_id, name, peer)
        return self.sides[name]

    def shop(self, name: str = "Shop", **facts: Any) -> Side:
        return self.add("shop", name, **facts)

    def depot(self, name: str = "Depot", **facts: Any) -> Side:
        return self.add("depot", name, **facts)

    # -- making things happen -----------------------------------------------------------------------------------

    def poll(self) -> None:
        """Queue a pull of every inbound flow that has never run or whose peer has news: the pulls of those that have
        none would take half the time of many tests."""
        peers = {side.id: side.peer for side in self.sides.values()}
        with self.inst.db.write() as tx:
            for (connection_id, direction, kind), flow in connection_store.all_flows(tx).items():
                if direction == "in" and (flow.last_run_at is None or peers[connection_id].has_news(kind)):
                    jobs.pull(tx, flow, self.clock.now)

    def drain(self) -> int:
        """Work until nothing is due."""
        return self.worker.drain()

    def run(self) -> None:
        """Poll, then work until nothing is due."""
        self.poll()
        self.drain()

    def order(self, shop: Side, id_: str = "o1", lines: Sequence[Mapping[str, Any]] | None = None, **facts: Any) -> int:
        """The shop has this order (again); gives the hub's id of it, 0 when the hub has not taken it in."""
        self.say(shop, id_, lines, **facts)
        self.run()
        found = self.find(shop, id_)
        return found.id if found else 0

    def say(
        self,
        shop: Side,
        id_: str = "o1",
        lines: Sequence[Mapping[str, Any]] | None = None,
        *,
        silent: bool = False,
        at: dt.datetime | None = None,
        **facts: Any,
    ) -> Document:
        """The shop's order now stands so; every call is a second later at the source."""
        self.clock.forward(1)
        body = {
            "id": id_,
            "number": f"#{id_}",
            "payment": "paid",
            "currency": "USD",
            "placed_at": START.isoformat(),
            "ship_to": {"name": "Ada King", "address1": "1 Main St", "city": "Austin", "country": "US"},
            "lines": [line(f"{id_}-1", "MUG", 2)] if lines is None else lines,
            **facts,
        }
        revised = at or self.clock.now
        return shop.peer.put(
            Document(
                "order", id_, json.dumps({**body, "updated_at": revised.isoformat()}).encode(), revised_at=revised
            ),
            silent=silent,
        )

    def tell(self, side: Side, kind: str, id_: str, **facts: Any) -> Document:
        """A peer has a document of another kind."""
        self.clock.forward(1)
        body = json.dumps({"id": id_, **facts}).encode()
        return side.peer.put(Document(kind, id_, body, revised_at=self.clock.now))

    def ship(self, depot: Side, id_: str, *packages: Mapping[str, Any], reference: str | None = None) -> None:
        """A backend states a shipment; by default of its first fulfilment."""
        reference = reference or depot.peer.of("fulfillment")[0].json["reference"]
        self.tell(depot, "shipment", id_, reference=reference, carrier="UPS", packages=list(packages))

    def webhook(self, side: Side, id_: str, delivery: str, *, signature: str = "ours", kind: str = "order") -> bool:
        """A webhook about one document comes in."""
        body = json.dumps({"kind": kind, "id": id_, "delivery": delivery}).encode()
        return intake.receive_webhook(self.inst, self.connection(side), WebhookRequest({"signature": signature}, body))

    def look(self, *, later: float = 60) -> None:
        """The next minute comes, and what stands still is looked at."""
        self.clock.forward(later)
        assert flow_alerts.look(self.inst), "this minute has been looked at before"

    # -- looking ------------------------------------------------------------------------------------------------

    def rows(self, statement: Any) -> list[Row[Any]]:
        with self.inst.db.read() as tx:
            return list(tx.execute(statement))

    def connection(self, side: Side) -> Row[Any]:
        with self.inst.db.read() as tx:
            found = connection_store.get(tx, side.id)
        assert found is not None
        return found

    def find(self, side: Side, id_: str) -> Row[Any] | None:
        found = self.rows(select(orders).where(orders.c.connection_id == side.id, orders.c.external_id == id_))
        return found[0] if found else None

    def sums(self, order_id: int) -> Quantities:
        """The ledger's sums over an order."""
        with self.inst.db.read() as tx:
            return total(order_store.books(tx, [order_id])[order_id].lines.values())

    def by_line(self, order_id: int) -> dict[str, Quantities]:
        """The ledger's sums per line, by the source's line id."""
        with self.inst.db.read() as tx:
            names = {row.id: row.external_id for row in order_store.lines(tx, [order_id])[order_id]}
            return {names[id_]: sums for id_, sums in order_store.books(tx, [order_id])[order_id].lines.items()}

    def lines(self, order_id: int) -> dict[str, Row[Any]]:
        with self.inst.db.read() as tx:
            return {row.external_id: row for row in order_store.lines(tx, [order_id])[order_id]}

    def holds(self, order_id: int) -> list[str]:
        """Codes of the open holds."""
        return sorted(
            row.code
            for row in self.rows(select(holds).where(holds.c.order_id == order_id, holds.c.released_at.is_(None)))
        )

    def hold(self, order_id: int, code: str) -> int:
        """The id of an open hold."""
        statement = select(holds).where(holds.c.order_id == order_id, holds.c.released_at.is_(None))
        return next(row.id for row in self.rows(statement) if row.code == code)

    def messages(self, **where: Any) -> list[Row[Any]]:
        conditions = [messages.c[name] == value for name, value in where.items()]
        return self.rows(select(messages).where(*conditions).order_by(messages.c.id))

    def parked(self) -> list[str]:
        """Reasons of parked messages."""
        return [row.reason for row in self.messages(state="parked")]

    def body(self, message_id: int) -> bytes:
        statement = select(payloads).where(payloads.c.message_id == message_id, payloads.c.part == "body")
        return self.rows(statement)[0].body

    def jobs(self, **where: Any) -> list[Row[Any]]:
        conditions = [jobs_table.c[name] == value for name, value in where.items()]
        return self.rows(select(jobs_table).where(*conditions).order_by(jobs_table.c.id))

    def attempts(self, job_id: int) -> list[Row[Any]]:
        return self.rows(select(attempts).where(attempts.c.job_id == job_id).order_by(attempts.c.id))

    def events(self, kind: str) -> list[Row[Any]]:
        return self.rows(select(events).where(events.c.kind == kind).order_by(events.c.id))

    def alerts(self) -> list[str]:
        """Codes of the open alerts."""
        return [row.code for row in self.rows(select(alerts).where(alerts.c.closed_at.is_(None)).order_by(alerts.c.id))]


def line(id_: str, sku: str | None, quantity: int | str, **facts: Any) -> dict[str, Any]:
    """A line as the scripted shop writes it."""
    return {"id": id_, "sku": sku, "quantity": quantity, **facts}


def package(id_: str, *lines: Mapping[str, Any], **facts: Any) -> dict[str, Any]:
    """A package as the scripted depot writes it."""
    return {"id": id_, "tracking": f"1Z{id_}", "lines": list(lines), **facts}
