"""Control numbers: those we give, and the keys by which interchanges are found again."""

from __future__ import annotations

import hashlib

from hub.flows.batch import Batch
from hub.flows.problems import printable

LARGEST = 999_999_999

Party = tuple[str, str]
"""Qualifier and id, as an envelope names a sender or receiver."""


def number(batch: Batch, scope: str) -> int:
    """The next control number of a scope."""
    return batch.number(scope[:160], LARGEST)


def interchange(sender: Party, receiver: Party, number: str | int, test: bool) -> str:
    """The key of an interchange, in either direction and syntax: who wrote it to whom, and its control number without
    the zeros before it. Test and production count by themselves."""
    return bounded(f"{between(sender, receiver, test)}/{str(number).strip().lstrip('0') or '0'}", 128)


def between(sender: Party, receiver: Party, test: bool) -> str:
    """Who wrote an interchange to whom, as its key begins."""
    return f"{':'.join(sender)}>{':'.join(receiver)}{'/test' if test else ''}"


def bounded(text: str, longest: int) -> str:
    """A key as it is stored, without control characters: one that is too long for its column is cut and told from
    others by its hash."""
    clean = printable(text)
    if len(clean) <= longest:
        return clean
    digest = hashlib.sha256(text.encode()).hexdigest()[:24]
    return f"{clean[: longest - 25]}~{digest}"


def shown(party: Party) -> Party:
    """A sender or receiver as the hub can look for it, and show it."""
    return printable(party[0]), printable(party[1])
