"""The settings of one installation: `HUB_*` variables over one TOML file over defaults, checked all at once.

Neither Flask nor the store is imported here: commands that need no database read their settings too.
"""

from __future__ import annotations

import base64
import binascii
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hub.errors import ConfigError, HubError

CHECKOUT = Path(__file__).resolve().parent.parent
LOG_LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True)
class Config:
    """What docs/configuration.md describes, one attribute per key. Paths are absolute or relative to the process."""

    database: str
    data_dir: Path
    public_url: str
    web_host: str
    web_port: int
    web_threads: int
    worker_threads: int
    poll_seconds: float
    mappings: tuple[Path, ...]
    connectors: tuple[Path, ...]
    secret_keys: tuple[str, ...] = field(repr=False)
    allowed_hosts: tuple[str, ...]
    trusted_proxies: tuple[str, ...]
    log_level: str
    source: Path | None = None
    """The TOML file that was read."""

    def __post_init__(self) -> None:
        if not self.database:
            object.__setattr__(self, "database", f"sqlite:///{self.data_dir / 'hub.sqlite3'}")
        if not self.public_url:
            host = "localhost" if self.web_host in ("0.0.0.0", "::", "") else self.web_host  # noqa: S104 (compared, not bound)
            object.__setattr__(self, "public_url", f"http://{host}:{self.web_port}")

    @property
    def begun(self) -> bool:
        """Whether there may be a database already: with SQLite its file, another server is not asked."""
        kind, _, path = self.database.partition(":///")
        return kind != "sqlite" or Path(path.partition("?")[0]).exists()


class _Wrong(Exception):
    """What is wrong with one value, and what to write instead; the value itself is not repeated."""


@dataclass(frozen=True)
class Setting:
    """One key: how to read it (from TOML or from text) and what it is when nobody says."""

    name: str
    read: Callable[[Any, Path], Any]
    default: Callable[[Path], Any]
    help: str


def load(environ: Mapping[str, str] | None = None, file: Path | None = None, cwd: Path | None = None) -> Config:
    """Read and check the settings. Raises `ConfigError` that holds every problem found."""
    environ = os.environ if environ is None else environ
    cwd = Path.cwd() if cwd is None else cwd
    problems: list[HubError] = []
    source, in_file = _read_file(environ, file, cwd)
    values: dict[str, Any] = {}
    for name in sorted(in_file.keys() - SETTINGS.keys()):
        problems.append(HubError("config.unknown-key", f"{source}: there is no setting {name!r}.{_nearest(name)}"))
    for name, value in in_file.items():
        if name in SETTINGS and source is not None:
            _take(SETTINGS[name], value, f"{source}: {name}", source.parent, values, problems)
    for variable in sorted(environ):
        if not variable.startswith("HUB_") or variable == "HUB_CONFIG":
            continue
        name = variable.removeprefix("HUB_").lower()
        if name not in SETTINGS:
            problems.append(HubError("config.unknown-key", f"{variable}: there is no such setting.{_nearest(name)}"))
        else:
            _take(SETTINGS[name], environ[variable], variable, cwd, values, problems)
    if problems:
        raise ConfigError("config.invalid", "The configuration cannot be used:", problems)
    defaults = {name: setting.default(cwd) for name, setting in SETTINGS.items()}
    return Config(**{**defaults, **values}, source=source)


def _read_file(environ: Mapping[str, str], file: Path | None, cwd: Path) -> tuple[Path | None, dict[str, Any]]:
    named = file or (Path(environ["HUB_CONFIG"]) if environ.get("HUB_CONFIG") else None)
    path = (cwd / (named or "hub.toml")).absolute()
    if named is None and not path.exists():
        return None, {}
    try:
        return path, tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError("config.unreadable", f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("config.unreadable", f"{path} is not valid TOML: {error}.") from error


def _take(setting: Setting, raw: Any, where: str, base: Path, values: dict[str, Any], problems: list[HubError]) -> None:
    try:
        values[setting.name] = setting.read(raw, base)
    except _Wrong as wrong:
        problems.append(HubError("config.invalid-value", f"{where}: {wrong}"))


def _nearest(name: str) -> str:
    import difflib

    found = difflib.get_close_matches(name, SETTINGS, 1)
    return f" Did you mean {found[0]!r}?" if found else " docs/configuration.md lists them all."


def _text(raw: Any, base: Path) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise _Wrong("expected text that is not empty.")
    return raw.strip()


def _words(raw: Any, base: Path) -> tuple[str, ...]:
    """A TOML list, or text with commas."""
    items = raw.split(",") if isinstance(raw, str) else raw
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise _Wrong("expected a list of texts (in a variable: separated by commas).")
    return tuple(item.strip() for item in items if item.strip())


def _integer(low: int, high: int) -> Callable[[Any, Path], int]:
    def read(raw: Any, base: Path) -> int:
        try:
            number = int(raw) if isinstance(raw, (str, int)) and not isinstance(raw, bool) else None
        except ValueError:
            number = None
        if number is None or not low <= number <= high:
            raise _Wrong(f"expected a whole number from {low} to {high}.")
        return number

    return read


def _seconds(raw: Any, base: Path) -> float:
    try:
        number = float(raw) if not isinstance(raw, bool) else -1.0
    except (TypeError, ValueError):
        number = -1.0
    if not 0.01 <= number <= 60:
        raise _Wrong("expected a number of seconds from 0.01 to 60.")
    return number


def _path(raw: Any, base: Path) -> Path:
    return (base / Path(_text(raw, base)).expanduser()).absolute()


def _folders(raw: Any, base: Path) -> tuple[Path, ...]:
    folders = tuple(_path(word, base) for word in _words(raw, base))
    for folder in folders:
        if not folder.is_dir():
            raise _Wrong(f"{folder} is not a folder.")
    return folders


def _database(raw: Any, base: Path) -> str:
    url = _text(raw, base)
    if url.startswith("sqlite:///"):
        rest, _, query = url.removeprefix("sqlite:///").partition("?")
        if not rest or rest == ":memory:":
            raise _Wrong("several processes share the database, so it needs a file: sqlite:///var/hub.sqlite3.")
        return f"sqlite:///{base / rest}" + (f"?{query}" if query else "")
    scheme, _, rest = url.partition("://")
    if scheme in ("postgresql", "postgres", "postgresql+psycopg") and rest:
        return f"postgresql://{rest}"
    raise _Wrong("expected sqlite:///path/to/file or postgresql://user:password@host/name.")


def _url(raw: Any, base: Path) -> str:
    url = _text(raw, base).rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise _Wrong("expected the address people open, such as https://hub.example.com.")
    return url


def _keys(raw: Any, base: Path) -> tuple[str, ...]:
    keys = _words(raw, base)
    for position, key in enumerate(keys, 1):
        try:
            good = len(base64.urlsafe_b64decode(key.encode())) == 32
        except (binascii.Error, ValueError):
            good = False
        if not good:
            raise _Wrong(f"key {position} is not a key: `hub vault new-key` makes one (32 bytes, URL-safe base64).")
    return keys


def _networks(raw: Any, base: Path) -> tuple[str, ...]:
    words = _words(raw, base)
    for word in words:
        try:
            ip_network(word)
        except ValueError as error:
            raise _Wrong("expected addresses or networks of proxies, such as 10.0.0.0/8.") from error
    return words


def _level(raw: Any, base: Path) -> str:
    level = _text(raw, base).lower()
    if level not in LOG_LEVELS:
        raise _Wrong(f"expected one of {', '.join(LOG_LEVELS)}.")
    return level


SETTINGS: dict[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting("database", _database, lambda cwd: "", "Where the hub remembers: sqlite:///file or postgresql://…"),
        Setting("data_dir", _path, lambda cwd: (cwd / "var").absolute(), "Folder of the hub's own files"),
        Setting("public_url", _url, lambda cwd: "", "The address people and webhooks reach the hub at"),
        Setting("web_host", _text, lambda cwd: "127.0.0.1", "The address the web process listens on"),
        Setting("web_port", _integer(1, 65535), lambda cwd: 8321, "The port the web process listens on"),
        Setting("web_threads", _integer(1, 256), lambda cwd: 8, "Requests answered at the same time"),
        Setting("worker_threads", _integer(1, 256), lambda cwd: 8, "Calls made at the same time"),
        Setting("poll_seconds", _seconds, lambda cwd: 0.2, "How often an idle worker looks for work"),
        Setting("mappings", _folders, lambda cwd: (CHECKOUT / "mappings",), "Folders of mappings; earlier ones win"),
        Setting("connectors", _folders, lambda cwd: (CHECKOUT / "connectors",), "Folders of connectors"),
        Setting("secret_keys", _keys, lambda cwd: (), "Keys of the vault; the first one seals"),
        Setting("allowed_hosts", _words, lambda cwd: (), "Hosts on private networks that connectors may call"),
        Setting("trusted_proxies", _networks, lambda cwd: (), "Proxies whose X-Forwarded-* headers are believed"),
        Setting("log_level", _level, lambda cwd: "info", "debug, info, warning or error"),
    )
}
