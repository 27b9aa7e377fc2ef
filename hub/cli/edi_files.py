"""What the `hub edi` commands share: opening a file of either syntax, options, and refusals."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, cast

import click
import yaml

from hub.edi.findings import Severity
from hub.edi.grammar import GrammarError, Library, default_library
from hub.edi.syntax import detect
from hub.edi.tree import Standard
from hub.edi.validation import READERS

_HEAD = 65_536
_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option("--grammar", type=click.Path(path_type=Path, file_okay=False, exists=True),
                 help="A folder with grammars of your own."),
    click.option("--rules", type=click.Path(path_type=Path, dir_okay=False, exists=True),
                 help="A file that says which findings are errors."),
    click.option("--encoding", default="", help="The encoding of the text, where the file does not say it."),
)  # fmt: skip


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--grammar`, `--rules` and `--encoding`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(slots=True)
class Opened:
    """A file with its syntax, its grammars and its examination, which is not yet run."""

    standard: Standard
    library: Library
    examination: Any

    def parts(self) -> Iterator[tuple[Any, Any, Any]]:
        """Each set as it ends, with its group and interchange; then the group, then the interchange, the rest None."""
        yield from self.examination.parts()


def open_file(
    file: Path, as_json: bool, *, trees: bool, grammar: Path | None = None, rules: Path | None = None,
    encoding: str = "",
) -> Opened:  # fmt: skip
    """A file ready to be examined. Ends the command, with exit code 2, when it cannot be opened or is empty."""
    head, rest = _open(file, as_json)
    standard = detect(head) or "x12"
    library = Library([grammar], standard) if grammar else default_library(standard)
    said = _rules(rules, as_json)
    try:
        examine = import_module(READERS[standard]).examine
        examination: Any = examine(rest, library, trees=trees, encoding=encoding, rules=said)
    except (GrammarError, LookupError) as error:
        fail("edi.grammar-invalid", str(error), as_json)
    return Opened(standard, library, examination)


class _Joined:
    """What was read of a stream already, then the rest of it."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head, self._stream = head, stream

    def read(self, size: int = -1) -> bytes:
        if self._head and size >= 0:
            piece, self._head = self._head[:size], self._head[size:]
            return piece
        head, self._head = self._head, b""
        return head + self._stream.read(size)


def _open(file: Path, as_json: bool) -> tuple[bytes, BinaryIO]:
    try:
        stream = sys.stdin.buffer if str(file) == "-" else file.open("rb")
        head = stream.read(_HEAD)
    except OSError as error:
        fail("edi.file-unreadable", f"{file} cannot be read: {error.strerror}.", as_json)
    if len(head) < _HEAD and not head.strip():
        fail("edi.file-empty", f"{file} is empty.", as_json)
    return head, cast(BinaryIO, _Joined(head, stream))


def read_whole(file: Path, as_json: bool) -> bytes:
    """A file's bytes. Ends the command when it cannot be read or is empty."""
    return _open(file, as_json)[1].read()


def _rules(file: Path | None, as_json: bool) -> dict[str, Severity]:
    if file is None:
        return {}
    try:
        given = yaml.safe_load(file.read_bytes())
        rules = dict(given.get("rules", given))
    except (OSError, yaml.YAMLError, AttributeError, TypeError, ValueError) as error:
        fail("edi.rules-invalid", f"{file}: {error}", as_json)
    if not all(isinstance(code, str) and severity in ("error", "warning") for code, severity in rules.items()):
        fail("edi.rules-invalid", f"{file}: each code is to be `error` or `warning`", as_json)
    return rules


def leave_unreadable(opened: Opened, as_json: bool) -> None:
    """End the command, with exit code 2, when no interchange was found."""
    if not opened.examination.readable:
        first = opened.examination.findings[-1]
        fail(first.code, first.message, as_json)


def fail(code: str, message: str, as_json: bool) -> NoReturn:
    """End the command with exit code 2 and the reason."""
    if as_json:
        emit({"error": {"code": code, "message": message}})
    else:
        click.echo(f"{code}: {message}", err=True)
    sys.exit(2)


def emit(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
