"""Users and their login links."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from hub.store.tables import login_links, users


def get(tx: Connection, user_id: int) -> Row[Any] | None:
    """One user's row."""
    return tx.execute(select(users).where(users.c.id == user_id)).first()


def by_name(tx: Connection, name: str) -> Row[Any] | None:
    """One user's row, by name."""
    return tx.execute(select(users).where(users.c.name == name)).first()


def everyone(tx: Connection) -> list[Row[Any]]:
    """All users, by name."""
    return list(tx.execute(select(users).order_by(users.c.name)))


def count(tx: Connection) -> int:
    """How many users there are."""
    return int(tx.execute(select(func.count()).select_from(users)).scalar_one())


def add(tx: Connection, **values: Any) -> int:
    """Insert a user, give the id."""
    return int(tx.execute(insert(users).values(**values).returning(users.c.id)).scalar_one())


def change(tx: Connection, user_id: int, **values: Any) -> None:
    """Set columns of one user."""
    tx.execute(update(users).where(users.c.id == user_id).values(**values))


def add_link(tx: Connection, user_id: int, token_hash: str, expires_at: dt.datetime) -> None:
    """Insert a login link."""
    tx.execute(insert(login_links).values(user_id=user_id, token_hash=token_hash, expires_at=expires_at))


def of_link(tx: Connection, token_hash: str, now: dt.datetime) -> Row[Any] | None:
    """The enabled user whom an unused, unexpired link would let in."""
    return tx.execute(
        select(users)
        .join(login_links, login_links.c.user_id == users.c.id)
        .where(
            login_links.c.token_hash == token_hash,
            login_links.c.used_at.is_(None),
            login_links.c.expires_at > now,
            users.c.disabled_at.is_(None),
        )
    ).first()


def use_link(tx: Connection, token_hash: str, now: dt.datetime) -> bool:
    """Use a link up; False when somebody was first."""
    statement = (
        update(login_links)
        .where(login_links.c.token_hash == token_hash, login_links.c.used_at.is_(None))
        .values(used_at=now)
    )
    return tx.execute(statement).rowcount == 1


def spend_links(tx: Connection, user_id: int, now: dt.datetime) -> None:
    """Make a user's unused links useless."""
    tx.execute(
        update(login_links).where(login_links.c.user_id == user_id, login_links.c.used_at.is_(None)).values(used_at=now)
    )
