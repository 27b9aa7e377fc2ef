"""Realistic rows for the console's tests: two shops, a partner, a warehouse, and orders in every state."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any

from sqlalchemy import Connection, select

from hub.store import tables as t

PO = (
    "ISA*00*          *00*          *ZZ*NORTHFIELD     *ZZ*ALDERASH       *261123*0912*U*00401*000000042*0*P*>~"
    "GS*PO*NORTHFIELD*ALDERASH*20261123*0912*42*X*004010~"
)
PO_SET = (
    "ST*850*0001~BEG*00*SA*{number}**20261123~REF*DP*045~DTM*010*20261125~DTM*001*20261130~"
    "N1*ST*NORTHFIELD STORE 45*92*0045~N3*1400 MILL ROAD~N4*DAYTON*OH*45402*US~"
    "PO1*1*{cases}*CA*118.80**UP*614141000036*VN*MUG-STONE~PO4*12~CTT*1~SE*12*0001~"
)


@dataclass
class Seed:
    """Inserts rows through one transaction. `now` is the instant of the newest ones."""

    tx: Connection
    now: dt.datetime
    numbers: Any = field(default_factory=lambda: count(1))

    def insert(self, table: Any, **values: Any) -> int:
        """One row; its id."""
        return int(self.tx.execute(table.insert().values(**values)).inserted_primary_key[0])

    def ago(self, **span: float) -> dt.datetime:
        """An instant before now."""
        return self.now - dt.timedelta(**span)

    def merchant(self, name: str) -> int:
        return self.insert(t.merchants, name=name, created_at=self.ago(days=90))

    def connection(self, name: str, type_: str, **values: Any) -> int:
        row: dict[str, Any] = {
            "name": name,
            "type": type_,
            "mode": "live",
            "settings": {},
            "start_at": self.ago(days=30),
            "webhook_token": f"hook-{next(self.numbers)}-{hashlib.sha256(name.encode()).hexdigest()[:24]}",
            "bucket_tokens": 10.0,
            "bucket_at": self.now,
            "bucket_rate": 2.0,
            "bucket_size": 40.0,
            "created_at": self.ago(days=30),
        }
        return self.insert(t.connections, **{**row, **values})

    def flow(self, connection_id: int, direction: str, kind: str, **values: Any) -> int:
        row = {"schedule": "every 1m" if direction == "in" else None, "timezone": "UTC", "settings": {}}
        if direction == "in":
            row |= {"last_run_at": self.ago(seconds=38), "last_ok_at": self.ago(seconds=38)}
            row |= {"next_due": self.now + dt.timedelta(seconds=22)}
        values = {"connection_id": connection_id, "direction": direction, "kind": kind, **row, **values}
        return self.insert(t.flows, **values)

    def message(
        self, connection_id: int, direction: str, kind: str, body: bytes | str | dict[str, Any], **values: Any
    ) -> int:
        raw = json.dumps(body).encode() if isinstance(body, dict) else body.encode() if isinstance(body, str) else body
        row: dict[str, Any] = {
            "direction": direction,
            "connection_id": connection_id,
            "kind": kind,
            "format": "json",
            "external_id": f"{kind}-{next(self.numbers)}",
            "revision": f"/{hashlib.sha256(raw).hexdigest()[:24]}",
            "via": "poll" if direction == "in" else "hub",
            "state": "done",
            "at": self.now,
        }
        message_id = self.insert(t.messages, **{**row, **values})
        self.payload(message_id, "body", raw)
        return message_id

    def payload(self, message_id: int, part: str, raw: bytes) -> int:
        digest = hashlib.sha256(raw).hexdigest()
        return self.insert(t.payloads, message_id=message_id, part=part, body=raw, sha256=digest, size=len(raw))

    def event(self, kind: str, at: dt.datetime, **facts: Any) -> int:
        columns = {name: facts.pop(name, None) for name in ("order_id", "message_id", "connection_id", "actor")}
        return self.insert(t.events, kind=kind, at=at, data=facts, **columns)

    def order(
        self, connection_id: int, number: str, lines: list[dict[str, Any]], at: dt.datetime, **values: Any
    ) -> tuple[int, list[int]]:
        """An order with its message, its lines and what was ordered of them: its id and its lines' ids."""
        external_id = values.pop("external_id", f"gid-{5_400_000 + next(self.numbers)}")
        message_id = values.pop("message_id", None) or self.message(
            connection_id,
            "in",
            "order",
            {"id": external_id, "name": number, "line_items": lines, "note": "übergabe", "total": "12.10"},
            external_id=external_id,
            at=at,
            settled_at=at,
        )
        total = sum(Decimal(line.get("price", "0")) * line["units"] for line in lines)
        row: dict[str, Any] = {
            "connection_id": connection_id,
            "external_id": external_id,
            "number": number,
            "message_id": message_id,
            "scope": "",
            "source_hash": "0" * 64,
            "placed_at": at - dt.timedelta(seconds=20),
            "test": False,
            "currency": "EUR",
            "taxes_included": True,
            "subtotal": total,
            "total": total,
            "payment": "paid",
            "source_holds": [],
            "ship_country": "DE",
            "shipping_method": "Standard",
            "ship_to": {
                "name": "Mara Lind",
                "address1": "Uferweg 4",
                "postal_code": "10997",
                "city": "Berlin",
                "country": "DE",
            },
            "email": "mara@example.com",
            "references": {},
            "created_at": at,
            "updated_at": at,
        }
        order_id = self.insert(t.orders, **{**row, **values})
        self.tx.execute(t.messages.update().where(t.messages.c.id == message_id).values(order_id=order_id))
        ids = []
        for position, line in enumerate(lines, 1):
            pack = line.get("pack", 1)
            line_id = self.insert(
                t.order_lines,
                order_id=order_id,
                external_id=f"{external_id}/{position}",
                position=position,
                sku=line["sku"],
                title=line.get("title"),
                quantity=Decimal(line["units"]) / pack,
                unit="CA" if pack > 1 else "EA",
                pack_factor=Decimal(pack),
                unit_price=Decimal(line.get("price", "0")),
                ships=line.get("ships", True),
                identifiers={},
            )
            if line.get("ships", True):
                self.entry(line_id, "ordered", line["units"], at)
            ids.append(line_id)
        units = sum(line["units"] for line in lines)
        name = values.get("source", "the shop")
        self.event(
            "order.received", at, order_id=order_id, message_id=message_id, channel=name, lines=len(lines), units=units
        )
        return order_id, ids

    def entry(self, line_id: int, kind: str, delta: int, at: dt.datetime, fulfillment_id: int | None = None) -> None:
        cause = f"seed/{next(self.numbers)}"
        self.insert(
            t.ledger, line_id=line_id, kind=kind, delta=delta, cause=cause, at=at, fulfillment_id=fulfillment_id
        )

    def hold(self, order_id: int, code: str, detail: str, at: dt.datetime) -> int:
        hold_id = self.insert(t.holds, order_id=order_id, code=code, detail=detail, sticky=False, placed_at=at)
        self.event("order.held", at, order_id=order_id, code=code, detail=detail)
        return hold_id

    def fulfillment(
        self, order_id: int, backend_id: int, backend: str, taken: list[tuple[int, str, int]], at: dt.datetime
    ) -> int:
        """A backend has taken (line id, SKU, units)."""
        reference = f"F-{order_id:05d}-{next(self.numbers)}"
        fulfillment_id = self.insert(
            t.fulfillments,
            order_id=order_id,
            connection_id=backend_id,
            reference=reference,
            remote_id=f"WH{70_000 + order_id}",
            accepted_at=at + dt.timedelta(seconds=3),
            created_at=at,
        )
        for line_id, sku, units in taken:
            self.insert(
                t.fulfillment_lines, fulfillment_id=fulfillment_id, line_id=line_id, sku=sku, units=units, units_per=1
            )
            self.entry(line_id, "allocated", units, at, fulfillment_id)
        units = sum(part[2] for part in taken)
        body = {"reference": reference, "lines": [{"line": line, "sku": sku, "quantity": n} for line, sku, n in taken]}
        message_id = self.message(
            backend_id, "out", "fulfillment", body, order_id=order_id, external_id=f"fulfillment/{reference}",
            revision="0", subject_id=fulfillment_id, remote_id=f"WH{70_000 + order_id}", at=at, settled_at=at,
        )  # fmt: skip
        self.payload(message_id, "answer", b'{"id":"WH7","status":"accepted","weight":12.10}')
        routed = {"reference": reference, "units": units, "lines": len(taken), "backend": backend}
        self.event("order.routed", at, order_id=order_id, connection_id=backend_id, **routed)
        self.event(
            "fulfillment.accepted", at, order_id=order_id, message_id=message_id, connection_id=backend_id, to=backend
        )
        return fulfillment_id

    def shipment(
        self,
        order_id: int,
        fulfillment_id: int,
        backend_id: int,
        source_id: int,
        sent: list[tuple[int, int]],
        at: dt.datetime,
        tracking: str,
        *,
        told: bool = True,
    ) -> int:
        """The backend has shipped (line id, units) in one package."""
        external_id = f"S-{next(self.numbers)}"
        units = sum(n for _, n in sent)
        message_id = self.message(
            backend_id, "in", "shipment", {"id": external_id, "tracking": tracking}, order_id=order_id,
            external_id=external_id, at=at, settled_at=at,
        )  # fmt: skip
        shipment_id = self.insert(
            t.shipments, order_id=order_id, fulfillment_id=fulfillment_id, connection_id=backend_id,
            message_id=message_id, external_id=external_id, shipped_at=at, carrier="DHL", created_at=at,
        )  # fmt: skip
        package_id = self.insert(
            t.packages, shipment_id=shipment_id, tracking_number=tracking, carrier="DHL",
            tracking_url=f"https://track.example/{tracking}",
        )  # fmt: skip
        for line_id, n in sent:
            self.insert(
                t.package_lines, package_id=package_id, line_id=line_id, sku="-", packed=n, units=n, matched="line"
            )
            self.entry(line_id, "allocated", -n, at, fulfillment_id)
            self.entry(line_id, "shipped", n, at, fulfillment_id)
        facts = {"units": units, "packages": 1, "shipment": external_id, "backend": "Warehouse Lyon"}
        self.event("shipment.received", at, order_id=order_id, message_id=message_id, connection_id=backend_id, **facts)
        back = self.message(
            source_id, "out", "shipment", {"tracking": tracking}, order_id=order_id, subject_id=shipment_id,
            external_id=f"shipment/{shipment_id}", revision="0", state="done" if told else "sealed", at=at,
            settled_at=at if told else None,
        )  # fmt: skip
        if told:
            self.event(
                "shipment.written_back", at, order_id=order_id, message_id=back, connection_id=source_id, to="the shop"
            )
        return shipment_id

    def goods_back(self, order_id: int, backend_id: int, line_id: int, units: int, at: dt.datetime) -> int:
        """A return of one line has reached the warehouse."""
        external_id = f"R-{next(self.numbers)}"
        message_id = self.message(
            backend_id, "in", "return", {"id": external_id}, order_id=order_id, external_id=external_id, at=at
        )
        return_id = self.insert(
            t.returns, order_id=order_id, connection_id=backend_id, message_id=message_id, external_id=external_id,
            rma="RMA-2031", status="received", created_at=at, updated_at=at,
        )  # fmt: skip
        self.insert(
            t.return_lines, return_id=return_id, line_id=line_id, units=units, received=units, reason="too small"
        )
        self.entry(line_id, "returned", units, at)
        facts = {"units": units, "backend": "Warehouse Lyon"}
        self.event("return.received", at, order_id=order_id, message_id=message_id, connection_id=backend_id, **facts)
        return return_id

    def park(self, message_id: int, code: str, detail: str, **facts: Any) -> None:
        """Park a message."""
        problem = {"code": code, "detail": detail, **facts}
        awaits = problem.pop("awaits", None)
        values = {"state": "parked", "reason": code, "problem": problem, "awaits": awaits, "settled_at": self.now}
        self.tx.execute(t.messages.update().where(t.messages.c.id == message_id).values(**values))

    def job(self, connection_id: int, kind: str, noun: str, state: str, **values: Any) -> int:
        key = values.pop("key", f"{kind}/{next(self.numbers)}")
        row = {"generation": 0, "lane": key, "priority": 20, "due_at": self.now, "attempts": 1, "failures": 0}
        row |= {"key": key, "kind": kind, "noun": noun, "state": state, "created_at": self.now}
        return self.insert(t.jobs, connection_id=connection_id, **{**row, **values})

    def invoice(self, order_id: int, lines: list[tuple[int, int]], at: dt.datetime, **values: Any) -> int:
        """An invoice of (line id, units); `sent_to`: the connection that has got it, `paid`: what was paid of it."""
        sent_to, paid = values.pop("sent_to", None), values.pop("paid", None)
        row = {
            "kind": "invoice",
            "scope": "seed",
            "currency": "EUR",
            "charges": [],
            "taxes": [],
            "issued_on": at.date(),
        }
        invoice_id = self.insert(t.invoices, order_id=order_id, created_at=at, **{**row, **values})
        for line_id, units in lines:
            self.insert(t.invoice_lines, invoice_id=invoice_id, line_id=line_id, units=units)
        if sent_to is not None:
            facts = {"order_id": order_id, "subject_id": invoice_id, "external_id": f"invoice/{invoice_id}"}
            message_id = self.message(
                sent_to, "out", "invoice", {"number": values["number"]}, revision="0", at=at, **facts
            )
            if paid is not None:
                stated = {"paid_on": at.date(), "amount": paid, "discount": Decimal(0), "reference": "P-1"}
                self.insert(t.payments, invoice_id=invoice_id, message_id=message_id, **stated)
        return invoice_id

    def attempt(self, job_id: int, outcome: str, at: dt.datetime, **values: Any) -> int:
        return self.insert(t.attempts, job_id=job_id, number=1, worker="w1", at=at, outcome=outcome, **values)


@dataclass(frozen=True)
class World:
    """Ids that tests ask for by name."""

    shop: int
    other_shop: int
    warehouse: int
    partner_folder: int
    merchant: int
    other_merchant: int
    partly: int
    held: int
    hold: int
    parked_order: int
    parked: int
    parked_po: int
    interchange: int
    foreign: int
    mapping_hash: str


SHIP_TO = {"name": "Mara Lind", "address1": "Uferweg 4", "postal_code": "10997", "city": "Berlin", "country": "DE"}

GOODS = [
    ("MUG-STONE", "Stoneware mug, moss", "18.50"),
    ("TEA-SENCHA-100", "Sencha, 100 g", "12.10"),
    ("BOARD-OAK-L", "Oak cutting board, large", "64.00"),
    ("APRON-LINEN", "Linen apron, charcoal", "49.00"),
    ("KNIFE-PARING", "Paring knife, 9 cm", "27.90"),
]


def build(tx: Connection, now: dt.datetime, orders: int = 40) -> World:
    """A day in the life of a small house."""
    seed = Seed(tx, now)
    merchant, other = seed.merchant("Alder & Ash"), seed.merchant("Brine Supply")
    shop = seed.connection("Alder & Ash shop", "storefront", merchant_id=merchant)
    other_shop = seed.connection("Brine shop", "storefront", merchant_id=other)
    warehouse = seed.connection("Warehouse Lyon", "rest_warehouse")
    folder = seed.connection("Northfield files", "files", merchant_id=merchant)
    partner = seed.insert(
        t.partners, name="Northfield Stores", connection_id=folder, merchant_id=merchant, settings={}, created_at=now
    )
    seed.flow(shop, "in", "order", source_count=orders + 3, source_counted_at=seed.ago(seconds=39))
    seed.flow(shop, "out", "shipment")
    seed.flow(shop, "out", "return")
    seed.flow(folder, "in", "order", schedule="every 30s")
    seed.flow(warehouse, "in", "shipment", source_count=None)
    seed.flow(warehouse, "in", "inventory", schedule="0 6 * * 1-5", timezone="Europe/Paris", paused=True)
    seed.flow(warehouse, "out", "fulfillment")
    for index in range(orders):
        _ordinary(seed, index, shop, warehouse, merchant, seed.ago(minutes=11 * (orders - index) + 30))
    partly = _partly_shipped(seed, shop, warehouse, merchant)
    held, hold = _held(seed, shop, merchant)
    parked_order, parked, digest = _parked_delivery(seed, shop, warehouse, merchant)
    interchange, parked_po = _interchange(seed, folder, partner, merchant)
    foreign, _ = seed.order(
        other_shop, "#B-77", [{"sku": "SALT-FLAKE", "units": 6, "price": "8.20"}], seed.ago(minutes=9),
        merchant_id=other, external_id="brine-77",
    )  # fmt: skip
    seed.job(warehouse, "deliver", "fulfillment", "pending", due_at=now + dt.timedelta(seconds=40))
    return World(
        shop, other_shop, warehouse, folder, merchant, other, partly, held, hold, parked_order, parked, parked_po,
        interchange, foreign, digest,
    )  # fmt: skip


def _ordinary(seed: Seed, index: int, shop: int, warehouse: int, merchant: int, at: dt.datetime) -> None:
    first, second = GOODS[index % 5], GOODS[(index * 3 + 1) % 5]
    lines = [{"sku": first[0], "title": first[1], "price": first[2], "units": 1 + index % 3}]
    if index % 2:
        lines.append({"sku": second[0], "title": second[1], "price": second[2], "units": 1})
    country = ("DE", "FR", "AT", "NL")[index % 4]
    order, ids = seed.order(
        shop, f"#{1001 + index}", lines, at, merchant_id=merchant, ship_country=country, external_id=f"54{1001 + index}"
    )
    if index % 9 == 8:
        for line_id, line in zip(ids, lines, strict=True):
            seed.entry(line_id, "cancelled", line["units"], at)
        seed.event("order.cancelled", at, order_id=order, reason="customer")
        return
    taken = [(line_id, line["sku"], line["units"]) for line_id, line in zip(ids, lines, strict=True)]
    part = seed.fulfillment(order, warehouse, "Warehouse Lyon", taken, at + dt.timedelta(seconds=5))
    if index % 7 != 6:
        sent = [(line_id, units) for line_id, _, units in taken]
        seed.shipment(order, part, warehouse, shop, sent, at + dt.timedelta(minutes=20), f"00340434{index:012d}")
    if index % 11 == 10:
        seed.goods_back(order, warehouse, ids[0], 1, at + dt.timedelta(minutes=25))


def _partly_shipped(seed: Seed, shop: int, warehouse: int, merchant: int) -> int:
    at = seed.ago(minutes=26)
    lines = [
        {"sku": "MUG-STONE", "title": "Stoneware mug, moss", "price": "18.50", "units": 4},
        {"sku": "BOARD-OAK-L", "title": "Oak cutting board, large", "price": "64.00", "units": 2},
        {"sku": "GIFT-50", "title": "Gift card 50 EUR", "price": "50.00", "units": 1, "ships": False},
    ]
    order, ids = seed.order(
        shop, "#2001", lines, at, merchant_id=merchant, external_id="5402001", note="Please leave it at the door.",
        references={"campaign": "autumn"},
    )  # fmt: skip
    taken = [(ids[0], "MUG-STONE", 4), (ids[1], "BOARD-OAK-L", 1)]
    seed.entry(ids[1], "cancelled", 1, at)
    part = seed.fulfillment(order, warehouse, "Warehouse Lyon", taken, at + dt.timedelta(seconds=4))
    seed.event(
        "cancellation.granted", at + dt.timedelta(minutes=2), order_id=order, connection_id=warehouse, units=1, asked=2,
        to="Warehouse Lyon",
    )  # fmt: skip
    seed.shipment(order, part, warehouse, shop, [(ids[0], 3)], at + dt.timedelta(minutes=15), "JJD000390007")
    seed.shipment(
        order, part, warehouse, shop, [(ids[1], 1)], at + dt.timedelta(minutes=18), "JJD000390008", told=False
    )
    seed.goods_back(order, warehouse, ids[0], 1, at + dt.timedelta(minutes=20))
    return order


def _held(seed: Seed, shop: int, merchant: int) -> tuple[int, int]:
    lines = [{"sku": "APRON-LINEN", "title": "Linen apron, charcoal", "price": "49.00", "units": 2}]
    order, _ = seed.order(shop, "#2002", lines, seed.ago(minutes=14), merchant_id=merchant, payment="pending")
    return order, seed.hold(order, "hold.unpaid", "The payment is pending.", seed.ago(minutes=14))


def _parked_delivery(seed: Seed, shop: int, warehouse: int, merchant: int) -> tuple[int, int, str]:
    at = seed.ago(minutes=8)
    lines = [{"sku": "KNIFE-PARING", "title": "Paring knife, 9 cm", "price": "27.90", "units": 1}]
    order, ids = seed.order(shop, "#2003", lines, at, merchant_id=merchant)
    seed.fulfillment(order, warehouse, "Warehouse Lyon", [(ids[0], "KNIFE-PARING", 1)], at)
    message = seed.message(
        warehouse, "out", "fulfillment", {"reference": "F-2003", "postcode": "1099"}, order_id=order,
        external_id="fulfillment/F-2003", revision="0", at=at,
    )  # fmt: skip
    detail = "Warehouse Lyon refused it: the postcode 1099 is no German postcode."
    digest = hashlib.sha256(b"rest_warehouse/fulfillment.out").hexdigest()
    text = {"hash": digest, "name": "rest_warehouse/fulfillment.out", "version": 0, "text": "target: fulfillment\n"}
    seed.tx.execute(t.mapping_texts.insert().values(**text, first_used_at=at))
    seed.park(message, "connector.rejected", detail, path="ship_to.postal_code")
    job = seed.job(
        warehouse, "deliver", "fulfillment", "parked", order_id=order, message_id=message, key="fulfillment/F-2003"
    )
    seed.attempt(job, "parked", at, mapping_hash=digest, error={"code": "connector.rejected", "detail": detail})
    seed.event(
        "message.parked", at, order_id=order, message_id=message, connection_id=warehouse, code="connector.rejected",
        document="fulfillment", detail=detail,
    )  # fmt: skip
    return order, message, digest


def _interchange(seed: Seed, folder: int, partner: int, merchant: int) -> tuple[int, int]:
    at = seed.ago(minutes=5)
    good, bad = PO_SET.format(number="4500981", cases=2), PO_SET.format(number="4500982", cases="2.5")
    whole = f"{PO}{good}{bad}GE*2*42~IEA*1*000000042~"
    facts = {"partner_id": partner, "format": "x12", "at": at}
    parent = seed.message(
        folder, "in", "interchange", whole, external_id="po-20261123.edi", control="000000042", settled_at=at, **facts
    )
    child = seed.message(
        folder, "in", "order", good, parent_id=parent, set_id="850", control="000000042/42/0001", settled_at=at,
        external_id="4500981", **facts,
    )  # fmt: skip
    lines = [{"sku": "MUG-STONE", "title": "Stoneware mug, moss", "price": "9.90", "units": 24, "pack": 12}]
    seed.order(
        folder, "4500981", lines, at, merchant_id=merchant, partner_id=partner, message_id=child, external_id="4500981",
        ship_country="US", currency="USD",
    )  # fmt: skip
    parked = seed.message(
        folder, "in", "order", bad, parent_id=parent, set_id="850", control="000000042/42/0002",
        external_id="4500982", via="split", **facts,
    )  # fmt: skip
    finding = {
        "code": "edi.element-invalid", "designator": "PO102", "position": 9, "severity": "error",
        "message": "2.5 cases of 12 are no whole number of units.", "segment": "PO1",
    }  # fmt: skip
    seed.park(
        parked, "order.not-whole", "Line 1 asks for 2.5 cases of 12, which is no whole number of units.",
        path="PO102", findings=[finding],
    )  # fmt: skip
    for number in range(3):
        late = seed.message(
            folder, "in", "order", PO_SET.format(number=f"45010{number}", cases=1), external_id=f"860-45010{number}",
            set_id="860", **facts,
        )  # fmt: skip
        seed.park(late, "order.unknown", "It changes an order that has not come yet.", awaits=f"order 45010{number}")
    return parent, parked


ANSWER = (
    "ISA*00*          *00*          *ZZ*ALDERASH       *ZZ*NORTHFIELD     *261123*1402*U*00401*{number:09d}*0*P*>~\n"
    "GS*PR*ALDERASH*NORTHFIELD*20261123*1402*{number}*X*004010~\n"
)
ANSWER_SET = (
    "ST*855*{control}~\nBAK*00*AC*{order}*20261123****20261123~\n"
    "PO1*1*2*CA*118.80**VN*MUG-STONE~\nACK*IA*2*CA~\nCTT*1~\nSE*6*{control}~\n"
)


def sent_documents(seed: Seed, folder: int) -> tuple[int, tuple[int, int]]:
    """Answers that the partner of a folder has got: one by itself, and two in one interchange; their ids."""
    partner = seed.tx.execute(select(t.partners.c.id).where(t.partners.c.connection_id == folder)).scalar_one()
    facts = {"partner_id": partner, "format": "x12", "at": seed.ago(hours=3), "settled_at": seed.ago(hours=3)}
    facts |= {"acknowledge_by": seed.ago(hours=-21), "revision": "0"}
    sets = [ANSWER_SET.format(control=f"{n:04d}", order=f"45009{n}") for n in (1, 2)]
    ids = []
    for number, bodies in ((311, sets[:1]), (312, sets)):
        text = f"{ANSWER.format(number=number)}{''.join(bodies)}GE*{len(bodies)}*{number}~\nIEA*1*{number:09d}~\n"
        whole = {"interchange": f"{number:09d}", "control": f"PR/{number}"}
        if len(bodies) == 1:
            alone = seed.message(
                folder, "out", "acknowledgement", text, set_id="855", set_control="0001", **whole, **facts
            )
            continue
        around = seed.message(folder, "out", "edi", text, documents=2, **whole, **facts)
        for n, body in enumerate(bodies, 1):
            inside = {"parent_id": around, "set_id": "855", "set_control": f"{n:04d}"}
            ids.append(seed.message(folder, "out", "acknowledgement", body, **inside, **whole, **facts))
    return alone, (ids[0], ids[1])
