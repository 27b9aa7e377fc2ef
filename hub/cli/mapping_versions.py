"""`hub mapping` for what is live: versions of mappings, drafted, tried on stored messages, published, rolled back."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.common import actor, console, emit, installation, json_option, show_table, times
from hub.cli.mapping_compared import Told, summary
from hub.cli.mapping_input import unreadable
from hub.mapping import MappingError
from hub.mapping.comparison import Change, Comparison
from hub.mapping.library import read_text

if TYPE_CHECKING:
    from hub.flows.mappings.versions import Published, Trial
    from hub.mapping import Mapping
    from hub.mapping.explain import Explanation

LAST = 500
last_option = click.option(
    "--last",
    type=click.IntRange(min=1),
    default=LAST,
    show_default=True,
    help="Try over this many of the newest messages of each mapping.",
)
reason_option = click.option("--reason", required=True, help="Why; it stands with the version.")


def mapping_errors(command: Callable[..., None]) -> Callable[..., None]:
    """A mapping that cannot be used is told finding by finding, and ends the command with 2."""

    @wraps(command)
    def told(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except MappingError as error:
            unreadable(error.findings, bool(kwargs.get("as_json")))
            click.get_current_context().exit(2)

    return told


@click.command("draft")
@click.argument("name", metavar="MAPPING")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--discard", is_flag=True, help="Throw the draft away instead.")
@mapping_errors
def draft_command(name: str, file: Path | None, discard: bool) -> None:
    """Keep FILE as the draft of MAPPING. It may extend MAPPING itself, that is: its file as it is now."""
    from hub.flows.mappings import versions

    if (file is None) is not discard:
        raise click.UsageError("give a FILE, or --discard.")
    hub = installation()
    if file is None:
        versions.discard(hub, name, actor())
        console.print(f"The draft of {name} is gone.", markup=False)
    elif versions.draft(hub, {name: read_text(file)}, actor()):
        console.print(f"Drafted. `hub mapping diff {name}` shows what it would change.", markup=False, soft_wrap=True)
    else:
        console.print(f"{name} is so already; nothing is drafted.", markup=False)


@click.command("publish")
@click.argument("names", metavar="MAPPING...", nargs=-1, required=True)
@reason_option
@click.option("--force", is_flag=True, help="Although documents that passed would fail, or samples differ.")
@last_option
@json_option
@mapping_errors
def publish_command(names: tuple[str, ...], reason: str, force: bool, last: int, as_json: bool) -> None:
    """Make drafts count, from the next batch on in every process. Several that need each other go together.

    They are tried on their samples and on the newest messages first. It is refused while a document that passed would
    fail, or a sample is not as expected. Documents that wait because of them go on.
    """
    from hub.flows.mappings import versions

    told = Told(as_json)

    def failing(changes: Sequence[Change]) -> None:
        if not as_json:
            told.changes(change for change in changes if change.fails_now)

    hub = installation()
    done = versions.publish(hub, list(dict.fromkeys(names)), reason, actor(), force=force, last=last, told=failing)
    _tell(done, as_json)


@click.command("rollback")
@click.argument("name", metavar="MAPPING")
@click.option("--to", type=click.IntRange(min=0), help="The version to bring back; 0 is the file. Else the one before.")
@reason_option
@json_option
@mapping_errors
def rollback_command(name: str, to: int | None, reason: str, as_json: bool) -> None:
    """Bring an earlier version of MAPPING back, at once. It becomes a version of its own."""
    from hub.flows.mappings import versions

    _tell(versions.roll_back(installation(), name, to, reason, actor()), as_json)


def _tell(done: Published, as_json: bool) -> None:
    if as_json:
        emit(
            {
                "versions": done.versions,
                "trial": done.trial.summary(),
                "read_again": done.read,
                "written_again": done.written,
            }
        )
        return
    if done.trial.compared.documents or done.trial.samples:
        _show_trial(done.trial)
    for name, number in done.versions.items():
        console.print(f"{name} version {number} is live.", markup=False)
    further = [name for name in done.trial.mappings if name not in done.versions]
    if further:
        console.print(f"It changes {', '.join(further)} too.", markup=False, soft_wrap=True)
    written = f"{done.written} {'delivery' if done.written == 1 else 'deliveries'}"
    console.print(f"{times(done.read, 'parked document')} read again, {written} written again.")


def _show_trial(trial: Trial) -> None:
    compared = trial.compared
    console.print(
        f"{times(trial.samples, 'sample')}, {times(len(trial.differing), 'difference')}. "
        f"{times(compared.documents, 'document')}, {compared.changed} change, {len(compared.fail_now)} would fail, "
        f"{len(compared.pass_now)} would pass.",
        soft_wrap=True,
    )


@click.command("versions")
@click.argument("name", metavar="MAPPING", required=False)
@json_option
def versions_command(name: str | None, as_json: bool) -> None:
    """List what was published of MAPPING, and its draft; without a name, what is live here and every draft."""
    from hub.store import mappings as store

    hub = installation()
    with hub.db.read() as tx:
        rows = store.history(tx, name) if name else [*store.live(tx), *store.drafts(tx)]
    listed = [_version_row(row) for row in rows]
    if as_json:
        emit(listed)
        return
    show_table(
        ["mapping", "version", "published", "by", "tried on", "reason"],
        [
            (
                one["mapping"],
                one["version"] or "draft",
                one["published"] or one["drafted"],
                one["publisher"] or one["author"],
                _tried(one["tested"]),
                "; ".join(filter(None, [_restores(one), "forced" if one["forced"] else "", one["reason"]])),
            )
            for one in listed
        ],
        "Nothing was published here: the files count.",
    )


def _version_row(row: Any) -> dict[str, Any]:
    return {
        "mapping": row.name,
        "version": row.number,
        "author": row.author,
        "drafted": row.drafted_at,
        "tested": row.tested,
        "publisher": row.publisher,
        "published": row.published_at,
        "reason": row.reason,
        "forced": row.forced,
        "restores": row.restores,
        "is_file": row.text is None,
    }


def _restores(one: dict[str, Any]) -> str:
    if one["restores"] is None:
        return ""
    return f"brings back version {one['restores']}" if one["restores"] else "brings back the file"


def _tried(summary: dict[str, Any] | None) -> str:
    if summary is None:
        return ""
    failing = f", {summary['failing']} fail" if summary["failing"] else ""
    return f"{times(summary['documents'], 'document')}, {summary['changed']} change{failing}"


@click.command("show")
@click.argument("name", metavar="MAPPING")
@click.option("--version", "number", type=click.IntRange(min=0), help="Another than the live one; 0 is the file.")
@click.option("--draft", "drafted", is_flag=True, help="The draft.")
@click.option("--resolved", is_flag=True, help="With all that it extends, and its tables: what is really run.")
@mapping_errors
def show_command(name: str, number: int | None, drafted: bool, resolved: bool) -> None:
    """Print the text of MAPPING that counts."""
    from hub.flows.mappings import versions

    click.echo(versions.text(installation(), name, number, drafted=drafted, resolved=resolved), nl=False)


@click.command("export")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.argument("names", metavar="[MAPPING]...", nargs=-1)
def export_command(folder: Path, names: tuple[str, ...]) -> None:
    """Write the live versions into FOLDER, to keep them in a repository. Without a name, all of them."""
    from hub.flows.mappings.folder import export

    written = export(installation(), folder, names)
    told = f"{times(len(written), 'mapping')} written: {', '.join(written) or 'none'}"
    console.print(told, markup=False, soft_wrap=True)


@click.command("import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@mapping_errors
def import_command(folder: Path) -> None:
    """Keep as drafts what the files of FOLDER say otherwise than is live here."""
    from hub.flows.mappings.folder import import_

    done = import_(installation(), folder, actor())
    drafted = ", ".join(done.drafted) or "none"
    console.print(f"Drafted: {drafted}. As they are here: {len(done.unchanged)}.", markup=False, soft_wrap=True)
    for name, file in done.other_ground:
        line = f"{name} was written over another text of {file} than is here: look at what it changes."
        console.print(line, markup=False, soft_wrap=True)


@click.command("updates")
@json_option
def updates_command(as_json: bool) -> None:
    """Show what has changed in the files under versions that were written over them."""
    from hub.flows.mappings.versions import updates

    found = updates(installation())
    if as_json:
        emit([{"mapping": u.mapping, "version": u.version, "file": u.file, "diff": _diff(u)} for u in found])
        return
    for update in found:
        title = f"{update.mapping} version {update.version} stands on an older text of {update.file}"
        console.print(title, style="bold", markup=False, soft_wrap=True)
        for line in _diff(update):
            console.print(f"  {line}", markup=False, soft_wrap=True)
    if not found:
        console.print("Every version stands on the files as they are.")


def _diff(update: Any) -> list[str]:
    now = update.now if update.now is not None else ""
    labels = (f"{update.file} then", f"{update.file} now" if update.now is not None else "gone")
    return list(difflib.unified_diff(update.then.splitlines(), now.splitlines(), *labels, lineterm=""))


@click.command("adopt")
@click.argument("name", metavar="MAPPING")
@mapping_errors
def adopt_command(name: str) -> None:
    """Draft the live version of MAPPING anew, over the files as they are now."""
    from hub.flows.mappings.versions import adopt

    adopt(installation(), name, actor())
    console.print(f"Drafted. `hub mapping diff {name}` shows what it would change.", markup=False, soft_wrap=True)


def over_messages(name: str, drafted: Path | None, last: int | None, told: Told) -> Comparison:
    """A draft against what is live, over stored messages: the kept draft, or that of a file. Raises MappingError."""
    from hub.flows.mappings import versions

    text = read_text(drafted) if drafted is not None else None
    return versions.diff(installation(), name, text, last or LAST, told.changes)


def try_drafts(names: Sequence[str], last: int | None, as_json: bool) -> bool:
    """Try kept drafts on their samples and on stored messages; True when nothing stands against publishing them."""
    from hub.flows.mappings import versions

    told = Told(as_json)
    trial = versions.test(installation(), names, last or LAST, told.changes)
    if as_json:
        emit({**summary(trial.compared), "samples": trial.samples, "differing": trial.differing})
    else:
        for line in trial.differing:
            console.print(f"differs  {line}", markup=False, soft_wrap=True)
        _show_trial(trial)
    return not trial.differing and not trial.compared.fail_now


def sample_of_message(name: str, message_id: int, called: str, as_it_is: bool) -> Path:
    """A sample out of a message kept here. Raises MappingError."""
    from hub.flows.mappings import samples

    return samples.make(installation(), name, message_id, called, as_it_is=as_it_is)


def explained(name: str, message_id: int) -> tuple[Mapping, list[tuple[Any, Explanation]]]:
    """A message kept here, read or written by what is live. Raises MappingError."""
    from hub.errors import Refused
    from hub.flows.mappings import time_machine
    from hub.flows.problems import Park

    try:
        return time_machine.explain(installation(), name, message_id)
    except Park as problem:
        raise Refused(problem.code, problem.detail) from problem


VERSIONS = (
    draft_command,
    publish_command,
    rollback_command,
    versions_command,
    show_command,
    export_command,
    import_command,
    updates_command,
    adopt_command,
)
