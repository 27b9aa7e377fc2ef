"""Connectors are found by folder and by entry point; a broken one stops nobody else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from hub import registry as registries
from hub.errors import HubError, NotFound
from hub.registry import Registry
from hub.sdk import Connector

GOOD = """
from marshmallow import Schema
from hub.sdk import Connector

class Settings(Schema):
    pass

class Acme(Connector):
    type = "acme"
    label = "Acme"
    Settings = Settings

CONNECTOR = Acme
"""


class Elsewhere(Connector):
    """A connector from another distribution."""

    type = "elsewhere"
    label = "Elsewhere"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    root = tmp_path / "found_connectors"
    for name, code in {"acme": GOOD, "broken": "import nothing_of_this_name", "liar": GOOD}.items():
        (root / name).mkdir(parents=True)
        (root / name / "__init__.py").write_text(code)
    (root / "notes").mkdir()
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield root
    for name in [name for name in sys.modules if name.partition(".")[0] == root.name]:
        del sys.modules[name]


def test_found_by_folder_and_imported_when_asked(folder: Path) -> None:
    registry = Registry([folder])
    assert registry.names == ["acme", "broken", "liar"]
    assert "found_connectors.acme" not in sys.modules
    assert registry.get("acme").label == "Acme"


def test_a_broken_one_is_named_with_its_reason(folder: Path) -> None:
    working, broken = Registry([folder]).all()
    assert list(working) == ["acme"]
    assert {name: error.code for name, error in broken.items()} == {
        "broken": "connector.broken",
        "liar": "connector.broken",
    }
    assert "nothing_of_this_name" in broken["broken"].sentence


def test_an_unknown_type_names_those_there_are(folder: Path) -> None:
    with pytest.raises(NotFound, match="acme, broken, liar"):
        Registry([folder]).get("shopfiy")


def test_found_by_entry_point(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("elsewhere", f"{__name__}:Elsewhere", registries.GROUP)
    monkeypatch.setattr(registries, "entry_points", lambda group: [entry])
    monkeypatch.setitem(sys.modules, __name__, sys.modules[Elsewhere.__module__])
    assert Registry([folder]).get("elsewhere") is Elsewhere
    with pytest.raises(HubError):
        Registry([]).get("acme")
