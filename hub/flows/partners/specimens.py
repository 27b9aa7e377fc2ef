"""A filled specimen of a set as a partner has agreed on it: to send them, or to show what is expected of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from hub.edi.findings import EdiError
from hub.edi.grammars.library import GrammarError
from hub.edi.partner.settings import profile
from hub.edi.specimen import specimen_root
from hub.errors import NotFound, Refused
from hub.flows.outbound.envelopes import Interchange, Recipient
from hub.installation import Installation
from hub.store import partners as store


def specimen(inst: Installation, name: str, set_id: str, when: dt.datetime) -> bytes:
    """A test interchange with one set, from whom it comes to whom it goes, in the partner's delimiters, version and
    character set, by its own grammar. Its control numbers are 1; none is taken. Raises `Refused`."""
    with inst.db.read() as tx:
        partner = store.named(tx, name)
        if partner is None:
            raise NotFound("partner.missing", f"There is no partner {name!r}; `hub partner list` shows them all.")
        agreed = {way: store.agreement(tx, partner.id, way, set_id=set_id) for way in ("out", "in")}
        there = ", ".join(sorted({one.set_id for one in store.agreed_with(tx, partner.id)}))
        found = store.addresses(tx, [(partner.id, True), (partner.id, False)])
    addresses = found[partner.id, True] or found[partner.id, False]
    agreement = agreed["out"] or agreed["in"]
    if agreement is None:
        raise NotFound(
            "partner.no-agreement",
            f"There is no agreement with {name} on {set_id} (`hub partner agree`); there is on {there or 'no set'}.",
        )
    if not addresses:
        raise Refused("partner.ids-missing", f"{name} has no ids; add them with `hub partner ids`.")
    one = addresses[0]
    ours, theirs = (one.own_qualifier, one.own_value), (one.qualifier, one.value)
    said = profile(partner.settings, agreement.settings)
    if agreement.direction == "in":
        ours, theirs = theirs, ours
        said = replace(said, group_sender=said.group_receiver, group_receiver=said.group_sender)
    if said.replacement is None:  # what a specimen says does not matter, that it can be sent does
        said = replace(said, replacement=" ")
    to = Recipient(agreement, partner, said, ours, theirs, True)
    try:
        library = inst.grammars(to.profile, to.standard)
        mark = said.delimiters(to.standard, agreement.version).decimal
        root = specimen_root(library, set_id, agreement.version, mark)
        interchange = Interchange(to, library, 1, 1, when.astimezone(said.zone))
        return interchange.written([interchange.set_of(root, 1)])
    except GrammarError as error:
        raise Refused("edi.grammar-invalid", f"The partner's own grammar cannot be used: {error}.") from error
    except EdiError as error:
        raise Refused(error.code, f"The specimen does not fit the partner's settings or grammar: {error}.") from error
