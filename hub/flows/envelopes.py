"""EDI that goes out: a document in its envelope, with its control numbers and package labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row

from hub.edi import sscc
from hub.edi.build import build
from hub.edi.delimiters import Delimiters
from hub.edi.findings import EdiError
from hub.edi.grammar import default_library
from hub.edi.profile import profile
from hub.edi.x12.writer import Envelope, transaction_set
from hub.edi.x12.writer import write as write_interchange
from hub.flows import controls
from hub.flows.batch import Batch
from hub.flows.problems import MAX_FINDINGS, Park, without_value
from hub.store import partners as partner_store
from hub.store import shipments as shipment_store


def write(batch: Batch, agreement: Row[Any], values: Mapping[str, Any], test: bool) -> tuple[bytes, dict[str, Any]]:
    """One outbound document in an interchange of its own, with the columns of its message. Raises `Park`."""
    partner = partner_store.get(batch.tx, agreement.partner_id)
    address = partner_store.address(batch.tx, agreement.partner_id, test)
    if partner is None or address is None:
        raise Park("edi.no-address", "The partner has no ids to write to" + (" in test." if test else "."))
    version = agreement.version or "004010"
    functional_id = default_library().functional_id(agreement.set_id)
    scope = f"{address.own_qualifier}:{address.own_value}/{address.qualifier}:{address.value}"
    try:
        root = build("x12", agreement.set_id, version, values)
        group = controls.number(batch, f"gs/{scope}/{functional_id}")
        interchange = controls.number(batch, f"isa/{scope}")
        envelope = Envelope(
            sender_qualifier=address.own_qualifier,
            sender_id=address.own_value,
            receiver_qualifier=address.qualifier,
            receiver_id=address.value,
            interchange_control_number=interchange,
            group_control_number=group,
            when=batch.now.astimezone(profile(partner.settings).zone),
            version=version,
            usage="T" if test else "P",
            delimiters=_delimiters(partner.settings),
        )
        document = transaction_set(agreement.set_id, root, "0001", version)
        body = write_interchange([document], envelope, replacement=partner.settings.get("replacement"))
    except EdiError as error:
        findings = [without_value(f) for f in error.findings[:MAX_FINDINGS]]
        raise Park("edi.not-writable", str(error)[:500], findings=findings) from error
    return body, {
        "format": "x12",
        "partner_id": partner.id,
        "set_id": agreement.set_id,
        "control": f"{functional_id}/{group}",
        "interchange": controls.interchange(
            (address.own_qualifier, address.own_value), (address.qualifier, address.value), interchange, test
        ),
        "set_control": "0001",
    }


def _delimiters(settings: Mapping[str, Any]) -> Delimiters:
    given = settings.get("delimiters", {})
    base = Delimiters()
    return Delimiters(
        given.get("element", base.element),
        given.get("component", base.component),
        given.get("terminator", base.terminator),
        given.get("repetition", base.repetition),
        given.get("suffix", base.suffix),
    )


def label(batch: Batch, partner_id: int, shipment_id: int) -> None:
    """Give each package of a shipment that has none an SSCC, where the partner's settings name a GS1 prefix.

    The serial counts up and is not used again before its digits run out.
    """
    partner = partner_store.get(batch.tx, partner_id)
    prefix = partner.settings.get("sscc_prefix") if partner else None
    if not prefix:
        return
    for package, _ in batch.packages_of[shipment_id]:
        if not package.sscc:
            largest = 10 ** (16 - len(prefix)) - 1
            serial = partner_store.next_control(batch.tx, f"sscc/{prefix}", largest)
            shipment_store.change_package(batch.tx, package.id, sscc=sscc.build(prefix, serial))
