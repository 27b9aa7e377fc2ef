"""Names of delivered files, and what keeps a delivery from happening."""

from __future__ import annotations

import errno
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.files import CONNECTOR
from connectors.files.connector import FilesConnector
from connectors.files.outbox import file_name
from hub.sdk import Http, Misconfigured, Rejected, Retry


@pytest.fixture
def connector(tmp_path: Path) -> FilesConnector:
    (tmp_path / "out").mkdir()
    settings = {
        "root": str(tmp_path),
        "outboxes": {"*": "out"},
        "extensions": {"order": ".json", "*": ".edi"},
    }
    return CONNECTOR(CONNECTOR.Settings().load(settings), Http("http://unset.invalid"))


@given(st.text(min_size=1), st.text(min_size=1))
def test_names_are_safe_everywhere_and_never_meet(one: str, other: str) -> None:
    names = [file_name(key, ".edi") for key in (one, other)]
    for name in names:
        assert re.fullmatch(r"[a-z0-9_-]{1,150}\.edi", name)
    assert (names[0] == names[1]) == (one == other)


def test_the_extension_is_the_kinds(connector: FilesConnector, tmp_path: Path) -> None:
    assert connector.push("order", b"{}", "order-1").remote_id == "order-1.json"
    assert connector.push("acknowledgement", b"ST", "ack-1").remote_id == "ack-1.edi"
    assert sorted(os.listdir(tmp_path / "out")) == ["ack-1.edi", "order-1.json"]


def test_what_was_sent_stays_after_the_partner_took_it(connector: FilesConnector, tmp_path: Path) -> None:
    connector.push("acknowledgement", b"ST", "ack-1")
    (tmp_path / "out" / "ack-1.edi").unlink()
    connector.push("acknowledgement", b"ST", "ack-1")
    assert os.listdir(tmp_path / "out") == []
    assert (tmp_path / "sent" / "acknowledgement" / "ack-1.edi").read_bytes() == b"ST"


def test_what_is_sent_again_has_the_same_name_and_is_there_once_for_each_time(
    connector: FilesConnector, tmp_path: Path
) -> None:
    file = tmp_path / "out" / "ack-1.edi"
    connector.push("acknowledgement", b"ST", "ack-1")
    for times in (1, 2):
        file.unlink()
        assert connector.resend("acknowledgement", b"ST", "ack-1", times).remote_id == file.name
        assert file.read_bytes() == b"ST"
        file.unlink()
        connector.resend("acknowledgement", b"ST", "ack-1", times)
        assert not file.exists(), "a repeat finds that it is done"
        file.write_bytes(b"ST")
    connector.resend("acknowledgement", b"ST", "ack-1", 3)
    assert os.listdir(tmp_path / "out") == [file.name], "what still lies there is replaced"
    file.write_bytes(b"theirs")
    with pytest.raises(Misconfigured):
        connector.resend("acknowledgement", b"ST", "ack-1", 4)
    assert file.read_bytes() == b"theirs"


def test_a_key_used_again_for_other_content_is_refused(connector: FilesConnector) -> None:
    connector.push("order", b"one", "k")
    with pytest.raises(Rejected) as caught:
        connector.push("order", b"two", "k")
    assert caught.value.code == "files.key-reused"


def test_a_key_never_delivered_may_carry_other_content(
    connector: FilesConnector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> None:
        raise OSError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", fail)
        with pytest.raises(Misconfigured):
            connector.push("order", b"one", "k")
    connector.push("order", b"two", "k")
    assert (tmp_path / "out" / "k.json").read_bytes() == b"two"


def test_trouble_after_the_rename_is_doubt(connector: FilesConnector, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is out: the hub must not believe that it can still be withdrawn."""
    real = os.rename

    def lost_answer(source: Any, target: Any) -> None:
        real(source, target)
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", lost_answer)
        with pytest.raises(Retry) as caught:
            connector.push("order", b"{}", "k")
    assert caught.value.maybe_done
    assert connector.push("order", b"{}", "k").remote_id == "k.json"


def test_a_foreign_file_under_our_name_is_not_overwritten(connector: FilesConnector, tmp_path: Path) -> None:
    (tmp_path / "out" / "k.json").write_bytes(b"theirs")
    with pytest.raises(Misconfigured) as caught:
        connector.push("order", b"ours", "k")
    assert caught.value.code == "files.name-taken"
    assert (tmp_path / "out" / "k.json").read_bytes() == b"theirs"
    (tmp_path / "out" / "k.json").unlink()
    connector.push("order", b"ours", "k")
    assert (tmp_path / "out" / "k.json").read_bytes() == b"ours"


def test_the_same_push_by_many_workers_at_once_is_one_file(connector: FilesConnector, tmp_path: Path) -> None:
    """A partner who takes files away while the workers race never gets a second one."""
    taken = []
    with ThreadPoolExecutor(8) as pool:
        pushes = [pool.submit(connector.push, "order", b"x" * 10000, "k") for _ in range(16)]
        while not all(push.done() for push in pushes) or os.listdir(tmp_path / "out"):
            for name in os.listdir(tmp_path / "out"):
                taken.append((tmp_path / "out" / name).read_bytes())
                os.unlink(tmp_path / "out" / name)
    assert [push.result().remote_id for push in pushes] == ["k.json"] * 16
    assert taken == [b"x" * 10000]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, Retry),
        (errno.EIO, Retry),
        (errno.EACCES, Misconfigured),
        (errno.EROFS, Misconfigured),
        (errno.EXDEV, Misconfigured),
    ],
)
def test_system_errors_are_named_by_who_must_act(
    connector: FilesConnector, monkeypatch: pytest.MonkeyPatch, number: int, expected: type[Exception]
) -> None:
    def fail(*args: Any) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", fail)
        with pytest.raises(expected, match=re.escape(os.strerror(number))):
            connector.push("order", b"{}", "k")
    assert connector.push("order", b"{}", "k").remote_id == "k.json"


def test_check_refuses_folders_on_different_file_systems(connector: FilesConnector, tmp_path: Path) -> None:
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a second file system at /dev/shm")
    (tmp_path / "away").symlink_to(other)
    connector.settings = {**connector.settings, "outboxes": {"order": "away"}}
    with pytest.raises(Misconfigured) as caught:
        connector.check()
    assert caught.value.code == "files.other-filesystem"
