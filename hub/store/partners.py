"""Trading partners: the ids they write under, what was agreed with them, the control numbers towards them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, select, tuple_, update

from hub.store.tables import agreements, connections, control_numbers, partner_ids, partners
from hub.store.upsert import insert


def get(tx: Connection, partner_id: int) -> Row[Any] | None:
    """One partner's row."""
    return tx.execute(select(partners).where(partners.c.id == partner_id)).first()


def of_envelope(
    tx: Connection, connection_id: int, sender: tuple[str, str], receiver: tuple[str, str], test: bool
) -> Row[Any] | None:
    """The partner who writes under these ids."""
    return tx.execute(
        select(partners)
        .join(partner_ids, partner_ids.c.partner_id == partners.c.id)
        .where(
            partners.c.connection_id == connection_id,
            and_(partner_ids.c.qualifier == sender[0], partner_ids.c.value == sender[1]),
            and_(partner_ids.c.own_qualifier == receiver[0], partner_ids.c.own_value == receiver[1]),
            partner_ids.c.test == test,
        )
    ).first()


def of_any_ids(
    tx: Connection, connection_id: int, sender: tuple[str, str], receiver: tuple[str, str]
) -> Row[Any] | None:
    """The partner who has these two ids, be it in pairs with others, and in test or not; None where several have."""
    theirs, ours = partner_ids.alias(), partner_ids.alias()
    found = tx.execute(
        select(partners)
        .join(theirs, theirs.c.partner_id == partners.c.id)
        .join(ours, ours.c.partner_id == partners.c.id)
        .where(
            partners.c.connection_id == connection_id,
            and_(theirs.c.qualifier == sender[0], theirs.c.value == sender[1]),
            and_(ours.c.own_qualifier == receiver[0], ours.c.own_value == receiver[1]),
        )
    ).all()
    return found[0] if len({row.id for row in found}) == 1 else None


def of_connection(tx: Connection, connection_id: int) -> list[Row[Any]]:
    """The partners whose documents come through a connection."""
    return list(tx.execute(select(partners).where(partners.c.connection_id == connection_id).order_by(partners.c.id)))


def addresses(tx: Connection, keys: Sequence[tuple[int, bool]]) -> dict[tuple[int, bool], list[Row[Any]]]:
    """The ids to write under to each partner, in test or not, in the order in which they were added."""
    found: dict[tuple[int, bool], list[Row[Any]]] = {key: [] for key in keys}
    statement = select(partner_ids).where(tuple_(partner_ids.c.partner_id, partner_ids.c.test).in_(keys))
    for row in tx.execute(statement.order_by(partner_ids.c.id)):
        found[row.partner_id, row.test].append(row)
    return found


def agreement(tx: Connection, partner_id: int, direction: str, **which: Any) -> Row[Any] | None:
    """The agreement with a partner on one set (`set_id=`) or one kind of document (`kind=`)."""
    conditions = [agreements.c[name] == value for name, value in which.items()]
    return tx.execute(
        select(agreements).where(
            agreements.c.partner_id == partner_id, agreements.c.direction == direction, *conditions
        )
    ).first()


def agreed_out(tx: Connection, keys: Sequence[tuple[int, str]]) -> dict[tuple[int, str], Row[Any]]:
    """The agreements on what partners are sent, by partner and kind of document."""
    statement = select(agreements).where(
        tuple_(agreements.c.partner_id, agreements.c.kind).in_(keys), agreements.c.direction == "out"
    )
    found = tx.execute(statement.order_by(agreements.c.id.desc()))
    return {(row.partner_id, row.kind): row for row in found}


def many(tx: Connection, ids: Sequence[int]) -> dict[int, Row[Any]]:
    """Partners by id."""
    return {row.id: row for row in tx.execute(select(partners).where(partners.c.id.in_(ids)))}


def taking(tx: Connection, kind: str) -> list[Row[Any]]:
    """The agreements on what is sent to partners of this kind, each with its `connection_id` and `partner_settings`."""
    columns = (agreements, partners.c.connection_id, partners.c.settings.label("partner_settings"))
    return list(
        tx.execute(
            select(*columns)
            .join(partners, partners.c.id == agreements.c.partner_id)
            .where(agreements.c.direction == "out", agreements.c.kind == kind)
            .order_by(agreements.c.id)
        )
    )


def next_control(tx: Connection, scope: str, largest: int) -> int:
    """Take the next control number of a scope, in the transaction that stores its bearer. Wraps after `largest`."""
    statement = (
        insert(tx, control_numbers)
        .values(scope=scope, last=1)
        .on_conflict_do_update(index_elements=["scope"], set_={"last": control_numbers.c.last % largest + 1})
        .returning(control_numbers.c.last)
    )
    return int(tx.execute(statement).scalar_one())


def named(tx: Connection, name: str) -> Row[Any] | None:
    """The partner of that name."""
    return tx.execute(select(partners).where(partners.c.name == name)).first()


def everyone(tx: Connection) -> list[Row[Any]]:
    """Partners with the name of their connection."""
    statement = (
        select(partners, connections.c.name.label("connection"))
        .join(connections, connections.c.id == partners.c.connection_id)
        .order_by(partners.c.name)
    )
    return list(tx.execute(statement))


def ids(tx: Connection) -> list[Row[Any]]:
    """The ids that partners write under."""
    return list(tx.execute(select(partner_ids).order_by(partner_ids.c.id)))


def agreed(tx: Connection) -> list[Row[Any]]:
    """What was agreed with partners, per set and direction."""
    return list(tx.execute(select(agreements).order_by(agreements.c.direction, agreements.c.set_id)))


def ids_of(tx: Connection, partner_id: int) -> list[Row[Any]]:
    """The ids that one partner writes under."""
    return list(
        tx.execute(select(partner_ids).where(partner_ids.c.partner_id == partner_id).order_by(partner_ids.c.id))
    )


def agreed_with(tx: Connection, partner_id: int) -> list[Row[Any]]:
    """What was agreed with one partner, per set and direction."""
    return list(
        tx.execute(
            select(agreements)
            .where(agreements.c.partner_id == partner_id)
            .order_by(agreements.c.direction, agreements.c.set_id)
        )
    )


def add(tx: Connection, row: Mapping[str, Any]) -> int:
    """Insert a partner."""
    return int(tx.execute(partners.insert().values(**row).returning(partners.c.id)).scalar_one())


def add_ids(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the ids that a partner writes under."""
    if rows:
        tx.execute(partner_ids.insert(), [dict(row) for row in rows])


def add_agreements(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert what was agreed with a partner."""
    if rows:
        tx.execute(agreements.insert(), [dict(row) for row in rows])


def change(tx: Connection, partner_id: int, **values: Any) -> None:
    """Set columns of a partner."""
    tx.execute(update(partners).where(partners.c.id == partner_id).values(**values))


def change_agreement(tx: Connection, agreement_id: int, **values: Any) -> None:
    """Set columns of an agreement."""
    tx.execute(update(agreements).where(agreements.c.id == agreement_id).values(**values))


def remove_agreement(tx: Connection, agreement_id: int) -> None:
    """Take an agreement out; what was sent and received by it stays."""
    tx.execute(delete(agreements).where(agreements.c.id == agreement_id))


def remove_ids(tx: Connection, ids: Sequence[int]) -> None:
    """Take ids out; nothing refers to them."""
    tx.execute(delete(partner_ids).where(partner_ids.c.id.in_(ids)))


def set_acknowledge_hours(tx: Connection, partner_id: int, hours: float | None) -> None:
    """How long after it was sent the partner is to acknowledge a document of ours; None: no deadline."""
    ours = (agreements.c.partner_id == partner_id, agreements.c.direction == "out")
    tx.execute(update(agreements).where(*ours).values(acknowledge_hours=hours))
