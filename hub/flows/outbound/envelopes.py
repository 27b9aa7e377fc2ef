"""EDI that goes out: documents in their envelope, with its control numbers, and package labels."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from hub.edi.build import build
from hub.edi.edifact import writer as edifact
from hub.edi.findings import EdiError
from hub.edi.grammars.library import GrammarError, Library, standard_of
from hub.edi.partner import sscc
from hub.edi.partner.profile import Profile
from hub.edi.partner.settings import ProfileError, profile
from hub.edi.tree import Loop, Standard, TransactionSet
from hub.edi.x12 import writer as x12
from hub.flows.batch import Batch
from hub.flows.edi import controls
from hub.flows.problems import MAX_FINDINGS, Park, without_value
from hub.installation import Installation
from hub.store import messages as message_store
from hub.store import shipments as shipment_store


@dataclass(frozen=True, slots=True)
class Recipient:
    """To whom a document goes: the agreement it goes by, our ids and the partner's, in test or not."""

    agreement: Row[Any]
    partner: Row[Any]
    profile: Profile
    ours: controls.Party
    theirs: controls.Party
    test: bool

    @property
    def key(self) -> tuple[int, controls.Party, controls.Party]:
        """Documents with the same one can stand in one interchange."""
        return self.agreement.id, self.ours, self.theirs

    @property
    def standard(self) -> Standard:
        """The syntax of the agreement's set."""
        return standard_of(self.agreement.set_id)


def recipient(
    batch: Batch, agreement: Row[Any], *, test: bool, location: str | None = None, own_order: Row[Any] | None = None
) -> Recipient:
    """To whom a document goes by an agreement.

    A partner with several ids is written to under those of the `location`, else under those that the order came
    under where it is about the partner's own order. Raises `Park`.
    """
    partner, counts = _settings(batch, agreement)
    addresses = batch.addresses[partner.id, test]
    if not addresses:
        said = " in test" if test else ""
        raise Park(
            "edi.no-address", f"The partner has no ids to write to{said}. Add them with `hub partner ids` and replay."
        )
    one = _address(batch, addresses, location, own_order)
    ours, theirs = (one.own_qualifier, one.own_value), (one.qualifier, one.value)
    return Recipient(agreement, partner, counts, ours, theirs, test)


def _settings(batch: Batch, agreement: Row[Any]) -> tuple[Row[Any], Profile]:
    """The partner of an agreement, and the settings that count for it. Raises `Park`."""
    partner = batch.partner.get(agreement.partner_id)
    if partner is None:
        raise Park("edi.unknown-partner", "The partner of this document no longer exists.")
    try:
        return partner, profile(partner.settings, agreement.settings)
    except ProfileError as error:
        raise Park(error.code, error.sentence) from error


def _address(batch: Batch, addresses: Sequence[Row[Any]], location: str | None, own_order: Row[Any] | None) -> Row[Any]:
    if len(addresses) == 1:
        return addresses[0]
    there = [one for one in addresses if location and one.location == location]
    if not there and own_order is not None:
        came = message_store.get(batch.tx, [own_order.message_id])[own_order.message_id].interchange or ""
        there = [one for one in addresses if came.startswith(_came_under(one))]
    return (there or [one for one in addresses if not one.location] or addresses)[0]


def _came_under(address: Row[Any]) -> str:
    """How the key of an interchange begins that came under these ids."""
    key = controls.interchange(
        (address.qualifier, address.value), (address.own_qualifier, address.own_value), "0", address.test
    )
    return key.removesuffix("0")


@dataclass(frozen=True, slots=True)
class Interchange:
    """One interchange of ours while it is written: to whom, with which grammars, and under which numbers.

    `number` stands in ISA13 or UNB 0020, `group` in GS06 (EDIFACT has no groups here). Sets count from 1.
    """

    to: Recipient
    grammars: Library
    number: int
    group: int
    when: dt.datetime

    def document(self, values: Mapping[str, Any], place: int) -> TransactionSet:
        """A set of this interchange from what a mapping has made; `place` counts from 1. Raises `EdiError`."""
        agreement = self.to.agreement
        mark = self.to.profile.delimiters(self.to.standard, agreement.version).decimal
        root = build(self.to.standard, agreement.set_id, agreement.version, values, self.grammars, decimal=mark)
        return self.set_of(root, place)

    def set_of(self, root: Loop, place: int) -> TransactionSet:
        """A set of this interchange from its tree."""
        set_id, version = self.to.agreement.set_id, self.to.agreement.version
        if self.to.standard == "edifact":
            return edifact.message(set_id, root, str(place), version, association=self.to.profile.association)
        return x12.transaction_set(set_id, root, f"{place:04d}", version)

    def written(self, documents: Sequence[TransactionSet]) -> bytes:
        """The interchange with these sets, its first ones. Raises `EdiError` where a reader would find faults."""
        replacement = self.to.profile.replacement
        if self.to.standard == "edifact":
            return edifact.write(documents, self._unb(), replacement=replacement, library=self.grammars)
        return x12.write(documents, self._isa(), replacement=replacement, library=self.grammars)

    def facts(self, document: TransactionSet) -> dict[str, Any]:
        """The columns of the message of one set; acknowledgements name it by the last three."""
        return {
            **self.own_facts(),
            "interchange": controls.interchange(self.to.ours, self.to.theirs, self.number, self.to.test),
            "control": self._control(),
            "set_control": document.control_number,
        }

    def own_facts(self) -> dict[str, Any]:
        """The columns that all of its messages share."""
        return {
            "format": self.to.standard,
            "partner_id": self.to.partner.id,
            "set_id": self.to.agreement.set_id,
            "test": self.to.test,
        }

    def _control(self) -> str:
        set_id = self.to.agreement.set_id
        if self.to.standard == "edifact":
            return f"{set_id}/{self.number}"
        return f"{self.grammars.functional_id(set_id)}/{self.group}"

    def _isa(self) -> x12.Envelope:
        (own_qualifier, own_id), (qualifier, id_), said = self.to.ours, self.to.theirs, self.to.profile
        return x12.Envelope(
            sender_qualifier=own_qualifier,
            sender_id=own_id,
            receiver_qualifier=qualifier,
            receiver_id=id_,
            interchange_control_number=self.number,
            group_control_number=self.group,
            when=self.when,
            version=self.to.agreement.version,
            usage="T" if self.to.test else "P",
            group_sender=said.group_sender,
            group_receiver=said.group_receiver,
            acknowledgement_requested=bool(said.request_acknowledgement),
            delimiters=said.delimiters("x12", self.to.agreement.version),
            encoding=said.character_set or "utf-8",
        )

    def _unb(self) -> edifact.Envelope:
        (own_qualifier, own_id), (qualifier, id_), said = self.to.ours, self.to.theirs, self.to.profile
        asked = said.request_acknowledgement
        return edifact.Envelope(
            sender_id=own_id,
            sender_qualifier=own_qualifier,
            receiver_id=id_,
            receiver_qualifier=qualifier,
            control_reference=str(self.number),
            when=self.when,
            syntax_id=said.syntax_id,
            syntax_version=said.syntax_version,
            usage="T" if self.to.test else "P",
            acknowledgement_requested=bool(self.to.agreement.acknowledge) if asked is None else asked,
            delimiters=said.delimiters("edifact", self.to.agreement.version),
            una=said.una,
            codec=said.character_set,
        )


def opened(batch: Batch, inst: Installation, to: Recipient) -> Interchange:
    """The next interchange to a recipient: its control numbers are taken in this transaction. Raises `Park`."""
    try:
        library = inst.grammars(to.profile, to.standard)
        functional_id = library.functional_id(to.agreement.set_id)
    except GrammarError as error:
        raise Park("edi.grammar-invalid", f"The partner's own grammar cannot be used: {error}."[:500]) from error
    scope = f"{':'.join(to.ours)}/{':'.join(to.theirs)}"
    when = batch.now.astimezone(to.profile.zone)
    if to.standard == "edifact":
        return Interchange(to, library, controls.number(batch, f"unb/{scope}"), 0, when)
    group = controls.number(batch, f"gs/{scope}/{functional_id}")
    return Interchange(to, library, controls.number(batch, f"isa/{scope}"), group, when)


def write(batch: Batch, inst: Installation, to: Recipient, values: Mapping[str, Any]) -> tuple[bytes, dict[str, Any]]:
    """One document in an interchange of its own, with the columns of its message. Raises `Park`."""
    interchange = opened(batch, inst, to)
    return one_document(interchange, values, 1)[1:]


def one_document(
    interchange: Interchange, values: Mapping[str, Any], place: int
) -> tuple[TransactionSet, bytes, dict[str, Any]]:
    """A document of an interchange, that interchange with nothing else in it, and the columns of the document's
    message. Raises `Park` with the findings that a reader would have."""
    try:
        document = interchange.document(values, place)
        return document, interchange.written([document]), interchange.facts(document)
    except GrammarError as error:
        raise Park("edi.grammar-invalid", f"The partner's own grammar cannot be used: {error}."[:500]) from error
    except EdiError as error:
        findings = [without_value(f) for f in error.findings[:MAX_FINDINGS]]
        raise Park("edi.not-writable", str(error)[:500], findings=findings) from error


def label(batch: Batch, partner_id: int, shipment_id: int) -> None:
    """Give each package of a shipment that has none an SSCC, where the partner's settings name a GS1 prefix.

    The serial counts up, the extension digit with it, and is not used again before its digits run out.
    """
    partner = batch.partner.get(partner_id)
    prefix = profile(partner.settings).sscc_prefix if partner else None
    if not prefix:
        return
    for package, _ in batch.packages_of[shipment_id]:
        if not package.sscc:
            room = 10 ** (16 - len(prefix))
            extension, serial = divmod(batch.number(f"sscc/{prefix}", 10 * room - 1), room)
            code = sscc.build(prefix, serial, str(extension))
            shipment_store.label_package(batch.rows, package.id, code)
            batch.packages_of.forget(shipment_id)
