"""A trading partner's files, put together from segments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.edi.tree import TransactionSet
from hub.edi.x12.interchange import Interchange
from hub.edi.x12.validation import examine
from hub.flows.partners import partners
from tests.engine.scripted.house import ACTOR, House, Side

US, THEM = "HUB", "BUYER"


def partner(
    house: House,
    mailbox: Side,
    *,
    name: str = "Buyer",
    test: bool = False,
    acknowledge_hours: float | None = None,
    agreements: Sequence[Mapping[str, Any]] | None = None,
    **settings: object,
) -> int:
    """Agree with the partner on the standard sets, or on those given; `test`: also on its test data."""
    ids = {"qualifier": "ZZ", "value": THEM, "own_qualifier": "ZZ", "own_value": US}
    return partners.add_partner(
        house.inst,
        mailbox.id,
        name,
        ids=[{**ids, "test": False}, {**ids, "test": True}] if test else [ids],
        agreements=partners.standard_agreements(acknowledge_hours) if agreements is None else agreements,
        settings={"sscc_prefix": "0614141", "currency": "USD", **settings},
        actor=ACTOR,
    )


def purchase_order(
    number: str, *lines: str, purpose: str = "00", control: str = "0001", extra: Sequence[str] = ()
) -> str:
    """An 850 with its ST and SE."""
    body = [
        f"ST*850*{control}",
        f"BEG*{purpose}*SA*{number}**20260302",
        *extra,
        "N1*ST*STORE 7*92*0007",
        "N3*1 MAIN ST",
        "N4*AMES*IA*50010",
        *(segment for line in lines or ("PO1*1*2*EA*9.25**VN*MUG",) for segment in line.split("~")),
        f"CTT*{len(lines) or 1}",
    ]
    return "~".join([*body, f"SE*{len(body) + 1}*{control}"]) + "~"


def acknowledgement(functional_id: str, group: int, code: str = "A", control: str = "0001") -> str:
    """A 997 about a group of ours."""
    body = [f"ST*997*{control}", f"AK1*{functional_id}*{group}", f"AK9*{code}*1*1*{0 if code == 'R' else 1}"]
    return "~".join([*body, f"SE*{len(body) + 1}*{control}"]) + "~"


def interchange(
    *sets: str,
    number: int = 1,
    functional_id: str = "PO",
    usage: str = "P",
    sender: str = THEM,
    receiver: str = US,
    group: int | None = None,
) -> bytes:
    """ISA to IEA around one group of sets."""
    group = number if group is None else group
    parties = f"ZZ*{sender:<15}*ZZ*{receiver:<15}"
    isa = f"ISA*00*          *00*          *{parties}*260302*0900*U*00401*{number:09d}*0*{usage}*>~"
    gs = f"GS*{functional_id}*{sender}*{receiver}*20260302*0900*{group}*X*004010~"
    return f"{isa}{gs}{''.join(sets)}GE*{len(sets)}*{group}~IEA*1*{number:09d}~".encode()


def sent(mailbox: Side, set_id: str) -> list[tuple[Interchange, TransactionSet]]:
    """What the partner was sent of a set, each checked to be without a fault."""
    found = []
    for effect in mailbox.peer.effects:
        for one in examine(effect.payload):
            assert [f for f in one.all_findings() if f.is_error] == []
            found += [(one, s.tree) for s in one.sets if s.set_id == set_id and s.tree is not None]
    return found


def segments(tree: TransactionSet, segment_id: str) -> list[tuple[object, ...]]:
    """All segments of an id, in order."""
    return [tuple(segment) for segment in tree.root.walk() if segment[0] == segment_id]
