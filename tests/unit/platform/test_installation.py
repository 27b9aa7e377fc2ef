"""An opened installation: connectors ready to call, kept until their settings change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hub.flows.setup import add_connection
from hub.installation import Installation
from hub.sdk import Misconfigured, Retry
from hub.sdk.testing import RETRY_AFTER, Answer, Fault, Server
from hub.store import connections


def row_of(installation: Installation, connection_id: int) -> Any:
    with installation.db.read() as tx:
        return connections.get(tx, connection_id)


@pytest.fixture
def warehouse(installation: Installation) -> int:
    return add_connection(
        installation,
        "rest_warehouse",
        "lyon",
        {"address": "http://127.0.0.1:9/", "token": "t0ken"},
        actor="test",
        check=False,
    )


def test_a_connector_has_its_secrets_and_is_kept(installation: Installation, warehouse: int) -> None:
    row = row_of(installation, warehouse)
    assert "token" not in row.settings
    assert b"t0ken" not in row.secrets
    connector = installation.connector(row)
    assert connector.settings["token"] == "t0ken"
    assert installation.connector(row) is connector
    assert installation.connector(dict(row._mapping)) is connector


def test_a_change_of_settings_or_secrets_makes_it_anew(installation: Installation, warehouse: int) -> None:
    first = installation.connector(row_of(installation, warehouse))
    with installation.db.write() as tx:
        connections.change(tx, warehouse, secrets=installation.vault.seal({"token": "another"}))
    second = installation.connector(row_of(installation, warehouse))
    assert second is not first
    assert second.settings["token"] == "another"


def test_settings_that_no_longer_fit_are_the_admins(installation: Installation, warehouse: int) -> None:
    with installation.db.write() as tx:
        connections.change(tx, warehouse, settings={"address": "not an address"})
    with pytest.raises(Misconfigured) as caught:
        installation.connector(row_of(installation, warehouse))
    assert caught.value.code == "connection.settings-invalid"
    assert "lyon" in caught.value.detail
    assert "address" in caught.value.detail
    assert "not an address" not in caught.value.detail, "a value may be a secret"


def test_connections_have_their_own_budgets_and_processes_share_them(
    installation: Installation, warehouse: int
) -> None:
    assert installation.budget(warehouse) is installation.budget(warehouse)
    row = row_of(installation, warehouse)
    assert (row.bucket_rate, row.bucket_size) == (200.0, 400.0)
    installation.budget(warehouse).hold_until(60)
    with Installation(installation.config) as other, pytest.raises(Exception, match="budget"):
        other.budget(warehouse).take()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(lambda call: Answer(200, b'{"data": [], "next": "0", "more": false}'))
    yield server
    server.close()


def connect(installation: Installation, name: str, server: Server) -> int:
    settings = {"address": server.url, "token": "t"}
    return add_connection(installation, "rest_warehouse", name, settings, actor="test", check=False)


def called(installation: Installation, connection_id: int) -> None:
    """Read the connection's stock feed once, as a worker does."""
    connector = installation.connector(row_of(installation, connection_id))
    list(connector.pull("inventory", None, dt.datetime(2026, 1, 1, tzinfo=dt.UTC)))


def test_story_32_a_limit_told_to_one_process_keeps_the_others_from_calling(
    installation: Installation, server: Server
) -> None:
    lyon = connect(installation, "lyon", server)
    server.fail_next(Fault.LIMITED)
    with Installation(installation.config) as other:
        for process in (installation, other):
            with pytest.raises(Retry) as caught:
                called(process, lyon)
            assert caught.value.limited and caught.value.after == pytest.approx(RETRY_AFTER, abs=1)
    assert len(server.calls) == 1


def test_story_32_the_processes_of_a_connection_spend_one_budget(installation: Installation, server: Server) -> None:
    lyon = connect(installation, "lyon", server)
    with installation.db.write() as tx:
        connections.change(tx, lyon, bucket_tokens=6.0, bucket_size=6.0, bucket_rate=0.001)
    with Installation(installation.config) as other:
        for process in (installation, other):
            with pytest.raises(Retry) as caught:
                for _ in range(7):
                    called(process, lyon)
            assert caught.value.limited
    assert len(server.calls) <= 6


def test_story_34_a_connection_that_has_spent_its_budget_slows_no_other(
    installation: Installation, server: Server
) -> None:
    lyon, riga = (connect(installation, name, server) for name in ("lyon", "riga"))
    with installation.db.write() as tx:
        connections.change(tx, lyon, bucket_tokens=2.0, bucket_size=2.0, bucket_rate=0.001)
    with pytest.raises(Retry) as caught:
        for _ in range(3):
            called(installation, lyon)
    assert caught.value.limited and len(server.calls) == 2
    called(installation, riga)
    assert len(server.calls) == 3


def test_only_allowed_private_addresses_are_called(installation: Installation) -> None:
    assert installation.allowed("http://127.0.0.1:1/")
    assert not installation.allowed("http://169.254.169.254/latest/meta-data")


def test_opening_fails_in_words_when_the_database_cannot_be_reached(tmp_path: Path) -> None:
    from hub.config import load
    from hub.errors import DatabaseError

    folder = tmp_path / "hub.sqlite3"
    folder.mkdir()
    with pytest.raises(DatabaseError) as caught:
        Installation(load({"HUB_DATABASE": f"sqlite:///{folder}"}, cwd=tmp_path))
    assert caught.value.code == "database.unreachable"


def test_first_link_until_somebody_has_a_password(installation: Installation) -> None:
    from hub import auth
    from hub.store import users

    now = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    first, second = (auth.first_link(installation.db, now) for _ in range(2))
    assert first and second
    assert auth.redeem_link(installation.db, first, now) is None, "a newer link replaces it"
    admin = auth.redeem_link(installation.db, second, now)
    assert SimpleNamespace(**admin._mapping).role == "admin"
    auth.set_password(installation.db, admin.id, "correct horse battery", now, actor="admin")
    assert auth.first_link(installation.db, now) is None
    with installation.db.read() as tx:
        assert users.count(tx) == 1
