"""The command line: what it prints, what it exits with, and what it does not import."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hub import cli
from hub.store.db import Database
from hub.store.tables import events

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def hub(
    tmp_path: Path,
    new_database: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, str, str]]:
    """Run a command in a fresh installation; gives exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HUB_DATABASE", new_database("sqlite"))
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setattr("hub.cli.common.console.width", 200, raising=False)

    def run(*arguments: str) -> tuple[int, str, str]:
        from hub.cli import common

        common.console.width = 200
        with pytest.raises(SystemExit) as ended:
            cli.main(list(arguments))
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


@pytest.fixture
def inbox(tmp_path: Path) -> list[str]:
    """Arguments that connect a folder."""
    (tmp_path / "files" / "orders").mkdir(parents=True)
    (tmp_path / "files" / "out").mkdir()
    return [
        "connection", "add", "files", "inbox",
        "--set", f"root={tmp_path / 'files'}", "--set", "inboxes.order=orders", "--set", "outboxes.shipment=out",
    ]  # fmt: skip


def test_the_help_imports_no_command() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from hub.cli import cli;"
        "result = CliRunner().invoke(cli, ['--help']); print(result.output);"
        "print('IMPORTED', [name for name in sys.modules if name in ('flask', 'sqlalchemy') or "
        "name.startswith('hub.cli.')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, check=True)
    assert "IMPORTED []" in ran.stdout
    for name in cli.COMMANDS:
        assert re.search(rf"^  {name} ", ran.stdout, re.MULTILINE)


@pytest.mark.parametrize("command", ["edi", "mapping"])
def test_commands_without_a_database_import_neither_flask_nor_the_store(command: str) -> None:
    code = (
        "import sys; from click.testing import CliRunner; from hub.cli import cli;"
        f"CliRunner().invoke(cli, [{command!r}, '--help']);"
        "print([name for name in sys.modules if name in ('flask', 'sqlalchemy', 'hub.store')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, check=True)
    assert ran.stdout.strip() == "[]"


def test_every_command_exists() -> None:
    context = cli.cli.make_context("hub", ["doctor"])
    for name in cli.COMMANDS:
        assert cli.cli.get_command(context, name) is not None, name


def test_every_command_is_documented() -> None:
    page = (REPOSITORY / "docs" / "command-line.md").read_text()
    context = cli.cli.make_context("hub", ["doctor"])
    for name in cli.COMMANDS:
        command = cli.cli.get_command(context, name)
        for path in [f"hub {name} {sub}" for sub in getattr(command, "commands", [])] or [f"hub {name}"]:
            assert path in page, path


def test_people_come_in_by_a_link(hub: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = hub("user", "add", "ann", "--role", "admin", "--json")
    assert code == 0
    assert json.loads(out)["link"].startswith("http://127.0.0.1:8321/login/")
    code, out, _ = hub("user", "list", "--json")
    assert [(row["name"], row["role"], row["password"]) for row in json.loads(out)] == [("ann", "admin", False)]
    assert hub("user", "link", "ann")[0] == 0
    code, out, err = hub("user", "link", "bob")
    assert (code, out) == (1, "")
    assert err.startswith("user.unknown: There is no user 'bob'")
    assert "docs/errors.md#userunknown" in err


def test_connections_and_flows(hub: Callable[..., tuple[int, str, str]], inbox: list[str]) -> None:
    code, out, err = hub(*inbox)
    assert (code, err) == (0, "")
    assert "inbox is connected (shadow)" in out
    code, out, _ = hub("connection", "list", "--json")
    assert [(row["name"], row["type"], row["mode"]) for row in json.loads(out)] == [("inbox", "files", "shadow")]
    code, out, _ = hub("flow", "list", "--json")
    flows = {(row["direction"], row["kind"]): row for row in json.loads(out)}
    assert flows["in", "order"]["schedule"] == "every 1m"
    assert flows["out", "shipment"]["schedule"] is None

    assert "next at" in hub("flow", "schedule", "inbox/order", "15 6 * * mon-fri", "--zone", "Europe/Paris")[1]
    code, _, err = hub("flow", "schedule", "inbox/order", "whenever")
    assert (code, err.split(":")[0]) == (1, "schedule.invalid")
    assert hub("flow", "schedule", "inbox/order")[0] == 2
    assert hub("flow", "run", "inbox/order")[:2] == (0, "Pulling now.\n")
    assert hub("flow", "run", "inbox/shipment")[0] == 1
    assert hub("flow", "pause", "inbox/in/order")[0] == 0
    assert json.loads(hub("flow", "list", "--json")[1])[0]["paused"] is True
    assert hub("flow", "resume", "inbox/order")[0] == 0
    assert hub("connection", "mode", "inbox", "live")[0] == 0
    assert hub("connection", "test", "inbox")[:2] == (0, "inbox works.\n")
    assert hub("connection", "mode", "nowhere", "live")[0] == 1
    assert hub("stop", "inbox")[:2] == (0, "Outbound to inbox is stopped.\n")
    assert hub("stop")[0] == hub("start")[0] == 0


def test_a_connection_that_does_not_work_is_not_saved(
    hub: Callable[..., tuple[int, str, str]], inbox: list[str]
) -> None:
    broken = [word.replace("inboxes.order=orders", "inboxes.order=missing") for word in inbox]
    code, _, err = hub(*broken)
    assert code == 1
    assert "missing is not a folder" in err
    assert json.loads(hub("connection", "list", "--json")[1]) == []
    assert hub(*broken, "--no-check")[0] == 0


def test_settings_come_from_files_and_variables_and_missing_ones_are_named(
    hub: Callable[..., tuple[int, str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "token").write_text("t0ken-of-the-warehouse\n")
    monkeypatch.setenv("WEBHOOK_SECRET", "whsec_of-the-warehouse")
    code, _, err = hub("connection", "add", "rest_warehouse", "lyon")
    assert code == 2
    assert "address, token" in err
    code, _, err = hub("connection", "add", "rest_warehouse", "lyon", "--set", "adress=x")
    assert code == 2
    assert "there is no setting 'adress'" in err
    code, _, err = hub(
        "connection", "add", "rest_warehouse", "lyon", "--no-check", "--set", "address=https://wms.example.com",
        "--set", "token=@token", "--set", "webhook_secret=env:WEBHOOK_SECRET",
    )  # fmt: skip
    assert (code, err) == (0, "")
    for path in (tmp_path).rglob("*"):
        if path.is_file() and path.name != "token":
            assert b"of-the-warehouse" not in path.read_bytes(), f"{path} holds an open secret"


def test_settings_change_in_one_step_and_the_others_stay(
    hub: Callable[..., tuple[int, str, str]], inbox: list[str], tmp_path: Path
) -> None:
    hub(*inbox)
    code, _, err = hub("connection", "set", "inbox", "inboxes.return=missing")
    assert (code, "missing is not a folder" in err) == (1, True)
    assert hub("doctor")[0] == 0
    assert hub("connection", "set", "inbox", "stable_seconds=0.5")[:2] == (0, "inbox has its new settings.\n")
    (tmp_path / "files" / "returns").mkdir()
    assert hub("connection", "set", "inbox", "inboxes.return=returns")[0] == 0
    flows = json.loads(hub("flow", "list", "--json")[1])
    kinds = {(row["direction"], row["kind"]) for row in flows}
    assert kinds == {
        ("in", "order"),
        ("in", "return"),
        ("out", "shipment"),
    }
    (tmp_path / "files" / "orders").rmdir()
    assert hub("connection", "test", "inbox")[0] == 1, "the inbox of orders is still among the settings"
    assert hub("connection", "set", "inbox")[0] == 2
    assert hub("connection", "set", "inbox", "stable_seconds=soon")[0] == 1


def test_the_doctor_finds_what_needs_a_person(
    hub: Callable[..., tuple[int, str, str]], inbox: list[str], tmp_path: Path
) -> None:
    code, out, err = hub("doctor", "--json")
    assert (code, err) == (0, ""), out
    assert json.loads(out)["healthy"] is True
    hub(*inbox)
    (tmp_path / "files" / "orders").rmdir()
    (tmp_path / "var" / "secret.keys").chmod(0o644)
    hub("stop")
    code, out, _ = hub("doctor", "--json")
    assert code == 1
    found = {finding["code"]: finding["state"] for finding in json.loads(out)["findings"] if finding["code"]}
    assert found == {
        "vault.key-exposed": "problem",
        "outbound.stopped": "warning",
        "files.folder-missing": "problem",
    }
    assert hub("doctor", "--offline")[0] == 1


def test_a_wrong_configuration_is_told_without_a_traceback(
    hub: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_WEB_PROT", "1")
    monkeypatch.setenv("HUB_LOG_LEVEL", "loud")
    code, out, err = hub("doctor")
    assert (code, out) == (2, "")
    assert "config.unknown-key: HUB_WEB_PROT" in err
    assert "config.invalid-value: HUB_LOG_LEVEL" in err
    assert "Traceback" not in err


def test_story_38_the_command_line_says_which_key_is_missing(
    hub: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    assert hub("user", "list")[0] == 0
    (tmp_path / "var" / "secret.keys").unlink()
    code, _, err = hub("user", "list")
    assert code == 2
    assert err.startswith("vault.key-missing: ")
    assert list((tmp_path / "var").iterdir()) == []


def test_story_38_keys_rotate(hub: Callable[..., tuple[int, str, str]], inbox: list[str], tmp_path: Path) -> None:
    hub(*inbox)
    code, out, _ = hub("vault", "rotate")
    assert code == 0
    assert "1 sealed credentials now use key" in out
    path = tmp_path / "var" / "secret.keys"
    assert len(path.read_text().split()) == 2
    path.write_text(path.read_text().split()[0])
    path.chmod(0o600)
    assert hub("doctor")[0] == 0


def test_what_a_person_does_is_in_the_audit_log(
    hub: Callable[..., tuple[int, str, str]], inbox: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    hub(*inbox)
    hub("connection", "mode", "inbox", "live")
    hub("flow", "schedule", "inbox/order", "every 5m")
    db = Database(os.environ["HUB_DATABASE"])
    with db.read() as tx:
        rows = [(row.kind, row.actor) for row in tx.execute(events.select().order_by(events.c.id))]
    db.close()
    assert [kind for kind, _ in rows] == ["connection.added", "connection.mode", "flow.scheduled"]
    assert all(actor.endswith("(command line)") for _, actor in rows)


def test_a_misspelt_command_is_corrected(hub: Callable[..., tuple[int, str, str]]) -> None:
    code, _, err = hub("docter")
    assert code == 2
    assert "Did you mean 'doctor'?" in err


def test_an_unexpected_error_is_named_without_a_traceback(
    hub: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.store.users.everyone", lambda tx: 1 / 0)
    code, _, err = hub("user", "list")
    assert code == 1
    assert err.startswith("internal.unexpected: ZeroDivisionError")
    assert "Traceback" not in err
