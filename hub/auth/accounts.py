"""What can be done to accounts. A login link's token is kept as a hash and works once."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from hub.auth import passwords, roles
from hub.errors import NotFound, Refused
from hub.store import events, users
from hub.store.db import Database

LINK_LASTS = dt.timedelta(hours=24)


def add_user(
    db: Database, name: str, role: str, now: dt.datetime, *, actor: str | None, merchant_id: int | None = None
) -> Row[Any]:
    """A new user without a password; a login link lets them in. Raises `Refused` when the name is taken or empty."""
    name, chosen = name.strip(), roles.parse(role)
    if not name or len(name) > 255:
        raise Refused("user.name-length", "A user needs a name of at most 255 characters.")
    try:
        with db.write() as tx:
            user_id = users.add(tx, name=name, role=chosen, merchant_id=merchant_id, created_at=now)
            events.add(tx, events.event("user.added", now, actor=actor, user=user_id, role=chosen))
            return _existing(users.get(tx, user_id), name)
    except IntegrityError as error:
        raise Refused("user.exists", f"There is already a user {name!r}.") from error


def authenticate(db: Database, name: str, password: str, now: dt.datetime) -> Row[Any] | None:
    """The enabled user with this name and password, else None, in the same time for a name that does not exist."""
    with db.read() as tx:
        user = users.by_name(tx, name.strip())
    kept = user.password_hash if user is not None and user.disabled_at is None else None
    if not passwords.matches(kept, password) or user is None or kept is None:
        return None
    if passwords.is_outdated(kept):
        with db.write() as tx:
            users.change(tx, user.id, password_hash=passwords.hash_password(password))
    return user


def set_password(db: Database, user_id: int, password: str, now: dt.datetime, *, actor: str | None) -> Row[Any]:
    """A new password. Sessions that were open end: `session_epoch` moves, and is in the user that comes back."""
    hashed = passwords.hash_password(password)
    with db.write() as tx:
        user = _existing(users.get(tx, user_id), str(user_id))
        users.change(tx, user_id, password_hash=hashed, session_epoch=user.session_epoch + 1)
        events.add(tx, events.event("user.password", now, actor=actor, user=user_id))
        return _existing(users.get(tx, user_id), user.name)


def set_role(db: Database, user_id: int, role: str, now: dt.datetime, *, actor: str | None) -> None:
    """Another role, from the user's next request on. Raises `Refused` for the last enabled admin."""
    chosen = roles.parse(role)
    with db.write() as tx:
        user = _existing(users.get(tx, user_id), str(user_id))
        admins = [each.id for each in users.everyone(tx) if each.role == roles.Role.ADMIN and each.disabled_at is None]
        if admins == [user_id] and chosen != roles.Role.ADMIN:
            raise Refused("user.last-admin", f"{user.name} is the last admin; make somebody else one first.")
        users.change(tx, user_id, role=chosen)
        events.add(tx, events.event("user.role", now, actor=actor, user=user_id, role=chosen))


def make_link(
    db: Database, user_id: int, now: dt.datetime, *, actor: str | None, lasts: dt.timedelta = LINK_LASTS
) -> str:
    """The token of a login link that works once until it expires. Older links of the user stop working."""
    token = secrets.token_urlsafe(32)
    with db.write() as tx:
        user = _existing(users.get(tx, user_id), str(user_id))
        if user.disabled_at is not None:
            raise Refused("user.disabled", f"{user.name} is disabled and cannot log in.")
        users.spend_links(tx, user_id, now)
        users.add_link(tx, user_id, _hash(token), now + lasts)
        events.add(tx, events.event("user.link", now, actor=actor, user=user_id))
    return token


def first_link(db: Database, now: dt.datetime) -> str | None:
    """The token of a link for the first admin, as long as nobody has a password; the admin is added when missing."""
    with db.read() as tx:
        everyone = users.everyone(tx)
    if any(user.password_hash for user in everyone):
        return None
    admins = [user for user in everyone if user.role == roles.Role.ADMIN and user.disabled_at is None]
    admin = admins[0] if admins else add_user(db, "admin", roles.Role.ADMIN, now, actor=None)
    return make_link(db, admin.id, now, actor=None)


def peek_link(db: Database, token: str, now: dt.datetime) -> Row[Any] | None:
    """Whom the link would let in, without using it up: what a page may show before the person says yes."""
    with db.read() as tx:
        return users.of_link(tx, _hash(token), now)


def redeem_link(db: Database, token: str, now: dt.datetime) -> Row[Any] | None:
    """Use the link up and give its user; None when it was used, has expired or never was."""
    with db.write() as tx:
        user = users.of_link(tx, _hash(token), now)
        if user is None or not users.use_link(tx, _hash(token), now):
            return None
        events.add(tx, events.event("user.login", now, actor=user.name, user=user.id))
        return user


def login_address(public_url: str, token: str) -> str:
    """The address that a person opens to use a login link."""
    return f"{public_url}/login/{token}"


def _hash(token: str) -> str:
    # The token has 256 random bits: a plain hash keeps it as safe as a slow one would.
    return hashlib.sha256(token.encode()).hexdigest()


def _existing(user: Row[Any] | None, name: str) -> Row[Any]:
    if user is None:
        raise NotFound("user.unknown", f"There is no user {name!r}.")
    return user
