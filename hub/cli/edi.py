"""`hub edi`: read, judge, explain, acknowledge, convert and compare EDI files, without a database or a running hub.

Rich is imported only where people are shown something: a program that asks for JSON does not wait for it.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import click

from hub.cli.edi_files import answer_options, emit, fail, leave_unreadable, open_file, options, read_whole
from hub.edi.tree import Standard

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
file_argument = click.argument("file", type=click.Path(path_type=Path, allow_dash=True))


@click.group()
def edi() -> None:
    """Read, judge, explain and acknowledge X12 and EDIFACT files.

    FILE may be - for standard input. Exit codes: 0 clean (warnings are shown but count as clean), 1 with errors,
    2 when the file could not be read at all: it is missing, empty, or holds no interchange.
    """


@edi.command("parse")
@file_argument
@json_option
@options
def parse_command(file: Path, as_json: bool, **given: Any) -> None:
    """Show what a file says, set by set. Exits 0 whatever is wrong in it, 2 when it cannot be read."""
    opened = open_file(file, as_json, trees=True, **given)
    interchanges = list(opened.interchanges())
    leave_unreadable(opened, as_json)
    from hub.cli import edi_show

    if as_json:
        found = [f.as_dict() for f in opened.outside()]
        emit({"interchanges": [edi_show.interchange_as_dict(one) for one in interchanges], "findings": found})
        return
    for interchange in interchanges:
        edi_show.outline(interchange)


@edi.command("explain")
@file_argument
@options
@answer_options
def explain_command(file: Path, **given: Any) -> None:
    """Show a file as an outline with each element's meaning, its faults in place, and the answer it would get.

    Exits 0 whatever is wrong in it, 2 when it cannot be read.
    """
    from hub.cli import edi_show
    from hub.cli.edi_answers import answers

    opened = open_file(file, False, trees=True, **given)
    for interchange in opened.interchanges():
        edi_show.explain(interchange, opened)
        edi_show.explain_answers(answers(interchange, opened))
    leave_unreadable(opened, False)
    edi_show.findings([(f, {}) for f in opened.outside()], "")


@edi.command("validate")
@file_argument
@json_option
@options
def validate_command(file: Path, as_json: bool, **given: Any) -> None:
    """Show everything that is wrong with a file of any size. Exits 0 when there is no error, otherwise 1."""
    from hub.cli.edi_report import JsonReport, PlainReport

    opened = open_file(file, as_json, trees=False, **given)
    report = JsonReport() if as_json else PlainReport()
    for part in opened.parts():
        report.add(*part)
    leave_unreadable(opened, as_json)
    report.close(opened.outside())
    sys.exit(1 if report.errors else 0)


@edi.command("ack")
@file_argument
@json_option
@options
@answer_options
def ack_command(file: Path, as_json: bool, **given: Any) -> None:
    """Show the acknowledgements a file would get: 997 or 999 per group, TA1 and CONTRL where one is owed.

    They are those that the hub would send, had the file come for the first time; its own control numbers would stand
    where these have 1. On the error stream: why something gets none. Exits 1 when anything is rejected.
    """
    from hub.cli.edi_answers import answers

    opened = open_file(file, as_json, trees=False, **given)
    found = [one for interchange in opened.interchanges() for one in answers(interchange, opened)]
    leave_unreadable(opened, as_json)
    if as_json:
        emit({"acknowledgements": [one.as_dict() for one in found]})
    else:
        for one in found:
            one.show()
    sys.exit(0 if all(one.accepted for one in found) else 1)


@edi.command("convert")
@file_argument
def convert_command(file: Path) -> None:
    """Print a file as JSON, or such a JSON file as EDI again; a clean file comes back byte for byte."""
    from hub.edi.convert import file_from_json, file_to_json
    from hub.edi.findings import EdiError
    from hub.edi.validation import examine

    data = read_whole(file, False)
    if data.lstrip()[:1] == b"{":
        try:
            click.echo(file_from_json(json.loads(data)), nl=False)
        except (EdiError, ValueError) as error:
            fail(getattr(error, "code", "edi.json-form-invalid"), f"{file}: {error}", False)
        return
    examination = examine(data)
    value = file_to_json(examination, data)
    if not value["interchanges"]:
        fail(examination.findings[-1].code, examination.findings[-1].message, False)
    if file_from_json(value) != data:
        click.echo("Not byte for byte: what was only tolerated is left out. `hub edi validate` names it.", err=True)
    emit(value)


@edi.command("new")
@click.argument("set_id", metavar="SET")
@click.option("--version", help="The version, by default the oldest that has the set: 004010 (EDIFACT: D96A).")
@click.option("--partner", "partner_name", help="As agreed with this partner: ids, version, delimiters, grammar.")
def new_command(set_id: str, version: str | None, partner_name: str | None) -> None:
    """Print a filled specimen of a set: a whole test interchange, ready to be changed."""
    from hub.cli.edi_sets import no_set, unknown_set

    set_id = set_id.upper()
    when = datetime.now().astimezone()
    if remark := no_set(set_id):
        fail("edi.build-set-unknown", remark, False)
    if partner_name is not None:
        if version:
            raise click.UsageError("the version is what was agreed with the partner: `hub partner agree` changes it.")
        from hub.cli.common import installation
        from hub.flows.partners.specimens import specimen

        data = specimen(installation(), partner_name, set_id, when)
        click.echo(data, nl=sys.stdout.isatty() and not data.endswith(b"\n"))
        return
    from hub.edi.findings import EdiError
    from hub.edi.grammars.library import default_library, standard_of
    from hub.edi.specimen import specimen_file

    library = default_library(standard_of(set_id))
    if not library.versions(set_id):
        fail("edi.build-set-unknown", unknown_set(set_id), False)
    if version and not library.syntax.version(version):
        raise click.UsageError(f"{version!r} is no version; write one such as {library.syntax.versions[0]}.")
    try:
        data = specimen_file(set_id, library.syntax.version(version or ""), when, library)
    except EdiError as error:
        fail(error.code, f"No specimen: {error}.", False)
    click.echo(data, nl=False)


@edi.command("diff")
@click.argument("old", type=click.Path(path_type=Path, allow_dash=True))
@click.argument("new", type=click.Path(path_type=Path, allow_dash=True))
@json_option
def diff_command(old: Path, new: Path, as_json: bool) -> None:
    """Compare two files by what they say; envelopes, delimiters and line breaks aside. Exits 1 when they differ."""
    from hub.edi.compare import compare

    first, second = (open_file(file, as_json, trees=True) for file in (old, new))
    trees = [[one.tree for i in opened.interchanges() for one in i.sets if one.tree] for opened in (first, second)]
    for opened in (first, second):
        leave_unreadable(opened, as_json)
    found = list(compare(trees[0], trees[1], first.libraries))
    if as_json:
        emit({"differences": [{name: getattr(one, name) for name in one.__slots__} for one in found]})
    else:
        from hub.cli.edi_show import differences

        differences(found)
    sys.exit(1 if found else 0)


@edi.group("grammar")
def grammar() -> None:
    """Grammars of your own."""


@grammar.command("check")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path, exists=True))
@click.option("--standard", type=click.Choice(["x12", "edifact"]), default="x12", help="What a single file is for.")
def check_command(path: Path, standard: str) -> None:
    """Check a grammar file, or a folder with x12/ and edifact/ in it. Exits 1 when something is wrong."""
    from hub.edi.grammars.check import check_file, check_folder

    problems = check_folder(path) if path.is_dir() else check_file(path, cast(Standard, standard))
    for problem in problems:
        click.echo(problem)
    click.echo("clean" if not problems else f"{len(problems)} to mend", err=bool(problems))
    sys.exit(1 if problems else 0)
