"""The vault: keys, their check at start, and rotation."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import vault as vaults
from hub.config import Config
from hub.errors import VaultError
from hub.store.db import Database

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
VAULT = vaults.Vault([vaults.new_key()])


@given(JSON)
def test_what_was_sealed_opens(value: object) -> None:
    assert VAULT.open(VAULT.seal(value)) == value


def test_a_new_first_key_seals_and_old_ones_still_open() -> None:
    old, new = vaults.new_key(), vaults.new_key()
    sealed = vaults.Vault([old]).seal({"token": "t"})
    both = vaults.Vault([new, old])
    assert both.open(sealed) == {"token": "t"}
    assert not both.is_current(sealed)
    assert both.is_current(both.seal(1))
    with pytest.raises(VaultError) as caught:
        vaults.Vault([new]).open(sealed)
    assert caught.value.code == "vault.key-unknown"
    assert vaults.key_id(old) in caught.value.sentence


def test_changed_bytes_are_told_from_a_missing_key() -> None:
    sealed = VAULT.seal("secret")
    with pytest.raises(VaultError) as caught:
        VAULT.open(sealed[:-4] + b"AAAA")
    assert caught.value.code == "vault.damaged"


def test_the_first_start_makes_a_key_for_its_owner_only(make_config: Callable[..., Config], database: Database) -> None:
    config = make_config()
    sealed = vaults.open_vault(config, database).seal("x")
    path = vaults.key_file(config)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    assert vaults.open_vault(config, database).open(sealed) == "x"


def test_story_38_a_changed_key_refuses_to_start_and_overwrites_nothing(
    make_config: Callable[..., Config], database: Database
) -> None:
    config = make_config()
    sealed = vaults.open_vault(config, database).seal("x")
    path = vaults.key_file(config)
    right = path.read_text()

    path.write_text(vaults.new_key() + "\n")
    wrong = path.read_text()
    with pytest.raises(VaultError) as caught:
        vaults.open_vault(config, database)
    assert caught.value.code == "vault.key-changed"
    assert vaults.key_id(right.strip()) in caught.value.sentence
    assert path.read_text() == wrong

    with pytest.raises(VaultError) as caught:
        vaults.open_vault(make_config(secret_keys=vaults.new_key()), database)
    assert caught.value.code == "vault.key-changed"

    path.unlink()
    with pytest.raises(VaultError) as caught:
        vaults.open_vault(config, database)
    assert caught.value.code == "vault.key-missing"
    assert not path.exists()

    path.write_text(right)
    assert vaults.open_vault(config, database).open(sealed) == "x"


def test_story_38_an_old_key_may_go_after_the_check_was_sealed_anew(
    make_config: Callable[..., Config], database: Database
) -> None:
    old, new = vaults.new_key(), vaults.new_key()
    vaults.open_vault(make_config(secret_keys=old), database)
    vaults.reseal(vaults.open_vault(make_config(secret_keys=f"{new},{old}"), database), database)
    assert vaults.open_vault(make_config(secret_keys=new), database).key_ids == (vaults.key_id(new),)


def test_a_key_that_another_process_made_first_counts(tmp_path: Path) -> None:
    path = tmp_path / "secret.keys"
    first = vaults.new_key()
    assert vaults.write_keys(path, [first]) is True
    assert vaults.write_keys(path, [vaults.new_key()]) is False
    assert path.read_text().split() == [first]
    assert list(tmp_path.iterdir()) == [path]


def test_a_spoilt_key_file_is_named(make_config: Callable[..., Config], database: Database) -> None:
    config = make_config()
    config.data_dir.mkdir()
    vaults.key_file(config).write_text("not a key\n")
    with pytest.raises(VaultError) as caught:
        vaults.open_vault(config, database)
    assert caught.value.code == "vault.key-unreadable"
