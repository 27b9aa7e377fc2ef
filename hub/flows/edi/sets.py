"""How a partner's EDI is read and answered; and stored documents, read again one by one in that manner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from hub.edi.grammars.library import GrammarError, Library
from hub.edi.inbound import Terms
from hub.edi.partner.profile import Profile
from hub.edi.partner.settings import ProfileError, profile
from hub.edi.tree import STANDARDS, Standard, TransactionSet
from hub.edi.validation import examine
from hub.errors import NotFound, Refused
from hub.flows.problems import Park
from hub.installation import Installation
from hub.store import partners as store


@dataclass(slots=True, frozen=True)
class Manner:
    """How a sender's documents are read. `grammars`: of EDI. `encoding`: a codec that counts instead of the
    one they announce or usually have, or `""`."""

    grammars: Library | None
    encoding: str = ""


def profile_of(settings: Mapping[str, Any], agreed: Mapping[str, Any] | None = None) -> Profile:
    """A partner's settings. Raises `Park` where they cannot be used."""
    try:
        return profile(settings, agreed)
    except ProfileError as error:
        raise Park(error.code, error.sentence) from error


def manner(inst: Installation, said: Profile, standard: Standard) -> Manner:
    """How a partner with these settings is read. Raises `Park` where its grammars cannot be used."""
    try:
        return Manner(inst.grammars(said, standard), said.character_set)
    except GrammarError as error:
        raise broken_grammar(error) from error


def terms(partner: Row[Any], agreements: Mapping[str, Row[Any]]) -> Terms:
    """What was agreed with a partner on what comes in; `agreements` by set id. Raises `Park` where its settings cannot
    be used."""
    return Terms(
        profile_of(partner.settings),
        {set_id: profile_of(partner.settings, one.settings) for set_id, one in agreements.items()},
        frozenset(set_id for set_id, one in agreements.items() if not one.acknowledge),
    )


def of_partner(inst: Installation, name: str) -> tuple[Terms, dict[Standard, Library]]:
    """What was agreed with a partner on what comes in, and its grammars. Raises `NotFound`, and `Refused` where its
    settings or grammars cannot be used."""
    with inst.db.read() as tx:
        partner = store.named(tx, name)
        if partner is None:
            raise NotFound("partner.missing", f"There is no partner {name!r}; `hub partner list` shows them all.")
        agreements = {one.set_id: one for one in store.agreed_with(tx, partner.id) if one.direction == "in"}
    try:
        agreed = terms(partner, agreements)
        return agreed, {standard: inst.grammars(agreed.profile, standard) for standard in STANDARDS}
    except (Park, GrammarError) as error:
        problem = broken_grammar(error) if isinstance(error, GrammarError) else error
        raise Refused(problem.code, problem.detail) from error


def broken_grammar(error: GrammarError) -> Park:
    """A partner's own grammar is missing or wrong: its documents wait for it."""
    return Park("edi.grammar-invalid", f"The partner's own grammar cannot be used: {error}."[:500])


def only_set(body: bytes, by: Manner | None = None) -> TransactionSet:
    """The structured document of one stored transaction set or message. Raises `Park`."""
    try:
        for interchange in examine(body, by.grammars if by else None, encoding=by.encoding if by else ""):
            for one in interchange.sets:
                if one.tree is not None:
                    return one.tree
    except GrammarError as error:
        raise broken_grammar(error) from error
    raise Park("edi.unreadable", "The document cannot be read as a transaction set.")
