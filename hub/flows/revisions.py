"""Which of two revisions of one document counts: a pure decision."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What to do with a revision that has come."""

    APPLY = "apply"
    SAME = "same"
    OLDER = "older"
    REFETCH = "refetch"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Revision:
    """`time`: the source's own, None where it has none. `content`: hash of what the mapping made of it."""

    time: dt.datetime | None
    content: str


def content_hash(document: Any) -> str:
    """The hash of a mapped document: envelope numbers and field order do not make another content."""
    text = json.dumps(document, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def judge(stored: Revision, came: Revision, *, fetched: bool, restates: bool) -> Verdict:
    """Compare what is stored with what came.

    `fetched`: it was asked for by id just now, so an equal time is no doubt. `restates`: the document says that it
    replaces or cancels; without that, and without times to compare, the same key with other content is a conflict.
    """
    if came.content == stored.content:
        return Verdict.SAME
    if came.time is None or stored.time is None:
        return Verdict.APPLY if restates else Verdict.CONFLICT
    if came.time > stored.time:
        return Verdict.APPLY
    if came.time < stored.time:
        return Verdict.OLDER
    return Verdict.APPLY if fetched else Verdict.REFETCH
