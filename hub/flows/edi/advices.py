"""What partners' applications say to documents of ours: an accepted one is noted, a rejected one waits for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row

from hub.documents.advice import VERDICTS
from hub.edi.grammars.library import default_library
from hub.flows.batch import Batch
from hub.flows.edi import acknowledgements
from hub.flows.problems import Park
from hub.store import advised
from hub.store import messages as message_store

Document = Mapping[str, Any]

REJECTED = "rejected"
REASON = "advice.rejected"


def apply(batch: Batch, message: Row[Any], doc: Document, content: str) -> int | None:
    """Take over what one canonical advice says; gives the order where it is about one only. Raises `Park`."""
    about: dict[int, tuple[Row[Any], list[Document]]] = {}
    for said in doc["documents"]:
        sent = _sent(batch, message, said)
        about.setdefault(sent.id, (sent, []))[1].append(said)
    for sent, statements in about.values():
        _note(batch, sent, statements)
    orders = {sent.order_id for sent, _ in about.values()}
    return orders.pop() if len(orders) == 1 else None


def _sent(batch: Batch, message: Row[Any], said: Document) -> Row[Any]:
    """The document of ours that a statement is about. Raises `Park`."""
    found: list[Row[Any]] = []
    set_id, group = said.get("set_id"), said.get("group_control")
    if set_id and group and message.partner_id is not None:
        functional_id = default_library().functional_id(set_id) or set_id
        control = f"{functional_id}/{group.lstrip('0')}"
        found = advised.by_control(batch.tx, message.partner_id, control, said.get("set_control"))
    if not found and said.get("reference"):
        found = advised.by_number(batch.tx, message.connection_id, message.partner_id, said["reference"], set_id)
    if len(found) != 1:
        name = said.get("reference") or f"{set_id} in group {group}"
        which = "none" if not found else "several"
        raise Park("advice.unmatched", f"It is about {name}, and {which} of our documents to the partner is called so.")
    return found[0]


def _note(batch: Batch, sent: Row[Any], statements: list[Document]) -> None:
    """What several statements say of one document: the hardest of their verdicts counts."""
    verdict = max((each["verdict"] for each in statements), key=VERDICTS.index)
    faults = [_fault(error) for each in statements for error in each["errors"]]
    if verdict == REJECTED or sent.acknowledged is None:
        message_store.change(batch.tx, [{"b_id": sent.id, "acknowledged": verdict}])
    batch.event(
        "advice.received",
        order_id=sent.order_id,
        message_id=sent.id,
        connection_id=sent.connection_id,
        verdict=verdict,
        document=sent.kind,
    )
    if verdict == REJECTED and sent.state == "done":
        acknowledgements.rejected(batch, sent, faults, REASON)
    elif verdict != REJECTED and sent.state == "parked" and sent.reason == REASON:
        batch.end(sent.id, "done", order_id=sent.order_id, mapping_hash=sent.mapping_hash)


def _fault(error: Document) -> str:
    """`024 at N4*32: Invalid value`, as far as the partner says it."""
    head = " at ".join(part for part in (error.get("code"), error.get("place")) if part)
    return ": ".join(part for part in (head, error.get("message")) if part)
