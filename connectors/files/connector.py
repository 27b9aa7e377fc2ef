"""The folder connector: pulls from inboxes, pushes into outboxes; any format."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.files.disk import explained
from connectors.files.inbox import Inbox, Rules, prove_folder, prove_same_filesystem
from connectors.files.outbox import Outbox, Progress, file_name
from connectors.files.settings import ANY, SNAPSHOTS, FilesSettings
from hub.sdk import Absent, Connector, Found, Guarantee, Http, Misconfigured, Page, Receipt, Unknown


class FilesConnector(Connector):
    """Folders under one root on one file system. See README.md for the settings and what survives a crash."""

    type = "files"
    label = "Folder"
    Settings = FilesSettings
    guarantee = Guarantee.KEY_HONOURED
    resends = True
    settle_seconds = 0.0
    clock = staticmethod(time.time)

    def __init__(self, settings: Mapping[str, Any], http: Http) -> None:
        super().__init__(settings, http)
        self.pulls = frozenset(settings["inboxes"])
        self.pushes = frozenset(settings["outboxes"]) - {ANY}

    @property
    def root(self) -> Path:
        return Path(self.settings["root"])

    def check(self) -> None:
        """Prove that every folder exists, can be written, and lies on the root's file system."""
        if not self.root.is_dir():
            raise Misconfigured(f"root {self.root} is not a folder; create it", code="files.folder-missing")
        prove_folder(self.root)
        for setting in ("inboxes", "outboxes"):
            for kind, name in self.settings[setting].items():
                folder = self.root / name
                if not folder.is_dir():
                    raise Misconfigured(
                        f"{setting}.{kind}: {folder} is not a folder; create it", code="files.folder-missing"
                    )
                prove_folder(folder)
                prove_same_filesystem(self.root, folder)
        for name in (self.settings["archive"], self.settings["sent"]):
            folder = self.root / name if name else self.root
            if folder.exists():
                prove_folder(folder)
                prove_same_filesystem(self.root, folder)

    def pull(self, kind: str, cursor: Any, start_at: datetime) -> Iterator[Page]:
        """Finished files of the kind's inbox. What waits in it was meant for us, so `start_at` plays no part."""
        yield from self._inbox(kind).pull(cursor)

    def push(self, kind: str, payload: bytes, key: str) -> Receipt:
        """Put one file into the kind's outbox, exactly once for a key. `remote_id` is its name."""
        return self._deliver(kind, payload, key, 0)

    def resend(self, kind: str, payload: bytes, key: str, times: int) -> Receipt:
        """Put the same file there under its name once more, exactly once for each count. One that still lies there is
        replaced by it."""
        return self._deliver(kind, payload, key, times)

    def _deliver(self, kind: str, payload: bytes, key: str, times: int) -> Receipt:
        name = self._name(kind, key)
        with explained(f"delivering {name}"):
            self._outbox(kind).deliver(name, payload, times)
        return Receipt(remote_id=name)

    def find(self, kind: str, payload: bytes, key: str) -> Found | Absent | Unknown:
        """Whether the file was handed over, even if the partner has taken it away since."""
        name = self._name(kind, key)
        with explained(f"looking for {name}"):
            delivered = self._outbox(kind).progress(name) is Progress.DELIVERED
        return Found(Receipt(remote_id=name)) if delivered else Absent()

    def _name(self, kind: str, key: str) -> str:
        return file_name(key, self._named("extensions", kind) or "")

    def _inbox(self, kind: str) -> Inbox:
        settings = self.settings
        folder = self._folder("inboxes", kind)
        rules = Rules(
            kind=kind,
            pattern=settings["patterns"].get(kind, settings["pattern"]),
            temporary=tuple(settings["temporary"]),
            stable_seconds=settings["stable_seconds"],
            max_bytes=settings["max_bytes"],
            page_size=settings["page_size"],
            files_per_pull=settings["files_per_pull"],
            identity=settings["identity"].get(kind, "name+time" if kind in SNAPSHOTS else "name"),
            formats=settings["formats"],
        )
        archive = self.root / settings["archive"] / kind if settings["archive"] else None
        return Inbox(folder, archive, rules, self.clock)

    def _outbox(self, kind: str) -> Outbox:
        return Outbox(self._folder("outboxes", kind), self.root / self.settings["sent"] / kind)

    def _folder(self, setting: str, kind: str) -> Path:
        name = self._named(setting, kind)
        if name is None:
            raise Misconfigured(f"no folder for {kind}; add {setting}.{kind}", code="files.no-folder")
        folder: Path = self.root / name
        if not folder.is_dir():
            raise Misconfigured(f"{setting}.{kind}: {folder} is not a folder", code="files.folder-missing")
        return folder

    def _named(self, setting: str, kind: str) -> str | None:
        by_kind: dict[str, str] = self.settings[setting]
        return by_kind.get(kind, by_kind.get(ANY))
