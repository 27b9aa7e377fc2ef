"""`hub mapping` for people who write mappings: samples, explanations, drafts, and what a change would do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import fill
from typing import Any

import click

from hub.cli.common import console, emit, json_option, times
from hub.cli.mapping_compared import Told
from hub.cli.mapping_input import (
    bytes_of,
    context_from,
    context_option,
    file_argument,
    library,
    source_option,
    unreadable,
    with_version,
)
from hub.documents import SCHEMAS
from hub.mapping import DecodeError, Finding, Mapping, MappingError, schema_fields
from hub.mapping.comparison import Comparison
from hub.mapping.differences import shown
from hub.mapping.drafting import draft, text_of
from hub.mapping.explain import unfilled, unread
from hub.mapping.invert import inverse_text, round_trip
from hub.mapping.library import read_text
from hub.mapping.pseudonyms import replace_texts, without_persons
from hub.mapping.samples import samples, write_sample
from hub.mapping.template import Format
from hub.mapping.trial import documents, outcomes

DRAFTED = ("json", "ndjson", "csv", "xml")
EDI_BEGINS = (b"ISA", b"UNA", b"UNB")
EDI_IS_EXTENDED = (
    "EDI is not drafted: extend the shipped mapping of its set, with `extends: x12/850.in` for one; "
    "`hub mapping explain x12/850.in FILE` shows what that leaves over"
)
DRAFTED_BY_ENDING = {".csv": "csv", ".tsv": "csv", ".xml": "xml", ".ndjson": "ndjson", ".jsonl": "ndjson"}


@click.command("test")
@click.argument("names", metavar="[MAPPING]...", nargs=-1)
@click.option("--draft", "drafted", is_flag=True, help="The drafts that are kept here, over stored messages too.")
@click.option("--last", type=click.IntRange(min=1), help="With --draft: over this many messages of each: 500.")
@json_option
@click.pass_context
def test_command(
    context: click.Context, names: tuple[str, ...], drafted: bool, last: int | None, as_json: bool
) -> None:
    """Run the samples of mappings; without a name, of all there are."""
    if drafted:
        from hub.cli.mapping_versions import try_drafts

        if not names:
            raise click.UsageError("name the mappings whose drafts to test.")
        context.exit(0 if try_drafts(names, last, as_json) else 1)
    tested = [one for name in names or library().names() for one in _tested(name)]
    if as_json:
        emit([{**_which(of), "sample": sample, "differences": told} for of, sample, told in tested])
    else:
        for of, sample, told in tested:
            name = of if isinstance(of, str) else with_version(of)
            console.print(f"{'[green]as expected[/]' if not told else '[bold red]differs[/]'}  {name}  {sample}")
            for line in told:
                console.print(f"      {line}", markup=False, soft_wrap=True)
        differing = sum(bool(told) for *_, told in tested)
        console.print(f"{times(len(tested), 'sample')}, {differing} differ")
    context.exit(1 if not tested or any(told for *_, told in tested) else 0)


def _which(tested: Mapping | str) -> dict[str, Any]:
    if isinstance(tested, str):
        return {"mapping": tested, "version": None}
    return {"mapping": tested.name, "version": tested.version}


def _tested(name: str) -> Iterator[tuple[Mapping | str, str, list[str]]]:
    """Each sample of a mapping with what is not as expected; a mapping that cannot be used differs as a whole, and is
    told by its name."""
    try:
        mapping = library().get(name)
        for sample in samples(library(), name):
            yield mapping, sample.name, sample.differences(mapping)
    except MappingError as error:
        yield name, "", list(map(str, error.findings))


@click.command("sample")
@click.argument("name", metavar="MAPPING")
@click.argument("document", metavar="FILE|MESSAGE")
@click.option("--name", "called", required=True, help="What the sample is called, such as gift-card.")
@source_option
@context_option
@click.option("--as-it-is", is_flag=True, help="Keep personal data; for documents that hold none.")
@click.pass_context
def sample_command(
    context: click.Context,
    name: str,
    document: str,
    called: str,
    source_file: Path | None,
    context_file: Path | None,
    as_it_is: bool,
) -> None:
    """Make a sample out of a file, or out of a message kept here by its id, personal data replaced by stand-ins.

    What the document becomes now is what will be expected of it: look at it before you keep it.
    """
    try:
        if _is_message(document):
            from hub.cli.mapping_versions import sample_of_message

            folder = sample_of_message(name, int(document), called, as_it_is)
        else:
            folder = _sample_of_file(name, Path(document), called, source_file, context_file, as_it_is)
    except MappingError as error:
        unreadable(error.findings, as_json=False)
        context.exit(2)
    console.print(f"Look at {folder} and correct what is not as it should be.", soft_wrap=True)


def _is_message(document: str) -> bool:
    """Whether it is the id of a message: a number that is no file's name."""
    return document.isdecimal() and not Path(document).exists()


def _sample_of_file(
    name: str, file: Path, called: str, source_file: Path | None, context_file: Path | None, as_it_is: bool
) -> Path:
    mapping = library().get(name)
    given = context_from(mapping, source_file, context_file)
    body, original = bytes_of(file), bytes_of(source_file) if source_file is not None else None
    if not as_it_is:
        body, personal = without_persons(mapping, body, given)
        original = replace_texts(mapping.original, original, personal) if original is not None else None
    folder = library().paths[0] / "samples" / name / called
    if folder.exists():
        raise DecodeError([Finding("mapping.sample", "there is a sample of that name", str(folder))])
    facts = bytes_of(context_file) if context_file is not None else None
    write_sample(folder, mapping, body, context=facts, source=original)
    return folder


@click.command("explain")
@click.argument("name", metavar="MAPPING")
@click.argument("document", metavar="FILE|MESSAGE")
@source_option
@context_option
@json_option
@click.pass_context
def explain_command(
    context: click.Context,
    name: str,
    document: str,
    source_file: Path | None,
    context_file: Path | None,
    as_json: bool,
) -> None:
    """Show for each target field where its value came from, what nothing reads and what nothing fills.

    The document is a file, or a message kept here by its id; that is explained by what is live.
    """
    try:
        if _is_message(document):
            from hub.cli.mapping_versions import explained

            mapping, found = explained(name, int(document))
        else:
            mapping = library().get(name)
            given = context_from(mapping, source_file, context_file)
            found = [
                (part, mapping.explain(part, given))
                for one in documents(mapping.source, bytes_of(Path(document)))
                for part in mapping.split(one, given)
            ]
    except MappingError as error:
        unreadable(error.findings, as_json)
        context.exit(2)
    fields = schema_fields(mapping.target.name) or {}
    told = [
        {
            "document": number,
            "origins": [
                {"target": o.target, "value": o.value, "sources": list(o.sources), "row": str(o.at)}
                for o in explanation.origins
            ],
            "unread": unread(part, mapping.reads),
            "unfilled": unfilled((origin.target for origin in explanation.origins), fields),
            "findings": [finding.as_dict() for finding in explanation.findings],
        }
        for number, (part, explanation) in enumerate(found, 1)
    ]
    if as_json:
        emit(told)
    else:
        for one in told:
            _show_explained(one)
    context.exit(1 if any(one["findings"] for one in told) else 0)


def _show_explained(told: dict[str, Any]) -> None:
    console.rule(f"document {told['document']}", align="left")
    for origin in told["origins"]:
        came = f" from {', '.join(origin['sources'])}" if origin["sources"] else ""
        line = f"{origin['target']} = {shown(origin['value'])}{came}  [{origin['row']}]"
        console.print(line, markup=False, soft_wrap=True)
    for finding in told["findings"]:
        console.print(str(Finding(**finding)), style="red", markup=False, soft_wrap=True)
    for title, names in (("nothing reads", told["unread"]), ("nothing fills", told["unfilled"])):
        if names:
            console.print(f"{title}: {', '.join(names)}", markup=False, soft_wrap=True)


@click.command("diff")
@click.argument("name", metavar="MAPPING")
@click.argument("other", metavar="[OTHER]", required=False)
@click.argument("files", metavar="[DOCUMENT]...", nargs=-1, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--draft", "drafted", type=click.Path(dir_okay=False, path_type=Path), help="A file with the new text.")
@click.option("--last", type=click.IntRange(min=1), help="Compare over this many of the newest messages kept here.")
@context_option
@json_option
@click.pass_context
def diff_command(
    context: click.Context,
    name: str,
    other: str | None,
    files: tuple[Path, ...],
    drafted: Path | None,
    last: int | None,
    context_file: Path | None,
    as_json: bool,
) -> None:
    """Show what another version of a mapping would change.

    OTHER is a mapping's name, or a draft: a file that ends in .yaml. Without documents, the samples of MAPPING are
    compared. Exit code 1 when a document that passes would fail.

    With --last, or without OTHER: over the newest messages that MAPPING reads or writes in this installation. The new
    text is that of --draft, or else the draft that is kept here.
    """
    told = Told(as_json)
    try:
        if other is None or last is not None:
            from hub.cli.mapping_versions import over_messages

            compared = over_messages(name, drafted or (Path(other) if other else None), last, told)
        else:
            compared = _over_files(name, other, files, context_file, told)
    except MappingError as error:
        unreadable(error.findings, as_json)
        context.exit(2)
    told.sum(compared)
    context.exit(1 if compared.fail_now else 0)


def _over_files(name: str, other: str, files: tuple[Path, ...], context_file: Path | None, told: Told) -> Comparison:
    old, new = library().get(name), _after(name, other)
    compared = Comparison()
    for file in files:
        given, found = context_from(old, None, context_file), documents(old.source, bytes_of(file))
        told.changes(compared.add(str(file), list(outcomes(old, found, given)), list(outcomes(new, found, given))))
    for sample in () if files else samples(library(), name):
        told.changes(compared.add(sample.name, sample.outcomes(old), sample.outcomes(new)))
    return compared


def _after(name: str, other: str) -> Mapping:
    """The mapping to compare with: another one, or this one with the text of a draft as it would be once published."""
    if Path(other).suffix != ".yaml":
        return library().get(other)
    drafted = library().written_over(name, read_text(Path(other)))
    return library().with_versions({**library().versions, name: drafted}).get(name)


def _other(name: str) -> Mapping:
    file = Path(name)
    if file.suffix == ".yaml":
        return library().draft(read_text(file), name)
    return library().get(name)


@click.command("new")
@click.option("--from", "file", required=True, type=click.Path(dir_okay=False, path_type=Path), help="A document.")
@click.option("--to", "kind", required=True, type=click.Choice(sorted(SCHEMAS)), help="What it is to become.")
@click.option("--format", "format_name", type=click.Choice(sorted(DRAFTED)), help="Of the document, else by its name.")
@click.pass_context
def new_command(context: click.Context, file: Path, kind: str, format_name: str | None) -> None:
    """Print a first draft of a mapping, proposed from a document.

    Behind each row stands how sure the proposal is, from 0 to 1; at the end what of the document no row reads, and what
    of the kind no row fills.
    """
    name = format_name or DRAFTED_BY_ENDING.get(file.suffix.lower(), "json")
    try:
        body = bytes_of(file)
        if body.lstrip()[:3] in EDI_BEGINS:
            raise DecodeError([Finding("mapping.draft", EDI_IS_EXTENDED, str(file))])
        (document,) = documents(Format(name), body)
        proposed = draft(document, SCHEMAS[kind]())
        if not proposed.rows and not proposed.lists:
            raise DecodeError([Finding("mapping.draft", f"nothing in it looks like a field of `{kind}`", str(file))])
        text = text_of(proposed, name, kind)
        made = Mapping.from_text(text)
        left, empty = unread(document, made.reads), unfilled(made.targets, schema_fields(kind) or {})
    except MappingError as error:
        unreadable(error.findings, as_json=False)
        context.exit(2)
    click.echo(text + "".join(f"# not read: {name}\n" for name in left), nl=False)
    click.echo(fill(", ".join(empty), 118, initial_indent="# not filled: ", subsequent_indent="#   "))


@click.command("invert")
@click.argument("name", metavar="MAPPING")
@click.pass_context
def invert_command(context: click.Context, name: str) -> None:
    """Print a mapping for the other direction, as far as it can be told; comments say what could not."""
    try:
        text = inverse_text(library().get(name))
    except MappingError as error:
        unreadable(error.findings, as_json=False)
        context.exit(2)
    click.echo(text, nl=False)


@click.command("round-trip")
@click.argument("name", metavar="MAPPING")
@click.argument("other", metavar="BACK")
@file_argument
@source_option
@context_option
@click.pass_context
def round_trip_command(
    context: click.Context,
    name: str,
    other: str,
    file: Path,
    source_file: Path | None,
    context_file: Path | None,
) -> None:
    """Send a document there, back and there again, and show which fields do not survive.

    BACK is a mapping's name, or a draft: a file that ends in .yaml.
    """
    try:
        forward, back = library().get(name), _other(other)
        given = context_from(forward, source_file, context_file)
        lost = [
            difference
            for document in documents(forward.source, bytes_of(file))
            for part in forward.split(document, given)
            for difference in round_trip(forward, back, part, given)
        ]
    except MappingError as error:
        unreadable(error.findings, as_json=False)
        context.exit(2)
    for difference in lost:
        console.print(str(difference), markup=False, soft_wrap=True)
    console.print(f"{len(lost)} fields do not survive" if lost else "every field survives")
    context.exit(1 if lost else 0)


AUTHORING = (
    test_command,
    sample_command,
    explain_command,
    diff_command,
    new_command,
    invert_command,
    round_trip_command,
)
