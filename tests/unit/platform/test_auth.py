"""Accounts: roles, passwords, login links that work once, and the limit on tries."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from hub import auth
from hub.auth import Role, Throttle, may
from hub.errors import NotFound, Refused
from hub.store import users
from hub.store.db import Database
from hub.store.tables import events, login_links

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
PASSWORD = "correct horse battery"

pytestmark = pytest.mark.usefixtures("quick_passwords")


def test_a_role_may_do_what_the_one_before_it_may() -> None:
    assert [may(role, Role.OPERATOR) for role in ("viewer", "operator", "admin", "root")] == [False, True, True, False]


def test_a_new_user_comes_in_by_a_link_once_and_sets_a_password(database: Database) -> None:
    user = auth.add_user(database, " ann ", "operator", NOW, actor="setup")
    assert (user.name, user.password_hash) == ("ann", None)
    token = auth.make_link(database, user.id, NOW, actor="setup")
    with database.read() as tx:
        assert token not in str(tx.execute(select(login_links)).all())
    assert auth.peek_link(database, token, NOW).name == "ann"
    assert auth.redeem_link(database, token, NOW).id == user.id
    assert auth.redeem_link(database, token, NOW) is None
    assert auth.peek_link(database, token, NOW) is None

    changed = auth.set_password(database, user.id, PASSWORD, NOW, actor="ann")
    assert changed.session_epoch == user.session_epoch + 1
    assert auth.authenticate(database, "ann", PASSWORD, NOW).id == user.id
    assert auth.authenticate(database, "ann", PASSWORD + "!", NOW) is None
    assert auth.authenticate(database, "nobody", PASSWORD, NOW) is None
    with database.read() as tx:
        assert tx.execute(select(events.c.kind, events.c.actor).order_by(events.c.id)).all() == [
            ("user.added", "setup"),
            ("user.link", "setup"),
            ("user.login", "ann"),
            ("user.password", "ann"),
        ]


def test_a_link_expires_and_a_newer_one_replaces_it(database: Database) -> None:
    user = auth.add_user(database, "ann", "viewer", NOW, actor=None)
    first = auth.make_link(database, user.id, NOW, actor=None)
    second = auth.make_link(database, user.id, NOW, actor=None)
    assert auth.redeem_link(database, first, NOW) is None
    assert auth.redeem_link(database, second, NOW + dt.timedelta(hours=25)) is None
    assert auth.redeem_link(database, second, NOW + dt.timedelta(hours=23)) is not None


def test_a_disabled_user_stays_outside(database: Database) -> None:
    user = auth.add_user(database, "ann", "viewer", NOW, actor=None)
    token = auth.make_link(database, user.id, NOW, actor=None)
    auth.set_password(database, user.id, PASSWORD, NOW, actor=None)
    with database.write() as tx:
        users.change(tx, user.id, disabled_at=NOW)
    assert auth.redeem_link(database, token, NOW) is None
    assert auth.authenticate(database, "ann", PASSWORD, NOW) is None
    with pytest.raises(Refused) as caught:
        auth.make_link(database, user.id, NOW, actor=None)
    assert caught.value.code == "user.disabled"


def test_what_is_refused(database: Database) -> None:
    user = auth.add_user(database, "ann", "admin", NOW, actor=None)
    refusals = {
        "user.exists": lambda: auth.add_user(database, "ann", "viewer", NOW, actor=None),
        "user.unknown-role": lambda: auth.add_user(database, "bob", "root", NOW, actor=None),
        "user.name-length": lambda: auth.add_user(database, " ", "viewer", NOW, actor=None),
        "user.password-length": lambda: auth.set_password(database, user.id, "short", NOW, actor=None),
        "user.last-admin": lambda: auth.set_role(database, user.id, "viewer", NOW, actor=None),
    }
    for code, attempt in refusals.items():
        with pytest.raises(Refused) as caught:
            attempt()
        assert caught.value.code == code
    with pytest.raises(NotFound):
        auth.make_link(database, 99, NOW, actor=None)


def test_an_admin_may_go_when_another_stays(database: Database) -> None:
    ann = auth.add_user(database, "ann", "admin", NOW, actor=None)
    auth.add_user(database, "bob", "admin", NOW, actor=None)
    auth.set_role(database, ann.id, "viewer", NOW, actor="bob")
    with database.read() as tx:
        assert users.by_name(tx, "ann").role == "viewer"


def test_tries_are_limited_per_key() -> None:
    throttle = Throttle(limit=2, window=dt.timedelta(seconds=60))
    assert [throttle.wait("a", NOW) for _ in range(3)] == [0.0, 0.0, 60.0]
    assert throttle.wait("b", NOW) == 0.0
    assert throttle.wait("a", NOW + dt.timedelta(seconds=61)) == 0.0
    throttle.clear("a")
    assert throttle.wait("a", NOW) == 0.0
