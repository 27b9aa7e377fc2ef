"""Settings: where they come from, and everything wrong with them told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.config import SETTINGS, load
from hub.errors import ConfigError

REPOSITORY = Path(__file__).resolve().parents[3]


def test_defaults_need_no_configuration(tmp_path: Path) -> None:
    config = load({"HUB_DATA_DIR": "data", "PATH": "/bin"}, cwd=tmp_path)
    assert config.data_dir == tmp_path / "data"
    assert config.database == f"sqlite:///{tmp_path / 'data' / 'hub.sqlite3'}"
    assert config.public_url == "http://127.0.0.1:8321"
    assert config.mappings == (REPOSITORY / "mappings",)
    assert config.source is None


def test_a_variable_wins_over_the_file_and_paths_belong_to_the_file(tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "own").mkdir()
    (folder / "hub.toml").write_text(
        'web_port = 9000\nlog_level = "warning"\nmappings = ["own"]\ndatabase = "sqlite:///db/hub.sqlite3"\n'
    )
    config = load({"HUB_CONFIG": "etc/hub.toml", "HUB_WEB_PORT": "9001"}, cwd=tmp_path)
    assert (config.web_port, config.log_level) == (9001, "warning")
    assert config.mappings == (folder / "own",)
    assert config.database == f"sqlite:///{folder}/db/hub.sqlite3"
    assert config.source == folder / "hub.toml"


def test_every_problem_is_told_at_once_and_no_value_is_repeated(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text('web_prot = 1\nsecret_keys = ["hunter2"]\npublic_url = "hub.example.com"\n')
    with pytest.raises(ConfigError) as caught:
        load({"HUB_WEB_PORT": "many", "HUB_DATABSE": "x", "HUB_DATABASE": "mysql://x"}, cwd=tmp_path)
    error = caught.value
    assert [problem.code for problem in error.problems] == [
        "config.unknown-key",
        "config.invalid-value",
        "config.invalid-value",
        "config.invalid-value",
        "config.unknown-key",
        "config.invalid-value",
    ]
    text = str(error)
    assert "hub.toml: there is no setting 'web_prot'. Did you mean 'web_port'?" in text
    assert "HUB_DATABSE: there is no such setting. Did you mean 'database'?" in text
    assert "HUB_WEB_PORT: expected a whole number from 1 to 65535." in text
    assert "hunter2" not in text
    assert error.exit_code == 2


@pytest.mark.parametrize("content", ["web_port = ", b"\xff\xfe"])
def test_an_unreadable_file_names_its_place(tmp_path: Path, content: str | bytes) -> None:
    path = tmp_path / "hub.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigError) as caught:
        load({}, cwd=tmp_path)
    assert caught.value.code == "config.unreadable"
    assert str(path) in caught.value.sentence


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load({"HUB_CONFIG": "missing.toml"}, cwd=tmp_path)


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("HUB_DATABASE", "sqlite:///:memory:", "needs a file"),
        ("HUB_TRUSTED_PROXIES", "10.0.0.0/8, proxy", "networks of proxies"),
        ("HUB_MAPPINGS", "/nowhere/at/all", "is not a folder"),
        ("HUB_POLL_SECONDS", "0", "seconds from 0.01 to 60"),
        ("HUB_LOG_LEVEL", "loud", "debug, info, warning, error"),
        ("HUB_WEB_HOST", " ", "not empty"),
    ],
)
def test_wrong_values_say_what_is_expected(tmp_path: Path, variable: str, value: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        load({variable: value}, cwd=tmp_path)


def test_keys_never_show(tmp_path: Path) -> None:
    key = "A" * 43 + "="
    config = load({"HUB_SECRET_KEYS": f"{key},{key}"}, cwd=tmp_path)
    assert config.secret_keys == (key, key)
    assert key not in repr(config)


def test_every_setting_is_documented() -> None:
    page = (REPOSITORY / "docs" / "configuration.md").read_text()
    for name in SETTINGS:
        assert f"`{name}`" in page and f"`HUB_{name.upper()}`" in page, name
