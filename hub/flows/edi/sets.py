"""Stored EDI documents, read again one by one: by the grammars of their partner, and in its character set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.edi.grammar import GrammarError, Library
from hub.edi.profile import Profile
from hub.edi.settings import ProfileError, profile
from hub.edi.tree import Standard, TransactionSet
from hub.edi.validation import examine
from hub.flows.problems import Park
from hub.installation import Installation

FORMATS: tuple[Standard, ...] = ("x12", "edifact")


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
