"""One opened installation: its settings, its database, its vault, and the connectors that its connections use."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from marshmallow import ValidationError
from sqlalchemy import Connection

from hub.config import Config
from hub.limits import SharedBudget
from hub.registry import Registry
from hub.sdk import Budget, Connector, Http, Misconfigured
from hub.sdk.http import private_addresses_refused
from hub.store import mappings as mapping_store
from hub.store.db import Database
from hub.store.migrations import migrate
from hub.vault import Vault, open_vault

if TYPE_CHECKING:
    from hub.edi.grammars.library import Library as Grammars
    from hub.edi.partner.profile import Profile
    from hub.edi.tree import Standard
    from hub.mapping import Library

NOWHERE = "http://connection.invalid/"
"""The base address of a session that a connector has not yet bound to its own."""


class Installation:
    """Everything a use case needs. One per process, used by all its threads.

    Opening brings the database to the current revision and checks the vault's keys.
    Raises `HubError` with a sentence for the person who started it.
    """

    def __init__(self, config: Config, *, now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)) -> None:
        self.config = config
        self.now = now
        self.db = Database(config.database)
        try:
            migrate(self.db)
            self.vault: Vault = open_vault(config, self.db)
        except BaseException:
            self.db.close()
            raise
        self.remembered: set[tuple[str, str, int]] = set()
        """Mappings whose text is known to be stored: hash, name, version."""
        self._library: Library | None = None
        self._published = ""
        self._connectors: dict[int, tuple[str, Connector]] = {}
        self._making: dict[int, threading.Lock] = {}
        self._budgets: dict[int, SharedBudget] = {}
        self._lock = threading.Lock()

    @cached_property
    def registry(self) -> Registry:
        """The connectors there are."""
        return Registry(self.config.connectors)

    @property
    def mappings(self) -> Library:
        """The mappings there are: files, and the versions that are published over them."""
        with self.db.read() as tx:
            return self.mappings_at(tx)

    def mappings_at(self, tx: Connection) -> Library:
        """The mappings as they are published in the sight of this transaction. Whoever reads documents takes them once
        for all: a publication makes another library."""
        revision = mapping_store.revision(tx)
        with self._lock:
            if self._library is None or revision != self._published:
                from hub.mapping.library import Library, Version

                rows = mapping_store.live(tx)
                before = self._library or Library(self.config.mappings)
                self._library = before.with_versions(
                    {row.name: Version(row.number, row.text, row.stands_on) for row in rows}
                )
                self._published = revision
            return self._library

    def grammar_folders(self, profile: Profile) -> list[Path]:
        """The folders with a partner's own grammars. Raises GrammarError when one is missing."""
        from hub.edi.grammars.own import folders_of

        return folders_of(profile.grammars, [folder / "grammars" for folder in self.config.mappings])

    def grammars(self, profile: Profile, standard: Standard) -> Grammars:
        """The grammars that a partner's documents are read and written by: the built-in ones and the partner's own.

        Raises `hub.edi.grammars.library.GrammarError` when a folder of theirs is missing.
        """
        from hub.edi.grammars.own import library

        return library(standard, self.grammar_folders(profile))

    def connector(self, row: Any) -> Connector:
        """The connector of a `connections` row (a Row, or a mapping of its columns), ready to call.

        Kept until the row's settings or secrets change. Raises `hub.sdk.Misconfigured` when the settings no longer
        fit the connector, and `HubError` when the connector or a secret cannot be opened.
        """
        values: Mapping[str, Any] = row if isinstance(row, Mapping) else row._mapping
        version = _version(values)
        with self._lock:
            making = self._making.setdefault(values["id"], threading.Lock())
        with making:  # the threads that come meanwhile share it: to make one takes longer than a call
            kept = self._connectors.get(values["id"])
            if kept and kept[0] == version:
                return kept[1]
            secrets = self.vault.open(values["secrets"]) if values["secrets"] else {}
            made = self.make_connector(
                values["type"], {**values["settings"], **secrets}, budget=self.budget(values["id"]), name=values["name"]
            )
            self._connectors[values["id"]] = (version, made)
            return made

    def make_connector(
        self, type_: str, settings: Mapping[str, Any], *, budget: Budget | None = None, name: str | None = None
    ) -> Connector:
        """A connector of a type with these settings, secrets open: also one that is not saved yet."""
        class_ = self.registry.get(type_)
        try:
            loaded = class_.Settings().load(dict(settings))
        except ValidationError as error:
            raise Misconfigured(
                f"the settings of {name or type_} do not fit: {settings_problems(error)}",
                code="connection.settings-invalid",
            ) from error
        return class_(loaded, Http(NOWHERE, budget=budget, allow=self.allowed))

    def budget(self, connection_id: int) -> SharedBudget:
        """The budget of calls of a connection, one holder per process."""
        with self._lock:
            if connection_id not in self._budgets:
                self._budgets[connection_id] = SharedBudget(self.db, connection_id)
            return self._budgets[connection_id]

    @cached_property
    def allowed(self) -> Callable[[str], bool]:
        """Whether connectors may call an address."""
        return private_addresses_refused(self.config.allowed_hosts)

    def close(self) -> None:
        """Give everything back."""
        self.db.close()

    def __enter__(self) -> Installation:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def settings_problems(error: ValidationError) -> str:
    """Marshmallow's messages as one line, by field; a value is never repeated, it may be a secret."""
    messages = error.messages if isinstance(error.messages, dict) else {"settings": error.messages}
    return "; ".join(f"{name}: {' '.join(map(str, m)) if isinstance(m, list) else m}" for name, m in messages.items())


def _version(values: Mapping[str, Any]) -> str:
    text = json.dumps([values["type"], values["settings"]], sort_keys=True, default=str)
    return hashlib.sha256(text.encode() + (values["secrets"] or b"")).hexdigest()
