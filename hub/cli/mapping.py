"""`hub mapping`: check mapping files and try them on documents, without a database; and the versions that are live."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from hub.cli.common import console, emit, json_option
from hub.cli.mapping_authoring import AUTHORING
from hub.cli.mapping_input import (
    LIBRARY,
    bytes_of,
    context_from,
    context_option,
    file_argument,
    library,
    source_option,
    unreadable,
    with_version,
)
from hub.cli.mapping_versions import VERSIONS
from hub.documents import SCHEMAS
from hub.mapping import Finding, Library, Mapping, MappingError, check, schema_fields
from hub.mapping.differences import exact_json
from hub.mapping.editor_schema import editor_schema
from hub.mapping.trial import Outcome, documents, outcomes

UNREADABLE = frozenset({"mapping.not-found", "mapping.unreadable"})


@click.group()
@click.option(
    "--mappings",
    "folders",
    multiple=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Only the files of this folder count; several are searched in turn.",
)
@click.pass_context
def mapping(context: click.Context, folders: tuple[Path, ...]) -> None:
    """Check mappings, try them on a file, change what is live.

    MAPPING is a name such as shopify/order.in. What is live counts: the files of the mappings folders, and over them
    the versions published here. Exit codes: 0 clean, 1 something was found, 2 it could not be read.
    """
    if folders:
        context.meta[LIBRARY] = Library(folders)


@mapping.command("check")
@click.argument("names", metavar="[MAPPING]...", nargs=-1)
@json_option
@click.pass_context
def check_command(context: click.Context, names: tuple[str, ...], as_json: bool) -> None:
    """Show everything that is wrong or doubtful in mappings; without a name, in all there are."""
    known = library()
    checked = [(name, *check(known, name, schema_fields)) for name in names or known.names()]
    if as_json:
        emit([_checked(name, compiled, findings) for name, compiled, findings in checked])
    else:
        for name, compiled, findings in checked:
            _show_checked(name, compiled, findings)
    findings = [finding for _, _, found in checked for finding in found]
    context.exit(2 if any(f.code in UNREADABLE for f in findings) else 1 if findings else 0)


def _checked(name: str, compiled: Mapping | None, findings: list[Finding]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if compiled is not None:
        formats = {"from": str(compiled.source), "to": str(compiled.target)}
        facts = {"hash": compiled.hash, "version": compiled.version, **formats}
    return {"mapping": name, "ok": compiled is not None, **facts, "findings": [f.as_dict() for f in findings]}


def _show_checked(name: str, compiled: Mapping | None, findings: list[Finding]) -> None:
    if compiled is None:
        console.print(f"[bold red]wrong[/] {name}")
    else:
        mark = "[yellow]doubt[/]" if findings else "[green]fine [/]"
        told = f"{with_version(compiled)}  {compiled.source} to {compiled.target}  {compiled.hash[:12]}"
        console.print(f"{mark} {told}", soft_wrap=True)
    for finding in findings:
        console.print(f"      {finding}", markup=False, soft_wrap=True)


@mapping.command("run")
@click.argument("name", metavar="MAPPING")
@file_argument
@source_option
@context_option
@json_option
@click.pass_context
def run_command(
    context: click.Context, name: str, file: Path, source_file: Path | None, context_file: Path | None, as_json: bool
) -> None:
    """Run a mapping over a file and show what each document in it becomes."""
    try:
        compiled = library().get(name)
        given = context_from(compiled, source_file, context_file)
        results = list(outcomes(compiled, documents(compiled.source, bytes_of(file)), given))
    except MappingError as error:
        unreadable(error.findings, as_json)
        context.exit(2)
    if as_json:
        emit([{**_told(number, result), "version": compiled.version} for number, result in enumerate(results, 1)])
    else:
        if compiled.version:
            console.print(f"by {with_version(compiled)}", markup=False)
        for number, result in enumerate(results, 1):
            _show(number, result)
    context.exit(0 if results and all(result.clean for result in results) else 1)


def _told(number: int, result: Outcome) -> dict[str, Any]:
    return {
        "document": number,
        "result": result.value,
        "findings": [finding.as_dict() for finding in result.findings],
        "schema_errors": dict(result.refused),
    }


def _show(number: int, result: Outcome) -> None:
    console.rule(f"document {number}", align="left")
    if result.value is not None:
        console.print_json(exact_json(result.value))
    for finding in result.findings:
        console.print(str(finding), style="red", markup=False, soft_wrap=True)
    if result.refused:
        console.print("The canonical schema refuses it:", style="red")
        for path, sentence in result.refused:
            console.print(f"  {path}: {sentence}", markup=False, soft_wrap=True)


@mapping.command("schema")
def schema_command() -> None:
    """Print a JSON Schema of mapping files, for editors."""
    print(json.dumps(editor_schema({kind: schema_fields(kind) or {} for kind in SCHEMAS}), indent=1))


for command in (*AUTHORING, *VERSIONS):
    mapping.add_command(command)
