"""The folder connector against the conformance suite."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from marshmallow import ValidationError

from connectors.files import CONNECTOR
from hub.sdk import Connector, Misconfigured
from hub.sdk.testing import EPOCH, ConnectorSuite, Peer, SpyBudget


class FolderPeer:
    """A partner who drops files and picks up ours. Its clock is the connector's too."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.clock = EPOCH
        self.contents: list[bytes] = []
        self.picked_up: dict[str, list[str]] = {"order": [], "shipment": []}
        for folder in ("in/order", "in/inventory", "out/order", "out/shipment"):
            (root / folder).mkdir(parents=True)
        self.settings: dict[str, Any] = {
            "root": str(root),
            "inboxes": {"order": "in/order", "inventory": "in/inventory"},
            "outboxes": {"order": "out/order", "shipment": "out/shipment"},
            "extensions": {"order": ".json"},
            "stable_seconds": 1,
            "page_size": 2,
        }

    def drop(self, kind: str, name: str, content: bytes) -> str:
        path = self.root / "in" / kind / name
        path.write_bytes(content)
        os.utime(path, (self.clock.timestamp(), self.clock.timestamp()))
        self.contents.append(content)
        return name if kind == "order" else f"{name}@{self.clock:%Y%m%dT%H%M%S.%fZ}"

    def seed(self, kind: str, count: int, *, same_time: bool = False) -> list[str]:
        ids = []
        for _ in range(count):
            number = len(self.contents)
            ids.append(self.drop(kind, f"{kind}-{number}.json", b'{ "number" :  %d.50 }\n' % number))
            self.clock += timedelta(seconds=0 if same_time else 1)
        return ids

    def seed_malformed(self, kind: str) -> str:
        return self.drop(kind, "bad.json", b"{ not json \xff\x00")

    def change(self, kind: str, external_id: str) -> bytes:
        mark = b"changed %d" % len(self.contents)
        self.drop(kind, external_id.partition("@")[0], b'{ "note": "' + mark + b'"  }')
        return mark

    def sent(self) -> Sequence[bytes]:
        return self.contents

    def payload(self, kind: str, number: int) -> bytes:
        return b'{ "number":  %d }' % number

    def effects(self, kind: str) -> Sequence[str]:
        """The partner takes each file away as soon as it sees it."""
        for path in sorted((self.root / "out" / kind).iterdir()):
            self.picked_up[kind].append(path.name)
            path.unlink()
        return self.picked_up[kind]

    def pass_time(self, seconds: float) -> None:
        self.clock += timedelta(seconds=seconds)

    def now(self) -> datetime:
        return self.clock

    def bad_settings(self) -> Sequence[tuple[Mapping[str, Any], type[Exception]]]:
        def but(**changes: Any) -> dict[str, Any]:
            return {**self.settings, **changes}

        (self.root / "a-file").touch()
        return [
            (but(root=str(self.root / "nowhere")), Misconfigured),
            (but(inboxes={"order": "in/nowhere"}), Misconfigured),
            (but(inboxes={"order": "a-file"}), Misconfigured),
            (but(outboxes={"order": "out/nowhere"}), Misconfigured),
            (but(inboxes={"order": "../elsewhere"}), ValidationError),
            (but(inboxes={"order": "/etc"}), ValidationError),
            (but(inboxes={}, outboxes={}), ValidationError),
            (but(inboxes={"order": "out/order"}), ValidationError),
            (but(inboxes={"poem": "in/order"}), ValidationError),
            (but(identity={"inventory": "content"}), ValidationError),
            (but(extensions={"order": "../x"}), ValidationError),
        ]

    def close(self) -> None:
        pass


class TestFiles(ConnectorSuite):
    connector = CONNECTOR
    over_http = False
    history_kinds = ()
    pull_kinds = ("order", "inventory")
    push_kinds = ("order", "shipment")

    def make_peer(self, folder: Path) -> Peer:
        self.folder_peer = FolderPeer(folder)
        return self.folder_peer  # type: ignore[return-value]  # a folder has no webhooks, faults or credentials

    def build(self, settings: Mapping[str, Any], budget: SpyBudget) -> Connector:
        connector = super().build(settings, budget)
        connector.clock = lambda: self.folder_peer.clock.timestamp()  # type: ignore[attr-defined]
        return connector


def test_only_what_a_folder_cannot_have_is_left_out() -> None:
    reasons = {reason.rsplit("no ")[-1] for reason in TestFiles.left_out.values()}
    assert reasons == {"topics", "http", "history"}
