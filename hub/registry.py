"""Finds connectors: one folder each in the configured places, and distributions that declare an entry point.

A folder `connectors/acme/` is a package whose `CONNECTOR` is a `hub.sdk.Connector` class of type `acme`. The hub
imports a connector only through here, by name, when something needs it; one that cannot be imported is named with its
reason and stops nobody else.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from hub.errors import HubError, NotFound
from hub.sdk import Connector

GROUP = "hub.connectors"


class Registry:
    """The connectors that this installation could use, by type."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders: dict[str, Path] = {}
        for root in folders:
            for folder in sorted(root.iterdir()) if root.is_dir() else []:
                if (folder / "__init__.py").is_file() and folder.name.isidentifier():
                    self._folders.setdefault(folder.name, folder)
        self._entries: dict[str, EntryPoint] = {entry.name: entry for entry in entry_points(group=GROUP)}
        self._loaded: dict[str, type[Connector]] = {}

    @property
    def names(self) -> list[str]:
        """Every type that was found, without importing any."""
        return sorted(self._folders.keys() | self._entries.keys())

    def get(self, type_: str) -> type[Connector]:
        """The class. Raises `NotFound` for an unknown type and `HubError` for one that cannot be used."""
        if type_ in self._loaded:
            return self._loaded[type_]
        if type_ not in self._folders and type_ not in self._entries:
            raise NotFound(
                "connector.unknown-type", f"There is no connector {type_!r}; there are: {', '.join(self.names)}."
            )
        try:
            found = self._import(type_)
        except Exception as error:  # an import can fail in any way, and must not take the others with it
            raise HubError(
                "connector.broken", f"The connector {type_!r} cannot be imported: {type(error).__name__}: {error}"
            ) from error
        if not (isinstance(found, type) and issubclass(found, Connector)) or found.type != type_:
            raise HubError(
                "connector.broken",
                f"The connector {type_!r} breaks the contract: CONNECTOR must be a Connector class of that type.",
            )
        self._loaded[type_] = found
        return found

    def all(self) -> tuple[dict[str, type[Connector]], dict[str, HubError]]:
        """Every connector that works, and the reason for each that does not."""
        broken: dict[str, HubError] = {}
        for name in self.names:
            try:
                self.get(name)
            except HubError as error:
                broken[name] = error
        return dict(sorted(self._loaded.items())), broken

    def _import(self, type_: str) -> object:
        if type_ not in self._folders:
            return self._entries[type_].load()
        folder = self._folders[type_]
        parent = str(folder.parent.parent)
        if parent not in sys.path:
            sys.path.append(parent)
        return importlib.import_module(f"{folder.parent.name}.{folder.name}").CONNECTOR
