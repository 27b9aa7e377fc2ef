"""Versions of mappings, the texts that were used, and the messages that a mapping has to do with."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, exists, func, or_, select, tuple_, update

from hub.store import settings
from hub.store.messages import WRITTEN_FROM
from hub.store.tables import agreements, mapping_texts, mapping_versions, messages, payloads
from hub.store.tables import settings as settings_table
from hub.store.upsert import insert

REVISION = "mappings_revision"
"""The name of the hub's own fact that changes with every publication."""

_REVISION = select(settings_table.c.value).where(settings_table.c.name == REVISION)
_versions = mapping_versions.c
_NEWEST = select(_versions.name, func.max(_versions.number)).where(_versions.number.is_not(None))
_LIVE = select(mapping_versions).where(
    tuple_(_versions.name, _versions.number).in_(_NEWEST.group_by(_versions.name)), _versions.text.is_not(None)
)


# -- versions -------------------------------------------------------------------------------------------------------


def revision(tx: Connection) -> str:
    """What differs once something was published since: one row, read with every batch."""
    return str(tx.execute(_REVISION).scalar() or "")


def live(tx: Connection) -> list[Row[Any]]:
    """The versions that take the place of files."""
    return list(tx.execute(_LIVE.order_by(_versions.name)))


def history(tx: Connection, name: str) -> list[Row[Any]]:
    """All that was published of a mapping, the newest first, before it the draft where there is one."""
    order = (_versions.number.is_not(None), _versions.number.desc())
    return list(tx.execute(select(mapping_versions).where(_versions.name == name).order_by(*order)))


def drafts(tx: Connection) -> list[Row[Any]]:
    """Every draft."""
    return list(tx.execute(select(mapping_versions).where(_versions.number.is_(None)).order_by(_versions.name)))


def version(tx: Connection, name: str, number: int | None) -> Row[Any] | None:
    """One version by its number; the draft by None."""
    which = _versions.number.is_(None) if number is None else _versions.number == number
    return tx.execute(select(mapping_versions).where(_versions.name == name, which)).first()


def newest(tx: Connection, name: str) -> int:
    """The number of the live version; 0 where nothing was ever published."""
    return int(tx.execute(select(func.max(_versions.number)).where(_versions.name == name)).scalar() or 0)


def take_turn(tx: Connection) -> None:
    """Wait until nobody else publishes, and have them wait for this transaction."""
    tx.execute(_REVISION.with_for_update())


def put_draft(tx: Connection, row: Mapping[str, Any]) -> None:
    """Keep the draft of a mapping in place of the one there was."""
    discard(tx, row["name"])
    tx.execute(insert(tx, mapping_versions).values(**row))


def discard(tx: Connection, name: str) -> bool:
    """Take the draft away. False when there is none."""
    return bool(tx.execute(delete(mapping_versions).where(_versions.name == name, _versions.number.is_(None))).rowcount)


def tested(tx: Connection, draft_id: int, summary: Mapping[str, Any], now: dt.datetime) -> None:
    """The draft has been tried on samples and messages."""
    tx.execute(
        update(mapping_versions)
        .where(_versions.id == draft_id, _versions.number.is_(None))
        .values(tested=dict(summary), tested_at=now)
    )


def publish(tx: Connection, draft_id: int, values: Mapping[str, Any]) -> bool:
    """The draft becomes a version that counts once this transaction ends. False when it is no draft any more."""
    statement = update(mapping_versions).where(_versions.id == draft_id, _versions.number.is_(None)).values(**values)
    _renew(tx)
    return bool(tx.execute(statement).rowcount)


def add(tx: Connection, row: Mapping[str, Any]) -> None:
    """A version that was no draft before: an earlier one that is brought back."""
    tx.execute(insert(tx, mapping_versions).values(**row))
    _renew(tx)


def _renew(tx: Connection) -> None:
    # Not a count: one that a failed transaction had reached would be reached again by another, with other versions.
    settings.put(tx, REVISION, uuid.uuid4().hex)


# -- the texts that were used ---------------------------------------------------------------------------------------


def remember(tx: Connection, hash_: str, name: str, version: int, text: str, now: dt.datetime) -> bool:
    """Keep the resolved text of a mapping that has read or written a message. True when it is new."""
    statement = insert(tx, mapping_texts).on_conflict_do_nothing(index_elements=["hash", "name", "version"])
    row = {"hash": hash_, "name": name, "version": version, "text": text, "first_used_at": now}
    return tx.execute(statement.returning(mapping_texts.c.hash), [row]).first() is not None


# -- the messages that a mapping has to do with ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Route:
    """Documents that one mapping reads or writes: a connection's of one kind, or a partner's of one set."""

    direction: str
    connection_id: int | None = None
    kind: str | None = None
    partner_id: int | None = None
    set_id: str | None = None


def past(tx: Connection, routes: Sequence[Route], most: int, cut: Collection[str]) -> list[int]:
    """The newest messages of these routes of which it is kept what the mapping read, the newest first.

    Messages of a format in `cut` are left out: they were cut out of others that are among them.
    """
    if not routes:
        return []
    read = (_kept("in", "body"), _kept("out", WRITTEN_FROM))
    statement = select(messages.c.id).where(or_(*map(_on, routes)), or_(*read), messages.c.format.not_in(cut))
    return list(tx.execute(statement.order_by(messages.c.id.desc()).limit(most)).scalars())


def _kept(direction: str, part: str) -> ColumnElement[bool]:
    kept = exists().where(payloads.c.message_id == messages.c.id, payloads.c.part == part, payloads.c.body.is_not(None))
    return and_(messages.c.direction == direction, kept)


def _on(route: Route) -> ColumnElement[bool]:
    if route.partner_id is not None:
        return and_(
            messages.c.direction == route.direction,
            messages.c.partner_id == route.partner_id,
            messages.c.set_id == route.set_id,
        )
    return and_(
        messages.c.direction == route.direction,
        messages.c.connection_id == route.connection_id,
        messages.c.kind == route.kind,
        or_(messages.c.partner_id.is_(None), messages.c.set_id.is_(None)),
    )


def agreed(tx: Connection, name: str) -> list[Row[Any]]:
    """The agreements whose documents go through this mapping."""
    return list(tx.execute(select(agreements).where(agreements.c.mapping == name).order_by(agreements.c.id)))


def unwritten(tx: Connection, reasons: Sequence[str]) -> list[Row[Any]]:
    """Outbound messages that wait without bytes for one of these reasons."""
    no_bytes = ~exists().where(payloads.c.message_id == messages.c.id, payloads.c.part == "body")
    which = (messages.c.direction == "out", messages.c.state == "parked", messages.c.reason.in_(reasons), no_bytes)
    return list(tx.execute(select(messages).where(*which).order_by(messages.c.id)))
