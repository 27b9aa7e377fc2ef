"""What is usually agreed with a partner, by what it is to us: which sets go which way, and what kind of document each
is here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.edi.tree import Standard

Set = tuple[str, str, str]
"""(direction, set, kind)."""

ROLES: Mapping[str, Mapping[Standard, Sequence[Set]]] = {
    "customer": {
        "x12": (
            ("in", "850", "order"),
            ("in", "860", "order_change"),
            ("out", "855", "acknowledgement"),
            ("out", "865", "order_change_acknowledgement"),
            ("out", "856", "shipment"),
            ("out", "810", "invoice"),
        ),
        "edifact": (
            ("in", "ORDERS", "order"),
            ("in", "ORDCHG", "order_change"),
            ("out", "ORDRSP", "acknowledgement"),
            ("out", "DESADV", "shipment"),
            ("out", "INVOIC", "invoice"),
        ),
    },
    "warehouse": {
        "x12": (
            ("out", "940", "fulfillment"),
            ("in", "945", "shipment"),
            ("in", "846", "inventory"),
            ("in", "943", "stock_movement"),
            ("in", "944", "stock_movement"),
            ("in", "947", "stock_movement"),
        ),
        "edifact": (
            ("out", "IFTMIN", "fulfillment"),
            ("in", "DESADV", "shipment"),
            ("in", "INVRPT", "inventory"),
            ("in", "RECADV", "stock_movement"),
        ),
    },
    "supplier": {
        "x12": (
            ("out", "850", "fulfillment"),
            ("out", "860", "cancellation"),
            ("in", "855", "acknowledgement"),
            ("in", "865", "acknowledgement"),
            ("in", "856", "shipment"),
            ("in", "810", "invoice"),
            ("in", "846", "inventory"),
        ),
        "edifact": (
            ("out", "ORDERS", "fulfillment"),
            ("out", "ORDCHG", "cancellation"),
            ("in", "ORDRSP", "acknowledgement"),
            ("in", "DESADV", "shipment"),
            ("in", "INVOIC", "invoice"),
            ("in", "INVRPT", "inventory"),
        ),
    },
    "carrier": {
        "x12": (("in", "214", "transport_status"),),
        "edifact": (("in", "IFTSTA", "transport_status"),),
    },
}
"""A customer sends us orders; a warehouse or supplier gets them from us."""


_KINDS = {
    (direction, set_id): kind
    for standards in ROLES.values()
    for sets in standards.values()
    for direction, set_id, kind in sets
}


def usual_kind(direction: str, set_id: str) -> str | None:
    """What kind of document a set is that goes this way, whatever the partner is to us; None where none is usual."""
    return _KINDS.get((direction, set_id))
