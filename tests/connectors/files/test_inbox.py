"""What the folder connector takes from an inbox, under which name, and what it leaves."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.files import CONNECTOR
from hub.sdk import Document, Http, Misconfigured, Rejected

START = datetime(2026, 3, 1, tzinfo=UTC)


class Folder:
    """An inbox, its connector with a clock of its own, and a hub that stores every page."""

    def __init__(self, root: Path, **settings: Any) -> None:
        self.root = root
        self.settings = {
            "root": str(root),
            "inboxes": {"order": "in", "inventory": "stock"},
            "stable_seconds": 5,
            **settings,
        }
        for name in ("in", "stock"):
            (root / name).mkdir(parents=True, exist_ok=True)
        self.now = 1_800_000_000.0
        self.cursors: dict[str, Any] = {}

    def drop(self, name: str, content: bytes, folder: str = "in") -> Path:
        path = self.root / folder / name
        path.write_bytes(content)
        os.utime(path, (self.now, self.now))
        return path

    def look(self, kind: str = "order", after: float = 10.0) -> list[Document]:
        self.now += after
        connector = CONNECTOR(CONNECTOR.Settings().load(self.settings), Http("http://unset.invalid"))
        connector.clock = lambda: self.now  # type: ignore[method-assign]
        found = []
        for page in connector.pull(kind, self.cursors.get(kind), START):
            self.cursors[kind] = json.loads(json.dumps(page.cursor))
            found += page.documents
        return found

    def archived(self, kind: str = "order") -> list[bytes]:
        return sorted(path.read_bytes() for path in (self.root / "archive" / kind).glob("*"))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_story_49_a_file_still_growing_is_not_read(folder: Folder) -> None:
    path = folder.drop("po.edi", b"ISA*00")
    assert folder.look() == []
    for more in (b"*  ", b"*00"):
        folder.drop("po.edi", path.read_bytes() + more)
        assert folder.look() == [], "it has changed since the last look"
    assert [d.body for d in folder.look()] == [b"ISA*00*  *00"]


def test_story_49_a_file_that_grows_as_it_is_opened_is_not_taken_half(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder.drop("po.edi", b"ISA*00")
    folder.look()
    real = os.open

    def late(target: Any, flags: int, *more: Any) -> int:
        monkeypatch.setattr(os, "open", real)
        path.write_bytes(b"ISA*00*  ")
        return real(target, flags, *more)

    monkeypatch.setattr(os, "open", late)
    assert folder.look() == []
    assert [d.body for d in folder.look() + folder.look()] == [b"ISA*00*  "]


def test_a_file_needs_two_looks_that_far_apart(folder: Folder) -> None:
    folder.drop("po.edi", b"ISA")
    assert folder.look() == []
    assert folder.look(after=1) == []
    assert folder.look(after=1) == []
    assert [d.external_id for d in folder.look(after=3)] == ["po.edi"]


def test_a_clock_set_back_only_delays(folder: Folder) -> None:
    folder.drop("po.edi", b"ISA")
    assert folder.look() == []
    assert folder.look(after=-3600) == []
    assert len(folder.look()) == 1


def test_partners_that_rename_need_one_look(tmp_path: Path) -> None:
    folder = Folder(tmp_path, stable_seconds=0)
    folder.drop("po.edi", b"ISA")
    assert len(folder.look(after=0)) == 1


@pytest.mark.parametrize(
    "name", [".po.edi", "po.edi.tmp", "PO.EDI.PART", "po.edi.filepart", "~po.edi", "po.edi~", ".hub-check-1"]
)
def test_story_49_temporary_names_are_left_alone(folder: Folder, name: str) -> None:
    path = folder.drop(name, b"half")
    assert folder.look() == [] and folder.look() == []
    path.rename(folder.root / "in" / "done.edi")
    assert folder.look() == []
    assert [d.external_id for d in folder.look()] == ["done.edi"]


def test_a_pattern_chooses_and_links_and_folders_are_left(tmp_path: Path) -> None:
    folder = Folder(tmp_path, patterns={"order": "*.edi"}, stable_seconds=0)
    (tmp_path / "elsewhere.edi").write_bytes(b"secret")
    (tmp_path / "in" / "link.edi").symlink_to(tmp_path / "elsewhere.edi")
    (tmp_path / "in" / "folder.edi").mkdir()
    folder.drop("notes.doc", b"no")
    folder.drop("PO.EDI", b"ISA")
    assert [d.external_id for d in folder.look()] == ["PO.EDI"]


def test_a_stored_file_is_archived_by_the_next_pull_only(folder: Folder) -> None:
    path = folder.drop("po.edi", b"ISA")
    folder.look()
    assert len(folder.look()) == 1
    assert path.exists(), "nothing proves yet that the page was stored"
    assert folder.look() == []
    assert not path.exists() and folder.archived() == [b"ISA"]


def test_the_same_name_with_new_content_is_never_lost(folder: Folder) -> None:
    """Also when it comes between the page and the archive."""
    folder.drop("po.edi", b"first")
    folder.look()
    assert [d.body for d in folder.look()] == [b"first"]
    folder.drop("po.edi", b"second")
    assert folder.look() == []
    assert [(d.external_id, d.body) for d in folder.look()] == [("po.edi", b"second")]
    folder.look()
    folder.drop("po.edi", b"third")
    folder.look()
    assert [d.body for d in folder.look()] == [b"third"]


def test_a_file_that_takes_the_name_during_the_move_is_given_back(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder.drop("po.edi", b"first")
    folder.look()
    folder.look()
    rename = os.rename

    def overtaken(source: Any, target: Any) -> None:
        monkeypatch.setattr(os, "rename", rename)
        path.unlink()
        folder.drop("po.edi", b"other")
        rename(source, target)

    monkeypatch.setattr(os, "rename", overtaken)
    assert folder.look() == []
    assert [d.body for d in folder.look()] == [b"other"]


def test_identity_by_name_knows_the_same_file_again(folder: Folder) -> None:
    first, again = _twice(folder, "order", "po.edi", b"ISA", "po.edi", b"ISA")
    assert first == again
    assert first.external_id == "po.edi" and first.revised_at is None


def test_identity_by_content_knows_it_under_any_name(tmp_path: Path) -> None:
    folder = Folder(tmp_path, identity={"order": "content"})
    first, again = _twice(folder, "order", "a.edi", b"ISA", "b.edi", b"ISA")
    assert first == again and first.external_id.startswith("sha256:")


def test_a_snapshot_with_the_same_name_and_content_is_a_new_statement(folder: Folder) -> None:
    first, again = _twice(folder, "inventory", "stock.csv", b"A,1", "stock.csv", b"A,1")
    assert first.external_id != again.external_id
    assert first.external_id.startswith("stock.csv@")
    assert first.revised_at and again.revised_at and first.revised_at < again.revised_at


def _twice(
    folder: Folder, kind: str, name1: str, content1: bytes, name2: str, content2: bytes
) -> tuple[Document, Document]:
    place = "in" if kind == "order" else "stock"
    folder.drop(name1, content1, place)
    found = folder.look(kind) + folder.look(kind) + folder.look(kind)
    folder.drop(name2, content2, place)
    found += folder.look(kind) + folder.look(kind)
    first, again = found
    return first, again


def test_a_file_too_large_is_told_once_and_holds_nobody_up(tmp_path: Path) -> None:
    folder = Folder(tmp_path, stable_seconds=0, max_bytes=10, page_size=1)
    folder.drop("big.edi", b"x" * 11)
    folder.now += 1
    folder.drop("good1.edi", b"ISA")
    folder.drop("good2.edi", b"ISA")
    with pytest.raises(Rejected, match="big.edi has 11 bytes.*max_bytes") as caught:
        folder.look()
    assert caught.value.code == "files.too-large"
    assert folder.look() == []
    assert folder.archived() == [b"ISA", b"ISA"]
    folder.settings["max_bytes"] = 11
    assert [d.external_id for d in folder.look()] == ["big.edi"]


def test_several_files_that_cannot_be_taken_are_told_together(tmp_path: Path) -> None:
    folder = Folder(tmp_path, stable_seconds=0, max_bytes=1)
    folder.drop("a.edi", b"xx")
    folder.drop("b.edi", b"xx")
    with pytest.raises(Rejected, match=r"2 files: a\.edi .*; b\.edi "):
        folder.look()


def test_an_unreadable_file_is_told_once_and_taken_when_it_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder(tmp_path, stable_seconds=0)
    folder.drop("locked.edi", b"ISA")
    folder.drop("po.edi", b"ISA")
    real = os.open

    def refuse(path: Any, flags: int, *args: Any) -> int:
        if str(path).endswith("locked.edi"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, flags, *args)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        with pytest.raises(Rejected, match=r"locked\.edi") as caught:
            folder.look()
        assert caught.value.code == "files.unreadable"
        assert folder.look() == []
    assert [d.external_id for d in folder.look()] == ["locked.edi"]


def test_a_name_that_is_no_text_is_made_one(tmp_path: Path) -> None:
    folder = Folder(tmp_path, stable_seconds=0)
    with open(os.path.join(os.fsencode(tmp_path / "in"), b"S\xfcd.edi"), "wb") as file:
        file.write(b"ISA")
    assert [d.external_id for d in folder.look() + folder.look()] == ["S%FCd.edi"]


def test_a_large_backlog_comes_in_bounded_pulls_oldest_first(tmp_path: Path) -> None:
    folder = Folder(tmp_path, stable_seconds=0, files_per_pull=3)
    for number in range(7):
        folder.drop(f"{9 - number}.edi", b"%d" % number)
        folder.now += 1
    assert [d.body for _ in range(3) for d in folder.look()] == [b"%d" % n for n in range(7)]


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("po.json", b"", "json"),
        ("po.CSV", b"", "csv"),
        ("po.edi", b"\r\nISA*00*", "x12"),
        ("po.edi", b"UNA:+.? '", "edifact"),
        ("po.txt", b"UNB+UNOC", "edifact"),
        ("po", b"\xef\xbb\xbf<?xml", "xml"),
        ("po.850", b"anything", "x12"),
        ("po.doc", b"anything", "text"),
    ],
)
def test_the_format_is_told_by_extension_or_first_bytes(tmp_path: Path, name: str, body: bytes, expected: str) -> None:
    folder = Folder(tmp_path, stable_seconds=0, formats={".850": "x12"})
    folder.drop(name, body)
    assert [d.format for d in folder.look()] == [expected]


def test_a_missing_folder_or_kind_names_the_setting(folder: Folder) -> None:
    (folder.root / "in").rmdir()
    with pytest.raises(Misconfigured, match=r"inboxes\.order") as caught:
        folder.look()
    assert caught.value.code == "files.folder-missing"
    with pytest.raises(Misconfigured, match=r"inboxes\.shipment"):
        folder.look("shipment")
