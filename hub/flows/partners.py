"""Trading partners as a person sets them up: their ids, and what was agreed with them per set and direction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.edi.profile import check
from hub.errors import NotFound, Refused
from hub.installation import Installation
from hub.store import events as event_store
from hub.store import partners as partner_store


def add_partner(
    inst: Installation,
    connection_id: int,
    name: str,
    *,
    ids: Sequence[Mapping[str, Any]],
    agreements: Sequence[Mapping[str, Any]],
    actor: str,
    settings: Mapping[str, Any] | None = None,
) -> int:
    """Save a trading partner with the ids it writes under and what was agreed per set and direction; gives its id.

    Each of `ids`: qualifier, value, own_qualifier, own_value, test. Each of `agreements`: direction, set_id, kind,
    mapping, version, acknowledge, acknowledge_hours, settings. Raises `ProfileError` for settings that cannot be used.
    """
    now = inst.now()
    settings = check(settings or {})
    agreements = [
        {**row, "settings": check(row.get("settings", {}), row["direction"], under=settings)} for row in agreements
    ]
    with inst.db.write() as tx:
        if any(row.name == name for row in partner_store.everyone(tx)):
            raise Refused("partner.name-taken", f"There is a partner named {name!r} already.")
        partner_id = partner_store.add(
            tx, {"connection_id": connection_id, "name": name, "settings": settings, "created_at": now}
        )
        partner_store.add_ids(tx, [{"partner_id": partner_id, "test": False, **row} for row in ids])
        partner_store.add_agreements(
            tx,
            [
                {
                    "partner_id": partner_id,
                    "version": "004010",
                    "acknowledge": True,
                    "acknowledge_hours": None,
                    **row,
                }
                for row in agreements
            ],
        )
        event_store.add(
            tx, event_store.event("partner.added", now, connection_id=connection_id, actor=actor, name=name)
        )
    return partner_id


def standard_agreements(acknowledge_hours: float | None = None) -> list[dict[str, Any]]:
    """Purchase orders in; acknowledgements, ship notices and invoices out, by the shipped mappings.

    `acknowledge_hours`: how long after it was sent the partner is to acknowledge a document of ours; None: nobody
    watches that.
    """
    out = {"direction": "out", "acknowledge_hours": acknowledge_hours}
    return [
        {"direction": "in", "set_id": "850", "kind": "order", "mapping": "x12/850.in"},
        {"direction": "in", "set_id": "860", "kind": "order_change", "mapping": "x12/860.in"},
        {**out, "set_id": "855", "kind": "acknowledgement", "mapping": "x12/855.out"},
        {**out, "set_id": "865", "kind": "order_change_acknowledgement", "mapping": "x12/865.out"},
        {**out, "set_id": "856", "kind": "shipment", "mapping": "x12/856.out"},
        {**out, "set_id": "810", "kind": "invoice", "mapping": "x12/810.out"},
    ]


def set_acknowledge_hours(inst: Installation, name: str, hours: float | None, actor: str) -> None:
    """Change how long a partner may take to acknowledge what is sent from now on; None: nobody watches that."""
    now = inst.now()
    with inst.db.write() as tx:
        row = next((row for row in partner_store.everyone(tx) if row.name == name), None)
        if row is None:
            raise NotFound("partner.missing", f"There is no partner {name!r}; `hub partner list` shows them all.")
        partner_store.set_acknowledge_hours(tx, row.id, hours)
        event_store.add(
            tx,
            event_store.event(
                "partner.changed", now, connection_id=row.connection_id, actor=actor, name=name, acknowledge_hours=hours
            ),
        )


def warehouse_agreements(acknowledge_hours: float | None = None) -> list[dict[str, Any]]:
    """With a warehouse: shipping orders and their cancellations out; shipping advices, stock and what moves in it in.
    `acknowledge_hours`: as for `standard_agreements`."""
    out = {"direction": "out", "acknowledge_hours": acknowledge_hours}
    return [
        {**out, "set_id": "940", "kind": "fulfillment", "mapping": "x12/940.out"},
        *(
            {"direction": "in", "set_id": set_id, "kind": kind, "mapping": f"x12/{set_id}.in"}
            for set_id, kind in (
                ("945", "shipment"),
                ("846", "inventory"),
                ("943", "stock_movement"),
                ("944", "stock_movement"),
                ("947", "stock_movement"),
            )
        ),
    ]


def supplier_agreements(acknowledge_hours: float | None = None) -> list[dict[str, Any]]:
    """With a supplier who ships to the consumer: purchase orders and their cancellations out, answers to both and ship
    notices in. `acknowledge_hours`: as for `standard_agreements`."""
    out = {"direction": "out", "acknowledge_hours": acknowledge_hours}
    return [
        {**out, "set_id": "850", "kind": "fulfillment", "mapping": "x12/850.out"},
        {**out, "set_id": "860", "kind": "cancellation", "mapping": "x12/860.out"},
        {"direction": "in", "set_id": "855", "kind": "acknowledgement", "mapping": "x12/855.in"},
        {"direction": "in", "set_id": "865", "kind": "acknowledgement", "mapping": "x12/865.in"},
        {"direction": "in", "set_id": "856", "kind": "shipment", "mapping": "x12/856.in"},
        {"direction": "in", "set_id": "846", "kind": "inventory", "mapping": "x12/846.in"},
    ]


def carrier_agreements() -> list[dict[str, Any]]:
    """With a carrier: where shipments are."""
    return [{"direction": "in", "set_id": "214", "kind": "transport_status", "mapping": "x12/214.in"}]
