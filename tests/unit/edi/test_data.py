"""Data files of the engine are read the same from YAML and from what is kept beside them, and never out of date."""

import json
from pathlib import Path

import pytest

from hub.edi import data

TEXT = "codes:\n  NO: '00'\n  others: [1, 2 M]\n"
SAID = {"codes": {"NO": "00", "others": ["1", "2 M"]}}


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of the engine's own."""
    monkeypatch.setattr(data, "_OWN", tmp_path)
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    path = tmp_path / "codes.yaml"
    path.write_text(TEXT)
    return path


def kept(path: Path) -> Path:
    return path.parent / "__pycache__" / "codes.yaml.json"


def no_yaml(text: bytes) -> dict[str, object]:
    raise AssertionError("read as YAML")


def test_what_was_read_is_not_read_as_yaml_again(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert data.load(own) == SAID
    monkeypatch.setattr(data, "_parsed", no_yaml)
    assert data.load(own) == SAID
    assert [one.name for one in kept(own).parent.iterdir()] == ["codes.yaml.json"]


def test_a_changed_file_is_read_anew(own: Path) -> None:
    data.load(own)
    own.write_text(TEXT.replace("00", "01"))
    assert data.load(own)["codes"]["NO"] == "01"
    assert data.load(own)["codes"]["NO"] == "01"


@pytest.mark.parametrize("text", ["", "{", "[]", "5", "[1, 2]", '[1, 1, 2, {"codes": {}}]', "[" * 100_000, "\udcff"])
def test_what_is_kept_may_be_broken(own: Path, text: str) -> None:
    data.load(own)
    kept(own).write_bytes(text.encode("utf-8", "surrogateescape"))
    assert data.load(own) == SAID
    assert json.loads(kept(own).read_bytes())[-1] == SAID


def test_a_folder_that_takes_no_files_is_read_all_the_same(own: Path) -> None:
    (own.parent / "__pycache__").write_text("no folder")
    assert data.load(own) == SAID


def test_what_could_not_be_kept_leaves_nothing_behind(own: Path) -> None:
    kept(own).mkdir(parents=True)
    assert data.load(own) == SAID
    assert [one.name for one in kept(own).parent.iterdir()] == ["codes.yaml.json"]


def test_it_is_kept_where_python_keeps_its_own(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.pycache_prefix", str(own.parent / "elsewhere"))
    data.load(own)
    assert not kept(own).exists()
    assert list((own.parent / "elsewhere").rglob("codes.yaml.json"))


def test_beside_files_of_others_nothing_is_written(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "_OWN", own.parent / "elsewhere")
    assert data.load(own) == SAID
    assert not kept(own).exists()
