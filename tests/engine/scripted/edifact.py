"""A trading partner's EDIFACT files, put together from messages."""

from __future__ import annotations

from hub.flows.partners import partners
from tests.engine.scripted.house import ACTOR, House, Side

US, THEM = "HUB", "BUYER"
ORDERS = {"direction": "in", "set_id": "ORDERS", "kind": "order", "mapping": "edifact/orders.in", "version": "D96A"}
ORDRSP = {"direction": "out", "set_id": "ORDRSP", "kind": "acknowledgement", "mapping": "edifact/ordrsp.out",
          "version": "D96A", "acknowledge_hours": 24.0}  # fmt: skip


def edifact_partner(
    house: House, mailbox: Side, *, answered: bool = False, agreed: dict[str, object] | None = None, **settings: object
) -> int:
    """Agree with the partner on orders, and where `answered` on answers to them. `agreed`: settings of the agreement on
    orders."""
    return partners.add_partner(
        house.inst,
        mailbox.id,
        "European buyer",
        ids=[{"qualifier": "14", "value": THEM, "own_qualifier": "14", "own_value": US}],
        agreements=[{**ORDERS, "settings": agreed or {}}, *([ORDRSP] if answered else [])],
        settings={"currency": "EUR", **settings},
        actor=ACTOR,
    )


def message(set_id: str, *body: str, reference: str = "1", version: str = "D:96A:UN") -> str:
    """UNH to UNT around segments."""
    segments = [f"UNH+{reference}+{set_id}:{version}", *body, f"UNT+{len(body) + 2}+{reference}"]
    return "".join(f"{one}'" for one in segments)


def edifact_order(
    number: str, *, reference: str = "1", quantity: int = 2, name: str = "STORE 7", free: str = "", extra: str = ""
) -> str:
    """An ORDERS of one line."""
    body = [
        f"BGM+220+{number}+9",
        "DTM+137:20260302:102",
        *([f"FTX+AAI+++{free}"] if free else []),
        f"NAD+DP+0007::92++{name}+1 MAIN ST+AMES++50010+US",
        "CUX+2:EUR:9",
        "LIN+1++MUG:SA",
        f"QTY+21:{quantity}:PCE",
        *([extra] if extra else []),
        "UNS+S",
        "CNT+2:1",
    ]
    return message("ORDERS", *body, reference=reference)


def edifact(
    *messages: str, number: str = "1", group: str = "", ask: bool = False, test: bool = False,
    syntax: str = "UNOC:3", codec: str = "utf-8",
) -> bytes:  # fmt: skip
    """UNA to UNZ around messages. `group`: the reference of a group that they stand in; `ask`: for a CONTRL."""
    head = f"UNA:+.? 'UNB+{syntax}+{THEM}:14+{US}:14+260302:0900+{number}"
    flags = f"++++{'1' if ask else ''}++{'1' if test else ''}".rstrip("+")
    inside = "".join(messages)
    if group:
        start = f"UNG+ORDERS+{THEM}+{US}+260302:0900+{group}+UN+D:96A'"
        inside = f"{start}{inside}UNE+{len(messages)}+{group}'"
    count = 1 if group else len(messages)
    return f"{head}{flags}'{inside}UNZ+{count}+{number}'".encode(codec)
