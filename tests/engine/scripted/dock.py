"""Warehouses and suppliers that speak EDI: what was agreed with them, and what they say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.flows.partners import partners
from hub.sdk import Document
from tests.engine.scripted.edi import US, interchange
from tests.engine.scripted.house import ACTOR, House, Side

WAREHOUSE = "ACME3PL"
SUPPLIER = "SUPPLIER"
CARRIER = "CARRIER"


def warehouse(
    house: House, dock: Side, *, id_: str = WAREHOUSE, hours: float | None = None, test: bool = False, **settings: Any
) -> int:
    """Agree with a warehouse behind a connection on the sets of warehouses; `test`: also on test data."""
    return _partner(house, dock, id_, partners.standard_agreements(hours, role="warehouse"), test, settings)


def supplier(house: House, dock: Side, *sets: str, **settings: Any) -> int:
    """Agree with a supplier on the sets of suppliers, or on those named."""
    agreed = [row for row in partners.standard_agreements(role="supplier") if not sets or row["set_id"] in sets]
    return _partner(house, dock, SUPPLIER, agreed, False, settings)


def carrier(house: House, dock: Side) -> int:
    """Agree with a carrier on the set of carriers."""
    return _partner(house, dock, CARRIER, partners.standard_agreements(role="carrier"), False, {})


def _partner(
    house: House, dock: Side, id_: str, agreements: list[dict[str, Any]], test: bool, settings: dict[str, Any]
) -> int:
    ids = {"qualifier": "ZZ", "value": id_, "own_qualifier": "ZZ", "own_value": US}
    return partners.add_partner(
        house.inst,
        dock.id,
        id_,
        ids=[{**ids, "test": False}, {**ids, "test": True}] if test else [ids],
        agreements=agreements,
        settings=settings,
        actor=ACTOR,
    )


def transaction(set_id: str, *body: str) -> str:
    """A set with its ST and SE."""
    return "~".join([f"ST*{set_id}*0001", *body, f"SE*{len(body) + 2}*0001"]) + "~"


def advice(reference: str, *lines: str, shipment: str = "S-1", extra: Sequence[str] = ()) -> str:
    """A 945 with its ST and SE. Each of `lines`: the segments of a W12 loop."""
    return transaction(
        "945",
        f"W06*F*{reference}*20260303*{shipment}",
        "N1*WH*RENO",
        *extra,
        "W27*U*UPSN",
        *(segment for n, line in enumerate(lines, 1) for segment in (f"LX*{n}", *line.split("~"))),
        "W03*1",
    )


def says(house: House, dock: Side, *sets: str, number: int = 1, functional_id: str = "SW", **facts: Any) -> None:
    """The partner drops a file, and the hub reads it."""
    body = interchange(*sets, number=number, functional_id=functional_id, **{"sender": WAREHOUSE, **facts})
    dock.peer.put(Document("edi", f"{facts.get('sender', WAREHOUSE)}-{number}.edi", body, format="x12"))
    house.run()
