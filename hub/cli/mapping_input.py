"""What the commands of `hub mapping` work on: the mappings, the files given, and how an unreadable one is told."""

from __future__ import annotations

from pathlib import Path

import click

from hub.cli.common import configuration, console, emit, installation
from hub.mapping import Context, DecodeError, Finding, Library, Mapping
from hub.mapping.trial import context_of

LIBRARY = "hub.mappings"
"""Where the click context keeps the mappings of the command that runs."""

source_option = click.option(
    "--source",
    "source_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The original message, for an outbound mapping that reads source.",
)
context_option = click.option(
    "--context",
    "context_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A JSON file with partner, connection, message and tables.",
)
file_argument = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


def library() -> Library:
    """The mappings of the command that runs: the files of --mappings, else those that are live. Raises `HubError`."""
    meta = click.get_current_context().meta
    if LIBRARY not in meta:
        meta[LIBRARY] = _live()
    found: Library = meta[LIBRARY]
    return found


def _live() -> Library:
    """The files, and the versions published over them. Where no hub was begun yet, none is begun for it."""
    config = configuration()
    return installation().mappings if config.begun else Library(config.mappings)


def with_version(mapping: Mapping) -> str:
    """A mapping's name, and the number of its version where it is not its file that counts."""
    return f"{mapping.name} version {mapping.version}" if mapping.version else mapping.name


def context_from(compiled: Mapping, source_file: Path | None, context_file: Path | None) -> Context:
    """What a mapping may read besides its document, from the files given. Raises DecodeError."""
    files = [bytes_of(file) if file is not None else None for file in (context_file, source_file)]
    return context_of(compiled, *files)


def bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise DecodeError([Finding("decode.unreadable", f"cannot be read: {error.strerror}", str(file))]) from None


def unreadable(findings: tuple[Finding, ...], as_json: bool) -> None:
    if as_json:
        emit({"findings": [finding.as_dict() for finding in findings]})
    for finding in () if as_json else findings:
        console.print(str(finding), style="red", markup=False, soft_wrap=True)
