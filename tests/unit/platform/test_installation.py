"""An opened installation: connectors ready to call, kept until their settings change."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hub.flows.setup import add_connection
from hub.installation import Installation
from hub.sdk import Misconfigured
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
