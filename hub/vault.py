"""Sealed secrets. Fernet tokens with the id of their key in front, several keys at once, a key check in the database.

The first key seals; every key opens. A token names its key, so a missing key is told by its id and not as garbage.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from hub.config import Config
from hub.errors import VaultError
from hub.store import connections, settings
from hub.store.db import Database

KEY_FILE = "secret.keys"
CHECK = "vault_check"
_KNOWN = "the vault's key check"


class Vault:
    """Seals and opens JSON values with the given Fernet keys, the first of which seals."""

    def __init__(self, keys: Sequence[str]) -> None:
        self.key_ids = tuple(key_id(key) for key in keys)
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, value: Any) -> bytes:
        """The sealed form of a JSON value: `<key id>:<Fernet token>`."""
        return self.key_ids[0].encode() + b":" + self._fernet.encrypt(json.dumps(value).encode())

    def open(self, sealed: bytes) -> Any:
        """The value that was sealed. Raises `VaultError` when its key is gone or the bytes were changed."""
        used, _, token = bytes(sealed).partition(b":")
        try:
            return json.loads(self._fernet.decrypt(token))
        except InvalidToken as error:
            name = used.decode("ascii", "replace")
            if name in self.key_ids:
                raise VaultError(
                    "vault.damaged", f"A secret sealed with key {name} was changed; set it anew."
                ) from error
            raise VaultError(
                "vault.key-unknown",
                f"A secret was sealed with key {name}, which is not among the configured keys "
                f"({', '.join(self.key_ids)}); add the old key behind the new one.",
            ) from error

    def is_current(self, sealed: bytes) -> bool:
        """Whether the first key sealed it, so that the others are not needed for it."""
        return bytes(sealed).partition(b":")[0].decode("ascii", "replace") == self.key_ids[0]


def key_id(key: str) -> str:
    """A key's public name: the first 8 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(key.encode()).hexdigest()[:8]


def new_key() -> str:
    """A fresh key."""
    return Fernet.generate_key().decode()


def open_vault(config: Config, db: Database) -> Vault:
    """The installation's vault, its keys checked against the database.

    At first start without a configured key one is made and kept in `data_dir/secret.keys`, readable by its owner only.
    Once secrets were sealed, another key is refused and nothing is written: a new key never replaces the old one.
    """
    with db.read() as tx:
        check = settings.get(tx, CHECK)
    keys = config.secret_keys or _keys_in_file(key_file(config), make=check is None)
    if not keys:
        raise VaultError(
            "vault.key-missing",
            f"This installation's secrets were sealed with key {check['key']}, but {key_file(config)} is missing and "
            "no secret_keys are configured; put the key back (from your backup). No new key was made.",
        )
    vault = Vault(keys)
    if check is None:
        with db.write() as tx:
            check = settings.add(tx, CHECK, {"key": vault.key_ids[0], "sealed": vault.seal(_KNOWN).decode()})
    _verify(vault, check)
    return vault


def reseal(vault: Vault, db: Database) -> int:
    """Seal every connection's secrets and the key check with the first key, in one transaction. Gives how many."""
    with db.write() as tx:
        old = {row.id: row.secrets for row in connections.everything(tx).values() if row.secrets}
        for connection_id, sealed in old.items():
            connections.change(tx, connection_id, secrets=vault.seal(vault.open(sealed)))
        settings.put(tx, CHECK, {"key": vault.key_ids[0], "sealed": vault.seal(_KNOWN).decode()})
    return len(old)


def vault_keys(config: Config) -> tuple[str, ...]:
    """The keys of an installation that has them: configured ones, else those of the key file."""
    return config.secret_keys or _keys_in_file(key_file(config), make=False)


def key_file(config: Config) -> Path:
    """Where keys are kept that no setting gives: one per line, the first one seals."""
    return config.data_dir / KEY_FILE


def write_keys(path: Path, keys: Sequence[str], *, replace: bool = False) -> bool:
    """Write a key file that only its owner can read; whole or not at all. False when it exists and may not change."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write("".join(f"{key}\n" for key in keys))
        stream.flush()
        os.fsync(stream.fileno())
    try:
        if replace:
            draft.replace(path)
            return True
        os.link(draft, path)  # fails when another process made its key first; then that one counts
        return True
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)


def _keys_in_file(path: Path, *, make: bool) -> tuple[str, ...]:
    if make and not path.exists():
        write_keys(path, [new_key()])
    try:
        keys = tuple(path.read_text("ascii").split())
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise VaultError("vault.key-unreadable", f"The key file {path} cannot be read: {error}.") from error
    try:
        for key in keys:
            Fernet(key)
    except ValueError as error:
        raise VaultError("vault.key-unreadable", f"{path} holds a line that is not a key.") from error
    return keys


def _verify(vault: Vault, check: dict[str, str]) -> None:
    try:
        good = vault.open(check["sealed"].encode()) == _KNOWN
    except VaultError:
        good = False
    if not good:
        raise VaultError(
            "vault.key-changed",
            f"This installation's secrets were sealed with key {check['key']}; the configured key is "
            f"{vault.key_ids[0]}. Put the old key back, or list it behind the new one and run `hub vault rotate`. "
            "Nothing was changed.",
        )
