"""What the `hub edi` commands share: opening a file of either syntax, options, and refusals."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, NoReturn, cast

import click

from hub.edi.findings import Finding, judged_by
from hub.edi.grammars.library import GrammarError, Library, default_library
from hub.edi.tree import STANDARDS, Standard
from hub.edi.validation import examine
from hub.errors import HubError

if TYPE_CHECKING:
    from hub.edi.inbound import Terms

_HEAD = 65_536
_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option("--grammar", type=click.Path(path_type=Path, file_okay=False, exists=True),
                 help="A folder with grammars of your own."),
    click.option("--rules", type=click.Path(path_type=Path, dir_okay=False, exists=True),
                 help="A file that says which findings are errors."),
    click.option("--encoding", default="", help="The encoding of the text, where the file does not say it."),
    click.option("--partner", help="As if this partner had sent it: its grammars, rules, character set and answers."),
)  # fmt: skip
_ANSWERS: tuple[Callable[[Any], Any], ...] = (
    click.option("--answer", type=click.Choice(["997", "999"]), help="The X12 set that answers, 997 by default."),
    click.option("--answer-interchanges", type=click.Choice(["requested", "always", "errors", "never"]),
                 help="When a TA1 or a CONTRL answers, by default as requested."),
)  # fmt: skip


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--grammar`, `--rules`, `--encoding` and `--partner`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def answer_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--answer` and `--answer-interchanges`, which are called as the settings of partners."""
    for option in reversed(_ANSWERS):
        command = option(command)
    return command


class Opened(NamedTuple):
    """A file with the grammars of both syntaxes, its examination, which is not yet run, and what was agreed with its
    sender: None where nothing was."""

    libraries: dict[Standard, Library]
    examination: Any
    agreed: Terms | None

    @property
    def terms(self) -> Terms:
        """What was agreed with the sender, or the usual terms."""
        from hub.edi.inbound import Terms  # takes longer than a small file: only where it is wanted

        return self.agreed or Terms()

    def interchanges(self) -> Iterator[Any]:
        """The judged interchanges."""
        from hub.edi.inbound import apply_rules

        for interchange in self.examination:
            if self.agreed is not None:
                apply_rules(interchange, self.agreed)
            yield interchange

    def parts(self) -> Iterator[tuple[Any, Any, Any]]:
        """Each set as it ends, with its group and interchange; then the group, then the interchange, the rest None."""
        for part in self.examination.parts():
            interchange, group, one = part
            if self.agreed is not None:
                said = self.agreed.of(one.set_id) if one else self.agreed.profile
                judged_by((one or group or interchange).findings, said.rules)
            yield part

    def outside(self) -> list[Finding]:
        """What belongs to no interchange, once they were all read."""
        found: list[Finding] = list(self.examination.findings)
        if self.agreed is not None:
            judged_by(found, self.agreed.profile.rules)
        return found


def open_file(
    file: Path, as_json: bool, *, trees: bool, grammar: Path | None = None, rules: Path | None = None,
    encoding: str = "", partner: str | None = None, answer: str | None = None, answer_interchanges: str | None = None,
) -> Opened:  # fmt: skip
    """A file ready to be examined. Ends the command, with exit code 2, when it cannot be opened or is empty."""
    agreed: Terms | None
    stream = _open(file, as_json)
    given = {"answer": answer, "answer_interchanges": answer_interchanges}
    if partner is not None:
        if grammar or rules or encoding or any(given.values()):
            raise click.UsageError("how a partner is read and answered is agreed with it; see `hub partner set`.")
        agreed, libraries = _agreed(partner, as_json)
        encoding = agreed.profile.character_set
    else:
        agreed = _terms({name: value for name, value in given.items() if value}, rules, as_json)
        libraries = {one: Library([grammar], one) if grammar else default_library(one) for one in STANDARDS}
    try:
        examination = examine(stream, *libraries.values(), trees=trees, encoding=encoding)
    except (GrammarError, LookupError) as error:
        fail("edi.grammar-invalid", str(error), as_json)
    return Opened(libraries, examination, agreed)


def _agreed(partner: str, as_json: bool) -> tuple[Terms, dict[Standard, Library]]:
    """What was agreed with a partner, and its grammars."""
    from hub.cli.common import installation
    from hub.flows.edi.sets import of_partner

    try:
        return of_partner(installation(), partner)
    except HubError as error:
        fail(error.code, error.sentence, as_json)


def _terms(settings: dict[str, Any], rules: Path | None, as_json: bool) -> Terms | None:
    """The usual terms, but for these settings and the rules in a file; None where there are neither."""
    if not settings and rules is None:
        return None
    import yaml

    from hub.edi.inbound import Terms
    from hub.edi.partner.settings import profile

    try:
        if rules is not None:
            said = yaml.safe_load(rules.read_bytes())
            settings["rules"] = dict(said.get("rules", said))
        return Terms(profile(settings))
    except (OSError, yaml.YAMLError, AttributeError, TypeError, ValueError) as error:
        fail("edi.rules-invalid", f"{rules}: {error}", as_json)
    except HubError as error:
        fail("edi.rules-invalid", f"{rules}: {error.sentence}", as_json)


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


def _open(file: Path, as_json: bool) -> BinaryIO:
    try:
        stream = sys.stdin.buffer if str(file) == "-" else file.open("rb")
        head = stream.read(_HEAD)
    except OSError as error:
        fail("edi.file-unreadable", f"{file} cannot be read: {error.strerror}.", as_json)
    if len(head) < _HEAD and not head.strip():
        fail("edi.file-empty", f"{file} is empty.", as_json)
    return cast(BinaryIO, _Joined(head, stream))


def read_whole(file: Path, as_json: bool) -> bytes:
    """A file's bytes. Ends the command when it cannot be read or is empty."""
    return _open(file, as_json).read()


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
